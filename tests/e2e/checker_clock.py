"""The checker's own clock: New York, CME's trading days, and a plain table of the tested dates' regular hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
CLOSED = {date(2025, 1, 1), date(2025, 1, 9), date(2025, 1, 20), date(2025, 2, 17), date(2025, 4, 18), date(2025, 5, 26)} | {
    date(2025, 6, 19),
    date(2025, 7, 4),
    date(2025, 9, 1),
    date(2025, 11, 27),
    date(2025, 12, 25),
}
CLOSED |= {date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 4, 3), date(2026, 5, 25), date(2026, 6, 19)}
CLOSED |= {date(2026, 7, 3), date(2026, 9, 7), date(2026, 11, 26), date(2026, 12, 25)}
HALF_DAYS = {date(2025, 7, 3), date(2025, 11, 28), date(2025, 12, 24), date(2026, 11, 27), date(2026, 12, 24)}
FIRST, LAST = date(2025, 1, 1), date(2026, 12, 31)  # what the table covers


def new_york(ts: int) -> datetime:
    """Wall clock in New York of UTC ns."""
    return datetime.fromtimestamp(ts // SECOND, UTC).astimezone(NEW_YORK)


def stamp(day: date, clock: time) -> int:
    """UTC ns of a New York clock time."""
    return round(datetime.combine(day, clock, NEW_YORK).timestamp()) * SECOND


@lru_cache(maxsize=4096)
def hours(day: date) -> tuple[int, int] | None:
    """Open and close of the regular session of a date, UTC ns; None if there is none."""
    assert FIRST <= day <= LAST, f"the checker's table does not cover {day}"
    if day.weekday() >= 5 or day in CLOSED:
        return None
    return stamp(day, time(9, 30)), stamp(day, time(13) if day in HALF_DAYS else time(16))


def session(ts: int) -> tuple[int, int] | None:
    """Open and close of the session that a bar stamped `ts` belongs to (open < ts <= close)."""
    found = hours(new_york(ts).date())
    return found if found and found[0] < ts <= found[1] else None


def outside_hours(ts: int) -> bool:
    """Whether CME is shut on the minute that a bar stamped `ts` closes: 17:00 to 18:00, at weekends, from 13:00 on a holiday."""
    moment = new_york(ts)
    clock, weekday = moment.time(), moment.weekday()
    shut = time(13) if moment.date() in CLOSED else time(17)
    begun = (weekday < 5 and clock > shut) or weekday == 5
    return (begun and (weekday >= 4 or clock <= time(18))) or (weekday == 6 and clock <= time(18))


def trading_day(ts: int) -> date:
    """CME's trading day of a bar stamped `ts`: it turns at 18:00, and skips weekends."""
    moment = new_york(ts - 1) + timedelta(hours=6)
    day = moment.date()
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def may_enter(ts: int) -> bool:
    """Whether an entry may be decided at `ts`: [09:35, 11:30) or [13:30, 15:54), and until 6 minutes before an early close."""
    found = hours(new_york(ts).date())
    if found is None:
        return False
    opened, closed = found
    clock = new_york(ts).time()
    morning, afternoon = time(9, 35) <= clock < time(11, 30), time(13, 30) <= clock
    return (morning or afternoon) and opened < ts < closed - 6 * MINUTE


def rth_minute(ts: int) -> float:
    """Minutes of regular trading since the table's beginning; stands still outside sessions."""
    day = new_york(ts).date()
    found = hours(day)
    inside = 0 if found is None else min(max(ts, found[0]), found[1]) - found[0]
    return _before(day) + inside / MINUTE


@lru_cache(maxsize=4096)
def _before(day: date) -> float:
    if day == FIRST:
        return 0.0
    previous = day - timedelta(days=1)
    found = hours(previous)
    return _before(previous) + ((found[1] - found[0]) / MINUTE if found else 0.0)
