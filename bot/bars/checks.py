"""What a usable table of minutes is. Each check looks at whole columns and names the first bad row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.bars.formats import OHLC as PRICES
from bot.bars.table import Table
from bot.bars.times import first_true as _first
from bot.bars.times import shown_time
from bot.units import OFF_TICK, to_ticks

LARGEST = 1e9  # beyond any price or volume of a minute
FIXED_POINT = 1e-9

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def check_kind(table: Table) -> None:
    """Raises BarsFileError at a row that says itself that it is no one-minute bar."""
    if table.format.kind is None:
        return
    column, minutes = table.format.kind
    if column not in table.frame:
        return
    other = _first(~table.frame[column].astype("str").isin(minutes))
    if other is not None:
        raise table.fault(other, f"{column} = {table.shown(column, other)} is no one-minute bar ({' or '.join(minutes)}): fetch ohlcv-1m")


def prices_of(table: Table) -> dict[str, Floats]:
    """The four price columns in points: finite, positive, on the tick, low and high containing the rest."""
    prices = {name: _price(table, name) for name in PRICES}
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
    stamp, before = shown_time(table, row + 1), table.place(row)
    if ts_ns[row + 1] == ts_ns[row]:
        raise table.fault(row + 1, f"timestamp {stamp} is a duplicate of {before}; each minute may stand once: remove one")
    earlier = shown_time(table, row)
    raise table.fault(row + 1, f"timestamp {stamp} comes after {earlier} of {before}; rows must be sorted by time: sort the file")


def _price(table: Table, name: str) -> Floats:
    column = table.frame[name]
    if table.format.fixed_point and pd.api.types.is_integer_dtype(column):
        return column.to_numpy(dtype=np.float64) * FIXED_POINT
    return _numbers(table, name, "a price in points, a multiple of 0.25")


def _numbers(table: Table, name: str, allowed: str) -> Floats:
    column = table.frame[name]
    empty = _first(column.isna())
    if empty is not None:
        raise table.fault(empty, f"{name} is empty, so it is not {allowed}; repair or remove the row")
    if pd.api.types.is_bool_dtype(column):
        raise table.fault(0, f"{name} = {table.shown(name, 0)} is not {allowed}; repair or remove the row")
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = _first(~(np.abs(values) < LARGEST))
    if bad is not None:
        raise table.fault(bad, f"{name} = {table.shown(name, bad)} is not {allowed}; repair or remove the row")
    return values
