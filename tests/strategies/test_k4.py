"""K4, momentum extension: each condition either side of its limit, both sides mirrored; two legs of one stop."""

from __future__ import annotations

import pytest
from builders import STRONG, belief, trade_view
from hypothesis import given
from hypothesis import strategies as st
from states import NAN, ask, mirror, mirrored_answer, one_sided, random_states, shared_strategy, standing

from bot.decision.plan import EntryPlan, EntryType, ExitReason, Leg, NoSetup, Thesis
from bot.market.bar import Bar
from bot.market.state import Regime

BOTH = pytest.mark.parametrize("side", [1, -1])

CONDITIONS = [
    ({"session_phase": 3}, NoSetup("PHASE", "phase", 3, "allowed", "1 2 4")),
    ({"prior_high_20": 1000}, NoSetup("RANGE", "ticks_beyond", 0, "minimum", 1, "ticks")),
    ({"body_impulse": 0.29}, NoSetup("BODY_IMPULSE", "abs_impulse", 0.29, "minimum", 0.3)),
    ({"volume_z": 0.5}, NoSetup("VOLUME_Z", "volume_z", 0.5, "above", 0.5)),
    ({"micro_trend": 0.5}, NoSetup("MICRO_TREND", "with_it", 0.5, "above", 0.5)),
    ({"vwap_z": 0.0}, NoSetup("VWAP_SIDE", "z_with_it", 0.0, "above", 0.0)),
    ({"regime": Regime.RANGE}, NoSetup("REGIME", "regime", "range", "allowed", "trending volatile")),
    ({"beliefs": STRONG | {"F4": (belief(0.59), belief(0.9))}}, NoSetup("F4", "belief", 0.59, "minimum", 0.6)),
]


def k4(**changes: object) -> EntryPlan | NoSetup:
    return ask("K4", standing("K4", **changes))


@BOTH
@pytest.mark.parametrize(("broken", "said"), CONDITIONS, ids=[said.code for _, said in CONDITIONS])
def test_each_condition_is_named_with_what_was_observed_and_the_limit(broken, said, side):
    assert k4(side=side, **broken) == said


@BOTH
@pytest.mark.parametrize("first", range(len(CONDITIONS)), ids=[said.code for _, said in CONDITIONS])
def test_the_first_failing_condition_speaks_for_all_that_fail_after_it(first, side):
    broken = {}
    for changes, _ in reversed(CONDITIONS[first:]):
        broken |= changes
    assert k4(side=side, **broken) == CONDITIONS[first][1]


@BOTH
@pytest.mark.parametrize(
    "just_enough",
    [
        *({"session_phase": phase} for phase in (1, 2, 4)),
        {"prior_high_20": 999},
        {"body_impulse": 0.3},
        {"body_impulse": -0.3},  # its size counts, not its sign
        {"volume_z": 0.51},
        {"micro_trend": 0.51},
        {"vwap_z": 0.01},
        {"regime": Regime.VOLATILE},
        {"beliefs": one_sided("F4", 0.6, 0.0)},
        {"beliefs": one_sided("F4", 0.6 - 1e-10, 0.0)},
    ],
    ids=str,
)
def test_the_setup_stands_at_each_limit(just_enough, side):
    assert isinstance(k4(side=side, **just_enough), EntryPlan)


@pytest.mark.parametrize("phase", [0, 3, 5, 6])
def test_other_phases_are_refused(phase):
    assert k4(session_phase=phase).code == "PHASE"


@pytest.mark.parametrize("regime", [Regime.CHOPPY, Regime.RANGE, Regime.UNKNOWN])
def test_other_regimes_are_refused(regime):
    assert k4(regime=regime) == NoSetup("REGIME", "regime", regime.value, "allowed", "trending volatile")


@pytest.mark.parametrize(("low", "high", "ticks_beyond"), [(980, 1001, -1), (980, 1020, -20), (998, 1020, -2), (1000, 1020, 0)])
def test_inside_the_range_the_nearer_edge_is_named(low, high, ticks_beyond):
    assert k4(prior_low_20=low, prior_high_20=high) == NoSetup("RANGE", "ticks_beyond", ticks_beyond, "minimum", 1, "ticks")


def test_a_high_beyond_the_range_is_not_a_close_beyond_it():
    assert k4(prior_high_20=1003).code == "RANGE"


@pytest.mark.parametrize(("name", "code"), [("micro_trend", "MICRO_TREND"), ("vwap_z", "VWAP_SIDE")])
@BOTH
def test_a_signal_against_the_break_is_said_with_its_sign_toward_it(name, code, side):
    answer = k4(side=side, **{name: -0.7})
    assert (answer.code, answer.observed) == (code, -0.7)


@pytest.mark.parametrize("name", ["body_impulse", "volume_z", "micro_trend", "vwap_z"])
@BOTH
def test_an_undefined_signal_gives_no_setup(name, side):
    assert isinstance(k4(side=side, **{name: NAN}), NoSetup)


@BOTH
def test_an_undefined_belief_gives_no_setup(side):
    assert k4(side=side, beliefs=one_sided("F4", NAN, NAN)).code == "F4"


def test_the_plan_is_two_one_contract_legs_on_one_stop_limit():
    """High 1004: trigger 1005, limit 1006, stop 6 ticks below it, targets 2 x 6 and 3 x 6 above."""
    plan = k4()
    assert plan == EntryPlan(
        strategy="K4",
        side=1,
        entry_type=EntryType.STOP_LIMIT,
        limit=1006,
        trigger=1005,
        legs=(Leg(1, 1000, 1018), Leg(1, 1000, 1024)),
        ttl_seconds=90.0,
        max_minutes=12,
        thesis=Thesis("F4", 0.9),
    )
    assert (plan.quantity, plan.risk_cents, plan.reward_ratio) == (2, 2 * 6 * 125, 2.5)


def test_a_short_is_triggered_below_the_bars_low():
    state = standing("K4", -1, bar=Bar(standing("K4").ts_ns, 1000, 1004, 991, 1000, 1500))
    plan = ask("K4", state)
    assert (state.bar.low, state.bar.high) == (996, 1009)
    assert (plan.trigger, plan.limit, plan.legs) == (995, 994, (Leg(1, 1000, 982), Leg(1, 1000, 976)))


@pytest.mark.parametrize(("trend", "leaves"), [(0.4, False), (0.01, False), (0.0, False), (-0.01, True), (-0.5, True)])
@BOTH
def test_it_leaves_when_the_trend_crosses_zero_against_it(trend, leaves, side):
    answer = shared_strategy("K4").plan_exit(trade_view(k4(side=side)), standing("K4", side, trend_strength=trend))
    assert (answer is not None and answer.reason is ExitReason.THESIS) == leaves


@given(random_states())
def test_a_mirrored_state_gives_the_mirrored_answer(state):
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
