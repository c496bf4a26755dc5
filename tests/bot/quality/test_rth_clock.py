"""The clock of EQS stands still outside RTH."""

import pytest
from bar_makers import TUESDAY, WEDNESDAY, at, calendar
from hypothesis import given
from hypothesis import strategies as st

from bot.quality.rth_clock import RthClock

CLOCK = RthClock(calendar().sessions)
OPEN = CLOCK.minute(at("09:30"))


@pytest.mark.parametrize(
    ("clock", "date", "minutes"),
    [
        ("09:30", TUESDAY, 0),
        ("09:31", TUESDAY, 1),
        ("16:00", TUESDAY, 390),
        ("16:01", TUESDAY, 390),
        ("09:30", WEDNESDAY, 390),
        ("09:31", WEDNESDAY, 391),
        ("16:00", WEDNESDAY, 780),
    ],
)
def test_it_counts_minutes_of_rth(clock, date, minutes):
    assert CLOCK.minute(at(clock, date)) - OPEN == minutes


def test_it_reads_fractions_of_a_minute():
    assert CLOCK.minute(at("09:30", seconds=30)) - OPEN == 0.5


def test_it_reads_zero_before_the_first_session_covered():
    assert CLOCK.minute(at("09:30") - 30 * 24 * 3600 * 10**9) == 0.0


def test_a_weekend_takes_no_time():
    friday, monday = calendar().sessions[0], calendar().sessions[1]
    assert (friday.date, monday.date) == ("2025-09-12", "2025-09-15")
    assert CLOCK.minute(friday.close_ns) == CLOCK.minute(monday.open_ns) == 390.0


@given(st.integers(at("00:00"), at("23:00", WEDNESDAY)), st.integers(0, 10**14))
def test_it_never_runs_backwards_and_never_faster_than_time(ts_ns, later_ns):
    passed = CLOCK.minute(ts_ns + later_ns) - CLOCK.minute(ts_ns)
    assert 0 <= passed <= later_ns / 60e9 + 1e-9
