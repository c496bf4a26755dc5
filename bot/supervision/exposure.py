"""What everything that is live or in doubt could come to: the bound that no command of the supervisor may cross.

A stop and its target exclude each other, so a pair counts once; what is in doubt counts as if it worked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from bot.supervision.orders import Role, TrackedOrder, pair_of
from bot.supervision.trade import Trade


class Exposure(NamedTuple):
    """Contracts, >= 0. `worst` is the largest |net| that entries and buy-backs can lead to (0 if none can fill); `unpaired` is what
    exits close beyond what there is, or may yet be, to close."""

    worst: int
    unpaired: int


def exposure(trades: Iterable[Trade], without: Collection[str] = ()) -> Exposure:
    """Over all trades that are not forgotten; `without` names orders to leave out."""
    net = unpaired = 0
    entering = {1: 0, -1: 0}  # by side: either may fill alone
    for trade in trades:
        for leg in trade.legs:
            orders = [order for order in leg.orders if order.order_id not in without]
            entry = sum(order.possible for order in orders if order.side == trade.side)
            net += trade.side * leg.open
            entering[trade.side] += entry
            unpaired += max(0, _leaving(orders, -trade.side) - max(leg.open, 0) - entry)
    return Exposure(max((abs(net + side * more) for side, more in entering.items() if more), default=0), unpaired)


def _leaving(orders: Iterable[TrackedOrder], side: int) -> int:
    pairs: dict[str, int] = {}
    for order in orders:
        if order.side == side:
            pair = pair_of(order.order_id) if order.role in (Role.STOP, Role.TARGET) else order.order_id
            pairs[pair] = max(pairs.get(pair, 0), order.possible)
    return sum(pairs.values())
