"""A restarted run re-derives its records in silence; each must equal the one that is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.errors import JournalBroken
from bot.journal.packs import WHOLE, taught
from bot.journal.times import new_york

_RECORDS = (
    f"SELECT seq, ts_ns, kind, strategy, sha256, CAST(body AS BLOB) FROM {WHOLE} JOIN contract_sets USING (contract_set) ORDER BY seq"
)
_LINKS = "SELECT link, ts_ns, last_seq, head FROM links ORDER BY link"
_EXCERPT = 60


class StoredRun:
    """The stored records and links of a journal in order, to compare with.

    It compares what is stored and nothing else: that a run which ends early would have
    gone on to re-derive the rest is not known here.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = sqlite3.connect(path)
        taught(self._db)
        self._records: Iterator[tuple[Any, ...]] = self._db.execute(_RECORDS)
        self._links: Iterator[tuple[Any, ...]] = self._db.execute(_LINKS)
        self._record = next(self._records, None)
        self._link = next(self._links, None)

    @property
    def exhausted(self) -> bool:
        """Whether everything stored has been re-derived."""
        return self._record is None and self._link is None

    def matches(self, seq: int, ts_ns: int, kind: str, strategy: str | None, contract_hash: str, body: bytes) -> bool:
        """Whether this record is stored already. Raises JournalBroken, showing both, if another one is in its place."""
        stored, fresh = self._record, (seq, ts_ns, kind, strategy, contract_hash, body)
        if stored is None and self._link is not None:
            raise self._broken(f"the stored bar ends with record {seq - 1}, now {kind} at {new_york(ts_ns)} would follow in it.")
        if stored is None:
            return False
        if stored != fresh:
            raise self._broken(f"record {seq}, stored: {_shown(stored, fresh)}; now: {_shown(fresh, stored)}.")
        self._record = next(self._records, None)
        return True

    def matches_link(self, link: int, ts_ns: int, last_seq: int, head: str) -> bool:
        """Whether this link is stored already. Raises JournalBroken, showing both, if another one is in its place."""
        stored, fresh = self._link, (link, ts_ns, last_seq, head)
        if stored is None:
            return False
        if stored != fresh:
            raise self._broken(f"link {link}, stored: {_shown_link(*stored)}; now: {_shown_link(*fresh)}.")
        self._link = next(self._links, None)
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _broken(self, difference: str) -> JournalBroken:
        return JournalBroken(
            f"{self._path}: this run does not re-derive what is stored, so it stops and appends nothing. "
            f"Resume with the same bars, contracts and program. First difference: {difference}"
        )


def _shown_link(_link: int, ts_ns: int, last_seq: int, head: str) -> str:
    return f"up to record {last_seq}, closed at {new_york(ts_ns)}, head {head[:12]}"


def _shown(record: tuple[Any, ...], other: tuple[Any, ...]) -> str:
    """One record, its body cut to the place where it departs from the other's."""
    _, ts_ns, kind, strategy, contract_hash, body = record
    shortest = min(len(body), len(other[5]))
    at = next((i for i in range(shortest) if body[i] != other[5][i]), shortest)
    excerpt = body[max(0, at - _EXCERPT) : at + _EXCERPT].decode(errors="replace")
    contracts = f", contracts {contract_hash[:12]}" if contract_hash != other[4] else ""
    return f"{kind}{' of ' + strategy if strategy else ''} at {new_york(ts_ns)}{contracts}, …{excerpt}…"
