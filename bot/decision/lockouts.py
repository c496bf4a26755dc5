"""Regime lockouts as a fold over the bars: when each was last triggered."""

from __future__ import annotations

import math

from bot.decision.limits import Limits
from bot.decision.snapshot import LockoutView
from bot.market.state import MarketState


class Lockouts:
    """Remembers the last trigger of each lockout; only bars of the regular session trigger one."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._view = LockoutView(0, 0, 0)

    def update(self, state: MarketState) -> None:
        """Fold one bar in."""
        if state.session is None:
            return
        old, now = self._view, state.ts_ns
        self._view = LockoutView(
            now if state.volatility_shock else old.volatility_ns,
            now if self._dangerous(state) else old.execution_ns,
            now if state.news_shock else old.news_ns,
        )

    def view(self) -> LockoutView:
        """The last triggers so far."""
        return self._view

    def _dangerous(self, state: MarketState) -> bool:
        """Spread or slippage estimate at its limit; while atr_norm is undefined the estimate says only WARM_UP, which has its own gate."""
        limits = self._limits
        known = not math.isnan(state.atr_norm)
        return state.spread_ticks >= limits.execution_spread_ticks or (
            known and state.slippage_base_ticks >= limits.execution_slippage_ticks
        )
