"""What a usable table of minutes is. Each check looks at whole columns and names the first bad row."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.errors import BarsFileError
from bot.units import MINUTE_NS, OFF_TICK, SECOND_NS, to_ticks

PRICES = ("open", "high", "low", "close")
COLUMNS = ("timestamp", *PRICES, "volume")
ZONE = r"[T ].*(?:Z|[+-]\d\d(?::?\d\d)?)$"
OFFSET = r"([+-])(\d\d):?(\d\d)?$"
LARGEST = 1e9  # beyond any price or volume of a minute
HOW_TO_WRITE_TIMES = "write times as 2025-09-15T13:30:00Z or 2025-09-15T09:30:00-04:00"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """A file's rows as read, and how a person finds one: `first_row` is the number of row 0."""

    path: Path
    frame: pd.DataFrame
    columns: tuple[str, ...]
    first_row: int
    row_word: str

    def fault(self, row: int | None, what: str) -> BarsFileError:
        """The error for one row (None: the file as a whole); `what` says found, allowed and remedy."""
        where = "" if row is None else f", {self.place(row)}"
        return BarsFileError(f"{self.path}{where}: {what}.")

    def place(self, row: int) -> str:
        """`line 17` or `row 16`, as a person counts in this file."""
        return f"{self.row_word} {self.first_row + int(row)}"

    def shown(self, column: str, row: int) -> str:
        """The value as it stands in the file."""
        return str(self.frame[column].iloc[int(row)])


def check_columns(table: Table) -> None:
    """Raises BarsFileError naming every missing column and the nearest one found, or one that stands twice."""
    twice = [name for name in COLUMNS if table.columns.count(name) > 1]
    if twice:
        raise table.fault(None, f"has two columns '{twice[0]}'; each may stand once: remove one")
    missing = [name for name in COLUMNS if name not in table.columns]
    if not missing:
        return
    by_lower = {name.strip().lower(): name for name in table.columns if name not in COLUMNS}
    parts = []
    for name in missing:
        near = difflib.get_close_matches(name, by_lower, n=1, cutoff=0.5)
        parts.append(f"'{name}'" + (f" (nearest: '{by_lower[near[0]]}')" if near else ""))
    found = ", ".join(table.columns[:12])
    raise table.fault(None, f"has no column {', '.join(parts)}; found {found}: rename the columns to {', '.join(COLUMNS)}")


def times_of(table: Table) -> tuple[Ints, int]:
    """Stamps in UTC nanoseconds as written, and the first one's offset from UTC in nanoseconds.

    Raises BarsFileError for a missing, unreadable or zone-less time and for one off the minute.
    """
    column = table.frame["timestamp"]
    empty = _first(column.isna())
    if empty is not None:
        raise table.fault(empty, f"the timestamp is missing; {HOW_TO_WRITE_TIMES}")
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        times, offset_ns = column, _offset_ns(column)
    else:
        times, offset_ns = _parsed(table, column)
    ts_ns = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
    ragged = _first(ts_ns % MINUTE_NS != 0)
    if ragged is not None:
        raise table.fault(ragged, f"timestamp {table.shown('timestamp', ragged)} is not on a whole minute; one-minute bars are needed")
    return ts_ns, offset_ns


def _parsed(table: Table, column: pd.Series) -> tuple[pd.Series, int]:
    if not (pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)):
        no_zone = "has no time zone" if pd.api.types.is_datetime64_any_dtype(column) else "is a number"
        raise table.fault(0, f"timestamp {table.shown('timestamp', 0)} {no_zone}; {HOW_TO_WRITE_TIMES}")
    text = column.astype("str").str.strip()
    times = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    unreadable = _first(times.isna())
    if unreadable is not None:
        raise table.fault(unreadable, f"timestamp '{text.iloc[unreadable]}' is not readable as a time; {HOW_TO_WRITE_TIMES}")
    zoneless = _first(~text.str.contains(ZONE, regex=True))
    if zoneless is not None:
        raise table.fault(zoneless, f"timestamp '{text.iloc[zoneless]}' has no time zone; {HOW_TO_WRITE_TIMES}")
    sign_hours_minutes = text.iloc[:1].str.extract(OFFSET).fillna("0").iloc[0].tolist()
    minutes = int(sign_hours_minutes[1]) * 60 + int(sign_hours_minutes[2])
    return times, (-minutes if sign_hours_minutes[0] == "-" else minutes) * MINUTE_NS


def _offset_ns(column: pd.Series) -> int:
    return int(column.iloc[0].utcoffset().total_seconds()) * SECOND_NS


def prices_of(table: Table) -> dict[str, Floats]:
    """The four price columns in points: finite, positive, on the tick, low and high containing the rest."""
    prices = {name: _numbers(table, name, "a price in points, a multiple of 0.25") for name in PRICES}
    for name, values in prices.items():
        low = _first(values <= 0)
        if low is not None:
            raise table.fault(low, f"{name} = {table.shown(name, low)} is not above 0; prices are points: repair or remove the row")
        ticks = to_ticks(values)
        off = _first(np.abs(ticks - np.rint(ticks)) > OFF_TICK)
        if off is not None:
            raise table.fault(
                off, f"{name} = {table.shown(name, off)} is off the tick; prices are multiples of 0.25: repair or remove the row"
            )
    for name in ("open", "close", "low"):
        out = _first((prices[name] > prices["high"]) | (prices[name] < prices["low"]))
        if out is not None:
            low_high = f"low = {table.shown('low', out)}, high = {table.shown('high', out)}"
            what = f"{name} = {table.shown(name, out)} lies outside" if name != "low" else "the low is above the high:"
            raise table.fault(out, f"{what} {low_high}; low and high must contain open and close: repair or remove the row")
    return prices


def volumes_of(table: Table) -> Ints:
    """Volume in contracts: whole and >= 0."""
    volume = _numbers(table, "volume", "a whole number of contracts")
    bad = _first((volume < 0) | (volume != np.rint(volume)))
    if bad is not None:
        raise table.fault(
            bad, f"volume = {table.shown('volume', bad)} is not a whole number of contracts from 0 up; repair or remove the row"
        )
    return volume.astype(np.int64)


def check_order(table: Table, ts_ns: Ints) -> None:
    """Raises BarsFileError where time repeats or runs backwards."""
    row = _first(np.diff(ts_ns) <= 0)
    if row is None:
        return
    stamp, before = table.shown("timestamp", row + 1), table.place(row)
    if ts_ns[row + 1] == ts_ns[row]:
        raise table.fault(row + 1, f"timestamp {stamp} is a duplicate of {before}; each minute may stand once: remove one")
    earlier = table.shown("timestamp", row)
    raise table.fault(row + 1, f"timestamp {stamp} comes after {earlier} of {before}; rows must be sorted by time: sort the file")


def check_spacing(table: Table, ts_ns: Ints) -> None:
    """Raises BarsFileError if most neighbours are not one minute apart (bars of another length)."""
    if len(ts_ns) < 2:
        return
    gaps, counts = np.unique(np.diff(ts_ns), return_counts=True)
    usual_ns = int(gaps[np.argmax(counts)])
    if usual_ns != MINUTE_NS:
        raise table.fault(None, f"most rows are {usual_ns // MINUTE_NS} minutes apart; one-minute bars are needed: export the file anew")


def _numbers(table: Table, name: str, allowed: str) -> Floats:
    column = table.frame[name]
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = _first(~(np.abs(values) < LARGEST))
    if bad is not None:
        raise table.fault(bad, f"{name} = {table.shown(name, bad)} is not {allowed}; repair or remove the row")
    return values


def _first(bad: npt.NDArray[np.bool_] | pd.Series) -> int | None:
    """Index of the first True, None if there is none."""
    flags = np.asarray(bad, dtype=bool)
    return int(np.argmax(flags)) if flags.any() else None
