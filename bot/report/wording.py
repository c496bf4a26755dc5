"""How numbers of a report are written, the same on the terminal and in HTML."""

from __future__ import annotations

import math

from bot.journal.times import new_york
from bot.report.summary import StrategyRow, Summary

NONE = "–"
RANDOM_WARNING = (
    "Intervals hold for one look at one run. Whoever tries many variants and keeps the best one has to expect a lucky one: "
    "of twenty useless variants, one shows a result outside its 95 % interval."
)


def dollars(cents: float) -> str:
    """Cents as signed dollars: +$12.40, −$17.49, $0.00."""
    if math.isnan(cents):
        return NONE
    sign = "+" if cents > 0 else "−" if cents < 0 else ""
    return f"{sign}${abs(cents) / 100:,.2f}"


def percent(share: float) -> str:
    """A share as whole percent."""
    return NONE if math.isnan(share) else f"{100 * share:.0f} %"


def number(value: float, digits: int = 2, sign: bool = False) -> str:
    """A number with a true minus sign."""
    if math.isnan(value):
        return NONE
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def win_rate(row: StrategyRow) -> tuple[str, str]:
    """The win rate and its interval."""
    if not row.trades:
        return NONE, ""
    low, high = row.win_rate
    return percent(row.wins / row.trades), f"{100 * low:.0f}–{100 * high:.0f}"


def r_interval(row: StrategyRow) -> str:
    """The interval of the mean R of a trade."""
    low, high = row.mean_r_interval
    return "" if math.isnan(low) else f"{number(low, sign=True)} … {number(high, sign=True)}"


def period(summary: Summary) -> str:
    """First and last session, and how many there are."""
    days = summary.days
    if not days:
        return "no session"
    count = f"{len(days)} session{'s' if len(days) > 1 else ''}"
    return f"{days[0].day} to {days[-1].day}, {count}, {sum(day.bars for day in days):,} bars"


def minute(ts_ns: int) -> str:
    """Market time in New York."""
    return new_york(ts_ns)


def quality_sentence(summary: Summary) -> str:
    """What DVS thought of the bars."""
    bars = sum(day.bars for day in summary.days)
    if not summary.low_dvs_bars and not summary.rejected_bars:
        return f"DVS believed all {bars:,} bars."
    return f"DVS rejected {summary.rejected_bars:,} of {bars:,} bars and was below the gate for entries on {summary.low_dvs_bars:,}."


def veto_sentence(summary: Summary) -> str:
    """What K5 did."""
    if not summary.planned_bars:
        return "No bar had a plan."
    return (
        f"K5 vetoed {summary.vetoed_planned_bars:,} of the {summary.planned_bars:,} bars that had a plan ({percent(summary.veto_share)})."
    )
