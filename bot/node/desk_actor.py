"""DeskActor: what a live run needs somebody to do all the time, as a part like any other.

It lets decisions begin when history is in, keeps step with a simulated gateway, carries out a person's kill request, leaves
what is overdue, has the event loop watched, and withdraws entries when the run ends. It closes no position and promises nothing while the
link is down.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from nautilus_trader.common.messages import ShutdownSystem
from nautilus_trader.core.uuid import UUID4

from actors.config import RuntimeActorConfig
from actors.part import Part
from bot.decision.plan import ExitReason
from bot.errors import MesbotError
from bot.ibkr.config import BrokerConfig
from bot.ibkr.data.market_data import PAST
from bot.ibkr.session import BrokerSession, session_of
from bot.journal.records import Kind, OperatorRecord
from bot.journal.run_lock import sign_of_life
from bot.market.update import MarketUpdate
from bot.messages import (
    ENDPOINT_JOURNAL_WRITTEN,
    ENDPOINT_RISK_CLOSE,
    ENDPOINT_RISK_KILL,
    ENDPOINT_RISK_LOCK,
    ENDPOINT_RISK_STANDING,
    ENDPOINT_RISK_UNLOCK,
    ENDPOINT_RISK_WITHDRAW,
    TOPIC_BEGIN,
    TOPIC_MARKET,
    CloseTrade,
    Standing,
    Written,
)
from bot.node.drill import Drills, taken_drill
from bot.node.errors import NodeError
from bot.node.foreign import ForeignKill
from bot.node.kill_request import ALLOW_ENTRIES, FOREIGN, KILL, STOP_ENTRIES, KillRequests, refused_request
from bot.node.overdue import flatten_overdue, time_overdue
from bot.node.pace import Pace
from bot.node.watchdog import Watchdog, hung_path
from bot.risk_engine.shutdown import TOPIC as TOPIC_SHUTDOWN
from bot.runtime.kill_times import CANCELS_SENT
from bot.runtime.runtime import runtime_of
from bot.units import MINUTE_NS
from bot.words import fault_in_words

POLL_SECONDS, LOOK_SECONDS = 0.005, 0.025


class DeskActorConfig(RuntimeActorConfig, frozen=True, kw_only=True):
    """`warm_until_ns`: decisions begin once the minutes that close up to it (UTC ns) are understood.

    `lockstep_port` is the side channel of a simulated gateway that waits for this node (0: none); `go` also lets its market begin.
    """

    broker: BrokerConfig
    warm_until_ns: int
    lockstep_port: int = 0
    go: bool = False


class DeskActor(Part):
    """`begun` is set once decisions have begun; `failure` says why the run cannot go on, `killed` why a person has killed it.

    `say` takes a line for a person; until somebody sets it, the log does.
    Somebody may own the run's end (`owned_by`): who withdraws entries and stops the node then. Otherwise both are done here.
    """

    part = "DESK"

    def __init__(self, config: DeskActorConfig) -> None:
        super().__init__(config)
        self._config = config
        self._runtime = runtime_of(config.runtime)
        self._journal = Path(config.runtime.journal_path)
        # A kill that was asked for while last year's journal was the newest waits beside that one.
        self._journals = tuple(dict.fromkeys([*map(Path, config.runtime.earlier), self._journal]))
        self._requests = [KillRequests(journal, what) for journal in self._journals for what in (KILL, FOREIGN)]
        # What lets entries pass comes first: where both wait, they stay locked.
        self._locks = [KillRequests(journal, what) for what in (ALLOW_ENTRIES, STOP_ENTRIES) for journal in self._journals]
        self._obeyed: list[tuple[KillRequests, str, int]] = []  # with how many records must be on the disk before the file may go
        self.watchdog = Watchdog(hung_path(self._journal), partial(sign_of_life, self._journal))
        self._drills = Drills(self, self._journal, self._standing)
        self._foreign = ForeignKill(self, self._standing, observe=config.runtime.observe)
        self._last_bar_ns = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.session: BrokerSession
        self.begun = asyncio.Event()
        self.failure: MesbotError | None = None
        self.say: Callable[[str], None] = self.log.error
        self._refused = self.killed = ""
        self._owned = False
        self._finish: Callable[[], None] = self._shut_down

    def owned_by(self, finish: Callable[[], None]) -> None:
        """Call `finish` when the run wants to end, and leave the end to whoever gave it."""
        self._owned, self._finish = True, finish

    def on_start(self) -> None:
        """Begin to work beside the market."""
        self.watchdog.begin()
        taken_drill(self._journal)  # one that nobody has carried out must not open a trade now
        self.session = session_of(asyncio.get_running_loop(), self._config.broker)
        self.listen(TOPIC_MARKET, self._on_market, priority=0)  # after the library, which was there first
        self._tasks = [asyncio.ensure_future(self._guarded(work)) for work in (self._look_on, self._run)]

    def on_stop(self) -> None:
        """Cancel entries that still work, unless the run's owner has seen to that; positions keep their stops and targets."""
        gc.unfreeze()
        self._forget_written()
        self.watchdog.end()
        for task in self._tasks:
            task.cancel()
        if not self._owned:
            self.msgbus.send(ENDPOINT_RISK_WITHDRAW, "the run ends")

    # ---------------------------------------------------------------- duties

    async def _guarded(self, work: Callable[[], Any]) -> None:
        """Nautilus hears of no task that fails: end the run, with the reason kept."""
        try:
            await work()
        except Exception as error:
            broken = f"The node cannot go on; a fault of the program, not of yours: {fault_in_words(error)}."
            self.failure = error if isinstance(error, MesbotError) else NodeError(broken)
            self.log.error(str(self.failure))
            self._finish()

    def _also(self, work: Callable[[], Any]) -> None:
        """Do this too, until the run ends."""
        self._tasks = [task for task in self._tasks if not task.done()] + [asyncio.ensure_future(self._guarded(work))]

    async def _look_on(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Carry out a person's requests, and leave what is overdue."""
        for request in self._requests:
            if (reason := request.take()) is not None:
                self._obey(request, reason)
        for request in self._locks:
            if (reason := request.take()) is not None:
                self._lock_entries(request, reason)
        self._forget_written()
        self._tell_refused(next((why for journal in self._journals if (why := refused_request(journal))), ""))
        if (reason := taken_drill(self._journal)) is not None:
            self._also(lambda: self._drills.run(reason))
        self.leave_overdue()

    def _obey(self, request: KillRequests, reason: str) -> None:
        """At once; the request itself stays until the records of it are on the disk, for the disk may be slow and we may die."""
        self._kill(reason)
        if request.what == FOREIGN:
            self._also(lambda: self._obey_foreign(request, reason))
        else:
            self._obeyed.append((request, reason, self._written().told))

    def _lock_entries(self, request: KillRequests, reason: str) -> None:
        """Or let them pass again, which only a part of the run may ask for."""
        if request.what == STOP_ENTRIES:
            self.msgbus.send(ENDPOINT_RISK_LOCK, reason)
        else:
            self.said.send(self.msgbus, ENDPOINT_RISK_UNLOCK, reason)
        self._obeyed.append((request, reason, self._written().told))

    async def _obey_foreign(self, request: KillRequests, reason: str) -> None:
        """Nothing but this request knows of what is foreign, so that it stays until that is over."""
        await self._foreign.run(reason)
        self._obeyed.append((request, reason, self._written().told))

    def _forget_written(self) -> None:
        durable = self._written().durable if self._obeyed else 0
        for request, reason, told in self._obeyed:
            if told <= durable:
                request.done(reason)
        self._obeyed = [each for each in self._obeyed if each[2] > durable]

    @property
    def kill_waits(self) -> bool:
        """Whether a kill is asked for that has not been obeyed yet."""
        return any(request.waits for request in self._requests)

    def _tell_refused(self, why: str) -> None:
        """Once, for as long as it lies there."""
        if why and why != self._refused:
            self.say(why)
        self._refused = why

    def _kill(self, reason: str) -> None:
        self.killed = reason
        since = self.session.link.seconds()
        self.msgbus.send(ENDPOINT_RISK_KILL, reason)
        self._also(lambda: self._tell_sent(reason, since))

    async def _tell_sent(self, reason: str, since: float) -> None:
        """Journal when the first cancels of a kill leave; nothing if there is nothing to cancel."""
        link, orders = self.session.link, self.session.orders.orders
        while not (link.allows_way_out and any(order.cancel_asked and order.asked_at >= since for order in orders.values())):
            if self._standing().at_rest:
                return
            await asyncio.sleep(POLL_SECONDS)
        self.record(Kind.OPERATOR, self.session.clock.now_ns(), OperatorRecord("kill", reason, CANCELS_SENT))

    def leave_overdue(self) -> None:
        """Close what is held past the session's flatten time, when no bar has. On a replay only the tape decides that.

        While history is missing there are no bars at all, so that a trade's own longest time counts by the clock too.
        """
        clock = self.session.clock
        if clock.replay or not self.session.link.allows_way_out:
            return
        if PAST in self.session.link.questions.missing:
            for trade in [trade for trade in self._standing().open_trades if not trade.closing and time_overdue(trade, clock.now_ns())]:
                request = CloseTrade(trade.trade_id, ExitReason.TIME, "its longest time has passed without a bar: history is missing")
                self.msgbus.send(ENDPOINT_RISK_CLOSE, request)
        laws = [self._runtime, *self._runtime.kept.values()]
        if not any(flatten_overdue(law.calendar, clock.now_ns(), self.session.close_ns()) for law in laws):
            return
        for trade in self._standing().open_trades:
            laws = self._runtime, self._runtime.law_of(trade.trade_id)
            if not trade.closing and any(flatten_overdue(law.calendar, clock.now_ns(), self.session.close_ns()) for law in laws):
                request = CloseTrade(trade.trade_id, ExitReason.SESSION, "the session's flatten time has passed without a bar")
                self.msgbus.send(ENDPOINT_RISK_CLOSE, request)

    async def _run(self) -> None:
        await self._warmed_up()
        # What the start has made stays for the life of the node, so the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        self.tell(TOPIC_BEGIN, self.session.clock.now_ns() // MINUTE_NS * MINUTE_NS + MINUTE_NS)
        self.begun.set()
        if self._config.lockstep_port:
            await self._keep_step()

    async def _warmed_up(self) -> None:
        """Decisions begin with the next minute to close: what closed meanwhile is history, and its spread was not seen.

        History that does not come ends no run, for there may be a position to look after; the link says that it is missing.
        """
        while self.session.feed.flow.last_ns < self._config.warm_until_ns or not self._standing().idle:
            if self.session.start_error is not None:
                raise NodeError(f"The node cannot start. {self.session.start_error.told}")
            await asyncio.sleep(POLL_SECONDS)

    # -------------------------------------------------------------- lockstep

    async def _keep_step(self) -> None:
        """Until the tape ends, and the run with it. Raises NodeError if the gateway is gone before that."""
        pace = Pace(self._config.lockstep_port, self._has_dealt_with, self._requests_sent)
        await pace.attach()
        if self._config.go:
            pace.go()
        await pace.run()
        self._finish()

    def _has_dealt_with(self, barrier: dict[str, Any]) -> bool:
        """Whether everything before a barrier of the gateway's lockstep is read, decided and acknowledged, and what follows is sent."""
        link = self.session.link
        read = not link.allows_way_out or link.connection.frames_read >= barrier["frames"].get(str(link.settings.client_id), 0)
        decided = "minute" not in barrier["reasons"] or self._last_bar_ns >= barrier["ts_ns"]
        return read and decided and self._standing().idle and not (link.allows_way_out and link.connection.requests_waiting)

    def _requests_sent(self) -> dict[str, int]:
        link = self.session.link
        return {str(link.settings.client_id): link.connection.requests_sent} if link.allows_way_out else {}

    def _on_market(self, update: MarketUpdate) -> None:
        self._last_bar_ns = update.quality.ts_ns
        self.watchdog.lives()

    def _written(self) -> Written:
        written = Written()
        self.msgbus.send(ENDPOINT_JOURNAL_WRITTEN, written)
        return written

    def _standing(self) -> Standing:
        standing = Standing()
        self.said.send(self.msgbus, ENDPOINT_RISK_STANDING, standing)
        return standing

    def _shut_down(self) -> None:
        """As `shutdown_system` does, but in our own name: from whoever else asks it is a kill (bot.risk_engine.shutdown)."""
        why = "the run has ended" if self.failure is None else str(self.failure)
        self.tell(TOPIC_SHUTDOWN, ShutdownSystem(self.trader_id, self.id, UUID4(), self.clock.timestamp_ns(), why))
