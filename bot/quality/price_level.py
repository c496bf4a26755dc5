"""The price level: what a bar's prices are believed against, and when another level is believed instead (data_contract.yaml: price_level).

A bar is believed while it lies within the band around the last believed close. Bars off it that follow each other are a row; when so
many of them agree among themselves within the band, the level is where they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from bot.calendar import expiries_from
from bot.contracts.models import PriceLevelLaw
from bot.market.bar import Bar

EDGE = 1e-9  # a price on the edge of the band is inside


class Judged(NamedTuple):
    """Whether a bar is believed; `factor` is its open over the last close that was believed if that is another level, else 0."""

    believed: bool
    factor: float = 0.0


class JudgedBefore(NamedTuple):
    """What earlier runs made of their bars, so that a restart believes and rejects as they did.

    `believed` says it by a bar's close (UTC ns). `last` is the newest that was believed, `since` are those rejected after it, None for
    one that was not good in itself.
    """

    believed: Mapping[int, bool] = MappingProxyType({})
    last: Bar | None = None
    since: tuple[Bar | None, ...] = ()

    @property
    def until_ns(self) -> int:
        """The close of the newest bar that was judged; 0 if none was."""
        return max(self.believed, default=0)


NOBODY_JUDGED = JudgedBefore()


class PriceLevel:
    """Follows the believed level bar by bar; `take` changes it, `judge` only says what `take` would.

    Bars come good in themselves (whole ticks, a high and a low that contain the rest) and in the order of time. The first bar is
    the level for the time being: if it was the wrong one, the next that agree outvote it. `held`: a position is open, so nothing
    is re-believed. History may show a minute otherwise than it came to the run that judged it: a bar of `before` is judged as it was
    then, and those after them are judged against the prices of then.
    """

    def __init__(self, band: float, law: PriceLevelLaw, before: JudgedBefore = NOBODY_JUDGED) -> None:
        self._band, self._bars = band, law.believed_after_bars
        self._close: int | None = None
        self._row: list[Bar] = []
        self._before, self._before_ns = before, before.until_ns  # 0: nothing to go back to

    def holds(self, bar: Bar) -> bool:
        """Whether a bar lies at the level that is believed, so that nothing else has to be asked; False says nothing."""
        close = self._close
        return close is not None and not self._before_ns and bar.ts_ns not in self._before.believed and _within(bar, close, self._band)

    def judge(self, bar: Bar, held: bool) -> Judged:
        """Whether this bar would be believed."""
        if bar.ts_ns in self._before.believed:
            return self._as_before(bar)
        if self._before_ns and bar.ts_ns > self._before_ns:
            self._go_on()
        if self._close is None or _within(bar, self._close, self._band):
            return Judged(True)
        agreeing = len(self._row) if self._row and self._follows(bar) else 0
        if held or agreeing + 1 < self._bars:
            return Judged(False)
        return Judged(True, bar.open / self._close)

    def take(self, bar: Bar, held: bool) -> Judged:
        """Take a bar in: it is the level, or one more of the row off it."""
        judged = self.judge(bar, held)
        if judged.believed:
            self._close, self._row = bar.close, []
        else:
            self._off(bar)
        return judged

    def broken(self) -> None:
        """A bar came that is not good in itself: a row ends with it."""
        self._row = []

    def _as_before(self, bar: Bar) -> Judged:
        believed = self._before.believed[bar.ts_ns]
        moved = believed and self._close is not None and not _within(bar, self._close, self._band)
        return Judged(believed, bar.open / self._close if moved else 0.0)

    def _go_on(self) -> None:
        """The level is where the earlier run had it, once; so is the row off it."""
        before, self._before_ns = self._before, 0
        if before.last is not None:
            self._close, self._row = before.last.close, []
        for bar in before.since:
            if bar is None:
                self.broken()
            else:
                self._off(bar)

    def _off(self, bar: Bar) -> None:
        """One more bar of the row off the level, or the first of another row."""
        self._row = [*self._row, bar][-self._bars :] if self._row and self._follows(bar) else [bar]

    def _follows(self, bar: Bar) -> bool:
        before = self._row[-1]
        return bar.ts_ns > before.ts_ns and _within(bar, before.close, self._band)


def _within(bar: Bar, close: int, band: float) -> bool:
    reach = band * close + EDGE
    return bar.low >= close - reach and bar.high <= close + reach


def is_void(factor: float, law: PriceLevelLaw) -> bool:
    """Whether a trade that is closed at another level never was: no market goes so far in a day. `factor` 0: the same level."""
    return bool(factor) and abs(factor - 1.0) > law.void_beyond + EDGE


def is_roll(date: dt.date, opened: int, close_before: int, law: PriceLevelLaw) -> bool:
    """Whether the jump from the last close to the open of a session on this date (New York; ticks) is one to the next contract."""
    days = (next(expiries_from(date)) - date).days
    return days <= law.roll_window_days and abs(opened / close_before - 1.0) >= law.roll_jump - EDGE
