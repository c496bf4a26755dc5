"""The run's trades repeated at moments drawn by lot, from the journal's own bars (spec 4; bot/report/baseline.py)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date as Date
from functools import cached_property

import numpy as np
from msgspec import convert

from bot.calendar import SessionCalendar
from bot.journal.build import plan_of
from bot.journal.records import PlanRecord
from bot.market.bar import Bar
from bot.quality.dvs import hole_ns
from bot.quality.price_level import is_void
from bot.report.baseline import Baseline, Tape, random_entries, share_below
from bot.report.run import Closed, Run
from bot.units import nearest_tick, to_cents

SEED = 1
BOOK = "book"
NAN = math.nan
_NO_TRADE = "no trade was made"


class RandomEntries:
    """1,000 draws for each strategy that traded, and for the book, whose draw is the sum of the strategies' draws.

    A draw has the same number, sides and brackets; its entries lie wherever session.yaml allows
    one, on bars that DVS did not reject. The strategies' streams of random numbers are independent.
    Same journal, same draws. Nothing is drawn before it is asked for.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._draws: dict[str, Baseline | str] = {}

    def missing(self, name: str) -> str:
        """Why there is nothing to compare with, a sentence; "" if there is, or if the reason shows only in drawing."""
        return "" if self._planned(name) else f"There are no random entries to compare with: {_NO_TRADE}."

    def of(self, name: str) -> Baseline | str:
        """The draws of a strategy or of the book; or the sentence why there are none."""
        if name not in self._draws:
            self._draws[name] = self.missing(name) or (self._book() if name == BOOK else self._drawn(name))
        return self._draws[name]

    def below(self, name: str) -> float:
        """Share of the draws below the real result (ties count half); nan without draws."""
        baseline = self.of(name)
        return NAN if isinstance(baseline, str) else baseline.percentile / 100

    def quantile(self, name: str, share: float) -> float:
        """Net of the draws at this share of them, cents; nan without draws."""
        baseline = self.of(name)
        return NAN if isinstance(baseline, str) else float(np.quantile(baseline.net_cents, share))

    def seed(self, name: str) -> int:
        """The seed of a strategy's draws: its place among the strategies, from 1 on."""
        return SEED + self._run.strategies.index(name)

    def _planned(self, name: str) -> list[Closed]:
        return [trade for trade in self._run.results if name in (BOOK, trade.strategy) and self._run.intent_of(trade) is not None]

    @cached_property
    def _tape(self) -> Tape:
        return tape_of(self._run)

    def _book(self) -> Baseline | str:
        return _sum([self.of(name) for name in self._run.strategies if self._planned(name)])

    def _drawn(self, name: str) -> Baseline | str:
        trades = self._planned(name)
        intents = [self._run.intent_of(trade) for trade in trades]
        plans = [plan_of(name, convert(intent["plan"], PlanRecord)) for intent in intents if intent is not None]
        fee_cents = to_cents(self._run.contracts.risk_model.fee_per_side_usd)
        try:
            return random_entries(plans, self._tape, fee_cents, sum(trade.net_cents for trade in trades), self.seed(name))
        except ValueError as error:
            return f"There are no random entries to compare with: {error}."


def _sum(parts: list[Baseline | str]) -> Baseline | str:
    """The sum of the strategies' draws, one by one; if one has none, neither has the book."""
    whole = [part for part in parts if isinstance(part, Baseline)]
    if len(whole) < len(parts):
        return next(part for part in parts if isinstance(part, str))
    net_cents = np.sum([part.net_cents for part in whole], axis=0)
    real = sum(part.real_net_cents for part in whole)
    return Baseline(net_cents.tolist(), real, 100 * share_below(real, net_cents))


def tape_of(run: Run) -> Tape:
    """The market of a run as random entries see it: the bars that were believed. Raises IndexError if there is none."""
    bars = [bar for bar in run.bars if not bar.rejected]
    calendar = SessionCalendar(run.contracts.session, Date.fromisoformat(bars[0].day), Date.fromisoformat(bars[-1].day))
    base_ticks = run.contracts.execution_contract.slippage.base_ticks
    level = run.contracts.data_contract.price_level
    rows, close_before = [], math.nan
    for bar, unseen in zip(bars, _unseen(run, calendar), strict=True):
        session = calendar.session_at(bar.ts_ns)
        slippage_ticks = bar.signals.get("slippage_ticks")
        rows.append(
            (
                Bar(bar.ts_ns, *(nearest_tick(price) for price in (bar.open, bar.high, bar.low, bar.close)), bar.volume),
                base_ticks if slippage_ticks is None else round(slippage_ticks),
                _flatten(calendar, bar.ts_ns),
                calendar.entry_refusal(session, bar.ts_ns) is None,
                unseen,
                is_void(bar.open / close_before, level),
            )
        )
        close_before = bar.close
    return Tape(*zip(*rows, strict=True))


def _unseen(run: Run, calendar: SessionCalendar) -> Iterator[bool]:
    """Of each bar that is believed, whether what is held was to be left before it, as bot.learning.shadow has it: bars had stopped, so many
    in a row were rejected, or the session was to be flattened on one of those."""
    data = run.contracts.data_contract
    came_ns, rejected, due = run.bars[0].ts_ns, 0, False
    for bar in run.bars:
        due |= bar.ts_ns - came_ns > hole_ns(data)
        came_ns = max(came_ns, bar.ts_ns)
        if bar.rejected:
            rejected += 1
            due |= rejected >= data.price_level.close_after_rejected_bars or _flatten(calendar, bar.ts_ns)
        else:
            yield due
            rejected, due = 0, False


def _flatten(calendar: SessionCalendar, ts_ns: int) -> bool:
    session = calendar.session_at(ts_ns)
    return session is None or ts_ns >= calendar.flatten_ns(session)
