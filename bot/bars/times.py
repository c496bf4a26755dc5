"""What a table's times say: moments in UTC, the wall clock as written, and the zone they were written in."""

from __future__ import annotations

import re
from typing import NamedTuple
from zoneinfo import available_timezones

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.bars.table import Table
from bot.bars.zone import Ints, from_wall, offset_name
from bot.units import MINUTE_NS

NAMED_ZONE = r"^(.*\d) ([A-Za-z][A-Za-z_]*(?:/[A-Za-z_]+)*)$"  # as in 20250930 09:30:00 US/Eastern
IB_UTC = "%Y%m%d-%H:%M:%S"  # the form of IB's API for times in UTC
ZONE = r"[T ].*(?:Z|[+-]\d\d(?::?\d\d)?)$"
HOW_TO_WRITE_TIMES = "write times as 2025-09-15T13:30:00Z or 2025-09-15T09:30:00-04:00"
SAY_ZONE = f"say --zone (--zone America/New_York), or {HOW_TO_WRITE_TIMES}"
SATURDAY = 5  # no bar lies on one
EPOCHS = ((1e8, 1e10, 10**9), (1e11, 1e13, 10**6), (1e14, 1e16, 10**3), (1e17, 1e19, 1))  # from, below, nanoseconds in one


class Times(NamedTuple):
    """Times of all rows. `ts_ns` are UTC ns as read, `wall_ns` the clock as it stands in the file, `zone` how people call its zone.

    `named` says that a person named the zone (--zone), `stated` that this overruled what the file says.
    """

    ts_ns: Ints
    wall_ns: Ints
    zone: str
    stated: bool
    named: bool


def times_of(table: Table, zone: str | None) -> Times:
    """The times; `zone` is the person's.

    Raises BarsFileError naming the row of a time that is missing, unreadable, without a zone or off the minute.
    """
    wall_ns, offsets_ns = _written(table)
    ragged = first_true(wall_ns % MINUTE_NS != 0)
    if ragged is not None:
        shown = shown_time(table, ragged)
        raise table.fault(ragged, f"timestamp {shown} is not on a whole minute; one-minute bars are needed")
    if zone is not None:
        return Times(from_wall(wall_ns, zone), wall_ns, f"{zone}, as --zone says", offsets_ns is not None, True)
    if offsets_ns is not None:
        return Times(wall_ns - offsets_ns, wall_ns, f"{_offset_names(offsets_ns)} as written", False, False)
    if table.format.zone is not None:
        return Times(from_wall(wall_ns, table.format.zone), wall_ns, f"{table.format.zone}, {table.format.title}'s own", False, False)
    raise table.fault(0, f"timestamp '{shown_time(table, 0)}' has no time zone; {SAY_ZONE}")


def shown_time(table: Table, row: int) -> str:
    """A row's time as it stands in the file."""
    if "timestamp" in table.frame:
        return table.shown("timestamp", row)
    return f"{table.shown('date', row)} {table.shown('time', row)}"


def _offset_names(offsets_ns: Ints) -> str:
    return " and ".join(offset_name(int(each)) for each in np.unique(offsets_ns)[:3])


def _written(table: Table) -> tuple[Ints, Ints | None]:
    """Wall times and offsets from UTC in ns; None if the times carry no zone."""
    names = ["timestamp"] if "timestamp" in table.frame else ["date", "time"]
    for name in names:
        empty = first_true(table.frame[name].isna())
        if empty is not None:
            raise table.fault(empty, f"the {name} is missing; {HOW_TO_WRITE_TIMES}")
    if len(names) == 2:
        text = table.frame["date"].astype("str").str.strip() + " " + table.frame["time"].astype("str").str.strip()
        return _by_pattern(table, text), None
    column = table.frame["timestamp"]
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        wall, moments = _ns(column.dt.tz_localize(None)), _ns(column.dt.tz_convert("UTC").dt.tz_localize(None))
        return wall, wall - moments
    if pd.api.types.is_datetime64_any_dtype(column):
        return _ns(column), None
    if pd.api.types.is_numeric_dtype(column):
        return _epoch(table, column), np.zeros(len(column), dtype=np.int64)
    text = column.astype("str").str.strip()
    if table.format.patterns:
        return _by_pattern(table, text), None
    if table.format.name == "ib" and not pd.isna(pd.to_datetime(text.iloc[0], format=IB_UTC, errors="coerce")):
        return _in_utc(table, text)
    return _by_named_zone(table, text) if re.match(NAMED_ZONE, text.iloc[0]) else _iso(table, text)


def _in_utc(table: Table, text: pd.Series) -> tuple[Ints, Ints]:
    times = pd.to_datetime(text, format=IB_UTC, errors="coerce")
    unreadable = first_true(times.isna())
    if unreadable is not None:
        raise table.fault(unreadable, f"timestamp '{text.iloc[unreadable]}' is not written as the first is; {HOW_TO_WRITE_TIMES}")
    return _ns(times), np.zeros(len(times), dtype=np.int64)


def _by_named_zone(table: Table, text: pd.Series) -> tuple[Ints, Ints]:
    """Wall times with the name of their zone behind them, one zone in all rows."""
    parts = text.str.extract(NAMED_ZONE)
    zone = str(parts[1].iloc[0])
    if zone not in available_timezones():
        raise table.fault(0, f"timestamp '{text.iloc[0]}' names a zone that is not known; {HOW_TO_WRITE_TIMES}")
    other = first_true(parts[1] != zone)
    if other is not None:
        raise table.fault(other, f"timestamp '{text.iloc[other]}' is not in the zone of the first row, {zone}; {HOW_TO_WRITE_TIMES}")
    times = pd.to_datetime(parts[0].str.replace("  ", " ", regex=False), format="ISO8601", errors="coerce")
    unreadable = first_true(times.isna())
    if unreadable is not None:
        raise table.fault(unreadable, _unreadable(text.iloc[unreadable]))
    wall_ns = _ns(times)
    return wall_ns, wall_ns - from_wall(wall_ns, zone)


def _ns(column: pd.Series) -> Ints:
    return column.to_numpy().astype("datetime64[ns]").astype(np.int64)


def _epoch(table: Table, column: pd.Series) -> Ints:
    """Seconds, milli-, micro- or nanoseconds since 1970, told apart by their size."""
    if not table.format.epoch:
        raise table.fault(0, f"timestamp {table.shown('timestamp', 0)} is a number; {HOW_TO_WRITE_TIMES}")
    first = float(column.iloc[0])
    unit = next((each for low, high, each in EPOCHS if low <= first < high), None)
    if unit is None or not pd.api.types.is_integer_dtype(column):
        raise table.fault(0, f"timestamp {table.shown('timestamp', 0)} is no whole time since 1970; {HOW_TO_WRITE_TIMES}")
    values = column.to_numpy(dtype=np.int64)
    low, high = next((low, high) for low, high, each in EPOCHS if each == unit)
    other = first_true((values < low) | (values >= high))
    if other is not None:
        raise table.fault(other, f"timestamp {values[other]} is not in the unit of the first row; {HOW_TO_WRITE_TIMES}")
    return values * unit


def _iso(table: Table, text: pd.Series) -> tuple[Ints, Ints | None]:
    """ISO 8601 with a zone on every row or on none."""
    times = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    unreadable = first_true(times.isna())
    if unreadable is not None:
        raise table.fault(unreadable, _unreadable(text.iloc[unreadable]))
    ts_ns = _ns(times.dt.tz_localize(None))
    if text.str.endswith("Z").all():
        return ts_ns, np.zeros(len(ts_ns), dtype=np.int64)
    zoned = text.str.contains(ZONE, regex=True)
    if not zoned.any():
        return ts_ns, None
    zoneless = first_true(~zoned)
    if zoneless is not None:
        raise table.fault(zoneless, f"timestamp '{text.iloc[zoneless]}' has no time zone, and others have one; {HOW_TO_WRITE_TIMES}")
    wall = text.str.replace(r"(?<=\d)(?:Z|[+-]\d\d(?::?\d\d)?)$", "", regex=True)
    wall_ns = _ns(pd.to_datetime(wall, format="ISO8601"))
    return wall_ns, wall_ns - ts_ns


def _unreadable(text: str) -> str:
    if text.strip('<>" ').lower() in ("timestamp", "time", "date", "datetime", "ts_event"):
        return f"the header stands here again ('{text}'), as where two files were pasted together; remove this line"
    return f"timestamp '{text}' is not readable as a time; {HOW_TO_WRITE_TIMES}"


def _by_pattern(table: Table, text: pd.Series) -> Ints:
    """Wall times by the first of the format's patterns that reads the first row; every row must follow it."""
    for pattern in table.format.patterns:
        if not pd.isna(pd.to_datetime(text.iloc[0], format=pattern, errors="coerce")):
            break
    times = pd.to_datetime(text, format=pattern, errors="coerce")
    unreadable = first_true(times.isna())
    if unreadable is not None:
        raise table.fault(unreadable, f"'{text.iloc[unreadable]}' is no time as {table.format.title} writes it ({pattern}); export it anew")
    _require_months_first(table, text, pattern, times)
    return _ns(times)


def _require_months_first(table: Table, text: pd.Series, pattern: str, times: pd.Series) -> None:
    """Day and month may be meant the other way round: on one day, and where days that follow one another would read as months apart."""
    if "%m/%d/" not in pattern:
        return
    other = pd.to_datetime(text, format=pattern.replace("%m/%d/", "%d/%m/"), errors="coerce")
    if other.isna().any() or not other.is_monotonic_increasing or (other == times).all() or (other.dt.dayofweek == SATURDAY).any():
        return
    if other.iloc[-1] - other.iloc[0] <= times.iloc[-1] - times.iloc[0]:
        raise table.fault(
            0, f"'{text.iloc[0]}' may be {times.iloc[0]:%d %B %Y} or {other.iloc[0]:%d %B %Y}; write the year first, as 2025-09-15"
        )


def first_true(bad: npt.NDArray[np.bool_] | pd.Series) -> int | None:
    """Index of the first True, None if there is none."""
    flags = np.asarray(bad, dtype=bool)
    return int(np.argmax(flags)) if flags.any() else None
