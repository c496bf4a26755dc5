"""What the risk engine writes into the journal, from its trades and from refused commands."""

from __future__ import annotations

from typing import Any

from nautilus_trader.execution.messages import SubmitOrder, SubmitOrderList

from bot.decision.verdict import Refused
from bot.journal.records import FillRecord, OrderRecord
from bot.risk_engine.brackets import OrderTags
from bot.supervision.orders import Role, TrackedOrder
from bot.supervision.trade import Trade
from bot.units import to_points


def fill_record(trade: Trade, order: TrackedOrder) -> FillRecord:
    """The trade's last fill, which `order` has just had."""
    fill = trade.fills[-1]
    return FillRecord(
        client_order_id=order.order_id,
        intent_id=trade.intent_id,
        strategy=trade.plan.strategy,
        role=order.role.value,
        side=order.side,
        quantity=fill.quantity,
        price=to_points(fill.price),
        fee_cents=fill.fee_cents,
        slippage_ticks=fill.slippage_ticks,
        ts_ns=fill.ts_ns,
        trade_id=fill.trade_id,
    )


def order_record(trade: Trade, order: TrackedOrder, event: str, reason: str, cause: str = "", venue_order_id: str = "") -> OrderRecord:
    """One order event. The end of an entry's time to live is EXPIRED, by whatever means the venue ended it."""
    ended = event == "OrderCanceled" and order.role is Role.ENTRY and trade.expired
    price = None if order.price is None else to_points(order.price)
    stop = order.role is Role.STOP
    return OrderRecord(
        client_order_id=order.order_id,
        intent_id=trade.intent_id,
        strategy=trade.plan.strategy,
        role=order.role.value,
        event="OrderExpired" if ended else event,
        quantity=order.quantity,
        price=None if stop else price,
        trigger=price if stop else None,
        reason=reason,
        cause=cause,
        venue_order_id=venue_order_id,
    )


def denial_record(command: Any, refusal: Refused) -> OrderRecord:
    """A command that the risk engine refused; `role` is the kind of command."""
    orders = {SubmitOrder: lambda: [command.order], SubmitOrderList: lambda: command.order_list.orders}.get(type(command), list)()
    tags = OrderTags.read(orders[0]) if orders else None
    name = orders[0].client_order_id if orders else getattr(command, "client_order_id", "")
    return OrderRecord(
        client_order_id=str(name),
        intent_id=tags.intent_id if tags is not None else "",
        strategy=str(getattr(command, "strategy_id", "")).partition("-")[0],
        role=type(command).__name__,
        event="Denied",
        quantity=sum(int(order.quantity) for order in orders),
        reason=refusal.text,
    )
