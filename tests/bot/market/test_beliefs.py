"""Evidence, smoothing, applicability and instability of beliefs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contracts import Contracts
from bot.market.beliefs import Applicability, Evidence, Smoother
from bot.market.core import owners_phases
from bot.market.signals import logistic
from bot.market.state import FailedBreak, Sweep

SIGNED, SHARE, SCORE = st.floats(-1, 1), st.floats(0, 1), st.floats(-3, 3)


@pytest.fixture(scope="module")
def evidence(contracts: Contracts) -> Evidence:
    return Evidence(contracts.strategies.beliefs)


def test_each_evidence_is_the_specs_weighted_sum(evidence: Evidence) -> None:
    wick, location, micro, efficiency = 0.5, 0.4, -0.2, 0.3
    calm = 0.15 * (1 - 2 * 0.2) + 0.15 * (1 - 2 * 0.3)
    lean = 0.40 * 0.9 + 0.15 * wick + 0.15 * location
    assert evidence.reversion(-1.8, wick, location, micro, efficiency) == pytest.approx((lean + calm, -lean + calm))
    assert evidence.reversion(-2.9, 0, 0, 0, 0)[0] == pytest.approx(0.40 + 0.30), "beyond two deviations is no stronger"

    broken = FailedBreak(-1, 0.5, "prior_high", 100, 105)
    lean = 0.50 * -0.5 + 0.20 * wick + 0.15 * location
    assert evidence.failed_break(broken, wick, location, 1.0) == pytest.approx((lean + 0.075, -lean + 0.075))
    assert evidence.failed_break(None, 0, 0, -3.0) == pytest.approx((-0.15, -0.15))

    lean = 0.50 * 1.0 + 0.20 * wick + 0.15 * location
    assert evidence.sweep(Sweep(1, 1.0, 90, 84), wick, location, 1.0) == pytest.approx((lean + 0.15, -lean + 0.15))

    lean = 0.30 * 0.8 + 0.25 * 0.6 + 0.20 * 1.0
    assert evidence.momentum(0.4, 0.6, 0.7, 0.5, 0.9) == pytest.approx((lean + 0.155, -lean + 0.155))

    assert [evidence.noise(noise, False) for noise in (0.0, 0.55, 0.675, 0.9)] == pytest.approx([-1, 0, 0.5, 1])
    assert evidence.noise(0.1, lunch_void=True) == 1.0


@given(SCORE, SIGNED, SIGNED, SIGNED, SHARE, SHARE, SHARE)
def test_a_mirror_swaps_the_sides_exactly_and_evidence_stays_within_one(
    contracts: Contracts, z: float, a: float, b: float, c: float, d: float, e: float, f: float
) -> None:
    made = Evidence(contracts.strategies.beliefs)
    event, turned = Sweep(1, d, 0, 0), Sweep(-1, d, 0, 0)
    failed, back = FailedBreak(1, d, "", 0, 0), FailedBreak(-1, d, "", 0, 0)
    pairs = [
        (made.reversion(z, a, b, c, d), made.reversion(-z, -a, -b, -c, d)),
        (made.failed_break(failed, a, b, z), made.failed_break(back, -a, -b, z)),
        (made.sweep(event, a, b, round(e)), made.sweep(turned, -a, -b, round(e))),
        (made.momentum(a, b, c, e, f), made.momentum(-a, -b, -c, e, f)),
    ]
    for plain, mirror in pairs:
        assert plain == mirror[::-1]
        assert all(-1 - 1e-9 <= value <= 1 + 1e-9 for value in plain)


@given(st.lists(SIGNED, min_size=1, max_size=40))
def test_likelihood_is_smoothed_by_its_half_life_and_instability_follows_the_raw_changes(contracts: Contracts, values: list[float]) -> None:
    smoother = Smoother(contracts.strategies.beliefs.F1, alpha=0.2)
    raw = [logistic(5.0 * value - 1.0) for value in values]
    likelihood, instability, weight = raw[0], 0.0, 1 - 2 ** (-1 / 2)
    for index, value in enumerate(values):
        found = smoother.update(value, 0.5)
        if index:
            likelihood += weight * (raw[index] - likelihood)
            instability = 0.8 * instability + 0.2 * abs(raw[index] - raw[index - 1])
        assert found.likelihood == pytest.approx(likelihood, abs=1e-9)
        assert found.instability == pytest.approx(instability, abs=1e-9)
        assert found.effective == found.likelihood * 0.5
        assert 0 <= found.effective <= found.likelihood <= 1 and 0 <= found.instability <= 1


def test_after_one_half_life_half_the_way_is_gone(contracts: Contracts) -> None:
    smoother = Smoother(contracts.strategies.beliefs.F1, alpha=0.2)
    first = smoother.update(-1.0, 1.0).likelihood
    smoother.update(1.0, 1.0)
    assert smoother.update(1.0, 1.0).likelihood == pytest.approx((first + logistic(4.0)) / 2)


def test_unknown_evidence_makes_a_belief_ineffective_and_forgets_nothing(contracts: Contracts) -> None:
    smoother = Smoother(contracts.strategies.beliefs.F1, alpha=0.2)
    known = smoother.update(0.8, 1.0)
    unknown = smoother.update(math.nan, 1.0)
    assert math.isnan(unknown.likelihood) and unknown.effective == 0.0
    assert smoother.update(0.8, 1.0) == known
    smoother.restart()
    assert smoother.update(-0.8, 1.0).instability == 0.0


@pytest.mark.parametrize(
    ("phase", "dvs", "eqs", "expected"),
    [
        (0, 1.0, 1.0, (0, 0, 0, 0, 0)),
        (1, 1.0, 1.0, (1, 1, 1, 1, 1)),
        (3, 1.0, 1.0, (0, 0, 0, 0, 1)),
        (5, 1.0, 1.0, (1, 0, 0, 0, 1)),
        (6, 1.0, 1.0, (0, 0, 0, 0, 0)),
        (2, 0.80, 0.75, (1, 1, 1, 1, 1)),
        (2, 0.40, 1.0, (0.5,) * 5),
        (2, 0.40, 0.375, (0.25,) * 5),
        (2, math.nan, 1.0, (0, 0, 0, 0, 0)),
        (2, 1.0, math.nan, (0, 0, 0, 0, 0)),
    ],
)
def test_a_belief_applies_in_its_phases_as_far_as_quality_allows(
    contracts: Contracts, phase: int, dvs: float, eqs: float, expected: tuple[float, ...]
) -> None:
    gates = contracts.constitution.quality_gates
    assert Applicability(owners_phases(contracts), gates.dvs, gates.eqs).update(phase, dvs, eqs) == pytest.approx(expected)
