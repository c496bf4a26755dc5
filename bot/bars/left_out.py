"""Days of a file that a person leaves out."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection

import numpy as np

from bot.bars.passport import Finding, Severity
from bot.bars.table import Table
from bot.bars.times import Times
from bot.bars.zone import Ints, new_york_wall
from bot.plural import counted

DAY_STARTS = np.timedelta64(6, "h")  # before midnight, New York


def days_of(ts_ns: Ints) -> np.ndarray:
    """The day of each moment (UTC ns): it runs from 18:00 New York the evening before to 18:00, a Saturday's and a Sunday's, too."""
    return (new_york_wall(ts_ns).astype("datetime64[ns]") + DAY_STARTS).astype("datetime64[D]")


def leave_out(table: Table, times: Times, without: Collection[dt.date]) -> tuple[Table, Times, list[Finding]]:
    """The rows of all other days, and a note for each day that had some. Raises BarsFileError if none is left."""
    if not without:
        return table, times, []
    days = days_of(times.ts_ns)
    found = [_told(day, rows) for day in sorted(without) if (rows := int((days == np.datetime64(day)).sum()))]
    keep = ~np.isin(days, np.asarray(sorted(without), dtype="datetime64[D]"))
    if not keep.any():
        raise table.fault(None, "has no rows beside those of the days that --without leaves out; leave out fewer")
    places = np.arange(len(keep)) if table.rows is None else table.rows
    kept = dataclasses.replace(table, frame=table.frame[keep].reset_index(drop=True), rows=places[keep])
    return kept, times._replace(ts_ns=times.ts_ns[keep], wall_ns=times.wall_ns[keep]), found


def _told(day: dt.date, rows: int) -> Finding:
    return Finding(
        "LEFT_OUT", Severity.NOTE, f"{counted(rows, 'row')} of {day} {'was' if rows == 1 else 'were'} left out, as --without says"
    )
