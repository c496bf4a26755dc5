"""Our orders as the library's objects, and the library's as ours. The library is passed in: this module imports none."""

from __future__ import annotations

import datetime as dt
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from bot.ibkr.orders.order_state import Draft
from bot.units import SECOND_NS

USES_LIMIT = frozenset({"LMT", "STP LMT"})
NO_PRICE_POINTS = 1e9  # the library writes the largest double for what is not told
USES_STOP = frozenset({"STP", "STP LMT"})
REDUCE_WITH_BLOCK = 2  # a partly filled target leaves its stop in the size that is left


def library_order(library: ModuleType, draft: Draft, account: str, order_id: int, parent_id: int, transmit: bool) -> Any:
    """The order as it goes on the wire: always an explicit tif, always also outside regular hours, so that a stop never sleeps."""
    order = library.Order(
        orderId=order_id,
        action=draft.side,
        totalQuantity=draft.quantity,
        orderType=draft.kind,
        tif="GTD" if draft.good_till_ns else "GTC",
        account=account,
        orderRef=draft.ref,
        transmit=transmit,
        parentId=parent_id,
        outsideRth=True,
    )
    if draft.limit is not None:
        order.lmtPrice = draft.limit
    if draft.stop is not None:
        order.auxPrice = draft.stop
    if draft.good_till_ns:
        order.goodTillDate = utc_text(draft.good_till_ns)
    if draft.oca_group:
        order.ocaGroup, order.ocaType = draft.oca_group, REDUCE_WITH_BLOCK
    return order


def utc_text(ts_ns: int) -> str:
    """`yyyymmdd hh:mm:ss UTC`, rounded up to whole seconds."""
    moment = dt.datetime.fromtimestamp(-(-ts_ns // SECOND_NS), dt.UTC)
    return f"{moment:%Y%m%d %H:%M:%S} UTC"


def told_terms(told: Any, kind: str) -> tuple[int, float | None, float | None]:
    """Quantity, limit and stop that an openOrder tells; a price that the kind does not have is None.

    Raises ValueError for one that it has and that is not told: such a message is not read.
    """
    prices = told.lmtPrice if kind in USES_LIMIT else None, told.auxPrice if kind in USES_STOP else None
    if any(price is not None and not abs(price) < NO_PRICE_POINTS for price in prices):
        raise ValueError(f"a {kind} order without its price")
    return round(told.totalQuantity), *prices


def adopted_draft(told: Any, parent_ref: str) -> Draft:
    """What an order of an earlier run was sent as, as far as the broker tells. A group not named by us is IB's own and left out."""
    intent = told.orderRef.rpartition("-")[0]
    group = told.ocaGroup if intent and told.ocaGroup.startswith(f"{intent}-") else ""
    quantity, limit, stop = told_terms(told, told.orderType)
    till = moment_ns(told.goodTillDate) if told.tif == "GTD" else 0
    return Draft(told.orderRef, told.action, quantity, told.orderType, limit, stop, till, parent_ref, group)


def moment_ns(text: str) -> int:
    """UTC ns of `yyyymmdd hh:mm:ss ZONE` (no zone: UTC); 0 if it is something else."""
    parts = text.split()
    try:
        zone = ZoneInfo(parts[2]) if len(parts) > 2 else dt.UTC
        return int(dt.datetime.strptime(" ".join(parts[:2]), "%Y%m%d %H:%M:%S").replace(tzinfo=zone).timestamp()) * SECOND_NS
    except (ValueError, KeyError, OSError):
        return 0
