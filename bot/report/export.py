"""The frames of a journal as CSV or Parquet files, for those who would rather not open SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from bot.errors import UsageError
from bot.report.frames import FRAMES, frame, records


def export(path: str | Path, out_dir: str | Path, format: Literal["csv", "parquet"], *, bodies: bool = False) -> list[Path]:
    """Write each frame of FRAMES to one file of its name in `out_dir`; columns, units and zone are those of the frames. With `bodies` also
    `records`: every record whole, its body as JSON (bot.report.frames.records), some 2 MB a session as CSV.

    Times are written with their offset from UTC; unknown is empty (CSV) or null. An existing file is replaced.
    Raises UsageError for another format, JournalError for no journal or a damaged one.
    """
    if format not in ("csv", "parquet"):
        raise UsageError(f'"{format}" is no format to export to; it must be csv or parquet.')
    tables = {name: frame(path, name) for name in FRAMES}
    if bodies:
        tables["records"] = records(path)
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        file = folder / f"{name}.{format}"
        if format == "csv":
            table.to_csv(file, index=False)
        else:
            table.to_parquet(file, index=False)
        written.append(file)
    return written
