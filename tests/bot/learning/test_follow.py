"""A followed plan, bar by bar against hand-worked cases; each also in a mirror.

The plan is long from a limit of 1000, stop 992, target 1012, decided on minute 0 with a
time-to-live of 90 s: only the bar of minute 1 can fill it.
"""

import pytest
from builders import mirrored
from hypothesis import given
from hypothesis import strategies as st
from outcome_makers import bar, plan

from bot.decision.plan import ExitReason
from bot.learning.follow import FollowedPlan, Stage
from bot.units import MINUTE_NS, SECOND_NS

PIVOT = 1000
IN = bar(1, 1001, 1002, 999, 1000)  # trades through the limit, touches nothing else
CALM = (1000, 1003, 997, 1001)


def follow(bars, side=1, slippage=1, now=2, flatten=(), **shape):
    """Follow the plan (seen in a mirror for side -1); `now` is the model's slippage on later bars."""
    followed = FollowedPlan(plan(side, **shape), 0, 90 * SECOND_NS, slippage)
    for item in bars:
        seen = item if side > 0 else mirrored(item, PIVOT)
        followed.on_bar(seen, now, item.ts_ns // MINUTE_NS in flatten)
    return followed


def exits(followed):
    side = followed.plan.side
    return [((leg.price - PIVOT) * side, leg.reason.value, leg.slippage_ticks, leg.ts_ns // MINUTE_NS) for leg in followed.exits]


both_sides = pytest.mark.parametrize("side", [1, -1])


# ---------------------------------------------------------------- entry


@both_sides
@pytest.mark.parametrize(
    ("item", "stage"),
    [
        (bar(1, 1001, 1002, 999, 1000), Stage.OPEN),
        (bar(1, 1001, 1002, 1000, 1000), Stage.PENDING),  # a touch is not a fill
        (bar(1, 1001, 1002, 1001, 1001), Stage.PENDING),
        (bar(0, 1001, 1002, 990, 1000), Stage.PENDING),  # the bar that decided
        (bar(2, 1001, 1002, 999, 1000), Stage.EXPIRED),  # past 90 s
    ],
)
def test_a_limit_fills_only_when_traded_through_and_in_time(item, stage, side):
    assert follow([item], side).stage is stage


def test_an_entry_expires_on_the_bar_that_closes_with_the_time_to_live():
    followed = FollowedPlan(plan(), 0, MINUTE_NS, 1)
    assert followed.on_bar(bar(1, 1001, 1002, 1000, 1001), 1, False) is Stage.EXPIRED


@pytest.mark.parametrize(("expires_ns", "stage"), [(MINUTE_NS, Stage.OPEN), (MINUTE_NS - 1, Stage.EXPIRED)])
def test_the_bar_that_closes_with_the_time_to_live_may_still_fill(expires_ns, stage):
    followed = FollowedPlan(plan(), 0, expires_ns, 1)
    assert followed.on_bar(IN, 1, False) is stage


@both_sides
def test_an_entry_that_no_bar_fills_in_time_expires(side):
    touches = bar(1, 1001, 1002, 1000, 1001)
    followed = follow([touches, bar(2, 1001, 1002, 990, 1000)], side)
    assert (followed.stage, followed.exits) == (Stage.EXPIRED, [])


@both_sides
def test_the_end_of_the_session_cancels_an_entry_that_did_not_fill(side):
    assert follow([bar(1, 1001, 1002, 1000, 1001)], side, flatten={1}).stage is Stage.EXPIRED


@both_sides
@pytest.mark.parametrize(
    ("item", "filled"),
    [
        (bar(1, 997, 1001, 996, 1000), True),
        (bar(1, 997, 999, 996, 998), True),  # reached the trigger of 999
        (bar(1, 997, 998, 996, 998), False),  # one tick short of it
        (bar(1, 1000, 1004, 1000, 1003), False),  # gapped past the limit
    ],
)
def test_a_stop_limit_needs_its_trigger_and_a_trade_on_the_better_side(item, filled, side):
    assert (follow([item], side, trigger=1).stage is Stage.OPEN) is filled


# ---------------------------------------------------------------- bracket


@both_sides
@pytest.mark.parametrize(
    ("later", "exit_"),
    [
        (bar(2, 999, 1001, 992, 993), (-9, "STOP", 1, 2)),  # a touch is enough; one tick of slippage
        (bar(2, 999, 1001, 993, 993), None),
        (bar(2, 985, 990, 980, 988), (-16, "STOP", 8, 2)),  # gapped through: the open less slippage
        (bar(2, 992, 992, 992, 992), (-9, "STOP", 1, 2)),
        (bar(2, 1005, 1013, 1004, 1011), (12, "TARGET", 0, 2)),
        (bar(2, 1005, 1012, 1004, 1011), None),  # a touch is not a fill
        (bar(2, 1030, 1040, 1029, 1035), (12, "TARGET", 0, 2)),  # no better than its price
        (bar(2, 1005, 1030, 992, 1020), (-9, "STOP", 1, 2)),  # both in one bar: the stop
    ],
)
def test_stop_and_target(later, exit_, side):
    assert exits(follow([IN, later], side)) == ([exit_] if exit_ else [])


@both_sides
def test_the_entrys_own_bar_can_stop_but_not_reach_the_target(side):
    assert exits(follow([bar(1, 1001, 1002, 992, 1000)], side)) == [(-9, "STOP", 1, 1)]
    rich = follow([bar(1, 1001, 1040, 999, 1030)], side)
    assert (rich.stage, rich.exits) == (Stage.OPEN, [])


@both_sides
def test_nothing_gaps_through_a_stop_that_was_not_there_at_the_open(side):
    assert exits(follow([bar(1, 985, 1001, 984, 1000)], side, trigger=1)) == [(-9, "STOP", 1, 1)]


@both_sides
def test_the_stop_slips_by_the_model_of_the_deciding_bar(side):
    assert exits(follow([IN, bar(2, 999, 1001, 990, 993)], side, slippage=3, now=6)) == [(-11, "STOP", 3, 2)]


# ---------------------------------------------------------------- time and session


@both_sides
def test_time_is_counted_from_the_bar_that_filled_and_slips_by_the_model_of_its_own_bar(side):
    bars = [IN, *(bar(minute, *CALM) for minute in range(2, 10))]
    assert exits(follow(bars[:5], side, minutes=5)) == []
    assert exits(follow(bars, side, minutes=5, now=2)) == [(-1, "TIME", 2, 6)]


@both_sides
@pytest.mark.parametrize(
    ("later", "exit_"),
    [
        (bar(2, *CALM), (-1, "SESSION", 2, 2)),
        (bar(2, 999, 1001, 992, 1000), (-9, "STOP", 1, 2)),
        (bar(2, 1005, 1013, 1004, 1011), (12, "TARGET", 0, 2)),
    ],
)
def test_the_session_ends_what_the_bracket_left(later, exit_, side):
    assert exits(follow([IN, later], side, flatten={2}, minutes=1)) == [exit_]


@both_sides
def test_an_entry_on_the_sessions_last_bar_is_flattened_on_it(side):
    assert exits(follow([IN], side, flatten={1})) == [(-2, "SESSION", 2, 1)]


def test_nothing_happens_after_the_end():
    followed = follow([IN, bar(2, 999, 1001, 990, 993)])
    assert followed.on_bar(bar(3, 1005, 1050, 1004, 1011), 1, False) is Stage.CLOSED
    assert len(followed.exits) == 1


# ---------------------------------------------------------------- two legs

LEGS = ((1, 6, 12), (1, 6, 18))


@both_sides
@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([bar(2, 999, 1000, 994, 995)], [(-7, "STOP", 1, 2), (-7, "STOP", 1, 2)]),
        ([bar(2, 1005, 1019, 1004, 1011)], [(12, "TARGET", 0, 2), (18, "TARGET", 0, 2)]),
        ([bar(2, 1005, 1013, 1004, 1011), bar(3, 1010, 1019, 1009, 1015)], [(12, "TARGET", 0, 2), (18, "TARGET", 0, 3)]),
        ([bar(2, 1005, 1013, 1004, 1011), bar(3, 1000, 1001, 990, 995)], [(12, "TARGET", 0, 2), (-7, "STOP", 1, 3)]),
    ],
)
def test_each_leg_has_its_own_stop_and_target(later, expected, side):
    followed = follow([IN, *later], side, legs=LEGS)
    assert (exits(followed), followed.stage) == (expected, Stage.CLOSED)


@both_sides
def test_a_plan_with_one_leg_home_is_still_open_and_the_other_meets_the_session(side):
    followed = follow([IN, bar(2, 1005, 1013, 1004, 1011)], side, legs=LEGS)
    assert followed.stage is Stage.OPEN
    followed = follow([IN, bar(2, 1005, 1013, 1004, 1011), bar(3, *CALM)], side, legs=LEGS, flatten={3})
    assert exits(followed) == [(12, "TARGET", 0, 2), (-1, "SESSION", 2, 3)]


# ---------------------------------------------------------------- money and excursions


@both_sides
@pytest.mark.parametrize(
    ("bars", "legs", "gross", "net"),
    [
        ([IN, bar(2, 999, 1001, 992, 993)], ((1, 8, 12),), -1125, -1249),
        ([IN, bar(2, 1005, 1013, 1004, 1011)], ((1, 8, 12),), 1500, 1376),
        ([IN, bar(2, 1005, 1013, 1004, 1011), bar(3, 1000, 1001, 990, 995)], LEGS, 625, 377),
        ([IN, bar(2, 1005, 1013, 1004, 1011)], ((2, 8, 12),), 3000, 2752),
    ],
)
def test_money_is_ticks_of_125_cents_less_62_a_side_and_contract(bars, legs, gross, net, side):
    followed = follow(bars, side, legs=legs)
    assert (followed.gross_cents(), followed.net_cents(62)) == (gross, net)


@both_sides
@pytest.mark.parametrize(
    ("bars", "worst", "best"),
    [
        ([bar(1, 1001, 1009, 997, 1004)], 3, 4),  # the entry's bar: all of its low, of its high only the close
        ([IN, bar(2, 1000, 1007, 995, 1001)], 5, 7),
        ([IN, bar(2, 1000, 1009, 980, 985)], 9, 0),  # stopped: no worse than the fill, and no better
        ([IN, bar(2, 985, 990, 980, 988)], 16, 0),
        ([IN, bar(2, 1005, 1030, 996, 1020)], 4, 12),  # target: no better than its price
        ([bar(1, 1001, 1009, 999, 1000), bar(2, 1004, 1006, 1002, 1005)], 1, 6),
    ],
)
def test_excursions_doubt_in_our_disfavour(bars, worst, best, side):
    followed = follow(bars, side)
    assert (followed.mae_ticks, followed.mfe_ticks) == (worst, best)


BARS = st.lists(st.tuples(*[st.integers(-20, 20)] * 4), min_size=1, max_size=30)


@given(BARS, st.sampled_from([((1, 8, 12),), LEGS]), st.sampled_from([None, 1]), st.integers(1, 6))
def test_every_walk_mirrors_exactly_and_ends_with_all_contracts_out(walk, legs, trigger, slippage):
    bars = [bar(minute, 1000 + a, 1000 + max(a, b, c, d), 1000 + min(a, b, c, d), 1000 + d) for minute, (a, b, c, d) in enumerate(walk, 1)]
    long, short = (follow(bars, side, slippage, legs=legs, trigger=trigger, flatten={len(bars)}) for side in (1, -1))
    assert (exits(long), long.stage, long.mae_ticks, long.mfe_ticks) == (exits(short), short.stage, short.mae_ticks, short.mfe_ticks)
    assert long.gross_cents() == short.gross_cents()
    assert long.stage in (Stage.CLOSED, Stage.EXPIRED)
    if long.stage is Stage.CLOSED:
        assert sum(leg.quantity for leg in long.exits) == long.plan.quantity
        assert all(leg.reason in (ExitReason.STOP, ExitReason.TARGET, ExitReason.TIME, ExitReason.SESSION) for leg in long.exits)
