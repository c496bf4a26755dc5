"""The journal's views as CSV or Parquet files, for those who would rather not open SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from bot.errors import JournalError, UsageError
from bot.journal import schema
from bot.journal.read import opened


def export(path: str | Path, out_dir: str | Path, format: Literal["csv", "parquet"]) -> list[Path]:
    """Write each view (trades, daily_pnl, decisions, bars, skip_reasons, strategy_states) to one file in `out_dir`.

    Times are UTC nanoseconds as in the journal; money is cents; unknown is empty (CSV) or null.
    An existing file is replaced. Raises UsageError for another format, JournalError for no journal or a damaged one.
    """
    if format not in ("csv", "parquet"):
        raise UsageError(f'"{format}" is no format to export to; it must be csv or parquet.')
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with opened(path) as db:
        for view in schema.VIEWS:
            try:
                table = pd.read_sql_query(f"SELECT * FROM {view}", db)
            except pd.errors.DatabaseError as error:  # pandas' own word for SQLite's
                raise JournalError(f"{path} cannot be read as a journal: {error.__cause__ or error}.") from error
            file = folder / f"{view}.{format}"
            if format == "csv":
                table.to_csv(file, index=False)
            else:
                _uniform(table).to_parquet(file, index=False)
            written.append(file)
    return written


def _uniform(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that hold numbers and words (a gate's observed value may be either) as text: Parquet wants one type."""
    mixed = [name for name in table if len({type(value) for value in table[name].dropna()} - {int, float}) and table[name].dtype == object]
    return table.assign(**{name: table[name].map(lambda value: None if pd.isna(value) else str(value)) for name in mixed})
