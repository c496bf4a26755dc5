"""The one fill rule by itself: every case on both sides, one tick either side of each price.

Cases are written for a long trade around 1000 (entry limit 1000, stop 992, target 1016) and
seen in a mirror at 1000 for a short one.
"""

from __future__ import annotations

import pytest
from builders import bar, mirrored
from hypothesis import given
from hypothesis import strategies as st

from bot import fills
from bot.decision.plan import EntryType
from bot.market.bar import Bar

PIVOT = 1000
both_sides = pytest.mark.parametrize("side", [1, -1])


def seen(side: int, item: Bar) -> Bar:
    return item if side > 0 else mirrored(item, PIVOT)


def at(side: int, price: int) -> int:
    return PIVOT + (price - PIVOT) * side


@both_sides
@pytest.mark.parametrize(
    ("item", "fills_it"),
    [
        (bar(1, 1001, 1003, 1001, 1002), False),  # one tick above
        (bar(1, 1001, 1003, 1000, 1002), False),  # a touch
        (bar(1, 1001, 1003, 999, 1002), True),  # one tick through
        (bar(1, 990, 995, 985, 993), True),  # opened far through: still no better than the limit
        (bar(1, 1000, 1000, 1000, 1000), False),  # nothing but the limit itself
    ],
)
def test_a_limit_entry_needs_a_trade_one_tick_through_it(side, item, fills_it):
    assert fills.entry_fills(side, EntryType.LIMIT, at(side, 1000), None, seen(side, item)) is fills_it


@both_sides
@pytest.mark.parametrize(
    ("item", "fills_it"),
    [
        (bar(1, 996, 998, 995, 997), False),  # one tick short of the trigger at 999
        (bar(1, 996, 999, 995, 997), True),  # at the trigger
        (bar(1, 996, 1005, 995, 1004), True),
        (bar(1, 1000, 1005, 1000, 1004), False),  # gapped to the limit and never traded below it
        (bar(1, 1004, 1009, 1001, 1008), False),  # gapped over the limit
        (bar(1, 1004, 1009, 999, 1001), True),  # gapped over it and came back through
    ],
)
def test_a_stop_limit_entry_needs_its_trigger_and_a_trade_on_the_better_side_of_its_limit(side, item, fills_it):
    assert fills.entry_fills(side, EntryType.STOP_LIMIT, at(side, 1000), at(side, 999), seen(side, item)) is fills_it


@both_sides
@pytest.mark.parametrize(("low", "touched"), [(993, False), (992, True), (991, True)])
def test_a_touch_is_enough_for_a_stop(side, low, touched):
    assert fills.stop_touched(side, at(side, 992), seen(side, bar(2, 1000, 1001, low, 1000))) is touched


@both_sides
@pytest.mark.parametrize("slippage", range(1, 7))
@pytest.mark.parametrize(
    ("open_", "entry_bar", "before_slippage"),
    [
        (1000, False, 992),  # in the bar: its own price
        (992, False, 992),  # opened on it
        (991, False, 991),  # gapped through by a tick: the open
        (980, False, 980),
        (1000, True, 992),
        (980, True, 992),  # the entry's own bar: the stop was not there at the open
    ],
)
def test_a_stop_gets_its_price_or_the_gap_less_the_models_slippage(side, slippage, open_, entry_bar, before_slippage):
    item = seen(side, bar(2, open_, 1002, 975, 985))
    assert fills.stop_price(side, at(side, 992), item, slippage, entry_bar) == at(side, before_slippage - slippage)


@both_sides
@pytest.mark.parametrize(
    ("item", "entry_bar", "fills_it"),
    [
        (bar(2, 1010, 1015, 1005, 1012), False, False),
        (bar(2, 1010, 1016, 1005, 1012), False, False),  # a touch
        (bar(2, 1010, 1017, 1005, 1012), False, True),  # one tick through
        (bar(2, 1030, 1040, 1025, 1030), False, True),  # gapped far through
        (bar(2, 1010, 1017, 992, 1012), False, False),  # the stop is touched in the same bar
        (bar(2, 1010, 1017, 993, 1012), False, True),  # one tick short of the stop
        (bar(2, 1010, 1017, 1005, 1012), True, False),  # the entry's own bar
    ],
)
def test_a_target_needs_a_trade_through_it_in_a_later_bar_that_spares_the_stop(side, item, entry_bar, fills_it):
    assert fills.target_fills(side, at(side, 1016), at(side, 992), seen(side, item), entry_bar) is fills_it


@both_sides
@pytest.mark.parametrize("slippage", range(1, 7))
def test_a_market_exit_gets_the_close_less_slippage(side, slippage):
    assert fills.market_exit_price(side, seen(side, bar(2, 1000, 1010, 990, 1007)), slippage) == at(side, 1007 - slippage)


PRICES = st.lists(st.integers(970, 1030), min_size=4, max_size=4)


@given(PRICES, st.integers(1, 6), st.sampled_from([1, -1]), st.booleans())
def test_no_bar_gives_a_stop_a_better_price_than_its_own_or_lets_stop_and_target_both_fill(prices, slippage, side, entry_bar):
    item = seen(side, bar(2, prices[0], max(prices), min(prices), prices[3]))
    stop, target = at(side, 992), at(side, 1016)
    if fills.stop_touched(side, stop, item):
        assert (fills.stop_price(side, stop, item, slippage, entry_bar) - stop) * side <= -slippage
        assert not fills.target_fills(side, target, stop, item, entry_bar)
