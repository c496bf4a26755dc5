"""Opens a bars file of any kind we read and hands back checked, close-stamped minutes."""

from __future__ import annotations

import gzip
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bot.bars.checks import COLUMNS, PRICES, Table, check_columns, check_order, check_spacing, prices_of, times_of, volumes_of
from bot.bars.stamp import Stamp, decide_stamp
from bot.errors import BarsFileError
from bot.market.bar import Bar
from bot.units import MINUTE_NS, to_ticks

GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True)
class BarsFile:
    """Usable one-minute bars of one file.

    `bars` has the columns ts_ns (close of the minute, UTC nanoseconds, rising), open, high,
    low, close (whole ticks) and volume (contracts), all int64, without gaps filled and never
    nan. `stamp` is what the file's own times name and `stamp_reason` how we know.
    `columns` are the file's columns as found, used or not.
    """

    path: Path
    bars: pd.DataFrame
    stamp: Stamp
    stamp_reason: str
    columns: tuple[str, ...]

    def to_list(self) -> list[Bar]:
        """The bars as the core takes them, in order of time."""
        return [Bar(*row) for row in zip(*(self.bars[name].tolist() for name in ("ts_ns", *PRICES, "volume")), strict=True)]


def read_bars(path: str | Path, stamp: Literal["open", "close"] | None = None) -> BarsFile:
    """One-minute bars of a CSV, CSV.gz or Parquet file with the columns
    timestamp, open, high, low, close, volume (others are ignored).

    Times need their zone (`Z` or an offset); prices are points on the 0.25 tick; volume is
    whole contracts >= 0. `stamp` says whether times name the minute's open or close; None
    reads it from the session's shape. Kinds are known by content, not by name.

    Raises BarsFileError, one sentence: which row, what was found, what is allowed, what to do.
    """
    path = Path(path)
    table = _open(path)
    check_columns(table)
    if table.frame.empty:
        raise table.fault(None, "has a header but no rows; one row a minute is needed")
    ts_ns, offset_ns = times_of(table)
    columns = {"ts_ns": ts_ns}
    prices = prices_of(table)
    columns |= {name: np.rint(to_ticks(prices[name])).astype(np.int64) for name in PRICES}
    columns["volume"] = volumes_of(table)
    check_order(table, ts_ns)
    check_spacing(table, ts_ns)
    found, reason = decide_stamp(str(path), ts_ns, columns["volume"], offset_ns, stamp)
    if found is Stamp.OPEN:
        columns["ts_ns"] = ts_ns + MINUTE_NS
    return BarsFile(path, pd.DataFrame(columns), found, reason, table.columns)


def _open(path: Path) -> Table:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BarsFileError(f"{path}: there is no such file; name a CSV, CSV.gz or Parquet file of bars.") from None
    except IsADirectoryError:
        raise BarsFileError(f"{path}: is a folder; name one CSV, CSV.gz or Parquet file in it.") from None
    except OSError as error:
        raise BarsFileError(f"{path}: cannot be read ({error.strerror}); check its permissions.") from None
    if not data:
        raise BarsFileError(f"{path}: is empty; it needs the header {','.join(COLUMNS)} and one row a minute.")
    if data.startswith(PARQUET_MAGIC) or path.suffix in {".parquet", ".pq"}:
        return _from_parquet(path, data)
    if data.startswith(GZIP_MAGIC) or path.suffix == ".gz":
        data = _unzipped(path, data)
    return _from_csv(path, data)


def _unzipped(path: Path, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise BarsFileError(f"{path}: is not a whole gzip file ({error}); fetch it again, or drop .gz if it is plain CSV.") from None


def _from_parquet(path: Path, data: bytes) -> Table:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = tuple(file.schema_arrow.names)
        frame = file.read(columns=[name for name in COLUMNS if name in names]).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError) as error:
        raise BarsFileError(f"{path}: is not a whole Parquet file ({str(error).splitlines()[0]}); write it anew.") from None
    return Table(path, frame, names, first_row=1, row_word="row")


def _from_csv(path: Path, data: bytes) -> Table:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # values beyond the header's would be dropped
            frame = pd.read_csv(BytesIO(data), skip_blank_lines=False, index_col=False, encoding="utf-8-sig", low_memory=False)
    except UnicodeDecodeError:
        raise BarsFileError(f"{path}: is not text, so not CSV; name a CSV, CSV.gz or Parquet file of bars.") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        remedy = "each row needs as many values as the header"
        raise BarsFileError(f"{path}: is not readable as CSV ({_csv_detail(error)}); {remedy}.") from None
    written = np.flatnonzero(frame.notna().any(axis=1).to_numpy())
    frame = frame.iloc[: written[-1] + 1 if len(written) else 0]  # blank lines at the end mean nothing
    return Table(path, frame, tuple(map(str, frame.columns)), first_row=2, row_word="line")


def _csv_detail(error: Exception) -> str:
    if isinstance(error, pd.errors.ParserWarning):
        return "rows have more values than the header"
    return str(error).strip().splitlines()[-1].removeprefix("Error tokenizing data. C error: ")
