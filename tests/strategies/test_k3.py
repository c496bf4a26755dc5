"""K3 joins the reversal of a sweep: conditions in order, the plan to the tick, exits; each also in a mirror.

The long setup: a low of 990 was swept to 983; the bar 985-994 closed at 993.
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
from bot.market.state import Regime, Sweep


def setup(close: int = 993, strength: float = 1.0, **changes):
    values = dict(
        bar=Bar(MOMENT, 989, 994, 988, close, 2000), sweep=Sweep(1, strength, 990, 988), beliefs=with_beliefs(F3=(0.8, 0.1))
    )  # fmt: skip
    return market(**(values | changes))


def test_the_setup_gives_a_stop_limit_a_tick_beyond_the_bar_with_its_stop_beyond_the_sweep_and_two_r():
    assert answer("K3", setup()) == EntryPlan(
        "K3", 1, EntryType.STOP_LIMIT, 996, 995, (Leg(1, 986, 1016),), 90.0, 8, Thesis("F3", 0.8, level=990)
    )


@pytest.mark.parametrize(
    ("changes", "code", "observed"),
    [
        ({"session_phase": 3}, "PHASE", 3),
        ({"session_phase": 5}, "PHASE", 5),
        ({"sweep": None}, "SWEEP", 0.0),
        ({"strength": 0.49}, "SWEEP", 0.49),
        ({"bar": Bar(MOMENT, 989, 994, 987, 993, 2000)}, "EXTREME_EXCEEDED", 1),
        ({"bar": Bar(MOMENT, 989, 994, 985, 993, 2000), "regime": Regime.CHOPPY}, "EXTREME_EXCEEDED", 3),
        ({"regime": Regime.CHOPPY}, "CHOPPY", "choppy"),
        ({"regime": Regime.UNKNOWN}, "CHOPPY", "unknown"),
        ({"beliefs": with_beliefs(F3=(0.59, 0.9))}, "F3", 0.59),
        ({"strength": 0.1, "regime": Regime.CHOPPY}, "SWEEP", 0.1),
        ({"regime": Regime.CHOPPY, "beliefs": with_beliefs(F3=(0.1, 0.1))}, "CHOPPY", "choppy"),
    ],
)
def test_the_first_failing_condition_is_named_with_its_number(changes, code, observed):
    found = answer("K3", setup(**changes))
    assert (found.code, found.observed) == (code, observed)


@pytest.mark.parametrize(
    "changes",
    [
        {"strength": 0.5},
        {"regime": Regime.TRENDING},
        {"regime": Regime.VOLATILE},
        {"beliefs": with_beliefs(F3=(0.6, 0.1))},
        {"session_phase": 1},
    ],
    ids=str,
)
def test_at_its_limit_each_condition_lets_the_setup_pass(changes):
    assert isinstance(answer("K3", setup(**changes)), EntryPlan)


@pytest.mark.parametrize(("close", "leaves"), [(990, False), (989, True)])
def test_the_thesis_is_out_on_a_close_beyond_the_swept_level(close, leaves):
    plan = answer("K3", setup())
    assert (strategy("K3").plan_exit(trade_view(plan), setup(close)) is not None) is leaves
    assert (strategy("K3").plan_exit(trade_view(plan_in_a_mirror(plan)), in_a_mirror(setup(close))) is not None) is leaves


# ------------------------------------------------------------------ random states


@given(random_states())
def test_a_mirrored_state_gives_the_mirrored_answer_whatever_it_is(state):
    assert ask("K3", mirror(state)) == mirrored_answer(ask("K3", state))


@given(random_states(session_phase=st.just(2), regime=st.sampled_from((Regime.RANGE, Regime.VOLATILE)), beliefs=st.just(STRONG)))
def test_every_plan_enters_beyond_its_bar_stops_beyond_the_sweep_and_aims_at_2_r(state):
    answer, sweep = ask("K3", state), state.sweep
    assert ask("K3", mirror(state)) == mirrored_answer(answer)
    if isinstance(answer, NoSetup):
        assert sweep is None or sweep.strength < 0.5
        return
    (leg,) = answer.legs
    edge = state.bar.high if sweep.side > 0 else state.bar.low
    assert answer.side == sweep.side
    assert ((answer.trigger - edge) * sweep.side, (answer.limit - edge) * sweep.side) == (1, 2)
    assert leg.stop == sweep.extreme - 2 * sweep.side
    assert answer.stop_ticks > 0
    assert (leg.target - answer.limit) * sweep.side == 2 * answer.stop_ticks
    assert all(type(price) is int for price in (answer.limit, answer.trigger, leg.stop, leg.target))
