"""A message with everything taken out that differs between two gateways that speak alike: ids, prices, times, sizes and amounts.

What is left of an id is whether there is one, of a price whether it is set, of a time its form. An order is named by its form and role.
"""

from __future__ import annotations

import re

from bot.ibkr.data.liquid_hours import liquid_spans
from bot.masking import masked
from bot.node.acceptance.hidden import WORDS

Message = dict[str, str]
IDS = frozenset({
    "reqId", "orderId", "permId", "parentId", "parentPermId", "execId", "account", "accounts", "conId", "underConId", "reference",
    "sharesAllocation", "clientId",
})  # fmt: skip
PRICES = frozenset({
    "price", "lmtPrice", "auxPrice", "avgFillPrice", "lastFillPrice", "avgPrice", "open", "high", "low", "close", "average", "marketPrice",
})  # fmt: skip
AMOUNTS = frozenset({
    "commission", "minCommission", "maxCommission", "realizedPNL", "unrealizedPNL", "marketValue", "averageCost", "size", "volume", "count",
    "bars", *(f"{what}{when}" for what in ("initMargin", "maintMargin", "equityWithLoan") for when in ("Before", "Change", "After")),
})  # fmt: skip
TIMES = frozenset({
    "time", "connectedAt", "goodTillDate", "completedTime", "start", "end", "date", "lastTrade", "realExpirationDate", "contractMonth",
    "expiry",
})  # fmt: skip
QUANTITIES = frozenset({"totalQuantity", "filled", "remaining", "filledQuantity", "shares", "cumQty", "position", "strike", "minTick"})
TEXTS = frozenset({"text", "completedStatus", "warningText", "localSymbol"})
HOURS = frozenset({"tradingHours", "liquidHours"})
ACCOUNT = re.compile(r"[A-Z]+\*\*\*\d{3}")  # masked
LARGEST = 1e300  # TWS writes the largest double for what is not set
NONE_SET, SET = "", "#"


def normal(kind: str, message: Message) -> Message:
    """The message by field name, with a `#` for what was taken out."""
    return {name: _field(kind, name, ACCOUNT.sub(SET, masked(field)), message) for name, field in message.items()}


def _field(kind: str, name: str, field: str, message: Message) -> str:
    if name in IDS:
        return field if field in ("", "0", "-1") else SET
    if name in PRICES or name in AMOUNTS:
        return _number(field, zero=name in PRICES)
    if name in TIMES or name in TEXTS:
        return _shape(kind, name, field)
    if name in QUANTITIES:
        return _plain(field)
    if name in HOURS:
        return "hours" if liquid_spans(field, message.get("timeZoneId", "")) is not None else field
    if name == "ocaGroup":
        return SET if field.isdecimal() or re.fullmatch(r"perm-\d+", field) else field
    if name == "value" and kind == "updateAccountValue" and message.get("key") not in WORDS:
        return _number(field, zero=False)
    return field


def _shape(kind: str, name: str, field: str) -> str:
    if name == "time" and kind in ("currentTime", "realtimeBar"):
        return SET if field else NONE_SET
    return re.sub(r"\d", "9", field)


def _number(field: str, *, zero: bool) -> str:
    """A number that is set, unset, or (with `zero`) 0."""
    try:
        number = float(field)
    except ValueError:
        return field
    if abs(number) > LARGEST:
        return "unset"
    return "0" if zero and number == 0 else "-" if number < 0 and zero else SET


def _plain(field: str) -> str:
    """A number written shortest."""
    try:
        return f"{float(field):g}"
    except ValueError:
        return field
