"""What each code of the broker means: data, not branches.

`classify(code)` gives a Rule: the error class a person sees and the action the adapter takes.
An order code that is not in the table changes nothing, is asked about, and raises an alarm:
errors never end an order by default. A code of a request for data that is not in the table is a refusal.
Source: IBKR's message codes, and what users met in practice (docs/ibkr.md).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bot.ibkr import errors as e


class Action(StrEnum):
    """What the adapter does about a code."""

    # about the connection (no id)
    ID_IN_USE = "same id again, every few seconds"
    LINK_DOWN = "halt; keep the socket; hold cancels"
    LINK_UP_LOST = "reconcile, subscribe anew, back-fill"
    LINK_UP_KEPT = "reconcile, check the feed"
    PORT_RESET = "reconnect"
    FARM_DOWN = "data degraded; no new entries"
    FARM_UP = "wait a grace; ask again if silent"
    RATE = "slow down; alarm"
    NOTICE = "nothing"
    # about a request for data
    DATA_RETRY = "ask again after the farm is back or a while"
    DATA_DENIED = "no live data: fail the start, halt entries, ask again every minute"
    DATA_DELAYED = "delayed data: never use them"
    COMPETING = "halt entries, ask again every minute"
    RESUBSCRIBE = "ask again at once"
    BACK_OFF = "halt entries, ask again later and later"
    NO_CONTRACT = "no such contract"
    READ_ONLY = "fail the start, halt"
    ACCOUNT = "fail the start"
    # about an order
    REJECT = "rejected; look at the siblings"
    INVALID_PRICE = "new: rejected; working: the change was refused"
    MODIFY_REJECT = "the change was refused; the order stands"
    CANCELED = "canceled, once"
    CANCEL_REJECT = "the cancel was refused; ask for the order"
    NOT_FOUND = "look for the reference; twice nowhere: canceled"
    DUPLICATE_ID = "look for the reference; absent: once more under a fresh id"
    WARN = "a remark; no state change"
    QUERY = "no state change; ask; alarm"


class Rule(msgspec.Struct, frozen=True):
    """One row of the table."""

    error: type[e.BrokerError] | None
    action: Action


A = Action
SYSTEM: dict[int, Rule] = {
    326: Rule(e.ClientIdInUse, A.ID_IN_USE),
    1100: Rule(e.BrokerLinkLost, A.LINK_DOWN),
    2110: Rule(e.BrokerLinkLost, A.LINK_DOWN),
    1101: Rule(None, A.LINK_UP_LOST),
    1102: Rule(None, A.LINK_UP_KEPT),
    1300: Rule(e.GatewayUnreachable, A.PORT_RESET),
    2103: Rule(e.MarketDataDegraded, A.FARM_DOWN),
    2105: Rule(e.MarketDataDegraded, A.FARM_DOWN),
    2157: Rule(e.MarketDataDegraded, A.FARM_DOWN),
    2119: Rule(e.MarketDataDegraded, A.FARM_DOWN),
    2104: Rule(None, A.FARM_UP),
    2106: Rule(None, A.FARM_UP),
    2158: Rule(None, A.FARM_UP),
    2107: Rule(None, A.FARM_UP),  # inactive: it comes on demand, so it is not broken
    2108: Rule(None, A.FARM_UP),
    2100: Rule(None, A.NOTICE),
    100: Rule(e.PacingViolation, A.RATE),
}
REQUEST: dict[int, Rule] = {
    10182: Rule(e.MarketDataDegraded, A.DATA_RETRY),
    354: Rule(e.MarketDataNotSubscribed, A.DATA_DENIED),
    10089: Rule(e.MarketDataNotSubscribed, A.DATA_DENIED),
    10090: Rule(e.MarketDataNotSubscribed, A.DATA_DENIED),
    10168: Rule(e.MarketDataNotSubscribed, A.DATA_DENIED),
    10167: Rule(e.MarketDataNotSubscribed, A.DATA_DELAYED),
    10197: Rule(e.CompetingSession, A.COMPETING),
    10225: Rule(None, A.RESUBSCRIBE),
    10189: Rule(None, A.RESUBSCRIBE),
    **dict.fromkeys((420, 162, 366, 322), Rule(e.DataRefused, A.BACK_OFF)),  # too many requests, no permission, no data, another login
    200: Rule(e.ContractNotFound, A.NO_CONTRACT),
    435: Rule(e.AccountNotFound, A.ACCOUNT),
    436: Rule(e.AccountNotFound, A.ACCOUNT),
}
ORDER: dict[int, Rule] = {
    **dict.fromkeys((201, 203, 200, 460, 321, 10289, 10293, 435, 436), Rule(e.OrderRejectedByBroker, A.REJECT)),
    10148: Rule(e.CancelRejected, A.CANCEL_REJECT),
    161: Rule(e.CancelRejected, A.CANCEL_REJECT),
    135: Rule(e.UnknownOrder, A.NOT_FOUND),
    10147: Rule(e.UnknownOrder, A.NOT_FOUND),
    202: Rule(e.OrderCancelledByBroker, A.CANCELED),
    104: Rule(e.ModifyRejected, A.MODIFY_REJECT),
    105: Rule(e.ModifyRejected, A.MODIFY_REJECT),
    110: Rule(e.InvalidPrice, A.INVALID_PRICE),
    103: Rule(e.DuplicateOrderId, A.DUPLICATE_ID),
    **dict.fromkeys((399, 404, 10167, 10349, 2109, 165, 434, 492), Rule(e.OrderWarning, A.WARN)),
}
UNKNOWN_ORDER_CODE = Rule(e.UnclassifiedBrokerMessage, A.QUERY)
UNKNOWN_REQUEST_CODE = Rule(e.DataRefused, A.DATA_DENIED)
READ_ONLY = Rule(e.ReadOnlyApi, A.READ_ONLY)
MARGIN = Rule(e.MarginRejected, A.REJECT)
NO_LIVE_IDS = (-1, 0, 2**31 - 1)  # ids of messages that are about nothing of ours


def classify_system(code: int, text: str) -> Rule:
    """The rule of a message about the connection itself."""
    if _read_only(code, text):
        return READ_ONLY
    rule = SYSTEM.get(code) or REQUEST.get(code)
    return rule or (Rule(None, A.NOTICE) if 2100 <= code < 2200 else Rule(e.UnclassifiedBrokerMessage, A.NOTICE))


def classify_request(code: int, text: str) -> Rule:
    """The rule of an answer to a request for data."""
    if _read_only(code, text):
        return READ_ONLY
    return REQUEST.get(code) or (Rule(e.UnclassifiedBrokerMessage, A.NOTICE) if 2100 <= code < 2200 else UNKNOWN_REQUEST_CODE)


def classify_order(code: int, text: str) -> Rule:
    """The rule of a message about an order. A margin refusal is told from others by its words alone."""
    if _read_only(code, text):
        return READ_ONLY
    rule = ORDER.get(code, UNKNOWN_ORDER_CODE)
    return MARGIN if rule.action is A.REJECT and speaks_of_margin(text) else rule


def speaks_of_margin(text: str) -> bool:
    """Whether a broker's sentence is about margin or funds."""
    words = text.lower()
    return any(word in words for word in ("margin", "available funds", "equity with loan", "insufficient"))


def _read_only(code: int, text: str) -> bool:
    return code == 321 and "read-only" in text.lower()
