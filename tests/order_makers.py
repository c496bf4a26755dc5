"""Orders and commands as Nautilus has them, for tests that need no run: brackets, events told to an order, commands about it."""

from __future__ import annotations

from typing import Any

import msgspec
from builders import an_intent
from nautilus_trader.cache.cache import Cache
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder, SubmitOrderList
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.events import (
    OrderAccepted,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderSubmitted,
)
from nautilus_trader.model.identifiers import AccountId, InstrumentId, StrategyId, TradeId, TraderId, VenueOrderId
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.model.orders import Order, OrderList

from bot.decision.intent import Intent
from bot.risk_engine.brackets import OrderOrigin, bracket_orders, price_of

MES, ES = InstrumentId.from_str("MES.CME"), InstrumentId.from_str("ES.CME")
TRADER, K1, ACCOUNT, USD = TraderId("T-1"), StrategyId("K1-K1"), AccountId("SIM-1"), Currency.from_str("USD")
ORIGIN = OrderOrigin(TRADER, K1, MES, 7)


def bracket(intent: Intent | None = None, **origin: Any) -> OrderList:
    """The order list of an intent; `origin` may make it somebody else's."""
    return bracket_orders(intent or an_intent(), msgspec.structs.replace(ORIGIN, **origin))


def kept(*orders: Order) -> Cache:
    """Nautilus' cache with these orders in it."""
    cache = Cache()
    for order in orders:
        cache.add_order(order)
    return cache


def remade(order: Order, **changes: Any) -> Order:
    """The same order but for some fields of its making."""
    values = OrderInitialized.to_dict(order.init_event) | changes | {"event_id": UUID4().value}
    return type(order).create(OrderInitialized.from_dict(values))


def about(order: Order, *without: str) -> dict[str, Any]:
    """What every event says of its order, but for some."""
    said = {
        "trader_id": order.trader_id, "strategy_id": order.strategy_id, "instrument_id": order.instrument_id,
        "client_order_id": order.client_order_id, "account_id": ACCOUNT, "event_id": UUID4(), "ts_event": 8, "ts_init": 9,
    }  # fmt: skip
    return {name: value for name, value in said.items() if name not in without}


def working(order: Order, name: str = "V-1") -> Order:
    """The order after the venue has accepted it."""
    order.apply(OrderSubmitted(**about(order)))
    order.apply(OrderAccepted(**about(order), venue_order_id=VenueOrderId(name)))
    return order


def asked_to_change(order: Order) -> Order:
    """A working order for which a change was asked."""
    order.apply(OrderPendingUpdate(**about(order), venue_order_id=order.venue_order_id))
    return order


def asked_to_end(order: Order) -> Order:
    """A working order whose end was asked for."""
    order.apply(OrderPendingCancel(**about(order), venue_order_id=order.venue_order_id))
    return order


def filled(order: Order, ticks: float, quantity: int = 1, fee: float = 0.62, ts_event: int = 11) -> OrderFilled:
    """A fill of the order, not yet applied to it."""
    said = about(order) | {"ts_event": ts_event}
    return OrderFilled(
        **said, venue_order_id=VenueOrderId("V-1"), trade_id=TradeId("F-1"), position_id=None, order_side=order.side,
        order_type=order.order_type, last_qty=Quantity.from_int(quantity), last_px=Price(ticks / 4, 3), currency=USD,
        commission=Money(fee, USD), liquidity_side=LiquiditySide.TAKER,
    )  # fmt: skip


def submission(orders: OrderList, **envelope: Any) -> SubmitOrderList:
    """The command that submits them."""
    common = {"trader_id": TRADER, "strategy_id": K1, "order_list": orders, "command_id": UUID4(), "ts_init": 9}
    return SubmitOrderList(**(common | envelope))


def cancel(order: Order, **envelope: Any) -> CancelOrder:
    """A cancel of the order, as its own strategy would send it."""
    return CancelOrder(**(_about_command(order) | envelope))


def change(
    order: Order, trigger: float | None = None, price: int | None = None, quantity: int | None = None, **envelope: Any
) -> ModifyOrder:
    """A change of the order, as its own strategy would send it; `trigger` and `price` in ticks."""
    asked = {
        "trigger_price": None if trigger is None else price_of(trigger) if trigger == round(trigger) else Price(trigger / 4, 9),
        "price": None if price is None else price_of(price),
        "quantity": None if quantity is None else Quantity.from_int(quantity),
    }
    return ModifyOrder(**(_about_command(order) | asked | envelope))


def _about_command(order: Order) -> dict[str, Any]:
    return {
        "trader_id": order.trader_id, "strategy_id": order.strategy_id, "instrument_id": order.instrument_id,
        "client_order_id": order.client_order_id, "venue_order_id": None, "command_id": UUID4(), "ts_init": 9,
    }  # fmt: skip
