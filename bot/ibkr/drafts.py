"""Nautilus orders as drafts for the broker. What would be lost on the way is refused."""

from __future__ import annotations

from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderType, TimeInForce
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from bot.ibkr.errors import OrderRejectedByBroker
from bot.ibkr.orders.order_state import Draft
from bot.risk_engine.brackets import OrderTags
from bot.supervision.orders import Role

KINDS = {OrderType.LIMIT: "LMT", OrderType.STOP_MARKET: "STP", OrderType.STOP_LIMIT: "STP LMT", OrderType.MARKET: "MKT"}


def roles_of(orders: list[Order]) -> set[Role]:
    """What the orders are for; one without our tags counts as an entry."""
    return {tags.role if (tags := OrderTags.read(order)) is not None else Role.ENTRY for order in orders}


def draft_of(order: Order, refs: set[ClientOrderId], now_ns: int) -> Draft:
    """The order as the broker takes it, sent together with `refs` at the broker's time `now_ns`. Raises OrderRejectedByBroker.

    `goodTillDate` is the broker's clock now plus what is left of the order's market time; here both clocks are one.
    """
    kind = KINDS.get(order.order_type)
    if kind is None or not _plain(order):
        raise OrderRejectedByBroker(
            "only plain LIMIT, STOP_MARKET, STOP_LIMIT and MARKET orders are sent: good till cancelled, in contracts, shown in full",
            order_ref=str(order.client_order_id),
        )
    tags = OrderTags.read(order)
    expires = tags.expires_ns if tags is not None else 0
    if expires and expires <= now_ns:
        raise OrderRejectedByBroker("its time to live is over", order_ref=str(order.client_order_id))
    parent = order.parent_order_id if order.parent_order_id in refs else None
    alone = parent is None and order.contingency_type == ContingencyType.OUO
    return Draft(
        ref=order.client_order_id.value,
        side="BUY" if order.side == OrderSide.BUY else "SELL",
        quantity=int(order.quantity),
        kind=kind,
        limit=order.price.as_double() if order.has_price else None,
        stop=order.trigger_price.as_double() if order.has_trigger_price else None,
        good_till_ns=expires,
        parent_ref=parent.value if parent is not None else "",
        oca_group=order.order_list_id.value if alone and order.order_list_id is not None else "",
    )


def _plain(order: Order) -> bool:
    """Without any flag that would be lost on the way to the broker. An entry's end is in its tags, not in a time in force."""
    flagged = order.is_reduce_only or order.is_post_only or order.is_quote_quantity
    shown_in_part = getattr(order, "display_qty", None) is not None
    return order.time_in_force == TimeInForce.GTC and not flagged and not shown_in_part
