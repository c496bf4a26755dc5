"""The MES futures this gateway lists: quarterly months, which is the front one, and how a query finds them.

conId is made up and stable: 700,000,000 + the month as yyyymm. Later months trade `BASIS_TICKS`
above the one before, so that two months can be in the book at once. Dates are exchange dates.
"""

from __future__ import annotations

import datetime as dt
from itertools import takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.calendar import SessionCalendar, expiries_from, new_york
from bot.errors import CalendarError
from bot.gateway.requests import ContractQuery
from bot.units import SECOND_NS

CENTRAL = ZoneInfo("America/Chicago")
ZONE_NAME = "US/Central"
SYMBOL, SEC_TYPE, EXCHANGE, CURRENCY, MULTIPLIER = "MES", "FUT", "CME", "USD", "5"
MONTH_CODES = {3: "H", 6: "M", 9: "U", 12: "Z"}
LISTED = 3
BASIS_TICKS = 220  # a quarter's carry, about 55 points
HOURS_DAYS = 7


class Future(NamedTuple):
    """One listed month. `basis_ticks` is its price above the replayed bars, which are the front month's."""

    con_id: int
    local_symbol: str
    month: str
    last_trade_date: dt.date
    basis_ticks: int

    @property
    def expiry(self) -> str:
        """yyyymmdd, as messages name it."""
        return self.last_trade_date.strftime("%Y%m%d")


class Instruments:
    """The months listed over a replay, the front one of its first `date` to two beyond that of its `last`, by the roll rule of
    session.yaml. Which of them has ended meanwhile is a fault's to say (verb expire)."""

    def __init__(self, calendar: SessionCalendar, date: dt.date, last: dt.date) -> None:
        self.calendar = calendar
        self.expired: set[str] = set()  # local symbols that a fault has declared expired
        front = self._front(date)
        first = _quarters_from(date)
        index = next(place for place, day in enumerate(first) if day == front)
        listed = first.index(self._front(last)) + LISTED
        self.futures = [_future(day, BASIS_TICKS * (place - index)) for place, day in enumerate(first[:listed])]
        self.front = self.futures[index]

    def find(self, query: ContractQuery) -> list[Future]:
        """The listed months that a query means: none, one, or several if it is ambiguous."""
        return [future for future in self.futures if _matches(query, future) and (query.include_expired or self.listed(future))]

    def by_symbol(self, local_symbol: str) -> Future | None:
        """The month with this local symbol, or the front month for "MES"; None if there is none."""
        if local_symbol == SYMBOL:
            return self.front
        return next((future for future in self.futures if future.local_symbol == local_symbol), None)

    def listed(self, future: Future) -> bool:
        """Whether it can still be traded."""
        return future.local_symbol not in self.expired

    def hours(self, ts_ns: int) -> tuple[str, str]:
        """tradingHours and liquidHours of the week from this moment's date, in US/Central as IB writes them."""
        first = new_york(ts_ns).date()
        dates = [first + dt.timedelta(days=day) for day in range(HOURS_DAYS)]
        globex = _by_date(self.calendar.globex_hours)
        liquid = _by_date([(session.open_ns, session.close_ns) for session in self.calendar.sessions])
        return _spans(dates, globex), _spans(dates, liquid)

    def _front(self, date: dt.date) -> dt.date:
        """Last trade date of the front month: the first whose roll date has not come."""
        for last_trade in _quarters_from(date):
            try:
                roll = self.calendar.roll_date(last_trade)
            except CalendarError:
                return last_trade  # so far away that its roll is not near either
            if date < roll:
                return last_trade
        raise CalendarError(f"No MES month is in front on {date}.")


def _future(last_trade: dt.date, basis_ticks: int) -> Future:
    symbol = f"{SYMBOL}{MONTH_CODES[last_trade.month]}{last_trade.year % 10}"
    month = last_trade.strftime("%Y%m")
    return Future(700_000_000 + int(month), symbol, month, last_trade, basis_ticks)


def _quarters_from(date: dt.date) -> list[dt.date]:
    """The expiries of two years from this date on."""
    end = (date.year + 2) * 12 + date.month
    return list(takewhile(lambda expiry: expiry.year * 12 + expiry.month < end, expiries_from(date)))


def _matches(query: ContractQuery, future: Future) -> bool:
    said = (
        (query.con_id, query.con_id == future.con_id),
        (query.symbol, query.symbol == SYMBOL),
        (query.sec_type, query.sec_type == SEC_TYPE),
        (query.exchange, query.exchange == EXCHANGE),
        (query.primary_exchange, query.primary_exchange == EXCHANGE),
        (query.currency, query.currency == CURRENCY),
        (query.multiplier, query.multiplier == MULTIPLIER),
        (query.local_symbol, query.local_symbol == future.local_symbol),
        (query.trading_class, query.trading_class == SYMBOL),
        (query.expiry, future.expiry.startswith(query.expiry.split()[0]) if query.expiry.split() else True),
    )
    named = bool(query.con_id or query.symbol or query.local_symbol)
    return named and all(right for value, right in said if value)


def _by_date(spans: list[tuple[int, int]]) -> dict[dt.date, tuple[int, int]]:
    return {new_york(end).date(): (start, end) for start, end in spans}


def _spans(dates: list[dt.date], spans: dict[dt.date, tuple[int, int]]) -> str:
    parts = []
    for date in dates:
        if date in spans:
            start, end = (dt.datetime.fromtimestamp(moment // SECOND_NS, CENTRAL) for moment in spans[date])
            parts.append(f"{start:%Y%m%d:%H%M}-{end:%Y%m%d:%H%M}")
        else:
            parts.append(f"{date:%Y%m%d}:CLOSED")
    return ";".join(parts)
