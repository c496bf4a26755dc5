"""A person's kill: which bot is meant, the request to the one that runs, and the latch of one that does not.

It does not touch the broker: a running bot leaves its position itself, and where none runs the next start does.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from bot.contracts import Contracts
from bot.decision.snapshot import KillState
from bot.errors import MesbotError, UsageError
from bot.journal.records import BY_A_PERSON, KillRecord, Kind, OperatorRecord
from bot.journal.run_lock import RunLock, held_by
from bot.journal.store import Journal
from bot.node.journals import journals_of
from bot.node.kill_request import FOREIGN, KILL, leave_request, withdraw_request
from bot.node.status import JournalName, JournalStatus, status_of
from bot.runtime.past import past_of

TRIPPED = (KillState.TRIPPED, BY_A_PERSON)
OVER = ((KillState.FLAT, "no position left"), (KillState.HALTED, "mesbot resume"))


class Asked(NamedTuple):
    """Whose kill was asked for (`name` None: a replay's), whether its bot runs, and since when (UTC ns of the wall)."""

    name: JournalName | None
    path: Path
    running: bool
    begun_ns: int
    foreign: bool = False

    @property
    def label(self) -> str:
        """What a person calls it."""
        return f"The replay in {self.path.parent}" if self.name is None else f"{self.name.mode} {self.name.account}"


class _Said(NamedTuple):
    """What journals say: the open trades of those that have some, and what is wrong with those that cannot be read."""

    open: dict[JournalName, str]
    troubles: dict[JournalName, str]


class KillTargets:
    """The journals that a kill could mean."""

    def __init__(self, state: Path, names: Sequence[JournalName], replay: Path | None = None) -> None:
        self._state, self._names, self._replay = state, names, replay

    def ask(self, reason: str, what: str = KILL) -> Asked:
        """Leave the request with the one that is meant: the one whose bot trades, else the one with open trades, else the `replay`.

        `what` is KILL, or FOREIGN to include what is foreign. Raises UsageError if several could be meant, MesbotError if the request
        cannot be written.
        """
        running = [name for name in self._names if held_by(name.path(self._state)) is not None]
        trading = [name for name in running if name.mode != "OBSERVE"]
        begun_ns = time.time_ns()
        if self._replay is not None and not (trading or self._said.open):
            leave_request(self._replay, reason, what)
            return Asked(None, self._replay, True, begun_ns, what == FOREIGN)
        name = the_one(trading or self._said.open or running or self._readable() or self._names)
        leave_request(name.path(self._state), reason, what)  # before anything that can fail
        return Asked(name, name.path(self._state), name in running, begun_ns, what == FOREIGN)

    def besides(self, asked: JournalName | None) -> list[str]:
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
        with suppress(MesbotError):  # then the next start, too, carries it out
            withdraw_request(path)
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
