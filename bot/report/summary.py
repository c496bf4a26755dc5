"""What a run came to, in numbers: per strategy, per day, and for the book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date as Date
from pathlib import Path

import msgspec

from bot.contracts.models import LossLimits
from bot.journal.records import Action
from bot.learning.intervals import by_day, mean_interval, total_interval, wilson
from bot.learning.outcome import TradeOutcome
from bot.report.run import Bar, Count, Run
from bot.units import to_cents

BOOK = "book"
DRAWS = 1000
SEED = 1


class StrategyRow(msgspec.Struct, frozen=True):
    """One strategy, or the book (all of them). Money is whole cents net of fees; intervals are (low, high), nan where unknown.

    `plans` counts bars on which it had a plan, `refused` those that a gate refused, by the
    layer of the first one. `long` and `short` split the plans. `mean_r` is net over planned
    risk, a trade; its interval, and that of the net, come from drawing whole days.
    """

    strategy: str
    state: str
    plans: int
    long: int
    short: int
    chosen: int
    refused: dict[int, int]
    trades: int
    wins: int
    win_rate: tuple[float, float]
    net_cents: int
    net_interval: tuple[float, float]
    total_r: float
    mean_r: float
    mean_r_interval: tuple[float, float]


class DayRow(msgspec.Struct, frozen=True):
    """One session. Cents; `left_*` is what remained of a loss limit after its worst moment that day, counting realised trades only."""

    day: str
    bars: int
    rejected: int
    low_dvs_bars: int
    lowest_dvs: float | None
    lowest_eqs: float
    trades: int
    net_cents: int
    left_day_cents: int
    left_week_cents: int
    left_month_cents: int


class Summary(msgspec.Struct, frozen=True):
    """A run in numbers. `sessions` counts days with at least one bar in the trading window; times are New York."""

    run: Run
    strategies: list[StrategyRow]
    book: StrategyRow
    days: list[DayRow]
    planned_bars: int
    vetoed_planned_bars: int
    max_drawdown_cents: int

    @classmethod
    def from_journal(cls, path: str | Path) -> Summary:
        """Sum up a journal file. Raises JournalError if it holds no run."""
        return cls.of(Run.read(path))

    @classmethod
    def of(cls, run: Run) -> Summary:
        """Sum up a run that was read already."""
        names = sorted({count.strategy for count in run.decisions} | {trade.strategy for trade in run.trades})
        return cls(
            run=run,
            strategies=[_row(run, name, {name}) for name in names],
            book=_row(run, BOOK, set(names)),
            days=_days(run),
            planned_bars=len(run.planned_ns),
            vetoed_planned_bars=len(run.planned_ns & run.vetoed_ns),
            max_drawdown_cents=_max_drawdown(run.trades),
        )

    @property
    def sessions(self) -> int:
        """Days with at least one bar in the trading window."""
        return len(self.days)

    @property
    def trades_per_session(self) -> float:
        """Of the book; nan without sessions."""
        return self.book.trades / self.sessions if self.sessions else float("nan")

    @property
    def veto_share(self) -> float:
        """Share of the bars with a plan that K5 vetoed; nan without such bars."""
        return self.vetoed_planned_bars / self.planned_bars if self.planned_bars else float("nan")

    @property
    def rejected_bars(self) -> int:
        """Bars that DVS rejected."""
        return sum(day.rejected for day in self.days)

    @property
    def low_dvs_bars(self) -> int:
        """Bars whose DVS was unknown or below the gate for entries."""
        return sum(day.low_dvs_bars for day in self.days)


def _row(run: Run, name: str, strategies: set[str]) -> StrategyRow:
    counts = [(count, number) for count, number in run.decisions.items() if count.strategy in strategies]
    trades = [trade for trade in run.trades if trade.strategy in strategies]
    confidence = run.contracts.learning.wilson_confidence
    wins = sum(trade.net_cents > 0 for trade in trades)
    total_r = sum(trade.r for trade in trades)
    refused: Counter[int] = Counter()
    for count, number in counts:
        if count.plan and count.layer is not None and count.action in (Action.SKIP, Action.VETO):
            refused[count.layer] += number
    return StrategyRow(
        strategy=name,
        state=_state(run, name),
        plans=_count(counts, lambda count: count.plan),
        long=_count(counts, lambda count: count.side > 0),
        short=_count(counts, lambda count: count.side < 0),
        chosen=_count(counts, lambda count: count.action is Action.ENTER),
        refused=dict(sorted(refused.items())),
        trades=len(trades),
        wins=wins,
        win_rate=wilson(wins, len(trades), confidence),
        net_cents=sum(trade.net_cents for trade in trades),
        net_interval=total_interval(by_day(trades, "net_cents"), confidence, DRAWS, SEED),
        total_r=total_r,
        mean_r=total_r / len(trades) if trades else float("nan"),
        mean_r_interval=mean_interval(by_day(trades, "r"), confidence, DRAWS, SEED),
    )


def _count(counts: Iterable[tuple[Count, int]], wanted: Callable[[Count], bool]) -> int:
    return sum(number for count, number in counts if wanted(count))


def _state(run: Run, name: str) -> str:
    changes = [record.body["after"] for record in run.states if record.body["strategy"] == name]
    return changes[-1] if changes else ("" if name == BOOK else "ACTIVE")


def _days(run: Run) -> list[DayRow]:
    bars: dict[str, list[Bar]] = {}
    for bar in run.bars:
        bars.setdefault(bar.day, []).append(bar)
    trades: dict[str, list[TradeOutcome]] = {}
    for trade in run.trades:
        trades.setdefault(trade.trading_day, []).append(trade)
    enter = run.contracts.constitution.quality_gates.dvs.enter
    budgets = _Budgets(run.contracts.constitution.loss_limits)
    return [_day(day, bars.get(day, []), trades.get(day, []), enter, budgets) for day in sorted(bars | trades)]


def _day(day: str, bars: Sequence[Bar], trades: Sequence[TradeOutcome], enter: float, budgets: _Budgets) -> DayRow:
    left_day, left_week, left_month = budgets.after(day, trades)
    return DayRow(
        day=day,
        bars=len(bars),
        rejected=sum(bar.rejected for bar in bars),
        low_dvs_bars=sum(bar.dvs is None or bar.dvs < enter - 1e-9 for bar in bars),
        lowest_dvs=min((bar.dvs for bar in bars if bar.dvs is not None), default=None),
        lowest_eqs=min((bar.eqs for bar in bars), default=1.0),
        trades=len(trades),
        net_cents=sum(trade.net_cents for trade in trades),
        left_day_cents=left_day,
        left_week_cents=left_week,
        left_month_cents=left_month,
    )


class _Budgets:
    """What is left of the loss limits of day, week and month, day after day."""

    def __init__(self, limits: LossLimits) -> None:
        self._limits = (to_cents(limits.day_usd), to_cents(limits.week_usd), to_cents(limits.month_usd))
        self._spans = ("", "", "")
        self._net = [0, 0, 0]

    def after(self, day: str, trades: Sequence[TradeOutcome]) -> list[int]:
        """Cents left of each at the worst moment of this day. Days must come in order."""
        spans = (day, str(Date.fromisoformat(day).isocalendar()[:2]), day[:7])
        self._net = [net if span == before else 0 for net, span, before in zip(self._net, spans, self._spans, strict=True)]
        self._spans = spans
        worst = total = 0
        for trade in trades:
            total += trade.net_cents
            worst = min(worst, total)
        left = [limit + net + worst for limit, net in zip(self._limits, self._net, strict=True)]
        self._net = [net + total for net in self._net]
        return left


def _max_drawdown(trades: Sequence[TradeOutcome]) -> int:
    """Deepest fall of summed net P&L from its highest point so far (at first 0), cents >= 0."""
    total = peak = deepest = 0
    for trade in sorted(trades, key=lambda trade: trade.closed_ns):
        total += trade.net_cents
        peak = max(peak, total)
        deepest = max(deepest, peak - total)
    return deepest
