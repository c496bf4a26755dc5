"""What a person counts by, as plain columns: any tool that reads SQLite has them, and unpacks nothing.

The one home of which they are, what of a body they hold, and whether a file's agree with its bodies. They say nothing that a body does
not say, so they are outside the chain, and `verify` compares each with its body (`faults`). A column holds numbers, or words, as it is
declared; null where the body has none, and where it has the other.

Bars and decisions, the many records, have a few beside them in `records` (BESIDE); the rest stands in tables of their own. What strategies
answer is said once: `answers` has each answer with its sentence, and a decision names it by number (in a month of 49,000 decisions there
are 1,300). What tables and views (schema.py) look like stands in files, for ever: what is added is another schema.
"""

from __future__ import annotations

import sqlite3
from operator import attrgetter
from typing import Any

import msgspec

from bot.journal.packs import Bodies
from bot.journal.records import Kind

BESIDE = """  answer INTEGER,
  observed REAL,
  dvs REAL,
  eqs REAL
"""
TABLES = (
    """CREATE TABLE answers (
  answer INTEGER PRIMARY KEY,
  action TEXT,
  sentence TEXT,
  code TEXT,
  layer INTEGER,
  observed_words TEXT,
  "limit" REAL,
  limit_words TEXT,
  plan_side INTEGER,
  euc REAL,
  smallest_change TEXT,
  trade_id TEXT
) STRICT""",
    """CREATE TABLE bar_columns (
  seq INTEGER PRIMARY KEY,
  open REAL,
  high REAL,
  low REAL,
  close REAL,
  volume INTEGER,
  rejected INTEGER,
  regime TEXT
) STRICT""",
    """CREATE TABLE outcome_columns (
  seq INTEGER PRIMARY KEY,
  shadow INTEGER,
  trade_id TEXT,
  trading_day TEXT,
  side INTEGER,
  quantity INTEGER,
  decided_ns INTEGER,
  opened_ns INTEGER,
  closed_ns INTEGER,
  entry_price REAL,
  exit_price REAL,
  exit_reason TEXT,
  gross_cents INTEGER,
  net_cents INTEGER,
  risk_cents INTEGER,
  r REAL,
  budget_overrun INTEGER,
  mark TEXT
) STRICT""",
    """CREATE TABLE state_columns (
  seq INTEGER PRIMARY KEY,
  state TEXT,
  throttle_level INTEGER,
  reason TEXT,
  release TEXT
) STRICT""",
)
Row = tuple[Any, ...]
ANSWERS = "answers"
_NOTHING: Row = (None, None, None, None)  # what most kinds of records have beside them
_WHOLE_MIN, _WHOLE_MAX = -(2**63), 2**63 - 1  # of a column of whole numbers
_EXACT_MAX = 2**53  # of whole numbers that a REAL holds as they are


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and _WHOLE_MIN <= value <= _WHOLE_MAX else None


def _number(value: Any) -> float | int | None:
    """None for words, and for nan and the infinite, which JSON has no number for."""
    if value.__class__ is float:
        return value if value - value == 0.0 else None
    return value if isinstance(value, int) and -_EXACT_MAX <= value <= _EXACT_MAX else None


def _words(value: Any) -> str | None:
    if value.__class__ is str:
        return value
    return str(value) if isinstance(value, str) else None


_FIT = {"INTEGER": _whole, "REAL": _number, "TEXT": _words}


class _Table:
    """A table by its statement: name, columns without the key, and for a row the values as they fit them."""

    def __init__(self, statement: str) -> None:
        self.name = statement.split()[2]
        self.columns = [line.split()[0] for line in statement.splitlines()[2:-1]]
        self._fits = [_FIT[line.split()[1].rstrip(",")] for line in statement.splitlines()[2:-1]]

    def fitted(self, values: Row) -> Row:
        return tuple([fit(value) for fit, value in zip(self._fits, values)])  # noqa: B905, a row is never longer or shorter


class _Own:
    """The table that a kind of record has for itself, each column of which stands in the body under its name, or another."""

    def __init__(self, statement: str, **others: str) -> None:
        self.table = _Table(statement)
        fields = [others.get(name, name) for name in self.table.columns]
        self._values = attrgetter(*fields)
        self.said = msgspec.defstruct("Said", [(name, Any, None) for name in (*fields, "dvs", "eqs")])

    def row(self, seq: int, body: Any) -> Row:
        return (seq, *self.table.fitted(self._values(body)))


_ANSWERS = _Table(TABLES[0])
_OWN = {Kind.BAR: _Own(TABLES[1]), Kind.OUTCOME: _Own(TABLES[2]), Kind.STATE: _Own(TABLES[3], state="after")}
BY_SEQ = tuple(own.table.name for own in _OWN.values())
"""The tables whose rows are of records."""
WIDTHS = {table.name: 1 + len(table.columns) for table in (_ANSWERS, *(own.table for own in _OWN.values()))}
"""How many columns each table has."""


class _Gate(msgspec.Struct):
    code: Any = None
    layer: Any = None
    observed: Any = None
    limit: Any = None


class _Plan(msgspec.Struct):
    side: Any = None


class _Decision(msgspec.Struct):
    """As much of a decision's body as its columns hold, read again."""

    action: Any = None
    sentence: Any = None
    dvs: Any = None
    eqs: Any = None
    gate: _Gate | None = None
    plan: _Plan | None = None
    euc: dict[str, Any] | None = None
    smallest_change: Any = None
    trade_id: Any = None


def _answer(decision: Any) -> Row:
    """What a row of `answers` is made of, as it stands in the decision."""
    gate, plan, euc = decision.gate, decision.plan, decision.euc
    code = layer = seen = limit = allowed = None
    if gate is not None:
        code, layer, seen, limit = gate.code, gate.layer, gate.observed, gate.limit
        if not isinstance(seen, str):
            seen = None
        if isinstance(limit, str):
            limit, allowed = None, limit
    side = None if plan is None else plan.side
    total = None if euc is None else euc.get("total")
    change = decision.smallest_change or None
    return (decision.action, decision.sentence, code, layer, seen, limit, allowed, side, total, change, decision.trade_id)


def _decided(decision: Any) -> Row:
    gate = decision.gate
    return (None if gate is None else _number(gate.observed), _number(decision.dvs), _number(decision.eqs))


def _scored(bar: Any) -> Row:
    return (None, _number(bar.dvs), _number(bar.eqs))


class Columns:
    """Makes the plain columns of an open file; `rows` are those of the next transaction that stand in tables of their own."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._answers = {row[1:]: row[0] for row in db.execute("SELECT * FROM answers")}
        self.rows: dict[str, list[Row]] = {name: [] for name in WIDTHS}

    def of(self, kind: Kind, seq: int, body: Any, text: bytes) -> Row:
        """What stands beside a record that is new to the file; what does not is added to `rows`.

        `text` is the body as it is written. A body that is no record of ours has the columns that are read from it, so nothing is refused.
        """
        if kind not in _READ:
            return _NOTHING
        try:
            return self._of(kind, seq, body)
        except AttributeError:
            try:
                return self._of(kind, seq, _READ[kind].decode(text))
            except msgspec.MsgspecError:
                return _NOTHING  # verify says so

    def _of(self, kind: Kind, seq: int, body: Any) -> Row:
        if kind is Kind.DECISION:
            return (self._number(_answer(body)), *_decided(body))
        own = _OWN[kind]
        self.rows[own.table.name].append(own.row(seq, body))
        return (None, *_scored(body)) if kind is Kind.BAR else _NOTHING

    def _number(self, answer: Row) -> int:
        """Of the answer as a decision has it; most have been given before, and fit as they are."""
        number = self._answers.get(answer)
        if number is None:
            answer = _ANSWERS.fitted(answer)
            number = self._answers.get(answer)
        if number is None:
            number = self._answers[answer] = len(self._answers) + 1
            self.rows[ANSWERS].append((number, *answer))
        return number


_READ = {str(kind): msgspec.json.Decoder(own.said) for kind, own in _OWN.items()} | {str(Kind.DECISION): msgspec.json.Decoder(_Decision)}
_RECORDS = (
    f"SELECT seq, kind, CAST(body AS BLOB), records.answer, observed, dvs, eqs, {', '.join(_ANSWERS.columns)} "
    "FROM records LEFT JOIN answers USING (answer) ORDER BY seq"
)
_NO_ANSWER: Row = (None,) * len(_ANSWERS.columns)
_UNSAID = "SELECT answer FROM answers WHERE answer NOT IN (SELECT answer FROM records WHERE answer IS NOT NULL) LIMIT 1"


def faults(db: sqlite3.Connection, bodies: Bodies) -> str:
    """Where a plain column contradicts the body that it is of, or there is a row too many or too few; "" if they all agree.

    Raises JournalBroken for a body that is missing.
    """
    rows = {str(kind): iter(db.execute(f"SELECT * FROM {own.table.name} ORDER BY seq")) for kind, own in _OWN.items()}
    for seq, kind, text, answer, *beside in db.execute(_RECORDS):
        wanted: Row = (*_NOTHING[1:], *_NO_ANSWER)
        if kind in _READ:
            try:
                body = _READ[kind].decode(bodies.of(seq) if text is None else text)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return f"the body of record {seq} ({kind}) is not as mesbot writes it"
            if kind == Kind.DECISION:
                wanted = (*_decided(body), *_ANSWERS.fitted(_answer(body)))
            elif kind == Kind.BAR:
                wanted = (*_scored(body), *_NO_ANSWER)
            if kind in rows and next(rows[kind], None) != _OWN[Kind(kind)].row(seq, body):
                return f"table {_OWN[Kind(kind)].table.name} does not say of record {seq} what its body says"
        if tuple(beside) != wanted or (answer is not None) is not (kind == Kind.DECISION):
            return f"the plain columns of record {seq} ({kind}) do not say what its body says"
    for kind, left in rows.items():
        if (row := next(left, None)) is not None:
            return f"table {_OWN[Kind(kind)].table.name} says something of record {row[0]}, which is no {kind}"
    unsaid = db.execute(_UNSAID).fetchone()
    return "" if unsaid is None else f"answer {unsaid[0]} was given by no decision"
