"""Nautilus' own objects of an unfinished trade, as the journal leaves it: its orders that may still fill, and its position."""

from __future__ import annotations

from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import LiquiditySide, OmsType, OrderType
from nautilus_trader.model.events import OrderAccepted, OrderFilled, OrderSubmitted
from nautilus_trader.model.identifiers import ClientOrderId, PositionId, TradeId, VenueOrderId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position

from bot.ibkr.order_events import money
from bot.risk_engine.brackets import (
    OrderOrigin,
    OrderTags,
    bracket_orders,
    market_order,
    price_of,
    side_of,
    stop_order,
    strategy_id,
    target_order,
)
from bot.runtime.recover import Story
from bot.supervision import trade as trades
from bot.supervision.orders import AT_VENUE, OrderState, Role, TrackedOrder


class Seed:
    """Of one trade. `client` is Nautilus' execution client, `cache` its own, `provider` the adapter's instruments."""

    def __init__(self, client: Any, cache: Any, provider: Any, story: Story, trade: trades.Trade) -> None:
        self._cache, self._provider, self._story, self._trade = cache, provider, story, trade
        self._strategy, self._account = strategy_id(trade.plan.strategy), client.account_id
        self._decided_ns = story.intent.decided.ts_ns
        self._origin = OrderOrigin(client.trader_id, self._strategy, provider.front_id, self._decided_ns)
        self._planned = {order.client_order_id.value: order for order in bracket_orders(story.intent, self._origin).orders}

    def order(self, tracked: TrackedOrder) -> Order:
        """The order in the state that the journal knows."""
        order = self._made(tracked)
        if tracked.state is OrderState.NONE:
            return order
        times = (self._decided_ns, self._decided_ns)
        order.apply(OrderSubmitted(*self._who(tracked), self._account, UUID4(), *times))
        if tracked.state in AT_VENUE:
            order.apply(OrderAccepted(*self._who(tracked), self._venue(tracked), self._account, UUID4(), *times))
        for fill in self._trade.fills:
            if (fill.role, fill.leg) == (tracked.role, tracked.leg) and fill.trade_id in self._of(tracked):
                order.apply(self._filled(tracked, fill, order.order_type))
        return order

    def position(self) -> Position | None:
        """The position that the fills so far make, put into the cache; None if none is held."""
        position: Position | None = None
        if not self._trade.net:
            return None
        for fill in self._trade.fills:
            tracked = next(each for leg in self._trade.legs for each in leg.of(fill.role) if fill.trade_id in self._of(each))
            event = self._filled(tracked, fill, OrderType.MARKET)
            if position is None:
                position = Position(self._cache.instrument(self._provider.front_id), event)
            else:
                position.apply(event)
        self._cache.add_position(position, OmsType.NETTING)
        return position

    def _made(self, tracked: TrackedOrder) -> Order:
        name = ClientOrderId(tracked.order_id)
        if tracked.order_id in self._planned and tracked.role is Role.ENTRY:
            return self._planned[tracked.order_id]
        tags = OrderTags(self._trade.intent_id, tracked.leg, tracked.role, tracked.slippage_ticks)
        if tracked.price is None:
            return market_order(self._origin, name, tracked.side, tracked.quantity, tags)
        make = stop_order if tracked.role is Role.STOP else target_order
        return make(self._origin, name, tracked.side, tracked.quantity, tracked.price, tags)

    def _of(self, tracked: TrackedOrder) -> set[str]:
        """The venue's names of an order's fills."""
        records = self._story.records
        return {record.trade_id for record in records if record.client_order_id == tracked.order_id and hasattr(record, "trade_id")}

    def _who(self, tracked: TrackedOrder) -> tuple[Any, ...]:
        return self._origin.trader_id, self._strategy, self._provider.front_id, ClientOrderId(tracked.order_id)

    def _venue(self, tracked: TrackedOrder) -> VenueOrderId:
        """The broker's name, our own where the journal has none: no two orders may have one name."""
        return VenueOrderId(self._story.venue_ids.get(tracked.order_id, tracked.order_id))

    def _filled(self, tracked: TrackedOrder, fill: trades.Fill, kind: OrderType) -> OrderFilled:
        return OrderFilled(
            *self._who(tracked),
            self._venue(tracked),
            self._account,
            TradeId(fill.trade_id),
            PositionId(f"{self._provider.front_id}-{self._strategy}"),
            side_of(fill.side),
            kind,
            Quantity.from_int(fill.quantity),
            price_of(fill.price),
            USD,
            money(fill.fee_cents / 100),
            LiquiditySide.NO_LIQUIDITY_SIDE,
            UUID4(),
            fill.ts_ns,
            fill.ts_ns,
        )
