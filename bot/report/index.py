"""The index bought and held: what the account's money would have become on the run's own bars, without leverage, costs or dividends."""

from __future__ import annotations

from collections.abc import Iterator

from bot.report.run import Bar, Run
from bot.units import to_cents

LEVEL_EVENTS = ("new_level", "roll")


def start_cents(run: Run) -> int:
    """The account at the start as the run's header says it; 0 if it does not."""
    return to_cents(run.header.get("equity_usd", 0))


def index_growth(run: Run) -> Iterator[tuple[Bar, float]]:
    """Of each bar that was used, what one dollar in the index would have become since the close of the first one.

    Where prices went to another level (a roll, or a new level), the step there is not counted: nobody who holds earns it.
    """
    levels = {record.ts_ns for record in run.quality if record.body["event"] in LEVEL_EVENTS}
    growth, last = 1.0, None
    for bar in run.bars:
        if bar.rejected or not bar.close:
            continue
        before = bar.open if bar.ts_ns in levels and bar.open else last
        growth *= bar.close / before if before else 1.0
        last = bar.close
        yield bar, growth


def index_gains(run: Run) -> Iterator[tuple[Bar, float]]:
    """Of each bar that was used, what the account's money would have won or lost on it, in cents and parts of them."""
    before = 1.0
    for bar, growth in index_growth(run):
        yield bar, start_cents(run) * (growth - before)
        before = growth
