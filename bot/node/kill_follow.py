"""What becomes of a person's kill, as the running bot journals it: lines to show, with their times."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from bot.decision.snapshot import KillState
from bot.errors import MesbotError
from bot.journal.latch import read_latch
from bot.journal.read import Record, opened, read
from bot.journal.records import Kind
from bot.journal.times import new_york
from bot.node.foreign import LEFT, NOTHING_LEFT, STEP
from bot.node.found import found_at_broker
from bot.node.journals import journals_of
from bot.node.kill import Asked
from bot.node.kill_request import REPLAY_HALTED
from bot.runtime.kill_times import BLOCKED, FLAT, SENT, kill_times
from bot.runtime.past import past_of
from bot.units import SECOND_NS

WAIT_SECONDS, QUIET_SECONDS, POLL_SECONDS = 30.0, 1.0, 0.05


def follow(state: Path, asked: Asked) -> Iterator[str]:
    """The steps from then on, until it has halted, and nothing foreign is left if that was asked for.

    What it waits for at the broker is a line too. Raises MesbotError if that has not come within WAIT_SECONDS of the wall or
    something foreign stays, JournalError if the journal cannot be read.
    """
    begun = time.monotonic()
    with opened(asked.path) as db:
        newest = "SELECT seq FROM records WHERE wall_ns < ? ORDER BY seq DESC LIMIT 1"
        (before,) = db.execute(newest, (asked.begun_ns,)).fetchone() or (0,)
        reached, why = _before(state, asked, list(read(db, Kind.KILL, until_seq=before)))
        if reached == KillState.HALTED:
            yield f"{asked.label} is {reached} already: {why}"
            if not asked.foreign:
                return
        story = _Story(db, asked, before, reached)
        while (waited := time.monotonic() - begun) < WAIT_SECONDS:
            yield from story.news(waited)
            if story.over:
                yield story.times()
                return
            time.sleep(POLL_SECONDS)
    yield _by_its_latch(asked, story)


class _Story:
    """What the journal has told so far of the kill whose records come after `before`."""

    def __init__(self, db: sqlite3.Connection, asked: Asked, before: int, reached: str) -> None:
        self.reached, self.waits = reached, ""
        self._db, self._asked = db, asked
        self._before = self._seen = before
        self._foreign_left = asked.foreign

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.reached == KillState.HALTED and not self._foreign_left

    def news(self, waited: float) -> Iterator[str]:
        """What has come since the last time, as lines. Raises MesbotError if something foreign stays."""
        for step in list(read(self._db, Kind.KILL, Kind.OPERATOR, after_seq=self._seen)):
            self._seen = step.seq
            if step.kind is Kind.KILL:
                self.reached = step.body["state"]
                replay_ends = self._asked.name is None and self.reached == KillState.HALTED
                why = REPLAY_HALTED if replay_ends else step.body["reason"]
                yield f"{self._seconds(step):6.2f} s  {self.reached:8} {why}  ({new_york(step.ts_ns)} New York)"
            elif self._asked.foreign and step.body["detail"].startswith(STEP):
                yield from self._foreign(step)
        link = found_at_broker(self._asked.path)[1] if waited > QUIET_SECONDS else self.waits
        if link != self.waits and not link.endswith(" again"):
            self.waits = link
            yield f"{waited:6.2f} s  waits    {link}; what the kill sends goes first when that is over."

    def _foreign(self, step: Record) -> Iterator[str]:
        detail = step.body["detail"]
        self._foreign_left = detail != NOTHING_LEFT
        yield f"{self._seconds(step):6.2f} s  {detail}"
        if detail.startswith(LEFT):
            raise MesbotError(f"Not all that is foreign could be ended {detail.removeprefix(f'{STEP}: ')}.")

    def _seconds(self, step: Record) -> float:
        """From the request to a record, by the wall."""
        (wall_ns,) = self._db.execute("SELECT wall_ns FROM records WHERE seq = ?", (step.seq,)).fetchone()
        return max(0, wall_ns - self._asked.begun_ns) / SECOND_NS

    def times(self) -> str:
        """How long the steps took, as one line."""
        times = kill_times(self._db, self._before, self._asked.begun_ns)
        reached = [f"{what} {seconds:.2f} s" for what in (BLOCKED, SENT, FLAT) if (seconds := times.of(what)) is not None]
        return ", ".join([*reached, f"without a working stop {times.naked_seconds:.2f} s"])


def _by_its_latch(asked: Asked, story: _Story) -> str:
    """A halt that no journal tells, for it cannot be written. Raises MesbotError if the latch does not know of one either."""
    said = read_latch(asked.path)
    if said is not None and said.state is KillState.HALTED and not said.fault and not asked.foreign:
        halted = f"{asked.label} is {said.state} by its latch"
        return f"{halted}, for the journal cannot be written: {said.reason}; look at TWS too."
    known = f"it is {story.reached} and goes on trying"
    if story.reached == KillState.ARMED:
        known = "the bot has not answered"
    elif story.reached == KillState.HALTED:
        known = "what is foreign is not closed yet, and the bot goes on trying"
    away = f" ({story.waits})" if story.waits else ""
    raise MesbotError(
        f"Not halted after {WAIT_SECONDS:g} s: {known}{away}; look at mesbot status, and close the position in TWS if it stays."
    )


def _before(state: Path, asked: Asked, steps: list[Record]) -> tuple[str, str]:
    """The latch and its reason before the request; this year's file may not have begun with it."""
    if steps or asked.name is None:
        return (steps[-1].body["state"], steps[-1].body["reason"]) if steps else (KillState.ARMED, "")
    past = past_of(journals_of(state, *asked.name).earlier[:-1])
    return past.kill_state, past.kill_reason
