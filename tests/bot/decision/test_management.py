"""Trade management: the rules in their order, each either side of its limit, long and in the mirror.

The trade: entry 1000, stop 992, target 1016, 8 ticks of ATR at entry, 20 minutes at most. Its
mirror at 1000 is short with the stop at 1008.
"""

from __future__ import annotations

import pytest
from builders import CONTRACTS, MOMENT, market, plan, trade_view, with_beliefs
from hypothesis import given
from hypothesis import strategies as st

from bot.decision.management import FIRST_TARGET, ManagementLimits, at_entry, half_distance, manage
from bot.decision.plan import Act, ExitPlan, ExitReason, ManagementAction, Thesis, TradeView
from bot.market.bar import Bar
from bot.market.state import MarketState
from bot.units import MINUTE_NS

LAW = ManagementLimits.of(CONTRACTS)
BOTH = pytest.mark.parametrize("side", [1, -1])
NAN = float("nan")
OWN_RULE = ExitPlan(ExitReason.THESIS, "its own rule")
WATCHED = Thesis("F1", 0.9, exit_belief=0.5)
WARM = with_beliefs(F1=(0.49, 0.49))


def trade(side: int = 1, **changes: object) -> TradeView:
    """The trade; prices are said for long."""
    for name in ("entry", "stop"):
        if name in changes and side < 0:
            changes[name] = 2000 - changes[name]
    return trade_view(plan(side, thesis=changes.pop("thesis", None)), **changes)


def bar_state(close: int = 1000, side: int = 1, minutes: float = 1, **changes: object) -> MarketState:
    """The bar `minutes` after the fill; `close` is said for long."""
    close = close if side > 0 else 2000 - close
    ts_ns = MOMENT + round(minutes * MINUTE_NS)
    return market(ts_ns=ts_ns, bar=Bar(ts_ns, close, close + 1, close - 1, close, 500), **changes)


def decided(
    side: int = 1, close: int = 1000, minutes: float = 1, flatten: bool = False, own: ExitPlan | None = None,
    market_says: dict | None = None, **changes: object,
) -> ManagementAction:  # fmt: skip
    return manage(trade(side, **changes), bar_state(close, side, minutes, **(market_says or {})), flatten, own, LAW)


def exits(action: ManagementAction, reason: ExitReason) -> bool:
    return (action.act, action.reason, action.stop) == (Act.EXIT, reason, None)


def tightens(action: ManagementAction, stop: int, cause: str, side: int = 1) -> bool:
    return (action.act, action.stop, action.cause, action.reason) == (Act.TIGHTEN, stop if side > 0 else 2000 - stop, cause, None)


# ------------------------------------------------------------------------ the order

# In the order of the specification: what makes each rule speak, and what it then says (for long).
RULES = [
    ("session", {"flatten": True}, "EXIT SESSION"),
    ("dvs", {"market_says": {"dvs": 0.5}}, "TIGHTEN DVS"),
    ("eqs", {"market_says": {"eqs": 0.5}}, "TIGHTEN EQS"),
    ("belief", {"market_says": {"beliefs": WARM}}, "EXIT THESIS F1 0.49 below 0.50"),
    ("own rule", {"own": OWN_RULE}, "EXIT THESIS its own rule"),
    ("time", {"minutes": 20}, "EXIT TIME"),
    ("volatility exit", {"market_says": {"atr_14": 24.0}}, "EXIT VOLATILITY"),
    ("volatility tighten", {"market_says": {"atr_14": 16.0}}, "TIGHTEN ATR"),
    ("first target", {"first_target_hit": True, "close": 1002}, f"TIGHTEN {FIRST_TARGET}"),
    ("profit", {"close": 1008}, "TIGHTEN +1R"),
]


def said(action: ManagementAction) -> str:
    return f"EXIT {action.reason} {action.why}" if action.act is Act.EXIT else f"TIGHTEN {action.cause}"


@BOTH
@pytest.mark.parametrize("first", range(len(RULES)), ids=[name for name, _, _ in RULES])
def test_each_rule_speaks_before_all_later_ones(first, side):
    given_: dict = {"thesis": WATCHED}
    for _, changes, _ in reversed(RULES[first:]):
        market_says = given_.get("market_says", {}) | changes.get("market_says", {})
        given_ |= changes | {"market_says": market_says}
    assert said(decided(side, **given_)).startswith(RULES[first][2])


@BOTH
@pytest.mark.parametrize(("name", "changes", "speaks"), RULES, ids=[name for name, _, _ in RULES])
def test_each_rule_speaks_alone(name, changes, speaks, side):
    assert said(decided(side, thesis=WATCHED, **changes)).startswith(speaks)


@BOTH
def test_where_no_rule_speaks_the_trade_is_held(side):
    assert decided(side, thesis=WATCHED) == ManagementAction(Act.HOLD, "thesis holds")


# -------------------------------------------------------------------------- quality


@pytest.mark.parametrize("score", ["dvs", "eqs"])
@pytest.mark.parametrize(
    ("value", "act"), [(0.6, Act.HOLD), (0.6 - 1e-10, Act.HOLD), (0.59, Act.TIGHTEN), (0.0, Act.TIGHTEN), (NAN, Act.TIGHTEN)]
)
@BOTH
def test_below_hold_the_stop_goes_to_half_its_distance(score, value, act, side):
    action = decided(side, market_says={score: value})
    assert action.act is act
    assert act is Act.HOLD or tightens(action, 996, score.upper(), side)


@BOTH
def test_each_score_tightens_once_per_trade(side):
    both = {"dvs": 0.5, "eqs": 0.5}
    assert tightens(decided(side, market_says=both), 996, "DVS", side)
    after_dvs = dict(stop=996, stop_changes=1, causes=frozenset({"DVS"}))
    assert tightens(decided(side, market_says=both, **after_dvs), 998, "EQS", side)
    after_both = dict(stop=998, stop_changes=2, causes=frozenset({"DVS", "EQS"}))
    assert decided(side, market_says=both, **after_both).act is Act.HOLD


@BOTH
def test_a_stop_that_is_as_close_already_stays_and_the_next_rule_is_asked(side):
    """The stop went to entry before: half of nothing is nothing."""
    assert decided(side, stop=1000, close=1005, market_says={"dvs": 0.5}).act is Act.HOLD
    assert exits(decided(side, stop=1000, close=1005, minutes=20, market_says={"dvs": 0.5}), ExitReason.TIME)


@pytest.mark.parametrize(("close", "through"), [(997, False), (996, True), (995, True), (990, True)])
@BOTH
def test_a_safety_tightening_never_goes_through_the_market_but_leaves(close, through, side):
    action = decided(side, close=close, market_says={"dvs": 0.5})
    assert exits(action, ExitReason.QUALITY) if through else tightens(action, 996, "DVS", side)
    if through:
        assert action.why == "DVS 0.50 below hold 0.60; the stop cannot come closer"


@pytest.mark.parametrize(
    ("entry", "stop", "half"),
    [(1000, 992, 996), (1000, 993, 997), (1000, 999, 1000), (1000.5, 992, 997), (1000.5, 993, 997), (999.5, 993, 997)],
)
@BOTH
def test_half_the_distance_is_rounded_toward_less_risk(entry, stop, half, side):
    """E.g. entry 1000 and stop 993: the middle is 996.5, so 997 for a long and, mirrored, 1003 for a short."""
    assert half_distance(trade(side, entry=entry, stop=stop)) == (half if side > 0 else 2000 - half)


@pytest.mark.parametrize(("entry", "stop"), [(1000, 1000), (1000.25, 1001), (1000.75, 1001), (999.5, 1000)])
@BOTH
def test_the_entry_as_a_stop_is_rounded_toward_less_risk(entry, stop, side):
    assert at_entry(trade(side, entry=entry)) == (stop if side > 0 else 2000 - stop)


# ------------------------------------------------------------------ thesis and time


@pytest.mark.parametrize(("value", "act"), [(0.5, Act.HOLD), (0.5 - 1e-10, Act.HOLD), (0.49, Act.EXIT), (NAN, Act.EXIT)])
@BOTH
def test_a_thesis_with_an_exit_belief_is_void_below_it(value, act, side):
    """Only the belief of the trade's own side counts."""
    own_side = (value, 1.0 - value) if side > 0 else (1.0 - value, value)
    action = decided(side, thesis=WATCHED, market_says={"beliefs": with_beliefs(F1=own_side)})
    assert action.act is act
    assert act is Act.HOLD or exits(action, ExitReason.THESIS)


@BOTH
def test_a_thesis_without_an_exit_belief_is_void_by_its_own_rule_only(side):
    assert decided(side, thesis=Thesis("F1", 0.9), market_says={"beliefs": with_beliefs(F1=(0.0, 0.0))}).act is Act.HOLD
    assert exits(decided(side, thesis=Thesis("F1", 0.9), own=OWN_RULE), ExitReason.THESIS)


@pytest.mark.parametrize(("minutes", "act"), [(0, Act.HOLD), (19, Act.HOLD), (19.999, Act.HOLD), (20, Act.EXIT), (21, Act.EXIT)])
@BOTH
def test_at_its_last_minute_it_leaves(minutes, act, side):
    action = decided(side, minutes=minutes)
    assert action.act is act
    assert act is Act.HOLD or exits(action, ExitReason.TIME)


# ---------------------------------------------------------------------- volatility


@pytest.mark.parametrize(
    ("atr", "at_entry_", "said_"),
    [
        (8.0, 8.0, "HOLD"),
        (15.99, 8.0, "HOLD"),
        (16.0, 8.0, "TIGHTEN"),
        (23.99, 8.0, "TIGHTEN"),
        (24.0, 8.0, "EXIT"),
        (80.0, 8.0, "EXIT"),
        (4.0, 8.0, "HOLD"),
        (9.0, 3.0, "EXIT"),
        (8.0, 0.0, "EXIT"),  # a multiple of nothing says nothing: leave
        (8.0, NAN, "EXIT"),
    ],
)
@BOTH
def test_volatility_tightens_at_twice_and_leaves_at_three_times_its_value_at_entry(atr, at_entry_, said_, side):
    action = decided(side, atr_at_entry=at_entry_, market_says={"atr_14": atr})
    assert action.act.name == said_
    if said_ == "TIGHTEN":
        assert tightens(action, 996, "ATR", side)
    elif said_ == "EXIT":
        assert exits(action, ExitReason.VOLATILITY)


@BOTH
def test_volatility_tightens_once_and_still_leaves_later(side):
    tightened = dict(stop=996, stop_changes=1, causes=frozenset({"ATR"}))
    assert decided(side, market_says={"atr_14": 20.0}, **tightened).act is Act.HOLD
    assert exits(decided(side, market_says={"atr_14": 24.0}, **tightened), ExitReason.VOLATILITY)


@BOTH
def test_volatility_that_cannot_tighten_leaves(side):
    assert exits(decided(side, close=996, market_says={"atr_14": 16.0}), ExitReason.VOLATILITY)


# --------------------------------------------------------------------- protection


@pytest.mark.parametrize(("close", "act"), [(1000, Act.HOLD), (1007, Act.HOLD), (1008, Act.TIGHTEN), (1020, Act.TIGHTEN)])
@BOTH
def test_one_r_in_profit_the_stop_goes_to_entry(close, act, side):
    action = decided(side, close=close)
    assert action.act is act
    assert act is Act.HOLD or tightens(action, 1000, "+1R", side)


@BOTH
def test_profit_is_counted_from_the_fill_and_r_from_the_plan(side):
    """Filled 2 ticks better than the limit: 8 ticks from there, though the stop is only 6 away."""
    assert decided(side, entry=998, close=1005).act is Act.HOLD
    assert tightens(decided(side, entry=998, close=1006), 998, "+1R", side)


@BOTH
def test_after_the_first_target_the_other_stop_goes_to_entry(side):
    assert tightens(decided(side, first_target_hit=True, close=1002), 1000, FIRST_TARGET, side)
    done = dict(stop=1000, stop_changes=1, causes=frozenset({FIRST_TARGET}))
    assert decided(side, first_target_hit=True, close=1002, **done).act is Act.HOLD


@BOTH
def test_protection_that_cannot_be_had_leaves_the_stop_where_it_is(side):
    """The first target is home but the market is back at entry; an exit would only make the worst of it."""
    assert decided(side, first_target_hit=True, close=1000).act is Act.HOLD
    assert decided(side, first_target_hit=True, close=997).act is Act.HOLD
    assert tightens(decided(side, first_target_hit=True, close=1001), 1000, FIRST_TARGET, side)


@BOTH
def test_a_stop_beyond_entry_is_not_moved_back_to_it(side):
    assert decided(side, stop=1001, close=1010).act is Act.HOLD
    assert decided(side, stop=1001, close=1010, first_target_hit=True).act is Act.HOLD


# ----------------------------------------------------------- the budget of changes


@pytest.mark.parametrize("changes", [0, 1])
@BOTH
def test_up_to_two_changes_the_stop_moves(changes, side):
    assert tightens(decided(side, stop_changes=changes, market_says={"dvs": 0.5}), 996, "DVS", side)


@pytest.mark.parametrize("changes", [2, 3])
@BOTH
def test_a_third_safety_tightening_becomes_an_exit_and_a_third_protection_stays(changes, side):
    spent = dict(stop_changes=changes)
    for says, reason in (({"dvs": 0.5}, ExitReason.QUALITY), ({"eqs": 0.5}, ExitReason.QUALITY), ({"atr_14": 16.0}, ExitReason.VOLATILITY)):
        assert exits(decided(side, market_says=says, **spent), reason)
    assert decided(side, close=1010, **spent).act is Act.HOLD
    assert decided(side, close=1010, first_target_hit=True, **spent).act is Act.HOLD


@BOTH
def test_a_cause_that_had_its_turn_neither_moves_nor_leaves(side):
    had = dict(stop_changes=2, causes=frozenset({"DVS", "EQS", "ATR", "+1R"}))
    assert decided(side, close=1010, market_says={"dvs": 0.5, "eqs": 0.5, "atr_14": 16.0}, **had).act is Act.HOLD


# ------------------------------------------------------------------------ for any

TRADES = st.fixed_dictionaries(
    {
        "entry": st.integers(990, 1010) | st.floats(990.0, 1010.0, width=16),
        "stop": st.integers(980, 1015),
        "stop_changes": st.integers(0, 3),
        "first_target_hit": st.booleans(),
        "close": st.integers(975, 1030),
        "minutes": st.integers(0, 25),
        "causes": st.frozensets(st.sampled_from(("DVS", "EQS", "ATR", "+1R", FIRST_TARGET))),
        "market_says": st.fixed_dictionaries({"dvs": st.floats(0.0, 1.0), "eqs": st.floats(0.0, 1.0), "atr_14": st.floats(0.0, 40.0)}),
    }
)


@given(TRADES)
def test_whatever_happens_a_stop_only_comes_closer_and_stays_behind_the_market(given_):
    action = decided(**given_)
    if action.act is Act.TIGHTEN:
        assert given_["stop"] < action.stop < given_["close"]
        assert given_["stop_changes"] < 2
        assert action.cause not in given_["causes"]
        assert type(action.stop) is int
    else:
        assert action.stop is None


@given(TRADES)
def test_whatever_happens_the_mirrored_trade_gets_the_mirrored_answer(given_):
    long, short = decided(1, **given_), decided(-1, **given_)
    assert (long.act, long.reason, long.cause, long.why) == (short.act, short.reason, short.cause, short.why)
    assert (long.stop is None and short.stop is None) or long.stop == 2000 - short.stop
