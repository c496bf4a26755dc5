"""How fast the live node is: `make bench`. The real MesbotNode and adapter, a real socket, the simulated gateway, one process.

Order latency: synthetic days replayed as fast as the node allows. The watch starts when the gateway writes
the five-second bar that closes a minute and stops when it has read the first new order (placeOrder) that
follows: socket, adapter, data engine, quality, market, strategies, gates, risk engine, execution client, socket.
Each day is replayed twice: with its journal on the disk, followed by fsyncs of that same disk, each after writing as much as
an intent does, so that what the disk takes by itself is known from the same minutes; and with its journal in memory (tmpfs).
The processor's time is that of the one thread in which it all happens; it does not count waiting for a turn on a busy machine.

Ticks: the market runs in real time, and beside it the gateway sends bids and asks at a steady rate to a node
that has subscribed to quotes. Backlog is what waits: frames sent and not read, and Nautilus' data queue.
Absolute times are this machine's, at this moment.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.identifiers import InstrumentId

from bot.gateway import messages
from bot.gateway.config import GatewayConfig
from bot.gateway.framelog import FrameLog
from bot.gateway.gateway import Gateway
from bot.gateway.replay import Replay
from bot.journal.store import Journal
from bot.node import paper
from bot.node.node import MesbotNode
from bot.node.request import PaperRequest

ROOT = Path(__file__).resolve().parent.parent
SESSIONS = 8  # of history and the replayed day
WANTED, MOST_DAYS = 20, 30  # orders to measure, and days to look for them
GOAL_MS, GOAL_MIDDLE_MS = 3.0, 3.0  # of the 99th percentile above the disk's own, and of the median
FSYNCS, INTENT_BYTES = 40, 24 * 1024  # after each day; what the write-ahead log takes of an intent and all before it
MEMORY = Path("/dev/shm")
TICKS_PER_SECOND, BATCH_SECONDS = 2_000, 0.005
TIME_AT, ORDER_ID_AT = 3, 1  # places in a realTimeBar and in a placeOrder


class StopWatch(FrameLog):
    """Takes the time from a bar that closes a minute to the first new order after it, instead of keeping frames."""

    def __init__(self) -> None:
        super().__init__(None)
        self.orders: list[tuple[float, float, int, float]] = []  # ms in all, of them waiting for the disk, how often, and of the processor
        self._disk_ns = self._waits = self._worked_ns = 0
        self._since: int | None = None
        self._known: set[str] = set()

    def write(self, *, way: str, kind: str, fields: list[str], **_: Any) -> None:
        """A frame, in the moment it is written or has been read."""
        if (way, kind) == ("out", messages.KINDS["50"]):
            self._since = time.perf_counter_ns() if (int(fields[TIME_AT]) + 5) % 60 == 0 else None
            self._disk_ns, self._waits, self._worked_ns = 0, 0, time.thread_time_ns()
        elif (way, kind) == ("in", "placeOrder") and fields[ORDER_ID_AT] not in self._known:  # known: a stop or target is moved
            self._known.add(fields[ORDER_ID_AT])
            if self._since is not None:
                took = time.perf_counter_ns() - self._since, self._disk_ns, time.thread_time_ns() - self._worked_ns
                whole, disk, worked = (each / 1e6 for each in took)
                self.orders.append((whole, disk, self._waits, worked))
                self._since = None

    def of_disk(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """A function that waits for the disk, with its time added up."""

        def timed(*arguments: Any, **options: Any) -> Any:
            self._waits += 1
            start = time.perf_counter_ns()
            try:
                return write(*arguments, **options)
            finally:
                self._disk_ns += time.perf_counter_ns() - start

        return timed


def latencies(seed: int, where: Path | None) -> dict[str, Any]:
    """The orders of a synthetic day (StopWatch), and how many milliseconds fsyncs of the journal's disk took after it."""
    watch = StopWatch()

    class TimedGateway(Gateway):
        def __init__(self, config: GatewayConfig) -> None:
            super().__init__(config)
            self.frames = watch

    with (
        tempfile.TemporaryDirectory(dir=where) as folder,
        patch.object(paper, "Gateway", TimedGateway),
        patch.object(Journal, "flush", watch.of_disk(Journal.flush)),
        patch.object(os, "fsync", watch.of_disk(os.fsync)),
    ):
        asyncio.run(paper.replay(PaperRequest(out=Path(folder), speed=math.inf, seed=seed, sessions=SESSIONS)))
        return {"orders": watch.orders, "fsyncs": list(fsyncs(Path(folder)))}


def fsyncs(folder: Path) -> Iterator[float]:
    """Milliseconds of each of FSYNCS, within a file that has its size already, as a write-ahead log has."""
    with open(folder / "fsync", "wb+", buffering=0) as file:
        file.write(bytes(FSYNCS * INTENT_BYTES))
        os.fsync(file.fileno())
        file.seek(0)
        for _ in range(FSYNCS):
            file.write(os.urandom(INTENT_BYTES))
            start = time.perf_counter_ns()
            os.fsync(file.fileno())
            yield (time.perf_counter_ns() - start) / 1e6


class QuoteListener(Actor):
    """Counts the quotes that Nautilus hands out."""

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__(ActorConfig(component_id="QUOTES"))
        self.quotes = 0
        self._instrument_id = instrument_id

    def on_start(self) -> None:
        """Subscribe."""
        self.subscribe_quote_ticks(self._instrument_id)

    def on_quote_tick(self, _: Any) -> None:
        """Count."""
        self.quotes += 1


class QuotedNode(MesbotNode):
    """A node that also wants quotes."""

    last: QuotedNode

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.listener = QuoteListener(self.session.provider.front_id)
        self.node.trader.add_actor(self.listener)
        QuotedNode.last = self


class RunUntil(Replay):
    """The market goes on for as long as `work` does, then ends."""

    work: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Market and work side by side."""
        await self.simulation.clock.running.wait()
        market = asyncio.ensure_future(super().run())
        await self.work()
        market.cancel()
        await asyncio.gather(market, return_exceptions=True)
        self._finish()


def ticks(seconds: float) -> dict[str, Any]:
    """Ticks sent in so many seconds, and the largest backlogs seen before each batch."""
    seen: dict[str, Any] = {"sent": 0, "frames": 0, "queue": 0, "batch": 0}

    class TickGateway(Gateway):
        def __init__(self, config: GatewayConfig) -> None:
            super().__init__(config)
            self.replay = RunUntil(self, self.lockstep, on_time=self.run_script, on_end=self.say_ended)
            self.replay.work = self._pump

        async def _pump(self) -> None:
            node, session = QuotedNode.last, self.delivery.sessions[0]
            (stream,) = session.subscriptions.quotes.values()
            before, start = node.listener.quotes, time.perf_counter()
            while (gone := time.perf_counter() - start) < seconds:
                seen["frames"] = max(seen["frames"], session.frames_sent - node.session.link.connection.frames_read)
                seen["queue"] = max(seen["queue"], node.node.kernel.data_engine.data_qsize())
                due = int(gone * TICKS_PER_SECOND) - seen["sent"]
                seen["batch"] = max(seen["batch"], due)
                for number in range(seen["sent"], seen["sent"] + due):
                    kind, side = ((messages.BID, -1), (messages.ASK, 1))[number % 2]
                    price = self.marks[stream.future.con_id] + side
                    session.send(messages.tick_price(stream.request_id, kind, price, 1 + number // 2 % 90))
                seen["sent"] += due
                await asyncio.sleep(BATCH_SECONDS)
            seen["seconds"] = time.perf_counter() - start
            seen["quotes"] = node.listener.quotes - before

    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(paper, "Gateway", TickGateway),
        patch.object(paper, "MesbotNode", QuotedNode),
    ):
        asyncio.run(paper.replay(PaperRequest(out=Path(folder), speed=1.0, sessions=SESSIONS)))
    return seen


def in_own_process(option: str, value: float, *more: str) -> dict[str, Any]:
    """One measurement in a fresh interpreter."""
    command = [sys.executable, __file__, option, str(value), *more]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.splitlines()[-1])


@click.command()
@click.option("--seconds", type=float, default=60.0, show_default=True, help="How long to send ticks.")
@click.option("--orders", type=int, default=WANTED, show_default=True, help="How many orders to measure.")
@click.option("--day", type=int, help="Measure the orders of one seed's day in this process and print JSON.")
@click.option("--where", type=Path, help="The folder that the day's journal lies in; else where temporary files do.")
@click.option("--ticks-here", type=float, help="Send ticks for so many seconds in this process and print JSON.")
def main(seconds: float, orders: int, day: int | None, where: Path | None, ticks_here: float | None) -> None:
    """Print the latency of orders and the backlog under many ticks."""
    if day is not None or ticks_here is not None:
        click.echo(json.dumps(latencies(day, where) if day is not None else ticks(ticks_here)))
        return
    tell_latency(orders)
    tell_ticks(seconds)


def tell_latency(orders: int) -> None:
    """Replay days until there are so many orders, and print what they took beside the disk's own time."""
    on_disk: list[list[float]] = []
    in_memory: list[list[float]] = []
    disk: list[float] = []
    seed = 0
    while len(on_disk) < orders and seed < MOST_DAYS:
        seed += 1
        found = in_own_process("--day", seed)
        on_disk, disk = on_disk + found["orders"], disk + found["fsyncs"]
        if MEMORY.is_dir():
            in_memory += in_own_process("--day", seed, "--where", str(MEMORY))["orders"]
    click.echo(f"Five-second bar that closes a minute -> placeOrder read from the wire: {len(on_disk)} orders in {seed} synthetic days")
    if not on_disk:
        return
    whole, waiting, waits, worked = np.array(on_disk).T
    high = _told("journal on the disk, in all", whole)
    _told("of it waiting for the disk", waiting)
    _told("the rest", whole - waiting)
    _told("of all the processor's", worked)
    alone = _told(f"fsync of that disk, {len(disk)} times", np.array(disk))
    if in_memory:
        _told("journal in memory, in all", np.array(in_memory)[:, 0])
    click.echo(f"  waits for the disk before an order: {waits.mean():.1f} (goal 1)")
    click.echo(f"  p99 above the disk's own: {high - alone:.1f} ms (goal <= {GOAL_MS:.0f})")
    click.echo(f"  p50 in all: {np.median(whole):.1f} ms (goal <= {GOAL_MIDDLE_MS:.0f})")


def _told(name: str, part: np.ndarray) -> float:
    middle, high = np.percentile(part, [50, 99])
    click.echo(f"  {name:29} p50 {middle:5.1f} ms   p99 {high:5.1f} ms   most {part.max():5.1f} ms")
    return float(high)


def tell_ticks(seconds: float) -> None:
    """Send ticks for so long, and print what waited."""
    seen = in_own_process("--ticks-here", seconds)
    rate, late_ms = seen["sent"] / seen["seconds"], 1000 * seen["batch"] / TICKS_PER_SECOND
    click.echo(f"Ticks: {seen['sent']:,} in {seen['seconds']:.1f} s ({rate:,.0f}/s); {seen['quotes']:,} quotes reached a Nautilus actor")
    click.echo(
        f"  largest backlog when the next batch was due: {seen['frames']} frames on the socket, {seen['queue']} items in Nautilus' queue"
    )
    click.echo(f"  most that had come due while the process was busy: {seen['batch']} ticks ({late_ms:.0f} ms)")


if __name__ == "__main__":
    main()
