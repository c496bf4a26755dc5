"""`mesbot why`: everything the journal knows about one bar, in plain words.

Finds the bar's records by its link, so the time it takes does not grow with the journal.
"""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path
from typing import Any

from bot.errors import JournalError, MesbotError, UsageError
from bot.journal import schema
from bot.journal.contracts import contracts_of
from bot.journal.explain import bar_lines, decision_lines, event_lines, outcome_lines, quality_lines, state_lines
from bot.journal.read import Record, headers, opened, read
from bot.journal.records import Action, Kind
from bot.journal.run_end import interrupted
from bot.journal.times import minute_end, new_york, parse_time
from bot.units import HOUR_NS

_LINK = "SELECT (SELECT coalesce(max(last_seq), 0) FROM links p WHERE p.link = l.link - 1), l.last_seq, l.ts_ns FROM links l"
_HAS_DECISION = (
    "EXISTS (SELECT 1 FROM records WHERE kind = 'decision' AND seq <= l.last_seq"
    " AND seq > (SELECT coalesce(max(last_seq), 0) FROM links p WHERE p.link = l.link - 1))"
)
_HORIZON_NS = 24 * HOUR_NS  # no trade is held overnight, so its end is within a day
_EVENTS = (
    Kind.INTENT,
    Kind.ORDER,
    Kind.FILL,
    Kind.OUTCOME,
    Kind.STATE,
    Kind.QUALITY,
    Kind.RECONCILE,
    Kind.KILL,
    Kind.SHADOW,
    Kind.OPERATOR,
)


class NoSuchBar(MesbotError):
    """Nothing was decided at that time; the text names the nearest bar."""


def why(path: str | Path, when: str, strategy: str | None = None) -> str:
    """What was decided on the bar that closed at `when`, for every strategy (or one), and why.

    `when` is New York time (`2025-10-02 10:41`) unless it has an offset. Per strategy: the
    sentence, the first failing gate, all others with their distances, the smallest change,
    plan, EUC, beliefs, its learning state with what releases it, and what became of it; for the bar: prices, DVS and EQS with what
    lowered them, and all events.

    Raises NoSuchBar if no bar of the trading window closed then; UsageError for a time or strategy that cannot be; JournalError if the
    file is no journal.
    """
    ts_ns = parse_time(when)
    with opened(path) as db:
        if schema.faults(db):
            raise JournalError(
                f"{path} is not a whole journal; `mesbot journal verify --journal {shlex.quote(str(path))}` says what is wrong."
            )
        records = _records_of_bar(db, ts_ns)
        decisions = [record for record in records if record.kind is Kind.DECISION]
        broken_off = interrupted(Path(path), db, headers(db))
        if not decisions:
            raise NoSuchBar(" ".join(filter(None, [_no_such_bar(db, path, ts_ns), broken_off])))
        last = f"\n{broken_off}\n" if broken_off else ""
        return "\n".join(_answer(db, ts_ns, records, _of_strategy(decisions, strategy))) + "\n" + last


def facts_of_bar(path: str | Path, when: str, strategy: str | None = None) -> dict[str, Any]:
    """The same for a program: the records of the bar as they stand in the journal.

    Raises as `why` does.
    """
    ts_ns = parse_time(when)
    said = why(path, when, strategy)
    with opened(path) as db:
        records = _records_of_bar(db, ts_ns)
    ours = [record for record in records if strategy is None or str(record.strategy or strategy).casefold() == strategy.casefold()]
    told = [{"seq": each.seq, "ts_ns": each.ts_ns, "kind": each.kind, "strategy": each.strategy, "body": each.body} for each in ours]
    return {"journal": str(path), "bar_closed_ns": ts_ns, "records": told, "said": said.splitlines()}


def _records_of_bar(db: sqlite3.Connection, ts_ns: int) -> list[Record]:
    """Of every link of this minute, and what was of it when the file was written and has no link yet."""
    linked = [
        record
        for after, until, _ in db.execute(f"{_LINK} WHERE l.ts_ns = ? ORDER BY l.link", (ts_ns,)).fetchall()
        for record in read(db, after_seq=after, until_seq=until)
    ]
    (last,) = db.execute("SELECT coalesce(max(last_seq), 0) FROM links").fetchone()
    return linked + [record for record in read(db, after_seq=last) if minute_end(record.ts_ns) == ts_ns]


def _no_such_bar(db: sqlite3.Connection, path: str | Path, ts_ns: int) -> str:
    near = [
        row[2]
        for side, order in (("<", "DESC"), (">", "ASC"))
        for row in db.execute(f"{_LINK} WHERE l.ts_ns {side} ? AND {_HAS_DECISION} ORDER BY l.ts_ns {order} LIMIT 1", (ts_ns,))
    ]
    if not near:
        return f"{path} holds no decision at all; name another journal with --journal."
    nearest = min(near, key=lambda other: abs(other - ts_ns))
    return (
        f"{new_york(ts_ns)} New York is no bar of the trading window in {path} (a bar is named by its close). "
        f"The nearest one is {new_york(nearest)}."
    )


def _of_strategy(decisions: list[Record], strategy: str | None) -> list[Record]:
    if strategy is None:
        return decisions
    chosen = [record for record in decisions if str(record.strategy).casefold() == strategy.casefold()]
    if not chosen:
        known = ", ".join(str(record.strategy) for record in decisions)
        raise UsageError(f"{strategy}: no such strategy on this bar; it has {known}.")
    return chosen


def _answer(db: sqlite3.Connection, ts_ns: int, records: list[Record], decisions: list[Record]) -> list[str]:
    bar = next((record for record in records if record.kind is Kind.BAR), None)
    *_, in_force = (contracts_of(each) for each in read(db, Kind.CONTRACTS, until_seq=decisions[0].seq))
    lines = [f"{new_york(ts_ns)} New York"]
    if bar is not None:
        lines += bar_lines(bar.body) + quality_lines(bar.body)
    for decision in decisions:
        lines += ["", *decision_lines(decision.body, in_force.filter), *_state(db, decision), *_aftermath(db, ts_ns, decision)]
    names = {record.strategy for record in decisions}
    events = [record for record in records if record.kind in _EVENTS and record.strategy in {None, *names}]
    if events:
        lines += ["", "Events of this bar", *(line for event in events for line in event_lines(event))]
    return lines


def _state(db: sqlite3.Connection, decision: Record) -> list[str]:
    """The learning state that the strategy was in, if it was not ACTIVE, and what would have released it."""
    query = f"SELECT max(seq) FROM records WHERE kind = 'state change' AND {schema.RARE} AND strategy = ? AND seq < ?"
    (seq,) = db.execute(query, (decision.strategy, decision.seq)).fetchone()
    return [] if seq is None else [line for change in read(db, after_seq=seq - 1, until_seq=seq) for line in state_lines(change)]


def _aftermath(db: sqlite3.Connection, ts_ns: int, decision: Record) -> list[str]:
    """How the plan that was decided on this bar, or the trade that was managed on it, ended."""
    body = decision.body
    if body["action"] in (Action.MANAGE, Action.EXIT):
        wanted = "json_extract(body, '$.trade_id') = ?"
        value: object = body.get("trade_id")
    else:
        wanted, value = "json_extract(body, '$.decided_ns') = ?", ts_ns
    query = (
        f"SELECT seq FROM records WHERE kind = 'outcome' AND {schema.RARE} AND ts_ns >= ? AND ts_ns <= ? "
        f"AND json_extract(body, '$.strategy') = ? AND {wanted} ORDER BY seq"
    )
    found = db.execute(query, (ts_ns, ts_ns + _HORIZON_NS, decision.strategy, value)).fetchall()
    return [line for (seq,) in found for record in read(db, after_seq=seq - 1, until_seq=seq) for line in outcome_lines(record.body)]
