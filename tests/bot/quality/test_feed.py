"""What a live feed can tell DVS."""

import math

import pytest
from bar_makers import contracts

from bot.quality.feed import quote_fault, stale_periods


@pytest.mark.parametrize(
    ("bid", "ask", "fault"),
    [
        (26400, 26401, None),
        (26400, 26410, None),
        (26400, 26411, "wide"),
        (26400, 26400, None),
        (26401, 26400, "crossed"),
        (0, 26400, "empty"),
        (26400, 0, "empty"),
        (-1, 26400, "empty"),
        (math.nan, 26400, "empty"),
        (26400, math.nan, "empty"),
        (26400, math.inf, "empty"),
    ],
)
def test_a_quote_is_bad_if_it_is_empty_crossed_or_wider_than_10_ticks(bid, ask, fault):
    assert quote_fault(contracts().data_contract.dvs, bid, ask) == fault


@pytest.mark.parametrize(("seconds", "periods"), [(0, 0), (29, 0), (30, 0), (30.001, 1), (31, 1), (60, 1), (60.001, 2), (90, 2), (91, 3)])
def test_a_silence_is_stale_past_30_seconds_and_once_more_past_each_further_30(seconds, periods):
    assert stale_periods(contracts().data_contract.dvs, seconds) == periods
