"""SQLite's write-ahead log of a journal, given its final size ahead, so that no commit waits for the file to grow."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

_SPILL_PAGES = 10  # so few pages in memory that a large insert goes to the log at once


def reserve(db: sqlite3.Connection, path: Path) -> None:
    """Spill as many pages as fit before a checkpoint, roll back, and wait for the disk: the journal itself is not touched.

    `db` must be in autocommit mode with nothing pending. Raises sqlite3.Error or OSError, for example if the disk is full.
    """
    (pages,), (size,), (cache,) = (db.execute(f"PRAGMA {name}").fetchone() for name in ("wal_autocheckpoint", "page_size", "cache_size"))
    db.execute(f"PRAGMA cache_size = {_SPILL_PAGES}")
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE reserved (room BLOB)")
        db.execute("INSERT INTO reserved VALUES (zeroblob(?))", (pages * size,))
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute(f"PRAGMA cache_size = {cache}")
    with open(f"{path}-wal", "rb") as log:
        os.fsync(log.fileno())  # else the first intent would wait for all of it
