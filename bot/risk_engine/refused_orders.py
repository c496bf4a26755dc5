"""Closing orders and stops that the venue refuses again and again: sent again for ever, and more and more seldom.

A closing order at a limit that does not fill is no way out either: it is let go, and another comes in its place at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bot.risk_engine.clocks import Once, Timeline
from bot.supervision.orders import Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

RESTS_NS = SECOND_NS  # one well through the market fills at once, or the market has gone
FIRST_SECONDS, MOST_SECONDS = 1, 60  # no contract: no plan is judged by how long a venue that refuses is left alone


def pause_seconds(role: Role, refused: int) -> int:
    """How long nothing of this role is sent after so many in vain: 1, 2, 4 … 60 s; the first closing order is followed at once."""
    again = refused - 2 if role is Role.EXIT else refused - 1
    return 0 if again < 0 else min(FIRST_SECONDS << min(again, MOST_SECONDS), MOST_SECONDS)


class RefusedOrders:
    """`act` carries out what a trade demands; it is called when something may be sent again. `cancel` ends an order."""

    def __init__(self, act: Callable[[Trade], None], cancel: Callable[[Trade, TrackedOrder], None]) -> None:
        self._act, self._cancel = act, cancel
        self._resting = Once()

    def look(self, wall: Timeline, trade: Trade, leg: Leg, order: TrackedOrder) -> None:
        """An order has had an event: if it is one that leaves a leg, or covers it meanwhile, and came to nothing, the next one waits."""
        leaves = order.role is Role.EXIT or (order.role is Role.STOP and trade.closing is not None)
        if not leaves or not _in_vain(order) or order.role in leg.put_off:
            return
        pause = pause_seconds(order.role, sum(map(_in_vain, leg.of(order.role))))
        if pause:
            leg.put_off.add(order.role)
            wall.call_at(f"{order.order_id}-again", wall.now_ns + pause * SECOND_NS, lambda: self._again(trade, leg, order.role))

    def rest(self, wall: Timeline, trade: Trade) -> None:
        """Closing orders of a trade that rest at a limit may do so for a moment."""
        for order in [order for leg in trade.legs for order in leg.live(Role.EXIT)]:
            if order.price is not None and order.at_venue:
                self._resting.after(wall, f"{order.order_id}-rests", RESTS_NS, partial(self._let_go, trade, order))

    def _let_go(self, trade: Trade, order: TrackedOrder) -> None:
        if order.live and not order.let_go:
            self._cancel(trade, order)

    def _again(self, trade: Trade, leg: Leg, role: Role) -> None:
        leg.put_off.discard(role)
        if not trade.done:
            self._act(trade)


def _in_vain(order: TrackedOrder) -> bool:
    """It came to nothing without our asking: a stop that made way for a closing order was not refused, nor a limit that rested."""
    return order.came_to_nothing and not order.let_go
