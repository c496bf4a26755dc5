"""Closing orders and stops that the venue refuses again and again: sent again for ever, and more and more seldom."""

from __future__ import annotations

from collections.abc import Callable

from bot.risk_engine.clocks import Timeline
from bot.supervision.orders import Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

FIRST_SECONDS, MOST_SECONDS = 1, 60  # no contract: no plan is judged by how long a venue that refuses is left alone


def pause_seconds(role: Role, refused: int) -> int:
    """How long nothing of this role is sent after so many in vain: 1, 2, 4 … 60 s; the first closing order is followed at once."""
    again = refused - 2 if role is Role.EXIT else refused - 1
    return 0 if again < 0 else min(FIRST_SECONDS << min(again, MOST_SECONDS), MOST_SECONDS)


class RefusedOrders:
    """`act` carries out what a trade demands; it is called when something may be sent again."""

    def __init__(self, act: Callable[[Trade], None]) -> None:
        self._act = act

    def look(self, wall: Timeline, trade: Trade, leg: Leg, order: TrackedOrder) -> None:
        """An order has had an event: if it is one that leaves a leg, or covers it meanwhile, and came to nothing, the next one waits."""
        leaves = order.role is Role.EXIT or (order.role is Role.STOP and trade.closing is not None)
        if not leaves or not _in_vain(order) or order.role in leg.put_off:
            return
        pause = pause_seconds(order.role, sum(map(_in_vain, leg.of(order.role))))
        if pause:
            leg.put_off.add(order.role)
            wall.call_at(f"{order.order_id}-again", wall.now_ns + pause * SECOND_NS, lambda: self._again(trade, leg, order.role))

    def _again(self, trade: Trade, leg: Leg, role: Role) -> None:
        leg.put_off.discard(role)
        if not trade.done:
            self._act(trade)


def _in_vain(order: TrackedOrder) -> bool:
    """It came to nothing, and a stop did so without our asking: one that made way for a closing order was not refused."""
    return order.came_to_nothing and not (order.role is Role.STOP and order.let_go)
