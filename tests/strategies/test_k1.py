"""K1, VWAP mean reversion: each condition of its rules either side of its limit, both sides mirrored."""

from __future__ import annotations

import msgspec
import pytest
from builders import STRONG, belief, trade_view
from hypothesis import given
from states import NAN, ask, mirror, mirrored_answer, one_sided, random_states, shared_strategy, standing

from bot.decision.plan import Act, EntryPlan, EntryType, ExitReason, Leg, NoSetup, Thesis
from bot.market.bar import Bar

BOTH = pytest.mark.parametrize("side", [1, -1])

# In the written order: what breaks the condition, and what K1 then says.
CONDITIONS = [
    ({"session_phase": 3}, NoSetup("PHASE", "phase", 3, "allowed", "1 2 4 5")),
    ({"minute_of_session": 29}, NoSetup("NOT_BEFORE", "minutes_since_open", 29, "minimum", 30, "minutes")),
    ({"vwap_z": -1.49}, NoSetup("VWAP_Z", "abs_z", 1.49, "minimum", 1.5)),
    ({"micro_trend": -0.4}, NoSetup("MICRO_TREND", "abs_trend", 0.4, "below", 0.4)),
    ({"close_location": 0.0}, NoSetup("CLOSE_LOCATION", "toward_vwap", 0.0, "above", 0.0)),
    ({"beliefs": STRONG | {"F1": (belief(0.59), belief(0.9))}}, NoSetup("F1", "belief", 0.59, "minimum", 0.6)),
    ({"beliefs": one_sided("F2", 0.9, 0.71)}, NoSetup("OPPOSITE_F2", "belief", 0.71, "maximum", 0.7)),
    ({"vwap_offset": 9.99}, NoSetup("TARGET_TICKS", "ticks_to_vwap", 9, "minimum", 10, "ticks")),
]


def k1(**changes: object) -> EntryPlan | NoSetup:
    return ask("K1", standing("K1", **changes))


@BOTH
@pytest.mark.parametrize(("broken", "said"), CONDITIONS, ids=[said.code for _, said in CONDITIONS])
def test_each_condition_is_named_with_what_was_observed_and_the_limit(broken, said, side):
    assert k1(side=side, **broken) == said


@BOTH
@pytest.mark.parametrize("first", range(len(CONDITIONS)), ids=[said.code for _, said in CONDITIONS])
def test_the_first_failing_condition_speaks_for_all_that_fail_after_it(first, side):
    broken = {}
    for changes, _ in reversed(CONDITIONS[first:]):
        broken |= changes
    assert k1(side=side, **broken) == CONDITIONS[first][1]


@BOTH
@pytest.mark.parametrize(
    "just_enough",
    [
        *({"session_phase": phase} for phase in (1, 2, 4, 5)),
        {"minute_of_session": 30},
        {"vwap_z": -1.5},
        {"micro_trend": 0.39},
        {"micro_trend": -0.39},
        {"close_location": 0.01},
        {"beliefs": one_sided("F1", 0.6, 0.0)},
        {"beliefs": one_sided("F1", 0.6 - 1e-10, 0.0)},
        {"beliefs": one_sided("F2", 0.0, 0.7)},
        {"vwap_offset": 10.0},
    ],
    ids=str,
)
def test_the_setup_stands_at_each_limit(just_enough, side):
    assert isinstance(k1(side=side, **just_enough), EntryPlan)


@BOTH
def test_a_belief_above_its_maximum_by_less_than_the_tolerance_is_at_it(side):
    assert isinstance(k1(side=side, beliefs=one_sided("F2", 0.9, 0.7 + 1e-10)), EntryPlan)
    assert k1(side=side, beliefs=one_sided("F2", 0.9, 0.7 + 1e-8)).code == "OPPOSITE_F2"


@pytest.mark.parametrize("phase", [0, 3, 6])
def test_other_phases_are_refused(phase):
    assert k1(session_phase=phase).code == "PHASE"


@pytest.mark.parametrize("vwap_z", [0.0, 0.5, -0.5, 1.49])
def test_the_distance_from_vwap_is_said_without_its_sign(vwap_z):
    assert k1(vwap_z=vwap_z) == NoSetup("VWAP_Z", "abs_z", abs(vwap_z), "minimum", 1.5)


def test_above_vwap_it_looks_for_a_short_and_says_so():
    """The state is long's but for the z-score: seen from the short, the close runs away from VWAP."""
    assert k1(vwap_z=1.6) == NoSetup("CLOSE_LOCATION", "toward_vwap", -0.3, "above", 0.0)


@pytest.mark.parametrize("name", ["vwap_z", "micro_trend", "close_location"])
def test_an_undefined_signal_gives_no_setup(name):
    assert isinstance(k1(**{name: NAN}), NoSetup)


@pytest.mark.parametrize(("name", "code"), [("F1", "F1"), ("F2", "OPPOSITE_F2")])
def test_an_undefined_belief_gives_no_setup(name, code):
    assert k1(beliefs=one_sided(name, NAN, NAN)).code == code


def test_the_plan_is_a_limit_at_the_close_with_the_numbers_of_the_contract():
    assert k1() == EntryPlan(
        strategy="K1",
        side=1,
        entry_type=EntryType.LIMIT,
        limit=1000,
        trigger=None,
        legs=(Leg(1, 994 - 2, 1000 + 14),),
        ttl_seconds=90.0,
        max_minutes=20,
        thesis=Thesis("F1", 0.9, exit_belief=0.5),
    )


@pytest.mark.parametrize(
    ("close", "offset", "target"),
    [
        (1000, 10.0, 1010),
        (1000, 10.99, 1010),  # toward the entry, not to the nearest
        (1000, 11.0, 1011),
        (1000, 23.99, 1023),
        (1000, 24.0, 1024),
        (1000, 24.99, 1024),
        (1000, 60.0, 1024),  # at most 24 ticks
        (1003, 15.5, 1015),  # VWAP at 1015.5, 12.5 ticks away
        (997, 7.2, 1007),  # VWAP at 1007.2, 10.2 ticks away
    ],
)
@BOTH
def test_the_target_is_vwap_rounded_toward_the_entry(close, offset, target, side):
    state = standing("K1", side, bar=Bar(standing("K1").ts_ns, 1000, 1004, 996, close, 1500), vwap_offset=offset)
    assert ask("K1", state).legs[0].target == (target if side > 0 else 2000 - target)


@pytest.mark.parametrize(("offset", "room"), [(9.99, 9), (0.0, 0), (-0.5, -1), (-20.0, -20)])
@BOTH
def test_a_target_nearer_than_10_ticks_or_behind_the_entry_is_no_plan(offset, room, side):
    assert k1(side=side, vwap_offset=offset) == NoSetup("TARGET_TICKS", "ticks_to_vwap", room, "minimum", 10, "ticks")


@BOTH
def test_the_stop_is_two_ticks_beyond_the_five_bar_extreme_however_far(side):
    for extreme in (996, 990, 950):
        assert k1(side=side, low_5=extreme).legs[0].stop == (extreme - 2 if side > 0 else 2000 - extreme + 2)


@pytest.mark.parametrize(("past", "leaves"), [(-1.6, False), (0.0, False), (0.49, False), (0.5, True), (1.0, True)])
@BOTH
def test_it_leaves_half_a_sigma_past_vwap(past, leaves, side):
    state = standing("K1", side, vwap_z=past)
    answer = shared_strategy("K1").plan_exit(trade_view(k1(side=side)), state)
    assert (answer is not None and answer.reason is ExitReason.THESIS) == leaves


@pytest.mark.parametrize(("now", "act"), [(0.5, Act.HOLD), (0.5 - 1e-10, Act.HOLD), (0.49, Act.EXIT), (NAN, Act.EXIT)])
@BOTH
def test_it_leaves_when_its_belief_falls_below_one_half(now, act, side):
    state = standing("K1", side, beliefs=one_sided("F1", now, 0.0 if act is Act.HOLD else 0.9))
    action = shared_strategy("K1").plan_management(trade_view(k1(side=side)), state)
    assert action.act is act
    assert action.reason is (None if act is Act.HOLD else ExitReason.THESIS)


def test_a_vwap_that_cannot_be_known_is_no_reason_of_its_own_to_leave():
    """Its belief is 0 then, and that is one."""
    assert shared_strategy("K1").plan_exit(trade_view(k1()), standing("K1", vwap_z=NAN)) is None


@given(random_states())
def test_a_mirrored_state_gives_the_mirrored_answer(state):
    assert ask("K1", mirror(state)) == mirrored_answer(ask("K1", state))


@given(random_states())
def test_every_plan_aims_10_to_24_ticks_toward_vwap_and_stops_beyond_the_extreme(state):
    state = msgspec.structs.replace(
        state, session_phase=2, minute_of_session=60, vwap_z=-2.0, micro_trend=0.0, close_location=0.5, beliefs=one_sided("F2", 0.9, 0.1)
    )
    answer = ask("K1", state)
    if isinstance(answer, NoSetup):
        assert answer.code == "TARGET_TICKS"
        assert state.vwap_anchor + state.vwap_offset - state.bar.close < 10
        return
    (leg,) = answer.legs
    assert (answer.side, answer.limit, answer.quantity) == (1, state.bar.close, 1)
    assert 10 <= leg.target - answer.limit <= 24
    assert leg.target <= state.vwap_anchor + state.vwap_offset
    assert leg.stop == state.low_5 - 2 < answer.limit
    assert all(type(price) is int for price in (answer.limit, leg.stop, leg.target))
