"""EUC by hand, and which way each of its inputs pulls."""

from __future__ import annotations

import math

import msgspec
import pytest
from builders import LIMITS, TrustStub, k4_plan, market, plan, snapshot, with_beliefs
from hypothesis import given
from hypothesis import strategies as st

from bot.decision.euc import EucInputs, euc, euc_inputs

FAIR = EucInputs(reward_ratio=2.0, belief=0.9, instability=0.0, dvs=1.0, eqs=1.0, wins=0.0, losses=0.0, cost_r=0.2, cost_multiplier=1.0)


def parts(**changes: float):
    return euc(msgspec.structs.replace(FAIR, **changes), LIMITS.euc)


def test_a_fair_plan_by_hand():
    # p0 = 1/3; q = 1/3 + 0.5 x 0.4 = 8/15; Beta(32/3, 28/3) of weight 20
    found = parts()
    deviation = math.sqrt((8 / 15) * (7 / 15) / 21)
    assert found.break_even == pytest.approx(1 / 3)
    assert found.probability == pytest.approx(8 / 15)
    assert found.edge == pytest.approx(2 * 8 / 15 - 7 / 15) == pytest.approx(0.6)
    assert found.uncertainty == pytest.approx(0.1 * deviation * 3)
    assert found.cost == pytest.approx(0.2)
    assert found.total == pytest.approx(0.6 - 0.3 * deviation - 0.2)


def test_a_doubted_plan_with_a_record_by_hand():
    # q = 0.25 + 0.5 x 0.1 = 0.30; Beta(6 + 3, 14 + 5) of weight 28: p = 9/28
    found = parts(reward_ratio=3.0, belief=0.6, instability=0.2, dvs=0.9, eqs=0.8, wins=3.0, losses=5.0, cost_multiplier=1.5)
    deviation = math.sqrt(9 * 19 / (28 * 28 * 29))
    assert found.probability == pytest.approx(9 / 28)
    assert found.edge == pytest.approx(3 * 9 / 28 - 19 / 28)
    assert found.uncertainty == pytest.approx(0.30 * 0.1 + 0.25 * 0.2 + 0.25 * 0.2 + 0.10 * deviation * 4)
    assert found.cost == pytest.approx(0.3)


@pytest.mark.parametrize(("reward", "belief", "expected"), [(30.0, 0.0, 0.05), (0.01, 1.0, 0.95)])
def test_the_prior_is_held_between_floor_and_ceiling(reward, belief, expected):
    assert parts(reward_ratio=reward, belief=belief).probability == pytest.approx(expected)


@pytest.mark.parametrize("name", EucInputs.__struct_fields__)
def test_an_input_that_is_nan_makes_the_total_nan(name):
    assert math.isnan(parts(**{name: math.nan}).total)


SCORE, COUNT = st.floats(0, 1), st.floats(0, 40)
INPUTS = st.builds(
    EucInputs, reward_ratio=st.floats(0.5, 4), belief=SCORE, instability=SCORE, dvs=SCORE, eqs=SCORE, wins=COUNT, losses=COUNT,
    cost_r=st.floats(0, 1), cost_multiplier=st.sampled_from([1.0, 1.2, 1.5]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "direction"), [("dvs", 1), ("eqs", 1), ("instability", -1), ("cost_r", -1), ("cost_multiplier", -1)]
)  # fmt: skip
@given(given_inputs=INPUTS, step=st.floats(0.001, 1))
def test_each_input_pulls_its_way(name, direction, given_inputs, step):
    more = msgspec.structs.replace(given_inputs, **{name: getattr(given_inputs, name) + step})
    before, after = euc(given_inputs, LIMITS.euc), euc(more, LIMITS.euc)
    assert (after.total - before.total) * direction >= -1e-12


@given(INPUTS)
def test_total_is_edge_less_uncertainty_less_cost_and_each_is_in_range(given_inputs):
    found = euc(given_inputs, LIMITS.euc)
    assert found.total == pytest.approx(found.edge - found.uncertainty - found.cost)
    assert 0 < found.probability < 1
    assert found.uncertainty >= 0
    assert found.cost >= 0


def test_the_inputs_of_a_plan_are_those_of_its_belief_side_and_strategy():
    now = snapshot(
        dvs=0.9, eqs=0.8, market=market(beliefs=with_beliefs(F1=(0.7, 0.2))), trust={"K1": TrustStub("THROTTLED", 1.2, 3.0, 4.0)}
    )
    chosen = plan(legs=((1, 8, 12),))
    found = euc_inputs(chosen, now, LIMITS.friction_cents(1, 2))
    assert found == EucInputs(1.5, 0.7, 0.0, 0.9, 0.8, 3.0, 4.0, 374 / 1000, 1.2)
    assert euc_inputs(plan(-1), now, 249).belief == 0.2


def test_two_legs_weigh_their_targets_by_quantity():
    assert k4_plan().reward_ratio == 2.5
    assert euc_inputs(k4_plan(), snapshot(), 498).cost_r == pytest.approx(498 / 1500)


@pytest.mark.parametrize(("name", "direction"), [("belief", 1), ("wins", 1), ("losses", -1)])
@given(given_inputs=INPUTS, step=st.floats(0.001, 1))
def test_what_moves_the_edge_never_moves_the_total_the_other_way(name, direction, given_inputs, step):
    """Not for free: the same inputs narrow or widen the posterior, and with it the uncertainty."""
    value = getattr(given_inputs, name) + step
    more = msgspec.structs.replace(given_inputs, **{name: min(value, 1.0) if name == "belief" else value})
    assert (euc(more, LIMITS.euc).total - euc(given_inputs, LIMITS.euc).total) * direction >= -1e-12
