"""Trade management: the rules in their order, stops that only tighten, both sides mirrored.

Written for a long trade from 1000 with its stop at 992 (R is 8 ticks), opened at MOMENT with
an ATR of 8; a short one is seen in a mirror at 1000.
"""

from __future__ import annotations

import msgspec
import pytest
from builders import CONTRACTS, MOMENT, k4_plan, market, plan, trade_view, with_beliefs
from hypothesis import given
from hypothesis import strategies as st

from bot.decision.management import ManagementLimits, at_entry, half_distance, manage
from bot.decision.plan import Act, ExitPlan, ExitReason, Thesis
from bot.market.bar import Bar
from bot.units import MINUTE_NS

LAW = ManagementLimits.of(CONTRACTS)
PLAN = plan(thesis=Thesis("F1", 0.9, exit_belief=0.5))
VOID = ExitPlan(ExitReason.THESIS, "its own rule")
both_sides = pytest.mark.parametrize("side", [1, -1])


def at(side: int, price: float) -> float:
    return 1000 + (price - 1000) * side


def view(side: int = 1, **changes):
    chosen = plan(side, thesis=PLAN.thesis) if changes.pop("one", True) else k4_plan(side)
    for name in ("entry", "stop"):
        if name in changes:
            changes[name] = type(changes[name])(at(side, changes[name]))
    return trade_view(chosen, **changes)


def state(side: int = 1, close: int = 1000, minutes: int = 1, **changes):
    bar = Bar(MOMENT + minutes * MINUTE_NS, 1000, 1100, 900, at(side, close), 500)
    return market(bar=bar, **changes)


def done(trade, now, flatten: bool = False, thesis_exit=None):
    action = manage(trade, now, flatten, thesis_exit, LAW)
    return (action.act, action.reason or (action.stop, action.cause) if action.act is not Act.HOLD else None)


HOLD = (Act.HOLD, None)
WORST = dict(close=1008, minutes=20, dvs=0.1, atr_14=24.0, beliefs=with_beliefs(F1=(0.1, 0.1)))


@both_sides
def test_a_trade_whose_thesis_holds_is_held(side):
    assert done(view(side), state(side)) == HOLD


@both_sides
@pytest.mark.parametrize(
    ("repaired", "flatten", "expected"),
    [
        ({}, True, (Act.EXIT, ExitReason.SESSION)),
        ({}, False, (Act.TIGHTEN, (996, "DVS"))),
        ({"dvs": 1.0}, False, (Act.EXIT, ExitReason.THESIS)),
        ({"dvs": 1.0, "beliefs": with_beliefs()}, False, (Act.EXIT, ExitReason.TIME)),
        ({"dvs": 1.0, "beliefs": with_beliefs(), "minutes": 19}, False, (Act.EXIT, ExitReason.VOLATILITY)),
        ({"dvs": 1.0, "beliefs": with_beliefs(), "minutes": 19, "atr_14": 16.0}, False, (Act.TIGHTEN, (996, "ATR"))),
        ({"dvs": 1.0, "beliefs": with_beliefs(), "minutes": 19, "atr_14": 15.9}, False, (Act.TIGHTEN, (1000, "+1R"))),
        ({"dvs": 1.0, "beliefs": with_beliefs(), "minutes": 19, "atr_14": 8.0, "close": 1007}, False, HOLD),
    ],
)
def test_the_first_rule_that_speaks_decides(side, repaired, flatten, expected):
    act, what = expected
    if isinstance(what, tuple):
        what = (at(side, what[0]), what[1])
    assert done(view(side), state(side, **(WORST | repaired)), flatten) == (act, what)


@both_sides
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"dvs": 0.60}, HOLD),
        ({"dvs": 0.60 - 5e-10}, HOLD),
        ({"dvs": 0.60 - 2e-9}, (Act.TIGHTEN, (996, "DVS"))),
        ({"eqs": 0.59}, (Act.TIGHTEN, (996, "EQS"))),
        ({"dvs": float("nan")}, (Act.TIGHTEN, (996, "DVS"))),
        ({"beliefs": with_beliefs(F1=(0.5, 0.5))}, HOLD),
        ({"beliefs": with_beliefs(F1=(0.49, 0.49))}, (Act.EXIT, ExitReason.THESIS)),
        ({"minutes": 19}, HOLD),
        ({"minutes": 20}, (Act.EXIT, ExitReason.TIME)),
        ({"atr_14": 23.99}, (Act.TIGHTEN, (996, "ATR"))),
        ({"atr_14": 24.0}, (Act.EXIT, ExitReason.VOLATILITY)),
    ],
)
def test_each_limit_either_side(side, now, expected):
    act, what = expected
    if isinstance(what, tuple):
        what = (at(side, what[0]), what[1])
    assert done(view(side), state(side, **now)) == (act, what)


@both_sides
def test_only_the_belief_of_the_trades_own_side_counts(side):
    other = (0.9, 0.1) if side > 0 else (0.1, 0.9)
    assert done(view(side), state(side, beliefs=with_beliefs(F1=other))) == HOLD


@both_sides
def test_the_strategys_own_rule_ends_the_trade_and_without_a_threshold_only_it_does(side):
    weak = state(side, beliefs=with_beliefs(F1=(0.0, 0.0), F4=(0.0, 0.0)))
    assert done(view(side), state(side), thesis_exit=VOID) == (Act.EXIT, ExitReason.THESIS)
    assert done(view(side, one=False, stop=994), weak) == HOLD


@both_sides
@pytest.mark.parametrize(
    ("entry", "stop", "half", "entry_stop"),
    [(1000.0, 992, 996, 1000), (1000.0, 993, 997, 1000), (1000.5, 992, 997, 1001), (1000.0, 999, 1000, 1000)],
)
def test_half_the_distance_and_the_entry_are_rounded_toward_less_risk(side, entry, stop, half, entry_stop):
    trade = view(side, entry=entry, stop=stop)
    assert (half_distance(trade), at_entry(trade)) == (at(side, half), at(side, entry_stop))


@both_sides
@pytest.mark.parametrize(
    ("close", "expected"),
    [(997, (Act.TIGHTEN, (996, "DVS"))), (996, (Act.EXIT, ExitReason.QUALITY)), (995, (Act.EXIT, ExitReason.QUALITY))],
)
def test_a_stop_that_would_pass_through_the_market_is_an_exit(side, close, expected):
    act, what = expected
    assert done(view(side), state(side, close=close, dvs=0.5)) == (act, (at(side, what[0]), what[1]) if isinstance(what, tuple) else what)


@both_sides
def test_each_cause_tightens_once(side):
    assert done(view(side, causes=frozenset({"DVS"})), state(side, dvs=0.5)) == HOLD
    assert done(view(side, causes=frozenset({"ATR"})), state(side, atr_14=16.0)) == HOLD
    assert done(view(side, causes=frozenset({"+1R"})), state(side, close=1010)) == HOLD
    assert done(view(side, causes=frozenset({"DVS"})), state(side, dvs=0.5, eqs=0.5)) == (Act.TIGHTEN, (at(side, 996), "EQS"))


@both_sides
@pytest.mark.parametrize(("changes", "expected"), [(0, Act.TIGHTEN), (1, Act.TIGHTEN), (2, Act.EXIT), (3, Act.EXIT)])
def test_a_third_safety_tightening_is_an_exit(side, changes, expected):
    action = manage(view(side, stop_changes=changes), state(side, atr_14=16.0), False, None, LAW)
    assert (action.act, action.reason) == (expected, ExitReason.VOLATILITY if expected is Act.EXIT else None)


@both_sides
def test_profit_protection_that_is_not_to_be_had_leaves_the_stop_as_it_is(side):
    assert done(view(side, stop_changes=2), state(side, close=1010)) == HOLD
    assert done(view(side, stop=1000), state(side, close=1010)) == HOLD


@both_sides
@pytest.mark.parametrize(("close", "expected"), [(1007, HOLD), (1008, (Act.TIGHTEN, (1000, "+1R")))])
def test_one_r_in_profit_brings_the_stop_to_the_entry(side, close, expected):
    act, what = expected
    assert done(view(side), state(side, close=close)) == (act, what and (at(side, what[0]), what[1]))


@both_sides
def test_the_first_target_brings_the_other_legs_stop_to_the_entry(side):
    trade = view(side, one=False, stop=994, first_target_hit=True, quantity_open=1)
    assert done(trade, state(side, close=1001)) == (Act.TIGHTEN, (1000, "first target"))
    assert done(trade, state(side, close=1000)) == HOLD  # not through the market
    assert done(msgspec.structs.replace(trade, causes=frozenset({"first target"})), state(side, close=1001)) == HOLD


@both_sides
def test_a_trade_whose_volatility_at_entry_is_unknown_is_left(side):
    for unknown in (float("nan"), 0.0):
        assert done(view(side, atr_at_entry=unknown), state(side)) == (Act.EXIT, ExitReason.VOLATILITY)


@given(
    st.sampled_from([1, -1]), st.integers(985, 1000), st.integers(980, 1030), st.integers(0, 3), st.integers(1, 25),
    st.floats(0, 1), st.floats(0, 1), st.floats(4, 40), st.booleans(),
)  # fmt: skip
def test_a_stop_only_ever_tightens_stays_short_of_the_market_and_mirrors(side, stop, close, changes, minutes, dvs, eqs, atr, first):
    long, short = (
        manage(
            view(s, stop=stop, stop_changes=changes, first_target_hit=first),
            state(s, close=close, minutes=minutes, dvs=dvs, eqs=eqs, atr_14=atr), False, None, LAW,
        )
        for s in (1, -1)
    )  # fmt: skip
    assert (long.act, long.reason, long.cause) == (short.act, short.reason, short.cause)
    if long.act is Act.TIGHTEN:
        assert long.stop == at(-1, short.stop)
        assert stop < long.stop < close
        assert changes < 2
