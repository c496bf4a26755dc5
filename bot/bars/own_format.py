"""Writes bars as a file of our own format: times in UTC that name the open of their minute, prices in points."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bot.bars.formats import COLUMNS, OHLC
from bot.bars.parquet import STAMP_KEY
from bot.errors import UsageError
from bot.units import MINUTE_NS, to_points

ISO = "%Y-%m-%dT%H:%M:%SZ"
WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": lambda table: _text(table),
    ".csv.gz": lambda table: gzip.compress(_text(table), mtime=0),  # the same bars are the same bytes
    ".parquet": lambda table: _parquet(table),
}


def as_parquet(bars: pd.DataFrame, symbols: npt.NDArray[np.str_] | None = None) -> bytes:
    """Bars as Parquet; `symbols` name the instrument of each."""
    return _parquet(_table(bars) if symbols is None else _table(bars).assign(symbol=symbols))


def require_writable_name(option: str, path: Path) -> None:
    """Raises UsageError, one sentence, if a name does not say csv, csv.gz or parquet, or if something stands there already."""
    _writer(option, path)
    if path.exists():
        raise UsageError(f"{option} {path}: is there already and is not replaced; remove it, or name another file.")


def write_bars(option: str, path: Path, bars: pd.DataFrame) -> None:
    """Put bars (ts_ns, open, high, low, close, volume as a BarsFile holds them) at a path, whole or not at all.

    The end of the name says the kind; the same bars give the same bytes. Raises UsageError, naming the `option` that the path was given
    with, if the name says no kind or something stands there already, OSError if it cannot be written.
    """
    require_writable_name(option, path)
    content = _writer(option, path)(_table(bars))
    path.parent.mkdir(parents=True, exist_ok=True)
    number, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(number, "wb") as file:
            file.write(content)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _writer(option: str, path: Path) -> Callable[[pd.DataFrame], bytes]:
    found = next((write for suffix, write in WRITERS.items() if path.name.lower().endswith(suffix)), None)
    if found is None:
        raise UsageError(f"{option} {path}: its name must end in {', '.join(WRITERS)}, which says what is written.")
    return found


def _table(bars: pd.DataFrame) -> pd.DataFrame:
    table = to_points(bars[list(OHLC)])
    table["volume"] = bars["volume"]
    table.insert(0, "timestamp", pd.to_datetime(bars["ts_ns"] - MINUTE_NS, utc=True))
    return table[list(COLUMNS)]


def _text(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, date_format=ISO, float_format="%.2f", lineterminator="\n").encode()


def _parquet(table: pd.DataFrame) -> bytes:
    made = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata({STAMP_KEY: b"open"})
    sink = pa.BufferOutputStream()
    pq.write_table(made, sink, compression="zstd")
    return sink.getvalue().to_pybytes()
