"""Intervals: known values, bounds, and the same seed the same answer."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcome_makers import outcome

from bot.learning.intervals import by_day, mean_interval, total_interval, wilson


@pytest.mark.parametrize(
    ("wins", "trials", "low", "high"),
    [
        (5, 10, 0.2366, 0.7634),  # the usual table of Wilson's score interval at 95 %
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 20, 0.0089, 0.2361),
    ],
)
def test_wilson_gives_the_known_values(wins, trials, low, high):
    assert wilson(wins, trials, 0.95) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.floats(0, 1), st.floats(0.1, 1000), st.floats(0.5, 0.999))
def test_wilson_holds_the_rate_and_stays_within_bounds(share, trials, confidence):
    low, high = wilson(share * trials, trials, confidence)
    assert 0.0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1.0


def test_no_trials_no_interval():
    assert all(math.isnan(end) for end in wilson(0, 0, 0.95))


DAYS = {"a": [1.0, 2.0], "b": [-1.0], "c": [4.0, -2.0, 1.0], "d": []}


def test_the_bootstrap_is_the_same_for_the_same_seed():
    assert total_interval(DAYS, 0.95, 500, 7) == total_interval(DAYS, 0.95, 500, 7)
    assert total_interval(DAYS, 0.95, 500, 7) != total_interval(DAYS, 0.8, 500, 7)


def test_sums_and_means_stay_within_the_worst_and_best_days():
    low, high = total_interval(DAYS, 0.99, 2000, 1)
    assert -3.0 <= low < 5.0 < high <= 9.0
    low, high = mean_interval(DAYS, 0.99, 2000, 1)
    assert -1.0 <= low < 5 / 6 < high <= 1.5


def test_a_day_is_drawn_whole():
    # each day sums to 0, so whatever the draw, so does the total
    assert total_interval({"a": [5.0, -5.0], "b": [3.0, -3.0]}, 0.95, 300, 3) == (0.0, 0.0)


def test_days_that_are_alike_leave_no_doubt():
    assert mean_interval({"a": [2.0], "b": [2.0, 2.0]}, 0.95, 100, 1) == (2.0, 2.0)


@pytest.mark.parametrize("days", [{}, {"a": []}, {"a": [1.0, 2.0]}, {"a": [1.0], "b": []}])
def test_fewer_than_two_days_say_nothing(days):
    assert all(math.isnan(end) for interval in (total_interval, mean_interval) for end in interval(days, 0.95, 10, 1))


def test_expectancy_is_bootstrapped_by_trading_day():
    trades = [outcome(r, day=day) for r, day in ((1.0, "2025-09-15"), (-1.0, "2025-09-15"), (0.5, "2025-09-16"))]
    assert mean_interval(by_day(trades, "r"), 0.95, 400, 5) == mean_interval({"x": [1.0, -1.0], "y": [0.5]}, 0.95, 400, 5)
