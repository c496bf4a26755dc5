"""A person's kill: which bot is meant, the request to the one that runs, and the latch of one that does not.

It does not touch the broker: a running bot leaves its position itself, and where none runs the next start does.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from bot.contracts import Contracts
from bot.decision.snapshot import KillState
from bot.errors import MesbotError, UsageError
from bot.journal.latch import read_latch
from bot.journal.read import Record, opened, read
from bot.journal.records import BY_A_PERSON, KillRecord, Kind, OperatorRecord
from bot.journal.run_lock import RunLock, held_by
from bot.journal.store import Journal
from bot.journal.times import new_york
from bot.node.journals import journals_of
from bot.node.kill_request import leave_request, taken_request
from bot.node.status import JournalName, JournalStatus, status_of
from bot.runtime.past import past_of

WAIT_SECONDS, POLL_SECONDS = 30.0, 0.05
TRIPPED = (KillState.TRIPPED, BY_A_PERSON)
OVER = ((KillState.FLAT, "no position left"), (KillState.HALTED, "mesbot resume"))


class Asked(NamedTuple):
    """Whose kill was asked for, whether its bot runs, and since when (UTC ns of the wall)."""

    name: JournalName
    running: bool
    begun_ns: int


class _Said(NamedTuple):
    """What journals say: the open trades of those that have some, and what is wrong with those that cannot be read."""

    open: dict[JournalName, str]
    troubles: dict[JournalName, str]


class KillTargets:
    """The journals that a kill could mean."""

    def __init__(self, state: Path, names: Sequence[JournalName]) -> None:
        self._state, self._names = state, names

    def ask(self, reason: str) -> Asked:
        """Leave the request with the one that is meant: the one whose bot trades, else the one with open trades.

        Raises UsageError if several could be meant, MesbotError if the request cannot be written.
        """
        running = [name for name in self._names if held_by(name.path(self._state)) is not None]
        trading = [name for name in running if name.mode != "OBSERVE"]
        name = the_one(trading or self._said.open or running or self._readable() or self._names)
        begun_ns = time.time_ns()
        leave_request(name.path(self._state), reason)  # before anything that can fail
        return Asked(name, name in running, begun_ns)

    def besides(self, asked: JournalName) -> list[str]:
        """What a person must know of the other journals, as sentences."""
        others = {
            each: f"{each.mode} {each.account} was not killed and has {trades} open; "
            f"kill it with --mode {each.mode.lower()} --account {each.account}."
            for each, trades in self._said.open.items()
        }
        return [text for each, text in (others | self._said.troubles).items() if each != asked]

    def _readable(self) -> list[JournalName]:
        return [name for name in self._names if name not in self._said.troubles]

    @cached_property
    def _said(self) -> _Said:
        """Read when first needed: a bot that trades is asked before anything is read."""
        said = _Said({}, {})
        for name in self._names:
            try:
                stories = past_of(journals_of(self._state, *name).earlier).unfinished if name.mode != "OBSERVE" else ()
            except MesbotError as error:
                said.troubles[name] = f"{name.mode} {name.account} was left out, its journal cannot be read: {error}"
                continue
            if stories:
                said.open[name] = ", ".join(story.intent.intent_id for story in stories)
        return said


def the_one(candidates: Iterable[JournalName]) -> JournalName:
    """The only one. Raises UsageError if there are several."""
    names = list(candidates)
    if len(names) > 1:
        listed = ", ".join(f"{each.mode} {each.account}" for each in names)
        raise UsageError(f"Which one is meant: {listed}? Name it with --mode and --account.")
    return names[0]


def latch(state: Path, name: JournalName, contracts: Contracts, reason: str) -> str:
    """Nobody runs: write the trip down, so that the next start flattens before anything else; what came of it, as a sentence.

    Raises MesbotError if it cannot be written; then the request stays, and the next start carries it out.
    """
    path = name.path(state)
    with RunLock(path):
        each = status_of(state, name, contracts, time.time_ns())
        latched = each.kill.state
        if latched == KillState.ARMED:
            latched = _written(each, contracts, reason)
        taken_request(path)
    open_trades = ", ".join(trade.intent_id for trade in each.unfinished)
    after = f"start the bot to have it flatten {open_trades}, or close it in TWS" if open_trades else "nothing is open"
    known = f"{latched} already ({each.kill.reason})" if latched == each.kill.state else f"latched {latched}"
    return f"{name.mode} {name.account}: no bot runs; {known}: {after}."


def _written(each: JournalStatus, contracts: Contracts, reason: str) -> str:
    """Journal the trip, and what follows it at once if nothing is open; the state it ends in."""
    header = {"account": each.account, "learning": True, "replayed_time": each.replayed, "continues": "", "verb": "kill"}
    steps = (TRIPPED,) if each.unfinished else (TRIPPED, *OVER)
    # A stop changes no law, and must not fail because nobody can read it.
    with Journal.append(each.path, each.mode.lower(), contracts, header, time.time_ns, same_law=True) as journal:
        journal.add(Kind.OPERATOR, each.as_of_ns, OperatorRecord("kill", reason))
        for state, why in steps:
            detail = reason if state is KillState.TRIPPED else ""
            journal.write_ahead(Kind.KILL, each.as_of_ns, KillRecord(state.value, why, detail))
    return steps[-1][0]


def follow(state: Path, asked: Asked) -> Iterator[str]:
    """The steps as the running bot journals them from then on, as lines to show, until it has halted.

    Raises MesbotError if it has not within WAIT_SECONDS of the wall, JournalError if its journal cannot be read.
    """
    name, begun = asked.name, time.monotonic()
    with opened(name.path(state)) as db:
        newest = "SELECT seq FROM records WHERE wall_ns < ? ORDER BY seq DESC LIMIT 1"
        (seen,) = db.execute(newest, (asked.begun_ns,)).fetchone() or (0,)
        reached, why = _before(state, name, list(read(db, Kind.KILL, until_seq=seen)))
        if reached == KillState.HALTED:
            yield f"{name.mode} {name.account} is {reached} already: {why}"
            return
        while time.monotonic() - begun < WAIT_SECONDS:
            for step in list(read(db, Kind.KILL, after_seq=seen)):
                seen, reached = step.seq, step.body["state"]
                yield f"{time.monotonic() - begun:6.2f} s  {reached:8} {step.body['reason']}  ({new_york(step.ts_ns)} New York)"
            if reached == KillState.HALTED:
                return
            time.sleep(POLL_SECONDS)
    yield _by_its_latch(state, name, reached)


def _by_its_latch(state: Path, name: JournalName, reached: str) -> str:
    """A halt that no journal tells, for it cannot be written. Raises MesbotError if the latch does not know of one either."""
    said = read_latch(name.path(state))
    if said is not None and said.state is KillState.HALTED and not said.fault:
        halted = f"{name.mode} {name.account} is {said.state} by its latch"
        return f"{halted}, for the journal cannot be written: {said.reason}; look at TWS too."
    known = "the bot has not answered" if reached == KillState.ARMED else f"it is {reached} and goes on trying"
    raise MesbotError(f"Not halted after {WAIT_SECONDS:g} s: {known}; look at mesbot status, and close the position in TWS if it stays.")


def _before(state: Path, name: JournalName, steps: list[Record]) -> tuple[str, str]:
    """The latch and its reason before the request; this year's file may not have begun with it."""
    if steps:
        return steps[-1].body["state"], steps[-1].body["reason"]
    past = past_of(journals_of(state, *name).earlier[:-1])
    return past.kill_state, past.kill_reason
