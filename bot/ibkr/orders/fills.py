"""Every execution once: duplicates dropped, corrections recognised, commissions added later."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from bot.ibkr.orders.order_state import BrokerOrder, Fill
from bot.units import SECOND_NS

MOST_USD = 1e6  # no commission is more; the broker writes the largest double for one that it does not know
WORD = "told-"  # names a fill that was booked on the broker's word, before the order's reference
MOST_CONTRACTS, MOST_POINTS = 1_000_000, 1e6
SIDES = {"BOT": 1, "BUY": 1, "SLD": -1, "SELL": -1}


class News(StrEnum):
    """What an execution message says that we did not know."""

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"
    CORRECTION = "CORRECTION"


class FillLedger:
    """Fills by their names (`Fill.base_id`). `fee_usd` a contract and side stands in for a commission that nobody has told.

    It outlives connections; a restart fills it again from the broker's executions since midnight. A fill that its listener could
    not take is `untaken`: each time the broker tells it again it is offered again.
    """

    def __init__(self, fee_usd: float) -> None:
        self.fills: dict[str, Fill] = {}
        self.told: set[str] = set()  # names of those that the listener has taken
        self.order_of: Callable[[Fill], str] = lambda fill: fill.ref  # the reference of the order that has filled
        self.untaken: set[str] = set()
        self.fee_usd = fee_usd
        self._told: dict[str, float] = {}  # commissions by execId, also those that come before their execution

    def take(self, execution: Any, con_id: int) -> tuple[News, Fill, Fill | None]:
        """Note an execution of the library; its news, the fill as it is now, and as it was before a correction."""
        fill = self._fill(execution, con_id)
        fill = msgspec.structs.replace(fill, ref=self.order_of(fill))
        if self.said(fill):  # it was booked on the broker's word: now its execution stands for it
            self.fills.pop(WORD + fill.ref, None)
            self.told.add(fill.base_id)
            self.fills.setdefault(fill.base_id, fill)
        before = self.fills.get(fill.base_id)
        if before is not None and _revision(fill) <= _revision(before):
            return (News.NEW if before.base_id in self.untaken else News.DUPLICATE), before, None
        self.fills[fill.base_id] = fill
        return (News.NEW if before is None else News.CORRECTION), fill, before

    def said(self, fill: Fill) -> bool:
        """Whether the fill of its order was booked on the broker's word already, without its execution."""
        return WORD + fill.ref in self.told and not fill.exec_id.startswith(WORD)

    def on_word(self, order: BrokerOrder, client_id: int, price: float, now_ns: int) -> Fill:
        """What of an order was not told as an execution, at `price` (points), as a fill of its own name."""
        size = order.draft.quantity - order.filled
        side = 1 if order.draft.side == "BUY" else -1
        name, cost_usd = WORD + order.ref, self.fee_usd * size
        fill = Fill(name, order.ref, order.perm_id, order.order_id, client_id, order.con_id, side, size, price, now_ns, cost_usd)
        return self.fills.setdefault(name, fill)

    def offer(self, fill: Fill, tell: Callable[[Fill], None]) -> None:
        """Tell a fill, and note that it was taken only once it was. Whatever `tell` raises is raised."""
        self.untaken.add(fill.base_id)
        tell(fill)
        self.untaken.discard(fill.base_id)
        self.told.add(fill.base_id)

    def commission(self, exec_id: str, amount_usd: float) -> tuple[Fill, float] | None:
        """Note a commission; the fill with it and the amount assumed before, or None if that changes nothing.

        An amount that is none, as the broker writes what it does not know, changes nothing: the fee stays.
        """
        if not abs(amount_usd) <= MOST_USD:  # nan is none either
            return None
        known = self._told.get(exec_id)
        self._told[exec_id] = amount_usd
        fill = next((fill for fill in self.fills.values() if fill.exec_id == exec_id), None)
        if fill is None or known is not None:
            return None
        amended = msgspec.structs.replace(fill, commission_usd=amount_usd, commission_known=True)
        self.fills[fill.base_id] = amended
        return amended, fill.commission_usd

    def total(self, ref: str) -> int:
        """Contracts filled of an order."""
        return sum(fill.quantity for fill in self.fills.values() if fill.ref == ref)

    def average_price(self, ref: str) -> float | None:
        """Average price of an order's fills in points; None without fills."""
        fills = [fill for fill in self.fills.values() if fill.ref == ref]
        size = sum(fill.quantity for fill in fills)
        return sum(fill.price * fill.quantity for fill in fills) / size if size else None

    def net(self, con_id: int, client_id: int) -> int:
        """Signed sum of this client's fills in a contract."""
        return sum(fill.side * fill.quantity for fill in self.fills.values() if fill.con_id == con_id and fill.client_id == client_id)

    def _fill(self, execution: Any, con_id: int) -> Fill:
        """Raises ValueError or OverflowError where it is not told how much was traded, at what price, or on which side."""
        size, name = round(execution.shares), execution.execId or _made_name(execution)
        if not 0 < size <= MOST_CONTRACTS or execution.side not in SIDES:
            raise ValueError(f"{execution.side} {execution.shares} is neither bought nor sold")
        told = self._told.get(name)
        return Fill(
            exec_id=name,
            ref=execution.orderRef,
            perm_id=execution.permId,
            order_id=execution.orderId if abs(execution.orderId) < 2**31 - 1 else 0,
            client_id=execution.clientId,
            con_id=con_id,
            side=SIDES[execution.side],
            quantity=size,
            price=_price(execution),
            ts_ns=round(execution.time.timestamp()) * SECOND_NS,
            commission_usd=self.fee_usd * size if told is None else told,
            commission_known=told is not None,
            maker={1: True, 2: False}.get(execution.lastLiquidity),
        )


def _price(execution: Any) -> float:
    """In points: its own, else the average of its order."""
    for price in (execution.price, execution.avgPrice):
        if 0 < price <= MOST_POINTS:
            return float(price)
    raise ValueError(f"{execution.price} is no price")


def _made_name(execution: Any) -> str:
    """For one that the broker told without a name: the same each time it is told."""
    return f"{execution.permId}:{execution.cumQty:g}:{execution.time.timestamp():.0f}"


def _revision(fill: Fill) -> int:
    """The last part of an execId: 01 for the fill, higher for its corrections."""
    last = fill.exec_id.rpartition(".")[2]
    return int(last) if last.isdigit() else 0
