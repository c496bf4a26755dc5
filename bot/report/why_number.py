"""`mesbot why NAME`: the records that a number of the report was made from, and their total added once more.

It reads the whole journal, so it takes longer for a longer one; names of random entries draw them anew, which takes seconds.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.errors import JournalError
from bot.journal import schema
from bot.journal.read import opened
from bot.journal.times import new_york
from bot.plural import counted
from bot.report import wording
from bot.report.numbers.number import ONE, How, Number, Source, Unit, added
from bot.report.summary import Summary

_OF_RECORD = "SELECT ts_ns, kind, strategy FROM records WHERE seq = ?"
SHOWN = 50
"""Records that are listed unless all are asked for."""


def why_number(path: str | Path, name: str, *, everything: bool = False) -> str:
    """The value of a number, how it is made, the records it is made from in their order (the lowest first), and their total.

    Each record stands with sequence, New York time, strategy, kind and amount; at most SHOWN
    of them, unless `everything`. The total is always that of all. Raises UsageError, naming
    the nearest, if there is no such number; JournalError if the file is no journal or holds no run.
    """
    summary = _summary(path)
    number = summary.numbers.find(name)
    write = wording.plain(summary)
    sources = sorted(number.sources(), key=lambda source: source.amount if number.how is How.LOWEST else source.seq)
    lines = [f"{number.name} = {write(number.name)}", f"  {number.words}", f"  {_how(summary, number)}", ""]
    with opened(path) as db:
        lines += _table(db, number, sources if everything else sources[:SHOWN])
    if not everything and len(sources) > SHOWN:
        lines.append(f"  … and {len(sources) - SHOWN:,} more; --all lists every one")
    lines += _total(summary, number, sources)
    if sources:
        lines.append(f'  Each bar opens by its time: mesbot why "YYYY-MM-DD HH:MM" --journal {shlex.quote(str(path))}')
    return "\n".join([*lines, *wording.first_sentences(summary)]) + "\n"


def list_numbers(path: str | Path, prefix: str = "") -> str:
    """All numbers of a run (or those whose name begins so, capital letters or not), one a line: name, value, what it is.

    Raises UsageError if none begins so; JournalError if the file is no journal or holds no run.
    """
    summary = _summary(path)
    write = wording.plain(summary)
    rows = [(name, write(name), summary[name].words) for name in _named(summary, prefix)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    listed = [f"{name:<{widths[0]}}  {value:>{widths[1]}}  {words}" for name, value, words in rows]
    return "\n".join([*listed, *wording.first_sentences(summary)]) + "\n"


def number_facts(path: str | Path, name: str) -> dict[str, Any]:
    """One number for a program: value in its unit, how it is made, and every record with sequence, UTC ns, strategy, kind and amount.

    Raises as `why_number` does.
    """
    summary = _summary(path)
    number = summary.numbers.find(name)
    with opened(path) as db:
        rows = [(seq, amount, *db.execute(_OF_RECORD, (seq,)).fetchone()) for seq, amount in number.sources()]
    names = ("seq", "amount", "ts_ns", "kind", "strategy")
    return {
        "journal": str(path),
        "name": number.name,
        "value": summary.value(number.name),
        "unit": number.unit,
        "words": number.words,
        "how": _how(summary, number),
        "records": [dict(zip(names, row, strict=True)) for row in rows],
        "warnings": wording.first_sentences(summary),
    }


def numbers_facts(path: str | Path, prefix: str = "") -> dict[str, Any]:
    """All numbers whose name begins so, for a program: value, unit and words by name. Raises as `list_numbers` does."""
    summary = _summary(path)
    told = {
        name: {"value": summary.value(name), "unit": summary[name].unit, "words": summary[name].words} for name in _named(summary, prefix)
    }
    return {"journal": str(path), "numbers": told, "warnings": wording.first_sentences(summary)}


def _named(summary: Summary, prefix: str) -> list[str]:
    names = [name for name in summary.numbers if name.casefold().startswith(prefix.casefold())]
    return names or [summary.numbers.find(prefix).name]


def _summary(path: str | Path) -> Summary:
    with opened(path) as db:
        if schema.faults(db):
            raise JournalError(
                f"{path} is not a whole journal; `mesbot journal verify --journal {shlex.quote(str(path))}` says what is wrong."
            )
    return Summary.from_journal(path)


def _how(summary: Summary, number: Number) -> str:
    total = "How: the number of the records" if number.amounts == ONE else f"How: the sum over the records of {number.amounts}"
    match number.how:
        case How.COUNT | How.SUM:
            return f"{total}."
        case How.QUOTIENT:
            return f"{total}, divided by {number.over} ({wording.plain(summary)(number.over)})."
        case How.LOWEST:
            return f"How: the lowest {number.amounts} of the records."
        case How.DRAWN:
            return f"How: no sum. The records are the sample, each with its {number.amounts}.\n  {number.origin}"


def _table(db: sqlite3.Connection, number: Number, sources: list[Source]) -> list[str]:
    if not sources:
        return ["  no record"]
    return [f"  {'record':>9}  {'New York':19}  {'strategy':8}  {'kind':13}  {'amount':>12}", *_rows(db, number, sources)]


def _rows(db: sqlite3.Connection, number: Number, sources: list[Source]) -> Iterator[str]:
    for seq, amount in sources:
        ts_ns, kind, strategy = db.execute(_OF_RECORD, (seq,)).fetchone()
        time, text = new_york(ts_ns), wording.amount(amount, number.amount_unit or number.unit)
        yield f"  {seq:>9}  {time:19}  {strategy or '':8}  {kind:13}  {text:>12}"


def _total(summary: Summary, number: Number, sources: list[Source]) -> list[str]:
    value = wording.plain(summary)(number.name)
    records = counted(len(sources), "record")
    amounts = [source.amount for source in sources]
    total = wording.amount(added(amounts), number.amount_unit or number.unit)
    match number.how:
        case How.LOWEST:
            return [f"  {records}; the lowest amount: {value}"]
        case How.QUOTIENT:
            divisor = wording.amount(summary.single(number.over), Unit.COUNT)
            return [f"  {records}, added again: {total}; divided by {divisor}: {value}"]
        case How.DRAWN:
            return [f"  {records}, added again: {total}; made from them: {value}"]
        case _:
            written = wording.written(added(amounts), number.unit)
            assert written == value, f"{number.name}: its records add up to {written}, the report says {value}"
            return [f"  {records}, added again: {written}"]
