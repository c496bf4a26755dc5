"""Bars that nobody believes, while a trade is held: the third in a row leaves it, a restart between them or not."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from builders import CONTRACTS, MOMENT, bar

from bot.decision.plan import ExitReason
from bot.market.update import QualityUpdate
from bot.risk_engine.bar_watch import BarWatch
from bot.units import MINUTE_NS

RUNTIME = SimpleNamespace(contracts=CONTRACTS)


class Left:
    """Stands where the way out is."""

    def __init__(self) -> None:
        self.blind, self.reasons = False, []

    def leave(self, trade, reason: ExitReason) -> None:
        self.reasons.append(reason)
        trade.closing = reason


def trade() -> SimpleNamespace:
    """What a watch asks of a trade that holds a contract; its entry's price says nothing here."""
    return SimpleNamespace(net=1, done=False, closing=None, mark=None, opened_ns=MOMENT, entry_price=math.nan)


def quality(number: int, *, rejected: bool) -> QualityUpdate:
    understood = None if rejected else bar(0, 1000, 1002, 998, 1001)._replace(ts_ns=MOMENT + number * MINUTE_NS)
    return QualityUpdate(MOMENT + number * MINUTE_NS, (0.0,) * 4, 1, understood, 0.9, 0.5, (), 1.0, ())


@pytest.mark.parametrize("history", range(6))
def test_rejected_bars_that_a_restart_sees_as_history_count_in_the_row(history: int) -> None:
    watch, held, way_out = BarWatch(RUNTIME), [trade()], Left()
    left_at = []
    for number, rejected in enumerate([False, True, True, False, True, True, True], start=1):
        said = quality(number, rejected=rejected)
        watch.follow(held, said.bar)
        if number > history:
            watch.leave_unseen(held, said, way_out, simulated=False)
        left_at += [number] * (len(way_out.reasons) > len(left_at))
    assert (left_at, way_out.reasons) == ([7], [ExitReason.QUALITY])
