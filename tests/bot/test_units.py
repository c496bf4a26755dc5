"""Ticks and points: there and back, and what is off the tick."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.units import nearest_tick, to_points, to_ticks, whole_ticks


@given(st.integers(-(10**8), 10**8))
def test_a_tick_comes_back_from_points_exactly(ticks):
    points = to_points(ticks)
    assert points == ticks * 0.25 == ticks / 4
    assert to_ticks(points) == nearest_tick(points) == whole_ticks(points) == ticks


def test_a_price_between_two_ticks_stays_between_them_as_it_is():
    assert to_ticks(6400.10) == pytest.approx(25_600.4)
    assert nearest_tick(6400.10) == 25_600


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 6400.10, 6400.2501])
def test_what_is_off_the_tick_has_no_whole_ticks(price):
    assert whole_ticks(price) is None


def test_a_price_that_is_a_hair_off_its_tick_is_on_it():
    assert whole_ticks(6400.25 + 1e-9) == 25_601


def test_an_unknown_price_stays_unknown_and_has_no_nearest_tick():
    assert math.isnan(to_points(math.nan)) and math.isnan(to_ticks(math.nan))
    with pytest.raises(ValueError, match="NaN"):
        nearest_tick(math.nan)


def test_whole_columns_convert_like_single_prices():
    assert to_points(np.array([1, 2])).tolist() == [0.25, 0.5]
    assert to_ticks(np.array([0.25, 0.6])).tolist() == [1.0, 2.4]
