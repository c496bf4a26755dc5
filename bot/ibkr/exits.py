"""Exits against what the broker holds: none is sent for contracts that another hand has closed; those are booked instead.

The supervisor asks before it gives a stop up, and an exit is looked at once more when it is sent.

A person may close our position in TWS, or a stop may fill in a night that executions no longer reach
back to. An exit sent then would open a position that nobody wants.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.identifiers import StrategyId, TradeId, VenueOrderId
from nautilus_trader.model.orders import Order

from bot.ibkr.account import POSITIONS
from bot.ibkr.errors import BrokerError, ClosedElsewhere, GatewayNotResponding, PositionMismatch, UnreadableAnswer
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.order_events import money, points
from bot.ibkr.orders.closable import DOUBT_SECONDS, closable, unheard_seconds
from bot.ibkr.orders.order_state import Draft
from bot.ibkr.session import BrokerSession
from bot.messages import Holdings
from bot.supervision.orders import Role, named_role

ASK_TIMES, ASK_SECONDS = 5, 1.0
EXTERNAL = StrategyId("EXTERNAL")  # Nautilus' owner of what no strategy of ours has ordered


class Exits:
    """Of one execution client (`client`) and its session; `cache` is Nautilus' own."""

    def __init__(self, client: Any, session: BrokerSession, cache: Any) -> None:
        self._client, self._session, self._cache = client, session, cache
        self._told = False  # positions were asked for since the way out opened, and what came counts
        self._asked_at = -ASK_SECONDS
        self._asking: asyncio.Task[None] | None = None
        session.link.state_changed.append(self._on_link)

    def book(self) -> int:
        """Signed contracts of the traded month that our own strategies hold."""
        positions = self._cache.positions_open(instrument_id=self._session.provider.front_id)
        return round(sum(position.signed_qty for position in positions if position.strategy_id != EXTERNAL))

    def _on_link(self, state: LinkState, previous: LinkState) -> None:
        self._told = self._told and (previous.allows_way_out or not state.allows_way_out)

    def write_held(self, question: Holdings) -> None:
        """Answer with what is known since the way out opened; ask for it if nothing is, or if that is less than the book has."""
        if type(question) is not Holdings or not self._session.link.allows_way_out:
            return
        if (self._told or POSITIONS not in self._session.link.questions.open) and not self._in_question():
            question.held = self._session.net()
        side = 1 if question.expected > 0 else -1
        if question.held is None or (question.expected - question.held) * side > 0:
            self._ask_soon()

    def _ask_soon(self) -> None:
        now = self._session.link.seconds()
        if now - self._asked_at >= ASK_SECONDS and (self._asking is None or self._asking.done()):
            self._asked_at = now
            self._asking = asyncio.get_running_loop().create_task(self._ask_once())

    async def _ask_once(self) -> None:
        generation = self._session.link.generation
        with contextlib.suppress(BrokerError):  # the link tells what it means
            await self._ask()
            known = self._known(self._session.provider.contract().conId)
            self._told = known and self._session.link.allows_way_out and generation == self._session.link.generation

    async def require_held(self, con_id: int, draft: Draft, *, anew: bool, withdrawn: Callable[[], bool]) -> None:
        """A closing order closes no more than the broker holds: where that seems to be less, it is asked for a while.

        `anew`: the link was away, so what is known is asked for first. What nobody has told since then is asked for until it is
        told, and the order waits unless it is `withdrawn`. Raises PositionMismatch if it stays less, ConnectionLost. Stops are not
        asked for: they protect what may be there.
        """
        side, tries = 1 if draft.side == "BUY" else -1, 0
        if anew:
            await self._ask()
        while tries < ASK_TIMES and not withdrawn():
            if self._closable(con_id, side) >= draft.quantity:
                return
            self._session.orders.doubtful()
            await self._ask()
            if self._closable(con_id, side) >= draft.quantity:
                return
            tries += self._known(con_id)
            await self._session.link.delay(ASK_SECONDS)
        if withdrawn():
            return
        raise PositionMismatch(-side * draft.quantity, -side * self._closable(con_id, side), order_ref=draft.ref)

    async def _ask(self) -> None:
        """Positions come one by one and then a last word. Without it, or if one cannot be read, those that have come count."""
        try:
            await self._session.account.positions(timeout_seconds=DOUBT_SECONDS, anew=self._in_question())
        except (GatewayNotResponding, UnreadableAnswer) as error:
            self._session.link.report(error)
            self._session.link.unanswered(POSITIONS, error)

    def _known(self, con_id: int) -> bool:
        """Whether the position was told since the way to the broker is open, and since a closing order left that nobody confirms."""
        return self._session.account.told_since(con_id, self._session.orders.opened_at) and not self._in_question()

    def _in_question(self) -> bool:
        """Whether a closing order of which nobody knows what became of it has left since the position was asked for and told: the broker
        takes what is sent in its order, so only an answer asked for later says what that order has made of it."""
        orders, now = self._session.orders, self._session.link.seconds()
        sent = [
            order.sent_at
            for order in orders.orders.values()
            if named_role(order.ref) is Role.EXIT
            and not (order.accepted or order.filled)
            and (order.given_up or (order.live and unheard_seconds(order, orders, now) > DOUBT_SECONDS))
        ]
        return bool(sent) and not self._session.account.asked_since(self._session.provider.contract().conId, max(sent))

    def _closable(self, con_id: int, side: int) -> int:
        """Contracts that one more closing order on this side can close; none while the position is not known."""
        session = self._session
        return closable(session.account, session.orders, con_id, side, session.link.seconds()) if self._known(con_id) else 0

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
