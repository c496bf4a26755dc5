"""Moment: what was true when a plan was decided."""

from __future__ import annotations

import math

import msgspec

from bot.decision.euc import Euc, EucInputs
from bot.units import to_ticks


class Moment(msgspec.Struct, frozen=True, gc=False):
    """What was true when a plan was decided; the intent or the refused plan holds it, and whatever trade comes of them.

    `ts_ns` is the close of the bar that decided, UTC ns; `trading_day` an ISO date. `dvs` is nan while UNKNOWN. `euc` and
    `inputs` are None for a plan that has no R. `slippage_ticks` is what the model said on that bar. `signals` are the bar's
    by name as they are journaled: prices and ranges in points, nan where undefined.
    """

    trading_day: str
    ts_ns: int
    slippage_ticks: int
    dvs: float
    eqs: float
    euc: Euc | None
    inputs: EucInputs | None
    regime: str = ""
    session_phase: int = 0
    signals: dict[str, float] = {}

    @property
    def spread_ticks(self) -> float:
        """The quote's spread; nan if there was none."""
        return self.signals.get("spread_ticks", math.nan)

    @property
    def atr_ticks(self) -> float:
        """ATR of 14 bars; nan while warming up."""
        return to_ticks(self.signals.get("atr_14", math.nan))
