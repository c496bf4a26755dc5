"""Orders of others on what we trade: while one works no entry is sent, for nobody knows what it is for."""

from __future__ import annotations

from typing import Any

from bot.ibkr.errors import ForeignOrder
from bot.ibkr.link.link import Link
from bot.ibkr.orders.orders import OrderMonitor

HALT = "foreign"
ENDED = ("Filled", "Cancelled", "ApiCancelled")  # any other status, also one that IB adds, may fill
MISSED = 2  # looks at all open orders without it, after which it has ended


class ForeignOrders:
    """Listens beside OrderMessages, which says whose an order is and tells of it. `symbol` is what we trade, in any month."""

    def __init__(self, link: Link, monitor: OrderMonitor, symbol: str) -> None:
        self._link, self._monitor, self._symbol = link, monitor, symbol
        self._missed: dict[int, int] = {}  # permId of one that works -> looks without it
        for name in ("openOrder", "orderStatus", "openOrderEnd"):
            link.taps.listen(name, getattr(self, f"_on_{name}"))

    def _on_openOrder(self, _order_id: int, contract: Any, told: Any, state: Any) -> None:
        foreign = told.permId in self._monitor.foreign and told.account == self._link.account and contract.symbol == self._symbol
        if foreign and state.status not in ENDED:
            self._missed[told.permId] = -1  # the look that is under way has seen it
        else:
            self._missed.pop(told.permId, None)
        self._judge()

    def _on_orderStatus(
        self, _order_id: int, status: str, _filled: float, _remaining: float, _average: float, perm_id: int, *_: Any
    ) -> None:
        if status in ENDED:
            self._missed.pop(perm_id, None)
            self._judge()

    def _on_openOrderEnd(self) -> None:
        """All open orders were told: absence from one look is no end, and the next one comes at once."""
        for perm_id in list(self._missed):
            self._missed[perm_id] += 1
            if self._missed[perm_id] >= MISSED:
                del self._missed[perm_id]
            elif self._missed[perm_id]:
                self._monitor.doubtful()
        self._judge()

    def _judge(self) -> None:
        if not self._missed:
            self._monitor.clear(HALT)
        elif HALT not in self._monitor.halts:  # it was told when it was first seen
            self._monitor.halts[HALT] = ForeignOrder(self._monitor.foreign[next(iter(self._missed))])
