"""When a strategy is trusted less or more: the rules of spec 7 as pure functions of its metrics."""

from __future__ import annotations

import msgspec

from bot.contracts.models import Learning
from bot.learning.evidence import has_aged
from bot.learning.metrics import ReliabilityMetrics
from bot.units import TOLERANCE


class Finding(msgspec.Struct, frozen=True, gc=False):
    """A rule that applies: in words, the statistic it looked at, its value, and over how many trades."""

    reason: str
    statistic: str
    value: float
    sample_size: int


def quarantine_finding(sample: ReliabilityMetrics, loss_streak: int, learning: Learning) -> Finding | None:
    """Why a strategy must be quarantined after these real trades; the first rule that applies, or None.

    `loss_streak` counts losses in a row since the samples were last restarted, also those
    that have left the rolling sample.
    """
    rule = learning.quarantine
    if loss_streak >= rule.consecutive_losses:
        return Finding(f"{loss_streak} losses in a row", "loss_streak", loss_streak, sample.trades)
    if sample.trades >= rule.expectancy_min_trades and sample.expectancy_r < -TOLERANCE:
        return Finding(f"expectancy {sample.expectancy_r:.2f} R is below 0", "expectancy_r", sample.expectancy_r, sample.trades)
    minimum = min_win_rate(sample.average_target_r, learning)
    if sample.trades >= rule.win_rate_min_trades and sample.win_rate < minimum - TOLERANCE:
        return Finding(f"win rate {sample.win_rate:.0%} is below {minimum:.0%}", "win_rate", sample.win_rate, sample.trades)
    return None


def min_win_rate(target_r: float, learning: Learning) -> float:
    """The least win rate (0..1) for trades that aim at `target_r` on average: 40 %, from 2 R on break-even + 5 points."""
    rule = learning.quarantine
    if target_r < rule.high_target_r - TOLERANCE:
        return rule.min_win_rate
    return 1.0 / (1.0 + target_r) + rule.high_target_margin


def throttle_level(sample: ReliabilityMetrics, learning: Learning) -> int:
    """The level (0, 1 or 2) that the win rate of these trades earns by itself."""
    rule = learning.throttle
    if sample.trades < rule.min_trades:
        return 0
    if sample.win_rate < rule.level_2.win_rate_below - TOLERANCE:
        return 2
    return 1 if sample.win_rate < rule.level_1.win_rate_below - TOLERANCE else 0


def cost_multiplier(level: int, learning: Learning) -> float:
    """What a throttle level makes of EUC's cost, >= 1."""
    return (1.0, learning.throttle.level_1.cost_multiplier, learning.throttle.level_2.cost_multiplier)[level]


def release_finding(shadows: ReliabilityMetrics, win_streak: int, learning: Learning) -> Finding | None:
    """Why a quarantined strategy may come back after these shadow trades, or None."""
    rule = learning.release
    if win_streak >= rule.shadow_wins_in_a_row:
        return Finding(f"{win_streak} shadow wins in a row", "shadow_win_streak", win_streak, shadows.trades)
    if shadows.trades >= rule.shadow_expectancy_min_trades and shadows.expectancy_r > TOLERANCE:
        reason = f"shadow expectancy {shadows.expectancy_r:.2f} R is above 0"
        return Finding(reason, "shadow_expectancy_r", shadows.expectancy_r, shadows.trades)
    return None


def aged_finding(sample: float, trades: int, sessions_since: int, learning: Learning) -> Finding | None:
    """Why a THROTTLED strategy is ACTIVE again without a trade, or None: the effective sample of its rolling last `trades` is small by now,
    and it was throttled long enough ago."""
    if not has_aged(sample, sessions_since, learning):
        return None
    below = learning.evidence.aged_below_sample
    reason = f"EVIDENCE_AGED: effective sample {sample:.2f} is below {below:g}, {sessions_since} sessions after it was throttled"
    return Finding(reason, "effective_sample", sample, trades)
