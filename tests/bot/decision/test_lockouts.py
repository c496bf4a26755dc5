"""When each regime lockout was last triggered."""

from __future__ import annotations

import pytest
from builders import LIMITS, MOMENT, market

from bot.decision.lockouts import Lockouts
from bot.units import MINUTE_NS

NAN = float("nan")


@pytest.mark.parametrize(
    ("bar", "triggered"),
    [
        ({}, set()),
        ({"volatility_shock": True}, {"volatility_ns"}),
        ({"news_shock": True}, {"news_ns"}),
        ({"spread_ticks": 3.0}, {"execution_ns"}),
        ({"spread_ticks": 2.99}, set()),
        ({"slippage_base_ticks": 3}, {"execution_ns"}),
        ({"slippage_base_ticks": 2, "slippage_ticks": 6}, set()),  # the time-of-day factor is no danger
        ({"slippage_base_ticks": 3, "atr_norm": NAN}, set()),  # that is WARM_UP
        ({"spread_ticks": 3.0, "atr_norm": NAN}, {"execution_ns"}),
        ({"volatility_shock": True, "news_shock": True, "spread_ticks": 3.0}, {"volatility_ns", "news_ns", "execution_ns"}),
        ({"volatility_shock": True, "session": None}, set()),  # only the regular session counts
    ],
)
def test_what_triggers_a_lockout(bar, triggered):
    lockouts = Lockouts(LIMITS)
    lockouts.update(market(**bar))
    view = lockouts.view()
    assert {name for name in ("volatility_ns", "execution_ns", "news_ns") if getattr(view, name) == MOMENT} == triggered
    assert all(getattr(view, name) in (0, MOMENT) for name in ("volatility_ns", "execution_ns", "news_ns"))


def test_the_last_trigger_counts_and_quiet_bars_leave_it():
    lockouts = Lockouts(LIMITS)
    for minute, shock in enumerate([True, False, True, False, False]):
        lockouts.update(market(ts_ns=MOMENT + minute * MINUTE_NS, volatility_shock=shock))
    assert lockouts.view().volatility_ns == MOMENT + 2 * MINUTE_NS
