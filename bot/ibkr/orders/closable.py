"""How many contracts one more closing order can close."""

from __future__ import annotations

from bot.ibkr.account import AccountBook
from bot.ibkr.orders.order_state import BrokerOrder
from bot.ibkr.orders.orders import OrderMonitor
from bot.supervision.orders import Role, named_role

DOUBT_SECONDS = 2.0  # an answer is not waited for any longer where something is to be closed


def unheard_seconds(order: BrokerOrder, monitor: OrderMonitor, now_seconds: float) -> float:
    """How long an order that was not acknowledged has had for it: since it was sent, or the way to the broker has opened again."""
    return now_seconds - max(order.sent_at, monitor.opened_at)


def closable(
    account: AccountBook, monitor: OrderMonitor, con_id: int, side: int, now_seconds: float, besides: BrokerOrder | None = None
) -> int:
    """Contracts that one more closing order on this side (+1 buys, -1 sells) can close; negative if the position is on the same side.

    What the broker holds counts, less closing orders under way. One that was not acknowledged counts only for so long after it was
    sent, or after the way to the broker has opened again: what is in doubt for longer holds up no exit. `besides` is not counted.
    """
    holding = account.holdings.get(con_id)
    under_way = 0
    for order in monitor.orders.values():
        if order is besides or not order.live or order.con_id != con_id or named_role(order.ref) is not Role.EXIT:
            continue
        if order.accepted or unheard_seconds(order, monitor, now_seconds) <= DOUBT_SECONDS:
            under_way += order.draft.quantity - order.filled
    return (0 if holding is None else -side * holding.contracts) - under_way
