"""The order inside a placeOrder: 115 fields at server version 176, more for the kinds with inserts.

Every field is read and checked; those that this gateway acts on or sends back are kept. What it
cannot honour (algorithms, conditions, scale orders …) is named in `unserved`, never ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.gateway.fields import FieldReader

# name:kind in wire order; kinds as in requests.py, `?` an insert that _INSERTS knows
_FIELDS = """
secIdType:s secId:s action:s totalQuantity:n orderType:s lmtPrice:n auxPrice:n tif:s ocaGroup:s account:s openClose:s origin:i
orderRef:s transmit:t parentId:i blockOrder:b sweepToFill:b displaySize:i triggerMethod:i outsideRth:b hidden:b bag:? sharesAllocation:s
discretionaryAmt:n goodAfterTime:s goodTillDate:s faGroup:s faMethod:s faPercentage:s faProfile:s modelCode:s shortSaleSlot:i
designatedLocation:s exemptCode:i ocaType:i rule80A:s settlingFirm:s allOrNone:b minQty:i percentOffset:n eTradeOnly:b firmQuoteOnly:b
nbboPriceCap:n auctionStrategy:i startingPrice:n stockRefPrice:n delta:n stockRangeLower:n stockRangeUpper:n
overridePercentageConstraints:b volatility:n volatilityType:i deltaNeutralOrderType:s deltaNeutralAuxPrice:n deltaNeutral:?
continuousUpdate:b referencePriceType:i trailStopPrice:n trailingPercent:n scaleInitLevelSize:i scaleSubsLevelSize:i
scalePriceIncrement:n scale:? scaleTable:s activeStartTime:s activeStopTime:s hedgeType:s hedge:? optOutSmartRouting:b clearingAccount:s
clearingIntent:s notHeld:b deltaNeutralContract:? algoStrategy:s algo:? algoId:s whatIf:b orderMiscOptions:s solicited:b
randomizeSize:b randomizePrice:b pegBench:? conditions:? adjustedOrderType:s triggerPrice:n lmtPriceOffset:n adjustedStopPrice:n
adjustedStopLimitPrice:n adjustedTrailingAmount:n adjustableTrailingUnit:i extOperator:s softDollarTierName:s softDollarTierValue:s
cashQty:n mifid2DecisionMaker:s mifid2DecisionAlgo:s mifid2ExecutionTrader:s mifid2ExecutionAlgo:s dontUseAutoPriceForHedge:b
isOmsContainer:b discretionaryUpToLimitPrice:b usePriceMgmtAlgo:i duration:i postToAts:i autoCancelParent:b advancedErrorOverride:s
manualOrderTime:s ats:? peg:?
"""
FIELDS = tuple(tuple(field.split(":")) for field in _FIELDS.split())
_UNSERVED_IF_SET = [
    "goodAfterTime",
    "faGroup",
    "faProfile",
    "hedgeType",
    "algoStrategy",
    "conditions",
    "cashQty",
    "minQty",
    "allOrNone",
    "deltaNeutralOrderType",
    "deltaNeutralContract",
    "scalePriceIncrement",
    "bag",
    "pegBench",
    "volatility",
    "trailStopPrice",
    "trailingPercent",
    "adjustedOrderType",
    "duration",
    "secIdType",
]
_CONDITION_FIELDS = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}  # after its type: price, time, margin, execution, volume, percent change


@dataclass(frozen=True)
class OrderRequest:
    """What an order asks for. Prices are points, None if not set; the flags have TWS' defaults."""

    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None
    aux_price: Decimal | None
    tif: str
    oca_group: str
    oca_type: int
    account: str
    open_close: str
    origin: int
    order_ref: str
    transmit: bool
    parent_id: int
    outside_rth: bool
    good_till_date: str
    model_code: str
    trigger_method: int
    hidden: bool
    what_if: bool
    unserved: tuple[str, ...]


def decode_place_order(reader: FieldReader, sec_type: str, exchange: str) -> OrderRequest:
    """The order that follows the contract of a placeOrder. Raises FieldError if a field is not what it must be."""
    values: dict[str, Any] = {"secType": sec_type, "exchange": exchange}
    for name, kind in FIELDS:
        values[name] = _READ[kind](reader, name, values)
    return OrderRequest(
        action=values["action"],
        quantity=values["totalQuantity"] or Decimal(0),
        order_type=values["orderType"],
        limit_price=values["lmtPrice"],
        aux_price=values["auxPrice"],
        tif=values["tif"],
        oca_group=values["ocaGroup"],
        oca_type=values["ocaType"] or 0,
        account=values["account"],
        open_close=values["openClose"],
        origin=values["origin"] or 0,
        order_ref=values["orderRef"],
        transmit=values["transmit"],
        parent_id=values["parentId"] or 0,
        outside_rth=values["outsideRth"],
        good_till_date=values["goodTillDate"],
        model_code=values["modelCode"],
        trigger_method=values["triggerMethod"] or 0,
        hidden=values["hidden"],
        what_if=values["whatIf"],
        unserved=tuple(name for name in _UNSERVED_IF_SET if values[name]),
    )


def _skip(reader: FieldReader, count: int, name: str) -> None:
    for _ in range(count):
        reader.text(name)


def _counted(reader: FieldReader, name: str, each: int) -> int:
    """A count and that many groups of `each` fields."""
    count = reader.integer(name) or 0
    _skip(reader, count * each, name)
    return count


def _bag(reader: FieldReader, values: dict[str, Any]) -> int:
    if values["secType"] != "BAG":
        return 0
    legs = _counted(reader, "comboLegs", 8)
    _counted(reader, "orderComboLegs", 1)
    _counted(reader, "smartComboRoutingParams", 2)
    return legs


def _scale(reader: FieldReader, values: dict[str, Any]) -> bool:
    increment = values["scalePriceIncrement"]
    if increment is not None and increment > 0:
        _skip(reader, 7, "scale")
    return False


def _conditions(reader: FieldReader, _: dict[str, Any]) -> int:
    count = reader.integer("conditions") or 0
    for _condition in range(count):
        _skip(reader, _CONDITION_FIELDS.get(reader.identifier("conditionType"), 0), "condition")
    _skip(reader, 2 if count else 0, "conditions")
    return count


def _peg(reader: FieldReader, values: dict[str, Any]) -> None:
    if values["orderType"] == "PEG MID":
        _skip(reader, 2, "midOffset")
    elif values["orderType"] == "PEG BEST":
        reader.text("minCompeteSize")
        _skip(reader, 2 if reader.text("competeAgainstBestOffset").startswith("Infinit") else 0, "midOffset")


def _delta_neutral_contract(reader: FieldReader, _: dict[str, Any]) -> bool:
    present = reader.flag("deltaNeutralContract")
    _skip(reader, 3 if present else 0, "deltaNeutralContract")
    return present


_INSERTS = {
    "bag": _bag,
    "deltaNeutral": lambda reader, values: _skip(reader, 8 if values["deltaNeutralOrderType"] else 0, "deltaNeutral"),
    "scale": _scale,
    "hedge": lambda reader, values: _skip(reader, 1 if values["hedgeType"] else 0, "hedgeParam"),
    "deltaNeutralContract": _delta_neutral_contract,
    "algo": lambda reader, values: _counted(reader, "algoParams", 2) if values["algoStrategy"] else 0,
    "pegBench": lambda reader, values: _skip(reader, 5 if values["orderType"] == "PEG BENCH" else 0, "pegBench"),
    "conditions": _conditions,
    "ats": lambda reader, values: _skip(reader, 1 if values["exchange"] == "IBKRATS" else 0, "minTradeQty"),
    "peg": lambda reader, values: _peg(reader, values),
}
_READ = {
    "i": lambda reader, name, _: reader.integer(name),
    "n": lambda reader, name, _: reader.number(name),
    "b": lambda reader, name, _: reader.flag(name),
    "t": lambda reader, name, _: reader.flag(name, default=True),
    "s": lambda reader, name, _: reader.text(name),
    "?": lambda reader, name, values: _INSERTS[name](reader, values),
}
