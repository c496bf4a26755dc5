"""A bar as it arrived becomes whole ticks, or nothing."""

from __future__ import annotations

import math

import pytest

from bot.market.bar import Bar, RawBar, in_ticks

GOOD = RawBar(60, 6500.25, 6501.0, 6499.75, 6500.5, 400.0, 60)
TICKS = Bar(60, 26001, 26004, 25999, 26002, 400)


@pytest.mark.parametrize("off", [0.0, 1e-8, -1e-8])
@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
def test_a_price_on_its_tick_or_as_near_as_a_float_may_be_counts_as_on_it(name, off):
    assert in_ticks(GOOD._replace(**{name: getattr(GOOD, name) + off})) == TICKS


@pytest.mark.parametrize("price", [6500.3, math.nan, math.inf, -math.inf, 0.0, -0.25])
@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
def test_a_price_that_no_market_has_makes_the_bar_impossible(name, price):
    assert in_ticks(GOOD._replace(**{name: price})) is None


@pytest.mark.parametrize("off", [0.0, 1e-8])
@pytest.mark.parametrize("changes", [{"high": 6500.0}, {"low": 6500.5}, {"low": 6502.0}, {"high": 6499.0}])
def test_a_high_and_a_low_hold_the_rest_or_the_bar_is_impossible(changes, off):
    assert in_ticks(GOOD._replace(close=GOOD.close + off, **changes)) is None


@pytest.mark.parametrize("volume", [-1.0, 0.5, math.nan, math.inf])
def test_a_volume_is_a_whole_number_of_contracts(volume):
    assert in_ticks(GOOD._replace(volume=volume)) is None


def test_whole_numbers_will_do():
    assert in_ticks(RawBar(60, 6500, 6501, 6500, 6501, 400, 60)) == Bar(60, 26000, 26004, 26000, 26004, 400)
