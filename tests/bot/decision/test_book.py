"""The book's counters: what counts when, and which passing of time takes it back (spec 2, "Counting")."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from builders import LIMITS, calendar, new_york_ns, snapshot
from hypothesis import given
from hypothesis import strategies as st

from bot.decision.book import Book
from bot.decision.evaluate import bar_failures
from bot.decision.snapshot import BookView

TUESDAY, WEDNESDAY = "2025-09-16", "2025-09-17"
LOSS, SCRATCH, WIN = (-1000, -1.0), (-100, -0.1), (500, 0.5)
Step = tuple  # (moment, what happened, how)


def told(steps: Iterable[Step]) -> Book:
    """A book that lived through (moment, what happened[, how]); it enters each moment's trading day first."""
    book = Book(LIMITS)
    for moment, what, *how in steps:
        ts_ns = new_york_ns(moment)
        book.roll(calendar().trading_day(ts_ns))
        if what == "submit":
            book.on_submission(ts_ns)
        elif what == "end":
            book.on_entry_ended(*how)
        elif what == "open":
            book.on_trade_opened()
        elif what == "close":
            (net, r), contracts, overrun = how
            book.on_trade_closed(net, r, contracts, overrun)
    return book


def trade(moment: str, came_to: tuple[int, float], contracts: int = 1, overrun: bool = False) -> list[Step]:
    """A whole trade within one minute."""
    return [(moment, "submit"), (moment, "open"), (moment, "end", True), (moment, "close", came_to, contracts, overrun)]


def view(steps: Iterable[Step], moment: str) -> BookView:
    book, ts_ns = told(steps), new_york_ns(moment)
    book.roll(calendar().trading_day(ts_ns))
    return book.view(ts_ns)


def refusals(steps: Iterable[Step], moment: str) -> set[str]:
    """What the gates of a harmless moment say with this book."""
    now = snapshot(ts_ns=new_york_ns(moment), book=msgspec.structs.asdict(view(steps, moment)))
    return {failure.code for failure in bar_failures(now, LIMITS)}


# ------------------------------------------------------------------------ entries


@pytest.mark.parametrize(
    ("steps", "trades", "submissions", "hour", "in_flight", "position"),
    [
        ([], 0, 0, 0, False, False),
        ([("2025-09-16 10:05", "submit")], 1, 1, 1, True, False),
        ([("2025-09-16 10:05", "submit"), ("2025-09-16 10:06", "end", False)], 0, 1, 1, False, False),
        ([("2025-09-16 10:05", "submit"), ("2025-09-16 10:06", "open")], 1, 1, 1, True, True),
        ([("2025-09-16 10:05", "submit"), ("2025-09-16 10:06", "open"), ("2025-09-16 10:06", "end", True)], 1, 1, 1, False, True),
        (trade("2025-09-16 10:05", WIN), 1, 1, 1, False, False),
        (trade("2025-09-16 10:05", WIN) + trade("2025-09-16 10:35", WIN), 2, 2, 2, False, False),
    ],
    ids=["nothing", "submitted", "ended unfilled", "partly filled", "filled", "closed", "two trades"],
)
def test_an_entry_counts_from_its_submission_and_an_unfilled_one_gives_its_trade_back(
    steps, trades, submissions, hour, in_flight, position
):
    now = view(steps, "2025-09-16 10:40")
    assert (now.trades_today, now.submissions_today, now.hour_entries) == (trades, submissions, hour)
    assert (now.in_flight, now.position_open) == (in_flight, position)


def test_an_unfilled_entry_gives_neither_spacing_nor_hour_nor_submission_back():
    steps = [("2025-09-16 10:05", "submit"), ("2025-09-16 10:06", "end", False)]
    assert refusals(steps, "2025-09-16 10:34") == {"ENTRY_SPACING", "ENTRIES_PER_HOUR"}
    assert view(steps, "2025-09-16 10:34").last_entry_ns == new_york_ns("2025-09-16 10:05")


def test_six_unfilled_entries_are_no_trade_but_use_the_days_submissions_up():
    steps = [(f"2025-09-16 {hour}:05", what, *how) for hour in range(10, 16) for what, *how in (("submit",), ("end", False))]
    assert refusals(steps[:-2], "2025-09-16 15:05") == set()
    assert refusals(steps, "2025-09-16 16:05") == {"SUBMISSIONS_PER_DAY"}
    assert view(steps, "2025-09-16 16:05").trades_today == 0
    assert refusals(steps, "2025-09-17 10:05") == set()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("10:05", "10:34", {"ENTRY_SPACING", "ENTRIES_PER_HOUR"}),
        ("10:05", "10:34:59", {"ENTRY_SPACING", "ENTRIES_PER_HOUR"}),
        ("10:05", "10:35", {"ENTRIES_PER_HOUR"}),  # 30 minutes exactly, but the same clock hour
        ("10:05", "10:59:59", {"ENTRIES_PER_HOUR"}),
        ("10:05", "11:00", set()),
        ("10:30", "11:00", set()),  # 30 minutes exactly, in the next
        ("10:31", "11:00", {"ENTRY_SPACING"}),
        ("10:59", "11:00", {"ENTRY_SPACING"}),
        ("10:59", "11:29", set()),
        ("10:00", "10:00", {"ENTRY_SPACING", "ENTRIES_PER_HOUR"}),
    ],
)
def test_entries_are_30_minutes_apart_and_one_per_clock_hour(first, second, said):
    assert refusals(trade(f"{TUESDAY} {first}", WIN), f"{TUESDAY} {second}") == said


def test_the_same_clock_hour_of_another_day_is_another_hour():
    steps = trade(f"{TUESDAY} 10:05", WIN)
    assert view(steps, f"{TUESDAY} 10:59").hour_entries == 1
    assert view(steps, f"{WEDNESDAY} 10:06").hour_entries == 0


def test_two_trades_use_the_day_up_and_the_next_day_brings_two_more():
    steps = trade(f"{TUESDAY} 10:05", WIN) + trade(f"{TUESDAY} 11:05", WIN)
    assert refusals(steps[:4], f"{TUESDAY} 11:05") == set()
    assert refusals(steps, f"{TUESDAY} 12:05") == {"TRADES_PER_DAY"}
    assert refusals(steps, f"{WEDNESDAY} 10:05") == set()


# --------------------------------------------------------------- results and streaks


@pytest.mark.parametrize(
    ("came_to", "streak"),
    [
        ((-250, -0.25), 1),  # exactly a quarter of R is a loss
        ((-249, -0.249), 0),
        ((-1, -0.001), 0),
        ((0, 0.0), 0),
        ((1, 0.001), 0),
        ((-1124, -1.124), 1),
    ],
)
def test_a_loss_is_a_net_of_a_quarter_of_r_or_worse(came_to, streak):
    assert view(trade(f"{TUESDAY} 10:05", came_to), f"{TUESDAY} 10:06").losing_streak == streak


@pytest.mark.parametrize(
    ("results", "streak", "locked"),
    [
        ([LOSS], 1, False),
        ([LOSS, LOSS], 2, True),
        ([LOSS, WIN], 0, False),
        ([LOSS, WIN, LOSS], 1, False),
        ([WIN, LOSS, LOSS], 2, True),
        ([LOSS, SCRATCH], 1, False),
        ([LOSS, SCRATCH, LOSS], 2, True),
        ([LOSS, SCRATCH, SCRATCH, LOSS], 2, True),
        ([LOSS, (1, 0.001)], 0, False),  # any net gain is a win
        ([LOSS, (0, 0.0)], 1, False),
        ([SCRATCH, SCRATCH], 0, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("days", [("2025-09-16",), ("2025-09-15", "2025-09-16", "2025-09-17", "2025-09-18")], ids=["one day", "days"])
def test_two_losses_in_a_row_lock_a_win_breaks_the_row_and_a_scratch_does_not(results, streak, locked, days):
    moments = [f"{days[number % len(days)]} 10:0{number}" for number in range(len(results))]
    steps = [step for moment, result in zip(moments, results, strict=True) for step in trade(moment, result)]
    now = view(steps, moments[-1][:11] + "12:00")
    assert (now.losing_streak, now.streak_locked) == (streak, locked)


def test_the_lock_of_a_streak_ends_with_the_trading_day_and_leaves_no_streak():
    steps = trade(f"{TUESDAY} 10:05", LOSS) + trade(f"{WEDNESDAY} 10:05", LOSS)
    assert refusals(steps, f"{WEDNESDAY} 12:00") == {"LOSING_STREAK"}
    assert refusals(steps, f"{WEDNESDAY} 17:59") >= {"LOSING_STREAK"}
    served = view(steps, "2025-09-18 10:05")
    assert (served.losing_streak, served.streak_locked) == (0, False)
    again = view(steps + trade("2025-09-18 10:05", LOSS), "2025-09-18 12:00")
    assert (again.losing_streak, again.streak_locked) == (1, False)


def test_a_single_loss_is_carried_over_any_number_of_days():
    assert view(trade("2025-09-12 10:05", LOSS), "2025-10-20 10:00").losing_streak == 1


def test_a_lock_before_a_holiday_is_served_by_the_next_session():
    steps = trade("2025-11-26 10:05", LOSS) + trade("2025-11-26 11:05", LOSS)
    assert view(steps, "2025-11-26 17:59").streak_locked
    assert not view(steps, "2025-11-28 10:00").streak_locked


def test_an_overrun_locks_until_the_next_trading_day_whatever_the_streak():
    steps = trade(f"{TUESDAY} 10:05", LOSS, overrun=True)
    assert refusals(steps, f"{TUESDAY} 12:00") == {"BUDGET_OVERRUN"}
    assert view(steps, f"{TUESDAY} 17:59").overrun_locked
    assert not view(steps, f"{TUESDAY} 18:00").overrun_locked
    assert view(steps, f"{TUESDAY} 18:00").losing_streak == 1


def test_a_later_trade_of_the_day_does_not_lift_an_overruns_lock():
    assert view(trade(f"{TUESDAY} 10:05", LOSS, overrun=True) + trade(f"{TUESDAY} 11:05", WIN), f"{TUESDAY} 12:00").overrun_locked


@pytest.mark.parametrize(
    ("trades", "contracts"),
    [
        ([(LOSS, 1)], 1),
        ([(LOSS, 2)], 2),
        ([(WIN, 2)], 0),
        ([(SCRATCH, 2)], 0),
        ([(LOSS, 2), (LOSS, 1)], 1),
        ([(LOSS, 1), (WIN, 2)], 1),
        ([(LOSS, 1), (SCRATCH, 2)], 1),
    ],
    ids=str,
)
def test_the_days_last_losers_contracts_are_kept_until_the_day_ends(trades, contracts):
    steps = [step for number, (result, size) in enumerate(trades) for step in trade(f"{TUESDAY} 1{number}:05", result, size)]
    assert view(steps, f"{TUESDAY} 17:59").last_loser_contracts == contracts
    assert view(steps, f"{TUESDAY} 18:00").last_loser_contracts == 0


# -------------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("closed", "asked", "day", "week", "month"),
    [
        ("2025-09-16 10:05", "2025-09-16 17:59", -1000, -1000, -1000),
        ("2025-09-16 10:05", "2025-09-16 18:00", 0, -1000, -1000),  # Wednesday begins on Tuesday evening
        ("2025-09-16 10:05", "2025-09-19 17:59", 0, -1000, -1000),
        ("2025-09-16 10:05", "2025-09-19 18:00", 0, 0, -1000),  # Monday begins on Friday evening
        ("2025-09-19 10:05", "2025-09-21 12:00", 0, 0, -1000),  # the whole weekend is Monday's
        ("2025-09-16 10:05", "2025-09-30 17:59", 0, 0, -1000),
        ("2025-09-16 10:05", "2025-09-30 18:00", 0, 0, 0),  # 1 October begins on the last evening of September
        ("2025-09-30 10:05", "2025-09-30 18:00", 0, -1000, 0),  # a new month in the middle of a week
        ("2025-10-31 10:05", "2025-10-31 18:00", 0, 0, 0),  # Friday evening is Monday, 3 November
        ("2025-09-19 18:05", "2025-09-22 12:00", -1000, -1000, -1000),
    ],
)
def test_net_results_add_up_over_day_week_and_month_as_the_exchange_counts_them(closed, asked, day, week, month):
    now = view([(closed, "close", LOSS, 1, False)], asked)
    assert (now.realised_day_cents, now.realised_week_cents, now.realised_month_cents) == (day, week, month)


def test_wins_and_losses_are_netted():
    steps = trade(f"{TUESDAY} 10:05", (-1124, -1.1)) + trade(f"{TUESDAY} 11:05", (376, 0.4)) + trade(f"{WEDNESDAY} 10:05", (-100, -0.1))
    now = view(steps, f"{WEDNESDAY} 12:00")
    assert (now.realised_day_cents, now.realised_week_cents, now.realised_month_cents) == (-100, -848, -848)


# --------------------------------------------------------------------------- days


def test_entering_the_same_day_again_changes_nothing():
    book = told(trade(f"{TUESDAY} 10:05", LOSS, 2, True))
    before = book.view(new_york_ns(f"{TUESDAY} 12:00"))
    book.roll(calendar().trading_day(new_york_ns(f"{TUESDAY} 17:59")))
    assert book.view(new_york_ns(f"{TUESDAY} 12:00")) == before


@pytest.mark.parametrize("what", ["submit", "open"])
def test_an_entry_or_a_position_that_a_new_day_finds_is_that_days_first_trade(what):
    """It should not be there; if it is, the new day has one trade less to give."""
    steps = [(f"{TUESDAY} 17:58", "submit"), (f"{TUESDAY} 17:59", what)] if what == "open" else [(f"{TUESDAY} 17:58", "submit")]
    assert view(steps, f"{TUESDAY} 18:00").trades_today == 1
    unfilled = [*steps, (f"{TUESDAY} 18:00", "end", False)] if what == "submit" else steps
    assert view(unfilled, f"{TUESDAY} 18:01").trades_today == (0 if what == "submit" else 1)


def test_a_new_day_forgets_neither_the_spacing_nor_what_is_open():
    now = view([(f"{TUESDAY} 17:58", "submit"), (f"{TUESDAY} 17:59", "open")], f"{TUESDAY} 18:05")
    assert (now.last_entry_ns, now.in_flight, now.position_open) == (new_york_ns(f"{TUESDAY} 17:58"), True, True)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from((LOSS, SCRATCH, WIN)), st.integers(1, 400)), max_size=30))
def test_over_any_history_the_counters_are_those_counted_from_the_list(history):
    """The reference counts from the whole list each time; trades are (filled, result, minutes later)."""
    ts_ns, steps, book = new_york_ns("2025-09-15 09:35"), [], Book(LIMITS)
    for filled, result, minutes in history:
        ts_ns += minutes * 60 * 10**9
        day = calendar().trading_day(ts_ns)
        book.roll(day)
        book.on_submission(ts_ns)
        if filled:
            book.on_trade_opened()
        book.on_entry_ended(filled)
        if filled:
            book.on_trade_closed(*result, 1, False)
        steps.append((ts_ns, day, filled, result))
    now, day = book.view(ts_ns), calendar().trading_day(ts_ns)
    today = [step for step in steps if step[1] == day]
    assert now.submissions_today == len(today)
    assert now.trades_today == sum(filled for _, _, filled, _ in today)
    assert now.realised_day_cents == sum(result[0] for _, _, filled, result in today if filled)
    week = [result[0] for _, other, filled, result in steps if filled and other.week == day.week]
    assert now.realised_week_cents == sum(week)
    hour = 3600 * 10**9
    assert now.hour_entries == sum(other // hour == ts_ns // hour for other, *_ in steps)
    assert not (now.position_open or now.in_flight)
