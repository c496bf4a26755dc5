"""Where an acceptance is held: at the paper account's gateway that the environment names, or at a simulated one of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar
from bot.contracts import Contracts, load_contracts
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.gateway.source import DAYS_AHEAD, SYNTHETIC_DATE
from bot.ibkr.link.endpoint import DEFAULT_CLIENT_ID, Endpoint
from bot.market.bar import Bar
from bot.trading_hours import clock_ns

SESSIONS = 8  # of synthetic bars: the past that a drill's node looks back on
LUNCH, LUNCH_ENDS = dt.time(11, 31), dt.time(13, 25)  # when no strategy may enter
STEPS_SPEED, DRILL_SPEED = 10.0, 60.0
SIMULATED_PACE = 5.0
QUIET_TICKS = 1
LOCKSTEP_SECONDS = 30.0  # of the wall: an entry lives 90 s of a market that is sixty times as fast, also on a busy machine


@dataclass(frozen=True)
class Place:
    """A gateway, and how to be with it. `state` is the folder of journals; `pace` is the link's, `warm_up_days` the past that a drill's
    node asks for, `side_port` a simulated gateway's side channel (0: none); `hurry` lets its market run as fast as a node can follow."""

    endpoint: Endpoint
    state: Path
    pace: float = 1.0
    warm_up_days: int = 5
    side_port: int = 0
    hurry: Callable[[], None] = lambda: None


@asynccontextmanager
async def own_gateway(contracts: Path | None, make: Callable[[GatewayConfig], Gateway] = Gateway) -> AsyncIterator[Place]:
    """A simulated gateway of this process at lunch of a synthetic session; its journals end with it."""
    law = load_contracts(contracts)
    # a market that does not run away from the drill's limit, however long the node takes to send it
    config = quiet(config_at(law, SYNTHETIC_DATE, None, begin="subscribed", speed=STEPS_SPEED, lockstep_seconds=LOCKSTEP_SECONDS))
    with TemporaryDirectory(prefix="mesbot-acceptance-") as state:
        async with make(config) as gateway:
            yield _at(gateway, Path(state))


def _at(gateway: Gateway, state: Path) -> Place:
    endpoint = Endpoint("127.0.0.1", gateway.port, "", DEFAULT_CLIENT_ID)
    return Place(endpoint, state, SIMULATED_PACE, 1, gateway.side_port, lambda: gateway.side.verbs.do(f"speed {DRILL_SPEED:g}"))


def quiet(config: GatewayConfig) -> GatewayConfig:
    """The same, and from its start on no trade further than a few ticks from the last one before it."""
    still = [bar.close for bar in config.bars if bar.ts_ns <= config.start_ns][-1]
    low, high = still - QUIET_TICKS, still + QUIET_TICKS
    bars = [_within(bar, low, high) if bar.ts_ns > config.start_ns else bar for bar in config.bars]
    return replace(config, bars=bars)


def _within(bar: Bar, low: int, high: int) -> Bar:
    prices = (min(max(price, low), high) for price in (bar.open, bar.high, bar.low, bar.close))
    return Bar(bar.ts_ns, *prices, bar.volume)


def config_at(law: Contracts, date: dt.date, price: int | None, **options: object) -> GatewayConfig:
    """A gateway at lunch of a date (or as `options` say) over synthetic bars with some sessions before it, moved to where the last trade
    before its start was at `price` ticks (None: as they are)."""
    calendar = SessionCalendar(law.session, date - dt.timedelta(days=3 * SESSIONS), date + dt.timedelta(days=DAYS_AHEAD))
    days = [session.date for session in calendar.sessions if session.date <= date.isoformat()][-SESSIONS:]
    bars = synthetic_bars(1, len(days), dt.date.fromisoformat(days[0]), calendar)
    values = {"start_ns": clock_ns(date, LUNCH), "end_ns": clock_ns(date, LUNCH_ENDS), "port": 0} | options
    if price is not None:
        shift = price - [bar.close for bar in bars if bar.ts_ns <= values["start_ns"]][-1]
        bars = [_moved(bar, shift) for bar in bars]
    return GatewayConfig(bars=bars, contracts=law, calendar=calendar, **values)


def _moved(bar: Bar, ticks: int) -> Bar:
    return Bar(bar.ts_ns, bar.open + ticks, bar.high + ticks, bar.low + ticks, bar.close + ticks, bar.volume)
