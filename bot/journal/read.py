"""Reading a journal file: a read-only connection, and its records as they were written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bot.errors import JournalError
from bot.journal import schema
from bot.journal.records import Kind

_SELECT = "SELECT seq, ts_ns, kind, strategy, body FROM records"


class Record(NamedTuple):
    """One stored record. `ts_ns` is market time (UTC ns, 0 before the first bar); `body` maps field names to values, nan as None."""

    seq: int
    ts_ns: int
    kind: Kind
    strategy: str | None
    body: dict[str, Any]


@contextmanager
def opened(path: str | Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection to a journal, which may be in use by a running bot.

    Raises JournalError if there is no such file, it is no SQLite file, or what is read of it is damaged.
    """
    if not Path(path).is_file():
        raise JournalError(f"{path}: no such journal; name the .sqlite file a run has written.")
    try:
        with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as db:
            db.execute("SELECT count(*) FROM sqlite_schema")
            yield db
    except sqlite3.Error as error:
        raise JournalError(f"{path} cannot be read as a journal: {error}.") from error


def read(db: sqlite3.Connection, *kinds: Kind, after_seq: int = 0, until_seq: int | None = None) -> Iterator[Record]:
    """Records of these kinds (of all, if none is named) in the order they were written, with after_seq < seq <= until_seq."""
    where, values = ["seq > ?"], [after_seq]
    if until_seq is not None:
        where.append("seq <= ?")
        values.append(until_seq)
    if kinds:
        where.append(f"kind IN ({', '.join(repr(str(kind)) for kind in kinds)})")
        if not {Kind.BAR, Kind.DECISION} & set(kinds):
            where.append(schema.RARE)
    for seq, ts_ns, kind, strategy, body in db.execute(f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY seq", values):
        yield Record(seq, ts_ns, Kind(kind), strategy, msgspec.json.decode(body))


def headers(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """The RUN headers, one per start, oldest first; each with `wall_ns` (UTC)."""
    return [
        {**msgspec.json.decode(body), "wall_ns": wall_ns} for wall_ns, body in db.execute("SELECT wall_ns, body FROM runs ORDER BY run")
    ]
