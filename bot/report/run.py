"""A journal as a report needs it: bars, counts of decisions, trades and events, read in one pass."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import msgspec

from bot.contracts.models import Contracts
from bot.decision.outcome import Mark, TradeOutcome
from bot.errors import JournalError
from bot.journal.build import journaled_outcome
from bot.journal.contracts import contracts_of
from bot.journal.packs import WHOLE
from bot.journal.read import Record, headers, opened, read
from bot.journal.records import Action, Kind
from bot.journal.run_end import interrupted, open_at_end
from bot.journal.times import new_york

_DECISIONS = f"SELECT seq, ts_ns, strategy, body FROM {WHOLE} WHERE kind = 'decision' AND seq > ? ORDER BY seq"
_BARS = f"SELECT seq, ts_ns, body FROM {WHOLE} WHERE kind = 'bar' AND seq > ? ORDER BY seq"


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
    """One bar of the trading window: prices in points (a rejected bar's may be None), close as UTC ns, scores 0..1 (None: unknown).

    `seq` is the sequence of its record.
    """

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
    seq: int = 0

    @property
    def day(self) -> str:
        """The session's date, ISO, New York."""
        return new_york(self.ts_ns)[:10]


class Closed(TradeOutcome, frozen=True, gc=False):
    """A closed trade, real or shadow, with the sequence of its record."""

    seq: int = 0


class Count(msgspec.Struct, frozen=True):
    """What decisions are counted by. `layer` and `code` are those of the first failing gate, None without one."""

    strategy: str
    action: Action
    layer: int | None
    code: str | None
    plan: bool
    side: int


class Run(msgspec.Struct):
    """Everything of one journal that a report shows. Records are in the order they were written.

    `decisions` holds the sequences of the decisions that are counted alike. `planned` and
    `vetoed` map a bar's close (UTC ns) to the sequence of its first decision with a plan, and of the filter's veto.
    `contracts` are the first of the journal, `contracts_seq` is the sequence of their record; `contracts_sha256` are the hashes of
    all that it was made under, oldest first.
    `interrupted` and `open_at_end` are those of bot.journal.run_end.
    """

    path: Path
    head: str
    header: dict[str, Any]
    contracts: Contracts
    contracts_seq: int
    contracts_sha256: list[str]
    bars: list[Bar]
    decisions: dict[Count, array[int]]
    planned: dict[int, int]
    vetoed: dict[int, int]
    trades: list[Closed]
    shadows: list[Closed]
    intents: dict[tuple[str, int], dict[str, Any]]
    states: list[Record]
    quality: list[Record]
    stops: list[Record]
    denied: list[Record]
    kills: list[Record]
    interrupted: str = ""
    open_at_end: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str | Path, after_seq: int = 0) -> Run:
        """Read a journal; of bars, decisions, trades and events only those after a record, while learning states are of all before too.

        Raises JournalError if there is none or it was killed before its first record.
        """
        with opened(path) as db:
            runs = headers(db)
            sets = list(read(db, Kind.CONTRACTS))
            if not runs or not sets:
                raise JournalError(f"{path} holds no run: it was ended before its first record.")
            decisions, planned, vetoed = _count_decisions(db.execute(_DECISIONS, (after_seq,)))
            orders = list(read(db, Kind.ORDER, after_seq=after_seq))
            outcomes = [journaled_outcome(body, Closed) for body in _bodies(db, Kind.OUTCOME, after_seq)]
            row = db.execute("SELECT head FROM links ORDER BY link DESC LIMIT 1").fetchone()
            return cls(
                path=Path(path),
                head=row[0] if row else "",
                header=runs[-1],
                contracts=contracts_of(sets[0]),
                contracts_seq=sets[0].seq,
                contracts_sha256=[each.body["sha256"] for each in sets],
                bars=[_bar(*row) for row in db.execute(_BARS, (after_seq,))],
                decisions=decisions,
                planned=planned,
                vetoed=vetoed,
                trades=[outcome for outcome in outcomes if not outcome.shadow],
                shadows=[outcome for outcome in outcomes if outcome.shadow and outcome.mark is not Mark.VOID],
                intents={(body["strategy"], body["decided_ns"]): body for body in _bodies(db, Kind.INTENT, after_seq)},
                states=list(read(db, Kind.STATE)),
                quality=list(read(db, Kind.QUALITY, after_seq=after_seq)),
                stops=[record for record in orders if record.body["role"] == "STOP" and record.body.get("trigger")],
                denied=[record for record in orders if record.body["event"] == "Denied"],
                kills=list(read(db, Kind.KILL, after_seq=after_seq)),
                interrupted=interrupted(Path(path), db, runs),
                open_at_end=open_at_end(runs),
            )

    @property
    def strategies(self) -> list[str]:
        """The names of all strategies that decided or traded, in order."""
        return sorted({count.strategy for count in self.decisions} | {trade.strategy for trade in self.trades})

    @property
    def results(self) -> list[Closed]:
        """The real trades that came to something: a void one met prices that no market reaches, and is no result."""
        return [trade for trade in self.trades if trade.mark is not Mark.VOID]

    @property
    def learning(self) -> bool:
        """Whether the learning loop was on; False is for study only."""
        return self.header.get("learning", True)

    def intent_of(self, trade: TradeOutcome) -> dict[str, Any] | None:
        """The journaled intent that a real trade was opened by, with the sequence of its record as `seq`."""
        return self.intents.get((trade.strategy, trade.decided_ns))

    def legs_of(self, trade: TradeOutcome) -> int:
        """How many brackets a real trade was planned as; 0 if its intent is not known."""
        intent = self.intent_of(trade)
        return 0 if intent is None else len(intent["plan"]["legs"])


_decode_bar = msgspec.json.Decoder(Bar).decode


def _bar(seq: int, ts_ns: int, body: str) -> Bar:
    bar = _decode_bar(body)
    bar.seq, bar.ts_ns = seq, ts_ns
    return bar


def _bodies(db: Connection, kind: Kind, after_seq: int) -> Iterator[dict[str, Any]]:
    """Bodies with the sequence of their record, as `seq`."""
    return (record.body | {"seq": record.seq} for record in read(db, kind, after_seq=after_seq))


def _count_decisions(rows: Iterator[tuple[int, int, str, str]]) -> tuple[dict[Count, array[int]], dict[int, int], dict[int, int]]:
    decode = msgspec.json.Decoder(_Decision).decode
    seqs: dict[tuple[Any, ...], array[int]] = {}
    planned: dict[int, int] = {}
    vetoed: dict[int, int] = {}
    for seq, ts_ns, strategy, body in rows:
        decision = decode(body)
        gate, plan = decision.gate, decision.plan
        key = (strategy, decision.action, gate and gate.layer, gate and gate.code, plan is not None, plan.side if plan else 0)
        found = seqs.get(key)
        if found is None:
            found = seqs[key] = array("q")
        found.append(seq)
        if plan is not None:
            planned.setdefault(ts_ns, seq)
        if decision.action == Action.VETO:
            vetoed[ts_ns] = seq
    return {Count(key[0], Action(key[1]), *key[2:]): found for key, found in seqs.items()}, planned, vetoed
