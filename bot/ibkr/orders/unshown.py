"""Orders that an error was said of and nobody has acknowledged, where the answer about open orders never ends: when they are missing."""

from __future__ import annotations

from collections import Counter

from bot.ibkr.orders.doubt import Asked, Doubt
from bot.ibkr.orders.order_state import BrokerOrder

ENOUGH = 3  # looks in a row: so often is asked before a question counts as not answered


class UnshownOrders:
    """Of one sync. Without the last word an answer may lack anything, and an order that nothing was said of stays in doubt; one that the
    broker said an error of, and that it shows neither open nor executed nor completed in several looks, must not keep a position open."""

    def __init__(self) -> None:
        self._looks: Counter[str] = Counter()

    def missing(self, order: BrokerOrder, *, whole: bool) -> bool:
        """Whether an order counts as missing that a look has not shown; `whole`: the answers of the look had their last words."""
        said = order.doubts.get(Asked.ORDER, Doubt.NONE) in (Doubt.NOT_FOUND, Doubt.ERROR)
        if whole or order.accepted or not said:
            self._looks.pop(order.ref, None)
            return whole
        self._looks[order.ref] += 1
        return self._looks[order.ref] >= ENOUGH
