"""Reading on in a journal that a running bot writes: what was added since, a bounded piece at a time.

Each look opens the file and lets go of it at once, so that no reader stands in the way of the writer's log.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

import msgspec

from bot.alerts.row import Header, Row
from bot.decision.codes import Code
from bot.journal import schema
from bot.journal.connect import connected
from bot.journal.packs import WHOLE
from bot.journal.records import Kind

MOST_ROWS = 500
_ROWS = (
    f"SELECT seq, ts_ns, wall_ns, kind, strategy, CAST(body AS BLOB) FROM {WHOLE} "
    f"WHERE seq > ? AND (kind <> '{Kind.DECISION}' OR instr(body, '\"{Code.BROKER_BLOCK}\"')) ORDER BY seq LIMIT {MOST_ROWS}"
)
_HEADERS = f"SELECT run, wall_ns, CAST(body AS BLOB) FROM runs WHERE run > ? ORDER BY run LIMIT {MOST_ROWS}"
_NAME = "SELECT wall_ns FROM runs WHERE run = 1"
_NEWEST = "SELECT (SELECT max(seq) FROM records), (SELECT max(run) FROM runs)"
_WRITTEN = "SELECT (SELECT wall_ns FROM records WHERE seq = ?), (SELECT wall_ns FROM runs WHERE run = ?)"


class Written(NamedTuple):
    """When a record and a header were written (UTC ns); 0 if there is none of the number."""

    record_ns: int = 0
    header_ns: int = 0


class Added(NamedTuple):
    """What was added; `journal` tells one file from another that has taken its place ("" while it holds nothing), `written` one copy
    from another of the same file: when the record and the header that are known were written (UTC ns), 0 for what it does not hold."""

    journal: str
    written: Written
    rows: list[Row]
    headers: list[Header]


class End(NamedTuple):
    """Where a journal ends now, and when that was written."""

    journal: str
    seq: int
    run: int
    written: Written


def added_since(path: Path, seq: int, run: int) -> Added:
    """Records after this number, at most MOST_ROWS, and headers after this one. Raises JournalError if it cannot be read."""
    with connected(path) as db:
        if schema.is_empty(db):
            return Added("", Written(), [], [])
        written = _written(db, seq, run)
        rows, headers = db.execute(_ROWS, (seq,)).fetchall(), db.execute(_HEADERS, (run,)).fetchall()
        journal = _journal(db)
    made = [Row(*row[:5], _body(row[5])) for row in rows]
    return Added(journal, written, made, [Header(*header[:2], _body(header[2])) for header in headers])


def end_of(path: Path) -> End:
    """Where it ends. Raises JournalError if it cannot be read."""
    with connected(path) as db:
        if schema.is_empty(db):
            return End("", 0, 0, Written())
        seq, run = (number or 0 for number in db.execute(_NEWEST).fetchone())
        return End(_journal(db), seq, run, _written(db, seq, run))


def _journal(db: sqlite3.Connection) -> str:
    first = db.execute(_NAME).fetchone()
    return "" if first is None else str(first[0])


def _written(db: sqlite3.Connection, seq: int, run: int) -> Written:
    return Written(*(wall_ns or 0 for wall_ns in db.execute(_WRITTEN, (seq, run)).fetchone()))


def _body(text: bytes) -> dict[str, object]:
    """What is no object is told by the key that nobody asks for, so that it cannot be read, and that is told."""
    try:
        body = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        body = None
    return body if isinstance(body, dict) else {"unreadable": True}
