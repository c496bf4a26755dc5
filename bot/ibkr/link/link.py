"""Keeps one connection to the gateway open: one task, one attempt at a time, a fresh socket each.

Its state follows from facts alone (`_state_now`): the socket, what the gateway says of its own link to IBKR, and the questions
that are open. What a state allows, LinkState says.

It does not promise that a state lasts: an order sent in the moment of a loss has an unknown outcome until the next sync.
"""

# long because: the state follows from facts that one object must hold together
from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bot.ibkr.errors import (
    BrokerError,
    BrokerLinkLost,
    ClientIdInUse,
    ClockSkew,
    CompetingSession,
    ConnectionLost,
    GatewayNotResponding,
    GatewayUnreachable,
    ProtocolError,
    ReadOnlyApi,
    SetupError,
)
from bot.ibkr.link.classify import NO_LIVE_IDS, Action, classify_system
from bot.ibkr.link.connection import Connection, load_ib
from bot.ibkr.link.ids import IdSource
from bot.ibkr.link.inquiry import Inquiry, clock_text
from bot.ibkr.link.link_state import LinkState, SyncReason
from bot.ibkr.link.market_clock import MarketClock
from bot.ibkr.link.questions import Questions
from bot.ibkr.link.settings import LinkSettings, chosen_account, wait_seconds
from bot.ibkr.link.taps import Taps

MAX_SKEW_SECONDS = 2.0
_RESTORED = {Action.LINK_UP_LOST: SyncReason.DATA_LOST, Action.LINK_UP_KEPT: SyncReason.DATA_KEPT}


class Link:
    """The connection manager. `state_changed`, `errors` and `opening` are lists of listeners, `loops` of coroutine functions.

    `questions` are asked after every connect, 1101 and 1102, and must be answered before entries. `opening` is called before
    each attempt. `rng` draws the jitter. `pace` is how many seconds of patience pass in one of the wall: 1, but for tests.
    """

    def __init__(
        self,
        settings: LinkSettings,
        clock: MarketClock,
        ids: Callable[[str], IdSource],
        rng: random.Random | None = None,
        pace: float = 1.0,
    ) -> None:
        self.settings, self.clock = settings, clock
        self.state = LinkState.DOWN
        self.since_ns = 0  # of the state, market time; 0: from the start
        self.generation = 0
        self.account = ""
        self.last_error: BrokerError | None = None
        self.failed: BrokerError | None = None  # a person must act, and no connection is tried any more
        self.read_only: ReadOnlyApi | None = None  # the gateway takes no orders
        self.was_synced = False
        self.begun = False  # a start has succeeded: SYNCED, or DEGRADED with all known that a start needs
        self.questions = Questions(clock.now_ns)
        self.opening: list[Callable[[], None]] = []
        self.state_changed: list[Callable[[LinkState, LinkState], None]] = []
        self.errors: list[Callable[[BrokerError], None]] = []
        self.loops: list[Callable[[], Awaitable[None]]] = []
        self.lost: Callable[[], BrokerError] = lambda: ConnectionLost("the gateway closed the connection")
        self.taps = Taps(self.report)
        self.ids: IdSource | None = None
        self._make_ids, self._rng, self._pace = ids, rng or random.Random(), pace
        self._connection: Connection | None = None
        self._cut: BrokerError | None = None  # what the gateway said of its own link to IBKR
        self._ends: asyncio.Queue[BrokerError] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._inquiry = Inquiry(self)
        self._running: list[asyncio.Task[None]] = []
        self._waiting: list[asyncio.Future[None]] = []  # for another state
        self._settled = asyncio.Event()
        self._failures = 0
        self._id_in_use_since: float | None = None
        self.taps.listen("error", self._on_error)
        self.taps.listen("nextValidId", lambda number: self.ids and self.ids.at_least(number))
        self.taps.listen("garbled", lambda text, _: self.report(ProtocolError(text)))

    # ------------------------------------------------------------------ use

    @property
    def allows_entries(self) -> bool:
        """Whether the link stands against no entry."""
        return self.state.allows_entries

    @property
    def allows_way_out(self) -> bool:
        """Whether exits, stops, changes and cancels may be sent."""
        return self.state.allows_way_out

    @property
    def cut(self) -> bool:
        """Whether the gateway has said that it lost IBKR, and nothing that it has it again."""
        return self._connection is not None and self._cut is not None

    def found_back(self) -> None:
        """IBKR has answered, so a cut is over whatever the gateway has said; which subscriptions are left, nobody knows."""
        if self.cut:
            self._restored(SyncReason.DATA_LOST)

    def require_way_out(self) -> None:
        """Raises BrokerLinkLost unless exits, stops, changes and cancels may be sent."""
        if not self.allows_way_out:
            raise self._no_way_out()

    def why_no_entries(self) -> BrokerError | None:
        """What of the link stands against entries, and since when; None if nothing does."""
        if self.allows_entries:
            return None
        return self._inquiry.not_synced() if self.allows_way_out else self._no_way_out()

    def why_no_time(self) -> ClockSkew | None:
        """What the broker's clock has done that stands against entries; None if it goes on as it did."""
        if not (astray := self.clock.astray_seconds):
            return None
        believed = "not believed yet" if self.clock.doubted else "which market time has followed"
        return ClockSkew(f"the broker's clock has jumped by {astray:+,.1f} s, {believed}")

    @property
    def connection(self) -> Connection:
        """The open connection. Raises ConnectionLost if there is none."""
        if self._connection is None or not self._connection.alive:
            raise ConnectionLost("there is no connection to the gateway")
        return self._connection

    async def start(self, timeout_seconds: float) -> None:
        """Connect and stay connected; returns once SYNCED, or DEGRADED: a start waits for no answer that it can do without.

        Raises the reason if not even that comes within the timeout; then nothing runs.
        """
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="ibkr-link")
        try:
            await asyncio.wait_for(self._settled.wait(), timeout_seconds)
        except TimeoutError:
            self._go_without(timeout_seconds)
            if not self.begun:
                error = self.last_error or self._not_started(timeout_seconds)
                await self.stop()
                raise error from None
        if self.failed is not None:
            raise self.failed

    def _go_without(self, seconds: float) -> None:
        """What was not told in the time of a start is missing, if the start can do without it."""
        if self.allows_way_out and self.questions.enough:
            self.questions.give_up(GatewayNotResponding(f"not told within {seconds:g} s"))
            self._update()

    def _not_started(self, seconds: float) -> BrokerError:
        """What a start still waited for."""
        name, question = next(iter(self.questions.open.items()), ("", None))
        if question is None or not self.allows_way_out:
            return self._no_way_out() if self._cut is not None else GatewayNotResponding(f"not ready within {seconds:g} s")
        return question.error or GatewayNotResponding(f"{name}: not told within {seconds:g} s")

    async def stop(self) -> None:
        """Hang up and forget the task. Orders stay as they are at the broker."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._settled.clear()
        self._close()

    def reconnect(self, error: BrokerError) -> None:
        """Make a new connection, because of this error."""
        self._ends.put_nowait(error)

    def unanswered(self, name: str, error: BrokerError) -> None:
        """A question was asked in vain in between: entries wait until it is answered, and it is asked on. The error is not told here."""
        self.questions.unanswered(name, error)
        self._update()

    def owe(self, *names: str) -> None:
        """These questions are to be asked again now; entries wait until they are answered."""
        self.questions.owe(SyncReason.UNANSWERED, *names)
        self._update()

    def questions_changed(self) -> None:
        """A round of questions is over. The watches begin with the first after which something is known."""
        self._update()
        if self.begun and not self._running:
            self._running = [asyncio.get_running_loop().create_task(self.keep(loop)) for loop in self.loops]

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after so many seconds of the wall, unless the connection ends before."""
        generation = self.generation

        def call() -> None:
            if self.generation == generation and self._connection is not None:
                callback()

        asyncio.get_running_loop().call_later(seconds / self._pace, call)

    def seconds(self) -> float:
        """A steady clock of the wall, for patience alone."""
        return time.monotonic() * self._pace

    async def delay(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds / self._pace)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until this is true of the link; it is looked at whenever state or questions change."""
        while not condition():
            change = asyncio.get_running_loop().create_future()
            self._waiting.append(change)
            await change

    def report(self, error: BrokerError) -> None:
        """Tell every listener of an error. One that fails keeps neither the others nor whoever reports from going on."""
        for listener in self.errors:
            try:
                listener(error)
            except Exception as failure:
                about = {"message": f"a listener of the broker's errors failed: {failure}", "exception": failure}
                asyncio.get_running_loop().call_exception_handler(about)

    # ------------------------------------------------------------- the task

    async def _run(self) -> None:
        while True:
            try:
                await self._open()
                await self._serve()
            except Exception as error:  # the one task must not die of what nobody foresaw
                reason = error if isinstance(error, BrokerError) else ProtocolError(f"{type(error).__name__}: {error}")
                self._fail(reason)
                if self.failed is not None:
                    return
                wait = wait_seconds(self.settings, reason, self._failures, self._rng.random())
            self._failures += 1
            await self.delay(wait)

    async def _open(self) -> None:
        self._ends, self._cut = asyncio.Queue(), None
        for listener in self.opening:
            listener()
        connection = Connection(load_ib(), self.taps, self.settings, self._on_closed)
        connection.now_ns = self.clock.now_ns
        accounts = await connection.open()
        try:
            self.account = chosen_account(self.settings, accounts)
            if self.ids is None:
                self.ids = self._make_ids(f"{self.account}:{self.settings.client_id}")
            self.ids.begin_at(connection.first_id)
            self._require_ids(self.ids.trouble)
        except BaseException:
            connection.close()
            raise
        connection.ids, self._connection = self.ids, connection
        self.generation += 1
        self._id_in_use_since = None
        self.questions.owe(SyncReason.CONNECTED)
        self._update()
        await self._read_clock(at_connect=True)
        self._inquiry.begin()

    def _require_ids(self, trouble: BrokerError | None) -> None:
        """Raises SetupError for ids that the broker takes none of, while starting; later, and of anything else, it is only told."""
        if trouble is not None and self.ends_start(trouble):
            raise trouble
        if trouble is not None:
            self.report(trouble)

    async def _serve(self) -> None:
        while True:
            try:
                raise await asyncio.wait_for(self._ends.get(), self.settings.heartbeat_seconds)
            except TimeoutError:
                await self._read_clock(at_connect=False)

    async def _read_clock(self, at_connect: bool) -> None:
        """The heartbeat: an answer proves that the gateway lives; its time is compared with ours."""
        answer = await self.connection.ask_named("reqCurrentTime", "currentTime")
        skew, step = self.clock.broker_says(answer[0][0], at_connect), self.clock.step_seconds()
        if at_connect and self.clock.doubted:
            answer = await self.connection.ask_named("reqCurrentTime", "currentTime")
            skew = self.clock.broker_says(answer[0][0], at_connect)
        if abs(step) > MAX_SKEW_SECONDS:
            self.report(ClockSkew(f"this machine's clock was set by {step:+.1f} s; market time goes on without that"))
        if abs(skew) > MAX_SKEW_SECONDS:
            self.report(ClockSkew(f"the broker's clock is {skew:+.1f} s from ours"))

    async def keep(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Run this, again after a moment if it ends of what nobody foresaw: a watch must not."""
        while True:
            try:
                return await loop()
            except Exception as error:
                self.report(ProtocolError(f"{type(error).__name__}: {error}"))
                await self.delay(1.0)

    def _no_way_out(self) -> BrokerLinkLost:
        why = "the gateway has lost IBKR" if self._cut is not None else "there is no connection to the gateway"
        since = f" since {clock_text(self.since_ns)}" if self.since_ns else ""
        return BrokerLinkLost(f"the link is {self.state}{since}: {why}")

    # ---------------------------------------------------------------- failing

    def _fail(self, error: BrokerError) -> None:
        self.last_error = error
        self.failed = error if self.ends_start(error) else None
        self._close()
        if self.failed is not None:
            self._settled.set()
        self.report(error)

    def ends_start(self, error: BrokerError) -> bool:
        """Whether trying again is no use while starting. Once we have begun nothing is: there may be a position to look after."""
        if self.begun:
            return False
        if isinstance(error, ClientIdInUse):
            now = self.seconds()
            self._id_in_use_since = self._id_in_use_since or now
            return now - self._id_in_use_since >= self.settings.id_in_use_limit_seconds
        return isinstance(error, SetupError | CompetingSession)

    def _close(self) -> None:
        self._inquiry.end()
        for task in self._running:
            task.cancel()
        self._running = []
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._update()

    # --------------------------------------------------------------- the state

    def _state_now(self) -> LinkState:
        if self._connection is None or not self._connection.alive:
            return LinkState.DOWN
        if self._cut is not None:
            return LinkState.CUT
        if self.questions.missing:
            return LinkState.DEGRADED
        return LinkState.CONNECTED if self.questions.open else LinkState.SYNCED

    def _update(self) -> None:
        """The facts have changed: so does the state, in this very turn of the loop, and everybody hears of it."""
        state, previous = self._state_now(), self.state
        if state is LinkState.SYNCED or (state is LinkState.DEGRADED and self.questions.enough):
            self.begun, self._failures = True, 0
            self._settled.set()
        if state is not previous:
            self.state, self.since_ns = state, self.clock.now_ns()
            if state is LinkState.SYNCED:
                self.was_synced = True
            for listener in self.state_changed:
                listener(state, previous)
            if state is LinkState.DEGRADED:
                self.report(self._inquiry.not_synced())
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)

    # --------------------------------------------------------------- messages

    def _on_closed(self) -> None:
        self.reconnect(self.lost())
        self._update()

    def _on_error(self, number: int, code: int, text: str, *_: Any) -> None:
        rule = classify_system(code, text)
        if rule.action is Action.READ_ONLY:
            self.read_only = ReadOnlyApi(text, code=code)
            self.report(self.read_only)
            if not self.begun:
                self.reconnect(self.read_only)
        if number not in NO_LIVE_IDS:
            return
        if rule.action is Action.LINK_DOWN:
            self._cut = BrokerLinkLost(text, code=code)
            self._update()
        elif rule.action in _RESTORED:
            self._restored(_RESTORED[rule.action])
        elif rule.action is Action.PORT_RESET:
            self.reconnect(GatewayUnreachable(text, code=code))
        if rule.error is not None and rule.action not in (Action.ID_IN_USE, Action.PORT_RESET):
            self.report(rule.error(text, code=code))

    def _restored(self, reason: SyncReason) -> None:
        """The gateway has IBKR again: what waits goes out now, everything is asked for after it."""
        self._cut = None
        self.questions.owe(reason)
        self._update()
        if self._connection is not None:
            self._inquiry.begin()
