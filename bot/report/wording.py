"""How numbers of a report are written, the same on the terminal, in HTML and by `mesbot why`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from bot.decision.codes import Code
from bot.decision.outcome import Mark
from bot.decision.snapshot import KillState
from bot.journal.times import new_york
from bot.report.index import LEVEL_EVENTS
from bot.report.numbers.number import Unit, Value
from bot.report.summary import Summary
from bot.words import brief

NONE = "–"
MOST_LEVELS = 5
RANDOM_WARNING = (
    "Intervals hold for one look at one run. Whoever tries many variants and keeps the best one has to expect a lucky one: "
    "of twenty useless variants, one shows a result outside its 95 % interval."
)
Writer = Callable[[str], str]


def dollars(cents: float) -> str:
    """Cents as signed dollars: +$12.40, −$17.49, $0.00."""
    if math.isnan(cents):
        return NONE
    sign = "+" if cents > 0 else "−" if cents < 0 else ""
    return f"{sign}${abs(cents) / 100:,.2f}"


def balance(cents: float) -> str:
    """Cents that are left as dollars: $17.51, −$2.00."""
    return dollars(cents).removeprefix("+")


def percent(share: float) -> str:
    """A share as whole percent."""
    return NONE if math.isnan(share) else f"{100 * share:.0f} %"


def decimal(value: float, digits: int = 2, sign: bool = False) -> str:
    """A number with a true minus sign."""
    if math.isnan(value):
        return NONE
    return f"{value:{'+' if sign else ''},.{digits}f}".replace("-", "−")


_WRITERS: dict[Unit, Callable[[float], str]] = {
    Unit.COUNT: lambda value: f"{value:,}",
    Unit.CENTS: dollars,
    Unit.BALANCE: balance,
    Unit.SHARE: percent,
    Unit.R: lambda value: decimal(value, sign=True),
    Unit.RATE: decimal,
    Unit.SCORE: decimal,
    Unit.POINTS: decimal,
    Unit.TICKS: lambda value: f"{value} ticks",
    Unit.MINUTES: lambda value: f"{value:.0f} min",
    Unit.STATISTIC: lambda value: NONE if math.isnan(value) else f"{value:.3g}".replace("-", "−"),
}


def written(value: Value, unit: Unit) -> str:
    """A value as a person reads it; an interval as "low … high", a share's as "4–62"; nan is a dash."""
    if not isinstance(value, tuple):
        return _WRITERS[unit](value)
    low, high = value
    if math.isnan(low):
        return NONE
    if unit is Unit.SHARE:
        return f"{100 * low:.0f}–{100 * high:.0f}"
    return f"{written(low, unit)} … {written(high, unit)}"


def amount(value: float, unit: Unit) -> str:
    """What one record adds, precise enough to be added again by hand."""
    match unit:
        case Unit.COUNT | Unit.SHARE | Unit.RATE:
            return f"{value:g}"
        case Unit.CENTS | Unit.BALANCE:
            return dollars(value)
        case _:
            return f"{value:,.4f}".rstrip("0").rstrip(".").replace("-", "−")


def plain(summary: Summary) -> Writer:
    """Writes a number by its name as text."""
    return lambda name: written(summary.value(name), summary[name].unit)


def period(summary: Summary, write: Writer) -> str:
    """First and last session, or the only one, and how many there are."""
    days = summary.days
    if not days:
        return "no session"
    sessions = f"{write('sessions')} session{'s' if len(days) > 1 else ''}"
    dates = " to ".join(dict.fromkeys((days[0].date, days[-1].date)))
    return f"{dates}, {sessions}, {_bars(summary, write)}"


def minute(ts_ns: int) -> str:
    """Market time in New York."""
    return new_york(ts_ns)


def _bars(summary: Summary, write: Writer, name: str = "bars") -> str:
    """So many bars, by the name of their number: 1 bar, 418 bars."""
    return f"{write(name)} bar{'' if summary.value(name) == 1 else 's'}"


def quality_sentence(summary: Summary, write: Writer) -> str:
    """What DVS thought of the bars."""
    if not summary.value("dvs.low") and not summary.value("dvs.rejected"):
        return f"DVS believed all {_bars(summary, write)}."
    return f"DVS rejected {write('dvs.rejected')} of {_bars(summary, write)} and was below the gate for entries on {write('dvs.low')}."


def veto_sentence(summary: Summary, write: Writer) -> str:
    """What the filter did."""
    if not summary.value("bars.planned"):
        return "No bar had a plan."
    name = summary.run.contracts.filter
    vetoed, share = write(f"{name}.vetoed"), write(f"{name}.vetoed.share")
    return f"{name} vetoed {vetoed} of the {_bars(summary, write, 'bars.planned')} that had a plan ({share})."


def first_sentences(summary: Summary) -> list[str]:
    """What stands before every number: trades that are void, and whether the run came to its end."""
    run = summary.run
    void = [trade.trade_id for trade in run.trades if trade.mark is Mark.VOID]
    told = []
    if void:
        told.append(
            f"VOID: {', '.join(void)} met another price level, which no market reaches in a day; what this run came to is no result."
        )
    return [*told, *([run.interrupted] if run.interrupted else [])]


def data_sentences(summary: Summary) -> list[str]:
    """What the bars did to trades and levels: trades over a gap, an open trade at the end, other price levels and rolls."""
    run = summary.run
    gap = [trade.trade_id for trade in run.trades if trade.mark is Mark.HELD_OVER_GAP]
    over = f"HELD_OVER_GAP: bars stopped while {', '.join(gap)} {'was' if len(gap) == 1 else 'were'} held; in net and limits, not in rates."
    jumps = [record for record in run.quality if record.body["event"] in LEVEL_EVENTS]
    levels = [f"Price level: {new_york(record.ts_ns)} New York, {record.body['detail']}." for record in jumps[:MOST_LEVELS]]
    if len(jumps) > MOST_LEVELS:
        levels.append(f"Price level: {len(jumps) - MOST_LEVELS} more such jumps; the journal has them as quality events.")
    return [*([over] if gap else []), *run.open_at_end, *levels]


def alarm_sentences(summary: Summary) -> list[str]:
    """What a person must not miss: why the kill switch tripped, whose commands the risk engine denied, and who did not answer."""
    return [*_kills(summary), *_denials(summary), *_silent(summary)]


def _kills(summary: Summary) -> list[str]:
    trips = [record for record in summary.run.kills if record.body["state"] == KillState.TRIPPED]
    reasons = [": ".join(part for part in (trip.body["reason"], trip.body["detail"]) if part) for trip in trips]
    return [f"The kill switch tripped at {new_york(trip.ts_ns)} New York: {brief(why)}." for trip, why in zip(trips, reasons, strict=True)]


def _denials(summary: Summary) -> list[str]:
    codes: dict[str, Counter[str]] = {}
    for record in summary.run.denied:
        codes.setdefault(record.body["strategy"], Counter())[record.body["reason"].partition(":")[0]] += 1
    return [
        f"The risk engine denied {counts.total()} command{'s' * (counts.total() > 1)} in the name of {strategy}: "
        f"{', '.join(f'{code} × {count}' for code, count in counts.most_common())}."
        for strategy, counts in sorted(codes.items())
    ]


def _silent(summary: Summary) -> list[str]:
    bars: Counter[str] = Counter()
    for count, found in summary.run.decisions.items():
        if count.code == Code.NO_ANSWER:
            bars[count.strategy] += len(found)
    return [
        f"{strategy} gave no usable answer on {count:,} bars and was refused there; mesbot why {strategy}.skips.NO_ANSWER says why."
        for strategy, count in sorted(bars.items())
    ]
