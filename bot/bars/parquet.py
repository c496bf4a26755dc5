"""A table of a Parquet file: our own, a vendor's, or a pandas frame with its times in the index."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from bot.bars.formats import OWN, Format, recognised
from bot.bars.table import Table
from bot.bars.text import check_columns, plain
from bot.errors import BarsFileError

TWO_LEVELS = re.compile(r"\('([^']*)', '([^']*)'\)")
STAMP_KEY = b"mesbot.stamp"  # in Parquet's own metadata, where we wrote the file


def table_of_parquet(path: Path, data: bytes, named: Format | None) -> Table:
    """The table; `named` is the format a person named. Raises BarsFileError, one sentence."""
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = tuple(file.schema_arrow.names)
        index = _index_of_times(file.schema_arrow)
        two = _two_levels(path, names)
        lower = ["timestamp" if name == index else plain(two.columns.get(name, name)) for name in names]
        found = [named] if named else recognised(lower)
        chosen = found[0] if len(found) == 1 else OWN
        check_columns(path, chosen, list(names), lower)
        wanted = {theirs: ours for ours, theirs in chosen.needed.items()}
        used = {name: wanted.get(each, each) for name, each in zip(names, lower, strict=True) if each in wanted or each in chosen.beside}
        frame = file.read(columns=list(used)).to_pandas(ignore_metadata=True)[list(used)]
        stamp = (file.schema_arrow.metadata or {}).get(STAMP_KEY, b"").decode() or None
    except (pa.ArrowException, OSError) as error:
        raise BarsFileError(f"{path}: is not a whole Parquet file ({str(error).splitlines()[0]}); write it anew.") from None
    frame.columns = list(used.values())
    if two.ticker:
        frame["symbol"] = two.ticker
    return Table(path, frame, names, first_row=1, row_word="row", format=chosen, stamp=stamp)


class TwoLevels(NamedTuple):
    """Columns that pandas wrote from two levels, as yfinance makes them: the name of the first level of each, and the ticker."""

    columns: dict[str, str]
    ticker: str


def _two_levels(path: Path, names: tuple[str, ...]) -> TwoLevels:
    found = {name: match for name in names if (match := TWO_LEVELS.fullmatch(name))}
    tickers = list(dict.fromkeys(match[2] for match in found.values() if match[2]))
    if len(tickers) > 1:
        raise BarsFileError(f"{path}: holds {len(tickers)} tickers ({', '.join(tickers[:4])}); one is needed: write those of one.")
    return TwoLevels({name: match[1] for name, match in found.items()}, "".join(tickers))


def _index_of_times(schema: pa.Schema) -> str | None:
    """The column that was a pandas frame's index, if it holds times and no column has a name by which times are known."""
    told = json.loads((schema.metadata or {}).get(b"pandas", b"{}")).get("index_columns", [])
    if len(told) != 1 or not isinstance(told[0], str) or recognised([plain(name) for name in schema.names]):
        return None
    return told[0] if told[0] in schema.names and pa.types.is_timestamp(schema.field(told[0]).type) else None
