"""What differs between two runs: contracts, data, trades, decisions bar by bar, states. From the two journals alone.

Decisions, trades and states are compared as they were written, field by field; records of one that the other has no
counterpart of (by bar and strategy) are told too. Wall times, paths and the program's version make no difference.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from bot.contracts.models import Contracts
from bot.errors import JournalError
from bot.journal import schema
from bot.journal.connect import no_journal
from bot.journal.contracts import contracts_of
from bot.journal.packs import WHOLE
from bot.journal.read import Record, headers, opened, read
from bot.journal.records import Kind
from bot.journal.times import new_york
from bot.report.wording import dollars
from bot.state_folder import values_of
from bot.words import brief

SHOWN = 8
MOST = 120  # characters of a value
"""Differences of a part that are told one by one; the others are counted."""
DATA = ("bars", "passport", "data", "date", "equity_usd", "learning", "mode")
_DECISIONS = f"SELECT seq, ts_ns, strategy, body FROM {WHOLE} WHERE kind = 'decision' ORDER BY seq"
ACTION = "action"

Body = dict[str, Any]


class Part(msgspec.Struct, frozen=True):
    """One part that was compared: its name, whether it is the same, and what is, or what differs, in sentences without full stops."""

    name: str
    same: bool
    said: list[str]


class FirstDecision(msgspec.Struct, frozen=True):
    """The first bar and strategy on which two runs decided otherwise.

    `time` is New York. `a` and `b` are the sentences of both decisions, "" for a run that made none; `fields` maps each field that differs
    to both values.
    """

    time: str
    strategy: str
    a: str
    b: str
    fields: dict[str, tuple[Any, Any]]


class Comparison(msgspec.Struct, frozen=True):
    """Two runs beside each other: the heads of both (hex), the parts, and the first decision that differs, if one does."""

    a: str
    b: str
    heads: tuple[str, str]
    parts: list[Part]
    first: FirstDecision | None

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return all(part.same for part in self.parts)


def compare(a: str | Path, b: str | Path) -> Comparison:
    """Compare the journals of two runs. Raises JournalError if one cannot be read or holds no run."""
    with opened(a) as one, opened(b) as other:
        for path, db in ((a, one), (b, other)):
            _require_run(path, db)
        decisions, first = _decisions(one, other)
        parts = [_contracts(one, other), _data(one, other), _trades(one, other), decisions, _states(one, other)]
        return Comparison(str(a), str(b), (_head(one), _head(other)), parts, first)


def _require_run(path: str | Path, db: sqlite3.Connection) -> None:
    if broken := schema.faults(db):
        raise no_journal(path, "; ".join(broken))
    if not headers(db) or next(read(db, Kind.CONTRACTS), None) is None:
        raise JournalError(f"{path} holds no run: it was ended before its first record.")


def _head(db: sqlite3.Connection) -> str:
    row = db.execute("SELECT head FROM links ORDER BY link DESC LIMIT 1").fetchone()
    return row[0] if row else ""


# ------------------------------------------------------------------- contracts


def _contracts(a: sqlite3.Connection, b: sqlite3.Connection) -> Part:
    laws = [[contracts_of(record) for record in read(db, Kind.CONTRACTS)] for db in (a, b)]
    hashes = [[law.sha256 for law in each] for each in laws]
    if hashes[0] == hashes[1]:
        return Part("contracts", True, [f"{', then '.join(sha256[:12] for sha256 in hashes[0])} in both"])
    return Part("contracts", False, _shortened(list(_laws_apart(laws[0], laws[1]))))


def _laws_apart(a: list[Contracts], b: list[Contracts]) -> Iterator[str]:
    yield f"{', then '.join(law.sha256[:12] for law in a)} against {', then '.join(law.sha256[:12] for law in b)}"
    mine, its = values_of(a[-1]), values_of(b[-1])
    for key in sorted(mine.keys() | its.keys()):
        if mine.get(key) != its.get(key):
            yield f"{key}: {mine.get(key, 'not there')} against {its.get(key, 'not there')}"


# ------------------------------------------------------------------------ data


def _data(a: sqlite3.Connection, b: sqlite3.Connection) -> Part:
    mine, its = (_run_header(db) for db in (a, b))
    apart = [name for name in DATA if mine.get(name) != its.get(name)]
    if not apart:
        passport = f", passport {str(mine['passport'])[:12]}" if "passport" in mine else ""
        return Part("data", True, [f"{mine.get('bars', mine['mode'])}{passport} in both"])
    return Part("data", False, [f"{name.replace('_', ' ')}: {_shown(mine.get(name))} against {_shown(its.get(name))}" for name in apart])


def _run_header(db: sqlite3.Connection) -> Body:
    """The newest header of a run; what a person did by a verb alone is none."""
    found = headers(db)
    return next((header for header in reversed(found) if "verb" not in header), found[-1])


# ---------------------------------------------------------------------- trades


def _trades(a: sqlite3.Connection, b: sqlite3.Connection) -> Part:
    mine, its = (
        {
            (record.body["decided_ns"], record.body["strategy"]): record.body
            for record in read(db, Kind.OUTCOME)
            if not record.body["shadow"]
        }
        for db in (a, b)
    )
    apart = [key for key in sorted(mine.keys() | its.keys()) if mine.get(key) != its.get(key)]
    totals = [f"{len(each)} with net {dollars(sum(body['net_cents'] for body in each.values()))}" for each in (mine, its)]
    if not apart:
        return Part("trades", True, [f"{totals[0]} in both"])
    said = [_trade_apart(key, mine.get(key), its.get(key)) for key in apart]
    return Part("trades", False, [f"{totals[0]} against {totals[1]}", *_shortened(said)])


def _trade_apart(key: tuple[int, str], mine: Body | None, its: Body | None) -> str:
    name = f"{key[1]} at {new_york(key[0])}"
    if mine is None or its is None:
        only = mine or its or {}
        return f"{name}: only in {'B' if mine is None else 'A'} ({only['exit_reason']}, net {dollars(only['net_cents'])})"
    return f"{name}: {_fields_apart(mine, its)}"


# ------------------------------------------------------------------- decisions


def _decisions(a: sqlite3.Connection, b: sqlite3.Connection) -> tuple[Part, FirstDecision | None]:
    both = only_a = only_b = apart = 0
    first: FirstDecision | None = None
    acted: FirstDecision | None = None
    for ts_ns, strategy, mine, its in _side_by_side(a, b):
        both += mine is not None and its is not None
        only_a += its is None
        only_b += mine is None
        if mine == its:
            continue
        apart += mine is not None and its is not None
        if first is None or acted is None:
            found = _first(ts_ns, strategy, mine, its)
            first = first or found
            acted = acted or (found if ACTION in found.fields else None)
    if first is None:
        return Part("decisions", True, [f"{both:,} in both, each the same"]), None
    counts = [f"{apart:,} of the {both:,} that both made differ"]
    counts += [f"{count:,} only in {name}" for name, count in (("A", only_a), ("B", only_b)) if count]
    said = [", ".join(counts), f"the first that differs, {first.strategy} at {first.time}: {_told(first)}"]
    if acted is not None and acted is not first:
        said.append(f"the first with another action, {acted.strategy} at {acted.time}: {_told(acted)}")
    return Part("decisions", False, said), first


def _side_by_side(a: sqlite3.Connection, b: sqlite3.Connection) -> Iterator[tuple[int, str, str | None, str | None]]:
    """Time, strategy and both bodies (None: not made) of all decisions, in order of time, then strategy."""
    mine, its = (groupby(db.execute(_DECISIONS), key=lambda row: row[1]) for db in (a, b))
    left, right = next(mine, None), next(its, None)
    while left is not None or right is not None:
        ts_ns = min(each[0] for each in (left, right) if each is not None)
        bodies: list[dict[str, str]] = []
        for each in (left, right):
            bodies.append({row[2]: row[3] for row in each[1]} if each is not None and each[0] == ts_ns else {})
        for strategy in sorted(bodies[0].keys() | bodies[1].keys()):
            yield ts_ns, strategy, bodies[0].get(strategy), bodies[1].get(strategy)
        left = next(mine, None) if left is not None and left[0] == ts_ns else left
        right = next(its, None) if right is not None and right[0] == ts_ns else right


def _first(ts_ns: int, strategy: str, mine: str | None, its: str | None) -> FirstDecision:
    a, b = (None if body is None else msgspec.json.decode(body) for body in (mine, its))
    fields = {} if a is None or b is None else {name: (a.get(name), b.get(name)) for name in _names_apart(a, b)}
    return FirstDecision(new_york(ts_ns), strategy, *("" if body is None else body["sentence"] for body in (a, b)), fields)


def _told(first: FirstDecision) -> str:
    if not first.fields:
        return f"only {'A' if first.a else 'B'} has it ({first.a or first.b})"
    if first.a != first.b:
        return f'A says "{first.a}", B says "{first.b}"'
    return "; ".join(_shortened([said for name, (mine, its) in first.fields.items() for said in _value_apart(name, mine, its)]))


# ---------------------------------------------------------------------- states


def _states(a: sqlite3.Connection, b: sqlite3.Connection) -> Part:
    mine, its = (list(read(db, Kind.STATE)) for db in (a, b))
    alike = [(record.ts_ns, record.body) for record in mine], [(record.ts_ns, record.body) for record in its]
    if alike[0] == alike[1]:
        return Part("states", True, [f"{_changes(len(mine))} in both"])
    at = next((i for i, pair in enumerate(zip(*alike, strict=False)) if pair[0] != pair[1]), min(len(mine), len(its)))
    said = [_state(name, each[at]) for name, each in (("A", mine), ("B", its)) if at < len(each)]
    return Part("states", False, [f"{_changes(len(mine))} against {_changes(len(its))}", f"the first that differs: {'; '.join(said)}"])


def _changes(count: int) -> str:
    return f"{count} change{'' if count == 1 else 's'} of state"


def _state(name: str, record: Record) -> str:
    body = record.body
    return f"in {name} {body['strategy']} {body['before']} → {body['after']} at {new_york(record.ts_ns)}: {brief(body['reason'])}"


# ---------------------------------------------------------------------- fields


def _names_apart(a: Body, b: Body) -> list[str]:
    return [name for name in {**a, **b} if a.get(name) != b.get(name)]


def _fields_apart(a: Body, b: Body) -> str:
    return ", ".join(said for name in _names_apart(a, b) for said in _value_apart(name, a.get(name), b.get(name)))


def _value_apart(name: str, mine: Any, its: Any) -> Iterator[str]:
    """What differs within two values, a clause for each of the smallest that does: "plan.stop_ticks 8 against 9"."""
    a, b = _parts(mine), _parts(its)
    if a is not None and b is not None:
        for part in {**a, **b}:
            if a.get(part) != b.get(part):
                yield from _value_apart(f"{name}.{part}", a.get(part), b.get(part))
    elif mine is None and b is not None:
        yield f"{name} only in B"
    elif its is None and a is not None:
        yield f"{name} only in A"
    else:
        yield f"{name} {_whole(mine)} against {_whole(its)}"


def _parts(value: Any) -> Body | None:
    """What a value is made of: fields by their names, gates by their codes, else items by their places from 1 on; None if it is one."""
    if not isinstance(value, list):
        return value if isinstance(value, dict) else None
    codes = [item["code"] for item in value if isinstance(item, dict) and "code" in item]
    return dict(zip(codes if value and len(set(codes)) == len(value) else map(str, range(1, len(value) + 1)), value, strict=True))


def _whole(value: Any) -> str:
    """A value without parts; a text that has spaces in quotation marks, and nothing of it left out, for it may differ at its end."""
    return f'"{value}"' if isinstance(value, str) and " " in value else value if isinstance(value, str) and value else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else " ".join(value) if isinstance(value, list) and value and isinstance(value[0], str) else ""
    text = text or msgspec.json.encode(value).decode()
    return text if len(text) <= MOST else f"{text[: MOST - 2].rpartition(' ')[0] or text[: MOST - 2]} …"  # no word is cut


def _shortened(said: list[str]) -> list[str]:
    return [*said[:SHOWN], *([f"and {len(said) - SHOWN} more"] if len(said) > SHOWN else [])]
