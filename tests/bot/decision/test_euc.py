"""EUC against hand-worked numbers, and what must make it rise and fall."""

from __future__ import annotations

import math

import msgspec
import pytest
from builders import CONTRACTS, LAW, TrustStub, belief, k4_plan, market, plan, snapshot
from hypothesis import given
from hypothesis import strategies as st

from bot.decision.euc import Euc, EucInputs, euc, euc_inputs
from bot.decision.evaluate import euc_failure, evaluate

EUC_LAW = CONTRACTS.strategies.euc
FAIR = EucInputs(
    reward_ratio=2.0, belief=0.9, instability=0.1, dvs=0.9, eqs=0.8, wins=0.0, losses=0.0, cost_r=0.249, cost_multiplier=1.0
)  # fmt: skip


def worked(**changes: float) -> Euc:
    return euc(msgspec.structs.replace(FAIR, **changes), EUC_LAW)


# ------------------------------------------------------------------ hand-worked numbers


def test_the_parts_of_a_plan_of_two_r_worked_by_hand():
    """
    p0 = 1 / (1 + 2) = 0.333333
    q  = 0.333333 + 0.5 x (0.9 - 0.5) = 0.533333
    Beta(20 x 0.533333, 20 x 0.466667) = Beta(10.666667, 9.333333); its mean is q
    sd = sqrt(10.666667 x 9.333333 / (20^2 x 21)) = sqrt(99.555556 / 8400) = 0.108866
    edge = 0.533333 x 2 - 0.466667 = 0.6
    uncertainty = 0.30 x 0.1 + 0.25 x 0.2 + 0.25 x 0.1 + 0.10 x 0.108866 x 3 = 0.105 + 0.032660 = 0.137660
    cost = 0.249, so EUC = 0.6 - 0.137660 - 0.249 = 0.213340
    """
    parts = worked()
    assert msgspec.structs.astuple(parts) == pytest.approx((0.533333, 0.333333, 0.6, 0.137660, 0.249, 0.213340), abs=1e-6)


def test_wins_and_losses_move_the_mean_and_narrow_the_beta():
    """
    3 wins and 1 loss: Beta(13.666667, 10.333333), mean 13.666667 / 24 = 0.569444
    sd = sqrt(13.666667 x 10.333333 / (24^2 x 25)) = sqrt(141.222222 / 14400) = 0.099032
    edge = 3 x 0.569444 - 1 = 0.708333; uncertainty = 0.105 + 0.3 x 0.099032 = 0.134710
    """
    parts = worked(wins=3.0, losses=1.0)
    assert parts.probability == pytest.approx(0.569444, abs=1e-6)
    assert parts.edge == pytest.approx(0.708333, abs=1e-6)
    assert parts.uncertainty == pytest.approx(0.134710, abs=1e-6)
    assert parts.total == pytest.approx(0.708333 - 0.134710 - 0.249, abs=2e-6)


@pytest.mark.parametrize("multiplier", [1.0, 1.2, 1.5])
def test_a_throttled_strategy_pays_its_cost_by_the_multiplier(multiplier):
    assert worked(cost_multiplier=multiplier).cost == pytest.approx(0.249 * multiplier)
    assert worked(cost_multiplier=multiplier).total == pytest.approx(0.213340 - 0.249 * (multiplier - 1.0), abs=1e-6)


@pytest.mark.parametrize(
    ("reward_ratio", "belief_value", "probability"),
    [
        (1.0, 0.5, 0.5),  # p0 = 1/2, and a belief of one half adds nothing
        (3.0, 0.5, 0.25),
        (1.0, 1.0, 0.75),
        (3.0, 0.1, 0.05),  # 0.25 - 0.20 = 0.05, at the floor
        (3.0, 0.09, 0.05),  # below it
        (4.0, 0.0, 0.05),  # 0.20 - 0.25 is negative
        (0.25, 0.8, 0.95),  # 0.80 + 0.15 = 0.95, at the ceiling
        (0.25, 0.81, 0.95),
        (0.01, 1.0, 0.95),  # 0.99 + 0.25
    ],
)
def test_the_prior_is_break_even_moved_by_the_belief_between_floor_and_ceiling(reward_ratio, belief_value, probability):
    assert worked(reward_ratio=reward_ratio, belief=belief_value).probability == pytest.approx(probability)


def test_a_belief_of_one_half_has_no_edge():
    for reward_ratio in (0.5, 1.0, 2.0, 2.5, 7.0):
        assert worked(reward_ratio=reward_ratio, belief=0.5).edge == pytest.approx(0.0, abs=1e-12)


# ------------------------------------------------------------------------- inputs


def test_the_inputs_are_read_from_plan_market_and_trust():
    """
    Stop 8 and target 16 ticks, one contract: T = 2 and 1 R = 8 x $1.25 = $10.00.
    Two ticks of slippage: friction = 2 x $0.62 + 2 x $1.25 = $3.74, so 0.374 R.
    """
    beliefs = {**market().beliefs, "F1": (belief(0.7, 0.3), belief(0.2, 0.4))}
    now = snapshot(
        market=market(beliefs=beliefs, slippage_ticks=2), dvs=0.85, eqs=0.95, trust={"K1": TrustStub("THROTTLED", 1.2, 3.5, 1.5)}
    )
    friction = LAW.limits.friction_cents(1, 2)
    assert friction == 374
    assert euc_inputs(plan(1), now, friction) == EucInputs(2.0, 0.7, 0.3, 0.85, 0.95, 3.5, 1.5, 0.374, 1.2)
    assert euc_inputs(plan(-1), now, friction).belief == 0.2
    assert euc_inputs(plan(-1), now, friction).instability == 0.4


def test_two_legs_weigh_their_targets_by_quantity():
    """Targets 12 and 18 over a stop of 6: T = 15 / 6 = 2.5; 1 R = 2 x 6 x $1.25 = $15.00; friction 2 x $2.49 = $4.98."""
    given_ = euc_inputs(k4_plan(), snapshot(), LAW.limits.friction_cents(2, 1))
    assert given_.reward_ratio == 2.5
    assert given_.cost_r == pytest.approx(4.98 / 15.00)


def test_evaluate_works_euc_out_of_the_same_inputs():
    judgement = evaluate(plan(), snapshot(), LAW)
    assert judgement.inputs == euc_inputs(plan(), snapshot(), 249)
    assert judgement.euc == euc(judgement.inputs, EUC_LAW)


# --------------------------------------------------------------------------- gate


@pytest.mark.parametrize(
    ("total", "passes"), [(0.0, True), (-1e-10, True), (0.5, True), (-1e-8, False), (-0.01, False), (float("nan"), False)]
)
def test_a_plan_competes_from_zero_on(total, passes):
    refusal = euc_failure(Euc(0.5, 0.3, 0.1, 0.05, 0.05, total), EUC_LAW)
    assert (refusal is None) == passes
    if refusal is not None:
        assert (refusal.code, refusal.layer, refusal.limit, refusal.unit) == ("EUC_BELOW_MINIMUM", 7, 0.0, "R")


@pytest.mark.parametrize("name", ["reward_ratio", "belief", "instability", "dvs", "eqs", "wins", "losses", "cost_r", "cost_multiplier"])
def test_an_input_that_is_not_a_number_never_passes(name):
    parts = worked(**{name: math.nan})
    assert math.isnan(parts.total)
    assert euc_failure(parts, EUC_LAW).code == "EUC_BELOW_MINIMUM"


# ----------------------------------------------------------------------- monotone

SCORE = st.floats(0.0, 1.0)
INPUTS = st.builds(
    EucInputs,
    reward_ratio=st.floats(0.5, 6.0), belief=SCORE, instability=SCORE, dvs=SCORE, eqs=SCORE, wins=st.floats(0.0, 20.0),
    losses=st.floats(0.0, 20.0), cost_r=st.floats(0.0, 2.0), cost_multiplier=st.floats(1.0, 1.5),
)  # fmt: skip
RISES_WITH = {"belief": 1.0, "dvs": 1.0, "eqs": 1.0, "wins": 20.0}
FALLS_WITH = {"instability": 1.0, "losses": 20.0, "cost_r": 2.0, "cost_multiplier": 1.5}


@pytest.mark.parametrize(("name", "top"), (RISES_WITH | FALLS_WITH).items(), ids=list(RISES_WITH | FALLS_WITH))
@given(low=INPUTS, share=st.floats(0.0, 1.0))
def test_more_of_it_never_moves_euc_the_wrong_way(name, top, low, share):
    value = getattr(low, name)
    high = msgspec.structs.replace(low, **{name: value + share * (top - value)})
    gain = euc(high, EUC_LAW).total - euc(low, EUC_LAW).total
    assert gain >= -1e-9 if name in RISES_WITH else gain <= 1e-9


@pytest.mark.parametrize("name", (RISES_WITH | FALLS_WITH))
def test_more_of_it_does_move_euc(name):
    gain = worked(**{name: getattr(FAIR, name) + 0.05}).total - worked().total
    assert gain > 1e-4 if name in RISES_WITH else gain < -1e-4


@given(INPUTS)
def test_the_parts_add_up_and_the_probability_is_one(given_):
    parts = euc(given_, EUC_LAW)
    assert parts.total == parts.edge - parts.uncertainty - parts.cost
    assert 0.0 < parts.probability < 1.0
    assert parts.uncertainty > 0.0
