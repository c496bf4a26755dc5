"""The one-minute bar as the core sees it: integer ticks, named by its close."""

from __future__ import annotations

from typing import NamedTuple

from bot.units import to_points, to_ticks, whole_ticks

INFINITE = float("inf")


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
    ts_ns, first, high, low, close, volume, _, _ = raw
    first, high, low, close = to_ticks(first), to_ticks(high), to_ticks(low), to_ticks(close)
    if not (first.is_integer() and high.is_integer() and low.is_integer() and close.is_integer()):  # nor are nan and infinity
        return _nearly_in_ticks(raw)
    if not (0.0 < low <= first <= high and low <= close <= high and 0.0 <= volume < INFINITE and volume == int(volume)):
        return None
    return Bar(ts_ns, int(first), int(high), int(low), int(close), int(volume))


def _nearly_in_ticks(raw: RawBar) -> Bar | None:
    """A bar with a price that is not on its tick to the last bit, if at all."""
    ticks = [whole_ticks(points) for points in (raw.open, raw.high, raw.low, raw.close)]
    if None in ticks:
        return None
    return in_ticks(raw._replace(**dict(zip(("open", "high", "low", "close"), map(to_points, ticks), strict=True))))
