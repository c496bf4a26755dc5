"""When entries may be decided on a full day."""

from __future__ import annotations

from datetime import time as Time

import pytest
from builders import CONTRACTS

from bot.contracts.entry_windows import entry_windows, minutes_before


def test_entry_windows_are_the_phases_less_the_closed_hours():
    assert entry_windows(CONTRACTS, "K1") == [(Time(10), Time(11, 30)), (Time(13, 30), Time(15, 54))]
    assert entry_windows(CONTRACTS, "K4") == [(Time(9, 35), Time(11, 30)), (Time(13, 30), Time(15))]


@pytest.mark.parametrize(("clock", "minutes", "before"), [("16:00", 6, "15:54"), ("13:00", 0, "13:00"), ("10:10", 40, "09:30")])
def test_minutes_are_counted_back_across_the_hour(clock, minutes, before):
    assert minutes_before(Time.fromisoformat(clock), minutes) == Time.fromisoformat(before)
