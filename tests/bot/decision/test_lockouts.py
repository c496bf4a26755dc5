"""Regime lockouts: what triggers one, when, and that the last trigger is the one that is kept."""

from __future__ import annotations

import pytest
from builders import LIMITS, MOMENT, market, new_york_ns, snapshot

from bot.decision.evaluate import bar_failures
from bot.decision.lockouts import Lockouts
from bot.decision.snapshot import LockoutView
from bot.market.state import MarketState
from bot.units import MINUTE_NS

NEVER = LockoutView(0, 0, 0)
NAN = float("nan")


def after(*states: MarketState) -> LockoutView:
    lockouts = Lockouts(LIMITS)
    for state in states:
        lockouts.update(state)
    return lockouts.view()


def at(minutes: float, **changes: object) -> MarketState:
    return market(ts_ns=MOMENT + round(minutes * MINUTE_NS), **changes)


@pytest.mark.parametrize(
    ("changes", "triggered"),
    [
        ({}, NEVER),
        ({"volatility_shock": True}, LockoutView(MOMENT, 0, 0)),
        ({"news_shock": True}, LockoutView(0, 0, MOMENT)),
        ({"spread_ticks": 2.99}, NEVER),
        ({"spread_ticks": 3.0}, LockoutView(0, MOMENT, 0)),
        ({"spread_ticks": 12.0}, LockoutView(0, MOMENT, 0)),
        ({"slippage_base_ticks": 2}, NEVER),
        ({"slippage_base_ticks": 3}, LockoutView(0, MOMENT, 0)),
        ({"slippage_base_ticks": 2, "slippage_ticks": 3}, NEVER),  # the time-of-day factor does not count
        ({"slippage_base_ticks": 3, "atr_norm": NAN}, NEVER),  # an estimate at its extreme because nothing is known
        ({"spread_ticks": 3.0, "atr_norm": NAN}, LockoutView(0, MOMENT, 0)),  # a spread is known
        ({"spread_ticks": NAN}, NEVER),
        ({"volatility_shock": True, "news_shock": True, "spread_ticks": 3.0}, LockoutView(MOMENT, MOMENT, MOMENT)),
    ],
    ids=str,
)
def test_a_bar_of_the_session_triggers_by_its_signs(changes, triggered):
    assert after(market(**changes)) == triggered


@pytest.mark.parametrize(
    ("moment", "counts"),
    [
        ("2025-09-16 09:30", False),  # the bar before the open
        ("2025-09-16 09:31", True),
        ("2025-09-16 16:00", True),
        ("2025-09-16 16:01", False),
        ("2025-09-16 20:00", False),
        ("2025-09-20 12:00", False),
        ("2025-11-28 13:00", True),  # a half day
        ("2025-11-28 13:01", False),
    ],
)
def test_only_bars_of_the_regular_session_trigger(moment, counts):
    ts_ns = new_york_ns(moment)
    found = after(market(ts_ns=ts_ns, volatility_shock=True, news_shock=True, spread_ticks=5.0))
    assert found == (LockoutView(ts_ns, ts_ns, ts_ns) if counts else NEVER)


def test_the_last_trigger_is_kept_each_for_itself():
    found = after(at(0, volatility_shock=True, news_shock=True), at(1), at(2, volatility_shock=True), at(3, spread_ticks=3.0), at(4))
    assert found == LockoutView(MOMENT + 2 * MINUTE_NS, MOMENT + 3 * MINUTE_NS, MOMENT)


@pytest.mark.parametrize(
    ("changes", "code", "minutes"),
    [
        ({"volatility_shock": True}, "VOLATILITY_SHOCK", 60),
        ({"spread_ticks": 3.0}, "EXECUTION_DANGER", 30),
        ({"news_shock": True}, "NEWS_SHOCK", 90),
    ],
)
def test_each_locks_entries_for_its_minutes_from_its_last_trigger(changes, code, minutes):
    lockouts = after(at(0, **changes), at(5, **changes))
    for since, locked in ((0, True), (minutes - 1, True), (minutes - 0.001, True), (minutes, False)):
        now = snapshot(ts_ns=MOMENT + round((5 + since) * MINUTE_NS))
        now = snapshot(ts_ns=now.ts_ns, lockouts={name: getattr(lockouts, name) for name in lockouts.__struct_fields__})
        assert [failure.code for failure in bar_failures(now, LIMITS)] == ([code] if locked else [])
