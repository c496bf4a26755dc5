"""MarketState: everything one closed bar says, computed once and handed to everybody."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from bot.calendar import Session
from bot.market.bar import Bar

NAN = float("nan")


class Regime(StrEnum):
    """The market's manner, first match in this order; UNKNOWN while a signal it needs is nan."""

    VOLATILE = "volatile"
    TRENDING = "trending"
    CHOPPY = "choppy"
    RANGE = "range"
    UNKNOWN = "unknown"


class FailedBreak(msgspec.Struct, frozen=True, gc=False):
    """A level that was broken and won back. `side` is the fade: +1 long after a broken low, -1 short."""

    side: int
    strength: float
    level_name: str
    level: int
    extreme: int


class Sweep(msgspec.Struct, frozen=True, gc=False):
    """A 20-bar extreme that was run and rejected. `side` is the reversal; prices in ticks."""

    side: int
    strength: float
    level: int
    extreme: int


class Belief(msgspec.Struct, frozen=True, gc=False):
    """One belief for one side: smoothed likelihood times applicability, and its instability, all 0..1.

    `effective` is 0 while anything it rests on is nan.
    """

    likelihood: float
    applicability: float
    effective: float
    instability: float


class MarketState(msgspec.Struct, frozen=True, gc=False):
    """One closed bar with its signals (spec 3). Prices and ranges in ticks; nan while warming up.

    `vwap` and `vwap_sigma` are in (fractional) ticks. `session` is the RTH session the bar
    closes in, None outside RTH. `session_phase` is 0..6. `beliefs` maps "F1".."F4", and those
    that strategies bring along, to (long, short), and "F5" to (noise, noise).

    `vwap` = `vwap_anchor` + `vwap_offset`: the offset from a whole tick changes sign exactly in a
    mirror, so prices derived from VWAP are rounded from it. `minute_of_session` is 1..390 for
    the bars of a full session, 0 outside. `levels` and `beliefs` are shared, and nobody can change them.
    """

    bar: Bar
    session: Session | None
    session_phase: int
    dvs: float
    eqs: float
    vwap: float
    vwap_sigma: float
    vwap_z: float
    true_range: float
    atr_14: float
    atr_30: float
    atr_norm: float
    trend_strength: float
    rejection_wick: float
    close_location: float
    micro_trend: float
    body_impulse: float
    efficiency: float
    volume_z: float
    range_expansion: float
    climax: bool
    participation: float
    noise: float
    lunch_void: bool
    volatility_shock: bool
    news_shock: bool
    spread_ticks: float
    slippage_base_ticks: int
    slippage_ticks: int
    low_5: int
    high_5: int
    prior_low_20: int
    prior_high_20: int
    failed_break: FailedBreak | None
    sweep: Sweep | None
    regime: Regime
    beliefs: Mapping[str, tuple[Belief, Belief]]
    levels: Mapping[str, int]
    warming_up: tuple[str, ...]
    vwap_anchor: int = 0
    vwap_offset: float = NAN
    minute_of_session: int = 0

    @property
    def ts_ns(self) -> int:
        """Close of the bar, UTC nanoseconds."""
        return self.bar.ts_ns

    def belief(self, name: str, side: int) -> Belief:
        """Belief `name` for side +1 (long) or -1 (short)."""
        return self.beliefs[name][0 if side > 0 else 1]
