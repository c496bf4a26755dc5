"""Reading a journal file: a read-only connection, and its records as they were written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bot.errors import JournalError, MesbotError
from bot.journal import schema
from bot.journal.connect import connected, one_line
from bot.journal.packs import WHOLE
from bot.journal.records import Kind
from bot.journal.run_end import END
from bot.journal.verify import verify

_SELECT = f"SELECT seq, ts_ns, kind, strategy, body FROM {WHOLE}"


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

    Raises JournalError if there is no such file, or it is no SQLite file; also, as JournalBroken if it shows, if what is made of
    its records inside the `with` block fails and the file may be damaged. (If it is whole, the failure is the program's and stays.)
    """
    with connected(path) as db:
        try:
            yield db
        except (MesbotError, sqlite3.Error):
            raise
        except Exception as error:
            if not verify(path).unlinked:
                raise
            raise JournalError(f"{path}: its last records, which no link covers yet, make no sense ({one_line(error)}).") from error


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
    """The RUN headers, one per start, oldest first; each with `mode` and `wall_ns` (UTC), and with `end` if the run came to its end.

    Raises JournalError if one is damaged.
    """
    found: list[dict[str, Any]] = []
    for run, wall_ns, body in db.execute("SELECT run, wall_ns, body FROM runs ORDER BY run"):
        header = msgspec.json.decode(body)
        if isinstance(header, dict) and isinstance(header.get(END), dict) and found:
            found[-1][END] = header[END]
            continue
        if not isinstance(header, dict) or not isinstance(header.get("mode"), str):
            raise JournalError(f"The header of run {run} is damaged: it names no mode; `mesbot journal verify` says what else is.")
        found.append({**header, "wall_ns": wall_ns})
    return found
