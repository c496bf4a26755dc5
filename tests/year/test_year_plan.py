"""What a simulated year holds, and the ten sessions of it that a test plays."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest
from year_plan import Plan, What, plan_of

from bot.calendar import new_york
from bot.contracts import load_contracts

YEAR = (dt.date(2025, 10, 13), 250)  # what run.py plays unless it is told otherwise


@cache
def plan(first: dt.date, sessions: int) -> Plan:
    return plan_of(load_contracts(), first, sessions)


def turns(made: Plan) -> list[tuple[str, str]]:
    """When the bot must take its next node, and for what."""
    return [(f"{new_york(each.ts_ns):%Y-%m-%d %H:%M:%S}", each.name) for each in made.happenings if each.what == What.TURN]


def test_a_year_holds_four_rolls_and_a_new_years_night():
    assert turns(plan(*YEAR)) == [
        ("2025-12-15 00:00:05", "roll of 2025-12-15"),
        ("2026-01-01 18:00:05", "the journal of 2026"),
        ("2026-03-16 00:00:05", "roll of 2026-03-16"),
        ("2026-06-15 00:00:05", "roll of 2026-06-15"),
        ("2026-09-14 00:00:05", "roll of 2026-09-14"),
    ]


def test_a_year_holds_both_clock_changes_and_the_half_days():
    made = plan(*YEAR)
    offsets = [new_york(each.open_ns).utcoffset() for each in made.sessions]
    assert sum(before != after for before, after in pairwise(offsets)) == 2
    assert [each.date for each in made.sessions if each.half_day] == ["2025-11-28", "2025-12-24"]


def test_a_year_restarts_the_gateway_every_night_of_trading_and_logs_it_out_every_weekend():
    made = plan(*YEAR)
    counted = Counter(each.what for each in made.happenings)
    assert (counted[What.MEASURE], counted[What.LOGOUT], counted[What.KILL], counted[What.STOP], counted[What.EXPIRE]) == (250, 51, 1, 2, 4)
    assert counted[What.RESTART] == 257  # holidays with trading in the evening have their night too
    assert {f"{new_york(each.ts_ns):%H:%M}" for each in made.happenings if each.what == What.RESTART} == {"23:45"}


def test_ten_sessions_of_march_hold_nights_weekends_a_clock_change_and_a_roll():
    made = plan(dt.date(2026, 3, 4), 10)
    counted = Counter(each.what for each in made.happenings)
    assert (counted[What.RESTART], counted[What.LOGOUT], counted[What.KILL], counted[What.STOP]) == (9, 2, 1, 2)
    assert turns(made) == [("2026-03-16 00:00:05", "roll of 2026-03-16")]
    assert new_york(made.start_ns).utcoffset() != new_york(made.end_ns).utcoffset()


def test_three_sessions_hold_a_new_years_night():
    assert turns(plan(dt.date(2025, 12, 30), 3)) == [("2026-01-01 18:00:05", "the journal of 2026")]


@pytest.mark.parametrize("chosen", [YEAR, (dt.date(2026, 3, 4), 10)])
def test_what_happens_is_in_order_and_within_the_story(chosen):
    made = plan(*chosen)
    moments = [each.ts_ns for each in made.happenings]
    assert moments == sorted(moments) and made.start_ns < moments[0] and moments[-1] < made.end_ns
