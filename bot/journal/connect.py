"""A read-only connection to a journal file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.errors import JournalError
from bot.journal.packs import FAILED, taught


@contextmanager
def connected(path: str | Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file that may be in use by a running bot.

    Raises JournalError if there is no such file, it is no SQLite file, or what is read of it is damaged.
    """
    if not Path(path).is_file():
        raise JournalError(f"{path}: no such journal; name the .sqlite file a run has written.")
    try:
        with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as db:
            bodies = taught(db)
            try:
                db.execute("SELECT count(*) FROM sqlite_schema")
                yield db
            except (sqlite3.Error, UnicodeDecodeError) as error:  # sqlite3 cannot even say what is wrong if that holds damaged text
                if str(error) == FAILED and not bodies.fault:
                    raise  # another journal's, which is open outside of this one: it says what
                raise no_journal(path, bodies.fault or one_line(error)) from error
    except sqlite3.Error as error:
        if str(error) == FAILED:
            raise
        raise no_journal(path, one_line(error)) from error


def no_journal(path: str | Path, why: str) -> JournalError:
    """That a file is none, or is damaged, and what to do."""
    return JournalError(f"{path} cannot be read as a journal: {why}; name a .sqlite file that a run has written, or a backup of this one.")


def one_line(error: Exception) -> str:
    """What an exception says, without the line breaks that a damaged file may have put into it."""
    return " ".join(str(error).split())
