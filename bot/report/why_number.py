"""`mesbot why NAME`: the records that a number of the report was made from, and their total added once more.

It reads the whole journal, so it takes longer for a longer one; names of random entries draw them anew, which takes seconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot.errors import JournalError
from bot.journal import schema
from bot.journal.read import opened
from bot.journal.times import new_york
from bot.report import wording
from bot.report.numbers.number import ONE, How, Number, Source, Unit, added
from bot.report.summary import Summary

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
        lines.append('  Each bar opens by its time: mesbot why "YYYY-MM-DD HH:MM"')
    return "\n".join(lines) + "\n"


def list_numbers(path: str | Path, prefix: str = "") -> str:
    """All numbers of a run (or those whose name begins so, capital letters or not), one a line: name, value, what it is.

    Raises UsageError if none begins so; JournalError if the file is no journal or holds no run.
    """
    summary = _summary(path)
    names = [name for name in summary.numbers if name.casefold().startswith(prefix.casefold())]
    if not names:
        names = [summary.numbers.find(prefix).name]
    write = wording.plain(summary)
    rows = [(name, write(name), summary[name].words) for name in names]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "".join(f"{name:<{widths[0]}}  {value:>{widths[1]}}  {words}\n" for name, value, words in rows)


def _summary(path: str | Path) -> Summary:
    with opened(path) as db:
        if schema.faults(db):
            raise JournalError(f"{path} is not a whole journal; `mesbot journal verify --journal {path}` says what is wrong.")
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
        ts_ns, kind, strategy = db.execute("SELECT ts_ns, kind, strategy FROM records WHERE seq = ?", (seq,)).fetchone()
        time, text = new_york(ts_ns), wording.amount(amount, number.amount_unit or number.unit)
        yield f"  {seq:>9}  {time:19}  {strategy or '':8}  {kind:13}  {text:>12}"


def _total(summary: Summary, number: Number, sources: list[Source]) -> list[str]:
    value = wording.plain(summary)(number.name)
    records = f"{len(sources):,} record{'' if len(sources) == 1 else 's'}"
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
