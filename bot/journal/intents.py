"""Intents as the risk engine finds them: read back from the journal file, which proves them durable."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from bot.errors import JournalError
from bot.journal import schema
from bot.journal.records import IntentRecord, Kind

# RARE lets SQLite use the partial index. However many were written since: a resumed run finds its first beside all that follow.
_NEWEST = (
    f"SELECT body FROM records WHERE kind = ? AND {schema.RARE} AND json_extract(body, '$.intent_id') = ? "
    "ORDER BY ts_ns DESC, seq DESC LIMIT 1"
)


class IntentReader:
    """A read-only view of a journal's intents, open for the life of a run."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._decode = msgspec.json.Decoder(IntentRecord).decode

    def find(self, intent_id: str) -> IntentRecord | None:
        """The journaled intent of this id; None if there is none.

        Raises JournalError if the journal cannot be read.
        """
        try:
            row = self._open().execute(_NEWEST, (Kind.INTENT.value, intent_id)).fetchone()
            return None if row is None else self._decode(row[0])
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise JournalError(f"Journal {self._path}: intents cannot be read ({error}); no entry is possible.") from error

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = sqlite3.connect(f"{Path(self._path).resolve().as_uri()}?mode=ro", uri=True)
        return self._db
