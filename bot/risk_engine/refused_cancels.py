"""Cancels that the venue refused, or may have refused unheard: asked for again, but not in a circle."""

from __future__ import annotations

from collections.abc import Callable

from bot.risk_engine.clocks import Timeline
from bot.supervision.orders import ENDED, TrackedOrder
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

AGAIN_NS = SECOND_NS


class RefusedCancels:
    """`act` carries out what a trade demands; it is called when a cancel may be asked for again."""

    def __init__(self, act: Callable[[Trade], None]) -> None:
        self._act = act
        self._waiting: set[str] = set()

    def put_off(self, wall: Timeline, trade: Trade, order: TrackedOrder) -> None:
        """The cancel of an order came to nothing, as far as anybody hears: until a second has passed it counts as asked for."""
        order.cancel_requested = True
        if order.order_id not in self._waiting:
            self._waiting.add(order.order_id)
            wall.call_at(f"{order.order_id}-again", wall.now_ns + AGAIN_NS, lambda: self._again(trade, order))

    def _again(self, trade: Trade, order: TrackedOrder) -> None:
        self._waiting.discard(order.order_id)
        if order.state not in ENDED:
            order.cancel_requested = False
        self._act(trade)
