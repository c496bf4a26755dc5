"""A gateway on free ports over two synthetic sessions, a side channel client, and an ib_insync client. No sleeps."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import lru_cache, wraps
from typing import Any

import pytest
from builders import CONTRACTS, calendar

from bot.bars.synth import synthetic_bars
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.market.bar import Bar
from bot.trading_hours import clock_ns

DAY = dt.date(2025, 10, 2)
WAIT_SECONDS = 5.0


@lru_cache
def synthetic() -> list[Bar]:
    """The sessions of 1 and 2 October 2025."""
    return synthetic_bars(7, 2, dt.date(2025, 10, 1), calendar())


@asynccontextmanager
async def running(**changes: Any) -> AsyncIterator[Gateway]:
    """A gateway at 2025-10-02 10:00 New York whose clock stands until told; `changes` replace configuration."""
    values: dict[str, Any] = dict(
        bars=synthetic(), start_ns=clock_ns(DAY, dt.time(10)), end_ns=clock_ns(DAY, dt.time(16)), contracts=CONTRACTS,
        calendar=calendar(), seed=1, speed=float("inf"), begin="told", port=0,
    )  # fmt: skip
    async with Gateway(GatewayConfig(**(values | changes))) as gateway:
        yield gateway


async def until(condition: Callable[[], Any], what: str = "") -> Any:
    """Wait until a condition is true; its value. Fails after some seconds with what was waited for."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not (value := condition()):
                await asyncio.sleep(0.001)
            return value
    except TimeoutError:
        pytest.fail(f"waited in vain for {what or condition.__name__}")


@asynccontextmanager
async def insync(gateway: Gateway, client_id: int = 1, **options: Any) -> AsyncIterator[Any]:
    """A connected ib_insync client."""
    ib = new_ib()
    await ib.connectAsync("127.0.0.1", gateway.port, clientId=client_id, timeout=WAIT_SECONDS, **options)
    try:
        yield ib
    finally:
        ib.disconnect()


def new_ib() -> Any:
    """An unconnected ib_insync client on the running loop."""
    asyncio.set_event_loop(asyncio.get_running_loop())
    import ib_insync

    return ib_insync.IB()


class Side:
    """A client of the side channel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._asked = 0
        self._events: list[dict[str, Any]] = []

    async def ask(self, **request: Any) -> dict[str, Any]:
        """One request, its answer."""
        self._asked += 1
        self.send(id=self._asked, **request)
        while (answer := await self._line()).get("id") != self._asked:
            self._events.append(answer)
        return answer

    async def do(self, words: str) -> dict[str, Any]:
        """A verb; it must be taken."""
        answer = await self.ask(do=words)
        assert answer["ok"], answer
        return answer

    async def truth(self) -> dict[str, Any]:
        """What the broker knows."""
        return await self.ask(ask="truth")

    def send(self, **request: Any) -> None:
        """One line."""
        self._writer.write(json.dumps(request).encode() + b"\n")

    async def next_event(self) -> dict[str, Any]:
        """The next event."""
        return self._events.pop(0) if self._events else await self._line()

    async def _line(self) -> dict[str, Any]:
        return json.loads(await asyncio.wait_for(self._reader.readline(), WAIT_SECONDS))

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@asynccontextmanager
async def side_of(gateway: Gateway) -> AsyncIterator[Side]:
    """A connected side channel client."""
    side = Side(*await asyncio.open_connection("127.0.0.1", gateway.side_port))
    try:
        yield side
    finally:
        side.close()


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs a test's coroutine on a loop of its own."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run
