"""A TradingNode with mesbot's clients and components: the same actors, strategies and risk engine as a backtest."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from nautilus_trader.common.component import remove_instance_component_clocks
from nautilus_trader.common.executor import ActorExecutor
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode

from actors.journal import JournalActor
from bot.calendar import new_york
from bot.errors import MesbotError
from bot.ibkr.config import BrokerConfig
from bot.ibkr.data.market_data import PAST
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.session import BrokerSession, session_of
from bot.messages import ENDPOINT_RISK_KILL, ENDPOINT_RISK_WITHDRAW, TOPIC_KILL
from bot.node.desk_actor import DeskActor
from bot.node.errors import NodeError, NodeStopped
from bot.node.output import unbroken
from bot.node.screen import Glance
from bot.node.screen_actor import ScreenActor
from bot.risk_engine.controller import RiskController

START_SECONDS = 90.0
WITHDRAW_SECONDS = 5.0
POLL_SECONDS = 0.05
LAST_TROUBLES, REPEAT_SECONDS = 100, 60.0
WAITS_FOR_WORK = ActorExecutor._worker.__qualname__  # one task a part, of one live node a process


class MesbotNode:
    """One live node on the running event loop. A node cannot be started twice.

    It is what Nautilus makes of the configuration; here is what the owner of a terminal wants besides. `say` takes lines for a
    person: trouble with the broker. `stopping`: a person, the system or the run itself wants to end; nodes that follow each other
    in one run share it.
    """

    def __init__(self, config: TradingNodeConfig, broker: BrokerConfig, stopping: asyncio.Event | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.session: BrokerSession = session_of(loop, broker)
        self.say: Callable[[str], None] = lambda _: None
        self.stopping = asyncio.Event() if stopping is None else stopping
        self._troubles: deque[str] = deque(maxlen=LAST_TROUBLES)
        self._said: dict[str, float] = {}
        self._running: asyncio.Future[Any] | None = None
        self.session.link.errors.append(lambda error: self._on_trouble(str(error)))
        self.session.link.state_changed.append(self._on_link)
        self.node = TradingNode(config, loop=loop)
        self.risk: RiskController = self.node.kernel._controller
        parts = {getattr(actor, "part", ""): actor for actor in self.node.trader.actors()}
        self.journal: JournalActor = parts[JournalActor.part]
        self.screen: ScreenActor = parts[ScreenActor.part]
        self.desk: DeskActor = parts[DeskActor.part]
        self.screen.glance.trouble = self._block
        self.desk.owned_by(self.stopping.set)
        self.desk.say = self._tell
        self.node.build()
        if sys.platform != "win32":  # in place of all of Nautilus' own, which stop the node under our feet, and keep it
            closed = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)  # a window; nohup wants none of it
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGABRT, *closed):
                loop.add_signal_handler(number, self.stopping.set)

    def tell_kills(self) -> None:
        """Say each step of the kill switch: for who sees no glance."""
        told = self.desk.said.only(TOPIC_KILL, lambda update: self._tell(f"Kill switch {update.state}: {update.told}."))
        self.node.kernel.msgbus.subscribe(TOPIC_KILL, told)

    async def start(self, seconds: float = START_SECONDS) -> None:
        """Connect, reconcile and start; what of the broker's side is not told is said. Raises NodeError with the reason if the trader
        does not run in time.
        """
        self.desk.watchdog.begin()
        self._running = asyncio.ensure_future(self.node.run_async())
        try:
            async with asyncio.timeout(seconds):
                while not self.node.trader.is_running:
                    self._require_start()
                    if self._running.done():
                        raise self._refusal()
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise NodeError(self._why(f"The node did not start within {seconds:.0f} s")) from None
        link = self.session.link
        if (block := link.why_no_entries()) is not None and link.state is LinkState.DEGRADED:
            self._on_trouble(str(block))

    async def warmed_up(self, show: Callable[[Glance], None] | None = None) -> None:
        """Wait until history is understood and decisions have begun, or until it is missing: then they begin once it has come.

        Raises NodeError if the start ends before.
        """
        while not (self.desk.begun.is_set() or PAST in self.session.link.questions.missing):
            if show is not None:
                show(self.screen.glance)
            self.require_running()
            self._require_start()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.desk.begun.wait(), POLL_SECONDS)

    def require_running(self) -> None:
        """Raises NodeError with the reason if the node cannot go on, or has stopped by itself."""
        if self.desk.failure is not None:
            raise self.desk.failure
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

    def _on_link(self, state: LinkState, previous: LinkState) -> None:
        """Trouble is told by its error; here, that it is over. A start tells nothing of it but what is missing at its end."""
        over = self.desk.begun.is_set() or previous is LinkState.DEGRADED
        if state is LinkState.SYNCED and over and self.node.trader.is_running:
            self._tell("The link is SYNCED again: entries are possible.")
        elif state is LinkState.CONNECTED and not previous.allows_way_out and self.node.trader.is_running:
            self._tell("The link is CONNECTED again: what waited goes out, and everything is asked for anew.")

    def _tell(self, text: str) -> None:
        unbroken(self.say)(f"{new_york(self.session.clock.now_ns()):%H:%M:%S}  {text}")

    def _block(self) -> str:
        block = self.session.entry_block() if self.node.trader.is_running else None
        return "" if block is None else block.brief

    def _require_start(self) -> None:
        if self.session.start_error is not None:
            raise NodeError(f"The node cannot start. {self.session.start_error.told}")
        if self.stopping.is_set():
            raise NodeStopped("Stopped before the node was ready; nothing was sent.")

    def kill(self, reason: str) -> None:
        """A person trips the kill switch."""
        self.node.kernel.msgbus.send(ENDPOINT_RISK_KILL, reason)

    async def withdraw(self, seconds: float = WITHDRAW_SECONDS) -> None:
        """Cancel entries that still work; positions keep their stops and targets. Waits for the broker's word, not for ever."""
        self.node.kernel.msgbus.send(ENDPOINT_RISK_WITHDRAW, "the run ends")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.risk.idle() or self.risk.unsettled_orders():
                    await asyncio.sleep(POLL_SECONDS)

    async def stop(self) -> str:
        """Stop, close the journal and let go of the loop; returns the head hash."""
        await self.node.stop_async()
        self.desk.watchdog.end()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self.node.kernel.executor is not None:
            self.node.kernel.executor.shutdown(wait=False, cancel_futures=True)
        try:
            return self.journal.close()
        finally:
            _let_go(self.node.kernel)

    def _refusal(self) -> MesbotError:
        """Why the start ended: what a part has refused it for, or what the broker said last."""
        error = None if self._running.cancelled() else self._running.exception()
        return error if isinstance(error, MesbotError) else NodeError(self._why("The node ended while starting"))

    def _why(self, what: str) -> str:
        cause = self._troubles[-1] if self._troubles else "no error was told; look at the node's log"
        return f"{what}: {cause}"


def _let_go(kernel: Any) -> None:
    """Take the parts of an ended node from what Nautilus keeps outside Python or for the life of the process: clocks their handlers, the
    message bus arrays of subscriptions, tasks that wait for work. No garbage collector looks there, so that each node would stay in memory.
    """
    parts = (*kernel.trader.actors(), *kernel.trader.strategies(), kernel._controller)
    for clock in (kernel.clock, *(part.clock for part in parts)):
        clock.cancel_callbacks()
        clock.cancel_default_handler()
    remove_instance_component_clocks(kernel.instance_id)
    for task in asyncio.all_tasks():
        if task.get_coro().__qualname__ == WAITS_FOR_WORK:
            task.cancel()
    kernel.msgbus.dispose()
