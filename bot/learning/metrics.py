"""Reliability metrics: what a strategy's last trades say about it (spec 7)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from bot.contracts.models import OutcomeLaw
from bot.decision.outcome import Result, TradeOutcome, result_at
from bot.learning.intervals import wilson
from bot.market.state import NAN


class ReliabilityMetrics(msgspec.Struct, frozen=True, gc=False):
    """What a sequence of trades came to.

    `trades`, `wins`, `losses`, `scratches` are plain counts, `win_streak` and `loss_streak`
    those running at the end (a scratch breaks none). Weighted by DVS at entry and age (evidence.py): `weight`
    (the sum), `weighted_wins`, `weighted_losses`, `win_rate` (a scratch counts as a trade not
    won) with its Wilson bounds `win_rate_low` and `win_rate_high` (for `weight` trials),
    `expectancy_r` with its standard error, and `sharpe` (mean over standard deviation of R, a
    trade). Not weighted: `max_drawdown_r` (>= 0, from the peak of summed R), `average_target_r`,
    `average_duration_seconds`, `average_slippage_ticks`. nan where there is nothing to say:
    rates and averages without trades, error and Sharpe with fewer than two (Sharpe also when all are equal).
    """

    trades: int
    wins: int
    losses: int
    scratches: int
    win_streak: int
    loss_streak: int
    weight: float
    weighted_wins: float
    weighted_losses: float
    win_rate: float
    win_rate_low: float
    win_rate_high: float
    expectancy_r: float
    expectancy_error_r: float
    sharpe: float
    max_drawdown_r: float
    average_target_r: float
    average_duration_seconds: float
    average_slippage_ticks: float


def result_of(outcome: TradeOutcome, bounds: OutcomeLaw) -> Result:
    """How an outcome counts (constitution.yaml: outcome)."""
    return result_at(outcome.net_cents, outcome.r, bounds.loss_at_or_below_r)


def measure(outcomes: Sequence[TradeOutcome], weights: Sequence[float], bounds: OutcomeLaw, confidence: float) -> ReliabilityMetrics:
    """The metrics of these trades, in the order given (that of closing); `weights` are what each weighs, 0..1."""
    results = [result_of(outcome, bounds) for outcome in outcomes]
    weight = math.fsum(weights)
    weighted_wins = _weight_of(Result.WIN, results, weights)
    expectancy_r, error_r, sharpe = _expectancy([outcome.r for outcome in outcomes], weights, weight)
    low, high = wilson(weighted_wins, weight, confidence)
    return ReliabilityMetrics(
        trades=len(outcomes),
        wins=results.count(Result.WIN),
        losses=results.count(Result.LOSS),
        scratches=results.count(Result.SCRATCH),
        win_streak=streak(results, Result.WIN),
        loss_streak=streak(results, Result.LOSS),
        weight=weight,
        weighted_wins=weighted_wins,
        weighted_losses=_weight_of(Result.LOSS, results, weights),
        win_rate=weighted_wins / weight if weight else NAN,
        win_rate_low=low,
        win_rate_high=high,
        expectancy_r=expectancy_r,
        expectancy_error_r=error_r,
        sharpe=sharpe,
        max_drawdown_r=max_drawdown([outcome.r for outcome in outcomes]),
        average_target_r=_mean([outcome.target_r for outcome in outcomes]),
        average_duration_seconds=_mean([outcome.duration_seconds for outcome in outcomes]),
        average_slippage_ticks=_mean([outcome.slippage_ticks for outcome in outcomes]),
    )


def streak(results: Sequence[Result], kind: Result) -> int:
    """How many of `kind` stand at the end in a row; scratches between them break nothing."""
    count = 0
    for result in reversed(results):
        if result is kind:
            count += 1
        elif result is not Result.SCRATCH:
            break
    return count


def streak_after(before: int, result: Result, kind: Result) -> int:
    """A streak of `kind` after one more result; a scratch breaks none."""
    if result is Result.SCRATCH:
        return before
    return before + 1 if result is kind else 0


def max_drawdown(values: Sequence[float]) -> float:
    """The deepest fall of the running sum from its peak (0 at the start), >= 0, in the values' unit."""
    total = peak = deepest = 0.0
    for value in values:
        total += value
        peak = max(peak, total)
        deepest = max(deepest, peak - total)
    return deepest


def _weight_of(kind: Result, results: Sequence[Result], weights: Sequence[float]) -> float:
    return math.fsum(weight for result, weight in zip(results, weights, strict=True) if result is kind)


def _expectancy(values: Sequence[float], weights: Sequence[float], weight: float) -> tuple[float, float, float]:
    """Weighted mean, its standard error, and mean over standard deviation; with equal weights the usual ones."""
    if not weight:
        return NAN, NAN, NAN
    mean = math.fsum(value * w for value, w in zip(values, weights, strict=True)) / weight
    count = len(values)
    if count < 2:
        return mean, NAN, NAN
    bessel = count / (count - 1)
    variance = math.fsum(w * (value - mean) ** 2 for value, w in zip(values, weights, strict=True)) / weight * bessel
    error = math.sqrt(math.fsum((w * (value - mean)) ** 2 for value, w in zip(values, weights, strict=True)) * bessel) / weight
    return mean, error, mean / math.sqrt(variance) if variance > 0 else NAN


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else NAN
