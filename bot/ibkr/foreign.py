"""What others have at the broker in the month that is traded: their open orders, and what the account holds. For a kill that includes it.

The API lets a client cancel its own orders only; those of others go by one request that cancels everything there is. So it is sent
only where all that is open is of this account and this month. It promises nothing about an order that comes after the question.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bot.ibkr.session import BrokerSession


class ForeignOrder(NamedTuple):
    """An open order that is none of ours; `meant`: it is in the traded month, on our account."""

    text: str
    meant: bool


class ForeignHoldings:
    """Of one session."""

    def __init__(self, session: BrokerSession) -> None:
        self._session = session

    async def orders(self) -> list[ForeignOrder]:
        """What is open now. Raises BrokerError."""
        told = await self._session.link.connection.ask_named("reqAllOpenOrders", "openOrderEnd", anew=True)
        ours = {order.perm_id for order in self._session.orders.orders.values() if order.live}
        return [self._named(contract, order) for _, contract, order, _ in told if order.permId not in ours]

    def _named(self, contract: Any, order: Any) -> ForeignOrder:
        meant = order.account == self._session.link.account and self._session.provider.is_front(contract.conId)
        who = "a person in TWS" if order.orderId <= 0 else f"client {order.clientId}"
        return ForeignOrder(f"{order.action} {order.totalQuantity:g} {contract.localSymbol} by {who}, permId {order.permId}", meant)

    def cancel_everything(self) -> None:
        """Every order of every client. Raises BrokerError if it cannot be asked."""
        self._session.link.require_way_out()
        self._session.link.connection.send("reqGlobalCancel")

    async def held(self) -> tuple[int, float]:
        """Signed contracts of the traded month, and their average price (points; 0 if flat). Raises BrokerError."""
        holdings = await self._session.account.positions()
        found = [each for con_id, each in holdings.items() if self._session.provider.is_front(con_id) and each.contracts]
        return (found[0].contracts, found[0].average_price) if found else (0, 0.0)
