"""What passed the second door, as it was then: between that door and the broker the command waits in queues, and its list and its orders
are still in other hands.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from nautilus_trader.execution.messages import ModifyOrder, SubmitOrder, SubmitOrderList
from nautilus_trader.model.events import OrderInitialized
from nautilus_trader.model.orders import Order


class Sending(NamedTuple):
    """Copies of the orders that a command may send, none for a change; what it says beside; and what has changed since, "" if nothing."""

    orders: tuple[Order, ...]
    params: dict[str, Any]
    changed: str


class _Seen(NamedTuple):
    command: Any
    orders: tuple[Order, ...]
    params: dict[str, Any]


class Approved:
    """The commands of one run, each until it is taken. It is `kept` by the risk engine of that run; without one nothing is asked."""

    def __init__(self) -> None:
        self.kept = False
        self._seen: list[_Seen] = []

    def remember(self, command: Any) -> None:
        """A command leaves the second door."""
        if type(command) in (SubmitOrder, SubmitOrderList, ModifyOrder):
            self._seen.append(_Seen(command, tuple(_copy(order) for order in _orders(command)), dict(command.params or {})))

    def take(self, command: Any) -> Sending | None:
        """What this very command may send, once; None if it never passed the door."""
        found = next((seen for seen in self._seen if seen.command is command), None)
        if found is None:
            return None
        self._seen = [seen for seen in self._seen if seen is not found]
        return Sending(found.orders, found.params, _difference(_orders(command), found.orders))


@lru_cache(maxsize=64)
def approved_in(journal_path: str) -> Approved:
    """What was approved in the run that writes this journal, in this process."""
    return Approved()


def _orders(command: Any) -> list[Order]:
    if type(command) is SubmitOrderList:
        return command.order_list.orders
    return [command.order] if type(command) is SubmitOrder else []


def _copy(order: Order) -> Order:
    return type(order).create(OrderInitialized.from_dict(OrderInitialized.to_dict(order.init_event)))


def _difference(found: list[Order], right: tuple[Order, ...]) -> str:
    """What differs first, in words; "" if nothing that leaves does."""
    names = [order.client_order_id for order in found]
    if names != [order.client_order_id for order in right]:
        return f"orders {' '.join(map(str, names))}"
    for order, copy in zip(found, right, strict=True):
        for name, value in _leaves(order).items():
            if value != _leaves(copy)[name]:
                return f"{name} {value} of {order.client_order_id}"
    return ""


def _leaves(order: Order) -> dict[str, Any]:
    """What another hand can change of it; the rest is in its first event, which nobody can."""
    price, trigger = order.price if order.has_price else None, order.trigger_price if order.has_trigger_price else None
    return {"quantity": order.quantity, "linked_order_ids": order.linked_order_ids, "price": price, "trigger": trigger}
