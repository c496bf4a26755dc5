"""Rolling windows over closed bars: what the signals are made of, O(1) a bar.

Prices enter as whole ticks and are summed as integers, so a value depends on the bars of its
window alone and not on how long the process has run; only Wilder's averages remember more.
Differences of prices are used, never prices, so mirrored bars give exactly mirrored values.
Every `update` returns nan until its window is full.
"""

from __future__ import annotations

from collections import deque
from math import sqrt

from bot.market.bar import Bar
from bot.market.state import NAN


class WilderAverage:
    """Wilder's moving average of true ranges in ticks: the mean of the first `period`, then 1/period of each."""

    __slots__ = ("_count", "_period", "_sum", "value")

    def __init__(self, period: int) -> None:
        self._period = period
        self._count = 0
        self._sum = 0
        self.value = NAN

    def update(self, true_range: int) -> float:
        """The average including this range; nan before `period` of them."""
        if self._count >= self._period:
            self.value += (true_range - self.value) / self._period
            return self.value
        self._count += 1
        self._sum += true_range
        if self._count == self._period:
            self.value = self._sum / self._period
        return self.value


class RollingScore:
    """How unusual a whole number is among the last `length` (itself included), population deviation."""

    __slots__ = ("_length", "_squares", "_sum", "_window")

    def __init__(self, length: int) -> None:
        self._length = length
        self._window: deque[int] = deque()
        self._sum = 0
        self._squares = 0

    @classmethod
    def of(cls, window: deque[int]) -> RollingScore:
        """The score of a window that is kept elsewhere, as long as its `maxlen` when it is full."""
        assert window.maxlen is not None
        score = cls(window.maxlen)
        for value in window:
            score.update(value)
        return score

    def update(self, value: int) -> None:
        """Take the value in and the oldest out."""
        window = self._window
        window.append(value)
        self._sum += value
        self._squares += value * value
        if len(window) > self._length:
            old = window.popleft()
            self._sum -= old
            self._squares -= old * old

    def _spread(self) -> int:
        """(length x deviation)^2, exactly."""
        return self._length * self._squares - self._sum * self._sum

    def z(self, limit: float) -> float:
        """(last - mean) / deviation, clipped to -limit..limit; 0 without deviation; nan before the window is full."""
        if len(self._window) < self._length:
            return NAN
        spread = self._spread()
        return max(-limit, min(limit, (self._length * self._window[-1] - self._sum) / sqrt(spread))) if spread else 0.0

    def deviation(self) -> float:
        """Population standard deviation of the window; nan before it is full."""
        return sqrt(self._spread()) / self._length if len(self._window) == self._length else NAN


class TrendStrength:
    """Bars with a higher high and low less bars with a lower high and low, over `length`: -1..1."""

    __slots__ = ("_length", "_steps", "_sum")

    def __init__(self, length: int) -> None:
        self._length = length
        self._steps: deque[int] = deque()
        self._sum = 0

    def update(self, bar: Bar, before: Bar) -> float:
        """The share including this bar; nan before `length` steps."""
        step = 0
        if bar.high > before.high and bar.low > before.low:
            step = 1
        elif bar.high < before.high and bar.low < before.low:
            step = -1
        steps = self._steps
        steps.append(step)
        self._sum += step
        if len(steps) > self._length:
            self._sum -= steps.popleft()
        return self._sum / self._length if len(steps) == self._length else NAN


class Efficiency:
    """Kaufman's ratio over `length` bars: net change of the close over the sum of its changes, 0..1; 0 if it never moved."""

    __slots__ = ("_changes", "_length", "_net", "_path")

    def __init__(self, length: int) -> None:
        self._length = length
        self._changes: deque[int] = deque()
        self._net = 0
        self._path = 0

    def update(self, change: int) -> float:
        """The ratio including this change of the close in ticks; nan before `length` of them."""
        changes = self._changes
        changes.append(change)
        self._net += change
        self._path += abs(change)
        if len(changes) > self._length:
            old = changes.popleft()
            self._net -= old
            self._path -= abs(old)
        if len(changes) < self._length:
            return NAN
        return abs(self._net) / self._path if self._path else 0.0


class Choppiness:
    """What noise adds to inefficiency, over `length` bars: overlap of successive ranges and changes of direction.

    The overlap of two bars is the part of the smaller range that lies in the other, 0..1 (a range
    of no width counts whole if it lies in the other). A direction change is a close that moves
    against the move before it.
    """

    __slots__ = ("_length", "_overlaps", "_turns", "_turns_sum")

    def __init__(self, length: int) -> None:
        self._length = length
        self._overlaps: deque[float] = deque(maxlen=length)
        self._turns: deque[int] = deque()
        self._turns_sum = 0

    def update(self, bar: Bar, before: Bar, change: int, change_before: int | None) -> tuple[float, float]:
        """(mean overlap, share of turns), each 0..1; nan before `length` of each."""
        shared = min(bar.high, before.high) - max(bar.low, before.low)
        smaller = min(bar.high - bar.low, before.high - before.low)
        self._overlaps.append(0.0 if shared < 0 else shared / smaller if smaller else 1.0)
        if change_before is None:
            return NAN, NAN
        turn = 1 if change * change_before < 0 else 0
        turns = self._turns
        turns.append(turn)
        self._turns_sum += turn
        if len(turns) > self._length:
            self._turns_sum -= turns.popleft()
        if len(turns) < self._length:
            return NAN, NAN
        return sum(self._overlaps) / self._length, self._turns_sum / self._length


class SessionVwap:
    """Volume-weighted mean and deviation of the typical price since the session's first bar.

    Sums are integers around the first bar's open (`anchor`), so `offset` = VWAP - anchor changes
    sign exactly in a mirror. Both are nan until a contract has traded.
    """

    __slots__ = ("_floor", "_product", "_squares", "_volume", "anchor", "offset", "sigma")

    def __init__(self, anchor: int, sigma_floor_ticks: float) -> None:
        self.anchor = anchor
        self._floor = sigma_floor_ticks
        self._volume = self._product = self._squares = 0
        self.offset = self.sigma = NAN

    def update(self, bar: Bar) -> None:
        """Take a bar of the session in."""
        triple = bar.high + bar.low + bar.close - 3 * self.anchor
        weighted = triple * bar.volume
        self._volume += bar.volume
        self._product += weighted
        self._squares += weighted * triple
        volume = self._volume
        if volume:
            self.offset = self._product / (3 * volume)
            spread = volume * self._squares - self._product * self._product
            self.sigma = max(sqrt(spread) / (3 * volume), self._floor)


class Extremes:
    """Highest high and lowest low of the bars since it was made."""

    __slots__ = ("high", "low")

    def __init__(self, bar: Bar) -> None:
        self.high, self.low = bar.high, bar.low

    def update(self, bar: Bar) -> None:
        """Take a bar in."""
        if bar.high > self.high:
            self.high = bar.high
        if bar.low < self.low:
            self.low = bar.low


class RangeWindow:
    """Highest high and lowest low of the `length` bars before the one at hand (length >= 1)."""

    __slots__ = ("_high", "_highs", "_length", "_low", "_lows", "full")

    def __init__(self, length: int) -> None:
        self._length = length
        self._highs: deque[int] = deque()
        self._lows: deque[int] = deque()
        self._high = self._low = 0
        self.full = False

    def update(self, bar: Bar) -> tuple[int, int]:
        """(high, low) before this bar, then take it in. Before the first bar: that bar's own; `full` tells."""
        highs, lows = self._highs, self._lows
        if not highs:
            self._high, self._low = bar.high, bar.low
        before = self._high, self._low
        highs.append(bar.high)
        lows.append(bar.low)
        if bar.high > self._high:
            self._high = bar.high
        if bar.low < self._low:
            self._low = bar.low
        if self.full:
            self._drop(highs.popleft(), lows.popleft())
        elif len(highs) == self._length:
            self.full = True
        return before

    def _drop(self, high: int, low: int) -> None:
        if high == self._high:  # only then can the extreme have left the window
            self._high = max(self._highs)
        if low == self._low:
            self._low = min(self._lows)


class MinuteMedians:
    """Medians of a value at each minute of the session over the last `sessions` that had this minute."""

    __slots__ = ("_by_minute", "_minimum", "_sessions")

    def __init__(self, sessions: int, minimum: int) -> None:
        self._sessions = sessions
        self._minimum = minimum
        self._by_minute: dict[int, deque[float]] = {}

    def swap(self, minute: int, value: float) -> float:
        """The median of earlier sessions (nan below the minimum of them), and keep this session's value if it is no nan."""
        values = self._by_minute.get(minute)
        if values is None:
            values = self._by_minute[minute] = deque(maxlen=self._sessions)
        median = _median(values) if len(values) >= self._minimum else NAN
        if value == value:
            values.append(value)
        return median

    def forget(self) -> None:
        """Begin anew: what was kept is of other prices."""
        self._by_minute.clear()


def _median(values: deque[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
