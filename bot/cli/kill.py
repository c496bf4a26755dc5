"""`mesbot kill`: a person trips the kill switch."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.operate import journal_options, names_of, nothing_there
from bot.errors import MesbotError, UsageError

if TYPE_CHECKING:
    from bot.contracts import Contracts
    from bot.node.status import JournalStatus

HELP = """
Trip the kill switch: refuse entries, cancel entries and targets, flatten, cancel the rest, halt.

A running bot does it at once. If none runs, the switch is latched in the journal, and whoever starts the bot next
has it flatten what is open first. Latched until `mesbot resume`.

\b
Examples:
  mesbot kill --reason "I do not like what I see"
  mesbot kill --mode live --account U1234567 --reason "news"
"""
WAIT_SECONDS, POLL_SECONDS = 30.0, 0.05
OVER = "HALTED"


@click.command(help=HELP, short_help="Trip the kill switch: flatten and halt.")
@journal_options
@click.option("--reason", required=True, allow_from_autoenv=False, help="Why; it is journaled.")
def kill(mode: str | None, account: str | None, directory: Path | None, reason: str) -> None:
    """Prints each step with its time; exit code 1 if it is not flat when the patience ends."""
    from bot.contracts import load_contracts
    from bot.node.kill_request import leave_request
    from bot.node.run_lock import RunLock, held_by
    from bot.state_folder import state_folder

    if not reason.strip():
        raise UsageError("--reason is empty; say why.")
    law, state = load_contracts(directory), state_folder()
    each = _chosen(state, law, mode, account)
    journal = Path(each.path)
    if each.kill.state != "ARMED":
        click.echo(f"{each.mode} {each.account} is {each.kill.state} already: {each.kill.reason}")
        return
    if held_by(journal) is None:
        with RunLock(journal):
            _latch(each, law, reason.strip())
        return
    leave_request(journal, reason.strip())
    _follow(each)


def _chosen(state: Path, law: Contracts, mode: str | None, account: str | None) -> JournalStatus:
    """The one journal that is meant: of several, the one whose bot runs. Raises UsageError if that does not name one."""
    from bot.node.status import status_of

    found = [status_of(state, name, law, time.time_ns()) for name in names_of(state, mode, account)]
    if not found:
        raise UsageError(nothing_there(state, mode, account))
    running = [each for each in found if each.running is not None]
    candidates = running or found
    if len(candidates) > 1:
        listed = ", ".join(f"{each.mode} {each.account}" for each in candidates)
        raise UsageError(f"Which one is meant: {listed}? Name it with --mode and --account.")
    return candidates[0]


def _latch(each: JournalStatus, law: Contracts, reason: str) -> None:
    """Nobody runs: write the trip down, so that the next start flattens before anything else."""
    from bot.journal.records import KillRecord, Kind, OperatorRecord
    from bot.journal.store import Journal
    from bot.units import MINUTE_NS

    header = {"account": each.account, "learning": True, "replayed_time": each.replayed, "continues": "", "verb": "kill"}
    steps = [("TRIPPED", "manual")] if each.unfinished else [("TRIPPED", "manual"), ("FLAT", "no position left"), (OVER, "mesbot resume")]
    with Journal.append(each.path, each.mode.lower(), law, header, time.time_ns) as journal:
        journal.add(Kind.OPERATOR, each.as_of_ns, OperatorRecord("kill", reason))
        for state, why in steps:
            journal.write_ahead(Kind.KILL, each.as_of_ns, KillRecord(state, why, reason if state == "TRIPPED" else ""))
        journal.close_link(-(-each.as_of_ns // MINUTE_NS) * MINUTE_NS)
    open_trades = ", ".join(trade.intent_id for trade in each.unfinished)
    after = f"start the bot to have it flatten {open_trades}, or close it in TWS" if open_trades else "nothing is open"
    click.echo(f"{each.mode} {each.account}: no bot runs; latched {steps[-1][0]}: {after}.")


def _follow(each: JournalStatus) -> None:
    """Print the steps as the running bot journals them."""
    from bot.journal.read import opened, read
    from bot.journal.records import Kind
    from bot.journal.times import new_york

    begun, seen, last = time.monotonic(), 0, ""
    with opened(each.path) as db:
        seen = sum(1 for _ in read(db, Kind.KILL))
        while time.monotonic() - begun < WAIT_SECONDS:
            steps = list(read(db, Kind.KILL))
            for step in steps[seen:]:
                seen, last = seen + 1, step.body["state"]
                click.echo(f"{time.monotonic() - begun:6.2f} s  {last:8} {step.body['reason']}  ({new_york(step.ts_ns)} New York)")
            if last == OVER:
                return
            time.sleep(POLL_SECONDS)
    known = f"it is {last} and goes on trying" if last else "the bot has not answered"
    raise MesbotError(f"Not halted after {WAIT_SECONDS:g} s: {known}; look at mesbot status, and close the position in TWS if it stays.")
