"""Which regular sessions some bars hold: a session counts if it is whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import numpy as np

from bot.calendar import Session, SessionCalendar
from bot.errors import UsageError
from bot.market.bar import Bar
from bot.units import MINUTE_NS


def whole_sessions(bars: Sequence[Bar], calendar: SessionCalendar) -> list[Session]:
    """The calendar's sessions whose first and last minute are among the bars, in order; a half day ends at its own close.

    Promises nothing about the minutes between: what is missing there is a gap like any other.
    """
    closes = {bar.ts_ns for bar in bars}
    return [each for each in calendar.sessions if each.open_ns + MINUTE_NS in closes and each.close_ns in closes]


def sessions_with_bars(closes: Iterable[int], calendar: SessionCalendar) -> list[dt.date]:
    """The dates of the calendar's sessions of which there is any bar, in order; `closes` are the bars' (UTC ns, ascending)."""
    stamps = np.asarray(closes)
    first = np.searchsorted(stamps, [each.open_ns for each in calendar.sessions], side="right")
    last = np.searchsorted(stamps, [each.close_ns for each in calendar.sessions], side="right")
    return [dt.date.fromisoformat(each.date) for each, some in zip(calendar.sessions, last > first, strict=True) if some]


def session_of(bars: Sequence[Bar], calendar: SessionCalendar, wanted: dt.date | None, name: str) -> Session:
    """The whole session on the `wanted` date, or the last one there is; `name` says whose bars they are.

    Raises UsageError if there is none, and names those that there are.
    """
    held = whole_sessions(bars, calendar)
    if not held:
        raise UsageError(
            f"{name}: no whole regular session; bars from 09:30 to 16:00 New York (13:00 on half days) are needed: name a longer file."
        )
    if wanted is None:
        return held[-1]
    found = next((each for each in held if each.date == wanted.isoformat()), None)
    if found is None:
        raise UsageError(f"{name}: no whole regular session on {wanted}; {_there_is(held)}.")
    return found


def _there_is(held: list[Session]) -> str:
    if len(held) == 1:
        return f"there is one, on {held[0].date}"
    return f"there are {len(held)}, from {held[0].date} to {held[-1].date}"
