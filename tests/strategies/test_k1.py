"""K1 fades a price stretched from VWAP: conditions in order, the plan to the tick, exits; each also in a mirror.

The long setup: VWAP 1000 + 0, close 985 after a low of 980, sigma 8.
"""

from __future__ import annotations

import math

import msgspec
import pytest
from builders import market, new_york_ns, trade_view, with_beliefs
from hypothesis import given
from kit import answer, in_a_mirror, plan_in_a_mirror, strategy
from states import ask, mirror, mirrored_answer, one_sided, random_states, standing

from bot.decision.plan import EntryPlan, EntryType, ExitReason, Leg, NoSetup, Thesis
from bot.market.bar import Bar
from bot.units import MINUTE_NS

AT = new_york_ns("2025-09-16 10:41")


def setup(close: int = 985, **changes):
    ts_ns = changes.pop("ts_ns", AT)
    values = dict(
        ts_ns=ts_ns, bar=Bar(ts_ns, 983, 987, 981, close, 900), vwap_z=-1.8, micro_trend=-0.2, close_location=0.5, low_5=980, high_5=1001,
        beliefs=with_beliefs(F1=(0.8, 0.1), F2=(0.2, 0.3)),
    )  # fmt: skip
    return market(**(values | changes))


def test_the_setup_gives_a_limit_at_the_close_with_its_stop_beyond_the_extreme_and_vwap_as_target():
    assert answer("K1", setup()) == EntryPlan(
        "K1", 1, EntryType.LIMIT, 985, None, (Leg(1, 978, 1000),), 90.0, 20, Thesis("F1", 0.8, exit_belief=0.5)
    )


@pytest.mark.parametrize(
    ("changes", "code", "observed", "limit"),
    [
        ({"session_phase": 3}, "PHASE", 3, "1 2 4 5"),
        ({"session_phase": 1, "minute_of_session": 29}, "NOT_BEFORE", 29, 30),
        ({"vwap_z": -1.49}, "VWAP_Z", 1.49, 1.5),
        ({"vwap_z": math.nan}, "VWAP_Z", None, 1.5),
        ({"micro_trend": -0.4}, "MICRO_TREND", 0.4, 0.4),
        ({"micro_trend": 0.4}, "MICRO_TREND", 0.4, 0.4),
        ({"close_location": 0.0}, "CLOSE_LOCATION", 0.0, 0.0),
        ({"close_location": -0.1}, "CLOSE_LOCATION", -0.1, 0.0),
        ({"beliefs": with_beliefs(F1=(0.59, 0.9), F2=(0.1, 0.1))}, "F1", 0.59, 0.6),
        ({"beliefs": with_beliefs(F1=(0.8, 0.1), F2=(0.9, 0.71))}, "OPPOSITE_F2", 0.71, 0.7),
        ({"close": 991}, "TARGET_TICKS", 9, 10),
    ],
)
def test_the_first_failing_condition_is_named_with_its_number(changes, code, observed, limit):
    found = strategy("K1").detect(setup(**changes))
    found = found if isinstance(found, NoSetup) else strategy("K1").plan_entry(found, setup(**changes))
    assert (found.code, found.limit) == (code, limit)
    assert observed is None or found.observed == pytest.approx(observed)
    if observed is not None:
        answer("K1", setup(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"session_phase": 1, "minute_of_session": 30},
        {"vwap_z": -1.5},
        {"micro_trend": 0.39},
        {"close_location": 0.01},
        {"beliefs": with_beliefs(F1=(0.6, 0.9), F2=(0.1, 0.1))},
        {"beliefs": with_beliefs(F1=(0.8, 0.1), F2=(0.9, 0.7))},
        {"close": 990},
        {"session_phase": 5},
    ],
    ids=str,
)
def test_at_its_limit_each_condition_lets_the_setup_pass(changes):
    assert isinstance(answer("K1", setup(**changes)), EntryPlan)


@pytest.mark.parametrize("broken", range(1, 9))
def test_conditions_are_asked_in_the_written_order(broken):
    order = [
        ("PHASE", {"session_phase": 3}),
        ("NOT_BEFORE", {"minute_of_session": 5}),
        ("VWAP_Z", {"vwap_z": -1.0}),
        ("MICRO_TREND", {"micro_trend": 0.9}),
        ("CLOSE_LOCATION", {"close_location": -1.0}),
        ("F1", {"beliefs": with_beliefs(F1=(0.1, 0.1), F2=(0.9, 0.9))}),
        ("OPPOSITE_F2", {"beliefs": with_beliefs(F1=(0.9, 0.1), F2=(0.9, 0.9))}),
        ("TARGET_TICKS", {"close": 999}),
    ][-broken:]
    changes: dict = {}
    for _, change in reversed(order):
        changes |= change
    assert answer("K1", setup(**changes)).code == order[0][0]


@pytest.mark.parametrize(("close", "target"), [(985, 1000), (977, 1000), (976, 1000), (975, 999), (960, 984)])
def test_the_target_is_vwap_but_at_most_24_ticks_away(close, target):
    assert answer("K1", setup(close)).legs[0].target == target


@pytest.mark.parametrize(("offset", "target"), [(0.0, 1000), (0.9, 1000), (-0.1, 999)])
def test_the_target_is_rounded_to_the_tick_short_of_vwap(offset, target):
    assert answer("K1", setup(vwap_offset=offset)).legs[0].target == target


@pytest.mark.parametrize(("vwap_z", "leaves"), [(0.49, False), (0.5, True), (-1.0, False)])
def test_the_thesis_is_out_half_a_sigma_past_vwap(vwap_z, leaves):
    plan = answer("K1", setup())
    for trade, state in (
        (trade_view(plan), setup(vwap_z=vwap_z)),
        (trade_view(plan_in_a_mirror(plan)), in_a_mirror(setup(vwap_z=vwap_z))),
    ):
        found = strategy("K1").plan_exit(trade, state)
        assert (found is not None) is leaves
        if leaves:
            assert found.reason is ExitReason.THESIS


@pytest.mark.parametrize(("clock", "leaves"), [("15:53", False), ("15:54", True)])
def test_the_session_is_flattened_on_the_bar_of_15_54(clock, leaves):
    ts_ns = new_york_ns(f"2025-09-16 {clock}")
    trade = trade_view(answer("K1", setup()), opened_ns=ts_ns - MINUTE_NS)
    action = strategy("K1").plan_management(trade, setup(ts_ns=ts_ns))
    assert (action.reason is ExitReason.SESSION) is leaves


def test_outside_the_session_an_open_trade_is_left():
    trade = trade_view(answer("K1", setup()))
    assert strategy("K1").plan_management(trade, setup(session=None)).reason is ExitReason.SESSION


# ------------------------------------------------------------------ random states


def test_the_opposite_belief_may_be_above_its_maximum_by_less_than_the_tolerance():
    assert isinstance(ask("K1", standing("K1", beliefs=one_sided("F2", 0.9, 0.7 + 1e-10))), EntryPlan)
    assert ask("K1", standing("K1", beliefs=one_sided("F2", 0.9, 0.7 + 1e-8))).code == "OPPOSITE_F2"


@given(random_states())
def test_a_mirrored_state_gives_the_mirrored_answer_whatever_it_is(state):
    assert ask("K1", mirror(state)) == mirrored_answer(ask("K1", state))


@given(random_states())
def test_every_plan_aims_10_to_24_ticks_toward_vwap_and_stops_beyond_the_extreme(state):
    state = msgspec.structs.replace(
        state, session_phase=2, minute_of_session=60, vwap_z=-2.0, micro_trend=0.0, close_location=0.5, beliefs=one_sided("F2", 0.9, 0.1)
    )
    answer = ask("K1", state)
    assert ask("K1", mirror(state)) == mirrored_answer(answer)
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
