"""Synthetic bars are complete, clean, repeatable, and hold setups on both sides."""

from __future__ import annotations

import datetime as dt
import statistics

import pytest

from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar
from bot.contracts import Contracts, load_contracts
from bot.errors import CalendarError
from bot.market.bar import Bar, RawBar
from bot.market.core import MarketCore
from bot.market.rolling import MinuteMedians
from bot.quality.dvs import DvsScorer
from bot.units import to_points

FIRST = dt.date(2025, 8, 25)


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts()


@pytest.fixture(scope="module")
def calendar(contracts: Contracts) -> SessionCalendar:
    return SessionCalendar(contracts.session, dt.date(2025, 8, 1), dt.date(2025, 12, 31))


@pytest.fixture(scope="module")
def month(calendar: SessionCalendar) -> list[Bar]:
    return synthetic_bars(7, 20, FIRST, calendar)


def test_a_seed_gives_the_same_bars_and_another_seed_others(calendar: SessionCalendar, month: list[Bar]) -> None:
    assert synthetic_bars(7, 20, FIRST, calendar) == month
    assert synthetic_bars(8, 2, FIRST, calendar) != synthetic_bars(7, 2, FIRST, calendar)


def test_more_sessions_only_add_bars_at_the_end(calendar: SessionCalendar, month: list[Bar]) -> None:
    short = synthetic_bars(7, 5, FIRST, calendar)
    assert month[: len(short)] == short


def test_every_minute_of_trading_hours_has_a_possible_bar(calendar: SessionCalendar, month: list[Bar]) -> None:
    assert len({calendar.session_at(bar.ts_ns).date for bar in month if calendar.session_at(bar.ts_ns)}) == 20
    assert sum(calendar.session_at(bar.ts_ns) is not None for bar in month) == 20 * 390
    expected = [
        ts_ns
        for start, end in calendar.globex_hours
        for ts_ns in range(start + 60 * 10**9, end + 1, 60 * 10**9)
        if month[0].ts_ns <= ts_ns <= month[-1].ts_ns
    ]
    assert [bar.ts_ns for bar in month] == expected
    for bar in month:
        assert bar.low <= min(bar.open, bar.close) and max(bar.open, bar.close) <= bar.high and bar.volume > 0


def test_sizes_resemble_the_market(calendar: SessionCalendar, month: list[Bar]) -> None:
    rth = [bar for bar in month if calendar.session_at(bar.ts_ns)]
    overnight = [bar for bar in month if not calendar.session_at(bar.ts_ns)]
    assert 6 <= statistics.median(bar.high - bar.low for bar in rth) <= 12
    assert 2 <= statistics.median(bar.high - bar.low for bar in overnight) <= 5
    assert statistics.median(bar.volume for bar in rth) > 800 > 10 * statistics.median(bar.volume for bar in overnight)
    by_minute = [calendar.minute_of_session(calendar.session_at(bar.ts_ns), bar.ts_ns) for bar in rth]
    lunch = statistics.median(bar.volume for bar, minute in zip(rth, by_minute, strict=True) if 150 < minute < 240)
    edges = statistics.median(bar.volume for bar, minute in zip(rth, by_minute, strict=True) if minute < 30 or minute > 375)
    assert edges > 1.5 * lunch


def test_the_data_contract_finds_no_fault_in_rth(contracts: Contracts, calendar: SessionCalendar, month: list[Bar]) -> None:
    signals = contracts.strategies.signals
    scorer = DvsScorer(contracts.data_contract, calendar, MinuteMedians(signals.atr_norm_sessions, signals.atr_norm_min_sessions))
    faults = []
    for bar in month:
        prices = [to_points(price) for price in bar[1:5]]
        result = scorer.score(RawBar(bar.ts_ns, *prices, bar.volume, bar.ts_ns))
        if calendar.session_at(bar.ts_ns):
            faults += result.events
    assert faults == []


def test_setups_of_all_kinds_come_on_both_sides(contracts: Contracts, calendar: SessionCalendar, month: list[Bar]) -> None:
    core = MarketCore(contracts, calendar)
    seen = {"reversion": set(), "failed break": set(), "sweep": set(), "momentum": set()}
    for bar in month:
        state = core.update(bar, 1.0, 1.0)
        if state.warming_up:
            continue
        if abs(state.vwap_z) >= 1.5 and state.belief("F1", side := -1 if state.vwap_z > 0 else 1).effective >= 0.6:
            seen["reversion"].add(side)
        if (event := state.failed_break) and state.belief("F2", event.side).effective >= 0.65:
            seen["failed break"].add(event.side)
        if (event := state.sweep) and state.belief("F3", event.side).effective >= 0.6:
            seen["sweep"].add(event.side)
        if state.regime in ("trending", "volatile") and state.belief("F4", side := 1 if state.vwap_z > 0 else -1).effective >= 0.6:
            seen["momentum"].add(side)
    assert seen == {name: {1, -1} for name in seen}


def test_too_few_sessions_in_the_calendar_are_named(calendar: SessionCalendar) -> None:
    with pytest.raises(CalendarError, match="500 sessions from 2025-08-25"):
        synthetic_bars(7, 500, FIRST, calendar)
