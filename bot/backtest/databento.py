"""Bars in files that Nautilus reads: Databento's DBN. They become a table, judged like any file's.

Records are looked at before the library sees them. It is no promise for metadata that were damaged on the disk: lengths in
them that make no sense end the process in the library, with a message of the system's.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bot.bars.checks import LARGEST as LARGEST_PRICE
from bot.bars.container import Kind
from bot.bars.files import Loaders
from bot.bars.formats import BY_NAME, OHLC, VALUES
from bot.bars.table import Table
from bot.bars.times import first_true
from bot.errors import BarsFileError

HEADER = 8  # bytes before the metadata: DBN, the version, the metadata's length
RECORD = np.dtype(
    [("words", "u1"), ("rtype", "u1"), ("publisher", "<u2"), ("instrument", "<u4"), ("ts_event", "<u8")]
    + [(name, "<i8") for name in OHLC]
    + [("volume", "<u8")]
)  # of every ohlcv schema; source: Databento, dbn encoding
RTYPES = (32, 33, 34, 35, 36)  # of its schemas: seconds, minutes, hours, days, days as traded
LARGEST = round(LARGEST_PRICE * 1e9)
NANOSECONDS = 2**63 - 1
EXACT = 9  # decimals: nothing is rounded before the tick is looked at


def dbn_table(path: Path, data: bytes) -> Table:
    """The minutes of a DBN file (ohlcv-1m) by Nautilus' own loader; `data` is unpacked. Raises BarsFileError."""
    _require_sound(path, data)
    bars = _dbn_bars(path, data)
    _require_minutes(path, {_kind_of(each) for each in bars})
    columns = {name: [getattr(bar, name).as_double() for bar in bars] for name in VALUES}
    timestamp = pd.to_datetime([bar.ts_event for bar in bars], utc=True)
    frame = pd.DataFrame({"timestamp": timestamp, **columns, "symbol": [bar.bar_type.instrument_id.symbol.value for bar in bars]})
    return Table(path, frame, tuple(frame.columns), first_row=1, row_word="record", format=BY_NAME["databento"])


def _require_sound(path: Path, data: bytes) -> None:
    """Nautilus' loader passes over a last record that is cut off, and ends the whole process at a bar that contradicts itself."""
    start = HEADER + int.from_bytes(data[4:HEADER], "little")
    rest = len(data) - start
    if rest == 0:
        raise BarsFileError(f"{path}: is a DBN file without records; one record a minute is needed: ask for other days.")
    if rest < 0 or rest % RECORD.itemsize:
        raise BarsFileError(f"{path}: is not a whole DBN file of bars (cut off, or of another schema); fetch ohlcv-1m anew.")
    records = np.frombuffer(data, dtype=RECORD, offset=start)
    foreign = first_true((records["words"] * 4 != RECORD.itemsize) | ~np.isin(records["rtype"], RTYPES))
    if foreign is not None:
        raise BarsFileError(f"{path}, record {foreign + 1}: is no bar; fetch the schema ohlcv-1m.")
    low, high = records["low"], records["high"]
    bad = first_true(
        (low <= 0) | (high > LARGEST) | (records["volume"] > LARGEST_PRICE) | (records["ts_event"] > NANOSECONDS)
        | np.logical_or.reduce([(records[name] < low) | (records[name] > high) for name in OHLC])
    )  # fmt: skip
    if bad is not None:
        shown = "/".join(f"{records[name][bad] / 1e9:.2f}" for name in OHLC)
        raise BarsFileError(f"{path}, record {bad + 1}: {shown}, volume {records['volume'][bad]} is no bar of a future; fetch it anew.")


def _dbn_bars(path: Path, data: bytes) -> list[Any]:
    from nautilus_trader.adapters.databento.loaders import DatabentoDataLoader

    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "bars.dbn.zst"  # the only form the loader takes
        packed.write_bytes(pa.Codec("zstd").compress(data, asbytes=True))
        try:
            return DatabentoDataLoader().from_dbn_file(packed, price_precision=EXACT, bars_timestamp_on_close=False)
        except (ValueError, RuntimeError, OSError) as error:
            raise BarsFileError(f"{path}: is no DBN file of ohlcv-1m bars ({_first_line(error)}); fetch the schema ohlcv-1m.") from None


def _kind_of(each: Any) -> str:
    from nautilus_trader.model.data import Bar

    return str(each.bar_type.spec) if isinstance(each, Bar) else type(each).__name__


def _require_minutes(path: Path, kinds: set[str]) -> None:
    if kinds != {"1-MINUTE-LAST"}:
        raise BarsFileError(f"{path}: holds {', '.join(sorted(kinds))}; one-minute bars of trades (ohlcv-1m) are needed: fetch those.")


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


LOADERS: Loaders = {Kind.DBN: dbn_table}
