"""K3, sweep-driven reversal: each condition either side of its limit, both sides mirrored; its stop-limit to the tick."""

from __future__ import annotations

import pytest
from builders import STRONG, belief, trade_view
from hypothesis import given
from hypothesis import strategies as st
from states import NAN, ask, mirror, mirrored_answer, one_sided, random_states, shared_strategy, standing

from bot.decision.plan import EntryPlan, EntryType, ExitReason, Leg, NoSetup, Thesis
from bot.market.bar import Bar
from bot.market.state import Regime, Sweep

BOTH = pytest.mark.parametrize("side", [1, -1])

CONDITIONS = [
    ({"session_phase": 3}, NoSetup("PHASE", "phase", 3, "allowed", "1 2 4")),
    ({"sweep": Sweep(1, 0.25, 997, 989)}, NoSetup("SWEEP", "strength", 0.25, "minimum", 0.5)),
    ({"regime": Regime.CHOPPY}, NoSetup("CHOPPY", "regime", "choppy", "allowed", "not choppy")),
    ({"beliefs": STRONG | {"F3": (belief(0.59), belief(0.9))}}, NoSetup("F3", "belief", 0.59, "minimum", 0.6)),
]


def k3(**changes: object) -> EntryPlan | NoSetup:
    return ask("K3", standing("K3", **changes))


@BOTH
@pytest.mark.parametrize(("broken", "said"), CONDITIONS, ids=[said.code for _, said in CONDITIONS])
def test_each_condition_is_named_with_what_was_observed_and_the_limit(broken, said, side):
    assert k3(side=side, **broken) == said


@BOTH
@pytest.mark.parametrize("first", range(len(CONDITIONS)), ids=[said.code for _, said in CONDITIONS])
def test_the_first_failing_condition_speaks_for_all_that_fail_after_it(first, side):
    broken = {}
    for changes, _ in reversed(CONDITIONS[first:]):
        broken |= changes
    assert k3(side=side, **broken) == CONDITIONS[first][1]


@BOTH
@pytest.mark.parametrize(
    "just_enough",
    [
        *({"session_phase": phase} for phase in (1, 2, 4)),
        {"sweep": Sweep(1, 0.5, 997, 989)},
        *({"regime": regime} for regime in (Regime.VOLATILE, Regime.TRENDING, Regime.RANGE)),
        {"beliefs": one_sided("F3", 0.6, 0.0)},
        {"beliefs": one_sided("F3", 0.6 - 1e-10, 0.0)},
    ],
    ids=str,
)
def test_the_setup_stands_at_each_limit(just_enough, side):
    assert isinstance(k3(side=side, **just_enough), EntryPlan)


@pytest.mark.parametrize("phase", [0, 3, 5, 6])
def test_other_phases_are_refused(phase):
    assert k3(session_phase=phase).code == "PHASE"


def test_without_a_sweep_its_strength_is_zero():
    assert k3(sweep=None) == NoSetup("SWEEP", "strength", 0.0, "minimum", 0.5)


@BOTH
def test_a_regime_that_cannot_be_known_is_not_known_to_be_other_than_choppy(side):
    assert k3(side=side, regime=Regime.UNKNOWN) == NoSetup("CHOPPY", "regime", "unknown", "allowed", "not choppy")


@BOTH
def test_an_undefined_belief_gives_no_setup(side):
    assert k3(side=side, beliefs=one_sided("F3", NAN, NAN)).code == "F3"


def test_the_plan_is_a_stop_limit_one_tick_beyond_the_bar_and_one_further():
    """High 1004: trigger 1005, limit 1006. Stop 989 - 2 = 987, so 19 ticks from the limit, and 38 to the target."""
    assert k3() == EntryPlan(
        strategy="K3",
        side=1,
        entry_type=EntryType.STOP_LIMIT,
        limit=1006,
        trigger=1005,
        legs=(Leg(1, 987, 1044),),
        ttl_seconds=90.0,
        max_minutes=8,
        thesis=Thesis("F3", 0.9, level=997),
    )


def test_a_short_is_triggered_below_the_bars_low():
    """The bar runs 996 to 1010 around a close of 1000; a short's stop stands two ticks above the sweep's 1013."""
    state = standing("K3", bar=Bar(standing("K3").ts_ns, 1000, 1010, 996, 1000, 1500), sweep=Sweep(-1, 1.0, 1005, 1013))
    plan = ask("K3", state)
    assert (plan.side, plan.trigger, plan.limit) == (-1, 995, 994)
    assert plan.legs == (Leg(1, 1015, 994 - 2 * (1015 - 994)),)


@pytest.mark.parametrize(("close", "leaves"), [(1003, False), (998, False), (997, False), (996, True), (980, True)])
@BOTH
def test_it_leaves_on_a_close_beyond_the_swept_level(close, leaves, side):
    state = standing("K3", side, bar=Bar(standing("K3").ts_ns, 1000, 1004, 970, close, 1500))
    answer = shared_strategy("K3").plan_exit(trade_view(k3(side=side)), state)
    assert (answer is not None and answer.reason is ExitReason.THESIS) == leaves


@given(random_states())
def test_a_mirrored_state_gives_the_mirrored_answer(state):
    assert ask("K3", mirror(state)) == mirrored_answer(ask("K3", state))


@given(random_states(session_phase=st.just(2), regime=st.sampled_from((Regime.RANGE, Regime.VOLATILE)), beliefs=st.just(STRONG)))
def test_every_plan_enters_beyond_its_bar_stops_beyond_the_sweep_and_aims_at_2_r(state):
    answer, sweep = ask("K3", state), state.sweep
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
