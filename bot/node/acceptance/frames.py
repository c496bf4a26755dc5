"""Frames of a recording, in the form of the gateway's frame log; and the names of their kinds and fields at server version 176.

The names are for a person and for the comparison. A message that is not listed has a kind `message N` and fields `field 1`, `field 2`, …;
so has whatever stands behind the last field that is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bot.errors import UsageError
from bot.gateway.messages import KINDS
from bot.gateway.order_messages import named_fields
from bot.own_files import write_own

_CONTRACT = "conId symbol secType expiry strike right multiplier exchange currency localSymbol tradingClass"
FURTHER_KINDS = {"45": "tickGeneric", "46": "tickString", "100": "orderBound"}  # TWS sends them unasked beside what is asked for
FIELDS = {
    "version": "serverVersion connectedAt",
    "tickPrice": "id version reqId tickType price size attributes",
    "tickSize": "id version reqId tickType size",
    "tickGeneric": "id version reqId tickType value",
    "tickString": "id version reqId tickType value",
    "orderStatus": "id orderId status filled remaining avgFillPrice permId parentId lastFillPrice clientId whyHeld mktCapPrice",
    "error": "id version reference code text advancedOrderReject",
    "updateAccountValue": "id version key value currency account",
    "updatePortfolio": f"id version {_CONTRACT} position marketPrice marketValue averageCost unrealizedPNL realizedPNL account",
    "updateAccountTime": "id version time",
    "nextValidId": "id version orderId",
    "managedAccounts": "id version accounts",
    "contractDetails": "id reqId symbol secType lastTrade strike right exchange currency localSymbol marketName tradingClass conId minTick "
    "multiplier orderTypes validExchanges priceMagnifier underConId longName primaryExchange contractMonth industry category subcategory "
    "timeZoneId tradingHours liquidHours evRule evMultiplier secIdList aggGroup underSymbol underSecType marketRuleIds realExpirationDate "
    "stockType minSize sizeIncrement suggestedSizeIncrement",
    "execDetails": f"id reqId orderId {_CONTRACT} execId time account executedAt side shares price permId clientId liquidation cumQty "
    "avgPrice orderRef evRule evMultiplier modelCode lastLiquidity",
    "historicalData": "id reqId start end bars date open high low close volume average count",
    "historicalDataUpdate": "id reqId count date open close high low average volume",
    "currentTime": "id version time",
    "realtimeBar": "id version reqId time open high low close volume average count",
    "contractDetailsEnd": "id version reqId",
    "openOrderEnd": "id version",
    "accountDownloadEnd": "id version account",
    "execDetailsEnd": "id version reqId",
    "tickSnapshotEnd": "id version reqId",
    "marketDataType": "id version reqId dataType",
    "commissionReport": "id version execId commission currency realizedPNL yield yieldRedemptionDate",
    "position": f"id version account {_CONTRACT} position averageCost",
    "positionEnd": "id version",
    "tickReqParams": "id reqId minTick bboExchange snapshotPermissions",
    "completedOrdersEnd": "id",
    "openOrder": " ".join(named_fields("openOrder")),
    "completedOrder": " ".join(named_fields("completedOrder")),
}
ORDERS = ("openOrder", "completedOrder")
NAMES = {kind: tuple(names.split()) for kind, names in FIELDS.items()}
SECURITY_IDS_AT = NAMES["contractDetails"].index("secIdList")  # a count, then so many pairs of a name and a value
BAR_FIELDS, BARS_AT = 8, 5  # of historicalData: only its first bar is named, all of them have the same form


class Frame(NamedTuple):
    """One frame: `wall` seconds since the epoch, `session` the connection (from 1), `client` its id once known, `way` in (to the gateway)
    or out (from it)."""

    wall: float
    session: int
    client: int | None
    way: str
    kind: str
    fields: list[str]

    @property
    def named(self) -> dict[str, str]:
        """The fields by name."""
        return named(self.kind, self.fields)


def kind_out(fields: list[str]) -> str:
    """The kind of a message of the gateway's."""
    return KINDS.get(fields[0]) or FURTHER_KINDS.get(fields[0]) or f"message {fields[0]}"


def named(kind: str, fields: list[str]) -> dict[str, str]:
    """The fields of a message by name; those that nobody knows are numbered from 1. Of lists within a message one member stands for all."""
    names = named_fields(kind, fields) if kind in ORDERS else NAMES.get(kind, ())
    if kind == "historicalData" and len(fields) > BARS_AT and (len(fields) - BARS_AT) % BAR_FIELDS == 0:
        fields = fields[: BARS_AT + BAR_FIELDS]
    if kind == "contractDetails" and len(fields) > SECURITY_IDS_AT and fields[SECURITY_IDS_AT].isdecimal():
        fields = fields[: SECURITY_IDS_AT + 1] + fields[SECURITY_IDS_AT + 1 + 2 * int(fields[SECURITY_IDS_AT]) :]
    return {names[place] if place < len(names) else f"field {place + 1}": field for place, field in enumerate(fields)}


def write_frames(path: Path, frames: Iterable[Frame]) -> None:
    """One frame a line, whole or not at all. Raises OSError."""
    lines = [json.dumps(frame._asdict(), separators=(",", ":")) for frame in frames]
    write_own(path, ("\n".join(lines) + "\n").encode())


def read_frames(path: Path) -> list[Frame]:
    """What `write_frames` has written. Raises UsageError, one sentence, if it is not that."""
    try:
        frames = [Frame(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError, TypeError) as error:
        why = getattr(error, "strerror", None) or "not a recording of frames"
        raise UsageError(f"{path}: cannot be read ({why}); name the frames.jsonl of an acceptance.") from None
    if not frames:
        raise UsageError(f"{path}: holds no frame; name the frames.jsonl of an acceptance.")
    return frames
