"""Times that say one zone and mean another: found by where the session's shape would fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.errors import BarsFileError
from bot.units import HOUR_NS, MINUTE_NS

NEW_YORK = "America/New_York"
BREAK_NS = 45 * MINUTE_NS
MIN_MARKS = 2
MIN_LEAD = 3
CANDIDATES = (
    "America/New_York",
    "America/Chicago",
    "UTC",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
)


class Clock(NamedTuple):
    """A local clock beside each bar: day number, minute of the day, and whether a break of the feed ended with it."""

    day: npt.NDArray[np.int64]
    minute: npt.NDArray[np.int64]
    after_break: npt.NDArray[np.bool_]


def clock_of(local: pd.DatetimeIndex) -> Clock:
    """The clock of zoned times; a break is a silence of 45 minutes or more, and the first bar follows one."""
    wall_ns = local.tz_localize(None).as_unit("ns").asi8
    after_break = np.concatenate(([True], np.diff(local.as_unit("ns").asi8) >= BREAK_NS))
    return Clock(wall_ns // (24 * HOUR_NS), wall_ns // MINUTE_NS % (24 * 60), after_break)


def check_zone(name: str, ts_ns: npt.NDArray[np.int64], offset_ns: int, recognised: Callable[[Clock], int]) -> None:
    """Raises BarsFileError if the wall clock of the times fits another zone than the one written.

    `recognised` counts on how many days a New York clock shows the session's marks. Another
    zone must show at least two, and three times as many as the one written.
    """
    wall = pd.DatetimeIndex(ts_ns + offset_ns)
    as_written = recognised(_without_start(clock_of(pd.DatetimeIndex(ts_ns).tz_localize("UTC").tz_convert(NEW_YORK))))
    days = len(np.unique(wall.asi8 // (24 * HOUR_NS)))
    if as_written >= days:
        return
    votes = {zone: recognised(_without_start(_as_if(wall, zone))) for zone in CANDIDATES}
    best = max(votes, key=lambda zone: votes[zone])
    if votes[best] < max(MIN_MARKS, MIN_LEAD * as_written):
        return
    written = "UTC" if offset_ns == 0 else f"UTC{offset_ns / HOUR_NS:+g}"
    raise BarsFileError(
        f"{name}: times are written as {written}, but sessions start at 09:30 New York only if they are {best}; "
        f"write them with the offset of {best}."
    )


def _without_start(clock: Clock) -> Clock:
    """The clock without its first bar as the end of a break: a file may start anywhere."""
    return clock._replace(after_break=np.concatenate(([False], clock.after_break[1:])))


def _as_if(wall: pd.DatetimeIndex, zone: str) -> Clock:
    """A New York clock of wall times taken as those of `zone`; hours that a clock change doubles or skips are moved, not dropped."""
    zoned = wall.tz_localize(zone, ambiguous=np.ones(len(wall), dtype=bool), nonexistent="shift_forward")
    return clock_of(zoned.tz_convert(NEW_YORK))
