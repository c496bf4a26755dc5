"""Idle stretches: the one place that says which bars of a backtest need no market, no message and no decision.

Three quarters of a future's minutes lie outside the regular session. While nothing is held, nothing works and no shadow trade is
followed, such a bar leaves no record: it has only to be scored and understood. A stretch of them lies within one trading day and
between two sessions. Its last bar goes the ordinary way, so that everybody has seen the market as it is before anything can happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nautilus_trader.model.data import Bar as NautilusBar
from nautilus_trader.trading.trader import Trader

from actors.learning import LearningActor
from actors.part import Part
from bot.calendar import SessionCalendar
from bot.contracts import Contracts
from bot.risk_engine.controller import RiskController


class ClosedHours:
    """Whether bars lie outside the regular session, asked in the order of their closes (UTC ns)."""

    def __init__(self, calendar: SessionCalendar) -> None:
        self._calendar = calendar
        self._from_ns = self.until_ns = 0  # the answer holds in (from, until]
        self._closed = False

    def closed(self, ts_ns: int) -> bool:
        """Whether a bar with this close lies in no session. The answer holds until `until_ns`, included: a session's edge, or a day's."""
        if not self._from_ns < ts_ns <= self.until_ns:
            self._closed, self.until_ns = self._calendar.closed_until(ts_ns)
            self._from_ns = ts_ns - 1
        return self._closed


def stretches(bars: list[NautilusBar], hours: ClosedHours) -> Iterator[tuple[list[NautilusBar], bool]]:
    """The bars in the order of their times, cut where sessions and trading days begin and end, each part with whether it is closed."""
    bars = sorted(bars, key=lambda bar: bar.ts_init)
    begin = 0
    while begin < len(bars):
        closed, end = hours.closed(bars[begin].ts_event), begin + 1
        while end < len(bars) and bars[end - 1].ts_event <= bars[end].ts_event <= hours.until_ns:
            end += 1
        yield bars[begin:end], closed
        begin = end


class Rest:
    """Whether a run rests: what happens outside the session is then nobody's business but that of quality and market."""

    def __init__(self, trader: Trader, risk: RiskController, contracts: Contracts) -> None:
        self._trader, self._risk = trader, risk
        self._shipped = {declared.kind for declared in contracts.declared.values() if declared.shipped}

    def now(self) -> bool:
        """Nothing is held, works or is followed, and nobody but this package's parts is there: another may hear bars, or wait for times."""
        learning = [each for each in self._trader.actors() if isinstance(each, LearningActor)]
        return self._risk.rests and not any(each.follows for each in learning) and self._among_ourselves()

    def _among_ourselves(self) -> bool:
        actors = [each for each in self._trader.actors() if each is not self._risk]
        return all(_is_part(each) for each in actors) and all(type(each) in self._shipped for each in self._trader.strategies())


def _is_part(actor: Any) -> bool:
    return isinstance(actor, Part) and type(actor).__module__.partition(".")[0] == "actors"
