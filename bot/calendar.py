"""Trading days and their hours (spec 2, session.yaml); see SessionCalendar."""

from __future__ import annotations

import msgspec


class Session(msgspec.Struct, frozen=True, gc=False):
    """One RTH session. Times are UTC nanoseconds; the date is the CME trading date, ISO."""

    date: str
    open_ns: int
    close_ns: int
    half_day: bool
