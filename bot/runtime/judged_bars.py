"""Which bars earlier runs believed, as their journals tell it: a restart judges by it, not by its own start."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bot.journal import schema
from bot.journal.packs import WHOLE
from bot.journal.read import opened
from bot.market.bar import Bar, RawBar, in_ticks
from bot.quality.price_level import JudgedBefore

# A journal of a year holds 100,000 bars with all their signals: the word is looked for, and the body is not read.
_REJECTED = "instr(CAST(body AS BLOB), CAST('\"rejected\":true' AS BLOB)) > 0"
_JUDGED = f"SELECT ts_ns, {_REJECTED} FROM {WHOLE} WHERE kind = 'bar' ORDER BY seq"
_NEWEST = f"SELECT seq, ts_ns, body FROM {WHOLE} WHERE kind = 'bar' AND NOT {_REJECTED} ORDER BY seq DESC LIMIT 1"
_SINCE = f"SELECT ts_ns, body FROM {WHOLE} WHERE kind = 'bar' AND seq > ? ORDER BY seq"


def judged_before(journals: Sequence[str | Path]) -> JudgedBefore:
    """What the journals of these files, oldest first, say of their bars. A minute that came twice was believed if it once was.

    Raises JournalError if one cannot be read.
    """
    believed: dict[int, bool] = {}
    last: Bar | None = None
    since: list[Bar | None] = []
    for path in journals:
        with opened(path) as db:
            for ts_ns, rejected in _rows(db, _JUDGED):
                believed[ts_ns] = believed.get(ts_ns, False) or not rejected
            newest = _rows(db, _NEWEST)
            if newest:
                last, since = _bar(*newest[0][1:]), []
            since += [_bar(*row) for row in _rows(db, _SINCE, newest[0][0] if newest else 0)]
    return JudgedBefore(believed, last, tuple(since))


def _rows(db: sqlite3.Connection, query: str, *values: int) -> list[tuple]:
    """None for a process that was killed before its first commit."""
    return [] if schema.is_empty(db) else db.execute(query, values).fetchall()


def _bar(ts_ns: int, body: str) -> Bar | None:
    said = msgspec.json.decode(body)
    prices = (math.nan if said[name] is None else said[name] for name in ("open", "high", "low", "close"))
    return in_ticks(RawBar(ts_ns, *prices, said["volume"], ts_ns))
