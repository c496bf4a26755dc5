"""What is said of a bar: its quality, and what it was understood to be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from bot.market.bar import Bar
from bot.market.state import MarketState


class QualityUpdate(msgspec.Struct, frozen=True, gc=False):
    """A bar has been scored. `bar` is None if it was rejected; `dvs` is nan while UNKNOWN.

    `hole`: bars had stopped before it, for longer than a gap (bot.quality.dvs.HOLE_GAPS). `new_level` is its open over the last
    believed close where another price level begins with it, `roll` where another contract does; else 0. `passed` are believed bars of a
    closed market since the update before, of which nothing else is said: they leave their mark on the signals alone (bot.backtest.idle).
    """

    ts_ns: int
    raw_prices: tuple[float, float, float, float]
    volume: int
    bar: Bar | None
    dvs: float
    own_dvs: float
    dvs_events: tuple[tuple[str, float], ...]
    eqs: float
    eqs_parts: tuple[tuple[str, float], ...]
    hole: bool = False
    new_level: float = 0.0
    roll: float = 0.0
    passed: tuple[Bar, ...] = ()


class MarketUpdate(msgspec.Struct, frozen=True, gc=False):
    """A bar has been understood. On a rejected bar `state` is the last good one (None before the first).

    `faults` says, by belief, what the evidence function of a strategy did wrong on this bar; that belief is closed.
    """

    quality: QualityUpdate
    state: MarketState | None
    faults: Mapping[str, str] = MappingProxyType({})
