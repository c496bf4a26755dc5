"""What a journal says, as pandas frames, for notebooks and exports: trades, shadows, daily_pnl, decisions, bars, skip_reasons, states.

A frame is read from records of the journal alone, and nothing is written. COLUMNS says of every column what it holds and in which
unit. Times are moments of the market with the zone New York; prices are points, money is whole cents, scores and shares 0..1.
What is not known is NaN, NaT in times, NA in whole numbers, flags and words. Rows stand in the order their records were written;
`seq` is the sequence of the record, which `mesbot why` and the hash chain know it by.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bot.errors import UsageError
from bot.journal import schema
from bot.journal.connect import no_journal
from bot.journal.packs import WHOLE, whole_of
from bot.journal.read import opened
from bot.journal.records import Kind
from bot.journal.times import NEW_YORK

DTYPES = {"time": "Int64", "whole": "Int64", "number": "float64", "flag": "boolean", "words": "string"}


class Column(NamedTuple):
    """A column: its name, kind (a key of DTYPES), where SQL finds it, and what it means, with its unit."""

    name: str
    kind: str
    sql: str
    words: str


class Frame(NamedTuple):
    """A frame: the records it is read from, as SQL after FROM, and its columns."""

    source: str
    columns: tuple[Column, ...]

    @property
    def query(self) -> str:
        """Its rows, a column each."""
        return f"SELECT {', '.join(f'{each.sql} AS "{each.name}"' for each in self.columns)} FROM {self.source}"


def _said(name: str, kind: str, words: str, path: str = "") -> Column:
    """A column that stands in the body of the frame's own record, under its own name or another path."""
    return Column(name, kind, f"json_extract(record.body, '$.{path or name}')", words)


def _planned(name: str, kind: str, words: str, path: str) -> Column:
    """A column of the plan that a trade was opened by."""
    return Column(name, kind, f"json_extract(opening.body, '$.plan.{path}')", words)


_SEQ = Column("seq", "whole", "record.seq", "sequence of the record in the journal")
_TIME = Column("time", "time", "record.ts_ns", "market time of the record: of a bar and its decisions the bar's close")
_STRATEGY = Column("strategy", "words", "record.strategy", "the strategy, e.g. K1")

_OUTCOME = (
    _SEQ,
    _STRATEGY,
    _said("trade_id", "words", "name of the trade"),
    _said("trading_day", "words", "date of the trading day (18:00 to 18:00 New York), ISO"),
    _said("side", "whole", "1 long, -1 short"),
    _said("quantity", "whole", "contracts"),
    _said("decided", "time", "close of the bar that decided it", "decided_ns"),
    _said("opened", "time", "first fill of the entry", "opened_ns"),
    _said("closed", "time", "last fill of the exits", "closed_ns"),
    _said("entry_price", "number", "mean price of the entry's fills, points"),
    _planned("stop", "number", "planned stop of the first leg, points", "legs[0][1]"),
    _planned("target", "number", "planned target of the last leg, points", "legs[#-1][2]"),
    _said("exit_price", "number", "mean price of the exits' fills, points"),
    _said("exit_reason", "words", "why it ended; `mesbot why CODE` says what the code means"),
    _said("gross_cents", "whole", "result before fees, cents"),
    _said("net_cents", "whole", "result after fees and slippage, cents"),
    _said("risk_cents", "whole", "planned risk, cents"),
    _said("r", "number", "net result as a multiple of the planned risk"),
    _said("target_r", "number", "what its target would have won, as a multiple of the planned risk"),
    _said("mfe_ticks", "whole", "best excursion from the entry, ticks a contract, >= 0"),
    _said("mae_ticks", "whole", "worst excursion from the entry, ticks a contract, >= 0"),
    _said("slippage_ticks", "number", "slippage of the exits, ticks, adverse positive, summed over legs"),
    _said("regime", "words", "regime of the bar that decided it"),
    _said("time_of_day", "words", "phase of the session it was decided in"),
    _said("belief", "number", "belief of the strategy in its side when it was decided, 0..1"),
    _said("probability", "number", "probability of a win that its EUC was worked out with, 0..1", "euc.probability"),
    _said("break_even", "number", "probability of a win at which it would be worth nothing, 0..1", "euc.break_even"),
    _said("euc", "number", "edge minus uncertainty minus cost when it was decided, R", "euc.total"),
    _said("dvs", "number", "data validity score when it was decided, 0..1"),
    _said("eqs", "number", "execution quality score when it was decided, 0..1"),
    _said("budget_overrun", "flag", "whether it lost more than was planned and allowed"),
    _said("mark", "words", "HELD_OVER_GAP or VOID: it says nothing of its strategy, so leave it out of rates; else NA"),
)
_GATES = Column(
    "gates", "words", "(SELECT group_concat(value, ' ') FROM json_each(record.body, '$.gates'))", "codes of the gates that refused it"
)  # fmt: skip

_DECISION = (
    _SEQ,
    _TIME,
    _STRATEGY,
    _said("action", "words", "ENTER, MANAGE, EXIT, SKIP or VETO"),
    _said("sentence", "words", "the decision in one sentence"),
    _said("code", "words", "first failing gate, or condition of the setup; NA if none failed", "gate.code"),
    _said("layer", "whole", "layer of that gate, 0 (kill switch) to 8 (template)", "gate.layer"),
    Column("observed", "words", "CAST(json_extract(record.body, '$.gate.observed') AS TEXT)", "what that gate saw, as text"),
    Column("limit", "words", "CAST(json_extract(record.body, '$.gate.limit') AS TEXT)", "what it allows, as text"),
    _said("distance", "number", "how far the observed value is beyond the limit, in the gate's unit, >= 0", "gate.distance"),
    Column(
        "also", "words", "(SELECT group_concat(json_extract(value, '$.code'), ' ') FROM json_each(record.body, '$.others'))",
        "codes of all other gates that failed, in order of authority, as words",
    ),
    _said("smallest_change", "words", "what would have let the plan pass"),
    _said("plan_side", "whole", "1 for a plan to buy, -1 to sell, NA without a plan", "plan.side"),
    _said("entry", "number", "limit of the planned entry, points", "plan.limit"),
    _said("stop", "number", "planned stop of the first leg, points", "plan.legs[0][1]"),
    _said("target", "number", "planned target of the last leg, points", "plan.legs[#-1][2]"),
    _said("risk_cents", "whole", "planned risk, cents", "plan.risk_cents"),
    _said("probability", "number", "probability of a win that EUC was worked out with, 0..1", "euc.probability"),
    _said("euc", "number", "edge minus uncertainty minus cost, R", "euc.total"),
    _said("belief_long", "number", "belief of the strategy in a rise, 0..1", "beliefs[0]"),
    _said("belief_short", "number", "belief of the strategy in a fall, 0..1", "beliefs[1]"),
    _said("dvs", "number", "data validity score, 0..1"),
    _said("eqs", "number", "execution quality score, 0..1"),
    _said("trade_id", "words", "the trade that was managed or left"),
    _said("intent_id", "words", "the intent that was written ahead of the orders"),
)  # fmt: skip

_BAR = (
    _SEQ,
    _TIME,
    *(
        _said(name, "number", f"{name} of the minute, points; NaN where a rejected bar had none")
        for name in ("open", "high", "low", "close")
    ),
    _said("volume", "whole", "contracts traded in the minute"),
    _said("rejected", "flag", "whether DVS rejected the bar, so that its prices were not used"),
    _said("regime", "words", "regime of the market; empty for a rejected bar"),
    _said("session_phase", "whole", "phase of the session, 0 (pre-market) to 6 (after hours)"),
    _said("dvs", "number", "data validity score, 0..1; NaN: unknown"),
    _said("own_dvs", "number", "this bar's own score, before the worst of the window holds it down"),
    _said("eqs", "number", "execution quality score, 0..1"),
)

_STATE = (
    _SEQ,
    _TIME,
    _STRATEGY,
    _said("before", "words", "learning state that it left"),
    _said("after", "words", "learning state that it came into"),
    _said("throttle_level", "whole", "level of THROTTLED, 0 for the other states"),
    _said("reason", "words", "why"),
    _said("statistic", "words", "what was measured"),
    _said("value", "number", "its value"),
    _said("sample_size", "whole", "records it was measured on"),
    _said("release", "words", "what releases it again"),
)

FRAMES = {
    "trades": Frame(
        f"""records record LEFT JOIN records opening ON opening.kind = 'intent' AND opening.{schema.RARE}
AND opening.strategy = record.strategy AND json_extract(opening.body, '$.decided_ns') = json_extract(record.body, '$.decided_ns')
WHERE record.kind = 'outcome' AND record.{schema.RARE} AND NOT json_extract(record.body, '$.shadow') ORDER BY record.seq""",
        _OUTCOME,
    ),
    "shadows": Frame(
        f"""records record LEFT JOIN records opening ON opening.kind = 'shadow' AND opening.{schema.RARE}
AND json_extract(opening.body, '$.state') = 'OPENED' AND json_extract(opening.body, '$.trade_id') = json_extract(record.body, '$.trade_id')
WHERE record.kind = 'outcome' AND record.{schema.RARE} AND json_extract(record.body, '$.shadow') ORDER BY record.seq""",
        (*_OUTCOME, _GATES),
    ),
    "daily_pnl": Frame(
        "daily_pnl ORDER BY trading_day",
        (
            Column("trading_day", "words", "trading_day", "date of the trading day, ISO; only days with a trade"),
            Column("trades", "whole", "trades", "real trades that were closed"),
            Column("gross_cents", "whole", "gross_cents", "their result before fees, cents"),
            Column("net_cents", "whole", "net_cents", "their result after fees and slippage, cents"),
            Column("r", "number", "r", "their results in R, summed"),
        ),
    ),
    "decisions": Frame(f"{whole_of(Kind.DECISION)} record ORDER BY record.seq", _DECISION),
    "bars": Frame(f"{whole_of(Kind.BAR)} record ORDER BY record.seq", _BAR),
    "skip_reasons": Frame(
        "skip_reasons ORDER BY strategy, layer, code",
        (
            Column("strategy", "words", "strategy", "the strategy, e.g. K1"),
            Column("layer", "whole", "layer", "layer of the first failing gate, 0 to 8"),
            Column("code", "words", "code", "its code"),
            Column("bars", "whole", "bars", "bars on which it was the first to fail"),
            Column("plans", "whole", "plans", "those of them on which there was a plan"),
        ),
    ),
    "states": Frame(f"records record WHERE record.kind = 'state change' AND record.{schema.RARE} ORDER BY record.seq", _STATE),
}  # fmt: skip

RECORDS = Frame(
    f"{WHOLE} record ORDER BY record.seq",
    (
        _SEQ,
        _TIME,
        Column("kind", "words", "record.kind", "what it is"),
        _STRATEGY,
        Column("body", "words", "record.body", "all it says, as JSON"),
    ),
)


def records(journal: str | Path) -> pd.DataFrame:
    """Every record whole, a row each: seq, time, kind, strategy, and as body the JSON that the hash chain is over. Raises JournalError."""
    return _read(journal, RECORDS)


def trades(journal: str | Path) -> pd.DataFrame:
    """Every real trade that was closed, a row each. Raises JournalError if there is no such journal or it is damaged."""
    return frame(journal, "trades")


def shadows(journal: str | Path) -> pd.DataFrame:
    """Every refused plan that was filled and followed to its end, a row each; the columns of `trades`, and `gates`. Raises JournalError."""
    return frame(journal, "shadows")


def decisions(journal: str | Path) -> pd.DataFrame:
    """Every decision, a row a strategy and bar of the trading window. Raises JournalError."""
    return frame(journal, "decisions")


def bars(journal: str | Path) -> pd.DataFrame:
    """Every bar of the trading window, a row each. Raises JournalError."""
    return frame(journal, "bars")


def states(journal: str | Path) -> pd.DataFrame:
    """Every change of a strategy's learning state, a row each; one that never changed is ACTIVE. Raises JournalError."""
    return frame(journal, "states")


def frame(journal: str | Path, name: str) -> pd.DataFrame:
    """The frame of this name, a key of FRAMES. Raises UsageError for another name, JournalError as `trades` does."""
    if name not in FRAMES:
        raise UsageError(f'"{name}" is no frame of a journal; there are {", ".join(FRAMES)}.')
    return _read(journal, FRAMES[name])


def _read(journal: str | Path, wanted: Frame) -> pd.DataFrame:
    with opened(journal) as db:
        if broken := schema.faults(db):
            raise no_journal(journal, "; ".join(broken))
        return _typed(db, wanted)


def _typed(db: sqlite3.Connection, wanted: Frame) -> pd.DataFrame:
    rows = db.execute(wanted.query).fetchall()
    table = pd.DataFrame(rows, columns=[each.name for each in wanted.columns], dtype=object)
    return pd.DataFrame({each.name: _column(table[each.name], each.kind) for each in wanted.columns})


def _column(values: pd.Series, kind: str) -> pd.Series:
    if kind == "flag":
        values = values.map({0: False, 1: True})
    typed = values.astype(DTYPES[kind])
    if kind != "time":
        return typed
    known = typed.where(typed != 0)  # 0 is the time of records made before the first bar
    return pd.to_datetime(known, unit="ns", utc=True).dt.tz_convert(NEW_YORK)
