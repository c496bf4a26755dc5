"""The bot of a seed: the product's own node in a process of its own, so that it can hang, be killed, and run out of disk like any other.

It hears from the campaign over a pipe: ("at", frames, bar ns, seconds) is answered with a Standing once everything the gateway has sent is
dealt with, or the seconds are over; ("act", what, number) is done by the strategy at once; ("clock", seconds) sets this machine's clock on;
("stop",) ends it. It tells ("begun",), and ("over", why) at its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from broken import BUILDS
from forcer import Act, Forcer

from bot.errors import MesbotError
from bot.ibkr import session as broker_session
from bot.ibkr.config import BrokerConfig
from bot.ibkr.link.settings import LinkSettings
from bot.node.config import journal_config, node_config
from bot.node.node import MesbotNode
from bot.risk_engine.idle import waiting_in
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.units import MINUTE_NS

PACE = 5.0  # how many seconds of the adapter's patience pass in one of the wall: its "every minute" takes 12 s
START_SECONDS, POLL_SECONDS = 20.0, 0.001


class Start(NamedTuple):
    """What a process of the bot is given. `begin_ns` is market time as it starts, `broken` a build's name or ""."""

    spec: RuntimeSpec
    port: int
    begin_ns: int
    ids_path: str
    acts: tuple[Act, ...]
    broken: str = ""


class Standing(NamedTuple):
    """How far the bot is: the link's state, the kill switch's, whether anything it sent is in doubt, the last bar decided, whether
    all was dealt with, and what stands against entries."""

    link: str
    kill: str
    doubtful: bool
    bar_ns: int
    read: bool
    block: str


def run(line: Any, said: Any, start: Start) -> None:
    """The process: `line` is the pipe to the campaign, `said` takes what it prints."""
    for number in (1, 2):
        os.dup2(said.fileno(), number)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    if start.broken:
        BUILDS[start.broken]()
    why = asyncio.run(_run(line, start))
    with contextlib.suppress(OSError):
        line.send(("over", why))


async def _run(line: Any, start: Start) -> str:
    forcer = Forcer(start.acts, start.begin_ns)
    node = _node(start, forcer)
    bot = _Ear(line, node, forcer)
    asyncio.get_running_loop().add_reader(line.fileno(), bot.hear)
    try:
        await node.start(START_SECONDS)
        await node.warmed_up()
        line.send(("begun",))
        while not await node.wait(0.02):
            node.require_running()
        return ""
    except MesbotError as error:
        return str(error)
    finally:
        asyncio.get_running_loop().remove_reader(line.fileno())
        await node.withdraw()
        await node.stop()


def _node(start: Start, forcer: Forcer) -> MesbotNode:
    """The node of `mesbot paper`, with short waits of the link and the forcer in K1's place."""
    link = LinkSettings(
        port=start.port, replay=True, connect_timeout_seconds=1.0, request_timeout_seconds=1.0, heartbeat_seconds=0.5,
        backoff_seconds=(0.25, 0.5, 1.0), then_every_seconds=2.5, not_responding_seconds=2.5, id_in_use_seconds=1.0,
        messages_per_second=1_000,
    )  # fmt: skip
    broker = BrokerConfig(runtime=start.spec, link=link, ids_path=start.ids_path, warm_up_days=2, watch_seconds=0.05)
    patient = broker_session.BrokerSession
    broker_session.BrokerSession = lambda config: patient(config, pace=PACE)
    journal = journal_config(broker, mode="paper", header={}, begin="append")
    config = node_config(broker, journal, "campaign", warm_until_ns=start.begin_ns // MINUTE_NS * MINUTE_NS)
    replaced = runtime_of(start.spec).contracts.declared["K1"].kind.fully_qualified_name()
    others = [strategy for strategy in config.strategies if strategy.strategy_path != replaced]
    node = MesbotNode(msgspec.structs.replace(config, strategies=others), broker)
    node.node.trader.add_strategy(forcer)
    forcer.controller = node.risk
    node.say = print
    return node


class _Ear:
    """Answers the campaign."""

    def __init__(self, line: Any, node: MesbotNode, forcer: Forcer) -> None:
        self._line, self._node, self._forcer = line, node, forcer
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self) -> None:
        try:
            words = self._line.recv()
        except (EOFError, OSError):
            os._exit(0)  # the campaign is gone
        match words:
            case ("at", frames, bar_ns, seconds):
                task = asyncio.ensure_future(self._answer(frames, bar_ns, seconds))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case ("clock", seconds):
                _set_clock(seconds)
            case ("act", what, pick):
                self._forcer.do(what, pick)
            case ("stop",):
                self._node.stopping.set()

    async def _answer(self, frames: int, bar_ns: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not (done := self._dealt_with(frames, bar_ns)) and time.monotonic() < until:
            await asyncio.sleep(POLL_SECONDS)
        session = self._node.session
        block = session.entry_block() if self._node.node.trader.is_running else None
        self._line.send(
            Standing(
                str(session.link.state), str(self._node.risk._supervisor.kill_state), self._doubtful(), self._node.screen.last_bar_ns, done,
                "" if block is None else block.brief,
            )
        )  # fmt: skip

    def _dealt_with(self, frames: int, bar_ns: int) -> bool:
        link, kernel = self._node.session.link, self._node.node.kernel
        read = link.allows_way_out and link.connection.frames_read >= frames
        queues = waiting_in(kernel.data_engine, kernel.risk_engine, kernel.exec_engine)
        return read and queues == 0 and self._node.screen.last_bar_ns >= bar_ns

    def _doubtful(self) -> bool:
        """Whether anything that was sent is not answered for."""
        orders = self._node.session.orders.orders.values()
        sent = [order for order in orders if order.live and (not order.accepted or order.changes or order.cancel_asked)]
        return bool(sent) or any(trade.unknown for trade in self._node.risk._supervisor.trades)


def _set_clock(seconds: float) -> None:
    """Somebody sets this machine's clock on, or back; clocks that nobody sets go on."""
    wall_ns: Callable[[], int] = time.time_ns
    wall = time.time
    time.time_ns = lambda: wall_ns() + round(seconds * 1e9)
    time.time = lambda: wall() + seconds
