"""`mesbot drill` from outside of the node: whom to ask, what came of it as the records tell it, and whether every limit held.

The limits are those of specification 6 for a round trip of 50 ms. A broker further away may take longer than they allow.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bot.decision.snapshot import KillState
from bot.errors import Interrupted, MesbotError
from bot.gateway.gateway import Gateway
from bot.journal.folder import JOURNAL, aside_folder
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.journal.run_lock import RunLock
from bot.node.broker_run import meet, trade
from bot.node.drill import ACTION, ASKED, LATCHED, OPENED, OVER, REFUSED
from bot.node.errors import NodeStopped
from bot.node.kill_request import DRILL, leave_request, withdraw_request, withdraw_requests
from bot.node.node import MesbotNode
from bot.node.paper import day_of, gateway_config, replay_broker, replay_config
from bot.node.request import BrokerRequest, PaperRequest
from bot.runtime.kill_times import BLOCKED, FLAT, SENT, KillTimes, kill_times
from bot.runtime.runtime import runtime_of
from bot.units import MINUTE_NS

LIMITS = {BLOCKED: 0.050, SENT: 0.250, FLAT: 2.0}  # seconds after the kill was asked for
ROUND_TRIP_SECONDS = 0.050
SESSIONS = 2  # of synthetic bars: one to warm up on, one to drill in
ANSWER_SECONDS, OVER_SECONDS, BAR_SECONDS, POLL_SECONDS = 10.0, 60.0, 150.0, 0.05
Say = Callable[[str], None]


class DrillRefused(MesbotError):
    """No drill was begun; the text says why."""

    exit_code = 2


class Drilled(NamedTuple):
    """A drill that is over: its journal, the steps' times, why the kill switch stays latched ("" if it is cleared).

    `latched_before`: it was before the drill, so no entry had to be blocked.
    """

    journal: Path
    times: KillTimes
    latched: str
    latched_before: bool

    @property
    def held(self) -> bool:
        """Whether every limit held."""
        return all(self._holds(what) for what in LIMITS)

    def _holds(self, what: str) -> bool:
        seconds = self.times.of(what)
        return (what == BLOCKED and self.latched_before) if seconds is None else seconds <= LIMITS[what]

    def lines(self) -> Iterator[str]:
        """The timings, one a line."""
        for what, seconds in self.times.steps:
            limit = LIMITS.get(what)
            held = "" if limit is None else f"   limit {limit * 1000:5,.0f} ms   {'held' if self._holds(what) else 'NOT HELD'}"
            yield f"{what:28}{seconds * 1000:7,.0f} ms{held}"
        for what in [what for what in LIMITS if self.times.of(what) is None]:
            yield f"{what:28}{'before it' if self._holds(what) else 'NOT REACHED':>10}"
        yield f"{'without a working stop':28}{self.times.naked_seconds * 1000:7,.0f} ms"
        yield self.latched or "The drill's latch is cleared: the kill switch is ARMED."
        yield f"Journal: {self.journal}"


class DrillStory:
    """What the journal tells of a drill that was asked for at `begun_ns` of the wall (UTC ns), as far as it has come."""

    def __init__(self, journal: Path, begun_ns: int, say: Say) -> None:
        self._journal, self._begun_ns, self._say = journal, begun_ns, say
        self._told: set[str] = set()
        self.begun = False

    def look(self) -> Drilled | None:
        """What came of it; None while it goes on. Raises DrillRefused if none was begun, JournalError if the journal cannot be read."""
        with opened(self._journal) as db:
            (before,) = db.execute("SELECT coalesce(max(seq), 0) FROM records WHERE wall_ns < ?", (self._begun_ns,)).fetchone()
            asked_seq = 0
            for record in read(db, Kind.OPERATOR, after_seq=before):
                detail = record.body["detail"] if record.body["action"] == ACTION else ""
                asked_seq = record.seq if detail == ASKED else asked_seq
                self._tell(detail)
                if detail == OVER or detail.startswith(LATCHED):
                    return self._drilled(db, asked_seq, detail.removeprefix(LATCHED).removeprefix(OVER).removeprefix(": "))
        return None

    def _tell(self, detail: str) -> None:
        if detail.startswith(REFUSED) and not self.begun:
            raise DrillRefused(f"No drill: {detail.removeprefix(f'{REFUSED}: ')}")
        if detail.startswith(OPENED):
            self.begun = True
        if detail and detail not in self._told and not detail.startswith((REFUSED, OVER)):
            self._told.add(detail)
            self._say(f"Drill: {detail}.")

    def _drilled(self, db: sqlite3.Connection, asked_seq: int, latched: str) -> Drilled:
        (asked_ns,) = db.execute("SELECT wall_ns FROM records WHERE seq = ?", (asked_seq,)).fetchone()
        steps = [record.body["state"] for record in read(db, Kind.KILL, until_seq=asked_seq)]
        before = bool(steps) and steps[-1] != KillState.ARMED
        return Drilled(self._journal, kill_times(db, asked_seq, asked_ns), latched, before)


def drill_running(journal: Path, reason: str, say: Say) -> Drilled:
    """Ask the bot that writes this journal. Raises DrillRefused, or MesbotError if it does not answer or does not come to an end."""
    story, begun = DrillStory(journal, time.time_ns(), say), time.monotonic()
    leave_request(journal, reason, DRILL)
    while (found := story.look()) is None:
        _require_time(story, journal, time.monotonic() - begun)
        time.sleep(POLL_SECONDS)
    return found


def _require_time(story: DrillStory, journal: Path, seconds: float) -> None:
    if not story.begun and seconds > ANSWER_SECONDS:
        withdraw_request(journal, DRILL)
        raise DrillRefused(f"No drill: the bot has not answered within {ANSWER_SECONDS:g} s; look at mesbot status.")
    if seconds > OVER_SECONDS:
        raise MesbotError(
            f"The drill is not over after {OVER_SECONDS:g} s; the bot goes on closing it. Look at mesbot status, and at TWS if it stays."
        )


async def drill_here(out: Path, reason: str, contracts: Path | None, strategies: tuple[Path, ...], say: Say) -> Drilled:
    """On a simulated gateway of its own, before the window of a synthetic session. Raises DrillRefused, NodeError, JournalInUse."""
    request = PaperRequest(out, sessions=SESSIONS, contracts=contracts, strategies=strategies)
    day, journal = day_of(request), out / JOURNAL
    if not journal.exists() and (not out.is_dir() or not any(out.iterdir())):
        aside_folder(out)  # a drill is nobody's latest run; a folder that holds others' stays as it is
    with RunLock(journal):
        withdraw_requests(journal)  # of an earlier drill
        async with Gateway(replace(gateway_config(request, day), round_trip_seconds=ROUND_TRIP_SECONDS)) as gateway:
            broker = replay_broker(request, day, port=gateway.port)
            node = MesbotNode(replay_config(request, day, broker, gateway.side_port), broker)
            try:
                await node.start()
                await node.warmed_up()
                return await _drilled(node, journal, reason, say)
            finally:
                await node.stop()


async def drill_on_broker(request: BrokerRequest, reason: str, say: Say, stopping: asyncio.Event | None = None) -> Drilled:
    """On a paper account, by a node that runs for it alone. Raises DrillRefused, also for what refuses the start.

    `stopping` as in `trade`.
    """
    found: list[Drilled] = []
    story: list[bool] = []

    async def meanwhile(node: MesbotNode) -> None:
        story.append(True)
        found.append(await _drilled(node, met.journals.path, reason, say))

    try:
        met = await meet(request, say)
        await trade(request, met, say=say, meanwhile=meanwhile, stopping=stopping)
    except MesbotError as error:
        if story or isinstance(error, NodeStopped):
            raise
        raise DrillRefused(f"No drill: {error.told}") from None
    return found[0]


async def _drilled(node: MesbotNode, journal: Path, reason: str, say: Say) -> Drilled:
    """In a node of this process, once it has decided a bar."""
    last_ns, begun = node.screen.last_bar_ns, time.monotonic()
    while not _decided(node, last_ns) and time.monotonic() - begun < BAR_SECONDS:
        await _a_moment(node)
    story, begun = DrillStory(journal, time.time_ns(), say), time.monotonic()
    leave_request(journal, reason, DRILL)
    while (found := story.look()) is None:
        _require_time(story, journal, time.monotonic() - begun)
        await _a_moment(node)
    return found


def _decided(node: MesbotNode, last_ns: int) -> bool:
    """Whether a bar of the session came since `last_ns` that is of this minute or the one before: older ones are of the warm-up still."""
    bar_ns, calendar = node.screen.last_bar_ns, runtime_of(node.desk.config.runtime).calendar
    fresh = bar_ns != last_ns and node.desk.session.clock.now_ns() - bar_ns < 2 * MINUTE_NS
    return fresh and calendar.session_at(bar_ns) is not None


async def _a_moment(node: MesbotNode) -> None:
    node.require_running()
    if await node.wait(POLL_SECONDS):
        raise Interrupted("Stopped before the drill was over; what it has opened keeps its stop, and the next start closes it.")
