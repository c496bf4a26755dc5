"""The one-minute bar as the core sees it: integer ticks, named by its close."""

from __future__ import annotations

import math
from typing import NamedTuple

from bot.units import TICK_POINTS


class Bar(NamedTuple):
    """A closed minute. `ts_ns` is its close (UTC nanoseconds); prices are whole ticks; volume is contracts."""

    ts_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int


class RawBar(NamedTuple):
    """A bar as it arrived: prices in points, anything possible (nan, off tick, inconsistent)."""

    ts_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    received_ns: int
    synthetic: bool = False


def to_ticks(price: float) -> int | None:
    """Whole ticks of a price in points; None if it is nan, infinite or off the tick."""
    if not math.isfinite(price):
        return None
    ticks = price / TICK_POINTS
    whole = round(ticks)
    return whole if abs(ticks - whole) < 1e-6 else None
