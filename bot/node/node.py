"""A TradingNode with mesbot's clients and components: the same actors, strategies and risk engine as a backtest."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from nautilus_trader.config import (
    LiveDataEngineConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode

from actors.config import RuntimeActorConfig
from bot.assembly import assemble
from bot.backtest.instrument import minute_bars
from bot.calendar import new_york
from bot.decision.plan import ExitReason
from bot.errors import MesbotError
from bot.ibkr.config import BrokerConfig, IbkrDataClientConfig, IbkrExecClientConfig
from bot.ibkr.factories import IbkrDataClientFactory, IbkrExecClientFactory
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.session import BrokerSession, session_of
from bot.journal.store import Journal
from bot.messages import ENDPOINT_RISK_CLOSE, ENDPOINT_RISK_KILL, ENDPOINT_RISK_WITHDRAW, TOPIC_BEGIN, TOPIC_KILL, TOPIC_TIME, CloseTrade
from bot.node.overdue import flatten_overdue
from bot.node.screen import Glance
from bot.node.screen_actor import ScreenActor
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.units import MINUTE_NS

CLIENT = "IBKR"
START_SECONDS = 90.0
WARM_UP_SECONDS = 600.0
WITHDRAW_SECONDS = 5.0
POLL_SECONDS = 0.05
LAST_TROUBLES, REPEAT_SECONDS = 100, 60.0


class NodeError(MesbotError):
    """The node could not start in time, or stopped by itself; the text says why."""


class MesbotNode:
    """One live node on the running event loop. A node cannot be started twice.

    `say` takes lines for a person: trouble with the broker, and each step of the kill switch.
    """

    def __init__(self, spec: RuntimeSpec, broker: BrokerConfig, open_journal: Callable[[], Journal], heading: str) -> None:
        loop = asyncio.get_running_loop()
        self._calendar = runtime_of(spec).calendar
        self.session: BrokerSession = session_of(loop, broker)
        self.say: Callable[[str], None] = lambda _: None
        self._troubles: deque[str] = deque(maxlen=LAST_TROUBLES)
        self._said: dict[str, float] = {}
        self.session.link.errors.append(lambda error: self._on_trouble(str(error)))
        self.session.link.state_changed.append(self._on_link)
        self.node = TradingNode(_config(broker), loop=loop)
        self.node.add_data_client_factory(CLIENT, IbkrDataClientFactory)
        self.node.add_exec_client_factory(CLIENT, IbkrExecClientFactory)
        bar_type = minute_bars(self.session.provider.front_id)
        self.risk, self.journal = assemble(self.node.kernel, spec, bar_type, open_journal, live=True)
        self.screen = ScreenActor(RuntimeActorConfig(component_id="SCREEN", runtime=spec, bar_type=bar_type), heading)
        self.node.trader.add_actor(self.screen)
        self.screen.glance.trouble = self._block
        self.node.kernel.msgbus.subscribe(TOPIC_KILL, lambda update: self._tell(f"Kill switch {update.state}: {update.reason}."))
        self.session.clock.told.append(lambda ts_ns: self.node.kernel.msgbus.publish(TOPIC_TIME, ts_ns))
        self.node.build()
        self.stopping = asyncio.Event()  # a person or the system wants us to end
        self._running: asyncio.Future[Any] | None = None
        if sys.platform != "win32":  # in place of Nautilus' own, which stop the node under our feet
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.stopping.set)

    async def start(self, seconds: float = START_SECONDS) -> None:
        """Connect, reconcile and start. Raises NodeError with the reason if the trader does not run in time."""
        self._running = asyncio.ensure_future(self.node.run_async())
        try:
            async with asyncio.timeout(seconds):
                while not self.node.trader.is_running:
                    self._require_start()
                    if self._running.done():
                        raise NodeError(self._why("The node ended while starting"))
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise NodeError(self._why(f"The node did not start within {seconds:.0f} s")) from None

    async def warmed_up(self, until_ns: int, show: Callable[[Glance], None] | None) -> None:
        """Wait until the minutes that close up to `until_ns` (UTC ns) are understood. Raises NodeError if history does not come.

        Then decisions begin, with the next minute to close: what closed meanwhile is history, and its spread was not seen.
        What the start has made stays for the life of the node, so the garbage collector need not look at it again and again.
        """
        try:
            async with asyncio.timeout(WARM_UP_SECONDS):
                while self.session.feed.flow.last_ns < until_ns or not self.idle():
                    if show is not None:
                        show(self.screen.glance)
                    self._require_start()
                    self.require_running()
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise NodeError(self._why(f"History did not arrive within {WARM_UP_SECONDS:.0f} s")) from None
        gc.collect()
        gc.freeze()
        self.node.kernel.msgbus.publish(TOPIC_BEGIN, self.session.clock.now_ns() // MINUTE_NS * MINUTE_NS + MINUTE_NS)

    def require_running(self) -> None:
        """Raises NodeError with the reason if the node has stopped by itself."""
        if not self.node.trader.is_running:
            raise NodeError(self._why("The node stopped by itself"))

    async def wait(self, seconds: float) -> bool:
        """Let so much time of the wall pass, or less if somebody wants us to end; whether they do."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
        return self.stopping.is_set()

    def _on_trouble(self, text: str) -> None:
        """Tell it once in a while, however often it comes."""
        self._troubles.append(text)
        now = time.monotonic()
        self._said = {said: when for said, when in self._said.items() if now - when < REPEAT_SECONDS}
        if text not in self._said and self.node.trader.is_running:  # a start that fails says why itself
            self._said[text] = now
            self._tell(text)

    def _on_link(self, state: LinkState, _previous: LinkState) -> None:
        if state is LinkState.READY and self.session.link.generation > 1:
            self._tell("The connection is ready again.")

    def _tell(self, text: str) -> None:
        self.say(f"{new_york(self.session.clock.now_ns()):%H:%M:%S}  {text}")

    def _block(self) -> str:
        block = self.session.entry_block() if self.node.trader.is_running else None
        return "" if block is None else block.brief

    def _require_start(self) -> None:
        if self.session.start_error is not None:
            raise NodeError(f"The node cannot start. {self.session.start_error}")
        if self.stopping.is_set():
            raise NodeError("Stopped before the node was ready; nothing was sent.")

    def kill(self, reason: str) -> None:
        """A person trips the kill switch."""
        self.node.kernel.msgbus.send(ENDPOINT_RISK_KILL, reason)

    def leave_overdue(self) -> None:
        """Close what is held past the session's flatten time, when no bar has. On a replay only the tape decides that."""
        clock = self.session.clock
        if clock.replay or not self.session.link.ready or not flatten_overdue(self._calendar, clock.now_ns()):
            return
        for trade in self.risk.open_trades():
            if not trade.closing:
                request = CloseTrade(trade.trade_id, ExitReason.SESSION, "the session's flatten time has passed without a bar")
                self.node.kernel.msgbus.send(ENDPOINT_RISK_CLOSE, request)

    async def withdraw(self, seconds: float = WITHDRAW_SECONDS) -> None:
        """Cancel entries that still work; positions keep their stops and targets. Waits for the broker's word, not for ever."""
        self.node.kernel.msgbus.send(ENDPOINT_RISK_WITHDRAW, "the run ends")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.idle() or self.risk.unsettled_orders():
                    await asyncio.sleep(POLL_SECONDS)

    async def stop(self) -> str:
        """Stop, close the journal and let go of the loop; returns the head hash."""
        gc.unfreeze()
        await self.node.stop_async()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self.node.kernel.executor is not None:
            self.node.kernel.executor.shutdown(wait=False, cancel_futures=True)
        return self.journal.close()

    def idle(self) -> bool:
        """Whether no command, event or data item waits in any of Nautilus' queues, and the broker has answered for every order."""
        kernel = self.node.kernel
        data, risk, execution = kernel.data_engine, kernel.risk_engine, kernel.exec_engine
        waiting = (
            data.cmd_qsize() + data.req_qsize() + data.res_qsize() + data.data_qsize()
            + risk.cmd_qsize() + risk.evt_qsize()
            + execution.cmd_qsize() + execution.evt_qsize()
        )  # fmt: skip
        # An order that is neither open nor closed is on its way to the client, or to the broker and back.
        return waiting == 0 and all((order.is_open or order.is_closed) and not order.is_inflight for order in kernel.cache.orders())

    def has_dealt_with(self, barrier: dict[str, Any]) -> bool:
        """Whether everything before a barrier of the gateway's lockstep is read, decided and acknowledged."""
        link = self.session.link
        read = not link.ready or link.connection.frames_read >= barrier["frames"].get(str(link.settings.client_id), 0)
        decided = "minute" not in barrier["reasons"] or self.screen.last_bar_ns >= barrier["ts_ns"]
        return read and decided and self.idle()

    def _why(self, what: str) -> str:
        cause = self._troubles[-1] if self._troubles else "no error was told; look at the node's log"
        return f"{what}: {cause}"


def _config(broker: BrokerConfig) -> TradingNodeConfig:
    """Reconciliation is the adapter's own (bot.ibkr.recovery, order_sync); Nautilus' would invent orders for what it does not know."""
    return TradingNodeConfig(
        trader_id="MESBOT-001",
        logging=LoggingConfig(log_level="ERROR", log_colors=sys.stderr.isatty() and not os.environ.get("NO_COLOR")),
        data_engine=LiveDataEngineConfig(graceful_shutdown_on_exception=True),
        risk_engine=LiveRiskEngineConfig(bypass=False, graceful_shutdown_on_exception=True),
        exec_engine=LiveExecEngineConfig(reconciliation=False, inflight_check_interval_ms=0, graceful_shutdown_on_exception=True),
        data_clients={CLIENT: IbkrDataClientConfig(broker=broker)},
        exec_clients={CLIENT: IbkrExecClientConfig(broker=broker)},
        timeout_connection=broker.start_timeout_seconds + 5.0,  # the session names its reason first
        timeout_reconciliation=30.0,
        timeout_portfolio=10.0,
        timeout_disconnection=5.0,
        timeout_post_stop=0.2,
    )
