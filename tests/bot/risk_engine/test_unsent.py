"""What another hand has ended before it worked is over by the next bar."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.events import OrderCanceled
from order_makers import about, bracket, kept, working

from bot.risk_engine.unsent import Unsent
from bot.supervision.orders import OrderState, Role, TrackedOrder


class Book:
    """A trade's orders that may still fill."""

    def __init__(self, *orders: TrackedOrder) -> None:
        self.unsettled = list(orders)


def canceled(order: Any) -> Any:
    order.apply(OrderCanceled(**about(order), venue_order_id=order.venue_order_id))
    return order


def looked(order: Any, state: OrderState, held: bool = True) -> list[Any]:
    told: list[Any] = []
    tracked = TrackedOrder(order.client_order_id.value, Role.EXIT, 1, -1, 1, state=state)
    Unsent(kept(*([order] if held else [])), lambda: [Book(), Book(tracked)], told.append).look(77)
    return told


@pytest.mark.parametrize("state", [OrderState.NONE, OrderState.SUBMITTED])
def test_what_the_book_waits_for_and_nautilus_does_not_is_over(state):
    order = canceled(working(bracket().first))
    (event,) = looked(order, state)
    assert type(event) is OrderCanceled
    assert (event.client_order_id, event.strategy_id, event.venue_order_id) == (
        order.client_order_id,
        order.strategy_id,
        order.venue_order_id,
    )
    assert (event.trader_id, event.instrument_id, event.account_id) == (order.trader_id, order.instrument_id, order.account_id)
    assert (event.ts_event, event.ts_init) == (77, 77)


@pytest.mark.parametrize("state", [OrderState.WORKING, OrderState.UNKNOWN, OrderState.CANCELED])
def test_what_works_or_is_in_doubt_or_has_ended_hears_from_the_venue_alone(state):
    assert looked(canceled(working(bracket().first)), state) == []


def test_what_still_waits_in_nautilus_or_is_not_held_by_it_is_not_over():
    assert looked(working(bracket().first), OrderState.SUBMITTED) == []
    assert looked(canceled(working(bracket().first)), OrderState.SUBMITTED, held=False) == []
