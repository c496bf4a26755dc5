"""Whether the market has fallen silent, by bars that are not told and by the wall's clock."""

from __future__ import annotations

import pytest

from bot.risk_engine.silence import LATE_NS, PATIENCE_NS, Silence
from bot.units import MINUTE_NS, SECOND_NS

BAR, WALL = 1_000 * MINUTE_NS, 77


class Open:
    """An exchange that is open in (from, to], in minutes."""

    def __init__(self, start: int = 0, end: int = 10**6) -> None:
        self.start, self.end = start * MINUTE_NS, end * MINUTE_NS

    def globex_open(self, ts_ns: int) -> bool:
        return self.start < ts_ns <= self.end


def silence(calendar: Open) -> Silence:
    made = Silence(calendar)
    made.heard(BAR, WALL)
    return made


def test_nothing_is_missed_before_the_first_bar():
    assert not Silence(Open()).has_fallen(BAR, WALL + 10 * PATIENCE_NS)


@pytest.mark.parametrize(("late", "fallen"), [(-1, False), (0, False), (1, True)])
def test_three_minutes_of_the_wall_without_a_bar_are_silence(late, fallen):
    assert silence(Open()).has_fallen(BAR, WALL + PATIENCE_NS + late) is fallen


@pytest.mark.parametrize(("late", "fallen"), [(-1, False), (0, False), (1, True)])
def test_bars_that_came_and_were_not_told_are_silence_though_the_clock_stands(late, fallen):
    assert silence(Open(0, 1)).has_fallen(BAR + PATIENCE_NS + late, WALL) is fallen


def test_no_bar_at_all_is_none_that_was_not_told():
    assert not silence(Open()).has_fallen(0, WALL)


@pytest.mark.parametrize(("minutes", "fallen"), [(1004, True), (1003, False), (1000, False)])
def test_no_bar_is_missed_after_the_exchange_has_closed(minutes, fallen):
    assert silence(Open(0, minutes)).has_fallen(BAR, WALL + 4 * MINUTE_NS) is fallen


@pytest.mark.parametrize(("opens", "fallen"), [(1000, True), (1001, False), (1003, False)])
def test_nor_in_the_first_minutes_after_it_has_opened(opens, fallen):
    assert silence(Open(opens)).has_fallen(BAR, WALL + 4 * MINUTE_NS) is fallen


def test_the_next_bar_ends_it():
    made = silence(Open())
    made.heard(BAR + 5 * MINUTE_NS, WALL + 5 * MINUTE_NS)
    assert not made.has_fallen(BAR + 5 * MINUTE_NS, WALL + 5 * MINUTE_NS + PATIENCE_NS)


@pytest.mark.parametrize(("late", "trades"), [(-1, False), (0, False), (1, True)])
def test_the_market_trades_where_bars_come_that_are_not_told_and_may_be_halted_where_none_come(late, trades):
    assert silence(Open()).is_deaf(BAR + PATIENCE_NS + late) is trades
    assert not silence(Open()).is_deaf(0)


@pytest.mark.parametrize(("late", "halted"), [(-1, False), (0, False), (1, True)])
def test_where_the_bar_in_course_is_five_seconds_late_the_exchange_may_have_halted(late, halted):
    assert LATE_NS == 65 * SECOND_NS
    assert silence(Open()).may_be_halted(BAR, WALL + LATE_NS + late) is halted


def test_it_has_not_where_that_bar_came_and_only_was_not_told():
    found = [silence(Open()).may_be_halted(BAR + late, WALL + 2 * LATE_NS) for late in (-MINUTE_NS, 0, 1, MINUTE_NS)]
    assert found == [True, True, False, False]


def test_before_the_first_bar_and_on_a_clock_that_stands_nothing_is_late():
    assert Silence(Open()).may_be_halted(0, WALL + 10 * LATE_NS) is False
    assert silence(Open()).may_be_halted(BAR, WALL) is False
