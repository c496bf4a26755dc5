"""K4 extends momentum out of the 20-bar range: conditions in order, two legs to the tick, exits; each also in a mirror.

The long setup: the range's high was 1020; the bar 1012-1025 closed at 1024.
"""

from __future__ import annotations

import pytest
from builders import MOMENT, STRONG, market, trade_view, with_beliefs
from hypothesis import given
from hypothesis import strategies as st
from kit import answer, in_a_mirror, plan_in_a_mirror, strategy
from states import ask, mirror, mirrored_answer, random_states

from bot.decision.plan import EntryPlan, EntryType, Leg, NoSetup, Thesis
from bot.market.bar import Bar
from bot.market.state import Regime


def setup(close: int = 1024, **changes):
    values = dict(
        bar=Bar(MOMENT, 1013, 1025, 1012, close, 2500), body_impulse=0.6, volume_z=1.2, micro_trend=0.7, vwap_z=1.1, trend_strength=0.5,
        regime=Regime.TRENDING, beliefs=with_beliefs(F4=(0.8, 0.1)),
    )  # fmt: skip
    return market(**(values | changes))


def test_the_setup_gives_two_legs_with_one_stop_and_targets_of_two_and_three_r():
    assert answer("K4", setup()) == EntryPlan(
        "K4", 1, EntryType.STOP_LIMIT, 1027, 1026, (Leg(1, 1021, 1039), Leg(1, 1021, 1045)), 90.0, 12, Thesis("F4", 0.8)
    )


CONDITIONS = [  # in the written order: what breaks each, what it says, and what just passes
    ("PHASE", {"session_phase": 5}, 5, {"session_phase": 1}),
    ("RANGE", {"close": 1020}, 0, {"close": 1021}),
    ("BODY_IMPULSE", {"body_impulse": 0.29}, 0.29, {"body_impulse": 0.30}),
    ("VOLUME_Z", {"volume_z": 0.5}, 0.5, {"volume_z": 0.51}),
    ("MICRO_TREND", {"micro_trend": 0.5}, 0.5, {"micro_trend": 0.51}),
    ("VWAP_SIDE", {"vwap_z": 0.0}, 0.0, {"vwap_z": 0.01}),
    ("REGIME", {"regime": Regime.RANGE}, "range", {"regime": Regime.VOLATILE}),
    ("F4", {"beliefs": with_beliefs(F4=(0.59, 0.9))}, 0.59, {"beliefs": with_beliefs(F4=(0.6, 0.1))}),
]


@pytest.mark.parametrize(("code", "broken", "observed", "passes"), CONDITIONS)
def test_each_condition_is_named_when_it_fails_and_lets_the_setup_pass_at_its_limit(code, broken, observed, passes):
    found = answer("K4", setup(**broken))
    assert (found.code, found.observed) == (code, observed)
    assert isinstance(answer("K4", setup(**passes)), EntryPlan)


@pytest.mark.parametrize("first", range(len(CONDITIONS)))
def test_conditions_are_asked_in_the_written_order(first):
    changes: dict = {}
    for _, broken, _, _ in CONDITIONS[first:]:
        changes |= broken
    assert answer("K4", setup(**changes)).code == CONDITIONS[first][0]


@pytest.mark.parametrize("regime", [Regime.CHOPPY, Regime.UNKNOWN])
def test_neither_a_choppy_nor_an_unknown_market_is_momentum(regime):
    assert answer("K4", setup(regime=regime)).code == "REGIME"


def test_on_the_wrong_side_of_vwap_or_against_the_micro_trend_there_is_no_setup():
    assert answer("K4", setup(vwap_z=-1.0)).observed == -1.0
    assert answer("K4", setup(micro_trend=-0.9)).observed == -0.9


@pytest.mark.parametrize(("trend", "leaves"), [(0.1, False), (0.0, False), (-0.01, True)])
def test_the_thesis_is_out_when_the_trend_crosses_zero_against_it(trend, leaves):
    plan = answer("K4", setup())
    state = setup(trend_strength=trend)
    assert (strategy("K4").plan_exit(trade_view(plan), state) is not None) is leaves
    assert (strategy("K4").plan_exit(trade_view(plan_in_a_mirror(plan)), in_a_mirror(state)) is not None) is leaves


# ------------------------------------------------------------------ random states


@given(random_states())
def test_a_mirrored_state_gives_the_mirrored_answer_whatever_it_is(state):
    assert ask("K4", mirror(state)) == mirrored_answer(ask("K4", state))


WILLING = dict(
    session_phase=st.just(2),
    body_impulse=st.just(0.5),
    volume_z=st.just(1.0),
    regime=st.just(Regime.VOLATILE),
    beliefs=st.just(STRONG),
    micro_trend=st.sampled_from((0.6, -0.6)),
    vwap_z=st.sampled_from((0.6, -0.6)),
)


@given(random_states(**WILLING))
def test_every_plan_enters_beyond_its_bar_with_two_legs_of_one_stop(state):
    answer, close = ask("K4", state), state.bar.close
    above, below = close - state.prior_high_20, state.prior_low_20 - close
    assert ask("K4", mirror(state)) == mirrored_answer(answer)
    if isinstance(answer, NoSetup):
        assert max(above, below) <= 0 or answer.code in ("MICRO_TREND", "VWAP_SIDE")
        return
    side = answer.side
    edge = state.bar.high if side > 0 else state.bar.low
    assert (above if side > 0 else below) > 0
    assert state.micro_trend * side > 0.5 and state.vwap_z * side > 0
    assert ((answer.trigger - edge) * side, (answer.limit - edge) * side) == (1, 2)
    assert [(leg.quantity, (answer.limit - leg.stop) * side, (leg.target - answer.limit) * side) for leg in answer.legs] == [
        (1, 6, 12),
        (1, 6, 18),
    ]
    assert all(type(price) is int for leg in answer.legs for price in (answer.limit, answer.trigger, leg.stop, leg.target))
