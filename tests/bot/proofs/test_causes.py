"""What two runs were filled otherwise, by cause and to the cent; the causes always add up to the whole difference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.proofs.causes import Book, Cause, by_cause, priced
from bot.proofs.told import Fact, Part
from bot.units import MINUTE_NS, SECOND_NS

NAMES = ("backtest", "live node")
TIMES = {"E": 2, "S": 5, "T": 5, "X1": 5}  # minutes
SIDES = {"E": 1, "S": -1, "T": -1, "X1": -1}


def intent(name: str = "20250930-K1-1000", minute: int = 1) -> Fact:
    return Fact(minute * MINUTE_NS, Part.ORDERS, name, {"intent_id": name, "plan": {}})


def fill(letter: str, price: float, *, trade: str = "20250930-K1-1000", slippage: float = 0.0, at: int = 0, quantity: int = 1) -> Fact:
    """A fill of a long's order, at a price in points; `at` are seconds later than usual."""
    ts_ns = TIMES[letter] * MINUTE_NS + at * SECOND_NS
    body = {
        "client_order_id": f"{trade}-1{letter}", "intent_id": trade, "side": SIDES[letter], "quantity": quantity, "price": price,
        "fee_cents": 62 * quantity, "slippage_ticks": slippage, "ts_ns": ts_ns,
    }  # fmt: skip
    return Fact(ts_ns, Part.FILLS, body["client_order_id"], body)


A = [intent(), fill("E", 6700.0), fill("S", 6697.75, slippage=1.0)]


def causes(b: list[Fact], a: list[Fact] = A, ticks: int | None = None) -> list[tuple[str, int]]:
    return [(each.cause.value, each.cents) for each in priced(Book(a), Book(b), NAMES, ticks)]


@pytest.mark.parametrize(
    ("b", "found"),
    [
        (A, []),
        ([intent(), fill("E", 6700.0), fill("S", 6697.5, slippage=2.0)], [("slippage", -125)]),
        ([intent(), fill("E", 6699.5), fill("S", 6697.75)], [("slippage", 250)]),
        ([intent(), fill("E", 6700.0, at=-50), fill("S", 6697.75)], []),  # another second of its minute
        ([intent(), fill("E", 6700.0, at=60), fill("S", 6697.75)], [("latency", 0)]),
        ([intent(), fill("E", 6700.0), fill("S", 6697.25, at=60)], [("latency", -250)]),
        ([intent(), fill("E", 6700.0), fill("T", 6706.0)], [("fill", 4125)]),
        ([intent()], [("fill", 1249)]),
        ([], [("consequence", 1249)]),
    ],
)
def test_a_difference_has_one_cause_and_a_price(b, found):
    assert causes(b) == found


def test_of_a_market_order_what_it_gives_up_by_rule_is_slippage_and_the_way_of_the_price_latency():
    a = [intent(), fill("E", 6700.0), fill("X1", 6701.5, slippage=2.0)]
    b = [intent(), fill("E", 6700.0), fill("X1", 6702.5, slippage=-2.0)]
    assert causes(b, a, ticks=1) == [("latency", 375), ("slippage", 125)]
    assert causes(b, a) == [("latency", 500)]


def test_an_order_that_was_filled_in_part_is_a_fill():
    a = [intent(), fill("E", 6700.0, quantity=2), fill("S", 6697.75, quantity=2)]
    b = [intent(), fill("E", 6700.0), fill("S", 6697.75)]
    [found] = priced(Book(a), Book(b), NAMES)
    assert (found.cause, found.cents) == (Cause.FILL, 1249)
    assert "20250930-K1-1000-1E with 1 against 2" in found.said


def test_a_difference_says_where_when_and_how():
    [found] = priced(Book(A), Book([intent(), fill("E", 6700.0), fill("S", 6697.5)]), NAMES)
    assert (found.trade, found.order) == ("20250930-K1-1000", "20250930-K1-1000-1S")
    assert found.said == "1 contract at 6,697.50 in the live node against 6,697.75 in the backtest"


fills = st.lists(
    st.tuples(st.sampled_from(list(TIMES)), st.integers(26_000, 27_000), st.integers(0, 3), st.integers(-59, 180), st.integers(1, 3)),
    max_size=4, unique_by=lambda each: each[0],
)  # fmt: skip
trades = st.dictionaries(st.sampled_from(["20250930-K1-1000", "20250930-K4-1100"]), fills, max_size=2)


@given(trades, trades, st.none() | st.integers(0, 3))
def test_the_causes_add_up_to_the_difference_of_the_runs(a, b, ticks):
    books = []
    for run in (a, b):
        facts = [intent(name) for name in run]
        for name, orders in run.items():
            facts += [fill(letter, price / 4, trade=name, slippage=slip, at=at, quantity=size) for letter, price, slip, at, size in orders]
        books.append(Book(facts))
    found = priced(*books, NAMES, ticks)
    assert sum(each.cents for each in found) == books[1].cents - books[0].cents
    assert all(f"{each.cause.value} " in by_cause(found) for each in found)
