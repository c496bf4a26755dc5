"""The other messages to clients at server version 176, and the names of all kinds. Orders: order_messages.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bot.gateway.instruments import CURRENCY, EXCHANGE, MULTIPLIER, SEC_TYPE, SYMBOL, ZONE_NAME, Future
from bot.gateway.notation import money, points, zoned
from bot.gateway.order_messages import contract_fields
from bot.units import SECOND_NS

KINDS = {
    "1": "tickPrice", "2": "tickSize", "3": "orderStatus", "4": "error", "5": "openOrder", "6": "updateAccountValue",
    "7": "updatePortfolio", "8": "updateAccountTime", "9": "nextValidId", "10": "contractDetails", "11": "execDetails",
    "15": "managedAccounts", "17": "historicalData", "49": "currentTime", "50": "realtimeBar", "52": "contractDetailsEnd",
    "53": "openOrderEnd", "54": "accountDownloadEnd", "55": "execDetailsEnd", "57": "tickSnapshotEnd", "58": "marketDataType",
    "59": "commissionReport", "61": "position", "62": "positionEnd", "63": "accountSummary", "64": "accountSummaryEnd",
    "73": "accountUpdateMulti", "74": "accountUpdateMultiEnd", "81": "tickReqParams", "90": "historicalDataUpdate",
    "93": "marketRule", "101": "completedOrder", "102": "completedOrdersEnd",
}  # fmt: skip
MIN_TICK = "0.25"
MARKET_RULE = "67"
BID, ASK, LAST, BID_SIZE, ASK_SIZE, LAST_SIZE, VOLUME = 1, 2, 4, 0, 3, 5, 8
ORDER_TYPES = "ACTIVETIM,AD,ADJUST,ALERT,ALLOC,AVGCOST,BASKET,COND,CONDORDER,DAY,GAT,GTC,GTD,GTT,IOC,LMT,MKT,OCA,STP,STPLMT,WHATIF"


class Candle(NamedTuple):
    """A bar of any size as messages carry it: named by its open (UTC ns), prices in ticks, volume in contracts."""

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int

    @property
    def wap(self) -> float:
        """A stand-in for the volume-weighted price: the bar's typical price, in ticks."""
        return (self.high + self.low + self.close) / 3.0

    @property
    def count(self) -> int:
        """A stand-in for the number of trades: a third of the contracts."""
        return (self.volume + 2) // 3


def error(reference: int, code: int, text: str, advanced_json: str = "") -> list[str]:
    """An error or notice; `reference` is a request or order id, -1 for neither."""
    return ["4", "2", str(reference), str(code), text, advanced_json]


def managed_accounts(accounts: Iterable[str]) -> list[str]:
    """The accounts of the login."""
    return ["15", "1", ",".join(accounts)]


def next_valid_id(order_id: int) -> list[str]:
    """The next id this client may give an order."""
    return ["9", "1", str(order_id)]


def current_time(ts_ns: int) -> list[str]:
    """The gateway's clock in whole seconds."""
    return ["49", "1", str(ts_ns // SECOND_NS)]


def account_value(key: str, value: str, currency: str, account: str) -> list[str]:
    """One account value of reqAccountUpdates."""
    return ["6", "2", key, value, currency, account]


def account_time(ts_ns: int) -> list[str]:
    """When the account values were last worked out, hh:mm of US/Central."""
    return ["8", "1", zoned(ts_ns)[9:14]]


def account_update_multi(request_id: int, account: str, model: str, key: str, value: str, currency: str) -> list[str]:
    """One account value of reqAccountUpdatesMulti."""
    return ["73", "1", str(request_id), account, model, key, value, currency]


def account_summary(request_id: int, account: str, tag: str, value: str, currency: str) -> list[str]:
    """One value of reqAccountSummary."""
    return ["63", "1", str(request_id), account, tag, value, currency]


def portfolio(future: Future, holding: Holding, account: str) -> list[str]:
    """One position with its worth."""
    return [
        "7", "8", *contract_fields(future), str(holding.position), points(holding.price), money(holding.value_cents),
        money(holding.average_cost_cents), money(holding.unrealized_cents), money(holding.realized_cents), account,
    ]  # fmt: skip


class Holding(NamedTuple):
    """A position's worth: contracts (signed), price in ticks; cost includes the multiplier."""

    position: int
    price: float
    value_cents: float
    average_cost_cents: float
    unrealized_cents: float
    realized_cents: float


def position(future: Future, account: str, contracts: int, average_cost_cents: float) -> list[str]:
    """One position; average cost includes the multiplier."""
    return ["61", "3", account, *contract_fields(future, exchange=""), str(contracts), money(average_cost_cents)]


def contract_details(request_id: int, future: Future, hours: tuple[str, str], last_trade: str) -> list[str]:
    """A listed month; 40 fields. `last_trade` is `yyyymmdd hh:mm:ss zone` in the zone somebody chose."""
    return [
        "10", str(request_id), SYMBOL, SEC_TYPE, last_trade, "0", "", EXCHANGE, CURRENCY,
        future.local_symbol, SYMBOL, SYMBOL, str(future.con_id), MIN_TICK, MULTIPLIER, ORDER_TYPES, EXCHANGE, "1", "362687422",
        "Micro E-Mini S&P 500 Stock Price Index", "", future.month, "", "", "", ZONE_NAME, *hours, "", "0", "0", "2147483647",
        "MES", "IND", MARKET_RULE, future.expiry, "", "1", "1", "1",
    ]  # fmt: skip


def realtime_bar(request_id: int, candle: Candle, basis_ticks: int) -> list[str]:
    """A five-second bar, named by its open."""
    return [
        "50", "3", str(request_id), str(candle.open_ns // SECOND_NS),
        *(points(price + basis_ticks) for price in (candle.open, candle.high, candle.low, candle.close)),
        str(candle.volume), points(candle.wap + basis_ticks), str(candle.count),
    ]  # fmt: skip


def tick_price(request_id: int, kind: int, ticks: int, size: int) -> list[str]:
    """A bid, ask or last price with its size."""
    return ["1", "6", str(request_id), str(kind), points(ticks), str(size), "1"]


def tick_size(request_id: int, kind: int, size: int) -> list[str]:
    """A size, or the day's volume."""
    return ["2", "6", str(request_id), str(kind), str(size)]


def tick_req_params(request_id: int) -> list[str]:
    """The tick and the map of exchanges, sent before the first quote."""
    return ["81", str(request_id), MIN_TICK, "9c0001", "3"]


def market_data_type(request_id: int, kind: int) -> list[str]:
    """1 live, 2 frozen, 3 delayed."""
    return ["58", "1", str(request_id), str(kind)]


def market_rule(rule_id: str) -> list[str]:
    """The one rule: every price is a multiple of the tick."""
    return ["93", rule_id, "1", "0", MIN_TICK]


def historical_data(request_id: int, start: str, end: str, bars: list[tuple[str, Candle]], basis_ticks: int, volume: bool) -> list[str]:
    """Bars with their dates as text; without `volume` (quotes have none) volume, average and count are -1."""
    fields = ["17", str(request_id), start, end, str(len(bars))]
    for date, bar in bars:
        fields += [date, *(points(price + basis_ticks) for price in (bar.open, bar.high, bar.low, bar.close))]
        fields += [str(bar.volume), points(bar.wap + basis_ticks), str(bar.count)] if volume else ["-1", "-1", "-1"]
    return fields


def historical_update(request_id: int, date: str, bar: Candle, basis_ticks: int) -> list[str]:
    """The forming bar of keepUpToDate; the wire order is open, close, high, low."""
    prices = (bar.open, bar.close, bar.high, bar.low)
    wap = points(bar.wap + basis_ticks)
    return ["90", str(request_id), str(bar.count), date, *(points(price + basis_ticks) for price in prices), wap, str(bar.volume)]


def ending(kind: str, *fields: object) -> list[str]:
    """The end of a list of answers; `kind` is a name such as positionEnd."""
    number = _NUMBERS[kind]
    version = [] if kind == "completedOrdersEnd" else ["1"]
    return [number, *version, *map(str, fields)]


_NUMBERS = {name: number for number, name in KINDS.items()}
