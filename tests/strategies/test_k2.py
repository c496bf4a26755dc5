"""K2 fades a failed break: conditions in order, the plan to the tick, exits; each also in a mirror.

The long setup: a level at 990 was broken down to 986 and won back; close 994, VWAP 1000.
"""

from __future__ import annotations

import math

import pytest
from builders import MOMENT, STRONG, market, trade_view, with_beliefs
from hypothesis import given
from hypothesis import strategies as st
from kit import answer, in_a_mirror, plan_in_a_mirror, strategy
from states import ask, mirror, mirrored_answer, random_states

from bot.decision.plan import EntryPlan, EntryType, Leg, NoSetup, Thesis
from bot.market.bar import Bar
from bot.market.state import FailedBreak, Regime


def setup(close: int = 994, strength: float = 1.0, **changes):
    values = dict(
        bar=Bar(MOMENT, 989, 995, 988, close, 900), failed_break=FailedBreak(1, strength, "overnight low", 990, 986),
        beliefs=with_beliefs(F2=(0.8, 0.1)), trend_strength=-0.5,
    )  # fmt: skip
    return market(**(values | changes))


def test_the_setup_gives_a_limit_at_the_close_with_its_stop_beyond_the_extreme_and_two_r_as_target():
    assert answer("K2", setup()) == EntryPlan(
        "K2", 1, EntryType.LIMIT, 994, None, (Leg(1, 984, 1014),), 90.0, 15, Thesis("F2", 0.8, level=990)
    )


@pytest.mark.parametrize(
    ("changes", "code", "observed"),
    [
        ({"session_phase": 5}, "PHASE", 5),
        ({"failed_break": None}, "FAILED_BREAK", 0.0),
        ({"strength": 0.49}, "FAILED_BREAK", 0.49),
        ({"bar": Bar(MOMENT, 989, 995, 985, 994, 900)}, "EXTREME_EXCEEDED", 1),
        ({"bar": Bar(MOMENT, 989, 995, 985, 994, 900), "regime": Regime.UNKNOWN}, "EXTREME_EXCEEDED", 1),
        ({"regime": Regime.TRENDING}, "TREND_AGAINST", -0.5),
        ({"regime": Regime.UNKNOWN}, "REGIME", "unknown"),
        ({"beliefs": with_beliefs(F2=(0.64, 0.9))}, "F2", 0.64),
        ({"session_phase": 3, "strength": 0.1, "regime": Regime.TRENDING}, "PHASE", 3),
        ({"strength": 0.1, "regime": Regime.TRENDING, "beliefs": with_beliefs(F2=(0.1, 0.1))}, "FAILED_BREAK", 0.1),
        ({"regime": Regime.TRENDING, "beliefs": with_beliefs(F2=(0.1, 0.1))}, "TREND_AGAINST", -0.5),
    ],
)
def test_the_first_failing_condition_is_named_with_its_number(changes, code, observed):
    found = answer("K2", setup(**changes))
    assert (found.code, found.observed) == (code, observed)


@pytest.mark.parametrize(
    "changes",
    [
        {"strength": 0.5},
        {"regime": Regime.TRENDING, "trend_strength": 0.5},  # trending with it
        {"regime": Regime.TRENDING, "trend_strength": 0.0},
        {"regime": Regime.VOLATILE},
        {"regime": Regime.CHOPPY},
        {"beliefs": with_beliefs(F2=(0.65, 0.9))},
        {"session_phase": 1},
        {"session_phase": 4},
    ],
    ids=str,
)
def test_at_its_limit_each_condition_lets_the_setup_pass(changes):
    assert isinstance(answer("K2", setup(**changes)), EntryPlan)


@pytest.mark.parametrize(
    ("anchor", "offset", "target"),
    [
        (1003, 0.9, 1014),  # 9.9 ticks: too near, 2 R
        (1004, 0.0, 1004),  # 10 ticks
        (1013, 0.9, 1013),  # 19.9 ticks
        (1014, 0.0, 1014),  # 2 R
        (1030, 0.0, 1014),
        (980, 0.0, 1014),  # on the wrong side
    ],
)
def test_the_target_is_vwap_from_10_ticks_to_below_two_r(anchor, offset, target):
    assert answer("K2", setup(vwap_anchor=anchor, vwap_offset=offset)).legs[0].target == target


def test_without_a_vwap_there_is_no_plan():
    assert answer("K2", setup(vwap_offset=math.nan)).code == "VWAP"


@pytest.mark.parametrize(("close", "leaves"), [(990, False), (989, True)])
def test_the_thesis_is_out_when_the_level_is_broken_again_on_a_close(close, leaves):
    plan = answer("K2", setup())
    assert (strategy("K2").plan_exit(trade_view(plan), setup(close)) is not None) is leaves
    assert (strategy("K2").plan_exit(trade_view(plan_in_a_mirror(plan)), in_a_mirror(setup(close))) is not None) is leaves


# ------------------------------------------------------------------ random states


@given(random_states())
def test_a_mirrored_state_gives_the_mirrored_answer_whatever_it_is(state):
    assert ask("K2", mirror(state)) == mirrored_answer(ask("K2", state))


WILLING = dict(
    session_phase=st.just(2),
    regime=st.sampled_from((Regime.RANGE, Regime.VOLATILE, Regime.CHOPPY)),
    beliefs=st.just(STRONG),
)


@given(random_states(**WILLING))
def test_every_plan_stops_beyond_the_extreme_and_aims_at_vwap_or_2_r(state):
    answer, failed = ask("K2", state), state.failed_break
    assert ask("K2", mirror(state)) == mirrored_answer(answer)
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
