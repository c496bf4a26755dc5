"""Whether anything about an order is on its way, at a price that does not grow with the orders of a year."""

from __future__ import annotations

from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.events import OrderCanceled
from nautilus_trader.model.orders import Order
from order_makers import about, asked_to_change, asked_to_end, bracket, kept, working

from bot.risk_engine.idle import all_answered


def entry() -> Order:
    return bracket().first


def of(order: Order) -> Cache:
    """The cache that has heard what this order has."""
    cache = kept(order)
    cache.update_order(order)
    return cache


def ended() -> Order:
    order = working(entry())
    order.apply(OrderCanceled(**about(order), venue_order_id=order.venue_order_id))
    return order


def test_nothing_is_on_its_way_without_orders_or_with_those_that_work_or_have_ended():
    assert all_answered(Cache()) and all_answered(of(working(entry()))) and all_answered(of(ended()))


def test_an_order_is_on_its_way_until_the_broker_has_answered():
    assert not all_answered(of(entry()))


def test_a_change_or_a_cancel_that_was_asked_for_is_on_its_way():
    assert not all_answered(of(asked_to_change(working(entry())))) and not all_answered(of(asked_to_end(working(entry()))))


def test_an_order_that_nautilus_has_not_indexed_again_is_judged_by_itself():
    order = working(entry())
    assert all_answered(kept(order)), "the index knows it neither as open nor as closed; the order says that it works"


class Counted:
    """A cache whose index knows a thousand orders that are closed, and one that is open."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def client_order_ids(self) -> set[Any]:
        return set(range(1001))

    def client_order_ids_open(self) -> set[Any]:
        return {1000}

    def client_order_ids_closed(self) -> set[Any]:
        return set(range(1000))

    def orders_open(self) -> list[Order]:
        return [self._order]

    def orders(self) -> list[Order]:
        raise AssertionError("closed orders are looked at one by one")


def test_closed_orders_are_not_looked_at_one_by_one():
    assert all_answered(Counted(working(entry()))) and not all_answered(Counted(asked_to_end(working(entry()))))
