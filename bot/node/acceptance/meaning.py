"""What a difference between two gateways means for the bot: what the adapter decides on that field, by the adapter's own tables.

Closed by default: a message, a field or a value that is not known here matters. What the adapter never reads does not, nor what leads
it to the same decision.
"""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.ibkr.account import NEEDED
from bot.ibkr.data.quotes import ASK, BID, DELAYED
from bot.ibkr.link.classify import Action, Rule, classify_order, classify_request, classify_system
from bot.ibkr.link.connection import UNHEARD
from bot.ibkr.orders.doubt import News, completed_news, status_news

UNREAD_KINDS = frozenset(UNHEARD)
ORDER_KINDS = ("openOrder", "orderStatus", "execDetails", "commissionReport", "completedOrder")
READ = {  # the fields of each kind that the adapter decides on, and what
    "openOrder": {
        "orderId": "it is the handle for changes and cancels", "conId": "it says which month", "action": "it is the side",
        "totalQuantity": "it is compared with what was asked", "orderType": "it says which prices it has",
        "lmtPrice": "it is compared with what was asked", "auxPrice": "it is compared with what was asked",
        "tif": "an adopted order takes its end from it", "ocaGroup": "an adopted pair is known by it", "account": "others' are dropped",
        "orderRef": "the order is known by it", "clientId": "it says whose it is", "permId": "the order is known by it",
        "goodTillDate": "an adopted order takes its end from it", "parentId": "an adopted child is known by it",
        "whatIf": "questions are left out", "status": "it says whether the order works", "initMarginChange": "entries wait for it",
    },
    "orderStatus": {
        "orderId": "it is the handle for changes and cancels", "status": "it says whether the order works",
        "permId": "the order is known by it", "avgFillPrice": "a fill without its execution is booked at it",
        "clientId": "it says whose it is", "whyHeld": "an inactive order may be held",
    },
    "completedOrder": {
        "orderRef": "the order is known by it", "permId": "the order is known by it", "status": "it says how the order ended",
        "completedStatus": "a refusal is told in its words",
    },
    "execDetails": {
        "orderId": "it is the handle", "conId": "it says which month", "execId": "a fill is counted once by it",
        "time": "it stamps the fill", "account": "others' are dropped", "side": "it is the side", "shares": "it is the size",
        "price": "it is the price",
        "permId": "the order is known by it", "clientId": "it says whose it is", "orderRef": "the order is known by it",
        "lastLiquidity": "it says whether the fill was maker's",
    },
    "commissionReport": {"execId": "it names the fill", "commission": "it is booked"},
    "error": {
        "reference": "it says what it is about", "code": "it says what is done", "text": "it may speak of margin or of a read-only API",
    },
    "contractDetails": {
        name: "the month that is traded is made of it"
        for name in ("symbol", "lastTrade", "exchange", "currency", "localSymbol", "conId", "minTick", "multiplier", "timeZoneId",
                     "liquidHours", "realExpirationDate")
    },
    "updateAccountValue": {name: "orders are sized by it" for name in ("key", "value", "currency", "account")},
    "updatePortfolio": {name: "the open profit is taken from it" for name in ("conId", "position", "unrealizedPNL", "account")},
    "position": {
        name: "the book is compared with it"
        for name in ("account", "conId", "symbol", "localSymbol", "multiplier", "position", "averageCost")
    },
    "tickPrice": {name: "quotes are made of it" for name in ("reqId", "tickType", "price", "size")},
    "tickSize": {name: "quotes are made of it" for name in ("reqId", "tickType", "size")},
    "marketDataType": {name: "delayed data are never used" for name in ("reqId", "dataType")},
    "realtimeBar": {name: "minutes are made of it" for name in ("reqId", "time", "open", "high", "low", "close", "volume")},
    "historicalData": {name: "past minutes are made of it" for name in ("reqId", "date", "open", "high", "low", "close", "volume")},
    "currentTime": {"time": "it is the market's clock"},
    "managedAccounts": {"accounts": "the account is chosen from it"},
    "nextValidId": {"orderId": "order ids begin there"},
    "version": {"serverVersion": "messages are read by it"},
}  # fmt: skip
UNKNOWN = "unknown to the bot: it matters until somebody has looked"


class Meaning(NamedTuple):
    """Whether a difference matters, and why (not), as half a sentence."""

    matters: bool
    text: str


def of_field(kind: str, field: str, real: dict[str, str], simulated: dict[str, str]) -> Meaning:
    """Of a field that both have, with other values; the whole messages by field name."""
    if kind in UNREAD_KINDS:
        return Meaning(False, "the bot does not listen to such messages")
    if field.startswith("field ") or kind.startswith("message "):
        return Meaning(True, UNKNOWN)
    if kind in READ and field not in READ[kind]:
        return Meaning(False, "the bot does not read it")
    if kind not in READ:
        ends = kind.endswith("End") and field == "version"
        return Meaning(not ends, "only the message counts" if ends else UNKNOWN)
    if (same := _same(kind, field, real, simulated)) is not None:
        return Meaning(False, same)
    return Meaning(True, READ[kind][field])


def _same(kind: str, field: str, real: dict[str, str], simulated: dict[str, str]) -> str | None:
    """Why two values come to the same for the adapter; None if they do not."""
    one, other = real.get(field, ""), simulated.get(field, "")
    if field == "status":
        news = completed_news if kind == "completedOrder" else status_news
        found = news(one), news(other)
        unknown = (News.UNKNOWN_STATUS, News.DONE_UNKNOWN)
        return f"both count the same: {found[0]}" if found[0] is found[1] and found[0] not in unknown else None
    if field == "whyHeld":
        told = [status_news(each.get("status", ""), each.get(field, "")) for each in (real, simulated)]
        return "it counts for inactive orders alone" if told[0] is told[1] or real.get("status") != "Inactive" else None
    if field == "permId" and "0" in (one, other):
        return "until it is told the order is known by its reference"
    if field in ("completedStatus", "text") and _heard(kind, real) == _heard(kind, simulated):
        return "other words, the same decision"
    if field in ("time", "lastTrade", "date", "goodTillDate", "timeZoneId") and _readable(one):
        return "another form, which is read as well"
    return None


def _heard(kind: str, message: dict[str, str]) -> object:
    if kind != "error":
        return completed_news(message.get("status", ""))
    return rule_of(message)


def rule_of(message: dict[str, str]) -> Rule:
    """The adapter's rule for an error, by what it is about (`about`: order, request or nothing)."""
    code, text = int(message.get("code", "0") or 0), message.get("text", "")
    classify = {"order": classify_order, "request": classify_request}.get(message.get("about", ""), classify_system)
    return classify(code, text)


def _readable(text: str) -> bool:
    zone = text.split()[-1] if text.split() else ""
    try:
        return not zone or zone[0] in "0123456789" or bool(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return False


def of_message(kind: str, message: dict[str, str], others: list[dict[str, str]], *, only_real: bool) -> Meaning:
    """Of a message that one of the two says alone; `others` are those of its kind about the same thing that the other says."""
    if kind in UNREAD_KINDS:
        return Meaning(False, "the bot does not listen to such messages")
    if kind in ("openOrder", "orderStatus"):
        return _of_status(message, others)
    if kind == "error":
        return _of_error(message)
    if kind in ("tickPrice", "tickSize"):
        return _of_tick(message.get("tickType", ""))
    if kind == "updateAccountValue":
        needed = message.get("key") in NEEDED
        return Meaning(needed, "orders are sized by it" if needed else "the bot needs no such value")
    if kind == "contractDetails":
        return Meaning(False, "which month is traded follows from the roll rule")
    if kind not in READ and not kind.endswith("End"):
        return Meaning(True, UNKNOWN)
    return Meaning(True, "the bot may wait for it" if not only_real else "the bot hears more than the simulation says")


def _of_status(message: dict[str, str], others: list[dict[str, str]]) -> Meaning:
    news = status_news(message.get("status", ""))
    if news is News.UNKNOWN_STATUS:
        return Meaning(True, UNKNOWN)
    if news is News.UNDER_WAY:
        return Meaning(False, "it is on its way: the bot waits on, and takes it for no working order")
    if news in [status_news(other.get("status", "")) for other in others]:
        return Meaning(False, f"the other says it at another moment: {news}")
    return Meaning(True, f"the other never says it: {news}")


def _of_error(message: dict[str, str]) -> Meaning:
    rule = rule_of(message)
    harmless = rule.action in (Action.WARN, Action.FARM_UP) or (rule.action is Action.NOTICE and rule.error is None)
    return Meaning(not harmless, str(rule.action))


def _of_tick(kind: str) -> Meaning:
    if kind.isdecimal() and int(kind) not in (BID, ASK, *DELAYED):
        return Meaning(False, "only bid and ask are read")
    return Meaning(True, "quotes are made of it")
