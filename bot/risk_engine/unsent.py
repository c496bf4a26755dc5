"""Orders of a simulation that never came to work: another hand has ended them in Nautilus' cache, so the venue drops them without a word.

On a live node the order is mended (bot.risk_engine.kept), and the adapter answers for what it does not send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.events import OrderCanceled
from nautilus_trader.model.identifiers import ClientOrderId

from bot.supervision.trade import Trade


class Unsent:
    """`cache` is Nautilus'; `over` takes an order event that ends what nobody answers for any more."""

    def __init__(self, cache: Any, trades: Callable[[], Iterable[Trade]], over: Callable[[Any], None]) -> None:
        self._cache, self._trades, self._over = cache, trades, over

    def look(self, now_ns: int) -> None:
        """A bar has passed: what the book still waits for, and Nautilus does not, is over."""
        waiting = [order for trade in self._trades() for order in trade.unsettled if order.live and not order.at_venue]
        for each in waiting:
            order = self._cache.order(ClientOrderId(each.order_id))
            if order is not None and order.is_closed:
                about = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, order.venue_order_id)
                self._over(OrderCanceled(*about, order.account_id, UUID4(), now_ns, now_ns))
