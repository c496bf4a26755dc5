"""Exits against what the broker holds: none is sent for contracts that another hand has closed; those are booked instead.

A person may close our position in TWS, or a stop may fill in a night that executions no longer reach
back to. An exit sent then would open a position that nobody wants.
"""

from __future__ import annotations

from typing import Any

from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.identifiers import StrategyId, TradeId, VenueOrderId
from nautilus_trader.model.orders import Order

from bot.ibkr.errors import ClosedElsewhere, GatewayNotResponding, PositionMismatch
from bot.ibkr.order_events import money, points
from bot.ibkr.orders.order_state import Draft
from bot.ibkr.session import BrokerSession
from bot.supervision.orders import Role, named_role

ASK_TIMES, ASK_SECONDS = 5, 1.0
DOUBT_SECONDS = 2.0  # an answer about the position is not waited for any longer: what is known of it counts
EXTERNAL = StrategyId("EXTERNAL")  # Nautilus' owner of what no strategy of ours has ordered


class Exits:
    """Of one execution client (`client`) and its session; `cache` is Nautilus' own."""

    def __init__(self, client: Any, session: BrokerSession, cache: Any) -> None:
        self._client, self._session, self._cache = client, session, cache

    def book(self) -> int:
        """Signed contracts of the traded month that our own strategies hold."""
        positions = self._cache.positions_open(instrument_id=self._session.provider.front_id)
        return round(sum(position.signed_qty for position in positions if position.strategy_id != EXTERNAL))

    async def require_held(self, con_id: int, draft: Draft, *, anew: bool) -> None:
        """A closing order closes no more than the broker holds: where that seems to be less, it is asked for a while.

        `anew`: the link was away, so what is known is asked for first. Raises PositionMismatch if it stays less, ConnectionLost.
        Stops are not asked for: they protect what may be there.
        """
        side = 1 if draft.side == "BUY" else -1
        if anew:
            await self._ask()
        for _ in range(ASK_TIMES):
            if self._closable(con_id, side) >= draft.quantity:
                return
            self._session.orders.doubtful()
            await self._ask()
            if self._closable(con_id, side) >= draft.quantity:
                return
            await self._session.link.delay(ASK_SECONDS)
        raise PositionMismatch(-side * draft.quantity, -side * self._closable(con_id, side), order_ref=draft.ref)

    async def _ask(self) -> None:
        """Positions come one by one and then a last word. Without that word those that have come count all the same."""
        try:
            await self._session.account.positions(timeout_seconds=DOUBT_SECONDS)
        except GatewayNotResponding as error:
            self._session.link.report(error)
            self._session.link.unanswered("positions", error)

    def _closable(self, con_id: int, side: int) -> int:
        """Contracts that one more closing order on this side can close; negative if the position is on the same side."""
        holding = self._session.account.holdings.get(con_id)
        tracked = [order for order in self._session.orders.orders.values() if order.live and order.con_id == con_id]
        under_way = sum(order.draft.quantity - order.filled for order in tracked if named_role(order.ref) is Role.EXIT)
        return (0 if holding is None else -side * holding.contracts) - under_way

    def closed_elsewhere(self, order: Order, price: float) -> None:
        """Book what another hand has made, at `price` points. Nothing is sent, and after an exit no entry follows in this run."""
        now, ids = self._session.clock.now_ns(), (order.strategy_id, order.instrument_id, order.client_order_id)
        name, fee_usd = f"elsewhere-{order.client_order_id}", self._session.orders.ledger.fee_usd * int(order.quantity)
        self._client.generate_order_submitted(*ids, now)
        self._client.generate_order_filled(
            *ids,
            VenueOrderId(name),
            None,
            TradeId(name[-36:]),
            order.side,
            order.order_type,
            order.quantity,
            points(price),
            USD,
            money(fee_usd),
            LiquiditySide.NO_LIQUIDITY_SIDE,
            now,
        )
        if named_role(order.client_order_id.value) is Role.ENTRY:
            return  # taken over by a kill, to be closed
        text = f"{order.quantity} of ours left the account by another hand, booked at {price:,.2f}"
        self._session.orders.halt("closed elsewhere", ClosedElsewhere(text, order_ref=order.client_order_id.value))
