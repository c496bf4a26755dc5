"""A journal as a report needs it: bars, counts of decisions, trades and events, read in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bot.contracts.load import FILES
from bot.contracts.models import Contracts
from bot.errors import JournalError
from bot.journal.read import Record, headers, opened, read
from bot.journal.records import Action, Kind
from bot.journal.times import new_york
from bot.learning.outcome import TradeOutcome

NAN = float("nan")
_DECISIONS = "SELECT ts_ns, strategy, body FROM records WHERE kind = 'decision' ORDER BY seq"
_BARS = "SELECT ts_ns, body FROM records WHERE kind = 'bar' ORDER BY seq"
_NUMBERS = frozenset(name for name, annotation in TradeOutcome.__annotations__.items() if annotation == "float")


class _Gate(msgspec.Struct, gc=False):
    code: str
    layer: int


class _Plan(msgspec.Struct, gc=False):
    side: int


class _Decision(msgspec.Struct, gc=False):
    """Of a decision record, what is counted."""

    action: str
    gate: _Gate | None = None
    plan: _Plan | None = None


class Bar(msgspec.Struct, gc=False):
    """One bar of the trading window: prices in points (a rejected bar's may be None), close as UTC ns, scores 0..1 (None: unknown)."""

    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: int
    rejected: bool
    dvs: float | None
    own_dvs: float
    dvs_events: list[tuple[str, float]]
    eqs: float
    session_phase: int
    signals: dict[str, float | None]
    ts_ns: int = 0

    @property
    def day(self) -> str:
        """The session's date, ISO, New York."""
        return new_york(self.ts_ns)[:10]


class Count(msgspec.Struct, frozen=True):
    """What decisions are counted by. `layer` and `code` are those of the first failing gate, None without one."""

    strategy: str
    action: Action
    layer: int | None
    code: str | None
    plan: bool
    side: int


class Run(msgspec.Struct):
    """Everything of one journal that a report shows. Records are in the order they were written."""

    path: Path
    head: str
    header: dict[str, Any]
    contracts: Contracts
    bars: list[Bar]
    decisions: Counter[Count]
    planned_ns: set[int]
    vetoed_ns: set[int]
    trades: list[TradeOutcome]
    shadows: list[TradeOutcome]
    intents: dict[tuple[str, int], dict[str, Any]]
    states: list[Record]
    quality: list[Record]
    stops: list[Record]

    @classmethod
    def read(cls, path: str | Path) -> Run:
        """Read a journal. Raises JournalError if there is none or it was killed before its first record."""
        with opened(path) as db:
            runs = headers(db)
            law = next(read(db, Kind.CONTRACTS), None)
            if not runs or law is None:
                raise JournalError(f"{path} holds no run: it was ended before its first record.")
            decisions, planned_ns, vetoed_ns = _count_decisions(db.execute(_DECISIONS))
            outcomes = [outcome_of(record.body) for record in read(db, Kind.OUTCOME)]
            row = db.execute("SELECT head FROM links ORDER BY link DESC LIMIT 1").fetchone()
            return cls(
                path=Path(path),
                head=row[0] if row else "",
                header=runs[-1],
                contracts=_contracts(law.body),
                bars=[_bar(ts_ns, body) for ts_ns, body in db.execute(_BARS)],
                decisions=decisions,
                planned_ns=planned_ns,
                vetoed_ns=vetoed_ns,
                trades=[outcome for outcome in outcomes if not outcome.shadow],
                shadows=[outcome for outcome in outcomes if outcome.shadow],
                intents={(record.body["strategy"], record.body["decided_ns"]): record.body for record in read(db, Kind.INTENT)},
                states=list(read(db, Kind.STATE)),
                quality=list(read(db, Kind.QUALITY)),
                stops=[record for record in read(db, Kind.ORDER) if record.body["role"] == "STOP" and record.body.get("trigger")],
            )

    @property
    def learning(self) -> bool:
        """Whether the learning loop was on; False is for study only."""
        return self.header.get("learning", True)

    def intent_of(self, trade: TradeOutcome) -> dict[str, Any] | None:
        """The journaled intent that a real trade was opened by."""
        return self.intents.get((trade.strategy, trade.decided_ns))


def outcome_of(body: dict[str, Any]) -> TradeOutcome:
    """A TradeOutcome from the body of its record; what was written as null is nan again."""
    values = {name: NAN if value is None and name in _NUMBERS else value for name, value in body.items()}
    return TradeOutcome(**{**values, "gates": tuple(values.get("gates", ()))})


def _contracts(body: dict[str, Any]) -> Contracts:
    values = {name: model.model_validate(body["values"][name]) for name, model in FILES.items()}
    return Contracts(**values, directory="", sha256=body["sha256"])


_decode_bar = msgspec.json.Decoder(Bar).decode


def _bar(ts_ns: int, body: str) -> Bar:
    bar = _decode_bar(body)
    bar.ts_ns = ts_ns
    return bar


def _count_decisions(rows: Iterator[tuple[int, str, str]]) -> tuple[Counter[Count], set[int], set[int]]:
    decode = msgspec.json.Decoder(_Decision).decode
    counts: Counter[tuple[Any, ...]] = Counter()
    planned, vetoed = set(), set()
    for ts_ns, strategy, body in rows:
        decision = decode(body)
        gate, plan = decision.gate, decision.plan
        counts[strategy, decision.action, gate and gate.layer, gate and gate.code, plan is not None, plan.side if plan else 0] += 1
        if plan is not None:
            planned.add(ts_ns)
        if decision.action == Action.VETO:
            vetoed.add(ts_ns)
    return Counter({Count(key[0], Action(key[1]), *key[2:]): number for key, number in counts.items()}), planned, vetoed
