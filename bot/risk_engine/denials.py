"""How a refusal is told: by Nautilus' own events for the very orders that were refused, and to nobody else's.

A forged command must not end, or change back, the order that it only names: an event goes out only where the order in
Nautilus' cache is the refused object, or is waiting for the answer to just such a command of its own strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import BatchCancelOrders, CancelAllOrders, CancelOrder, ModifyOrder, SubmitOrder, SubmitOrderList
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderCancelRejected, OrderDenied, OrderModifyRejected
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order


class Denials:
    """Makes and sends the events; `process` is Nautilus' endpoint for order events. Our own events are known by identity."""

    def __init__(self, cache: Any, clock: Any, process: Callable[[Any], None]) -> None:
        self._cache, self._clock, self._process = cache, clock, process
        self._sent: list[Any] = []

    def ours(self, event: Any) -> bool:
        """Whether this very event was sent from here; true once."""
        found = next((number for number, sent in enumerate(self._sent) if sent is event), None)
        if found is not None:
            del self._sent[found]
        return found is not None

    def tell(self, command: Any, reason: str, spared: Callable[[Order], bool] | None = None) -> None:
        """Tell what a command was refused for. `spared` orders have left already, by an earlier command: they hear from the venue alone."""
        for event in self._events(command, reason):
            if spared is None or not isinstance(event, OrderDenied) or not spared(self._cache.order(event.client_order_id)):
                self._send(event)

    def deny_rest(self, orders: list[Order], denied: ClientOrderId) -> None:
        """All or nothing: Nautilus' risk engine denies only the order that failed its check, and forgets the others of the list."""
        rest = (order for order in orders if order.client_order_id != denied)
        self.deny(rest, f"{denied} of the same list was denied")

    def deny(self, orders: Iterable[Order], reason: str) -> None:
        """Deny what of these has not left."""
        for order in orders:
            if self._is_waiting(order):
                self._send(self._denied(order, reason))

    def _send(self, event: Any) -> None:
        self._sent.append(event)
        self._process(event)

    def _events(self, command: Any, reason: str) -> Iterator[Any]:
        kind = type(command)
        if kind in (SubmitOrder, SubmitOrderList):
            orders = [command.order] if kind is SubmitOrder else command.order_list.orders
            yield from (self._denied(order, reason) for order in orders if self._is_waiting(order))
        elif kind is ModifyOrder:
            yield from self._rejected(command, OrderModifyRejected, OrderStatus.PENDING_UPDATE, reason)
        elif kind is CancelOrder:
            yield from self._rejected(command, OrderCancelRejected, OrderStatus.PENDING_CANCEL, reason)
        elif kind is BatchCancelOrders:
            for cancel in command.cancels:
                yield from self._rejected(cancel, OrderCancelRejected, OrderStatus.PENDING_CANCEL, reason)
        elif kind is CancelAllOrders:  # Nautilus has marked the strategy's open orders
            for order in self._cache.orders(instrument_id=command.instrument_id, strategy_id=command.strategy_id):
                yield from self._rejected(order, OrderCancelRejected, OrderStatus.PENDING_CANCEL, reason)

    def _is_waiting(self, order: Order) -> bool:
        return order.status == OrderStatus.INITIALIZED and self._cache.order(order.client_order_id) is order

    def _rejected(self, asked: Any, event_type: type, status: OrderStatus, reason: str) -> Iterator[Any]:
        order = self._cache.order(asked.client_order_id)
        if order is None or order.status != status or order.strategy_id != asked.strategy_id:
            return
        now = self._clock.timestamp_ns()
        about = {"venue_order_id": order.venue_order_id, "account_id": order.account_id, "ts_event": now}
        yield event_type(**self._about(order, reason, now), **about)

    def _denied(self, order: Order, reason: str) -> OrderDenied:
        return OrderDenied(**self._about(order, reason, self._clock.timestamp_ns()))

    def _about(self, order: Order, reason: str, now: int) -> dict[str, Any]:
        return {
            "trader_id": order.trader_id,
            "strategy_id": order.strategy_id,
            "instrument_id": order.instrument_id,
            "client_order_id": order.client_order_id,
            "reason": reason,
            "event_id": UUID4(),
            "ts_init": now,
        }
