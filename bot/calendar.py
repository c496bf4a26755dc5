"""Trading days and their hours (spec 2, session.yaml); see SessionCalendar.

Two libraries know the holidays: `exchange_calendars` XNYS the stock market's sessions, and
`pandas_market_calendars` "CME Globex Equity" the futures' hours. Neither is right alone: on
Martin Luther King day or Juneteenth CME trades until 13:00, on half days until 13:15, on Good
Fridays until 09:15 says the library (in most years CME is shut), and it trades through the day of
mourning of 2025-01-09. So the strictest wins, and session.yaml: overrides can only take away.

Everything is worked out once into sorted lists of moments; each question is one binary
search (well below a microsecond), right for any order of asking. Times are UTC nanoseconds.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from bot.errors import CalendarError
from bot.trading_hours import NEW_YORK, apply_overrides, clock_ns, library_spans
from bot.units import MINUTE_NS, SECOND_NS

if TYPE_CHECKING:
    from bot.contracts.models import SessionContract

PRE_MARKET, AFTER_HOURS = 0, 6
OUTSIDE_SESSION, LATE = "outside session", "late"


QUARTER_MONTHS = (3, 6, 9, 12)


def expiries_from(date: dt.date) -> Iterator[dt.date]:
    """The days on which contracts of the S&P 500 future expire, from a date on: the third Fridays of quarter months, without end."""
    for year in count(date.year):
        for month in QUARTER_MONTHS:
            first = dt.date(year, month, 1)
            expiry = first + dt.timedelta(days=(4 - first.weekday()) % 7 + 14)
            if expiry >= date:
                yield expiry


class Session(msgspec.Struct, frozen=True, gc=False):
    """One RTH session. Times are UTC nanoseconds; the date is the CME trading date, ISO."""

    date: str
    open_ns: int
    close_ns: int
    half_day: bool


class TradingDay(msgspec.Struct, frozen=True, gc=False):
    """One CME trading day, [start_ns, end_ns): from 18:00 New York the evening before to 18:00.

    Monday's begins on Friday 18:00, so that the days tile time. `week` is the ISO week of the
    date ("2025-W38"), `month` its month ("2025-09"). A holiday keeps its own date.
    """

    date: str
    week: str
    month: str
    start_ns: int
    end_ns: int


class _Day(msgspec.Struct, frozen=True):
    """What session.yaml says of one session, as moments."""

    no_entry: tuple[tuple[int, int, str], ...]
    last_entry_ns: int
    flatten_ns: int
    flat_by_ns: int


def new_york(ts_ns: int) -> dt.datetime:
    """The moment as New York wall time (aware, whole microseconds)."""
    seconds, rest = divmod(ts_ns, SECOND_NS)
    moment = dt.datetime.fromtimestamp(seconds, NEW_YORK)
    return moment.replace(microsecond=rest // 1000) if rest else moment


class SessionCalendar:
    """Sessions, trading days and windows of the dates `first`..`last` (both included).

    Bars are asked about by their close, decisions by their time: a bar closing at 16:00 is
    of the session (open, close], a decision at 16:00 is after hours [close, ...).

    A moment that is not covered has no session: `session_at` says None, `globex_open` False and
    `phase` 0, so that the bot observes only. Questions that need an answer raise
    CalendarError: `trading_day`, `roll_date`, and any about a foreign session.

    Promises nothing about halts, outages or closures that neither library nor override knows.
    Source: session.yaml.
    """

    def __init__(self, contract: SessionContract, first: dt.date, last: dt.date) -> None:
        if last < first:
            raise CalendarError(f"Calendar from {first} to {last}: the last date must not be before the first; swap them.")
        self.contract = contract
        self.first, self.last = first, last
        rth, globex = library_spans(contract, first, last)
        apply_overrides(contract, rth, globex)
        dates = sorted(rth)
        regular = contract.rth
        self.sessions: list[Session] = [
            Session(date.isoformat(), *rth[date], rth[date] != (clock_ns(date, regular.open), clock_ns(date, regular.close)))
            for date in dates
        ]
        self._dates = [session.date for session in self.sessions]
        self._index = {date: index for index, date in enumerate(self._dates)}
        self._opens = [session.open_ns for session in self.sessions]
        self._closes = [session.close_ns for session in self.sessions]
        self.globex_hours: list[tuple[int, int]] = [globex[date] for date in sorted(globex)]
        self._globex = [moment for hours in self.globex_hours for moment in hours]
        self._days = [self._rules(date, session) for date, session in zip(dates, self.sessions, strict=True)]
        self._phase_starts, self._phase_codes = self._phase_steps(dates)
        self._phase_names = {PRE_MARKET: "pre-market", AFTER_HOURS: "after hours", **{p.code: p.name for p in contract.phases}}
        self._trading_days = _trading_days(first, last, contract.trading_day_starts)
        self._day_starts = [day.start_ns for day in self._trading_days]

    # ------------------------------------------------------------------ sessions

    def session_at(self, ts_ns: int) -> Session | None:
        """The session in which a bar with this close lies, (open, close]; None outside, or outside the range covered."""
        index = bisect_left(self._closes, ts_ns)
        if index == len(self.sessions) or self._opens[index] >= ts_ns:
            return None
        return self.sessions[index]

    def closed_until(self, ts_ns: int) -> tuple[bool, int]:
        """Whether a bar with this close lies in no session, and the last close (included) up to which that holds within its trading day.
        Raises CalendarError outside the range covered."""
        index = bisect_left(self._closes, ts_ns)
        if index < len(self.sessions) and self._opens[index] < ts_ns:
            return False, self._closes[index]
        day_end_ns = self.trading_day(ts_ns).end_ns - 1
        return True, day_end_ns if index == len(self.sessions) else min(self._opens[index], day_end_ns)

    def minute_of_session(self, session: Session, ts_ns: int) -> int:
        """Whole minutes since the open: 1 for the first bar, 390 for the last one of a full day."""
        return (ts_ns - session.open_ns) // MINUTE_NS

    # --------------------------------------------------------------- trading days

    def trading_day(self, ts_ns: int) -> TradingDay:
        """The CME trading day of a moment. Raises CalendarError outside the range covered."""
        index = bisect_right(self._day_starts, ts_ns) - 1
        if index < 0 or ts_ns >= self._trading_days[index].end_ns:
            raise self._not_covered(f"the trading day of {new_york(ts_ns):%Y-%m-%d %H:%M} New York")
        return self._trading_days[index]

    def globex_open(self, ts_ns: int) -> bool:
        """Whether a bar closing at this moment lies in CME's trading hours; False outside the range covered.

        Hours are the CME calendar's: 18:00 to 17:00 New York, shorter on holidays.
        """
        return bisect_left(self._globex, ts_ns) % 2 == 1

    def open_within(self, after_ns: int, until_ns: int) -> bool:
        """Whether CME's hours have a part in (after, until]; outside the range covered they may."""
        index = bisect_right(self._globex, after_ns)
        if index == 0 or index == len(self._globex):
            return True
        return index % 2 == 1 or self._globex[index] < until_ns

    def roll_date(self, last_trade_date: dt.date) -> dt.date:
        """The day from which a contract is exit-only: so many RTH sessions before its last trade date.

        Raises CalendarError if the sessions before that date are not covered. Source: session.yaml: roll.
        """
        index = bisect_left(self._dates, last_trade_date.isoformat())
        index -= self.contract.roll.trading_days_before_last
        if index < 0 or not self.first <= last_trade_date <= self.last:
            raise self._not_covered(f"the roll before {last_trade_date}")
        return dt.date.fromisoformat(self.sessions[index].date)

    # ------------------------------------------------------------ windows and phases

    def phase(self, ts_ns: int) -> int:
        """Phase code of a decision at this moment, windows half-open: at 10:30:00 it is phase 2.

        6 from a session's close (included) to 18:00 New York; 0 everywhere else outside a session.
        """
        return self._phase_codes[bisect_right(self._phase_starts, ts_ns)]

    def phase_name(self, code: int) -> str:
        """Name of a phase code 0..6, as records give the time of day."""
        return self._phase_names[code]

    def entry_refusal(self, session: Session | None, ts_ns: int) -> str | None:
        """Why no entry may be decided at this moment; None if it may.

        "outside session" before the open and from the close on, the reason of the no-entry window,
        or "late" from `last_entry_minutes_before_close` before the close.
        """
        if session is None or not session.open_ns <= ts_ns < session.close_ns:
            return OUTSIDE_SESSION
        day = self._days[self._index_of(session)]
        if ts_ns >= day.last_entry_ns:
            return LATE
        return next((reason for start, end, reason in day.no_entry if start <= ts_ns < end), None)

    def entry_window(self, ts_ns: int) -> tuple[str, int]:
        """Why no entry may be decided on the bar with this close ("" if it may), and when entries stop next (UTC ns)."""
        session = self.session_at(ts_ns)
        if session is None:
            return OUTSIDE_SESSION, ts_ns
        return self.entry_refusal(session, ts_ns) or "", self.entry_window_end_ns(session, ts_ns)

    def entry_window_end_ns(self, session: Session, ts_ns: int) -> int:
        """When entries stop next after this moment: the next no-entry window's start or the last-entry cut-off.

        After the cut-off it is the cut-off.
        """
        day = self._days[self._index_of(session)]
        return min([start for start, _, _ in day.no_entry if start > ts_ns] + [day.last_entry_ns])

    def last_entry_ns(self, session: Session) -> int:
        """From here on no entries."""
        return self._days[self._index_of(session)].last_entry_ns

    def flatten_ns(self, session: Session) -> int:
        """Close of the bar on which flattening is decided."""
        return self._days[self._index_of(session)].flatten_ns

    def flatten_due(self, session: Session | None, ts_ns: int) -> bool:
        """Whether a position must be left on the bar stamped `ts_ns` (UTC ns): from the flatten time on, and outside any session."""
        return session is None or ts_ns >= self.flatten_ns(session)

    def flat_by_ns(self, session: Session) -> int:
        """From here on no position."""
        return self._days[self._index_of(session)].flat_by_ns

    # -------------------------------------------------------------------- building

    def _rules(self, date: dt.date, session: Session) -> _Day:
        contract, close = self.contract, session.close_ns
        windows = tuple((clock_ns(date, w.start), clock_ns(date, w.end), w.reason) for w in contract.no_entry)
        return _Day(
            no_entry=windows,
            last_entry_ns=close - contract.last_entry_minutes_before_close * MINUTE_NS,
            flatten_ns=close - contract.flatten_minutes_before_close * MINUTE_NS,
            flat_by_ns=close - contract.flat_minutes_before_close * MINUTE_NS,
        )

    def _phase_steps(self, dates: list[dt.date]) -> tuple[list[int], list[int]]:
        """Moments at which the phase changes, and the phase before the first and after each."""
        starts: list[int] = []
        codes = [PRE_MARKET]
        for date, session in zip(dates, self.sessions, strict=True):
            steps = [(max(clock_ns(date, phase.start), session.open_ns), phase.code) for phase in self.contract.phases]
            steps = [step for step in steps if step[0] < session.close_ns]
            steps += [(session.close_ns, AFTER_HOURS), (clock_ns(date, self.contract.trading_day_starts), PRE_MARKET)]
            starts += [moment for moment, _ in steps]
            codes += [code for _, code in steps]
        return starts, codes

    def _index_of(self, session: Session) -> int:
        index = self._index.get(session.date)
        if index is None:
            raise self._not_covered(f"the session of {session.date}")
        return index

    def _not_covered(self, what: str) -> CalendarError:
        return CalendarError(
            f"The calendar covers {self.first} to {self.last} and cannot tell {what}; build it over a range that holds that date."
        )


def _trading_days(first: dt.date, last: dt.date, starts: dt.time) -> list[TradingDay]:
    """The trading days dated first..last; a weekend at the end belongs to the Monday after."""
    days = []
    date, end = first, last + dt.timedelta(days=(0, 0, 0, 0, 0, 2, 1)[last.weekday()])
    while date <= end:
        if date.weekday() < 5:
            eve = date - dt.timedelta(days=3 if date.weekday() == 0 else 1)
            year, week, _ = date.isocalendar()
            days.append(TradingDay(date.isoformat(), f"{year}-W{week:02d}", f"{date:%Y-%m}", clock_ns(eve, starts), clock_ns(date, starts)))
        date += dt.timedelta(days=1)
    return days


def sessions_after(ts_ns: int, contract: SessionContract) -> Callable[[int], str]:
    """A function from n >= 1 to the date (ISO) of the n-th session after the day of a moment; "" if no calendar covers it."""
    day = new_york(ts_ns).date()

    def date_of(sessions: int) -> str:
        try:
            ahead = SessionCalendar(contract, day, day + dt.timedelta(days=2 * sessions + 14))
        except CalendarError:
            return ""
        later = [session.date for session in ahead.sessions if session.date > day.isoformat()]
        return later[sessions - 1] if len(later) >= sessions else ""

    return date_of
