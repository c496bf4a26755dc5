"""How sure a number is: Wilson's interval for a rate, and a block bootstrap by day for sums and means."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bot.decision.outcome import TradeOutcome
from bot.market.state import NAN

Interval = tuple[float, float]


@cache
def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1.0 + confidence) / 2.0)


def wilson(successes: float, trials: float, confidence: float) -> Interval:
    """Wilson score interval of a success rate, both ends 0..1; (nan, nan) without trials.

    Counts may be fractional (weighted). Source: E. B. Wilson, JASA 22 (1927) 209.
    """
    if not trials > 0:
        return NAN, NAN
    z = _z(confidence)
    share, spread = successes / trials, z * z / trials
    center = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(max(0.0, share * (1 - share)) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, center - half), min(1.0, center + half)


def total_interval(days: Mapping[str, Sequence[float]], confidence: float, draws: int, seed: int) -> Interval:
    """Percentile interval of the sum over all days, by drawing whole days with replacement; see `_resampled`."""
    sums, _ = _resampled(days, draws, seed)
    return _percentiles(sums, confidence)


def mean_interval(days: Mapping[str, Sequence[float]], confidence: float, draws: int, seed: int) -> Interval:
    """Percentile interval of the mean over all values, by drawing whole days with replacement; see `_resampled`."""
    sums, counts = _resampled(days, draws, seed)
    return _percentiles(sums / counts, confidence) if len(sums) else (NAN, NAN)


def by_day(outcomes: Sequence[TradeOutcome], field: str) -> dict[str, list[float]]:
    """A numeric field of the outcomes, grouped by trading day."""
    days: dict[str, list[float]] = {}
    for outcome in outcomes:
        days.setdefault(outcome.trading_day, []).append(getattr(outcome, field))
    return days


def _resampled(days: Mapping[str, Sequence[float]], draws: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums and counts of each draw. Trades of one day share its weather, so a day is drawn whole.

    Days without values are left out. Fewer than two days say nothing about the spread: no draws.
    """
    blocks = [values for values in days.values() if len(values)]
    if len(blocks) < 2:
        return np.empty(0), np.empty(0)
    sums = np.array([math.fsum(values) for values in blocks])
    counts = np.array([len(values) for values in blocks], dtype=float)
    chosen = np.random.default_rng(seed).integers(0, len(blocks), size=(draws, len(blocks)))
    return sums[chosen].sum(axis=1), counts[chosen].sum(axis=1)


def _percentiles(values: NDArray[np.float64], confidence: float) -> Interval:
    if not len(values):
        return NAN, NAN
    low, high = np.quantile(values, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return float(low), float(high)
