"""Orders of which nobody knows: past their timeout they are asked about, and if that brings no answer it is a kill (constitution)."""

from __future__ import annotations

from collections.abc import Callable

from bot.quality.feed import QualityEvent
from bot.risk_engine.clocks import Once
from bot.risk_engine.hands import Hands
from bot.supervision.orders import TrackedOrder
from bot.units import SECOND_NS

OVERDUE = "order_unknown"  # execution_contract.yaml: eqs.events; the adapter charges it at timeouts.order_unknown_seconds, and asks
ANSWER_NS = 5 * SECOND_NS  # what is asked of the broker is reconciled within this


class Unanswered:
    """`find` gives the tracked order of a client order id, None if it is none of ours; `trip` trips the kill switch."""

    def __init__(self, hands: Hands, find: Callable[[str], TrackedOrder | None], trip: Callable[[str, str], None]) -> None:
        self._hands, self._find, self._trip = hands, find, trip
        self._later = Once()

    def on_charge(self, charge: QualityEvent) -> None:
        """Something has cost execution quality: an order that is unknown past its timeout must be known a moment later."""
        order = self._find(charge.detail) if charge.kind == OVERDUE else None
        if order is not None:
            self._later.after(self._hands.wall, f"{order.order_id}-unknown", ANSWER_NS, lambda: self._look(order))

    def _look(self, order: TrackedOrder) -> None:
        if order.in_doubt or (order.live and (order.cancel_requested or not order.at_venue)):
            self._trip("an order is unknown past its timeout", f"{order.order_id}: {order.state}, and the broker does not answer")
