"""The book at its edges: before anything happened, and when a trade is told after its day has passed."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest
from builders import EMPTY_BOOK, LIMITS

from bot.calendar import TradingDay
from bot.decision.book import Book
from bot.decision.snapshot import BookView
from bot.units import HOUR_NS, MINUTE_NS


def day(date: str, week: str = "2025-W38", month: str = "2025-09") -> TradingDay:
    return TradingDay(date, week, month, 0, 0)


MONDAY, TUESDAY = day("2025-09-15"), day("2025-09-16")


def book(*days: TradingDay, **limits: Any) -> Book:
    made = Book(msgspec.structs.replace(LIMITS, **limits))
    for entered in days or (TUESDAY,):
        made.roll(entered)
    return made


def lose(made: Book, net: int = -1000, contracts: int = 1, of: TradingDay | None = None) -> None:
    """A losing trade, from its submission to its end."""
    made.on_submission(0)
    made.on_trade_opened("A")
    made.on_entry_ended(filled=True)
    made.on_trade_closed("A", net, net / 1000, contracts, False, of)


def told(made: Book, **changes: Any) -> None:
    """The view is the empty one but for these."""
    assert made.view(5 * HOUR_NS) == msgspec.structs.replace(EMPTY_BOOK, **changes)


# ------------------------------------------------------------------ before anything happened


def test_a_book_before_its_first_day_and_on_it_is_empty():
    told(Book(LIMITS))
    told(book())


def test_every_counter_of_a_day_is_a_whole_number():
    made = book()
    made.on_submission(0)
    made.roll(day("2025-09-17"))
    assert {type(getattr(made.view(0), name)) for name in ("trades_today", "submissions_today", "last_loser_contracts")} == {int}


# ------------------------------------------------------------------ entries


def test_entries_of_one_hour_add_up_and_those_of_another_do_not():
    made = book()
    for minute in (0, 1, 59):
        made.on_submission(5 * HOUR_NS + minute * MINUTE_NS)
    told(made, in_flight=True, trades_today=3, submissions_today=3, hour_entries=3, last_entry_ns=5 * HOUR_NS + 59 * MINUTE_NS)
    assert [made.view(ts_ns).hour_entries for ts_ns in (5 * HOUR_NS - 1, 6 * HOUR_NS - 1, 6 * HOUR_NS)] == [0, 3, 0]
    made.on_submission(6 * HOUR_NS)
    assert (made.view(6 * HOUR_NS).hour_entries, made.view(6 * HOUR_NS).submissions_today) == (1, 4)


def test_results_of_one_day_add_up_in_every_budget():
    made = book(max_losses=9)
    lose(made, -1000)
    lose(made, -300)
    view = made.view(0)
    assert (view.realised_day_cents, view.realised_week_cents, view.realised_month_cents) == (-1300, -1300, -1300)


@pytest.mark.parametrize(
    ("ends", "trades"),
    [
        ([(True, False)], 1),
        ([(False, False)], 0),
        ([(False, False), (True, True)], 1),  # it ended unfilled, then a late fill came
        ([(True, False), (True, True)], 2),
    ],
)
def test_an_entry_is_a_trade_if_it_filled_or_filled_late(ends, trades):
    made = book()
    made.on_submission(0)
    for filled, late in ends:
        made.on_entry_ended(filled, late)
    assert (made.view(0).trades_today, made.view(0).in_flight) == (trades, False)


def test_an_entry_in_flight_is_the_new_days_trade():
    made = book()
    made.on_submission(0)
    made.roll(day("2025-09-17"))
    assert (made.view(0).trades_today, made.view(0).in_flight) == (1, True)


def test_a_position_without_an_entry_in_flight_is_the_new_days_trade():
    made = book()
    made.on_trade_opened("A")
    made.roll(day("2025-09-17"))
    told(made, position_open=True, trades_today=1)


def test_the_same_day_again_rolls_nothing():
    made = book(max_losses=1)
    lose(made)
    before = made.view(0)
    made.roll(TUESDAY)
    assert made.view(0) == before
    assert (before.streak_locked, before.losing_streak, before.realised_day_cents) == (True, 1, -1000)


def test_a_streak_that_is_not_locked_survives_the_roll():
    made = book(max_losses=3)
    lose(made)
    lose(made)
    made.roll(day("2025-09-17"))
    told(made, losing_streak=2, realised_week_cents=-2000, realised_month_cents=-2000)


def test_a_lock_stays_after_a_win_of_the_same_day():
    made = book(max_losses=1)
    lose(made)
    made.on_trade_closed("A", 500, 0.5, 1, False)
    assert (made.view(0).losing_streak, made.view(0).streak_locked) == (0, True)


def test_an_overrun_stays_after_a_trade_without_one():
    made = book()
    made.on_trade_closed("A", -100, -0.1, 1, True)
    made.on_trade_closed("A", -100, -0.1, 1, False)
    assert made.view(0).overrun_locked


def test_a_loss_counts_the_contracts_of_the_last_loser():
    made = book(max_losses=9)
    lose(made, contracts=1)
    lose(made, contracts=2)
    assert made.view(0).last_loser_contracts == 2


# ------------------------------------------------------------------ told after its day


class Late(NamedTuple):
    """A loss of `of`, told on `now`; what is left of it in the budgets of week and month."""

    of: TradingDay
    now: TradingDay
    week: int
    month: int


LATE = [
    Late(MONDAY, TUESDAY, -1000, -1000),
    Late(day("2025-09-12", "2025-W37"), MONDAY, 0, -1000),
    Late(day("2025-09-30", "2025-W40"), day("2025-10-01", "2025-W40", "2025-10"), -1000, 0),
    Late(day("2025-10-31", "2025-W44", "2025-10"), day("2025-11-03", "2025-W45", "2025-11"), 0, 0),
]


@pytest.mark.parametrize("case", LATE, ids=lambda case: f"{case.of.date} told on {case.now.date}")
def test_a_loss_told_after_its_day_leaves_what_it_would_have_left_in_time(case):
    in_time = book(case.of)
    lose(in_time, of=case.of)
    in_time.roll(case.now)

    late = book(case.of)
    late.on_submission(0)
    late.on_trade_opened("A")
    late.on_entry_ended(filled=True)
    late.roll(case.now)
    assert late.view(0).trades_today == 1  # the day in force took it for its own
    late.on_trade_closed("A", -1000, -1.0, 1, False, case.of)

    assert late.view(HOUR_NS) == in_time.view(HOUR_NS)
    told(late, losing_streak=1, realised_week_cents=case.week, realised_month_cents=case.month)


def test_a_late_loss_locks_nothing_the_new_day_has_served_its_lock():
    made = book(MONDAY)
    lose(made)
    made.on_trade_opened("A")
    made.roll(TUESDAY)
    made.on_trade_closed("A", -2000, -2.0, 2, True, MONDAY)
    told(made, realised_week_cents=-3000, realised_month_cents=-3000)  # a streak of 2 is served: 0


def test_a_late_loss_below_the_lock_only_counts():
    made = book(MONDAY, TUESDAY, max_losses=3)
    made.on_trade_closed("A", -1000, -1.0, 1, False, MONDAY)
    told(made, losing_streak=1, realised_week_cents=-1000, realised_month_cents=-1000)


def test_a_late_loss_leaves_the_new_days_last_loser_alone():
    made = book(TUESDAY, max_losses=9)
    lose(made, contracts=2)
    made.on_trade_closed("A", -500, -0.5, 1, False, MONDAY)
    assert made.view(0).last_loser_contracts == 2


def test_a_late_win_ends_the_streak_but_not_the_new_days_lock():
    made = book(TUESDAY, max_losses=1)
    lose(made)
    made.on_trade_closed("A", 500, 0.5, 1, False, MONDAY)
    view: BookView = made.view(0)
    assert (view.losing_streak, view.streak_locked) == (0, True)
    assert (view.realised_day_cents, view.realised_week_cents) == (-1000, -500)


def test_a_late_trade_whose_position_was_not_taken_over_takes_no_trade_away():
    made = book(MONDAY, TUESDAY)
    lose(made)
    made.on_trade_closed("A", 0, 0.0, 1, False, MONDAY)
    assert made.view(0).trades_today == 1


@pytest.mark.parametrize("of", [None, TUESDAY, day("2025-09-17")], ids=["in force", "the same day", "a day ahead"])
def test_a_trade_of_the_day_in_force_is_never_late(of):
    made = book(TUESDAY)
    lose(made, contracts=2, of=of)
    view = made.view(0)
    assert (view.trades_today, view.realised_day_cents, view.last_loser_contracts, view.losing_streak) == (1, -1000, 2, 1)
