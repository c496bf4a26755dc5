"""The months that the gateway lists end on the expiries that the calendar knows."""

from __future__ import annotations

import datetime as dt
from itertools import islice

import pytest

from bot.calendar import expiries_from
from bot.gateway.instruments import _quarters_from

FIRST = dt.date(2024, 11, 1)


def test_expiries_are_the_third_fridays_of_quarter_months_and_the_day_itself_counts():
    assert list(islice(expiries_from(dt.date(2025, 9, 19)), 3)) == [dt.date(2025, 9, 19), dt.date(2025, 12, 19), dt.date(2026, 3, 20)]
    assert next(expiries_from(dt.date(2025, 9, 20))) == dt.date(2025, 12, 19)


@pytest.mark.parametrize("days", range(0, 800, 7))
def test_the_gateway_looks_two_years_ahead(days):
    date = FIRST + dt.timedelta(days=days)
    found = _quarters_from(date)
    months = [(day.year - date.year) * 12 + day.month - date.month for day in found]
    assert len(found) in (7, 8) and found[0] >= date and months[-1] < 24
