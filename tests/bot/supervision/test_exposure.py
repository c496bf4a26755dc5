"""What all that is live or in doubt could come to, case by case."""

from __future__ import annotations

from typing import Any

import pytest
from builders import an_intent, plan

from bot.supervision.exposure import Exposure, exposure
from bot.supervision.orders import OrderState, Role, TrackedOrder, order_name
from bot.supervision.trade import Leg, Trade

S, E = OrderState, Role
WORKS = S.WORKING


def trade(*legs: list[tuple[Any, ...]], side: int = 1, name: str = "I") -> Trade:
    """Legs of orders: (role, state, quantity, filled), then attempt (0) and side (an entry's; an exit closes)."""
    made = Trade(an_intent(plan(side), name=name), [])
    for number, orders in enumerate(legs, start=1):
        leg = Leg(number, 1, 992, 1016)
        for role, state, quantity, filled, attempt, way in ((*order, *(0, None)[len(order) - 4 :]) for order in orders):
            closes = -side if role is not E.ENTRY else side
            leg.orders.append(
                TrackedOrder(order_name(name, number, role, attempt), role, number, way or closes, quantity, state=state, filled=filled)
            )
        made.legs.append(leg)
    return made


def entered(quantity: int = 1, of: int | None = None, state: OrderState = S.FILLED) -> tuple[Any, ...]:
    return (E.ENTRY, state, of or quantity, quantity)


def pair(quantity: int = 1, attempt: int = 0) -> list[tuple[Any, ...]]:
    return [(E.STOP, WORKS, quantity, 0, attempt), (E.TARGET, WORKS, quantity, 0, attempt)]


def closing(quantity: int = 1, attempt: int = 1, state: OrderState = WORKS, filled: int = 0) -> tuple[Any, ...]:
    return (E.EXIT, state, quantity, filled, attempt)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("legs", "worst", "unpaired"),
    [
        ([], 0, 0),
        ([[]], 0, 0),
        # entries
        ([[(E.ENTRY, WORKS, 1, 0), *pair()]], 1, 0),
        ([[(E.ENTRY, S.NONE, 2, 0), *pair(2)]], 2, 0),
        ([[(E.ENTRY, S.UNKNOWN, 2, 0)]], 2, 0),  # in doubt is as if it worked
        ([[entered(1, of=3, state=S.PARTIALLY_FILLED), *pair(3)]], 3, 0),
        ([[(E.ENTRY, WORKS, 1, 0)], [(E.ENTRY, WORKS, 1, 0)]], 2, 0),
        ([[entered(2)], [(E.ENTRY, WORKS, 1, 0)]], 3, 0),
        ([[(E.ENTRY, S.CANCELED, 1, 0)]], 0, 0),
        # what is held and cannot grow has no worst
        ([[entered(2), *pair(2)]], 0, 0),
        # a stop and its target exclude each other, two pairs do not
        ([[entered(), *pair(), *pair(attempt=2)]], 0, 1),
        ([[entered(2), *pair(), *pair(attempt=2)]], 0, 0),
        ([[entered(), *pair(3)]], 0, 2),
        ([[entered(), (E.STOP, WORKS, 1, 0), (E.TARGET, WORKS, 4, 0)]], 0, 3),  # the larger of a pair counts
        ([[entered(), (E.STOP, WORKS, 4, 0), (E.TARGET, WORKS, 1, 0)]], 0, 3),
        # closing orders
        ([[entered(), *pair(), closing()]], 0, 1),
        ([[entered(), *pair(attempt=1), closing(attempt=1)]], 0, 1),  # of one attempt, and no pair
        ([[entered(), closing()]], 0, 0),
        ([[entered(), closing(2)]], 0, 1),
        ([[entered(2), closing(attempt=1), closing(attempt=2)]], 0, 0),
        ([[entered(), closing(attempt=1), closing(attempt=2)]], 0, 1),
        ([[entered(), closing(state=S.UNKNOWN), *pair()]], 0, 1),
        ([[entered(), closing(state=S.REJECTED), *pair()]], 0, 0),
        ([[entered(2), closing(2, state=S.PARTIALLY_FILLED, filled=1), *pair()]], 0, 1),
        # what one leg may close too much is not lent to another
        ([[entered(2)], [entered(), closing(2)]], 0, 1),
        ([[entered(), closing(3)], [entered(), closing(2)]], 0, 3),
        # a leg closed twice has nothing to close, and a buy-back may make it flat
        ([[entered(), closing(state=S.FILLED, filled=1), closing(attempt=2, state=S.FILLED, filled=1), *pair()]], 0, 1),
        # an entry that may still fill may be closed
        ([[(E.ENTRY, WORKS, 1, 0), *pair(), *pair(attempt=2)]], 1, 1),
        ([[entered(1, of=2, state=S.PARTIALLY_FILLED), *pair(2)]], 2, 0),
    ],
)
def test_what_a_trade_could_come_to(side, legs, worst, unpaired):
    assert exposure([trade(*legs, side=side)]) == Exposure(worst, unpaired)


def test_without_trades_there_is_no_exposure():
    assert exposure([]) == (0, 0)


@pytest.mark.parametrize("side", [1, -1])
def test_trades_add_up(side):
    first, second = trade([entered(), *pair(), closing()], side=side), trade([(E.ENTRY, WORKS, 2, 0), *pair(3)], side=side, name="J")
    assert exposure([first, second]) == Exposure(3, 2)


def test_a_larger_size_that_was_asked_for_counts_and_a_smaller_does_not():
    made = trade([entered(2), *pair(2)])
    stop = made.legs[0].orders[1]
    stop.resized = 3
    assert exposure([made]) == Exposure(0, 1)
    stop.resized = 1
    assert exposure([made]) == Exposure(0, 0)


@pytest.mark.parametrize("side", [1, -1])
def test_a_buy_back_counts_as_what_it_leads_to(side):
    """A leg of one contract, closed three times: buying one back leads to one surplus, buying four back to two on the other side."""
    gone = [closing(attempt=number, state=S.FILLED, filled=1) for number in (1, 2, 3)]
    back = lambda quantity: (E.EXIT, WORKS, quantity, 0, 4, side)  # noqa: E731
    assert exposure([trade([entered(), *gone], side=side)]) == Exposure(0, 0)
    assert exposure([trade([entered(), *gone, back(1)], side=side)]) == Exposure(1, 0)
    assert exposure([trade([entered(), *gone, back(4)], side=side)]) == Exposure(2, 0)


@pytest.mark.parametrize("side", [1, -1])
def test_what_could_fill_on_both_sides_is_not_set_off(side):
    """Either may fill alone."""
    first, second = trade([(E.ENTRY, WORKS, 3, 0)], side=side), trade([(E.ENTRY, WORKS, 1, 0)], side=-side, name="J")
    assert exposure([first, second]).worst == 3
    held = trade([entered(2)], side=-side, name="K")
    assert exposure([held, first, second]).worst == 3  # the two that are held and the one more
    assert exposure([first, trade([(E.ENTRY, WORKS, 3, 0)], side=-side, name="J")]).worst == 3


def test_named_orders_are_left_out():
    made = trade([(E.ENTRY, WORKS, 1, 0), *pair(), closing()])
    assert exposure([made]) == Exposure(1, 1)
    assert exposure([made], {"I-1X1"}) == Exposure(1, 0)
    assert exposure([made], {"I-1S", "I-1T", "J-1X1"}) == Exposure(1, 0)
    assert exposure([made], ["I-1E"]) == Exposure(0, 2)
