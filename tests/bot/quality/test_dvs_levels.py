"""DVS at another price level, over a hole and at a roll: what is rejected, what is told, and what is forgotten."""

from __future__ import annotations

import datetime as dt

import pytest
from bar_makers import TUESDAY, WEDNESDAY, at, contracts, minutes, names, ranges, raw, warmed

from bot.calendar import SessionCalendar
from bot.market.bar import in_ticks
from bot.quality.dvs import Ahead, DvsScorer
from bot.quality.price_level import JudgedBefore
from bot.units import MINUTE_NS

TWICE = (13200.0, 13200.75, 13199.5, 13200.25, 1000.0)
NAN = float("nan")


def holding(answer: bool) -> DvsScorer:
    calendar = SessionCalendar(contracts().session, dt.date(2025, 9, 1), dt.date(2025, 9, 30))
    made = DvsScorer(contracts().data_contract, calendar, ranges(), lambda: answer)
    for ts in minutes(at("09:31"), 61):
        made.score(raw(ts))
    return made


def test_nine_bars_of_another_level_are_rejected_and_the_tenth_is_believed_with_its_factor():
    made = warmed()
    results = [made.score(raw(ts, TWICE)) for ts in minutes(at("10:32"), 11)]
    assert [result.bar is None for result in results] == [True] * 9 + [False] * 2
    assert [result.new_level for result in results[:9]] == [0.0] * 9
    assert results[9].new_level == pytest.approx(2.0, abs=1e-4) and results[10].new_level == 0.0
    assert [names(result) for result in results[:9]] == [["impossible"]] * 9


def test_a_new_level_is_no_outlier_of_the_old_one_and_ranges_begin_anew():
    made = warmed()
    results = [made.score(raw(ts, TWICE)) for ts in minutes(at("10:32"), 10)]
    assert names(results[-1]) == ["missing_gap"]  # of bars that were believed
    wide = (13200.0, 13300.0, 13100.0, 13200.25, 1000.0)
    assert names(made.score(raw(at("10:42"), wide))) == []  # no ATR30 is known yet


def test_while_a_position_is_held_no_level_is_re_believed():
    made = holding(True)
    results = [made.score(raw(ts, TWICE)) for ts in minutes(at("10:32"), 30)]
    assert all(result.bar is None and result.new_level == 0.0 for result in results)


@pytest.mark.parametrize(
    "breaks",
    [
        (NAN, 13200.75, 13199.5, 13200.25, 1000.0),
        (13200.0, 13100.0, 13199.5, 13200.25, 1000.0),
        (13200.1, 13200.75, 13199.5, 13200.25, 1000.0),
    ],
)
def test_a_bar_that_is_broken_in_itself_ends_the_row(breaks):
    made = warmed()
    for ts in minutes(at("10:32"), 9):
        made.score(raw(ts, TWICE))
    made.score(raw(at("10:41"), breaks))
    results = [made.score(raw(ts, TWICE)) for ts in minutes(at("10:42"), 10)]
    assert [result.bar is None for result in results] == [True] * 9 + [False]


def test_what_is_asked_ahead_is_what_is_scored_and_asking_changes_nothing():
    made = holding(False)
    for ts in minutes(at("10:32"), 12):
        bar = raw(ts, TWICE)
        said = [made.ahead(bar) for _ in range(3)]
        result = made.score(bar)
        assert said == [Ahead(result.bar is not None, False, bool(result.new_level))] * 3


@pytest.mark.parametrize(("seconds", "hole"), [(60, False), (120, False), (180, False), (181, True), (240, True), (-60, False)])
def test_a_hole_is_a_pause_of_more_than_two_gap_limits_between_bars_that_came(seconds, hole):
    made = warmed()
    bar = raw(at("10:31", seconds=seconds))
    assert made.ahead(bar).hole is hole
    assert made.score(bar).hole is hole


def test_a_rejected_bar_came_and_leaves_no_hole():
    made = warmed()
    made.score(raw(at("10:32"), TWICE))
    result = made.score(raw(at("10:33")))
    assert (result.hole, names(result)) == (False, ["missing_gap"])


def test_a_night_without_bars_is_a_hole_though_no_gap():
    made = warmed()
    result = made.score(raw(at("09:31", WEDNESDAY)))
    assert (result.hole, names(result)) == (True, [])


def jumped(day: dt.date, before: int, share: float, clock: str = "09:31") -> float:
    """The roll told at `clock` of a day, after a bar that closed so many minutes before at 6600.25."""
    calendar = SessionCalendar(contracts().session, dt.date(2025, 8, 25), dt.date(2025, 9, 30))
    made = DvsScorer(contracts().data_contract, calendar, ranges())
    made.score(raw(at(clock, day) - before * MINUTE_NS))
    opened = round(6600.25 * (1 + share) * 4) / 4
    return made.score(raw(at(clock, day), (opened, opened + 1, opened - 1, opened, 1000.0))).roll


@pytest.mark.parametrize(
    ("day", "before", "share", "clock", "roll"),
    [
        (TUESDAY, 1, 0.006, "09:31", True),
        (TUESDAY, 1, -0.006, "09:31", True),
        (TUESDAY, 1, 0.004, "09:31", False),
        (TUESDAY, 1, 0.006, "09:32", False),  # not at the open
        (TUESDAY, 61, 0.006, "18:01", True),  # after the daily break
        (TUESDAY, 1, 0.006, "20:00", False),  # in the night
        (dt.date(2025, 9, 11), 1, 0.006, "09:31", True),  # eight days before the third Friday
        (dt.date(2025, 9, 10), 1, 0.006, "09:31", False),
        (dt.date(2025, 9, 10), 61, 0.006, "18:01", True),  # the evening is of the next trading day
        (dt.date(2025, 9, 19), 1, 0.006, "09:31", True),
        (dt.date(2025, 9, 22), 1, 0.006, "09:31", False),
    ],
)  # fmt: skip
def test_a_jump_at_an_open_in_the_roll_window_is_a_roll(day, before, share, clock, roll):
    found = jumped(day, before, share, clock)
    assert (found == pytest.approx(1 + share, abs=1e-4)) if roll else found == 0.0


@pytest.mark.parametrize("stop", [1, 4, 9, 10, 12])
def test_a_restart_rejects_in_history_what_was_rejected_then_and_asks_nobody_whether_a_position_was_held(stop):
    """History shows the old level all along, and a trade is open by now."""
    calendar = SessionCalendar(contracts().session, dt.date(2025, 9, 1), dt.date(2025, 9, 30))
    times = minutes(at("10:32"), 14)
    whole = warmed()
    results = [whole.score(raw(ts, TWICE)) for ts in times]
    believed = {ts: result.bar is not None for ts, result in zip(times[:stop], results, strict=False)}
    newest = max((number for number in range(stop) if believed[times[number]]), default=-1)
    last = results[newest].bar if newest >= 0 else in_ticks(raw(at("10:31")))
    since = tuple(in_ticks(raw(ts, TWICE)) for ts in times[newest + 1 : stop])
    asked = []
    made = DvsScorer(contracts().data_contract, calendar, ranges(), lambda: bool(asked.append(1)), JudgedBefore(believed, last, since))
    for ts in minutes(at("09:31"), 61):
        made.score(raw(ts))
    again = [made.score(raw(ts)).bar is not None for ts in times[:stop]]
    assert again == list(believed.values()) and not asked
    after = [made.score(raw(ts, TWICE)) for ts in times[stop:]]
    assert [(each.bar, each.new_level) for each in after] == [(each.bar, each.new_level) for each in results[stop:]]
    assert bool(asked) == (stop < 10)
