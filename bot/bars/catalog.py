"""A table of a Nautilus ParquetDataCatalog that somebody wrote: the one-minute bars of ES or MES in it.

Its files are read here, not by Nautilus, which ends the whole process on columns of another type. Prices are fixed-point
integers of 16 bytes (8 where Nautilus was built without high precision), little-endian.
Source: NautilusTrader, concepts/data (ParquetDataCatalog) and getting_started/installation (precision mode).

A bar keeps two moments: when it happened (ts_event) and when it was there to be known (ts_init).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bot.bars.formats import VALUES, Format
from bot.bars.instruments import is_own
from bot.bars.table import Table
from bot.bars.zone import Ints
from bot.errors import BarsFileError
from bot.units import MINUTE_NS, SECOND_NS

NAUTILUS = Format("nautilus", "a Nautilus catalog")
FOLDER = ("data", "bar")
MINUTES = "-1-MINUTE-LAST-"
SCALES = {16: 1e16, 8: 1e9}  # bytes of a number: how many make one
MOMENTS = ("ts_event", "ts_init")


def table_of_catalog(path: Path) -> Table:
    """The rows of a catalog, or of one folder of its data/bar. Raises BarsFileError, one sentence."""
    folder = _minutes_folder(path)
    files = [_read(file) for file in sorted(folder.glob("*.parquet"))]
    if not files or not sum(len(each) for each in files):
        raise BarsFileError(f"{folder}: holds no bars; write them anew.")
    whole = pd.concat(files, ignore_index=True)
    stamp = _stamp(folder, whole["ts_event"].to_numpy(), whole["ts_init"].to_numpy())
    frame = whole[list(VALUES)].assign(timestamp=pd.to_datetime(whole["ts_event"], utc=True), symbol=folder.name.split(".")[0])
    return Table(folder, frame, tuple(whole.columns), first_row=1, row_word="bar", format=NAUTILUS, stamp=stamp)


def _minutes_folder(path: Path) -> Path:
    """The one folder of minutes of ES or MES in a catalog, or the one a person named."""
    if path.parts[-3:-1] == FOLDER:
        found, wanted = [path], [path] if _is_wanted(path) else []
    else:
        found = sorted(each for each in path.joinpath(*FOLDER).glob("*") if each.is_dir())
        wanted = [each for each in found if _is_wanted(each)]
    if not found:
        raise BarsFileError(
            f"{path}: is a folder without an import and without Nautilus bars (data/bar); name a file of bars, or import one."
        )
    names = ", ".join(each.name for each in wanted or found)
    if not wanted:
        raise BarsFileError(f"{path}: holds {names}, and one-minute bars of MES or ES (1-MINUTE-LAST) are needed: name another catalog.")
    if len(wanted) > 1:
        raise BarsFileError(f"{path}: holds {names}; one is read at a time: name it, as {wanted[0]}.")
    return wanted[0]


def _is_wanted(folder: Path) -> bool:
    return MINUTES in folder.name and is_own(folder.name.split(".")[0])


def _read(file: Path) -> pd.DataFrame:
    try:
        table = pq.ParquetFile(file).read()
        wrong = [name for name in (*VALUES, *MOMENTS) if name not in table.column_names or not _fits(name, table.schema.field(name).type)]
        if wrong:
            raise BarsFileError(
                f"{file}: has no column {', '.join(wrong)} as Nautilus writes it, so it holds no bars; write the catalog anew."
            )
        if any(table.column(name).null_count for name in (*VALUES, *MOMENTS)):
            raise BarsFileError(f"{file}: has bars without a value; write the catalog anew.")
        columns = {name: _numbers(table.column(name)) for name in VALUES}
        return pd.DataFrame(columns | {name: table.column(name).to_numpy().astype(np.int64) for name in MOMENTS})
    except (pa.ArrowException, OSError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise BarsFileError(f"{file}: is not a whole Parquet file ({said}); write the catalog anew.") from None


def _fits(name: str, kind: pa.DataType) -> bool:
    if name in MOMENTS:
        return kind == pa.uint64()
    return pa.types.is_fixed_size_binary(kind) and kind.byte_width in SCALES


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Fixed-point integers as the numbers they are."""
    values, width = column.combine_chunks(), column.type.byte_width
    words = np.frombuffer(values.buffers()[1], dtype="<i8", count=len(values) * width // 8, offset=values.offset * width)
    if width == 8:
        return words / SCALES[width]
    return (words[1::2] * 2.0**64 + words[0::2].view("<u8")) / SCALES[width]


def _stamp(folder: Path, event_ns: Ints, init_ns: Ints) -> str:
    """A bar is there when its minute has closed: a whole minute after ts_event means that ts_event names the open."""
    after = init_ns - event_ns
    if (after == MINUTE_NS).all():
        return "open"
    if after.min() >= 0 and after.max() < MINUTE_NS:
        return "close"
    shown = ", ".join(f"{each / SECOND_NS:g} s" for each in np.unique(after)[:3])
    raise BarsFileError(
        f"{folder}: ts_init comes {shown} after ts_event, so it is not known what ts_event names; 60 s on all bars (its open), or less "
        "(its close), are allowed: write the catalog anew."
    )
