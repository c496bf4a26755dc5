"""The running median is the median of the last values."""

import math
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from bot.quality.window import MedianWindow


@given(st.integers(1, 7), st.lists(st.integers(0, 9), max_size=40))
def test_it_is_the_median_of_the_last_values(size, values):
    window = MedianWindow(size)
    for count, value in enumerate(values, 1):
        window.add(value)
        last = values[max(0, count - size) : count]
        assert (window.median, len(window)) == (median(last), len(last))


def test_no_values_have_no_median():
    assert math.isnan(MedianWindow(3).median)
