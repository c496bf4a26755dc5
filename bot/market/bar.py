"""The one-minute bar as the core sees it: integer ticks, named by its close."""

from __future__ import annotations

from typing import NamedTuple

from bot.units import whole_ticks


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


def in_ticks(raw: RawBar) -> Bar | None:
    """The bar in whole ticks; None if it is impossible in itself."""
    first, high, low, close = whole_ticks(raw.open), whole_ticks(raw.high), whole_ticks(raw.low), whole_ticks(raw.close)
    if first is None or high is None or low is None or close is None:
        return None
    volume = raw.volume
    if not (0 < low <= first <= high and low <= close <= high and 0 <= volume < float("inf") and volume == int(volume)):
        return None
    return Bar(raw.ts_ns, first, high, low, close, int(volume))
