"""What the orders monitor says, as Nautilus can take it in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from builders import an_intent
from nautilus_trader.model.events import OrderCanceled, OrderExpired, OrderSubmitted
from nautilus_trader.model.orders import Order
from order_makers import about, bracket, kept, working

from bot.ibkr.order_events import NautilusEvents
from bot.ibkr.orders.order_state import BrokerOrder, Draft

TILL_NS = 5_000


class Client:
    """Applies what it is told to Nautilus' order, as Nautilus' engine would."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def generate_order_canceled(self, *given: Any) -> None:
        self._apply(OrderCanceled, *given)

    def generate_order_expired(self, *given: Any) -> None:
        self._apply(OrderExpired, *given)

    def _apply(self, kind: Any, strategy_id: Any, instrument_id: Any, client_order_id: Any, venue_order_id: Any, ts_event: int) -> None:
        assert (strategy_id, client_order_id) == (self._order.strategy_id, self._order.client_order_id)
        self._order.apply(kind(**(about(self._order) | {"venue_order_id": venue_order_id, "ts_event": ts_event})))


def submitted(order: Order) -> Order:
    order.apply(OrderSubmitted(**about(order)))
    return order


@pytest.mark.parametrize(("made", "ends"), [(working, "EXPIRED"), (submitted, "CANCELED")])
def test_an_order_whose_time_is_over_ends_in_nautilus_also_where_nobody_has_heard_that_it_worked(made, ends):
    order = made(bracket(an_intent()).orders[0])
    session = SimpleNamespace(clock=SimpleNamespace(now_ns=lambda: TILL_NS + 1))
    told = BrokerOrder(Draft(order.client_order_id.value, "BUY", 1, "LMT", 1.0, good_till_ns=TILL_NS), 1, 2)
    NautilusEvents(Client(order), session, kept(order)).expired(told)
    assert (order.status_string(), order.last_event.ts_event) == (ends, TILL_NS)
