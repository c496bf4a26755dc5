"""Every execution once: duplicates dropped, corrections recognised, commissions added later."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from bot.ibkr.orders.order_state import Fill
from bot.units import SECOND_NS


class News(StrEnum):
    """What an execution message says that we did not know."""

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"
    CORRECTION = "CORRECTION"


class FillLedger:
    """Fills by execId up to the last dot. `fee_usd` a contract and side stands in for a commission not told yet.

    It outlives connections; a restart fills it again from the broker's executions since midnight.
    """

    def __init__(self, fee_usd: float) -> None:
        self.fills: dict[str, Fill] = {}
        self.told: set[str] = set()  # those that the listener has heard of, by execId up to the last dot
        self.fee_usd = fee_usd
        self._told: dict[str, float] = {}  # commissions by execId, also those that come before their execution

    def take(self, execution: Any, con_id: int) -> tuple[News, Fill, Fill | None]:
        """Note an execution of the library; its news, the fill as it is now, and as it was before a correction."""
        fill = self._fill(execution, con_id)
        before = self.fills.get(fill.base_id)
        if before is not None and _revision(fill) <= _revision(before):
            return News.DUPLICATE, before, None
        self.fills[fill.base_id] = fill
        return (News.NEW if before is None else News.CORRECTION), fill, before

    def commission(self, exec_id: str, amount_usd: float) -> tuple[Fill, float] | None:
        """Note a commission; the fill with it and the amount assumed before, or None if that changes nothing."""
        known = self._told.get(exec_id)
        self._told[exec_id] = amount_usd
        fill = self.fills.get(exec_id.rpartition(".")[0])
        if fill is None or fill.exec_id != exec_id or known is not None:
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
        size = round(execution.shares)
        told = self._told.get(execution.execId)
        return Fill(
            exec_id=execution.execId,
            ref=execution.orderRef,
            perm_id=execution.permId,
            order_id=execution.orderId if abs(execution.orderId) < 2**31 - 1 else 0,
            client_id=execution.clientId,
            con_id=con_id,
            side=1 if execution.side in ("BOT", "BUY") else -1,
            quantity=size,
            price=execution.price,
            ts_ns=round(execution.time.timestamp()) * SECOND_NS,
            commission_usd=self.fee_usd * size if told is None else told,
            commission_known=told is not None,
            maker={1: True, 2: False}.get(execution.lastLiquidity),
        )


def _revision(fill: Fill) -> int:
    """The last part of an execId: 01 for the fill, higher for its corrections."""
    last = fill.exec_id.rpartition(".")[2]
    return int(last) if last.isdigit() else 0
