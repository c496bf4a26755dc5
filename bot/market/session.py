"""Signals that live and die with an RTH session: VWAP, the usual size of its minutes, levels and sweeps."""

from __future__ import annotations

from bot.contracts.models import SignalsLaw
from bot.market.bar import Bar
from bot.market.levels import NO_LEVELS, LevelBook, SweepTracker
from bot.market.rolling import Extremes, MinuteMedians, SessionVwap
from bot.market.signals import Z_LIMIT, BarSignals, clip
from bot.market.state import NAN, FailedBreak, Sweep

ATR_NORM_CEILING = 3.0  # times the usual ATR; the signal is a share of it


class SessionSignals:
    """The session's signals as attributes, of the bar last given; nan, 0 or empty outside RTH.

    A session whose first minute was not seen has neither VWAP nor opening range, and leaves no prior high and
    low. The prior session is the last one that had bars; "overnight" is everything between it and this open.
    """

    def __init__(self, signals: SignalsLaw) -> None:
        self._sigma_floor_ticks = signals.vwap_sigma_floor_ticks
        self._opening_minutes = signals.levels.opening_range_minutes
        self._atr_medians = MinuteMedians(signals.atr_norm_sessions, signals.atr_norm_min_sessions)
        self._range_medians = MinuteMedians(signals.atr_norm_sessions, signals.atr_norm_min_sessions)
        self._prior: Extremes | None = None
        self._overnight: Extremes | None = None
        self._rth: Extremes | None = None
        self._opening: Extremes | None = None
        self._vwap: SessionVwap | None = None
        self.book, self._sweeps = LevelBook(signals), SweepTracker(signals.sweep)
        self.failed_break: FailedBreak | None = None
        self.sweep: Sweep | None = None
        self.rest()

    def rest(self) -> None:
        """Leave the session: what it was becomes the prior one."""
        if self._rth:
            self._prior, self._rth, self._overnight = self._rth if self._vwap else None, None, None
        self.vwap_anchor = self.minute = 0
        self.vwap = self.vwap_offset = self.vwap_sigma = self.vwap_z = self.atr_norm = self.median_range = NAN
        self.levels = NO_LEVELS
        self.failed_break = self.sweep = None

    def begin(self, minute: int, bar: Bar, close_before: int | None) -> None:
        """Enter a session with its first bar seen, `minute` of it."""
        self.rest()
        seen_open = minute == 1
        self._vwap = SessionVwap(bar.open, self._sigma_floor_ticks) if seen_open else None
        self._opening = Extremes(bar) if seen_open and self._opening_minutes else None
        self._rth = Extremes(bar)
        self.book.restart(self._prior, self._overnight, bar.open if close_before is None else close_before)
        self._sweeps.restart()

    def forget_levels(self) -> None:
        """Another contract's prices begin: neither the prior session nor the night before has a level for it."""
        self.rest()
        self._prior = self._rth = self._overnight = None
        self._sweeps.forget()

    def observe(self, bar: Bar) -> None:
        """Take in a bar outside RTH."""
        if self._overnight:
            self._overnight.update(bar)
        else:
            self._overnight = Extremes(bar)
        self._sweeps.observe(bar)

    def update(self, bar: Bar, minute: int, signals: BarSignals) -> None:
        """Take in a bar of the session whose `signals` are computed."""
        self.minute = minute
        self._rth.update(bar)
        median_atr = self._atr_medians.swap(minute, signals.atr_14)
        self.median_range = self._range_medians.swap(minute, signals.true_range)
        self.atr_norm = min(signals.atr_14 / median_atr, ATR_NORM_CEILING) / ATR_NORM_CEILING if median_atr > 0.0 else NAN
        self.failed_break = self.book.update(bar)
        self.sweep = self._sweeps.update(bar, signals.volume_z)
        if self._opening:
            self._update_opening(bar, minute)
        if self._vwap:
            self._update_vwap(self._vwap, bar)
        self.levels = self.book.prices

    def _update_opening(self, bar: Bar, minute: int) -> None:
        opening = self._opening
        if minute <= self._opening_minutes:
            opening.update(bar)
        if minute >= self._opening_minutes:
            self.book.add_pair("opening_high", opening.high, "opening_low", opening.low, bar.close)
            self._opening = None

    def _update_vwap(self, vwap: SessionVwap, bar: Bar) -> None:
        vwap.update(bar)
        self.vwap_anchor, self.vwap_offset, self.vwap_sigma = vwap.anchor, vwap.offset, vwap.sigma
        if vwap.sigma == vwap.sigma:
            self.vwap = vwap.anchor + vwap.offset
            self.vwap_z = clip((bar.close - vwap.anchor - vwap.offset) / vwap.sigma, Z_LIMIT)
            self.book.move_bands(vwap.anchor, vwap.offset, vwap.sigma, bar.close)
