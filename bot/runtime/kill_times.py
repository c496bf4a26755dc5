"""How long the steps of a kill took, from the wall times that stand beside the records, outside the hash chain.

Two runs that decide alike have equal records and other times here. It knows what the journal was told, when it was told: an order
counts as closed when the broker's word of it had come.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from bot.journal import schema
from bot.journal.build import intent_of
from bot.journal.records import FillRecord, IntentRecord, Kind, OrderRecord
from bot.runtime.recover import Story, recovered, take
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

CANCELS_SENT = "the first cancels have left"  # detail of the operator record that says so
TAKEN, BLOCKED, SENT, LEAVING, FLAT = "kill taken", "entries blocked", "cancels on the wire", "closing order on the wire", "flat"
_KINDS = (Kind.INTENT, Kind.ORDER, Kind.FILL, Kind.KILL, Kind.OPERATOR)
_ROWS = (
    f"SELECT seq, wall_ns, kind, CAST(body AS BLOB) FROM records WHERE kind IN ({', '.join(repr(str(kind)) for kind in _KINDS)}) "
    f"AND {schema.RARE} ORDER BY seq"
)


class KillStep(NamedTuple):
    """What was reached, and so many seconds of the wall after the kill was asked for."""

    what: str
    seconds: float


class KillTimes(NamedTuple):
    """The steps reached so far, in the order of their records; `naked_seconds` is how long contracts had no working stop since."""

    steps: tuple[KillStep, ...]
    naked_seconds: float

    def of(self, what: str) -> float | None:
        """When a step was reached; None if it was not."""
        return next((step.seconds for step in self.steps if step.what == what), None)


class _Row(NamedTuple):
    seq: int
    wall_ns: int
    kind: Kind
    body: bytes


def kill_times(db: sqlite3.Connection, after_seq: int, asked_ns: int) -> KillTimes:
    """Of the kill whose records come after `after_seq`, and that was asked for at `asked_ns` of the wall (UTC ns)."""
    fold = _Fold(asked_ns)
    for row in _rows(db):
        fold.book(row)
        if row.seq > after_seq:
            fold.note(row)
    return KillTimes(tuple(fold.steps), fold.naked_ns / SECOND_NS)


def _rows(db: sqlite3.Connection) -> Iterator[_Row]:
    for seq, wall_ns, kind, body in db.execute(_ROWS):
        yield _Row(seq, wall_ns, Kind(kind), body)


class _Fold:
    def __init__(self, asked_ns: int) -> None:
        self.steps: list[KillStep] = []
        self.naked_ns = 0
        self._asked_ns = self._last_ns = asked_ns
        self._trades: dict[str, Trade] = {}

    def book(self, row: _Row) -> None:
        """Keep the trades as the records tell them, and count the time since the one before if contracts were bare."""
        if any(leg.open > leg.protected for trade in self._trades.values() for leg in trade.legs):
            self.naked_ns += max(0, row.wall_ns - self._last_ns)
        self._last_ns = max(self._last_ns, row.wall_ns)
        if row.kind is Kind.INTENT:
            record = msgspec.json.decode(row.body, type=IntentRecord)
            self._trades[record.intent_id] = recovered(Story(intent_of(record), ()))
        elif row.kind in (Kind.ORDER, Kind.FILL):
            self._take(msgspec.json.decode(row.body, type=OrderRecord if row.kind is Kind.ORDER else FillRecord))

    def _take(self, record: OrderRecord | FillRecord) -> None:
        trade = self._trades.get(record.intent_id)
        if trade is not None and getattr(record, "event", "") != "Denied":
            take(trade, record)

    def note(self, row: _Row) -> None:
        """Whether a step was reached by this record; each counts once."""
        what = self._step(row)
        if what and all(step.what != what for step in self.steps):
            self.steps.append(KillStep(what, max(0, row.wall_ns - self._asked_ns) / SECOND_NS))

    def _step(self, row: _Row) -> str:
        said = msgspec.json.decode(row.body)
        match row.kind:
            case Kind.OPERATOR if said["action"] == "kill":
                return SENT if said["detail"] == CANCELS_SENT else TAKEN
            case Kind.KILL:
                return {"TRIPPED": BLOCKED, "FLAT": FLAT}.get(said["state"], said["state"].lower())
            case Kind.ORDER if said["role"] == "EXIT" and said["event"] == "OrderSubmitted":
                return LEAVING
            case Kind.FILL if not any(trade.net for trade in self._trades.values()):
                return FLAT
        return ""
