"""Keeps one connection to the gateway open: one task, one attempt at a time, a fresh socket each.

States: DISCONNECTED, CONNECTING, SYNCING (asking what is true), READY, LINK_DOWN (the gateway
lost IBKR; the socket is kept), FAILED (a person must act). Only READY allows new orders.

It does not promise that READY lasts: an order sent in the moment of a loss has an unknown
outcome until the next sync.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bot.ibkr.errors import (
    BrokerError,
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
from bot.ibkr.link.connection import Connection, Taps, load_ib
from bot.ibkr.link.ids import IdSource
from bot.ibkr.link.link_state import LinkEvent, LinkState, SyncReason
from bot.ibkr.link.market_clock import MarketClock
from bot.ibkr.link.settings import LinkSettings, chosen_account, wait_seconds

MAX_SKEW_SECONDS = 2.0
_RESTORED = {Action.LINK_UP_LOST: SyncReason.DATA_LOST, Action.LINK_UP_KEPT: SyncReason.DATA_KEPT}


class Link:
    """The connection manager. `state_changed` and `errors` are lists of listeners; `sync` and `loops` coroutine functions.

    `rng` draws the jitter. `pace` is how many seconds of patience pass in one of the wall: 1, but for tests.
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
        self.state = LinkState.DISCONNECTED
        self.generation = 0
        self.account = ""
        self.last_error: BrokerError | None = None
        self.read_only: ReadOnlyApi | None = None  # the gateway takes no orders
        self.state_changed: list[Callable[[LinkState, LinkState], None]] = []
        self.errors: list[Callable[[BrokerError], None]] = []
        self.sync: list[Callable[[SyncReason], Awaitable[None]]] = []
        self.loops: list[Callable[[], Awaitable[None]]] = []
        self.lost: Callable[[], BrokerError] = lambda: ConnectionLost("the gateway closed the connection")
        self.taps = Taps(self.report)
        self.ids: IdSource | None = None
        self._make_ids, self._rng, self._pace = ids, rng or random.Random(), pace
        self._connection: Connection | None = None
        self._events: asyncio.Queue[LinkEvent] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._running: list[asyncio.Task[None]] = []
        self._syncing: asyncio.Future[None] | None = None
        self._abort: BrokerError | None = None
        self._settled = asyncio.Event()
        self.was_ready = False
        self._id_in_use_since: float | None = None
        self.taps.listen("error", self._on_error)
        self.taps.listen("nextValidId", lambda number: self.ids and self.ids.at_least(number))
        self.taps.listen("garbled", lambda text: self.report(ProtocolError(text)))

    # ------------------------------------------------------------------ use

    @property
    def ready(self) -> bool:
        """Whether new orders may be sent. A socket may have closed in this very turn of the loop."""
        return self.state is LinkState.READY and self._connection is not None and self._connection.alive

    @property
    def connection(self) -> Connection:
        """The open connection. Raises ConnectionLost if there is none."""
        if self._connection is None or not self._connection.alive:
            raise ConnectionLost("there is no connection to the gateway")
        return self._connection

    async def start(self, timeout_seconds: float) -> None:
        """Connect and stay connected; returns once READY. Raises the reason if that fails within the timeout; then nothing runs."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="ibkr-link")
        try:
            await asyncio.wait_for(self._settled.wait(), timeout_seconds)
        except TimeoutError:
            error = self.last_error or GatewayNotResponding(f"not ready within {timeout_seconds:g} s")
            await self.stop()
            raise error from None
        if self.state is LinkState.FAILED:
            raise self.last_error or GatewayNotResponding("not ready")

    async def stop(self) -> None:
        """Hang up and forget the task. Orders stay as they are at the broker."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._close()
        self._settled.clear()
        self._set(LinkState.DISCONNECTED)

    def reconnect(self, error: BrokerError) -> None:
        """Make a new connection, because of this error; a sync that is under way ends at once."""
        if self._syncing is not None:
            self._abort = error
            self._syncing.cancel()
        else:
            self._events.put_nowait(LinkEvent(error=error))

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

    def report(self, error: BrokerError) -> None:
        """Tell every listener of an error."""
        for listener in self.errors:
            listener(error)

    # ------------------------------------------------------------- the task

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._open()
                await self._synchronise(SyncReason.CONNECTED)
                failures = 0
                await self._serve()
            except Exception as error:  # the one task must not die of what nobody foresaw
                reason = error if isinstance(error, BrokerError) else ProtocolError(f"{type(error).__name__}: {error}")
                self._fail(reason)
                if self.state is LinkState.FAILED:
                    return
                wait = wait_seconds(self.settings, reason, failures, self._rng.random())
            failures += 1
            await self.delay(wait)

    async def _open(self) -> None:
        self._set(LinkState.CONNECTING)
        self._events = asyncio.Queue()
        connection = Connection(load_ib(), self.taps, self.settings, self._on_closed)
        accounts = await connection.open()
        self._connection = connection
        self.generation += 1
        self._id_in_use_since = None
        self.account = chosen_account(self.settings, accounts)
        if self.ids is None:
            self.ids = self._make_ids(f"{self.account}:{self.settings.client_id}")
        connection.ids = self.ids
        self.ids.begin_at(connection.first_id)
        await self._read_clock(at_connect=True)

    async def _synchronise(self, reason: SyncReason) -> None:
        self._set(LinkState.SYNCING)
        self._abort = None
        self._syncing = asyncio.ensure_future(self._ask_everything(reason))
        try:
            await self._syncing
        except asyncio.CancelledError:
            if self._abort is None:
                self._syncing.cancel()
                raise
        finally:
            self._syncing = None
        if self._abort is not None:  # also if it came in the turn in which the sync ended
            raise self._abort
        if not self._running:
            self._running = [asyncio.get_running_loop().create_task(self._keep(loop)) for loop in self.loops]
        if self.state is LinkState.SYNCING:  # not if the link went down meanwhile
            self._set(LinkState.READY)

    async def _keep(self, loop: Callable[[], Awaitable[None]]) -> None:
        """A watch must not end of what nobody foresaw."""
        while True:
            try:
                return await loop()
            except Exception as error:
                self.report(ProtocolError(f"{type(error).__name__}: {error}"))
                await self.delay(1.0)

    async def _ask_everything(self, reason: SyncReason) -> None:
        for each in self.sync:
            await each(reason)

    async def _serve(self) -> None:
        while True:
            try:
                event = await asyncio.wait_for(self._events.get(), self.settings.heartbeat_seconds)
            except TimeoutError:
                await self._read_clock(at_connect=False)
                continue
            if event.error is not None:
                raise event.error
            if event.sync is None:
                self._set(LinkState.LINK_DOWN)
            else:
                await self._synchronise(event.sync)

    async def _read_clock(self, at_connect: bool) -> None:
        """The heartbeat: an answer proves that the gateway lives; its time is compared with ours."""
        answer = await self.connection.ask_named("reqCurrentTime", "currentTime")
        skew = self.clock.broker_says(answer[0][0], at_connect)
        if abs(skew) > MAX_SKEW_SECONDS:
            self.report(ClockSkew(f"the broker's clock is {skew:+.1f} s from ours"))

    # ---------------------------------------------------------------- failing

    def _fail(self, error: BrokerError) -> None:
        self._close()
        self.last_error = error
        self._set(LinkState.FAILED if self._final(error) else LinkState.DISCONNECTED)
        self.report(error)

    def _final(self, error: BrokerError) -> bool:
        """Whether trying again is no use. Once we have been READY nothing is: there may be a position to look after."""
        if self.was_ready:
            return False
        if isinstance(error, ClientIdInUse):
            now = self.seconds()
            self._id_in_use_since = self._id_in_use_since or now
            return now - self._id_in_use_since >= self.settings.id_in_use_limit_seconds
        return isinstance(error, SetupError | CompetingSession)

    def _close(self) -> None:
        for task in self._running:
            task.cancel()
        self._running = []
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _set(self, state: LinkState) -> None:
        previous, self.state = self.state, state
        self.was_ready |= state is LinkState.READY
        if state in (LinkState.READY, LinkState.FAILED):
            self._settled.set()
        if previous is not state:
            for listener in self.state_changed:
                listener(state, previous)

    # --------------------------------------------------------------- messages

    def _on_closed(self) -> None:
        self.reconnect(self.lost())

    def _on_error(self, number: int, code: int, text: str, *_: Any) -> None:
        rule = classify_system(code, text)
        if rule.action is Action.READ_ONLY:
            self.read_only = ReadOnlyApi(text, code=code)
            self.report(self.read_only)
            if not self.was_ready:
                self.reconnect(self.read_only)
        if number not in NO_LIVE_IDS:
            return
        if rule.action is Action.LINK_DOWN:
            self._events.put_nowait(LinkEvent())
            self._set(LinkState.LINK_DOWN)
        elif rule.action in _RESTORED:
            self._events.put_nowait(LinkEvent(sync=_RESTORED[rule.action]))
        elif rule.action is Action.PORT_RESET:
            self.reconnect(GatewayUnreachable(text, code=code))
        if rule.error is not None and rule.action not in (Action.ID_IN_USE, Action.PORT_RESET):
            self.report(rule.error(text, code=code))
