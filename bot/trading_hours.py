"""The hours that the calendar libraries and session.yaml give each date, before anything is asked of them.

The strictest wins: what all sources allow. Times are UTC nanoseconds.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.errors import CalendarError
from bot.units import SECOND_NS

if TYPE_CHECKING:
    from bot.contracts.models import SessionContract

NEW_YORK = ZoneInfo("America/New_York")
_MARGIN = dt.timedelta(days=14)  # the libraries refuse a range without a session; a fortnight always holds one
Spans = dict[dt.date, tuple[int, int]]  # date -> (open, close)


@lru_cache(maxsize=256)  # a strategy asks on each bar of a session
def clock_ns(date: dt.date, time: dt.time) -> int:
    """UTC nanoseconds of a New York wall time on a date."""
    return int(dt.datetime.combine(date, time, NEW_YORK).timestamp()) * SECOND_NS


def library_spans(contract: SessionContract, first: dt.date, last: dt.date) -> tuple[Spans, Spans]:
    """RTH and Globex hours of each date the libraries call open, the caller's own: RTH is what all of them and rth allow.

    Raises CalendarError.
    """
    rth, globex = _library_spans(contract.calendars.rth, contract.calendars.globex, contract.rth.open, contract.rth.close, first, last)
    return dict(rth), dict(globex)


@lru_cache(maxsize=64)
def _library_spans(
    stocks_name: str, futures_name: str, opens: dt.time, closes: dt.time, first: dt.date, last: dt.date
) -> tuple[Spans, Spans]:
    """Kept: the libraries take a third of a second, and a start asks several times."""
    import exchange_calendars  # both take a second to import: only who needs a calendar pays
    import pandas as pd
    import pandas_market_calendars

    try:
        stocks = exchange_calendars.get_calendar(stocks_name, start=first - _MARGIN, end=last + _MARGIN).schedule
        futures = pandas_market_calendars.get_calendar(futures_name).schedule(first - _MARGIN, last + _MARGIN)
    except (ValueError, RuntimeError, exchange_calendars.errors.CalendarError) as error:
        raise CalendarError(f"No calendar from {first} to {last}: {error}; ask for dates and names that the libraries know.") from error
    range_ = slice(pd.Timestamp(first), pd.Timestamp(last))
    table = stocks.loc[range_, ["open", "close"]].join(futures.loc[range_], how="outer")
    moments = {name: pd.DatetimeIndex(table[name]).as_unit("ns").asi8.tolist() for name in table.columns}
    stocks_open, futures_open = table["open"].notna().tolist(), table["market_open"].notna().tolist()
    rth: Spans = {}
    globex: Spans = {}
    for row, date in enumerate(table.index.date):
        if futures_open[row]:
            globex[date] = (moments["market_open"][row], moments["market_close"][row])
        if stocks_open[row] and futures_open[row]:
            regular = clock_ns(date, opens), clock_ns(date, closes)
            _narrow(rth, date, (moments["open"][row], moments["close"][row]), globex[date], regular)
    return rth, globex


def _narrow(spans: Spans, date: dt.date, *hours: tuple[int, int]) -> None:
    """Keep what all hours have in common on a date: latest open, earliest close, or nothing."""
    span = max(hour[0] for hour in hours), min(hour[1] for hour in hours)
    spans.pop(date, None)
    if span[0] < span[1]:
        spans[date] = span


def apply_overrides(contract: SessionContract, rth: Spans, globex: Spans) -> None:
    """Overrides only take away. A date shut by one has Globex hours up to the regular open at most."""
    for row in contract.overrides:
        if row.open is not None and row.close is not None:
            if row.date in rth:
                _narrow(rth, row.date, rth[row.date], (clock_ns(row.date, row.open), clock_ns(row.date, row.close)))
            continue
        rth.pop(row.date, None)
        if row.date in globex:
            start = globex[row.date][0]
            _narrow(globex, row.date, globex[row.date], (start, clock_ns(row.date, contract.rth.open)))
