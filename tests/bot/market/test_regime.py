"""Regimes in their order of precedence, and the volatility shock."""

from __future__ import annotations

import math

import pytest

from bot.contracts import Contracts
from bot.market.regime import classify, is_volatility_shock
from bot.market.state import Regime


@pytest.mark.parametrize(
    ("atr_norm", "trend", "efficiency", "noise", "regime"),
    [
        (0.70, 0.9, 0.9, 0.9, Regime.VOLATILE),
        (0.69, 0.40, 0.30, 0.9, Regime.TRENDING),
        (0.69, -0.40, 0.30, 0.9, Regime.TRENDING),
        (0.69, 0.39, 0.30, 0.70, Regime.CHOPPY),
        (0.69, 0.40, 0.29, 0.70, Regime.CHOPPY),
        (0.33, 0.0, 0.1, 0.69, Regime.RANGE),
        (math.nan, 0.9, 0.9, 0.9, Regime.UNKNOWN),
        (0.9, math.nan, 0.9, 0.9, Regime.UNKNOWN),
        (0.9, 0.9, math.nan, 0.9, Regime.UNKNOWN),
        (0.9, 0.9, 0.9, math.nan, Regime.UNKNOWN),
    ],
)
def test_the_first_regime_that_fits(
    contracts: Contracts, atr_norm: float, trend: float, efficiency: float, noise: float, regime: Regime
) -> None:
    assert classify(contracts.strategies.regime, atr_norm, trend, efficiency, noise) is regime


@pytest.mark.parametrize(
    ("atr_norm", "true_range", "atr_30_before", "median_range", "shock"),
    [
        (0.85, 1, 10.0, 10.0, True),
        (0.84, 39, 10.0, 8.0, False),
        (0.84, 40, 10.0, 8.0, True),
        (0.84, 40, 8.0, 10.0, True),
        (0.84, 40, 8.0, 11.0, False),  # the open is wide every day
        (0.84, 40, 10.0, math.nan, True),
        (math.nan, 40, 10.0, 10.0, True),
        (math.nan, 40, math.nan, math.nan, False),
        (0.2, 0, 0.0, 0.0, False),
    ],
)
def test_a_volatility_shock_is_extreme_against_both_usual_sizes(
    contracts: Contracts, atr_norm: float, true_range: int, atr_30_before: float, median_range: float, shock: bool
) -> None:
    law = contracts.constitution.lockouts.volatility_shock
    assert is_volatility_shock(law, atr_norm, true_range, atr_30_before, median_range) is shock
