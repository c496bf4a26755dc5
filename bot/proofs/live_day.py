"""A day of a live journal beside a replay of it: the same day through a backtest that begins where the live run stood that morning.

What the days before have left (states, losses, shadow trades) is read from the journal itself; the bars are a person's file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec

from bot.backtest.config import spec_of
from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun
from bot.bars.source import Bars
from bot.calendar import new_york
from bot.contracts import Contracts, load_contracts
from bot.errors import JournalError, UsageError
from bot.journal.folder import JOURNAL
from bot.journal.read import Record, headers, opened, read
from bot.journal.records import Kind
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.proofs.beside import Beside, beside
from bot.proofs.causes import Book, Priced, by_cause, line, priced
from bot.proofs.folders import emptied
from bot.proofs.told import Part, facts
from bot.report.wording import dollars
from bot.units import MINUTE_NS

BEFORE, REPLAY = "before", "replay"
NAMES = ("replay", "live day")
OBSERVE = "observe"


class LiveDay(msgspec.Struct, frozen=True):
    """A live day (ISO date) beside its replay; `differences` of the fills add up to `live_cents` - `replay_cents`."""

    same: bool
    verdict: str
    day: str
    journal: str
    beside: Beside
    differences: list[Priced]
    replay_cents: int
    live_cents: int
    out: str

    def lines(self) -> list[str]:
        """What the fills differ by: the sentence, then one line a difference; none where they do not."""
        if not self.differences:
            return []
        total = f"The live day came to {dollars(self.live_cents)} and its replay to {dollars(self.replay_cents)}"
        return [f"{total}: {by_cause(self.differences)}.", *map(line, self.differences)]


class _Day(NamedTuple):
    """What a journal says of one day: closes of its first and last bar (UTC ns), equity in its morning, and how it was run."""

    date: Date
    first_ns: int
    last_ns: int
    equity_cents: int | None
    sha256: str
    observe: bool


def live_day(journal: Path, source: BacktestRequest, date: Date | None, say: Callable[[str], None]) -> LiveDay:
    """Replay the `date` of a journal (None: its last) over the bars of `source` and compare; `say` is told how far it is.

    Raises UsageError if journal, contracts or bars are not those of that day.
    """
    contracts = load_contracts(source.contracts, source.strategies)
    day = _day_of(journal, date)
    if day.sha256 != contracts.sha256:
        raise UsageError(
            f"{journal}: {day.date} was decided under the contracts {day.sha256[:12]}, and {contracts.directory} holds "
            f"{contracts.sha256[:12]}; name the folder of those in force then with --contracts (and --strategies)."
        )
    bars = _until(source.read(contracts), day)
    emptied(source.out, BEFORE, REPLAY)
    earlier = _before(journal, day, contracts, source.out / BEFORE / JOURNAL)
    say(f"The replay of {day.date} over {bars.label}.")
    replayed = _replayed(source, contracts, bars, day, earlier)
    span = (day.first_ns - MINUTE_NS, day.last_ns + MINUTE_NS)
    found = beside(facts([replayed], *span, by_minutes=True), facts([journal], *span, by_minutes=True))
    a, b = Book(facts([replayed], *span)), Book(facts([journal], *span))
    differences = priced(a, b, NAMES)
    return LiveDay(found.same, _verdict(day, found), str(day.date), str(journal), found, differences, a.cents, b.cents, str(source.out))


def _verdict(day: _Day, found: Beside) -> str:
    decisions = found.counts[Part.DECISIONS.value]
    told = f"The live day {day.date} and its replay decided the same at {decisions.same:,} of {decisions.total:,} decisions"
    return f"{told}; nothing differs." if found.first is None else f"{told}; the first difference is {found.first.sentence(*NAMES)}."


def _day_of(journal: Path, date: Date | None) -> _Day:
    with opened(journal) as db:
        try:
            bars = [record.ts_ns for record in read(db, Kind.BAR)]
            modes, laws = headers(db), list(read(db, Kind.CONTRACTS, Kind.DAY))
        except JournalError as error:
            raise UsageError(str(error)) from None
    days = sorted({new_york(ts_ns).date() for ts_ns in bars})
    if not days:
        raise UsageError(f"{journal}: holds no decided bar; name the journal of a run that has traded or observed.")
    date = days[-1] if date is None else date
    if date not in days:
        there = f"one day, {days[0]}" if len(days) == 1 else f"{len(days)} days, {days[0]} to {days[-1]}"
        raise UsageError(f"--date {date}: {journal} decided nothing that day; it holds {there}.")
    of_day = [ts_ns for ts_ns in bars if new_york(ts_ns).date() == date]
    law = next(each for each in reversed(laws) if each.kind is Kind.CONTRACTS and each.ts_ns <= of_day[0])
    money = next((each for each in laws if each.kind is Kind.DAY and each.body["trading_day"] == date.isoformat()), None)
    cents = None if money is None else money.body["equity_cents"]
    mode = next((each["mode"] for each in reversed(modes) if "verb" not in each), "")
    return _Day(date, min(of_day), max(of_day), cents, law.body["sha256"], mode == OBSERVE)


def _until(bars: Bars, day: _Day) -> Bars:
    """The bars up to the day's last. Raises UsageError if they do not hold the day."""
    frame = bars.frame[bars.frame["ts_ns"] <= day.last_ns]
    if not (frame["ts_ns"] >= day.first_ns).any():
        first, last = (new_york(ns).date() for ns in bars.span_ns)
        raise UsageError(f"{bars.label}: no bar of {day.date}; its bars are of {first} to {last}: name a file that holds the day.")
    return replace(bars, frame=frame)


def _before(journal: Path, day: _Day, contracts: Contracts, copy: Path) -> tuple[str, ...]:
    """A journal of what was recorded before the day's first bar; none if nothing was."""
    with opened(journal) as db:
        records = [record for record in read(db) if 0 < record.ts_ns <= day.first_ns - MINUTE_NS and record.kind is not Kind.CONTRACTS]
    if not records:
        return ()
    with Journal.create(copy, "backtest", contracts, {}, time.time_ns) as made:
        for record in records:
            _keep(made, record)
        made.close_link(records[-1].ts_ns)
    return (str(copy),)


def _keep(journal: Journal, record: Record) -> None:
    journal.add(record.kind, record.ts_ns, record.body, record.strategy)


def _replayed(source: BacktestRequest, contracts: Contracts, bars: Bars, day: _Day, earlier: tuple[str, ...]) -> Path:
    request = replace(source, out=source.out / REPLAY, from_date=None, to_date=None)
    if day.equity_cents is not None:
        request = replace(request, equity_usd=Decimal(day.equity_cents) / 100)
    spec = msgspec.structs.replace(
        spec_of(request, contracts, bars),
        decide_from_ns=day.first_ns,
        decide_until_ns=day.last_ns + 1,
        observe=day.observe,
        earlier=earlier,
    )
    if earlier:
        spec = msgspec.structs.replace(spec, first=min(spec.first, _first_day(Path(earlier[0]))))
    with RunLock(Path(spec.journal_path)), BacktestRun(spec, bars, request) as run:
        run.through()
    return Path(spec.journal_path)


def _first_day(journal: Path) -> str:
    """A week before the oldest record, so that the calendar covers it."""
    with opened(journal) as db:
        oldest = min(record.ts_ns for record in read(db, Kind.BAR, Kind.DAY, Kind.OUTCOME, Kind.STATE))
    return (new_york(oldest).date() - timedelta(days=7)).isoformat()
