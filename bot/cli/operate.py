"""`mesbot status` and `mesbot resume`: what the journals say of the bot, and arming a kill switch that was tripped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.errors import JournalError, MesbotError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from bot.contracts import Contracts
    from bot.node.status import Budget, Counters, JournalStatus, JournalName, UnfinishedTrade

NARROWEST = 120
STATUS_HELP = """
Say what the journals of the state folder know, without a broker: loss budgets, counters, locks, kill switch,
learning, unfinished trades. Works while the bot runs.

Counters are those of now: a trading day that has begun since the last record starts at zero.

\b
Examples:
  mesbot status
  mesbot status --mode live --account U1234567
  mesbot status --json
"""
RESUME_HELP = """
Arm a kill switch that was tripped. Nothing in the program does that; a person must, and says why.

Refused while a bot runs on that journal, and while a position may still be open: then start the bot, which flattens.

\b
Examples:
  mesbot resume --reason "gateway moved to another machine, account looked at, flat"
  mesbot resume --mode paper --account DU1234567 --reason "drill is over"
"""


class ResumeRefused(MesbotError):
    """The kill switch must not be armed now; the text says why."""

    exit_code = 3


def _journal_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which journals, under which contracts."""
    for option in (
        click.option(
            "--contracts", "directory", type=click.Path(path_type=Path), help="Folder; default: ./contracts, else the packaged ones."
        ),
        click.option("--account", help="Only this account, e.g. DU1234567."),
        click.option("--mode", type=click.Choice(["observe", "paper", "live"]), help="Only this mode."),
    ):
        verb = option(verb)
    return verb


@click.command(help=STATUS_HELP, short_help="Budgets, locks, kill switch, open trades: what the journals know.")
@_journal_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(mode: str | None, account: str | None, directory: Path | None, as_json: bool) -> None:
    """Prints; a journal that cannot be read is told after the others, with exit code 1."""
    import msgspec

    from bot.contracts import load_contracts
    from bot.node.status import status_of
    from bot.state_folder import state_folder

    law, state, found, troubles = load_contracts(directory), state_folder(), [], []
    for name in _names(state, mode, account):
        try:
            found.append(status_of(state, name, law, time.time_ns()))
        except JournalError as error:
            troubles.append(str(error))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
    elif not found and not troubles:
        click.echo(_nothing(state, mode, account))
    else:
        _show(found, law)
    if troubles:
        raise JournalError("\n".join(troubles))


@click.command(help=RESUME_HELP, short_help="Arm a tripped kill switch; a person says why.")
@_journal_options
@click.option("--reason", required=True, allow_from_autoenv=False, help="Why trading may begin again; it is journaled.")
def resume(mode: str | None, account: str | None, directory: Path | None, reason: str) -> None:
    """Journals who armed it and prints the old and the new state; exit code 3 if it must not be armed now."""
    from bot.contracts import load_contracts
    from bot.node.run_lock import JournalInUse, RunLock
    from bot.state_folder import state_folder

    if not reason.strip():
        raise UsageError("--reason is empty; say why trading may begin again.")
    law, state = load_contracts(directory), state_folder()
    latched = _latched(state, law, mode, account)
    if latched is None:
        return
    name, path = latched
    try:
        with RunLock(path):
            _resume(state, name, law, reason.strip())
    except JournalInUse as error:
        raise ResumeRefused(f"{name.mode} {name.account} stays as it is: {error}") from None
