"""What the best of many tries is worth: the Sharpe ratio, and how much of it luck alone would have brought.

Source of all formulas: D. H. Bailey and M. López de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest
Overfitting and Non-Normality", Journal of Portfolio Management 40 (2014) 94-107. Ratios are those of one observation (here a session),
never a year's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()


def sharpe_ratio(results: Sequence[float]) -> float:
    """Mean over standard deviation (n - 1) of the results, one a session; 0 where they do not vary or are fewer than two."""
    if len(results) < 2:
        return 0.0
    values = np.asarray(results, dtype=float)
    deviation = float(values.std(ddof=1))
    return float(values.mean()) / deviation if deviation > 1e-12 * max(1.0, float(np.abs(values).max())) else 0.0


def moments(results: Sequence[float]) -> tuple[float, float]:
    """Skewness and kurtosis (3 for a normal distribution) of the results, each of the sample's own moments; (0, 3) if none vary."""
    values = np.asarray(results, dtype=float)
    if len(values) < 2 or (spread := float(values.std())) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return 0.0, 3.0
    standard = (values - values.mean()) / spread
    return float((standard**3).mean()), float((standard**4).mean())


def probabilistic_sharpe_ratio(sharpe: float, benchmark: float, observations: int, skewness: float, kurtosis: float) -> float:
    """Probability, 0..1, that the true ratio lies above `benchmark`, given the one that was observed.

    Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - skewness SR + (kurtosis - 1) / 4 SR^2)). nan with fewer than two observations, or
    where the moments leave no error to speak of.
    """
    error = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
    if observations < 2 or not error > 0:
        return math.nan
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt(observations - 1) / math.sqrt(error))


def expected_best_sharpe(variance: float, trials: int) -> float:
    """The best ratio to be expected of so many trials none of which is worth anything; `variance` is that of their ratios.

    sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))), g being Euler and Mascheroni's constant; 0 for a single trial.
    """
    if trials < 2:
        return 0.0
    first, second = (_NORMAL.inv_cdf(1.0 - share) for share in (1.0 / trials, 1.0 / (trials * math.e)))
    return math.sqrt(variance) * ((1.0 - EULER_MASCHERONI) * first + EULER_MASCHERONI * second)


def deflated_sharpe_ratio(results: Sequence[float], sharpes: Sequence[float]) -> float:
    """Probability, 0..1, that the best trial is better than the luck of the best of all; `results` are its sessions', `sharpes` the
    ratios of all trials, its own among them.

    The probabilistic ratio against the expected best. Each trial counts as one of its own: trials that resemble each other count too
    much, and what is said is then too careful, never too bold. nan as `probabilistic_sharpe_ratio`.
    """
    variance = float(np.var(np.asarray(sharpes, dtype=float), ddof=1)) if len(sharpes) > 1 else 0.0
    skewness, kurtosis = moments(results)
    expected = expected_best_sharpe(variance, len(sharpes))
    return probabilistic_sharpe_ratio(sharpe_ratio(results), expected, len(results), skewness, kurtosis)
