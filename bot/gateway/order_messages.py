"""openOrder, completedOrder, orderStatus, execDetails and commissionReport at server version 176.

The two large ones are tables of names and defaults in wire order, as a real TWS filled them for a
plain order (recorded messages); encoding is putting the values that differ into a copy.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.gateway.errors import WireError
from bot.gateway.fields import UNSET_FLOAT, UNSET_INT
from bot.gateway.instruments import CURRENCY, EXCHANGE, MULTIPLIER, SEC_TYPE, SYMBOL, Future
from bot.gateway.notation import flag, money, points, zoned
from bot.gateway.orders import Execution, Order, Status

NO_DELTA_NEUTRAL = "None"  # what TWS sends for "no delta-neutral order"; being non-empty it has its fields after it
_UNSET_LONG = "9223372036854775807"
_CONTRACT = "conId= symbol= secType= expiry= strike=0 right=? multiplier= exchange= currency= localSymbol= tradingClass="
_ORDER = "action= totalQuantity= orderType= lmtPrice=0.0 auxPrice=0.0 tif=DAY ocaGroup= account= openClose= origin=0 orderRef="
_MARGINS = " ".join(
    f"{name}{moment}={UNSET_FLOAT}" for moment in ("Before", "Change", "After") for name in ("initMargin", "maintMargin", "equityWithLoan")
)
_PEG = "minTradeQty= minCompeteSize= competeAgainstBestOffset= midOffsetAtWhole= midOffsetAtHalf="
_COMBO = "comboDescription= comboLegs=0 orderComboLegs=0 smartComboRoutingParams=0"
_SCALE = f"scaleInitLevelSize={UNSET_INT} scaleSubsLevelSize={UNSET_INT} scalePriceIncrement= hedgeType="
OPEN_ORDER = f"""
id=5 orderId= {_CONTRACT} {_ORDER} clientId= permId= outsideRth=0 hidden=0 discretionaryAmt=0 goodAfterTime= sharesAllocation= faGroup=
faMethod= faPercentage= faProfile= modelCode= goodTillDate= rule80A= percentOffset= settlingFirm= shortSaleSlot=0 designatedLocation=
exemptCode=-1 auctionStrategy=0 startingPrice= stockRefPrice= delta= stockRangeLower= stockRangeUpper= displaySize={UNSET_INT}
blockOrder=0 sweepToFill=0 allOrNone=0 minQty= ocaType=3 eTradeOnly=0 firmQuoteOnly=0 nbboPriceCap= parentId=0 triggerMethod=0 volatility=
volatilityType=0 deltaNeutralOrderType={NO_DELTA_NEUTRAL} deltaNeutralAuxPrice= deltaNeutralConId=0 deltaNeutralSettlingFirm=
deltaNeutralClearingAccount= deltaNeutralClearingIntent= deltaNeutralOpenClose=? deltaNeutralShortSale=0 deltaNeutralShortSaleSlot=0
deltaNeutralDesignatedLocation= continuousUpdate=0 referencePriceType=0 trailStopPrice= trailingPercent= basisPoints= basisPointsType=
{_COMBO} {_SCALE} optOutSmartRouting=0 clearingAccount= clearingIntent=IB notHeld=0 deltaNeutralContract=0 algoStrategy= solicited=0
whatIf=0 status= {_MARGINS} commission= minCommission= maxCommission= commissionCurrency= warningText= randomizeSize=0 randomizePrice=0
conditions=0 adjustedOrderType=None triggerPrice={UNSET_FLOAT} adjustedTrailStopPrice={UNSET_FLOAT} lmtPriceOffset={UNSET_FLOAT}
adjustedStopPrice={UNSET_FLOAT} adjustedStopLimitPrice={UNSET_FLOAT} adjustedTrailingAmount={UNSET_FLOAT} adjustableTrailingUnit=0
softDollarName= softDollarValue= softDollarDisplayName= cashQty=0 dontUseAutoPriceForHedge=1 isOmsContainer=0
discretionaryUpToLimitPrice=0 usePriceMgmtAlgo=0 duration= postToAts= autoCancelParent=0 {_PEG}
"""
COMPLETED_ORDER = f"""
id=101 {_CONTRACT} {_ORDER} permId= outsideRth=0 hidden=0 discretionaryAmt=0 goodAfterTime= faGroup= faMethod= faPercentage= faProfile=
modelCode= goodTillDate= rule80A= percentOffset= settlingFirm= shortSaleSlot=0 designatedLocation= exemptCode=-1 startingPrice=
stockRefPrice= delta= stockRangeLower= stockRangeUpper= displaySize={UNSET_INT} sweepToFill=0 allOrNone=0 minQty= ocaType=3
triggerMethod=0 volatility= volatilityType=0 deltaNeutralOrderType={NO_DELTA_NEUTRAL} deltaNeutralAuxPrice= deltaNeutralConId=0
deltaNeutralShortSale=0 deltaNeutralShortSaleSlot=0 deltaNeutralDesignatedLocation= continuousUpdate=0 referencePriceType=0
trailStopPrice= trailingPercent= {_COMBO} {_SCALE} clearingAccount= clearingIntent=IB notHeld=0 deltaNeutralContract=0 algoStrategy=
solicited=0 status= randomizeSize=0 randomizePrice=0 conditions=0 triggerPrice={UNSET_FLOAT} lmtPriceOffset={UNSET_FLOAT} cashQty=0
dontUseAutoPriceForHedge=1 isOmsContainer=0 autoCancelDate= filledQuantity=0 refFuturesConId={UNSET_INT} autoCancelParent=0
shareholder=Not_an_insider_or_substantial_shareholder imbalanceOnly=0 routeMarketableToBbo=0 parentPermId={_UNSET_LONG} completedTime=
completedStatus= {_PEG}
"""


def _table(text: str) -> dict[str, str]:
    pairs = (item.split("=", 1) for item in text.split())
    return {name: default.replace("_", " ") if name == "shareholder" else default for name, default in pairs}


_DEFAULTS = {"openOrder": _table(OPEN_ORDER), "completedOrder": _table(COMPLETED_ORDER)}
_AFTER_DELTA_NEUTRAL = "deltaNeutralAuxPrice"
_PEG_NAMES = tuple(_table(_PEG))
_NO_INSERTS = ("comboLegs", "orderComboLegs", "smartComboRoutingParams", "conditions", "deltaNeutralContract")


def named_fields(kind: str, fields: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the fields of an openOrder or completedOrder in wire order, without those of its delta-neutral order if these fields
    have none."""
    names = list(_DEFAULTS[kind])
    at = names.index("deltaNeutralOrderType")
    if len(fields) > at and fields[at] == "":
        names = [name for name in names if name not in _delta_neutral_names(kind)]
    return tuple(names)


def encode_named(kind: str, values: dict[str, str]) -> list[str]:
    """An openOrder or completedOrder with these values, the recorded defaults for the rest.

    Raises WireError for a name the message does not have.
    """
    defaults = _DEFAULTS[kind]
    if unknown := values.keys() - defaults.keys():
        raise WireError(f"{kind} has no fields {sorted(unknown)}")
    skipped = _delta_neutral_names(kind) if values.get("deltaNeutralOrderType") == "" else ()
    return [values.get(name, default) for name, default in defaults.items() if name not in skipped]


def decode_named(kind: str, fields: list[str]) -> dict[str, str]:
    """The fields of an openOrder or completedOrder by name.

    Servers below 176 leave out some of the last five; those are then absent. Raises WireError for
    any other count, a wrong message id, and for combos or conditions, which are not of this gateway.
    """
    names = named_fields(kind, fields)
    if not len(names) - len(_PEG_NAMES) <= len(fields) <= len(names):
        raise WireError(f"{kind} has {len(fields)} fields where {len(names)} are expected")
    values = dict(zip(names, fields, strict=False))
    if values["id"] != _DEFAULTS[kind]["id"]:
        raise WireError(f"{kind} has message id {values['id']!r}")
    if inserts := [name for name in _NO_INSERTS if values[name] != "0"]:
        raise WireError(f"{kind} with {', '.join(inserts)} is not decoded here")
    return values


def _delta_neutral_names(kind: str) -> list[str]:
    names = list(_DEFAULTS[kind])
    first = names.index(_AFTER_DELTA_NEUTRAL) + 1
    return names[first : names.index("continuousUpdate")]


def contract_fields(future: Future, exchange: str = EXCHANGE) -> list[str]:
    """C11: conId, symbol, secType, expiry, strike, right, multiplier, exchange, currency, localSymbol, tradingClass."""
    return [str(future.con_id), SYMBOL, SEC_TYPE, future.expiry, "0", "", MULTIPLIER, exchange, CURRENCY, future.local_symbol, SYMBOL]


def _shared(order: Order) -> dict[str, str]:
    """What openOrder and completedOrder say alike."""
    request, future = order.request, order.future
    return {
        "conId": str(future.con_id), "symbol": SYMBOL, "secType": SEC_TYPE, "expiry": future.expiry, "multiplier": MULTIPLIER,
        "exchange": EXCHANGE, "currency": CURRENCY, "localSymbol": future.local_symbol, "tradingClass": SYMBOL,
        "action": request.action, "orderType": request.order_type, "tif": request.tif or "DAY", "account": order.account,
        "lmtPrice": "0.0" if order.limit is None else points(order.limit),
        "auxPrice": "0.0" if order.stop is None else points(order.stop),
        "ocaGroup": order.oca_group, "ocaType": str(request.oca_type or 3), "openClose": request.open_close,
        "origin": str(request.origin), "orderRef": request.order_ref, "permId": str(order.perm_id),
        "outsideRth": flag(request.outside_rth), "hidden": flag(request.hidden), "modelCode": request.model_code,
        "goodTillDate": request.good_till_date, "triggerMethod": str(request.trigger_method), "status": order.status.value,
    }  # fmt: skip


def open_order(order: Order, *, order_id: int, commission: bool = False) -> list[str]:
    """An order as it stands; `order_id` as the receiver is to see it; with `commission` if it is known and asked for."""
    paid = commission and order.commission_cents is not None
    parent = order.parent
    return encode_named(
        "openOrder",
        _shared(order)
        | {
            "orderId": str(order_id),
            "totalQuantity": str(order.quantity),
            "clientId": str(order.client_id),
            "sharesAllocation": f"{order.perm_id}.0/{order.account}/{order.quantity}",
            "parentId": str(parent.order_id if parent is not None else order.request.parent_id),
            "commission": money(order.commission_cents or 0) if paid else "",
            "commissionCurrency": CURRENCY if paid else "",
        },
    )


def completed_order(order: Order) -> list[str]:
    """A filled, cancelled or rejected order; TWS sends 0 as its quantity and the filled quantity apart."""
    parent = order.parent
    return encode_named(
        "completedOrder",
        _shared(order)
        | {
            "totalQuantity": "0" if order.status is Status.FILLED else str(order.quantity),
            "filledQuantity": str(order.filled),
            "parentPermId": _UNSET_LONG if parent is None else str(parent.perm_id),
            "completedTime": zoned(order.completed_ns),
            "completedStatus": order.completed_text,
        },
    )


def order_status(order: Order, *, order_id: int) -> list[str]:
    """The state of an order; average and last fill price are 0.0 before a fill."""
    return [
        "3", str(order_id), order.status.value, str(order.filled), str(order.remaining), _or_zero(order.average_fill),
        str(order.perm_id), str(order.parent.order_id if order.parent else 0), _or_zero(order.last_fill), str(order.client_id),
        order.why_held, "0",
    ]  # fmt: skip


def exec_details(execution: Execution, request_id: int, order_id: int, time: str) -> list[str]:
    """A fill; `request_id` is -1 when it happens, else the request's it answers. `time` is its time as written."""
    order = execution.order
    return [
        "11", str(request_id), str(order_id), *contract_fields(order.future), execution.exec_id, time,
        order.account, EXCHANGE, execution.side, str(execution.shares), points(execution.price), str(order.perm_id),
        str(order.client_id), "0", str(execution.cumulative), points(execution.average), order.request.order_ref, "", "",
        order.request.model_code, "2",
    ]  # fmt: skip


def commission_report(execution: Execution) -> list[str]:
    """What a fill cost; realised profit is net of both sides' commission, unset for an opening fill."""
    realized = UNSET_FLOAT if execution.realized_cents is None else money(execution.realized_cents)
    return ["59", "1", execution.exec_id, money(execution.commission_cents), CURRENCY, realized, UNSET_FLOAT, ""]


def _or_zero(ticks: float | None) -> str:
    return "0.0" if ticks is None else points(ticks)
