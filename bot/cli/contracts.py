"""`mesbot contracts`: what is in force, worked out in ticks and dollars by the arithmetic the gates use (bot/decision/limits.py)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.said import wide_console
from bot.cli.strategies_option import strategies_option
from bot.report.narrow import print_table
from bot.units import to_usd

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bot.contracts import Contracts
    from bot.decision.derived import StrategyLimits
    from bot.decision.limits import Limits, TierLimits

    Rows = dict[TierLimits, list[StrategyLimits]]

HELP = """
Show the contracts in force: where they come from, their hash, every limit worked out in ticks and
dollars, and what changed since the last run. Within a trading day a change counts only as far as it
is stricter: what a start of each account would make of them stands at the end.

\b
Examples:
  mesbot contracts
  mesbot contracts --contracts my-contracts/
"""


@click.command(help=HELP, short_help="Show every limit in force, worked out.")
@click.option("--contracts", "directory", type=click.Path(path_type=Path), help="Folder; default: ./contracts, else the packaged ones.")
@strategies_option
@json_option
def contracts(directory: Path | None, strategies: tuple[Path, ...], as_json: bool) -> None:
    """Prints; a broken file ends with exit code 3 and every fault."""
    from bot.contracts import load_contracts
    from bot.contracts.doubts import doubts
    from bot.decision.derived import strategy_limits
    from bot.decision.limits import Limits

    in_force = load_contracts(directory, strategies)
    limits = Limits.of(in_force)
    console = wide_console()
    slippage_ticks = in_force.execution_contract.slippage.base_ticks
    rows = {tier: strategy_limits(limits, tier, slippage_ticks) for tier in limits.tiers}
    if as_json:
        print_json(_facts(in_force, rows))
        return
    _header(in_force, console)
    # else a line may be longer than the file's reader is wide; on a terminal words are kept together
    whole = not console.is_terminal and "COLUMNS" not in os.environ
    tables = (_limits_table(limits, rows, slippage_ticks), _margin_table(limits, rows), _windows_table(in_force, limits))
    for names, (title, table) in zip((2, 1, 1), tables, strict=True):
        console.print(title, soft_wrap=whole)
        print_table(console, table, names)
    console.print(_session_line(in_force), soft_wrap=whole)
    _changes(in_force, console)
    _within_day(in_force, console)
    for sentence in doubts(in_force):
        console.print(f"\n{sentence}", markup=False, soft_wrap=whole)


def _facts(contracts: Contracts, rows: Rows) -> dict[str, Any]:
    """The same for a program: every value by file and key, and what it comes to by tier and strategy; cents and ticks are whole."""
    from bot.contracts.doubts import doubts
    from bot.state_folder import last_contracts, values_of

    before, now = last_contracts(), values_of(contracts)
    changed = None if before is None else {key: [before.get(key), now.get(key)] for key in sorted(before.keys() | now.keys())}
    return {
        "directory": contracts.directory,
        "sha256": contracts.sha256,
        "values": now,
        "limits": [
            {
                "tier": each.tier, "strategy": each.strategy, "contracts": each.quantity, "allowed": each.allowed,
                "risk_cap_cents": each.risk_cap_cents, "stop_cap_ticks": each.stop_cap.ticks, "set_by": list(each.stop_cap.binding),
                "worst_case_cents": each.worst_case_cents, "required_funds_cents": each.required_funds_cents,
            }
            for of_tier in rows.values()
            for each in of_tier
        ],
        "changed_since_last_run": changed and {key: pair for key, pair in changed.items() if pair[0] != pair[1]},
        "within_day": _told_within_day(contracts),
        "warnings": doubts(contracts),
    }  # fmt: skip


def _header(contracts: Contracts, console: Console) -> None:
    versions = ", ".join(f"{name} {said['version']}" for name, said in contracts.values().items())
    console.print(f"Contracts in force: {contracts.directory}\nHash:  {contracts.sha256}", soft_wrap=True)
    console.print(f"Versions:           {versions}", soft_wrap=not console.is_terminal)
    loss, rate = contracts.constitution.loss_limits, contracts.constitution.frequency
    console.print(
        f"Loss limits:        ${loss.day_usd:.2f} a day, ${loss.week_usd:.2f} a week, ${loss.month_usd:.2f} a month; "
        f"locked after {contracts.constitution.losing_streak.max_losses} losses in a row\n"
        f"Frequency:          {rate.max_trades_per_day} trades a day, {rate.max_entries_per_hour} entry an hour, "
        f"{rate.min_spacing_minutes} min apart, {rate.max_submissions_per_day} submissions a day\n"
    )


def _limits_table(limits: Limits, rows: Rows, slippage_ticks: int) -> tuple[str, Table]:
    table = _table("tier", "strategy", "contracts", "risk cap", "stop cap", "set by", "worst case", "day left", "then stop")
    for of_tier in rows.values():
        for each in of_tier:
            table.add_row(*_limits_row(limits, each, slippage_ticks))
        table.add_section()
    nearest = limits.min_target_ticks(slippage_ticks)
    targets = f"targets from {nearest} ticks (friction)" if nearest else "no target is far enough (friction)"
    title = f"Limits of a plan: worst case with {slippage_ticks} tick of slippage and fees, then what the day's budget leaves; {targets}"
    return title, table


def _limits_row(limits: Limits, each: StrategyLimits, slippage_ticks: int) -> tuple[str, ...]:
    names, cap = (each.tier, each.strategy, str(each.quantity)), each.stop_cap
    if not each.allowed:
        return (*names, "not in tier", "", "", "", "", "")
    if cap.ticks < limits.min_stop_ticks:
        return (*names, _usd(each.risk_cap_cents), f"none >= {limits.min_stop_ticks}", ", ".join(cap.binding), "", "", "")
    left_cents = limits.day_cents - each.worst_case_cents
    next_ticks = min(limits.stop_within_ticks(left_cents, each.quantity, slippage_ticks), cap.ticks)
    return (
        *names,
        _usd(each.risk_cap_cents),
        f"{cap.ticks} ticks",
        ", ".join(cap.binding),
        _usd(each.worst_case_cents),
        _usd(left_cents),
        f"<= {next_ticks} ticks" if next_ticks >= limits.min_stop_ticks else "none fits",
    )


def _margin_table(limits: Limits, rows: Rows) -> tuple[str, Table]:
    table = _table("strategy", "needs", *(f"{tier.name} from ${to_usd(tier.min_equity_cents):,.0f}" for tier in rows))
    for same in zip(*rows.values(), strict=True):
        cells = [_margin_cell(tier, each) for tier, each in zip(rows, same, strict=True)]
        table.add_row(same[0].strategy, _usd(same[0].required_funds_cents), *cells)
    margin = _usd(limits.initial_margin_cents)
    return f"What margin forbids, by equity: {float(limits.margin_buffer):g} x {margin} a contract must be free", table


def _margin_cell(tier: TierLimits, each: StrategyLimits) -> str:
    if not each.allowed:
        return "-"
    opens_at = each.margin_opens_at_cents
    if opens_at is None:
        return "forbidden"
    return "free" if opens_at == tier.min_equity_cents else f"from {_usd(opens_at)}"


def _session_line(contracts: Contracts) -> str:
    from bot.contracts.entry_windows import minutes_before

    session, close = contracts.session, contracts.session.rth.close
    holes = ", ".join(f"[{each.start:%H:%M}, {each.end:%H:%M}) {each.reason}" for each in session.no_entry)
    return (
        f"Session (New York): {session.rth.open:%H:%M} to {close:%H:%M}; no entries in {holes}, "
        f"nor from {minutes_before(close, session.last_entry_minutes_before_close):%H:%M}; "
        f"flatten on the bar stamped {minutes_before(close, session.flatten_minutes_before_close):%H:%M}, "
        f"flat by {minutes_before(close, session.flat_minutes_before_close):%H:%M}"
    )


def _windows_table(contracts: Contracts, limits: Limits) -> tuple[str, Table]:
    from bot.contracts.entry_windows import entry_windows

    table = _table("strategy", "windows")
    for name in limits.contracts_of:
        windows = entry_windows(contracts, name)
        table.add_row(name, "  ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in windows) or "never")
    return "When entries may be decided (New York, full day)", table


def _changes(contracts: Contracts, console: Console) -> None:
    from bot.state_folder import last_contracts, values_of

    before, now = last_contracts(), values_of(contracts)
    if before is None:
        console.print("\nChanges: no earlier run to compare with.")
        return
    changed = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
    console.print("\nChanges since the last run:" if changed else "\nChanges since the last run: none.")
    for key in changed:
        console.print(f"  {key} = {now.get(key, 'gone')} (was {before.get(key, 'not there')})", markup=False)


def _within_day(contracts: Contracts, console: Console) -> None:
    for account, told in _told_within_day(contracts).items():
        console.print(f"\n{account}, if it starts now: {told}", markup=False, soft_wrap=not console.is_terminal)


def _told_within_day(contracts: Contracts) -> dict[str, str]:
    """What a start now would make of them, by mode and account, where others were in force earlier in this trading day."""
    import time

    from bot.errors import MesbotError
    from bot.node.journals import journals_of
    from bot.node.laws import told_of_law
    from bot.node.status import journal_names
    from bot.state_folder import state_folder

    found = {}
    for name in journal_names(state_folder()):
        try:
            told = told_of_law(journals_of(state_folder(), *name), contracts, time.time_ns())
        except MesbotError as error:
            told = str(error)
        if told:
            found[f"{name.mode} {name.account}"] = told
    return found


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(*columns, box=box.SIMPLE_HEAD)


def _usd(cents: int) -> str:
    return f"-${-cents / 100:,.2f}" if cents < 0 else f"${cents / 100:,.2f}"
