"""Windows kept incrementally give what a calculation from scratch gives, and nan before they are full."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_bars import random_bars

from bot.market.bar import Bar
from bot.market.rolling import (
    Choppiness,
    Efficiency,
    MinuteMedians,
    RangeWindow,
    RollingScore,
    SessionVwap,
    TrendStrength,
    WilderAverage,
)


def close_to(value: float) -> object:
    return pytest.approx(value, abs=1e-9, rel=1e-9, nan_ok=True)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=80))
def test_wilders_average_starts_with_a_mean_and_then_forgets_slowly(ranges: list[int]) -> None:
    average = WilderAverage(14)
    found = [average.update(value) for value in ranges]
    assert all(math.isnan(value) for value in found[:13])
    if len(ranges) >= 14:
        expected = statistics.fmean(ranges[:14])
        for value in ranges[14:]:
            expected = (13 * expected + value) / 14
        assert found[-1] == close_to(expected)


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=60))
def test_the_score_is_that_of_the_window_alone(values: list[int]) -> None:
    score = RollingScore(20)
    for value in values:
        score.update(value)
    if len(values) < 20:
        assert math.isnan(score.z(3.0)) and math.isnan(score.deviation())
        return
    window = values[-20:]
    deviation = statistics.pstdev(window)
    assert score.deviation() == close_to(deviation)
    z = (values[-1] - statistics.fmean(window)) / deviation if deviation else 0.0
    assert score.z(3.0) == close_to(max(-3.0, min(3.0, z)))


@given(random_bars(min_size=2))
def test_trend_efficiency_and_choppiness_equal_a_recomputation(bars: list[Bar]) -> None:
    trend, efficiency, choppiness = TrendStrength(30), Efficiency(20), Choppiness(10)
    changes = [after.close - before.close for before, after in itertools.pairwise(bars)]
    for index, (before, after) in enumerate(itertools.pairwise(bars)):
        found_trend = trend.update(after, before)
        found_efficiency = efficiency.update(changes[index])
        overlap, turns = choppiness.update(after, before, changes[index], changes[index - 1] if index else None)
    assert found_trend == close_to(_trend(bars, 30))
    assert found_efficiency == close_to(_efficiency(changes, 20))
    assert (overlap, turns) == (close_to(_overlap(bars, 10) if len(bars) >= 12 else math.nan), close_to(_turns(changes, 10)))


def _trend(bars: list[Bar], length: int) -> float:
    if len(bars) <= length:
        return math.nan
    pairs = list(itertools.pairwise(bars))[-length:]
    up = sum(b.high > a.high and b.low > a.low for a, b in pairs)
    return (up - sum(b.high < a.high and b.low < a.low for a, b in pairs)) / length


def _efficiency(changes: list[int], length: int) -> float:
    if len(changes) < length:
        return math.nan
    window = changes[-length:]
    path = sum(map(abs, window))
    return abs(sum(window)) / path if path else 0.0


def _overlap(bars: list[Bar], length: int) -> float:
    def one(a: Bar, b: Bar) -> float:
        shared, smaller = min(a.high, b.high) - max(a.low, b.low), min(a.high - a.low, b.high - b.low)
        return 0.0 if shared < 0 else shared / smaller if smaller else 1.0

    return statistics.fmean(one(a, b) for a, b in list(itertools.pairwise(bars))[-length:])


def _turns(changes: list[int], length: int) -> float:
    turns = [a * b < 0 for a, b in itertools.pairwise(changes)]
    return sum(turns[-length:]) / length if len(turns) >= length else math.nan


@given(random_bars())
def test_vwap_and_its_deviation_equal_a_recomputation(bars: list[Bar]) -> None:
    vwap = SessionVwap(bars[0].open, 2.0)
    for bar in bars:
        vwap.update(bar)
    volume = sum(bar.volume for bar in bars)
    if not volume:
        assert math.isnan(vwap.offset) and math.isnan(vwap.sigma)
        return
    typical = [(bar.high + bar.low + bar.close) / 3 - vwap.anchor for bar in bars]
    mean = sum(price * bar.volume for price, bar in zip(typical, bars, strict=True)) / volume
    spread = sum((price - mean) ** 2 * bar.volume for price, bar in zip(typical, bars, strict=True)) / volume
    assert vwap.offset == close_to(mean)
    assert vwap.sigma == pytest.approx(max(math.sqrt(spread), 2.0), abs=1e-6)


@given(random_bars(), st.integers(1, 25))
def test_the_range_before_a_bar_is_that_of_the_bars_before_it(bars: list[Bar], length: int) -> None:
    window = RangeWindow(length)
    for index, bar in enumerate(bars):
        before = bars[max(0, index - length) : index] or [bar]
        assert window.update(bar) == (max(one.high for one in before), min(one.low for one in before))
        assert window.full == (index + 1 >= length)


@given(st.lists(st.floats(0.1, 50.0), min_size=1, max_size=40))
def test_a_minutes_median_is_that_of_earlier_sessions(values: list[float]) -> None:
    medians = MinuteMedians(sessions=20, minimum=5)
    for index, value in enumerate(values):
        earlier = values[max(0, index - 20) : index]
        found = medians.swap(7, value)
        assert found == close_to(statistics.median(earlier) if len(earlier) >= 5 else math.nan)


def test_an_unknown_value_is_not_kept_for_the_median() -> None:
    medians = MinuteMedians(sessions=3, minimum=1)
    medians.swap(1, math.nan)
    assert math.isnan(medians.swap(1, 4.0))
    assert medians.swap(1, math.nan) == 4.0
    assert medians.swap(1, 8.0) == 4.0


@given(st.lists(st.integers(-500, 500), max_size=30), st.integers(2, 12))
def test_a_score_of_a_window_kept_elsewhere_is_the_one_that_was_kept_up(values, length):
    window, kept = deque(maxlen=length), RollingScore(length)
    for value in values:
        window.append(value)
        kept.update(value)
    again = RollingScore.of(window)
    assert (repr(again.z(math.inf)), repr(again.deviation())) == (repr(kept.z(math.inf)), repr(kept.deviation()))
