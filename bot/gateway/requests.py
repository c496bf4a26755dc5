"""What a client may ask at server version 176, and the strict decoding of it. placeOrder: order_request.py.

Layouts are written as `name:kind` in wire order; kinds: i whole number, id a whole number that must be
set, n decimal, b flag, s text, C12 a contract, legs the legs of a BAG, dn the delta-neutral insert.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from bot.gateway.errors import FieldError
from bot.gateway.fields import FieldReader
from bot.gateway.order_request import OrderRequest, decode_place_order


class ContractQuery(NamedTuple):
    """A contract as a client names it (C12). 0 and '' mean "not said"."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: Decimal
    right: str
    multiplier: str
    exchange: str
    primary_exchange: str
    currency: str
    local_symbol: str
    trading_class: str
    include_expired: bool = False


class Request(NamedTuple):
    """One decoded request: its kind (the official API's method name), its fields, and for placeOrder the order."""

    kind: str
    values: dict[str, Any]
    order: OrderRequest | None = None

    def __getitem__(self, name: str) -> Any:  # type: ignore[override]
        return self.values[name]

    @property
    def reference(self) -> int:
        """The request's or order's id, for errors; -1 if its kind has none."""
        return self.values.get("reqId", self.values.get("orderId", -1))

    @property
    def query(self) -> ContractQuery:
        """The contract it is about, with includeExpired if its kind says so."""
        return self.values["contract"]._replace(include_expired=self.values.get("includeExpired", False))


class Layout(NamedTuple):
    """A kind of request: its name, version field (None: it has none) and fields."""

    kind: str
    version: int | None
    fields: tuple[tuple[str, str], ...]


def _layout(kind: str, version: int | None, fields: str = "") -> Layout:
    return Layout(kind, version, tuple(tuple(field.split(":")) for field in fields.split()))  # type: ignore[misc]


_HISTORY = "includeExpired:b endDateTime:s barSize:s duration:s useRTH:b whatToShow:s formatDate:i"
LAYOUTS: dict[str, Layout] = {
    "1": _layout("reqMktData", 11, "reqId:id contract:C12 legs:legs deltaNeutral:dn ticks:s snapshot:b regulatory:b options:s"),
    "2": _layout("cancelMktData", 2, "reqId:id"),
    "4": _layout("cancelOrder", 1, "orderId:id manualCancelTime:s"),
    "5": _layout("reqOpenOrders", 1),
    "6": _layout("reqAccountUpdates", 2, "subscribe:b account:s"),
    "7": _layout("reqExecutions", 3, "reqId:id clientId:i account:s time:s symbol:s secType:s exchange:s side:s"),
    "8": _layout("reqIds", 1, "count:i"),
    "9": _layout("reqContractDetails", 8, "reqId:id contract:C12 includeExpired:b secIdType:s secId:s issuerId:s"),
    "14": _layout("setServerLogLevel", 1, "level:i"),
    "15": _layout("reqAutoOpenOrders", 1, "bind:b"),
    "16": _layout("reqAllOpenOrders", 1),
    "17": _layout("reqManagedAccts", 1),
    "20": _layout("reqHistoricalData", None, f"reqId:id contract:C12 {_HISTORY} legs:legs keepUpToDate:b options:s"),
    "25": _layout("cancelHistoricalData", 1, "reqId:id"),
    "49": _layout("reqCurrentTime", 1),
    "50": _layout("reqRealTimeBars", 3, "reqId:id contract:C12 barSize:i whatToShow:s useRTH:b options:s"),
    "51": _layout("cancelRealTimeBars", 1, "reqId:id"),
    "58": _layout("reqGlobalCancel", 1),
    "59": _layout("reqMarketDataType", 1, "type:i"),
    "61": _layout("reqPositions", 1),
    "62": _layout("reqAccountSummary", 1, "reqId:id group:s tags:s"),
    "63": _layout("cancelAccountSummary", 1, "reqId:id"),
    "64": _layout("cancelPositions", 1),
    "71": _layout("startApi", 2, "clientId:id capabilities:s"),
    "76": _layout("reqAccountUpdatesMulti", 1, "reqId:id account:s model:s ledgerAndNLV:b"),
    "77": _layout("cancelAccountUpdatesMulti", 1, "reqId:id"),
    "91": _layout("reqMarketRule", None, "ruleId:i"),
    "99": _layout("reqCompletedOrders", None, "apiOnly:b"),
}
PLACE_ORDER = "3"
# Requests with an id that are not served, so that they are refused under it: message number, name and, unless 2, the id's place.
_UNSERVED = """
10 reqMktDepth, 11 cancelMktDepth, 19 replaceFA 4, 21 exerciseOptions, 22 reqScannerSubscription 1, 23 cancelScannerSubscription,
52 reqFundamentalData, 53 cancelFundamentalData, 54 calculateImpliedVolatility, 55 calculateOptionPrice,
56 cancelCalculateImpliedVolatility, 57 cancelCalculateOptionPrice, 67 queryDisplayGroups, 68 subscribeToGroupEvents,
69 updateDisplayGroup, 70 unsubscribeFromGroupEvents, 74 reqPositionsMulti, 75 cancelPositionsMulti, 78 reqSecDefOptParams 1,
79 reqSoftDollarTiers 1, 81 reqMatchingSymbols 1, 83 reqSmartComponents 1, 84 reqNewsArticle 1, 86 reqHistoricalNews 1,
87 reqHeadTimeStamp 1, 88 reqHistogramData 1, 89 cancelHistogramData 1, 90 cancelHeadTimeStamp 1, 92 reqPnL 1, 93 cancelPnL 1,
94 reqPnLSingle 1, 95 cancelPnLSingle 1, 96 reqHistoricalTicks 1, 97 reqTickByTickData 1, 98 cancelTickByTickData 1,
100 reqWshMetaData 1, 101 cancelWshMetaData 1, 102 reqWshEventData 1, 103 cancelWshEventData 1, 104 reqUserInfo 1
"""
UNSERVED = {number: (name, int(place[0]) if place else 2) for number, name, *place in map(str.split, _UNSERVED.split(","))}
KINDS = frozenset({layout.kind for layout in LAYOUTS.values()} | {"placeOrder"})


def kind_of(fields: list[str]) -> str:
    """The kind of a request that need not be decodable; `unknown N` for a number that this gateway does not serve."""
    if fields[0] == PLACE_ORDER:
        return "placeOrder"
    layout = LAYOUTS.get(fields[0])
    return layout.kind if layout is not None else f"unknown {fields[0]}"


def decode_request(fields: list[str]) -> Request:
    """One request from the fields of its frame.

    Raises FieldError, one sentence naming the kind and the field, if it is none that this gateway
    serves or its fields are not exactly those of server version 176.
    """
    number = fields[0]
    if number == PLACE_ORDER:
        reader = FieldReader("placeOrder", fields)
        order_id = reader.identifier("orderId")
        query = _contract(reader)
        order = decode_place_order(reader, query.sec_type, query.exchange)
        reader.end()
        return Request("placeOrder", {"orderId": order_id, "contract": query}, order)
    layout = LAYOUTS.get(number)
    if layout is None:
        named = f"{UNSERVED[number][0]} (message id {number!r})" if number in UNSERVED else f"message id {number!r}"
        raise FieldError(f"{named} is no request that this gateway serves")
    reader = FieldReader(layout.kind, fields)
    if layout.version is not None:
        reader.version(layout.version)
    values: dict[str, Any] = {}
    for name, kind in layout.fields:
        values[name] = _READ[kind](reader, name, values)
    reader.end()
    return Request(layout.kind, values)


def reference_of(fields: list[str]) -> int:
    """The id of a request that could not be decoded, as far as its kind tells; else -1."""
    layout = LAYOUTS.get(fields[0])
    place = 1 if fields[0] == PLACE_ORDER else UNSERVED[fields[0]][1] if fields[0] in UNSERVED else None
    if layout is not None and layout.fields and layout.fields[0][1] == "id":
        place = 1 if layout.version is None else 2
    if place is not None and place < len(fields) and fields[place].lstrip("-").isdecimal():
        return int(fields[place])
    return -1


def _contract(reader: FieldReader, *_: object) -> ContractQuery:
    return ContractQuery(
        con_id=reader.integer("conId") or 0,
        symbol=reader.text("symbol"),
        sec_type=reader.text("secType"),
        expiry=reader.text("lastTradeDateOrContractMonth"),
        strike=reader.number("strike") or Decimal(0),
        right=reader.text("right"),
        multiplier=reader.text("multiplier"),
        exchange=reader.text("exchange"),
        primary_exchange=reader.text("primaryExchange"),
        currency=reader.text("currency"),
        local_symbol=reader.text("localSymbol"),
        trading_class=reader.text("tradingClass"),
    )


def _legs(reader: FieldReader, _: str, values: dict[str, Any]) -> int:
    """The legs of a BAG are read and dropped: no BAG is served, but its frame must be whole."""
    if values["contract"].sec_type != "BAG":
        return 0
    count = reader.integer("legs") or 0
    for _leg in range(count):
        for name in ("conId", "ratio", "action", "exchange"):
            reader.text(name)
    return count


def delta_neutral(reader: FieldReader, name: str, *_: object) -> bool:
    """The flag of a delta-neutral contract and, if set, its three fields."""
    present = reader.flag(name)
    if present:
        for field in ("conId", "delta", "price"):
            reader.number(field)
    return present


_READ = {
    "i": lambda reader, name, _: reader.integer(name),
    "id": lambda reader, name, _: reader.identifier(name),
    "n": lambda reader, name, _: reader.number(name),
    "b": lambda reader, name, _: reader.flag(name),
    "s": lambda reader, name, _: reader.text(name),
    "C12": _contract,
    "legs": _legs,
    "dn": delta_neutral,
}
