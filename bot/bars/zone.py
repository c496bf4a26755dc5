"""Zones and clocks: a wall clock read in a zone, and the zones that are tried before one is named."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.errors import UsageError
from bot.units import HOUR_NS

NEW_YORK = "America/New_York"
CHICAGO = "America/Chicago"
CANDIDATES = (
    NEW_YORK,
    CHICAGO,
    "UTC",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
)
EPOCH = dt.date(1970, 1, 1)
SHOWN_DAYS = 3
Ints = npt.NDArray[np.int64]


def checked_zone(name: str) -> str:
    """The name of a zone. Raises UsageError with the nearest ones if there is none of that name."""
    import difflib

    known = available_timezones()
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    raise UsageError(f"--zone {name}: is no zone; {'did you mean ' + ' or '.join(near) if near else 'name one'} as in America/New_York.")


def from_wall(wall_ns: Ints, zone: str) -> Ints:
    """UTC ns of wall times (ns) in a zone; a doubled hour is its first, a skipped one moves forward."""
    wall = pd.DatetimeIndex(wall_ns)
    zoned = wall.tz_localize(ZoneInfo(zone), ambiguous=np.ones(len(wall), dtype=bool), nonexistent="shift_forward")
    return zoned.tz_convert("UTC").tz_localize(None).as_unit("ns").asi8


def new_york_wall(ts_ns: Ints) -> Ints:
    """New York wall times (ns) of moments in UTC ns."""
    return pd.DatetimeIndex(ts_ns).tz_localize("UTC").tz_convert(NEW_YORK).tz_localize(None).as_unit("ns").asi8


def offset_name(offset_ns: int) -> str:
    """`UTC`, `UTC-4`, `UTC+5.5`."""
    return "UTC" if offset_ns == 0 else f"UTC{offset_ns / HOUR_NS:+g}"


def date_of(day: int) -> str:
    """ISO date of a day since 1970."""
    return (EPOCH + dt.timedelta(days=int(day))).isoformat()


def shown_days(days: Ints) -> str:
    """The first few of some days since 1970, for a sentence."""
    more = f" and {len(days) - SHOWN_DAYS} more" if len(days) > SHOWN_DAYS else ""
    return ", ".join(date_of(day) for day in days[:SHOWN_DAYS]) + more
