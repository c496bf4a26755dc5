"""`mesbot kill`: a person trips the kill switch."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.operate import journal_options, names_of, nothing_there
from bot.errors import JournalError, MesbotError, UsageError

if TYPE_CHECKING:
    from bot.contracts import Contracts
    from bot.journal.read import Record
    from bot.node.status import JournalName, JournalStatus

HELP = """
Trip the kill switch: refuse entries, cancel entries and targets, flatten, cancel the rest, halt.

A running bot does it at once. If none runs, the switch is latched in the journal, and whoever starts the bot next
has it flatten what is open first. Latched until `mesbot resume`.

Of several journals the one whose bot trades is meant, else the one with open trades. What else is open is told after.

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
    """Prints each step with its time; exit code 1 if it is not flat when the patience ends, or something else stays open."""
    from bot.journal.run_lock import held_by
    from bot.node.kill_request import leave_request
    from bot.state_folder import state_folder

    if not reason.strip():
        raise UsageError("--reason is empty; say why.")
    state = state_folder()
    names = names_of(state, mode, account)
    if not names:
        raise UsageError(nothing_there(state, mode, account))
    running = [name for name in names if held_by(name.path(state)) is not None]
    trading = [name for name in running if name.mode != "OBSERVE"]
    found = None if trading else _Found(state, names)
    name = _one(trading or found.open or running or found.readable or names)
    begun_ns = time.time_ns()
    leave_request(name.path(state), reason.strip())  # before anything that can fail
    if name in running:
        try:
            _follow(state, name, begun_ns)
        except JournalError as error:
            raise MesbotError(f"The kill was asked for, and what came of it is not known; look at TWS: {error}") from None
    else:
        _latch(state, name, directory, reason.strip())
    if troubles := (found or _Found(state, names)).besides(name):
        raise MesbotError("\n".join(troubles))


class _Found:
    """What the journals of bots that can trade say: those with open trades, and those that can be read at all."""

    def __init__(self, state: Path, names: Iterable[JournalName]) -> None:
        from bot.node.journals import journals_of
        from bot.runtime.past import past_of

        self.open: dict[JournalName, str] = {}
        self.readable: list[JournalName] = []
        self._troubles: dict[JournalName, str] = {}
        for name in names:
            try:
                stories = past_of(journals_of(state, *name).earlier).unfinished if name.mode != "OBSERVE" else ()
            except MesbotError as error:
                self._troubles[name] = f"{name.mode} {name.account} was left out, its journal cannot be read: {error}"
                continue
            self.readable.append(name)
            if stories:
                self.open[name] = ", ".join(story.intent.intent_id for story in stories)

    def besides(self, name: JournalName) -> list[str]:
        """What a person must know of the other journals."""
        others = {
            each: f"{each.mode} {each.account} was not killed and has {trades} open; "
            f"kill it with --mode {each.mode.lower()} --account {each.account}."
            for each, trades in self.open.items()
        }
        return [text for each, text in (others | self._troubles).items() if each != name]


def _one(candidates: Iterable[JournalName]) -> JournalName:
    """The only one. Raises UsageError if there are several."""
    names = list(candidates)
    if len(names) > 1:
        listed = ", ".join(f"{each.mode} {each.account}" for each in names)
        raise UsageError(f"Which one is meant: {listed}? Name it with --mode and --account.")
    return names[0]


def _latch(state: Path, name: JournalName, directory: Path | None, reason: str) -> None:
    """Nobody runs: write the trip down, so that the next start flattens before anything else."""
    from bot.contracts import load_contracts
    from bot.journal.run_lock import RunLock
    from bot.node.kill_request import request_path, taken_request
    from bot.node.status import status_of

    path = name.path(state)
    try:
        law = load_contracts(directory)
        with RunLock(path):
            each = status_of(state, name, law, time.time_ns())
            latched = each.kill.state
            if latched == "ARMED":
                latched = _written(each, law, reason)
            taken_request(path)
    except MesbotError:
        click.echo(f"It could not be latched, but the request waits in {request_path(path)}: the next start carries it out first.")
        raise
    open_trades = ", ".join(trade.intent_id for trade in each.unfinished)
    after = f"start the bot to have it flatten {open_trades}, or close it in TWS" if open_trades else "nothing is open"
    known = f"{latched} already ({each.kill.reason})" if latched == each.kill.state else f"latched {latched}"
    click.echo(f"{name.mode} {name.account}: no bot runs; {known}: {after}.")


def _written(each: JournalStatus, law: Contracts, reason: str) -> str:
    """Journal the trip; the state it ends in."""
    from bot.journal.records import KillRecord, Kind, OperatorRecord
    from bot.journal.store import Journal

    header = {"account": each.account, "learning": True, "replayed_time": each.replayed, "continues": "", "verb": "kill"}
    steps = [("TRIPPED", "manual")] if each.unfinished else [("TRIPPED", "manual"), ("FLAT", "no position left"), (OVER, "mesbot resume")]
    with Journal.append(each.path, each.mode.lower(), law, header, time.time_ns) as journal:
        journal.add(Kind.OPERATOR, each.as_of_ns, OperatorRecord("kill", reason))
        for state, why in steps:
            journal.write_ahead(Kind.KILL, each.as_of_ns, KillRecord(state, why, reason if state == "TRIPPED" else ""))
    return steps[-1][0]


def _follow(state: Path, name: JournalName, begun_ns: int) -> None:
    """Print the steps as the running bot journals them, from this moment of the wall on."""
    from bot.journal.latch import read_latch
    from bot.journal.read import opened, read
    from bot.journal.records import Kind
    from bot.journal.times import new_york

    begun, last = time.monotonic(), ""
    with opened(name.path(state)) as db:
        (seen,) = db.execute("SELECT seq FROM records WHERE wall_ns < ? ORDER BY seq DESC LIMIT 1", (begun_ns,)).fetchone() or (0,)
        latch, why = _before(state, name, list(read(db, Kind.KILL, until_seq=seen)))
        if latch == OVER:
            click.echo(f"{name.mode} {name.account} is {OVER} already: {why}")
            return
        while time.monotonic() - begun < WAIT_SECONDS:
            for step in list(read(db, Kind.KILL, after_seq=seen)):
                seen, last = step.seq, step.body["state"]
                click.echo(f"{time.monotonic() - begun:6.2f} s  {last:8} {step.body['reason']}  ({new_york(step.ts_ns)} New York)")
            if last == OVER:
                return
            time.sleep(POLL_SECONDS)
    said = read_latch(name.path(state))
    if not last and said is not None and said.state == OVER:
        click.echo(f"{name.mode} {name.account} is {OVER} by its latch, for the journal cannot be written: {said.reason}; look at TWS too.")
        return
    reached = last or latch
    known = "the bot has not answered" if reached == "ARMED" else f"it is {reached} and goes on trying"
    raise MesbotError(f"Not halted after {WAIT_SECONDS:g} s: {known}; look at mesbot status, and close the position in TWS if it stays.")


def _before(state: Path, name: JournalName, steps: list[Record]) -> tuple[str, str]:
    """The latch and its reason before the request; this year's file may not have begun with it."""
    from bot.node.journals import journals_of
    from bot.runtime.past import past_of

    if steps:
        return steps[-1].body["state"], steps[-1].body["reason"]
    past = past_of(journals_of(state, *name).earlier[:-1])
    return past.kill_state, past.kill_reason
