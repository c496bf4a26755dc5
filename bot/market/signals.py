"""Signals of a closed bar that need no session: no opinion, one number each (spec 3, Signals).

The same in a mirror, sign turned: they look at differences of prices only, and each formula is
odd or even in them.
"""

from __future__ import annotations

from collections import deque
from math import exp, sqrt

from bot.market.bar import Bar
from bot.market.rolling import Choppiness, Efficiency, RollingScore, TrendStrength, WilderAverage
from bot.market.state import NAN

Z_LIMIT = 3.0
MICRO_TREND_BARS = 5
VOLUME_BARS = 60
ROOT_OF_MICRO_TREND = sqrt(MICRO_TREND_BARS)


def clip(value: float, limit: float = 1.0) -> float:
    """The value within -limit..limit; nan stays nan."""
    return limit if value > limit else -limit if value < -limit else value


def logistic(value: float) -> float:
    """1 / (1 + exp(-value)), for any size of value."""
    if value >= 0.0:
        return 1.0 / (1.0 + exp(-value))
    power = exp(value)
    return power / (1.0 + power)


def true_range(bar: Bar, close_before: int | None) -> int:
    """The bar's range including the gap from the close before it, in ticks."""
    if close_before is None:
        return bar.high - bar.low
    return max(bar.high, close_before) - min(bar.low, close_before)


def rejection_wick(bar: Bar, range_ticks: int) -> float:
    """(lower wick - upper wick) / true range: -1..1, positive when lows were rejected; 0 without range."""
    if not range_ticks:
        return 0.0
    lower = (bar.open if bar.open < bar.close else bar.close) - bar.low
    upper = bar.high - (bar.open if bar.open > bar.close else bar.close)
    return (lower - upper) / range_ticks


def close_location(bar: Bar) -> float:
    """Where the bar closed: -1 at its low, 1 at its high, 0 without range."""
    height = bar.high - bar.low
    return (2 * bar.close - bar.high - bar.low) / height if height else 0.0


def per_atr(move_ticks: float, scale: float) -> float:
    """A move over its usual size, clipped to -1..1; 0 if nothing moves, nan if the size is unknown."""
    if scale == 0.0:
        return 0.0
    return clip(move_ticks / scale)


class BarSignals:
    """The signals as attributes, of the bar last given to `update`; ranges in ticks, nan while warming up.

    They run over all bars, whatever the hour. `climax` is 1.0 or 0.0, nan while it cannot be known.
    """

    __slots__ = (
        "_before", "_bodies", "_change_before", "_choppiness", "_climax_atr", "_climax_z", "_closes", "_efficiency",
        "_trend", "_volumes", "_wilder_14", "_wilder_30", "atr_14", "atr_30", "atr_30_before", "body_deviation",
        "body_impulse", "climax", "close_location", "efficiency", "micro_trend", "noise", "participation",
        "range_expansion", "rejection_wick", "trend_strength", "true_range", "volume_z",
    )  # fmt: skip

    def __init__(self, climax_atr_multiple: float, climax_volume_z: float, body_bars: int) -> None:
        self._climax_atr, self._climax_z = climax_atr_multiple, climax_volume_z
        self._before: Bar | None = None
        self._change_before: int | None = None
        self._closes: deque[int] = deque(maxlen=MICRO_TREND_BARS + 1)
        self._wilder_14, self._wilder_30 = WilderAverage(14), WilderAverage(30)
        self._trend, self._efficiency, self._choppiness = TrendStrength(30), Efficiency(20), Choppiness(10)
        self._volumes, self._bodies = RollingScore(VOLUME_BARS), RollingScore(body_bars)
        self.trend_strength = self.efficiency = self.noise = NAN

    @property
    def last_close(self) -> int | None:
        """Close of the bar last given, None before the first."""
        return self._before.close if self._before else None

    def forget_close(self) -> None:
        """The next bar is of another contract: no path leads to it from the last close."""
        self._before = self._change_before = None
        self._closes.clear()

    def update(self, bar: Bar) -> None:
        """Take a bar in and compute all signals of it."""
        before = self._before
        self.true_range = reach = true_range(bar, before.close if before else None)
        self.atr_30_before = self._wilder_30.value
        self.atr_14, self.atr_30 = self._wilder_14.update(reach), self._wilder_30.update(reach)
        if before:
            self._update_path(bar, before)
        self._update_move(bar)
        self._update_volume(bar)
        self.rejection_wick, self.close_location = rejection_wick(bar, reach), close_location(bar)
        self._before = bar

    def _update_path(self, bar: Bar, before: Bar) -> None:
        change = bar.close - before.close
        self.trend_strength = self._trend.update(bar, before)
        self.efficiency = self._efficiency.update(change)
        overlap, turns = self._choppiness.update(bar, before, change, self._change_before)
        self.noise = 0.5 * (1.0 - self.efficiency) + 0.3 * overlap + 0.2 * turns
        self._change_before = change

    def _update_move(self, bar: Bar) -> None:
        closes, body = self._closes, bar.close - bar.open
        closes.append(bar.close)
        self._bodies.update(body)
        self.body_deviation = self._bodies.deviation()
        full = len(closes) == MICRO_TREND_BARS + 1
        self.micro_trend = per_atr(bar.close - closes[0], self.atr_14 * ROOT_OF_MICRO_TREND) if full else NAN
        self.body_impulse = per_atr(body, 2.0 * self.atr_14)

    def _update_volume(self, bar: Bar) -> None:
        self._volumes.update(bar.volume)
        self.volume_z = z = self._volumes.z(Z_LIMIT)
        if z + self.atr_30 != z + self.atr_30:
            self.range_expansion = self.participation = self.climax = NAN
            return
        expansion = self.true_range / self.atr_30 if self.atr_30 else 0.0
        self.range_expansion = min(expansion * z / 2.0, 1.0) if z > 0.0 else 0.0
        self.participation = logistic(z + expansion - 1.0)
        self.climax = 1.0 if self.true_range > self._climax_atr * self.atr_14 and z > self._climax_z else 0.0
