"""`mesbot status`: what the journals of the state folder say of the bot; and which of them a verb means."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.called import as_called
from bot.cli.said import beside, say, wide_console
from bot.cli.strategies_option import strategies_option
from bot.cli.values import OneOf
from bot.errors import MesbotError, UsageError
from bot.masking import masked
from bot.words import brief

if TYPE_CHECKING:
    from rich.console import Console

    from bot.contracts import Contracts
    from bot.node.status import Budget, Counters, JournalName, JournalStatus, UnfinishedTrade

COLUMNS_FROM = 80  # width of a terminal: a hash stands whole beside the name of its row
GAP = 2
STATUS_HELP = """
Say what the journals of the state folder know, without a broker: loss budgets, counters, locks, kill switch,
learning, unfinished trades. Works while the bot runs, and beside a replay.

Counters are those of now: a trading day that has begun since the last record starts at zero.

\b
Examples:
  mesbot status
  mesbot status --mode live --account U1234567
  mesbot status --json
  mesbot status --healthy   exit code 0 if a bot runs and is well
"""


def journal_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which journals, under which contracts."""
    for option in (
        strategies_option,
        click.option(
            "--contracts", "directory", type=click.Path(path_type=Path), help="Folder; default: ./contracts, else the packaged ones."
        ),
        click.option("--account", help="Only this account, e.g. DU1234567."),
        click.option("--mode", type=OneOf(["observe", "paper", "live"]), help="Only this mode."),
    ):
        verb = option(verb)
    return verb


@click.command(help=STATUS_HELP, short_help="Budgets, locks, kill switch, open trades: what the journals know.")
@journal_options
@click.option("--healthy", is_flag=True, help="Only whether a bot runs and journals the market; exit code 1 if not.")
@json_option
@click.pass_context
def status(
    context: click.Context,
    mode: str | None,
    account: str | None,
    directory: Path | None,
    strategies: tuple[Path, ...],
    healthy: bool,
    as_json: bool,
) -> None:
    """Prints; a journal that cannot be read is told after the others, with exit code 1."""
    import msgspec

    from bot.cli.health import tell_health
    from bot.contracts import read_contracts
    from bot.node.status import status_of
    from bot.state_folder import state_folder

    if healthy:
        context.exit(0 if tell_health(state_folder(), names_of(state_folder(), mode, account), as_json=as_json) else 1)
    contracts, state, found, troubles = read_contracts(directory, strategies), state_folder(), [], []
    for name in names_of(state, mode, account):
        try:
            found.append(status_of(state, name, contracts, time.time_ns()))
        except MesbotError as error:
            troubles.append(str(error))
    if (replay := running_replay(mode, account)) is not None:
        try:
            found.append(_of_replay(replay, contracts))
        except MesbotError as error:
            troubles.append(str(error))
    if (mode or account) and not found and not troubles:
        raise UsageError(nothing_there(state, mode, account))
    if as_json:
        print_json([*map(msgspec.to_builtins, found), *({"error": trouble} for trouble in troubles)])
        context.exit(1 if troubles else 0)
    if not found and not troubles:
        say([nothing_there(state, mode, account)])
    else:
        _show(found, contracts)
    if troubles:
        raise MesbotError("\n".join(troubles))


def _of_replay(journal: Path, contracts: Contracts) -> JournalStatus:
    """The status of a replay that runs, from its journal. Raises JournalError while it holds nothing yet."""
    from bot.dashboard.target import target_of
    from bot.node.status import status_from
    from bot.runtime.past import past_of

    shown = target_of(journal)
    return status_from(past_of(shown.journals.earlier), shown.journals, shown.mode, shown.account, contracts, time.time_ns())


# ------------------------------------------------------------------- which journal


def running_replay(mode: str | None, account: str | None) -> Path | None:
    """The journal of the replay that runs, if one does and no mode or account was named."""
    from bot.journal.run_lock import held_by
    from bot.state_folder import replay_journal

    journal = replay_journal() if mode is None and account is None else None
    return None if journal is None or held_by(journal) is None else journal


def names_of(state: Path, mode: str | None, account: str | None) -> list[JournalName]:
    """The journals of the state folder that the options leave; an account may be named as it is shown, masked."""
    from bot.node.status import journal_names

    named = [name for name in journal_names(state) if account in (None, name.account, masked(name.account))]
    return [name for name in named if mode is None or mode.upper() == name.mode]


def nothing_there(state: Path, mode: str | None, account: str | None) -> str:
    """That no journal is what the options ask for, and which there are."""
    from bot.node.status import journal_names

    wanted = " ".join(each for each in (mode and mode.upper(), account) if each)
    known = ", ".join(f"{name.mode} {name.account}" for name in journal_names(state))
    then = f"there are {known}" if known else "`mesbot paper` and `mesbot live` begin one when a broker is configured"
    return f"No journal{' of ' + wanted if wanted else ''} in {state}; {then}."


# -------------------------------------------------------------------------- status


def _show(found: list[JournalStatus], contracts: Contracts) -> None:
    console = wide_console(markup=False)
    for each in found:
        if console.width < COLUMNS_FROM:
            _show_narrow(each, contracts, console)
            continue
        console.print(f"\n{each.mode} {each.account or 'replay'}", style="italic")
        rows = list(_rows(each, contracts))
        width = max(len(name) for name, _ in rows) + GAP
        for name, told in rows:
            console.print(beside(name.ljust(width), told, console.width), soft_wrap=True)
    console.print()


def _show_narrow(each: JournalStatus, contracts: Contracts, console: Console) -> None:
    """A sentence a row: columns have no room."""
    from bot.report.narrow import print_sentence

    console.print(f"{each.mode} {each.account or 'replay'}")
    for name, said in _rows(each, contracts):
        print_sentence(console, as_called(f"{name}: {'; '.join(said.splitlines())}"), inset=2)
    console.print()


def _rows(each: JournalStatus, contracts: Contracts) -> Iterator[tuple[str, str]]:
    from bot.journal.times import new_york

    yield "journal", each.path
    yield "bot", "not running" if each.running is None else f"running, process {each.running or 'unknown'}"
    at = f"{each.last_record} New York{', of replayed time' if each.replayed else ''}"
    yield "last record", at if each.last_record[:1].isdigit() else each.last_record
    if each.interrupted:
        yield "run", each.interrupted
    since = f" since {new_york(each.kill.since_ns)}" if each.kill.since_ns else ""
    yield "kill switch", f"{each.kill.state}{since}{': ' if each.kill.reason else ''}{brief(each.kill.reason)}"
    if each.told:
        yield "latch", "\n".join(each.told)
    if each.kill_request is not None:
        when = "the next start carries it out first, unless resume withdraws it"
        if each.running is not None:
            when = "the bot is not through with it"
        yield "kill request", f"waits, {when}: {brief(str(each.kill_request))}"
    if each.refused_request:
        yield "kill request", brief(each.refused_request)
    if each.trouble:
        yield "last trouble", brief(each.trouble)
    yield "link", brief(each.link_told)
    yield from _counter_rows(each.counters)
    for what, reason in (("lock request", each.lock_request), ("unlock request", each.unlock_request)):
        if reason is not None:
            who = "the next start carries it out first" if each.running is None else "the bot is not through with it"
            yield what, f"waits, {who}: {brief(reason)}"
    yield "locks", "\n".join(map(brief, each.counters.locks + _may_lock(each))) or "none"
    for name, trust in each.learning.items():
        level = f" {trust.throttle_level}" if trust.throttle_level else ""
        trades = f"trades {trust.trades}, won {trust.wins}, lost {trust.losses}" if trust.trades else "no trades"
        release = f"\nreleased by: {trust.release}" if trust.release else ""
        yield name, f"{trust.state}{level}, cost x {trust.cost_multiplier:g}; {trades}{release}"
    yield "unfinished", "\n".join(_trade_line(trade) for trade in each.unfinished) or "none"
    other = "in force" if each.contracts_in_force else f"of the newest record; {contracts.sha256} counts from the next start"
    yield "contracts", f"{each.contracts_sha256} {other}{'; ' if each.contracts_told else ''}{each.contracts_told}"
    yield "head", each.head


def _counter_rows(now: Counters) -> Iterator[tuple[str, str]]:
    yield "trading day", now.trading_day
    yield "day", _budget(now.day)
    yield "week", _budget(now.week)
    yield "month", _budget(now.month)
    yield "trades", f"{now.trades_today} of {now.max_trades} today"
    yield "submissions", f"{now.submissions_today} of {now.max_submissions} today"
    yield "losing streak", f"{now.losing_streak} of {now.max_losses}"


def _may_lock(each: JournalStatus) -> tuple[str, ...]:
    """A journal says what was found at the broker, and not that it is over: a run may be locked by it still."""
    told = [row for row, words in (("last trouble", each.trouble), ("link", each.link)) if words]
    return (f"perhaps by what was found at the broker: see {' and '.join(told)}",) if told and each.running is not None else ()


def _budget(budget: Budget) -> str:
    from bot.journal.explain import usd

    return f"{usd(budget.realised_cents)}, limit {usd(-budget.limit_cents)}, may still lose {usd(max(0, budget.left_cents))}"


def _trade_line(trade: UnfinishedTrade) -> str:
    from bot.journal.times import new_york

    held = f"{'long' if trade.net > 0 else 'short'} {abs(trade.net)}" if trade.net else "nothing held"
    lines = [f"{trade.intent_id}, decided {new_york(trade.decided_ns)}: {held}"]
    for order in trade.orders:
        at = "" if order.price is None else f" at {order.price:,.2f}"
        lines.append(f"  {order.role:6} {order.state}{at}, {order.filled} of {order.quantity} filled  {order.client_order_id}")
    return "\n".join(lines)
