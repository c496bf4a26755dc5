"""The shock signature: all three, each strictly above its number."""

import math

import pytest

from bot.contracts import load_contracts
from bot.market.shock import is_shock, usual_range

LAW = load_contracts().data_contract.shock_signature


@pytest.mark.parametrize(
    ("true_range", "atr_30", "volume_z", "body", "body_stdev", "shock"),
    [
        (41, 10.0, 2.51, 31, 10.0, True),
        (41, 10.0, 2.51, -31, 10.0, True),
        (40, 10.0, 2.51, 31, 10.0, False),
        (41, 10.0, 2.5, 31, 10.0, False),
        (41, 10.0, 2.51, 30, 10.0, False),
        (41, 10.0, 2.51, -30, 10.0, False),
        (41, math.nan, 2.51, 31, 10.0, False),
        (41, 10.0, math.nan, 31, 10.0, False),
        (41, 10.0, 2.51, 31, math.nan, False),
    ],
)
def test_a_shock_is_wide_heavy_and_one_sided_at_once(true_range, atr_30, volume_z, body, body_stdev, shock):
    assert is_shock(LAW, true_range, atr_30, volume_z, body, body_stdev) is shock


@pytest.mark.parametrize(("atr_30", "median", "usual"), [(10.0, 30.0, 30.0), (30.0, 10.0, 30.0), (10.0, math.nan, 10.0)])
def test_usual_is_the_larger_of_the_last_bars_and_this_minutes_range_and_an_unknown_median_leaves_the_last_bars(atr_30, median, usual):
    assert usual_range(atr_30, median) == usual


def test_where_nobody_knows_the_range_of_the_last_bars_nothing_is_a_shock():
    assert math.isnan(usual_range(math.nan, 10.0))
