"""The exchange under the rules of a backtest: a whole minute at its close, by mesbot's one fill rule (bot.fills), instead of pieces.

With it a run of the live node can be laid beside a backtest fill by fill. What a backtest knows and no message to a broker carries,
the slippage that an order was decided with and whether the bar will be believed, is asked of whoever runs both.
"""

from __future__ import annotations

from typing import Protocol

from bot import fills
from bot.decision.plan import EntryType
from bot.fills import Judged
from bot.gateway.exchange import Exchange
from bot.gateway.orders import Order
from bot.market.bar import Bar


class Rules(Protocol):
    """What a backtest knows beside orders and bars."""

    def slippage_ticks(self, order_ref: str) -> int:
        """Whole ticks that a stop or market order of this name gives up."""

    def judged(self, bar: Bar) -> Judged:
        """What this bar, which nobody has been shown yet, may fill."""


class Minutes:
    """Fills the orders of an exchange when a minute has closed, and market orders as soon as they come, at the last minute's close."""

    def __init__(self, exchange: Exchange, rules: Rules) -> None:
        self._exchange, self._rules = exchange, rules
        self._minute: Bar | None = None
        self._judged = Judged()
        exchange.arrived = self._arrived

    def close(self, minute: Bar) -> None:
        """A minute has closed, and nobody has been told of it: stops, then limits, then the stops of what it filled."""
        exchange = self._exchange
        self._minute, self._judged = minute, self._rules.judged(minute) if exchange.open else Judged()
        if not self._judged.fills or exchange.closed:
            return
        resting = [order for order in exchange.open if order.working and order.from_ns < minute.ts_ns]
        for order in sorted(resting, key=lambda order: not _is_stop(order)):
            self._touch(order, minute, young=False)
        for order in list(exchange.open):
            if order.parent is not None and _is_stop(order) and order.from_ns >= minute.ts_ns:
                self._touch(order, minute, young=True)

    def _touch(self, order: Order, minute: Bar, *, young: bool) -> None:
        price = self._price(order, minute, young=young) if order.working else None
        if price is not None:
            self._exchange.fill(order, price, order.released - order.filled)

    def _price(self, order: Order, minute: Bar, *, young: bool) -> int | None:
        if _is_stop(order):
            protected = -order.side
            if not fills.stop_touched(protected, order.stop, minute):
                return None
            return fills.stop_price(protected, order.stop, minute, self._slippage(order), young)
        if order.limit is None:
            return None  # a market order is filled when it comes
        kind = EntryType.LIMIT if order.stop is None else EntryType.STOP_LIMIT
        return order.limit if fills.entry_fills(order.side, kind, order.limit, order.stop, minute) else None

    def _arrived(self, order: Order) -> None:
        minute = self._minute
        if order.limit is not None or order.stop is not None or not order.working or minute is None or self._exchange.closed:
            return
        if self._judged.void:
            price = round(self._exchange.accounts[order.account].position(order.future).average)
        else:
            price = fills.market_exit_price(-order.side, minute, self._slippage(order), at_open=self._judged.at_open)
        self._exchange.fill(order, price, order.released - order.filled)

    def _slippage(self, order: Order) -> int:
        return self._rules.slippage_ticks(order.request.order_ref)


def _is_stop(order: Order) -> bool:
    """A stop without a limit: once touched it fills."""
    return order.stop is not None and order.limit is None
