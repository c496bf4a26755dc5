"""Which session a run over some bars is: a whole one only, half days by their own close."""

from __future__ import annotations

import datetime as dt

import pytest
from builders import calendar, new_york_ns

from bot.bars.sessions import session_of, whole_sessions
from bot.errors import UsageError
from bot.market.bar import Bar
from bot.units import MINUTE_NS

TUESDAY, HALF_DAY = "2025-09-16", "2025-11-28"


def closing(day: str, first: str = "09:31", last: str = "16:00") -> list[Bar]:
    """A bar of each minute of a day, from the one that closes at `first` to the one that closes at `last`."""
    moments = range(new_york_ns(f"{day} {first}"), new_york_ns(f"{day} {last}") + 1, MINUTE_NS)
    return [Bar(ts_ns, 1000, 1004, 996, 1000, 100) for ts_ns in moments]


def held(bars: list[Bar]) -> list[str]:
    return [session.date for session in whole_sessions(bars, calendar())]


@pytest.mark.parametrize(
    ("day", "first", "last", "whole"),
    [
        (TUESDAY, "09:31", "16:00", True),
        (TUESDAY, "04:00", "17:00", True),
        (TUESDAY, "09:32", "16:00", False),  # the first minute is missing
        (TUESDAY, "09:30", "15:59", False),  # the last one is
        (TUESDAY, "16:01", "17:00", False),
        (HALF_DAY, "09:31", "13:00", True),
        (HALF_DAY, "09:31", "12:59", False),
        ("2025-09-13", "09:31", "16:00", False),  # a Saturday
        ("2025-11-27", "09:31", "13:00", False),  # Thanksgiving: futures trade, the session does not
    ],
)
def test_a_session_counts_from_its_first_minute_to_its_close(day, first, last, whole):
    assert held(closing(day, first, last)) == [day] * whole


def test_days_that_a_file_leaves_out_between_others_are_not_held():
    assert held([*closing("2025-09-15"), *closing("2025-09-17")]) == ["2025-09-15", "2025-09-17"]


def test_without_a_date_it_is_the_last_whole_session():
    bars = [*closing("2025-09-15"), *closing("2025-09-16"), *closing("2025-09-17", last="12:00")]
    assert session_of(bars, calendar(), None, "bars.csv").date == "2025-09-16"
    assert session_of(bars, calendar(), dt.date(2025, 9, 15), "bars.csv").date == "2025-09-15"


def refusal(bars: list[Bar], wanted: str | None) -> str:
    with pytest.raises(UsageError) as caught:
        session_of(bars, calendar(), None if wanted is None else dt.date.fromisoformat(wanted), "bars.csv")
    return str(caught.value)


def test_a_date_that_is_missing_or_cut_off_is_refused_with_what_there_is():
    bars = [*closing("2025-09-15"), *closing("2025-09-16"), *closing("2025-09-17", last="12:00")]
    for wanted in ("2025-09-14", "2025-09-17", "2026-01-05"):
        assert refusal(bars, wanted) == f"bars.csv: no whole regular session on {wanted}; there are 2, from 2025-09-15 to 2025-09-16."
    assert refusal(closing(TUESDAY), "2025-09-17") == "bars.csv: no whole regular session on 2025-09-17; there is one, on 2025-09-16."


@pytest.mark.parametrize("wanted", [None, TUESDAY])
def test_bars_without_a_whole_session_are_refused_with_what_is_needed(wanted):
    said = "bars.csv: no whole regular session; bars from 09:30 to 16:00 New York (13:00 on half days) are needed: name a longer file."
    for bars in ([], closing(TUESDAY, last="15:59")):
        assert refusal(bars, wanted) == said
