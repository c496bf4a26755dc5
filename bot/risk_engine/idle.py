"""Whether anything is under way in a live node: in Nautilus' queues, or between an order and the broker."""

from __future__ import annotations

from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.orders import Order


def waiting_in(data: Any, risk: Any, execution: Any) -> int:
    """How many commands, requests, answers, events and data items wait in the queues of Nautilus' live engines."""
    return (
        data.cmd_qsize() + data.req_qsize() + data.res_qsize() + data.data_qsize()
        + risk.cmd_qsize() + risk.evt_qsize()
        + execution.cmd_qsize() + execution.evt_qsize()
    )  # fmt: skip


def all_answered(cache: Cache) -> bool:
    """Whether nothing about any order is on its way. Closed orders, which a run only gets more of, are not looked at one by one: where
    Nautilus' index knows each order as open or closed, the open ones are all that can be.
    """
    indexed = len(cache.client_order_ids_open()) + len(cache.client_order_ids_closed())
    orders = cache.orders_open() if indexed == len(cache.client_order_ids()) else cache.orders()
    return all(_answered_for(order) for order in orders)


def _answered_for(order: Order) -> bool:
    """One that is neither open nor closed goes to the client, or to the broker and back."""
    return (order.is_open or order.is_closed) and not order.is_inflight
