"""The core's beliefs F1-F5: how likely a thesis holds now, per side (spec 3; strategies.yaml: beliefs).

evidence e -> L = logistic(a e + b) -> smoothed with a half-life in bars -> x applicability =
effective. Instability is the moving average of |change of L|, L before its smoothing. All
of it restarts at the RTH open: the first L is taken whole, the first change is 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.contracts.checks import CORE_BELIEFS, EVIDENCE
from bot.contracts.models import BeliefLaw, BeliefsLaw, Gate, NoiseBeliefLaw, OwnBelief
from bot.market.signals import clip, logistic
from bot.market.state import NAN, Belief, FailedBreak, Sweep

NO_BELIEF = Belief(NAN, 0.0, 0.0, NAN)
OUTSIDE_SESSION: dict[str, tuple[Belief, Belief]] = {name: (NO_BELIEF, NO_BELIEF) for name in CORE_BELIEFS}
RTH_PHASES = frozenset(range(1, 6))
Sides = tuple[float, float]  # (long, short)


class Smoother:
    """One belief of one side through a session."""

    __slots__ = ("_a", "_alpha", "_b", "_instability", "_likelihood", "_raw", "_weight")

    def __init__(self, law: BeliefLaw | NoiseBeliefLaw | OwnBelief, alpha: float) -> None:
        self._a, self._b, self._alpha = law.a, law.b, alpha
        self._weight = 1.0 - 2.0 ** (-1.0 / law.half_life_bars)
        self.restart()

    def restart(self) -> None:
        """Forget the session before."""
        self._raw = self._likelihood = NAN
        self._instability = 0.0

    def update(self, evidence: float, applicability: float) -> Belief:
        """The belief with this bar's evidence; nan evidence: likelihood nan, effective 0, and what was known is kept."""
        if evidence != evidence:
            return Belief(NAN, applicability, 0.0, self._instability)
        raw = logistic(self._a * evidence + self._b)
        if self._raw == self._raw:
            self._likelihood += self._weight * (raw - self._likelihood)
            self._instability += self._alpha * (abs(raw - self._raw) - self._instability)
        else:
            self._likelihood = raw
        self._raw = raw
        return Belief(self._likelihood, applicability, self._likelihood * applicability, self._instability)


class Evidence:
    """Weighted evidence of F1-F4 for (long, short), each in -1..1; nan if an input is nan. Signals as in MarketState.

    What depends on the side (`lean`) is computed once for long and turned for short, so that a
    mirror swaps the two exactly.
    """

    def __init__(self, law: BeliefsLaw) -> None:
        self._f1, self._f2, self._f3, self._f4 = (
            tuple(getattr(law, name).weights[signal] for signal in signals) for name, signals in EVIDENCE.items()
        )
        self._center, self._width = law.F5.noise_center, law.F5.noise_width

    def reversion(self, vwap_z: float, wick: float, location: float, micro_trend: float, efficiency: float) -> Sides:
        """F1: far from VWAP, turning back, without drive."""
        z, w, c, m, e = self._f1
        lean = z * clip(-vwap_z / 2.0) + w * wick + c * location
        calm = m * (1.0 - 2.0 * abs(micro_trend)) + e * (1.0 - 2.0 * efficiency)
        return lean + calm, calm - lean

    def failed_break(self, event: FailedBreak | None, wick: float, location: float, volume_z: float) -> Sides:
        """F2: a level broken and won back."""
        f, w, c, v = self._f2
        lean = (f * event.side * event.strength if event else 0.0) + w * wick + c * location
        volume = v * clip(volume_z / 2.0)
        return lean + volume, volume - lean

    def sweep(self, event: Sweep | None, wick: float, location: float, climax: float) -> Sides:
        """F3: an extreme run and rejected. `climax` is 1 or 0, nan while it cannot be known."""
        s, w, c, x = self._f3
        lean = (s * event.side * event.strength if event else 0.0) + w * wick + c * location
        return lean + x * climax, x * climax - lean

    def momentum(self, trend: float, micro_trend: float, impulse: float, expansion: float, participation: float) -> Sides:
        """F4: a trend, an impulse and a crowd."""
        t, m, i, x, p = self._f4
        lean = t * clip(2.0 * trend) + m * micro_trend + i * clip(2.0 * impulse)
        crowd = x * expansion + p * (2.0 * participation - 1.0)
        return lean + crowd, crowd - lean

    def noise(self, noise: float, lunch_void: bool) -> float:
        """F5, the same for both sides."""
        return 1.0 if lunch_void else clip((noise - self._center) / self._width)


def quality_share(dvs: float, eqs: float, dvs_enter: float, eqs_enter: float) -> float:
    """What quality leaves of a belief, 0..1: min(1, dvs / gate) x min(1, eqs / gate); 0 if a score is nan."""
    return min(1.0, dvs / dvs_enter) * min(1.0, eqs / eqs_enter) if dvs + eqs == dvs + eqs else 0.0


class Applicability:
    """How far a belief may be used: 0 outside its owner's phases (F1..F5 in turn), else what quality leaves of it."""

    def __init__(self, phases: Iterable[Iterable[int]], dvs: Gate, eqs: Gate) -> None:
        self._dvs, self._eqs = dvs.enter, eqs.enter
        owners = [frozenset(each) for each in phases]
        self._by_phase = [tuple(1.0 if code in allowed else 0.0 for allowed in owners) for code in range(7)]

    def update(self, phase: int, dvs: float, eqs: float) -> tuple[float, ...]:
        """Applicability of F1..F5, each 0..1."""
        quality = quality_share(dvs, eqs, self._dvs, self._eqs)
        f1, f2, f3, f4, f5 = self._by_phase[phase]
        return f1 * quality, f2 * quality, f3 * quality, f4 * quality, f5 * quality


class BeliefBook:
    """The smoothers of all beliefs and sides: nine, since F5 has no side."""

    def __init__(self, law: BeliefsLaw) -> None:
        alpha = law.instability_alpha
        self._pairs = [(Smoother(part, alpha), Smoother(part, alpha)) for part in (law.F1, law.F2, law.F3, law.F4)]
        self._noise = Smoother(law.F5, alpha)

    def restart(self) -> None:
        """Begin a session."""
        for smoother in (*(side for pair in self._pairs for side in pair), self._noise):
            smoother.restart()

    def update(
        self, evidence: tuple[Sides, Sides, Sides, Sides], noise: float, applicability: tuple[float, ...]
    ) -> dict[str, tuple[Belief, Belief]]:
        """Beliefs by name, from the evidence of F1..F4 for (long, short) and of F5."""
        (long1, short1), (long2, short2), (long3, short3), (long4, short4) = self._pairs
        e1, e2, e3, e4 = evidence
        a1, a2, a3, a4, a5 = applicability
        noisy = self._noise.update(noise, a5)
        return {
            "F1": (long1.update(e1[0], a1), short1.update(e1[1], a1)),
            "F2": (long2.update(e2[0], a2), short2.update(e2[1], a2)),
            "F3": (long3.update(e3[0], a3), short3.update(e3[1], a3)),
            "F4": (long4.update(e4[0], a4), short4.update(e4[1], a4)),
            "F5": (noisy, noisy),
        }
