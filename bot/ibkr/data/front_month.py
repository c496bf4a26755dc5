"""Which delivery month is traded: chosen from what the broker lists, by the roll rule of session.yaml.

Never guessed from a symbol. From its roll date on a month is exit-only.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from bot.calendar import new_york
from bot.errors import CalendarError
from bot.ibkr.data.liquid_hours import Span, liquid_spans
from bot.ibkr.errors import AmbiguousContract, ContractExpired, ContractNotFound
from bot.units import SECOND_NS


class RollCalendar(Protocol):
    """What the roll asks of the calendar; bot.calendar.SessionCalendar gives it."""

    def roll_date(self, last_trade_date: dt.date) -> dt.date: ...


class Month(msgspec.Struct, frozen=True):
    """One delivery month as the broker details it. Times are UTC ns, dates the exchange's; `contract` is the library's own."""

    con_id: int
    local_symbol: str
    symbol: str
    exchange: str
    currency: str
    multiplier: float
    min_tick: float
    last_trade_date: dt.date
    expires_ns: int
    contract: Any
    liquid: tuple[Span, ...] | None = None  # the broker's own hours of these days; None: they cannot be read


def month_of(details: Any) -> Month:
    """A Month of a contract's details.

    The text of the last trade is written in the time zone that somebody chose for the gateway, and the library drops which one: in
    Sydney it is a day later. The real expiration date is the exchange's.
    """
    contract = details.contract
    written = contract.lastTradeDateOrContractMonth.split()[0][:8]
    real = details.realExpirationDate if len(details.realExpirationDate) == 8 and details.realExpirationDate.isdigit() else written
    date = dt.datetime.strptime(real, "%Y%m%d").date()
    told = getattr(details, "lastTradeTime", "") if real == written else ""
    time = dt.time.fromisoformat(told) if told else dt.time(16)
    moment = dt.datetime.combine(date, time, ZoneInfo(details.timeZoneId or "US/Central"))
    contract.lastTradeDateOrContractMonth = date.strftime("%Y%m%d")
    return Month(
        con_id=contract.conId,
        local_symbol=contract.localSymbol,
        symbol=contract.symbol,
        exchange=contract.exchange,
        currency=contract.currency,
        multiplier=float(contract.multiplier or 1),
        min_tick=details.minTick,
        last_trade_date=date,
        expires_ns=int(moment.timestamp()) * SECOND_NS,
        contract=contract,
        liquid=liquid_spans(details.liquidHours, details.timeZoneId),
    )


def exit_only_from(month: Month, calendar: RollCalendar) -> dt.date | None:
    """The day from which a month is exit-only; None if it is so far away that the calendar does not cover it."""
    try:
        return calendar.roll_date(month.last_trade_date)
    except CalendarError:
        return None


def front_month(months: list[Month], now_ns: int, calendar: RollCalendar, local_symbol: str = "") -> Month:
    """The month to trade at a moment (UTC ns, market time): the nearest one before its roll, or the one named.

    Raises ContractNotFound, ContractExpired or AmbiguousContract, each naming the candidates.
    """
    today = new_york(now_ns).date()
    listed = ", ".join(f"{month.local_symbol} (last trade {month.last_trade_date})" for month in months) or "nothing"
    if local_symbol:
        months = [month for month in months if month.local_symbol == local_symbol]
    if not months:
        raise ContractNotFound(f"no month {local_symbol or 'to trade'} is listed; found {listed}")
    alive = [month for month in months if _before_roll(month, today, calendar)]
    if not alive:
        raise ContractExpired(f"on {today} no month is before its roll; found {listed}")
    nearest = min(month.last_trade_date for month in alive)
    front = [month for month in alive if month.last_trade_date == nearest]
    if len(front) > 1:
        names = ", ".join(f"{month.local_symbol} at {month.exchange} (conId {month.con_id})" for month in front)
        raise AmbiguousContract(f"several contracts end on {nearest}: {names}")
    return front[0]


def _before_roll(month: Month, today: dt.date, calendar: RollCalendar) -> bool:
    roll = exit_only_from(month, calendar)
    return today < (roll if roll is not None else month.last_trade_date)
