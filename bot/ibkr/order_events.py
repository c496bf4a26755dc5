"""What the orders monitor says, as Nautilus events; times are market time, UTC ns.

An order that Nautilus does not hold (its cache was lost) is told by reports instead, so that it
appears as an external order and not at all silently.
"""

from __future__ import annotations

from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import LiquiditySide, OrderSide, OrderStatus
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.identifiers import ClientOrderId, TradeId, VenueOrderId
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import Order

from bot.ibkr.data.provider import PRICE_PRECISION
from bot.ibkr.errors import BrokerError
from bot.ibkr.orders.order_state import BrokerOrder, Draft, Fill, OrderListener
from bot.ibkr.session import BrokerSession
from bot.journal.records import OrderRecord
from bot.risk_engine.brackets import OrderOrigin, OrderTags, market_order, stop_order, target_order
from bot.units import nearest_tick

HANDLE = "order id "


def venue_id(order: BrokerOrder) -> VenueOrderId:
    """The broker's identity of an order: its permId; before that is known its handle, which nobody can take for one, or our own name."""
    return VenueOrderId(str(order.perm_id) if order.perm_id else f"{HANDLE}{order.order_id}" if order.order_id else order.ref)


def handle_of(venue_order_id: str) -> int:
    """The handle that an identity is; 0 if it is none."""
    number = venue_order_id.removeprefix(HANDLE)
    return int(number) if venue_order_id.startswith(HANDLE) and number.isdecimal() else 0


def money(usd: float) -> Money:
    """US dollars."""
    return Money(usd, USD)


def points(price: float) -> Price:
    """A price in points."""
    return Price(price, PRICE_PRECISION)


class NautilusEvents(OrderListener):
    """Tells Nautilus through its execution client (`client`)."""

    def __init__(self, client: Any, session: BrokerSession, cache: Any) -> None:
        self._client, self._session, self._cache = client, session, cache

    def accepted(self, order: BrokerOrder) -> None:
        if (ids := self._ids(order)) is not None:
            self._client.generate_order_accepted(*ids, self._name(order), self._now)

    def rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        if (ids := self._ids(order)) is not None:
            self._client.generate_order_rejected(*ids, str(error), self._now)

    def canceled(self, order: BrokerOrder) -> None:
        if (ids := self._ids(order)) is not None:
            self._client.generate_order_canceled(*ids, self._name(order), self._now)

    def expired(self, order: BrokerOrder) -> None:
        if (ids := self._ids(order)) is None:
            return
        if self._cache.order(ClientOrderId(order.ref)).status == OrderStatus.SUBMITTED:  # Nautilus lets only what was accepted run out
            self._client.generate_order_canceled(*ids, self._name(order), order.draft.good_till_ns)
        else:
            self._client.generate_order_expired(*ids, self._name(order), order.draft.good_till_ns)

    def updated(self, order: BrokerOrder) -> None:
        if (ids := self._ids(order)) is not None:
            draft = order.draft
            limit = None if draft.limit is None else points(draft.limit)
            stop = None if draft.stop is None else points(draft.stop)
            self._client.generate_order_updated(*ids, self._name(order), Quantity.from_int(draft.quantity), limit, stop, self._now)

    def modify_rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        if (ids := self._ids(order)) is not None:
            self._client.generate_order_modify_rejected(*ids, self._name(order), str(error), self._now)

    def cancel_rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        if (ids := self._ids(order)) is not None:
            self._client.generate_order_cancel_rejected(*ids, self._name(order), str(error), self._now)

    def doubled(self, order: BrokerOrder, twin: BrokerOrder) -> bool:
        held = self._cache.order(ClientOrderId(order.ref))
        if held is None or (tags := OrderTags.read(held)) is None:
            return False  # a restart finds it among the executions
        strategy, draft = held.strategy_id.value.partition("-")[0], twin.draft
        record = OrderRecord(twin.ref, tags.intent_id, strategy, tags.role.value, "OrderSubmitted", draft.quantity, draft.limit, draft.stop)
        self._client.found(record)
        made = _twin_of(held, tags, draft, self._now)
        made.apply(OrderSubmitted(made.trader_id, *self._about(made), self._client.account_id, UUID4(), self._now, self._now))
        self._cache.add_order(made, client_id=self._client.id)
        self._cache.update_order(made)  # it is found by its state
        self._client.seeded(made)
        return True

    @staticmethod
    def _about(order: Order) -> tuple[Any, Any, Any]:
        return order.strategy_id, order.instrument_id, order.client_order_id

    def filled(self, order: BrokerOrder, fill: Fill) -> None:
        held = self._cache.order(ClientOrderId(order.ref))
        if held is None:
            self._client.report_fill(fill)
            return
        self._client.generate_order_filled(
            held.strategy_id,
            held.instrument_id,
            held.client_order_id,
            self._name(order),
            None,
            TradeId(fill.base_id),
            OrderSide.BUY if fill.side > 0 else OrderSide.SELL,
            held.order_type,
            Quantity.from_int(fill.quantity),
            points(fill.price),
            USD,
            money(fill.commission_usd),
            liquidity(fill),
            fill.ts_ns,
        )

    def corrected(self, order: BrokerOrder, old: Fill, new: Fill) -> None:
        self._client.note(
            f"{order.ref}: fill {old.exec_id} was corrected from {old.quantity} at {old.price} to {new.quantity} at {new.price}"
        )

    def commissioned(self, order: BrokerOrder, fill: Fill) -> None:
        self._client.note(f"{order.ref}: the commission of {fill.exec_id} is {fill.commission_usd:.2f} USD, not the estimate")

    @property
    def _now(self) -> int:
        return self._session.clock.now_ns()

    def _name(self, order: BrokerOrder) -> VenueOrderId:
        """The one that Nautilus knows it by, if it does: it refuses a fill under any other."""
        held = self._cache.order(ClientOrderId(order.ref))
        return held.venue_order_id if held is not None and held.venue_order_id is not None else venue_id(order)

    def _ids(self, order: BrokerOrder) -> tuple[Any, Any, Any] | None:
        """Strategy, instrument and client order id as Nautilus knows them; None if it does not, and then it is told by a report."""
        held = self._cache.order(ClientOrderId(order.ref))
        if held is None:
            self._client.report_order(order)
            return None
        return held.strategy_id, held.instrument_id, held.client_order_id


def _twin_of(held: Order, tags: OrderTags, draft: Draft, now_ns: int) -> Order:
    """Nautilus' order of a twin of one that it holds."""
    origin, name = OrderOrigin(held.trader_id, held.strategy_id, held.instrument_id, now_ns), ClientOrderId(draft.ref)
    side = 1 if draft.side == "BUY" else -1
    if draft.kind == "STP" and draft.stop is not None:
        return stop_order(origin, name, side, draft.quantity, nearest_tick(draft.stop), tags)
    if draft.kind == "LMT" and draft.limit is not None:
        return target_order(origin, name, side, draft.quantity, nearest_tick(draft.limit), tags)
    return market_order(origin, name, side, draft.quantity, tags)


def liquidity(fill: Fill) -> LiquiditySide:
    """Whether a fill made or took liquidity, as far as the broker said."""
    if fill.maker is None:
        return LiquiditySide.NO_LIQUIDITY_SIDE
    return LiquiditySide.MAKER if fill.maker else LiquiditySide.TAKER
