"""Whether anything is under way in a live node: in Nautilus' queues, or between an order and the broker."""

from __future__ import annotations

from typing import Any

from nautilus_trader.model.orders import Order


def waiting_in(data: Any, risk: Any, execution: Any) -> int:
    """How many commands, requests, answers, events and data items wait in the queues of Nautilus' live engines."""
    return (
        data.cmd_qsize() + data.req_qsize() + data.res_qsize() + data.data_qsize()
        + risk.cmd_qsize() + risk.evt_qsize()
        + execution.cmd_qsize() + execution.evt_qsize()
    )  # fmt: skip


def answered_for(order: Order) -> bool:
    """Whether nothing about an order is on its way: one that is neither open nor closed goes to the client, or to the broker and back."""
    return (order.is_open or order.is_closed) and not order.is_inflight
