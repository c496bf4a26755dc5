"""The market's manner, and the bar whose volatility locks entries (spec 3; constitution.yaml: lockouts)."""

from __future__ import annotations

from bot.contracts.models import RegimeLaw, VolatilityShock
from bot.market.shock import usual_range
from bot.market.state import Regime


def classify(limits: RegimeLaw, atr_norm: float, trend_strength: float, efficiency: float, noise: float) -> Regime:
    """The first regime that fits, in the order of Regime; UNKNOWN if one of the four is nan."""
    total = atr_norm + trend_strength + efficiency + noise
    if total != total:
        return Regime.UNKNOWN
    if atr_norm >= limits.volatile_atr_norm:
        return Regime.VOLATILE
    if abs(trend_strength) >= limits.trending.trend_strength and efficiency >= limits.trending.efficiency:
        return Regime.TRENDING
    return Regime.CHOPPY if noise >= limits.choppy_noise else Regime.RANGE


def is_volatility_shock(shock: VolatilityShock, atr_norm: float, true_range: int, atr_30_before: float, median_range: float) -> bool:
    """atr_norm at its limit, or a true range that is a multiple of both its usual sizes (ticks).

    An unknown (nan) median leaves the ATR of the bar before; an unknown ATR too leaves no second rule.
    """
    if atr_norm >= shock.atr_norm:
        return True
    return true_range >= shock.range_multiple * usual_range(atr_30_before, median_range) and true_range > 0
