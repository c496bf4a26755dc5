"""Signals of one bar: their formulas, ranges, mirror and warm-up."""

from __future__ import annotations

import math

import pytest
from builders import mirrored
from hypothesis import given
from hypothesis import strategies as st
from random_bars import random_bars

from bot.market.bar import Bar
from bot.market.signals import BarSignals, clip, close_location, logistic, per_atr, rejection_wick, true_range

RANGES = {
    "trend_strength": (-1, 1), "rejection_wick": (-1, 1), "close_location": (-1, 1), "micro_trend": (-1, 1),
    "body_impulse": (-1, 1), "efficiency": (0, 1), "volume_z": (-3, 3), "range_expansion": (0, 1),
    "participation": (0, 1), "noise": (0, 1), "climax": (0, 1),
}  # fmt: skip
SIGNED = ("trend_strength", "rejection_wick", "close_location", "micro_trend", "body_impulse")
FIRST_DEFINED = {
    "atr_14": 14, "atr_30": 30, "trend_strength": 31, "micro_trend": 14, "body_impulse": 14, "efficiency": 21,
    "volume_z": 60, "range_expansion": 60, "participation": 60, "climax": 60, "noise": 21, "body_deviation": 60,
}  # fmt: skip


def new_signals() -> BarSignals:
    return BarSignals(climax_atr_multiple=2.0, climax_volume_z=2.0, body_bars=60)


def bar(opening: int, high: int, low: int, close: int, volume: int = 100) -> Bar:
    return Bar(0, opening, high, low, close, volume)


@pytest.mark.parametrize(
    ("one", "close_before", "reach", "wick", "location"),
    [
        (bar(10, 20, 0, 10), None, 20, 0.0, 0.0),
        (bar(10, 20, 0, 20), 10, 20, 0.5, 1.0),
        (bar(16, 20, 0, 18), 10, 20, 0.7, 0.8),  # a long lower wick is positive
        (bar(4, 20, 0, 2), 10, 20, -0.7, -0.8),
        (bar(10, 12, 8, 10), 2, 10, 0.0, 0.0),  # the gap counts
        (bar(10, 10, 10, 10), 10, 0, 0.0, 0.0),
        (bar(10, 10, 10, 10), 30, 20, 0.0, 0.0),
    ],
)
def test_one_bar_formulas(one: Bar, close_before: int | None, reach: int, wick: float, location: float) -> None:
    assert true_range(one, close_before) == reach
    assert rejection_wick(one, reach) == pytest.approx(wick)
    assert close_location(one) == pytest.approx(location)


@pytest.mark.parametrize(("move", "scale", "share"), [(5, 10, 0.5), (-50, 10, -1.0), (7, 0.0, 0.0), (0, 3, 0.0)])
def test_a_move_over_its_usual_size(move: float, scale: float, share: float) -> None:
    assert per_atr(move, scale) == share


def test_unknown_stays_unknown() -> None:
    assert math.isnan(per_atr(3, math.nan)) and math.isnan(clip(math.nan))


@given(st.floats(-2000, 2000))
def test_logistic_is_a_probability_for_any_evidence(value: float) -> None:
    assert 0.0 <= logistic(value) <= 1.0
    assert logistic(value) + logistic(-value) == pytest.approx(1.0)


@given(random_bars(max_size=130))
def test_every_signal_keeps_its_range_or_is_nan_until_its_window_is_full(bars: list[Bar]) -> None:
    signals = new_signals()
    for index, one in enumerate(bars, start=1):
        signals.update(one)
        for name, (low, high) in RANGES.items():
            value = getattr(signals, name)
            assert math.isnan(value) or low <= value <= high, name
        for name, first in FIRST_DEFINED.items():
            assert math.isnan(getattr(signals, name)) == (index < first), name


@given(random_bars(max_size=130), st.integers(0, 60_000))
def test_a_mirror_turns_signed_signals_and_leaves_the_others_exactly(bars: list[Bar], pivot: int) -> None:
    plain, mirror = new_signals(), new_signals()
    for one in bars:
        plain.update(one)
        mirror.update(mirrored(one, pivot))
    for name in (*RANGES, *FIRST_DEFINED, "true_range", "atr_30_before"):
        expected = -getattr(plain, name) if name in SIGNED else getattr(plain, name)
        assert getattr(mirror, name) == pytest.approx(expected, rel=0, abs=0, nan_ok=True), name


def test_volume_and_range_together_make_a_climax() -> None:
    signals = new_signals()
    for index in range(80):
        signals.update(bar(100, 104, 96, 100, volume=100 + index % 3))
    assert (signals.climax, signals.range_expansion) == (0.0, pytest.approx(signals.volume_z / 2, abs=1e-6))
    signals.update(bar(100, 130, 95, 128, volume=500))
    assert signals.climax == 1.0 and signals.range_expansion == 1.0 and signals.volume_z == 3.0
    assert signals.atr_30_before == pytest.approx(8.0)
