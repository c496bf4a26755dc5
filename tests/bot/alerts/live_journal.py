"""A journal as a live run makes it, and rows as the notifier reads them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
from builders import CONTRACTS, an_intent, new_york_ns
from outcome_makers import outcome

from bot.alerts.row import Row
from bot.journal.build import intent_record
from bot.journal.records import (
    BarRecord,
    FillRecord,
    KillRecord,
    Kind,
    OperatorRecord,
    OrderRecord,
    QualityRecord,
    ReconcileRecord,
    StateRecord,
)
from bot.journal.store import Journal
from bot.units import SECOND_NS

ACCOUNT = "DU1234567"
MOMENT = new_york_ns("2025-09-16 10:41")
INTENT = an_intent(ts_ns=MOMENT, name="20250916-K1-1041")


def row(kind: str, body: Any, seq: int = 7, ts_ns: int = MOMENT, wall_ns: int = MOMENT) -> Row:
    """One record, its body as a struct or as it stands in the file."""
    plain = body if isinstance(body, dict) else msgspec.json.decode(msgspec.json.encode(body))
    return Row(seq, ts_ns, wall_ns, str(kind), None, plain)


def bar(dvs: float = 1.0, *, rejected: bool = False) -> BarRecord:
    events = [("stale", round(1.0 - dvs, 2))] if dvs < 1.0 else []
    return BarRecord(250.0, 251.0, 249.0, 250.0, 500, rejected, "range", 1, dvs, dvs, events, 1.0, [], {})


def fill(role: str = "ENTRY", side: int = 1, order: str = "1E") -> FillRecord:
    return FillRecord(f"{INTENT.intent_id}-{order}", INTENT.intent_id, "K1", role, side, 1, 250.0, 62, 0.0, MOMENT, f"V{order}")


def order(event: str, role: str = "STOP", name: str = "1S", **more: Any) -> OrderRecord:
    return OrderRecord(f"{INTENT.intent_id}-{name}", INTENT.intent_id, "K1", role, event, 1, **more)


def opened(path: Path, **header: Any) -> Journal:
    """A paper account's journal, open for writing."""
    return Journal.append(path, "paper", CONTRACTS, {"account": ACCOUNT, **header}, time.time_ns)


def add(journal: Journal, kind: Kind, body: msgspec.Struct, ts_ns: int = MOMENT) -> None:
    """One record, in the file when this returns."""
    journal.write_ahead(kind, ts_ns, body)


__all__ = [
    "ACCOUNT", "INTENT", "MOMENT", "SECOND_NS", "KillRecord", "OperatorRecord", "QualityRecord", "ReconcileRecord", "StateRecord",
    "add", "bar", "fill", "intent_record", "opened", "order", "outcome", "row",
]  # fmt: skip
