"""Price levels of a session, breaks of them that fail, and sweeps of recent extremes (spec 3, Levels).

A level is the edge of a range: highs break upward, lows downward, and "inside" is the other
side of the price, the price itself not included. Everything is in whole ticks and restarts at
the RTH open.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from bot.contracts.models import SignalsLaw, SweepLaw
from bot.market.bar import Bar
from bot.market.rolling import Extremes, RangeWindow
from bot.market.state import FailedBreak, Sweep

FAINTEST = 2.0**-6  # an event halved so often moves no belief any more and is dropped
NO_LEVELS: dict[str, int] = {}


class Level:
    """One level: its price, how many bars came near it, and its break if one is under way.

    `side` is +1 for a high, -1 for a low. `last_break_ns` is the close of the bar that last broke
    it, 0 if none. A level that moves (VWAP bands) is judged at the price it had before the
    bar, and stands still in `broken_price` while a break is under way. A level on whose
    outer side the market already is counts as broken long ago: it must be won back first.
    """

    __slots__ = (
        "_max_bars", "_min_break", "_outside", "_touch", "age_bars", "broken_price", "extreme", "last_break_ns",
        "name", "price", "side", "touches",
    )  # fmt: skip

    def __init__(self, name: str, side: int, price: int, close: int, signals: SignalsLaw) -> None:
        self.name, self.side, self.price = name, side, price
        self._min_break, self._max_bars = signals.failed_break.min_break_ticks, signals.failed_break.max_bars
        self._touch = signals.levels.touch_ticks
        self._outside = (close - price) * side > 0
        self.touches = self.last_break_ns = 0
        self.age_bars = -1  # bars since the one that broke it; negative: no break under way
        self.broken_price = self.extreme = price

    def update(self, bar: Bar) -> FailedBreak | None:
        """Follow the level through a bar; the failed break if this bar closes back inside in time."""
        _, _, high, low, close, _ = bar
        side, price = self.side, self.price
        if low - self._touch <= price <= high + self._touch:
            self.touches += 1
        reach = high if side > 0 else low
        if self.age_bars >= 0:
            return self._follow(bar, reach)
        if self._outside:
            self._outside = (close - price) * side >= 0
        elif (reach - price) * side >= self._min_break:
            self.broken_price, self.extreme, self.last_break_ns = price, reach, bar.ts_ns
            return self._follow(bar, reach)
        return None

    def _follow(self, bar: Bar, reach: int) -> FailedBreak | None:
        side, price = self.side, self.broken_price
        self.age_bars += 1
        if (reach - self.extreme) * side > 0:
            self.extreme = reach
        if (price - bar.close) * side > 0:
            self.age_bars = -1
            return FailedBreak(-side, 1.0, self.name, price, self.extreme)
        if self.age_bars >= self._max_bars:  # it held: no failed break any more
            self.age_bars, self._outside = -1, True
        return None


class LevelBook:
    """The levels of the running session and the newest failed break of any of them."""

    def __init__(self, signals: SignalsLaw) -> None:
        self._signals = signals
        self._band = signals.levels.vwap_band_sigma
        self._levels: dict[str, Level] = {}
        self.prices = NO_LEVELS  # by name; replaced when one moves, never changed
        self._newest: FailedBreak | None = None

    def restart(self, prior: Extremes | None, overnight: Extremes | None, close: int) -> None:
        """Begin a session with what is known at its open; `close` is the last close before it."""
        self._levels, self.prices, self._newest = {}, NO_LEVELS, None
        if prior:
            self.add_pair("prior_high", prior.high, "prior_low", prior.low, close)
        if overnight:
            self.add_pair("overnight_high", overnight.high, "overnight_low", overnight.low, close)

    def add_pair(self, high_name: str, high: int, low_name: str, low: int, close: int) -> None:
        """Add a range's two edges; `close` tells on which side of them the market is."""
        self._levels[high_name] = Level(high_name, 1, high, close, self._signals)
        self._levels[low_name] = Level(low_name, -1, low, close, self._signals)
        self._publish()

    def __getitem__(self, name: str) -> Level:
        """The level of this name. Raises KeyError if the session has none."""
        return self._levels[name]

    def update(self, bar: Bar) -> FailedBreak | None:
        """Follow every level through the bar; the newest failed break, halved each bar, None when faint.

        Of several breaks that fail on one bar the deepest wins; equally deep ones on both sides
        cancel (nothing tells them apart, and a mirror must not either).
        """
        self._newest = _halved_break(self._newest)
        failed = [event for level in self._levels.values() if (event := level.update(bar))]
        if failed:
            self._newest = _deepest(failed) or self._newest
        return self._newest

    def move_bands(self, anchor: int, offset: float, sigma: float, close: int) -> None:
        """Move the VWAP bands, or add them. Rounded half away from the anchor, so that a mirror mirrors them."""
        width = self._band * sigma
        upper, lower = anchor + _rounded(offset + width), anchor + _rounded(offset - width)
        high = self._levels.get("vwap_upper")
        if high is None:
            self.add_pair("vwap_upper", upper, "vwap_lower", lower, close)
            return
        low = self._levels["vwap_lower"]
        if high.price != upper or low.price != lower:
            high.price, low.price = upper, lower
            self._publish()

    def _publish(self) -> None:
        self.prices = {name: level.price for name, level in self._levels.items()}


def _deepest(failed: list[FailedBreak]) -> FailedBreak | None:
    depth = max(abs(event.extreme - event.level) for event in failed)
    deepest = [event for event in failed if abs(event.extreme - event.level) == depth]
    return deepest[0] if all(event.side == deepest[0].side for event in deepest) else None


def _rounded(value: float) -> int:
    return int(value + 0.5) if value >= 0.0 else -int(0.5 - value)


class _Run(NamedTuple):
    """A bar with the extremes of the lookback before it."""

    bar: Bar
    high: int
    low: int


class SweepTracker:
    """Finds sweeps: a recent extreme run by enough ticks, then a close back inside, far from the run, on volume.

    The extreme is that of `lookback_bars` before the run (bars of any hour); the run takes at most
    `max_bars`, the bar that closes back included, which must be the first to do so. A bar that
    sweeps both sides is none. The newest is halved each bar and gone when faint.
    """

    def __init__(self, sweep: SweepLaw) -> None:
        self._limits = sweep
        self._window = RangeWindow(sweep.lookback_bars)
        self._runs: deque[_Run] = deque(maxlen=sweep.max_bars)
        self._newest: Sweep | None = None

    def restart(self) -> None:
        """Begin a session; the lookback goes on."""
        self._newest = None
        self._runs.clear()

    def forget(self) -> None:
        """Another contract's prices begin: the lookback, too."""
        self.restart()
        self._window = RangeWindow(self._limits.lookback_bars)

    def observe(self, bar: Bar) -> None:
        """Take a bar outside the session into the lookback."""
        self._window.update(bar)

    def update(self, bar: Bar, volume_z: float) -> Sweep | None:
        """Take a bar of the session in; the newest sweep."""
        self._newest = _halved_sweep(self._newest)
        full = self._window.full
        high, low = self._window.update(bar)
        if not full:
            return None
        self._runs.append(_Run(bar, high, low))
        if volume_z > self._limits.volume_z:
            height = bar.high - bar.low
            up = self._swept(1) if 3 * (bar.close - bar.low) <= height else None
            down = self._swept(-1) if 3 * (bar.high - bar.close) <= height else None
            if (up is None) != (down is None):
                self._newest = up or down
        return self._newest

    def _swept(self, side: int) -> Sweep | None:
        """The sweep of highs (+1) or lows (-1) that the last bar completes; the shortest run if several fit."""
        bar = self._runs[-1].bar
        extreme: int | None = None
        closes: list[int] = []
        for run in reversed(self._runs):
            level, reach = (run.high, run.bar.high) if side > 0 else (run.low, run.bar.low)
            extreme = reach if extreme is None or (reach - extreme) * side > 0 else extreme
            ran = (extreme - level) * side >= self._limits.min_exceed_ticks
            if run.bar is not bar:
                closes.append(run.bar.close)
            if ran and (level - bar.close) * side > 0 and all((close - level) * side >= 0 for close in closes):
                return Sweep(-side, 1.0, level, extreme)
        return None


def _halved_break(event: FailedBreak | None) -> FailedBreak | None:
    if event is None or event.strength <= FAINTEST:
        return None
    return FailedBreak(event.side, event.strength / 2, event.level_name, event.level, event.extreme)


def _halved_sweep(event: Sweep | None) -> Sweep | None:
    if event is None or event.strength <= FAINTEST:
        return None
    return Sweep(event.side, event.strength / 2, event.level, event.extreme)
