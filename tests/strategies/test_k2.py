"""K2, failed-break reversal: each condition either side of its limit, both sides mirrored; VWAP or 2 R as target."""

from __future__ import annotations

import pytest
from builders import STRONG, belief, trade_view
from hypothesis import given
from hypothesis import strategies as st
from states import NAN, ask, mirror, mirrored_answer, one_sided, random_states, shared_strategy, standing

from bot.decision.plan import EntryPlan, EntryType, ExitReason, Leg, NoSetup, Thesis
from bot.market.bar import Bar
from bot.market.state import FailedBreak, Regime

BOTH = pytest.mark.parametrize("side", [1, -1])
AGAINST = {"regime": Regime.TRENDING, "trend_strength": -0.4}

CONDITIONS = [
    ({"session_phase": 3}, NoSetup("PHASE", "phase", 3, "allowed", "1 2 4")),
    (
        {"failed_break": FailedBreak(1, 0.25, "prior_low", 998, 990)},
        NoSetup("FAILED_BREAK", "strength", 0.25, "minimum", 0.5),
    ),
    (AGAINST, NoSetup("TREND_AGAINST", "trend", -0.4, "minimum", 0.0)),
    ({"beliefs": STRONG | {"F2": (belief(0.64), belief(0.9))}}, NoSetup("F2", "belief", 0.64, "minimum", 0.65)),
]


def k2(**changes: object) -> EntryPlan | NoSetup:
    return ask("K2", standing("K2", **changes))


@BOTH
@pytest.mark.parametrize(("broken", "said"), CONDITIONS, ids=[said.code for _, said in CONDITIONS])
def test_each_condition_is_named_with_what_was_observed_and_the_limit(broken, said, side):
    assert k2(side=side, **broken) == said


@BOTH
@pytest.mark.parametrize("first", range(len(CONDITIONS)), ids=[said.code for _, said in CONDITIONS])
def test_the_first_failing_condition_speaks_for_all_that_fail_after_it(first, side):
    broken = {}
    for changes, _ in reversed(CONDITIONS[first:]):
        broken |= changes
    assert k2(side=side, **broken) == CONDITIONS[first][1]


@BOTH
@pytest.mark.parametrize(
    "just_enough",
    [
        *({"session_phase": phase} for phase in (1, 2, 4)),
        {"failed_break": FailedBreak(1, 0.5, "prior_low", 998, 990)},
        {"regime": Regime.TRENDING, "trend_strength": 0.4},
        *({"regime": regime, "trend_strength": -1.0} for regime in (Regime.VOLATILE, Regime.CHOPPY, Regime.RANGE)),
        {"beliefs": one_sided("F2", 0.65, 0.0)},
        {"beliefs": one_sided("F2", 0.65 - 1e-10, 0.0)},
        {"minute_of_session": 1},  # "from 10:00" is K1's alone
    ],
    ids=str,
)
def test_the_setup_stands_at_each_limit(just_enough, side):
    assert isinstance(k2(side=side, **just_enough), EntryPlan)


@pytest.mark.parametrize("phase", [0, 3, 5, 6])
def test_other_phases_are_refused(phase):
    assert k2(session_phase=phase).code == "PHASE"


def test_without_a_failed_break_its_strength_is_zero():
    assert k2(failed_break=None) == NoSetup("FAILED_BREAK", "strength", 0.0, "minimum", 0.5)


@BOTH
def test_a_regime_that_cannot_be_known_gives_no_setup(side):
    assert k2(side=side, regime=Regime.UNKNOWN) == NoSetup("REGIME", "regime", "unknown", "required", "known")


@BOTH
def test_a_vwap_that_cannot_be_known_gives_no_plan(side):
    """A session whose first minute was not seen has no VWAP, but it has levels that break and fail."""
    assert k2(side=side, vwap_offset=NAN, vwap=NAN, vwap_z=NAN) == NoSetup("VWAP", "vwap", "unknown", "required", "known")


@BOTH
def test_an_undefined_belief_gives_no_setup(side):
    assert k2(side=side, beliefs=one_sided("F2", NAN, NAN)).code == "F2"


def test_the_plan_is_a_limit_at_the_close_with_the_numbers_of_the_contract():
    """Stop 990 - 2 = 988, so 12 ticks of risk; VWAP is behind, so the target is 2 x 12 away."""
    assert k2() == EntryPlan(
        strategy="K2",
        side=1,
        entry_type=EntryType.LIMIT,
        limit=1000,
        trigger=None,
        legs=(Leg(1, 988, 1024),),
        ttl_seconds=90.0,
        max_minutes=15,
        thesis=Thesis("F2", 0.9, level=998),
    )


@pytest.mark.parametrize(
    ("extreme", "offset", "target_ticks"),
    [
        (990, -30.0, 24),  # behind the entry
        (990, 9.99, 24),  # nearer than 10 ticks
        (990, 10.0, 10),
        (990, 10.99, 10),  # rounded toward the entry
        (990, 11.0, 11),
        (990, 23.0, 23),
        (990, 23.99, 23),
        (990, 24.0, 24),  # not nearer than 2 R
        (990, 40.0, 24),
        (996, 11.99, 11),  # 2 R is 12
        (996, 12.0, 12),
        (996, 13.0, 12),
        (998, 10.0, 8),  # 2 R is 8, and 10 is not below it
        (998, 7.0, 8),
    ],
)
@BOTH
def test_the_target_is_vwap_from_10_ticks_on_and_below_2_r_else_2_r(extreme, offset, target_ticks, side):
    plan = k2(side=side, failed_break=FailedBreak(1, 1.0, "prior_low", 998, extreme), vwap_offset=offset)
    assert plan.legs == (Leg(1, 1000 - side * (1000 - extreme + 2), 1000 + side * target_ticks),)


@BOTH
def test_vwap_is_measured_from_the_close(side):
    state = standing("K2", side, bar=Bar(standing("K2").ts_ns, 1000, 1004, 996, 1002, 1500), vwap_offset=14.5)
    plan = ask("K2", state)
    assert (plan.limit - 1000) * side == 2
    assert (plan.legs[0].target - plan.limit) * side == 12  # 14.5 - 2 = 12.5


@pytest.mark.parametrize(("close", "leaves"), [(1003, False), (999, False), (998, False), (997, True), (980, True)])
@BOTH
def test_it_leaves_on_a_close_beyond_its_level(close, leaves, side):
    state = standing("K2", side, bar=Bar(standing("K2").ts_ns, 1000, 1004, 970, close, 1500))
    answer = shared_strategy("K2").plan_exit(trade_view(k2(side=side)), state)
    assert (answer is not None and answer.reason is ExitReason.THESIS) == leaves


def test_a_low_through_the_level_is_not_a_close_through_it():
    state = standing("K2", bar=Bar(standing("K2").ts_ns, 1000, 1004, 970, 998, 1500))
    assert shared_strategy("K2").plan_exit(trade_view(k2()), state) is None


@given(random_states())
def test_a_mirrored_state_gives_the_mirrored_answer(state):
    assert ask("K2", mirror(state)) == mirrored_answer(ask("K2", state))


WILLING = dict(
    session_phase=st.just(2),
    regime=st.sampled_from((Regime.RANGE, Regime.VOLATILE, Regime.CHOPPY)),
    beliefs=st.just(STRONG),
)


@given(random_states(**WILLING))
def test_every_plan_stops_beyond_the_extreme_and_aims_at_vwap_or_2_r(state):
    answer, failed = ask("K2", state), state.failed_break
    if isinstance(answer, NoSetup):
        assert failed is None or failed.strength < 0.5
        return
    (leg,) = answer.legs
    risk, reward = (answer.limit - leg.stop) * answer.side, (leg.target - answer.limit) * answer.side
    room = (state.vwap_anchor + state.vwap_offset - answer.limit) * answer.side
    assert (answer.side, answer.limit) == (failed.side, state.bar.close)
    assert leg.stop == failed.extreme - 2 * failed.side
    assert risk > 0
    assert reward == 2 * risk or (10 <= reward < 2 * risk and 0 <= room - reward < 1)
    assert all(type(price) is int for price in (answer.limit, leg.stop, leg.target))
