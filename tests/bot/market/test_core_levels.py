"""A roll: what the core forgets of the old contract's prices, and what it keeps."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.calendar import SessionCalendar, clock_ns
from bot.contracts import Contracts
from bot.market.bar import Bar
from bot.market.core import MarketCore
from bot.market.state import MarketState
from bot.units import MINUTE_NS

MONDAY, TUESDAY = dt.date(2025, 9, 15), dt.date(2025, 9, 16)
PRIOR = {"prior_high", "prior_low", "overnight_high", "overnight_low"}


def session(day: dt.date, price: int, count: int) -> list[Bar]:
    first = clock_ns(day, dt.time(9, 31))
    return [Bar(first + i * MINUTE_NS, price, price + 4, price - 4, price + i % 2, 500 + i) for i in range(count)]


def after(contracts: Contracts, calendar: SessionCalendar, *, roll: bool) -> list[MarketState]:
    """Tuesday's states, of another contract 400 ticks higher, after a whole Monday and an evening."""
    core = MarketCore(contracts, calendar)
    for bar in session(MONDAY, 26000, 390):
        core.update(bar, 1.0, 1.0)
    core.update(Bar(clock_ns(MONDAY, dt.time(20)), 26000, 26010, 25990, 26000, 100), 1.0, 1.0)
    if roll:
        core.forget_levels()
    return [core.update(bar, 1.0, 1.0) for bar in session(TUESDAY, 26400, 30)]


def test_without_a_roll_yesterdays_levels_stand(contracts, calendar):
    first = after(contracts, calendar, roll=False)[0]
    assert first.levels.keys() >= PRIOR
    assert (first.low_5, first.prior_low_20, first.true_range) == (25990, 25990, 404.0)


def test_over_a_roll_no_level_extreme_or_close_is_carried(contracts, calendar):
    states = after(contracts, calendar, roll=True)
    assert not PRIOR & states[0].levels.keys()
    assert (states[0].low_5, states[0].prior_low_20, states[0].true_range) == (26396, 26396, 8.0)
    assert not any(PRIOR & state.levels.keys() for state in states)
    assert all(state.sweep is None and state.failed_break is None for state in states)


def test_usual_sizes_are_kept_and_the_sessions_own_levels_come(contracts, calendar):
    states = after(contracts, calendar, roll=True)
    assert states[0].atr_14 == pytest.approx(8.0, abs=1.5)
    assert "opening_high" in states[20].levels and "vwap_upper" in states[20].levels
    assert states[0].vwap == states[0].vwap


def test_until_twenty_bars_of_the_new_contract_their_range_is_warming_up(contracts, calendar):
    signals = contracts.strategies.signals.model_copy(update={"atr_norm_min_sessions": 1})
    eager = contracts.model_copy(update={"strategies": contracts.strategies.model_copy(update={"signals": signals})})
    told = [state.warming_up for state in after(eager, calendar, roll=True)]
    assert told[14:] == [("prior_high_20", "prior_low_20")] * 5 + [()] * 11  # before, others are unknown
    assert [state.warming_up for state in after(eager, calendar, roll=False)][14:] == [()] * 16
