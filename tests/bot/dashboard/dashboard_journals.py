"""A day of an account's journal for the pages: two bars with their decisions, an entry that was filled, and words that look like HTML."""

from __future__ import annotations

from pathlib import Path

from builders import CONTRACTS, an_intent, new_york_ns
from journal_steps import Told

from bot.journal.build import intent_record
from bot.journal.records import Action, BarRecord, DayRecord, DecisionRecord, GateRecord, Kind
from bot.journal.store import Journal
from bot.node.journals import FOLDER

EVIL = "<img src=x onerror=\"document.title='owned'\">"
TEN_30, TEN_31 = new_york_ns("2025-09-16 10:30"), new_york_ns("2025-09-16 10:31")
NAME = "20250916-K1-1030"


def bar(close: float = 250.0) -> BarRecord:
    """A minute at this close."""
    return BarRecord(249.0, 251.0, 248.0, close, 500, False, "range", 2, 0.9, 0.9, [("gap", 0.1)], 0.8, [("late_fill", 0.2)], {})


def decision(strategy: str, action: Action = Action.SKIP, said: str = "") -> DecisionRecord:
    """A decision with a gate that failed."""
    gate = GateRecord("FRICTION_SHARE", 7, "share", 0.41, "limit", 0.3, "", 0.11)
    said = said or f"{strategy} long skipped: FRICTION_SHARE: share=0.41, limit=0.30"
    return DecisionRecord(strategy, action, said, 0.9, 0.8, gate=gate, smallest_change="share would have to fall by 0.11")


def account_journal(state: Path, *, held: bool = False, wall_ns: int = 1, evil: str = "") -> Path:
    """The journal of PAPER DU1, with a position if `held`."""
    path = state / FOLDER / "paper-DU1-2025.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1", "learning": True, "replayed_time": True}, lambda: wall_ns) as journal:
        journal.add(Kind.DAY, TEN_30, DayRecord("2025-09-16", 1_000_000))
        intent = an_intent(ts_ns=TEN_30, name=NAME)
        if held:
            journal.add(Kind.INTENT, TEN_30, intent_record(intent), "K1")
            told = Told(intent)
            for step in (*told.sent(), *told.fill("1E", 1000), *told.every("OrderAccepted", "1S", "1T")):
                journal.add(step.kind, TEN_30, step.body, step.strategy)
        for ts_ns in (TEN_30, TEN_31):
            journal.add(Kind.BAR, ts_ns, bar(250.0 if ts_ns == TEN_30 else 250.5))
            for name in ("K1", "K2", "K3", "K4", "K5"):
                journal.add(Kind.DECISION, ts_ns, decision(name, said=evil if name == "K1" else ""), name)
            journal.close_link(ts_ns)
    return path
