"""A copy of a journal that may be in use: of one moment, verified, and itself a journal that a start goes on with."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from bot.errors import JournalError
from bot.journal.connect import connected
from bot.journal.latch import latch_path
from bot.journal.verify import VerifyReport, verify
from bot.own_files import own_file, write_own


def backup(journal: Path, copy: Path) -> VerifyReport:
    """Write the journal as it is now, with its latch, to a path where nothing is; the writer is not kept waiting.

    What it holds, verified. Raises JournalError if the copy exists or cannot be written, or the journal cannot be read; JournalBroken
    if it is damaged. A copy that is not whole is never left under its name.
    """
    if copy.exists():
        raise JournalError(f"{copy} exists already and a backup is never overwritten; name another place.")
    draft = copy.with_name(f"{copy.name}.part")
    try:
        draft.unlink(missing_ok=True)
        latch = latch_path(journal)
        said = latch.read_bytes() if latch.exists() else None  # before the file: what it names is in the file already
        own_file(draft)
        _copied(journal, draft)
        report = verify(draft)
        if said is not None:
            write_own(latch_path(copy), said)
        draft.replace(copy)
    except OSError as error:
        raise JournalError(f"{copy} cannot be written ({error.strerror}); make room, or name another place.") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return report


def _copied(journal: Path, draft: Path) -> None:
    """In one piece, so that it is of one moment; left as one file, on the disk."""
    with connected(journal) as source:
        try:
            with closing(sqlite3.connect(draft)) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise JournalError(f"{draft} cannot be written ({error}); make room, or name another place.") from None
    with open(draft, "rb") as file:
        os.fsync(file.fileno())
