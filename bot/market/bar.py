"""The one-minute bar as the core sees it: integer ticks, named by its close."""

from __future__ import annotations

from typing import NamedTuple


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
