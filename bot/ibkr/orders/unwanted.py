"""The last resort against orders of ours that are to go and that no cancel reaches: a broker may show one under an id that it does not
know, or have lost the id of one. While something is held an exit leaves beside it; while nothing is, it could open a position.

The one request that takes it along cancels everything of everybody, so it is sent only where all that is open is ours and is to go.
"""

from __future__ import annotations

from typing import Any

from bot.ibkr.errors import StrayOrder
from bot.ibkr.link.link import Link
from bot.ibkr.orders.doubt import News, status_news
from bot.ibkr.orders.orders import OrderMonitor
from bot.ibkr.orders.position_check import PositionCheck

MAY_FILL = (News.WORKS, News.UNDER_WAY, News.UNKNOWN_STATUS)
UNWANTED_SECONDS = 2.0  # in which a cancel is answered


class UnwantedOrders:
    """Of one monitor; `positions` say whether book and broker agree that nothing is held."""

    def __init__(self, link: Link, monitor: OrderMonitor, positions: PositionCheck) -> None:
        self._link, self._monitor, self._positions = link, monitor, positions
        self._since: float | None = None

    @property
    def there(self) -> bool:
        """Whether nothing is open but what is to go: it is time to look again."""
        return self._since is not None

    def look(self, told: list[Any]) -> None:
        """After an answer about all open orders."""
        shown = [(order_id, order) for order_id, _, order, state in told if status_news(state.status) in MAY_FILL]
        goes = bool(shown) and self._positions.flat and all(self._is_to_go(order_id, order) for order_id, order in shown)
        if not goes or self._monitor.observe:
            self._since = None
            return
        now = self._link.seconds()
        self._since = now if self._since is None else self._since
        if now - self._since >= UNWANTED_SECONDS:
            self._since = now
            refs = ", ".join(order.orderRef for _, order in shown)
            self._link.report(StrayOrder("no cancel reaches it and nothing is held, so all that is open is cancelled", order_ref=refs))
            self._link.connection.send("reqGlobalCancel")

    def _is_to_go(self, order_id: int, told: Any) -> bool:
        """An order of ours that has ended, as far as was told, or whose cancel was asked for. Of what nobody here knows it is not said."""
        if told.account != self._link.account or told.clientId != self._link.settings.client_id:
            return False
        order = self._monitor.find(told.orderRef, told.permId, told.clientId, order_id)
        if order is None:
            return told.permId in self._monitor.ghosts or order_id in self._monitor.retired
        return not order.live or order.cancel_asked or order.uncancelled or order.taken_back
