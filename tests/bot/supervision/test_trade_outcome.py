"""From a finished trade to its outcome: what of it two runs of the same bars have in common."""

from __future__ import annotations

import math

from builders import an_intent

from bot.supervision.orders import Role
from bot.supervision.outcome import outcome_of
from bot.supervision.trade import Fill, Leg, Trade
from bot.units import SECOND_NS


def a_bare_trade() -> Trade:
    """Stopped out, and bare for a second and a half."""
    fills = [Fill(Role.ENTRY, 1, 1, 1, 1000.0, 62, 1, 0.0), Fill(Role.STOP, 1, -1, 1, 992.0, 62, 2, 0.0)]
    return Trade(an_intent(), [Leg(1, 1, 992, 1016)], fills=fills, opened_ns=1, naked_ns=3 * SECOND_NS // 2)


def test_naked_time_of_the_markets_clock_is_part_of_it():
    assert outcome_of(a_bare_trade(), on_market_time=True).naked_seconds == 1.5


def test_naked_time_of_the_wall_is_not():
    assert math.isnan(outcome_of(a_bare_trade(), on_market_time=False).naked_seconds)
