"""The SQLite file of a journal that is open for writing: a transaction is whole or nothing of it is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.errors import JournalError
from bot.journal import columns, write_ahead_log
from bot.journal.packs import taught
from bot.own_files import own_file

PATIENT_MS, HURRIED_MS = 1000, 20  # how long a transaction waits for another process that holds the file
_ADD_PACK = "INSERT INTO packs VALUES (?, ?, ?, ?)"
_ADD_LINK = "INSERT INTO links VALUES (?, ?, ?, ?)"
_ADD_PLAIN = {table: f"INSERT INTO {table} VALUES ({', '.join('?' * width)})" for table, width in columns.WIDTHS.items()}
_ADD_RUN = "INSERT INTO runs SELECT count(*) + 1, ?, ? FROM runs"
Rows = Sequence[tuple[Any, ...]]


class JournalFile:
    """`db` is in autocommit mode. Raises sqlite3.Error or OSError if the file cannot be opened at all, NotOurs if it is another's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        own_file(path)  # its write-ahead log has the same mode and owner: SQLite sees to that
        self.db = sqlite3.connect(path, isolation_level=None)
        self._opened = _identity(path)
        taught(self.db)
        self.db.execute(f"PRAGMA busy_timeout = {PATIENT_MS}")

    def settle(self) -> None:
        """Go over to a write-ahead log; a closed journal is left without one."""
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("PRAGMA wal_autocheckpoint = 4000")

    def commit(
        self, records: Rows, packs: Rows, plain: Mapping[str, Rows], links: Rows, headers: Rows, *, durable: bool, hurried: bool
    ) -> None:
        """Add rows in one transaction (`plain`: by table); `durable` ones survive a power cut. `hurried` does not wait for another process.

        Raises JournalError if the file cannot be written, or is not at its place any more; then nothing is in it.
        """
        if _identity(self.path) != self._opened:
            raise JournalError(f"{self.path} is gone, or another file is in its place: put it back, or start the run again.")
        try:
            self.db.execute(f"PRAGMA busy_timeout = {HURRIED_MS if hurried else PATIENT_MS}")
            self.db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.db.execute("BEGIN IMMEDIATE")
            if records:  # of as many columns as the file's schema has
                self.db.executemany(f"INSERT INTO records VALUES ({', '.join('?' * len(records[0]))})", records)
            if packs:  # of bodies; a file of the first schema has none
                self.db.executemany(_ADD_PACK, packs)
            for table, rows in plain.items():
                if rows:
                    self.db.executemany(_ADD_PLAIN[table], rows)
            self.db.executemany(_ADD_LINK, links)
            self.db.executemany(_ADD_RUN, headers)
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
            raise JournalError(
                f"{self.path} cannot be written ({error}); is the disk full, or does another process write to it?"
            ) from error

    def reserve(self) -> None:
        """Give the write-ahead log its final size now. Raises JournalError if the disk is full."""
        try:
            write_ahead_log.reserve(self.db, self.path)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"{self.path}: no room for its write-ahead log ({error}); is the disk full?") from error

    def close(self) -> None:
        """Leave one file, without its log, unless somebody else has it open."""
        with suppress(sqlite3.OperationalError):  # a reader has it open: the log stays beside it
            self.db.execute("PRAGMA journal_mode = DELETE")
        self.db.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file is at a path, whatever its name; None if none is, or it cannot be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
