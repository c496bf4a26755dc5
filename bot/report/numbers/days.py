"""The numbers of the whole run that are no strategy's, and of each session: bars, scores, results, and what was left of the limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date as Date

import msgspec

from bot.decision.outcome import Mark
from bot.report.index import index_gains
from bot.report.numbers.number import ONE, How, Number, Source, Unit, ones
from bot.report.numbers.strategies import BOOK
from bot.report.numbers.trades import amounts_of
from bot.report.run import Bar, Closed, Run
from bot.units import to_cents

TOLERANCE = 1e-9  # comparisons of scores (spec 2)


class Day(msgspec.Struct):
    """One session's bars and real trades, in the order they were written. `date` is ISO, New York."""

    date: str
    bars: list[Bar]
    trades: list[Closed]


def days_of(run: Run) -> list[Day]:
    """The sessions of a run: days with a bar in the trading window, or a trade."""
    bars: dict[str, list[Bar]] = {}
    for bar in run.bars:
        bars.setdefault(bar.day, []).append(bar)
    trades: dict[str, list[Closed]] = {}
    for trade in run.trades:
        trades.setdefault(trade.trading_day, []).append(trade)
    return [Day(day, bars.get(day, []), trades.get(day, [])) for day in sorted(bars.keys() | trades.keys())]


def run_numbers(run: Run, days: list[Day]) -> Iterator[Number]:
    """Of the whole run. Its trades and their results are the book's (strategies.py)."""
    yield _count("sessions", "days with a bar in the trading window, each by its first record", lambda: _first_seqs(days))
    yield _count("bars", "bars of the trading window", lambda: [bar.seq for bar in run.bars])
    yield _count("bars.planned", "bars on which any strategy had a plan, each by the first decision with one", run.planned.values)
    vetoer = run.contracts.filter
    vetoed = f"bars with a plan that {vetoer} vetoed, each by {vetoer}'s decision"
    yield _count(f"{vetoer}.vetoed", vetoed, lambda: _vetoed(run))
    yield Number(
        name=f"{vetoer}.vetoed.share", unit=Unit.SHARE, words=f"share of the bars with a plan that {vetoer} vetoed",
        how=How.QUOTIENT, over="bars.planned", amounts=ONE, sources=lambda: ones(_vetoed(run)),
    )  # fmt: skip
    yield _count("dvs.rejected", "bars that DVS rejected", lambda: _rejected(run.bars))
    yield _count("dvs.low", "bars whose DVS was unknown or below the gate for entries", lambda: _low(run, run.bars))
    yield Number(
        name=f"{BOOK}.trades.per_session", unit=Unit.RATE, words="real trades a session", how=How.QUOTIENT, over="sessions",
        amounts=ONE, sources=lambda: ones(trade.seq for trade in run.results),
    )  # fmt: skip
    yield Number(
        name="drawdown", unit=Unit.CENTS, words="deepest fall of the account: the trades from its highest point to the lowest after it",
        how=How.SUM, amounts="net_cents", sources=lambda: amounts_of(_deepest_fall(run.results), "net_cents"),
    )  # fmt: skip
    yield Number(
        name="index.net", unit=Unit.CENTS, how=How.SUM,
        words="what the account would have made in the index, bought at the first bar's close and held to the last one's",
        amounts="what equity_usd of the header would have won on the bar, steps to another price level (rolls) left out",
        sources=lambda: [Source(bar.seq, gain) for bar, gain in index_gains(run)],
    )  # fmt: skip


def day_numbers(run: Run, days: list[Day]) -> Iterator[Number]:
    """Of each session."""
    for index, day in enumerate(days):
        name = f"days.{day.date}"
        yield _count(f"{name}.bars", "bars of the trading window", lambda day=day: [bar.seq for bar in day.bars])
        yield _count(f"{name}.rejected", "bars that DVS rejected", lambda day=day: _rejected(day.bars))
        words = "bars whose DVS was unknown or below the gate for entries"
        yield _count(f"{name}.low_dvs", words, lambda day=day: _low(run, day.bars))
        for score in ("dvs", "eqs"):
            yield Number(
                name=f"{name}.lowest_{score}", unit=Unit.SCORE, words=f"lowest {score.upper()} of a bar", how=How.LOWEST, amounts=score,
                sources=lambda day=day, score=score: _scores(day.bars, score),
            )  # fmt: skip
        yield _count(f"{name}.trades", "real trades that were closed", lambda day=day: [trade.seq for trade in _results(day)])
        yield Number(
            name=f"{name}.net", unit=Unit.CENTS, words="result of the day's real trades after fees and slippage", how=How.SUM,
            amounts="net_cents", sources=lambda day=day: amounts_of(_results(day), "net_cents"),
        )  # fmt: skip
        for span in ("day", "week", "month"):
            yield Number(
                name=f"{name}.left.{span}", unit=Unit.BALANCE, how=How.SUM,
                words=f"the least that was left of the {span}'s loss limit on that day, after realised trades",
                amounts=f"{span}_usd of the contracts' loss limits, then net_cents of the {span}'s trades up to the day's worst moment",
                sources=lambda index=index, span=span: _left(run, days[: index + 1], span),
            )  # fmt: skip


def _count(name: str, words: str, seqs: Callable[[], Iterable[int]]) -> Number:
    return Number(name=name, unit=Unit.COUNT, words=words, how=How.COUNT, amounts=ONE, sources=lambda: ones(seqs()))


def _first_seqs(days: list[Day]) -> list[int]:
    return [min(record.seq for record in (*day.bars, *day.trades)) for day in days]


def _vetoed(run: Run) -> list[int]:
    return [seq for ts_ns, seq in run.vetoed.items() if ts_ns in run.planned]


def _results(day: Day) -> list[Closed]:
    return [trade for trade in day.trades if trade.mark is not Mark.VOID]


def _rejected(bars: list[Bar]) -> list[int]:
    return [bar.seq for bar in bars if bar.rejected]


def _low(run: Run, bars: list[Bar]) -> list[int]:
    enter = run.contracts.constitution.quality_gates.dvs.enter
    return [bar.seq for bar in bars if bar.dvs is None or bar.dvs < enter - TOLERANCE]


def _scores(bars: list[Bar], score: str) -> list[Source]:
    known = ((bar.seq, getattr(bar, score)) for bar in bars)
    return [Source(seq, value) for seq, value in known if value is not None]


def _left(run: Run, days: list[Day], span: str) -> list[Source]:
    """The limit, and the trades of the span that led to the worst moment of the last of these days."""
    *earlier, today = days
    limits = run.contracts.constitution.loss_limits
    limit_cents = to_cents({"day": limits.day_usd, "week": limits.week_usd, "month": limits.month_usd}[span])
    trades = [trade for day in earlier if _span(day.date, span) == _span(today.date, span) for trade in day.trades]
    return [Source(run.contracts_seq, limit_cents), *amounts_of(trades + _worst(today.trades), "net_cents")]


def _span(day: str, span: str) -> str:
    """The day, ISO week or month that a day lies in."""
    if span == "week":
        return str(Date.fromisoformat(day).isocalendar()[:2])
    return day if span == "day" else day[:7]


def _worst(trades: list[Closed]) -> list[Closed]:
    """The first trades of a day, up to the lowest point of their sum; none if it never is below 0."""
    total = lowest = length = 0
    for index, trade in enumerate(trades, 1):
        total += trade.net_cents
        if total < lowest:
            lowest, length = total, index
    return trades[:length]


def _deepest_fall(trades: list[Closed]) -> list[Closed]:
    """The trades, by time of closing, that led from the highest sum so far (at first 0) to the one farthest below it."""
    ordered = sorted(trades, key=lambda trade: trade.closed_ns)
    total = peak = deepest = 0
    after_peak = first = last = 0
    for index, trade in enumerate(ordered, 1):
        total += trade.net_cents
        if total > peak:
            peak, after_peak = total, index
        if peak - total > deepest:
            deepest, first, last = peak - total, after_peak, index
    return ordered[first:last]
