"""A broker session over a true socket against the simulated gateway, both on one loop. No sleeps: patience is paced."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

import pytest
from builders import CONTRACTS, ROOT, calendar

from bot.bars.synth import synthetic_bars
from bot.gateway import messages
from bot.gateway.config import GatewayConfig
from bot.gateway.error_texts import text_of
from bot.gateway.gateway import Gateway
from bot.ibkr.config import BrokerConfig
from bot.ibkr.data.minutes import Minute
from bot.ibkr.errors import BrokerError
from bot.ibkr.link.settings import LinkSettings
from bot.ibkr.orders.order_state import BrokerOrder, Draft, Fill, OrderListener
from bot.ibkr.orders.order_sync import SyncTimes
from bot.ibkr.session import BrokerSession
from bot.market.bar import Bar
from bot.quality.feed import QualityEvent
from bot.runtime.runtime import RuntimeSpec
from bot.trading_hours import clock_ns
from bot.units import SECOND_NS

DAY = dt.date(2025, 10, 2)
TEN = clock_ns(DAY, dt.time(10))
WAIT_SECONDS = 30.0
PACE = 10.0  # a minute of patience takes 6 s
TIMES = SyncTimes(unknown_seconds=10, again_seconds=2, every_seconds=60, watch_seconds=0.01)
SPEC = RuntimeSpec(str(ROOT / "contracts"), CONTRACTS.sha256, "2025-08-01", "2025-12-31", "")


@lru_cache
def synthetic() -> list[Bar]:
    """The sessions of 1 and 2 October 2025."""
    return synthetic_bars(7, 2, dt.date(2025, 10, 1), calendar())


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs a test's coroutine on a loop of its own."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


async def until(condition: Callable[[], Any], what: Callable[[], Any] | str = "", seconds: float = WAIT_SECONDS) -> Any:
    """Wait until a condition is true; its value. Fails after some seconds with what was waited for."""
    try:
        async with asyncio.timeout(seconds):
            while not (value := condition()):
                await asyncio.sleep(0.002)
            return value
    except TimeoutError:
        pytest.fail(f"waited in vain for {what() if callable(what) else what or inspect.getsource(condition).strip()}")


@dataclass
class Ear(OrderListener):
    """Everything a session says, in order: (event, order reference), and the errors."""

    events: list[tuple[str, str]] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    reasons: dict[str, BrokerError] = field(default_factory=dict)
    errors: list[BrokerError] = field(default_factory=list)
    minutes: list[Minute] = field(default_factory=list)
    quality: list[QualityEvent] = field(default_factory=list)
    charges: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def accepted(self, order: BrokerOrder) -> None:
        self.events.append(("accepted", order.ref))

    def rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        self.events.append(("rejected", order.ref))
        self.reasons[order.ref] = error

    def canceled(self, order: BrokerOrder) -> None:
        self.events.append(("canceled", order.ref))

    def expired(self, order: BrokerOrder) -> None:
        self.events.append(("expired", order.ref))

    def updated(self, order: BrokerOrder) -> None:
        self.events.append(("updated", order.ref))

    def modify_rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        self.events.append(("modify_rejected", order.ref))
        self.reasons[order.ref] = error

    def cancel_rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        self.events.append(("cancel_rejected", order.ref))
        self.reasons[order.ref] = error

    def filled(self, order: BrokerOrder, fill: Fill) -> None:
        self.events.append(("filled", order.ref))
        self.fills.append(fill)

    def corrected(self, order: BrokerOrder, old: Fill, new: Fill) -> None:
        self.events.append(("corrected", order.ref))

    def commissioned(self, order: BrokerOrder, fill: Fill) -> None:
        self.events.append(("commissioned", order.ref))

    def of(self, ref: str) -> list[str]:
        """What happened to one order."""
        return [event for event, name in self.events if name == ref]

    def heard(self, kind: type[BrokerError]) -> BrokerError | None:
        """The first error of a kind."""
        return next((error for error in self.errors if isinstance(error, kind)), None)


@dataclass
class Rig:
    """A gateway, a session on it, and what the session said."""

    gateway: Gateway
    session: BrokerSession
    ear: Ear

    async def do(self, words: str) -> Any:
        """A fault or command of the gateway."""
        result = self.gateway.side.verbs.do(words)
        return await result if inspect.isawaitable(result) else result

    def place(self, *drafts: Draft) -> None:
        """Send orders in the front month."""
        self.session.orders.place(self.session.provider.front.con_id, list(drafts))

    async def working(self, *refs: str) -> None:
        """Wait until orders are accepted."""
        await until(lambda: all("accepted" in self.ear.of(ref) for ref in refs), lambda: (refs, self.ear))

    def tell(self, request_id: int, code: int) -> None:
        """An error about a request; the verb `err` takes no ids as high as ours."""
        for session in self.gateway.delivery.sessions:
            session.send(messages.error(request_id, code, text_of(code)))

    def truth(self) -> list[Any]:
        """The orders that are open at the broker."""
        return self.gateway.broker.open_orders()

    def refs(self) -> list[str]:
        """Their references."""
        return [order.request.order_ref for order in self.truth()]

    @property
    def price(self) -> float:
        """The last price, points."""
        return self.gateway.marks[self.session.provider.front.con_id] * 0.25


def gateway_config(**changes: Any) -> GatewayConfig:
    """A gateway at 2025-10-02 10:00 New York whose clock stands until told."""
    values: dict[str, Any] = dict(
        bars=synthetic(), start_ns=TEN, end_ns=clock_ns(DAY, dt.time(16)), contracts=CONTRACTS, calendar=calendar(), seed=1,
        speed=float("inf"), begin="told", port=0,
    )  # fmt: skip
    return GatewayConfig(**(values | changes))


def link_settings(port: int, **changes: Any) -> LinkSettings:
    """Short timeouts, no other change."""
    values: dict[str, Any] = dict(port=port, replay=True, connect_timeout_seconds=0.3, request_timeout_seconds=1.0, heartbeat_seconds=0.2)
    return LinkSettings(**(values | changes))


def new_session(
    port: int, ear: Ear, ids_path: Path | None = None, pace: float = PACE, broker: dict[str, Any] | None = None, **changes: Any
) -> BrokerSession:
    """A session that is not started; `broker` changes the broker's configuration, `changes` the link settings."""
    config = BrokerConfig(
        link=link_settings(port, **changes),
        ids_path=None if ids_path is None else str(ids_path),
        **({"runtime": SPEC, "start_timeout_seconds": 3.0, "watch_seconds": 0.01} | (broker or {})),
    )
    session = BrokerSession(config, random.Random(1), pace, TIMES)
    session.orders.listener = ear
    session.link.errors.append(ear.errors.append)
    session.link.state_changed.append(lambda state, _: ear.states.append(str(state)))
    session.feed.on_minute, session.feed.on_quality = ear.minutes.append, ear.quality.append
    session.charge = lambda event, _, ref: ear.charges.append(event)
    session.positions.book = lambda: sum(fill.side * fill.quantity for fill in ear.fills)
    return session


class Situations:
    """The rows of the acceptance table that a file shows, by number; several tests may show one."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, str, Callable[[], Coroutine[Any, Any, None]]]] = []

    def __call__(self, number: int) -> Callable[..., Any]:
        """Register a coroutine function under its row's number."""

        def register(function: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], Coroutine[Any, Any, None]]:
            self.shown.append((number, function.__name__, function))
            return function

        return register

    def parametrize(self) -> pytest.MarkDecorator:
        """For the one test function of the file."""
        return pytest.mark.parametrize("show", [pytest.param(show, id=f"{number:02d}-{name}") for number, name, show in self.shown])


@asynccontextmanager
async def rig(gateway_changes: dict[str, Any] | None = None, script: tuple[str, ...] = (), **changes: Any) -> AsyncIterator[Rig]:
    """A started session; `script` faults are set before it connects."""
    async with Gateway(gateway_config(**(gateway_changes or {}))) as gateway:
        ear = Ear()
        rigged = Rig(gateway, new_session(gateway.port, ear, **changes), ear)
        for words in script:
            await rigged.do(words)
        await rigged.session.start()
        try:
            yield rigged
        finally:
            await rigged.session.stop()


def bracket(price: float, name: str = "B", quantity: int = 1, seconds: int = 3600) -> list[Draft]:
    """A long bracket: limit entry at `price`, stop 2 points below, target 4 above."""
    return [
        Draft(f"{name}-E", "BUY", quantity, "LMT", limit=price, good_till_ns=TEN + seconds * SECOND_NS),
        Draft(f"{name}-S", "SELL", quantity, "STP", stop=price - 2.0, parent_ref=f"{name}-E"),
        Draft(f"{name}-T", "SELL", quantity, "LMT", limit=price + 4.0, parent_ref=f"{name}-E"),
    ]
