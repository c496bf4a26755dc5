"""The counting rules of spec 2, on the book alone and through the situation that feeds it."""

from __future__ import annotations

import pytest
from builders import CONTRACTS, LIMITS, calendar, market, new_york_ns
from hypothesis import given
from hypothesis import strategies as st

from bot.calendar import TradingDay
from bot.decision.book import Book
from bot.decision.snapshot import BookView
from bot.market.update import MarketUpdate, QualityUpdate
from bot.runtime.situation import Situation
from bot.units import HOUR_NS, MINUTE_NS


def day(date: str = "2025-09-16", week: str = "2025-W38", month: str = "2025-09") -> TradingDay:
    return TradingDay(date, week, month, 0, 0)


def book(of: TradingDay | None = None) -> Book:
    made = Book(LIMITS)
    made.roll(of or day())
    return made


def trade(made: Book, net: int, r: float, at: int = 0, contracts: int = 1, overrun: bool = False) -> BookView:
    """A trade from submission to its end."""
    made.on_submission(at)
    made.on_trade_opened("A")
    made.on_entry_ended(filled=True)
    made.on_trade_closed("A", net, r, contracts, overrun)
    return made.view(at)


# ------------------------------------------------------------------ frequency


def test_an_entry_counts_at_once_for_day_hour_and_spacing_and_works_until_it_ends():
    made = book()
    made.on_submission(5 * HOUR_NS + MINUTE_NS)
    view = made.view(5 * HOUR_NS + 2 * MINUTE_NS)
    assert (view.trades_today, view.submissions_today, view.hour_entries, view.last_entry_ns) == (1, 1, 1, 5 * HOUR_NS + MINUTE_NS)
    assert view.in_flight
    assert not view.position_open


def test_an_unfilled_entry_is_no_trade_but_still_counts_for_hour_spacing_and_submissions():
    made = book()
    made.on_submission(5 * HOUR_NS)
    made.on_entry_ended(filled=False)
    view = made.view(5 * HOUR_NS + MINUTE_NS)
    assert (view.trades_today, view.submissions_today, view.hour_entries, view.last_entry_ns) == (0, 1, 1, 5 * HOUR_NS)
    assert not view.in_flight


def test_the_hour_is_the_clocks():
    made = book()
    made.on_submission(6 * HOUR_NS - MINUTE_NS)
    assert made.view(6 * HOUR_NS - 1).hour_entries == 1
    assert made.view(6 * HOUR_NS).hour_entries == 0
    made.on_submission(6 * HOUR_NS)
    assert made.view(6 * HOUR_NS).hour_entries == 1


def test_a_position_is_open_from_the_first_fill_to_the_last_exit():
    made = book()
    made.on_submission(0)
    made.on_trade_opened("A")
    assert made.view(0).position_open
    made.on_entry_ended(filled=True)
    made.on_trade_closed("A", 100, 0.1, 1, False)
    assert not made.view(0).position_open


def test_a_position_is_open_as_long_as_any_trade_holds():
    made = book()
    for trade in ("A", "B"):
        made.on_submission(0)
        made.on_trade_opened(trade)
    made.on_trade_opened("A")  # a restart tells it again
    made.on_trade_closed("A", 100, 0.1, 1, False)
    assert made.view(0).position_open
    made.on_trade_closed("B", 100, 0.1, 1, False)
    assert not made.view(0).position_open


def test_a_fill_after_the_reported_end_of_an_entry_leaves_another_entry_in_flight():
    made = book()
    made.on_submission(0)
    made.on_entry_ended(filled=False)
    made.on_submission(MINUTE_NS)
    made.on_entry_ended(filled=True, late=True)
    assert made.view(MINUTE_NS).in_flight
    assert made.view(MINUTE_NS).trades_today == 2


def test_a_new_day_counts_every_trade_that_still_holds():
    made = book()
    for trade in ("A", "B"):
        made.on_submission(0)
        made.on_trade_opened(trade)
        made.on_entry_ended(filled=True)
    made.roll(day("2025-09-17"))
    assert made.view(HOUR_NS).trades_today == 2


# ------------------------------------------------------------------ losses and streaks


@pytest.mark.parametrize(
    ("net", "r", "streak"),
    [
        (-250, -0.25, 2),  # a loss
        (-249, -0.249, 1),  # a scratch breaks no streak
        (0, 0.0, 1),
        (1, 0.001, 0),  # a win
    ],
)
def test_wins_losses_and_scratches(net, r, streak):
    made = book()
    trade(made, -1000, -1.0)
    assert trade(made, net, r).losing_streak == streak


def test_two_losses_lock_entries_also_with_a_scratch_between_or_a_day_apart():
    made = book()
    trade(made, -1000, -1.0)
    made.roll(day("2025-09-17"))
    assert not trade(made, -100, -0.1).streak_locked
    view = trade(made, -1000, -1.0)
    assert (view.losing_streak, view.streak_locked) == (2, True)


def test_serving_the_lock_sets_the_streak_to_zero():
    made = book()
    trade(made, -1000, -1.0)
    trade(made, -1000, -1.0)
    made.roll(day("2025-09-17"))
    view = made.view(0)
    assert (view.losing_streak, view.streak_locked) == (0, False)
    assert not trade(made, -1000, -1.0).streak_locked


def test_a_streak_of_one_is_carried_over_the_days():
    made = book()
    trade(made, -1000, -1.0)
    for number in range(17, 20):
        made.roll(day(f"2025-09-{number}"))
    assert made.view(0).losing_streak == 1


def test_an_overrun_locks_until_the_next_trading_day():
    made = book()
    assert trade(made, -3000, -2.0, overrun=True).overrun_locked
    made.roll(day("2025-09-17"))
    assert not made.view(0).overrun_locked


def test_the_last_losers_contracts_bind_for_the_trading_day():
    made = book()
    assert made.view(0).last_loser_contracts == 0
    assert trade(made, -1000, -1.0, contracts=1).last_loser_contracts == 1
    assert trade(made, 2000, 1.0, contracts=2).last_loser_contracts == 1  # a win changes nothing
    made.roll(day("2025-09-17"))
    assert made.view(0).last_loser_contracts == 0


# ------------------------------------------------------------------ days, weeks, months


@pytest.mark.parametrize(
    ("of", "left"),
    [
        (day("2025-09-16"), (-500, -500, -500)),  # the same day: nothing rolls
        (day("2025-09-17"), (0, -500, -500)),
        (day("2025-09-22", "2025-W39"), (0, 0, -500)),
        (day("2025-10-01", "2025-W38", "2025-10"), (0, -500, 0)),
        (day("2025-10-06", "2025-W41", "2025-10"), (0, 0, 0)),
    ],
)
def test_each_budget_rolls_with_its_own_period(of, left):
    made = book()
    trade(made, -500, -0.5)
    made.roll(of)
    view = made.view(0)
    assert (view.realised_day_cents, view.realised_week_cents, view.realised_month_cents) == left


def test_a_new_day_forgets_counts_but_not_what_is_still_on():
    made = book()
    made.on_submission(0)
    made.on_trade_opened("A")
    made.roll(day("2025-09-17"))
    view = made.view(HOUR_NS)
    assert (view.trades_today, view.submissions_today, view.position_open) == (1, 0, True)


@given(st.lists(st.tuples(st.integers(-2000, 3000), st.booleans()), max_size=30))
def test_realised_results_add_up_and_a_lock_never_outlives_a_roll(trades):
    made, total, locked = book(), 0, False
    for number, (net, roll) in enumerate(trades):
        view = trade(made, net, net / 1000)
        total += net
        locked = locked or view.losing_streak >= 2  # a later win does not unlock
        assert (view.realised_month_cents, view.streak_locked) == (total, locked)
        if roll:
            locked = False
            made.roll(day(f"d{number}"))
            assert not made.view(0).streak_locked
            assert made.view(0).trades_today == 0


# ------------------------------------------------------------------ the situation rolls it at 18:00 New York


def bar_at(text: str) -> MarketUpdate:
    ts_ns = new_york_ns(text)
    state = market(ts_ns=ts_ns)
    return MarketUpdate(QualityUpdate(ts_ns, (0.0,) * 4, 0, state.bar, 1.0, 1.0, (), 1.0, ()), state)


def situation(*balances: int) -> Situation:
    made = Situation(LIMITS, calendar())
    for balance in balances:
        made.on_account(balance, balance)
    return made


@pytest.mark.parametrize(
    ("before", "after", "day_left", "week_left", "month_left"),
    [
        ("2025-09-16 15:00", "2025-09-16 17:59", -500, -500, -500),
        ("2025-09-16 15:00", "2025-09-16 18:00", 0, -500, -500),
        ("2025-09-16 15:00", "2025-09-16 18:01", 0, -500, -500),
        ("2025-09-19 15:00", "2025-09-19 17:59", -500, -500, -500),
        ("2025-09-19 15:00", "2025-09-19 18:01", 0, 0, -500),  # Friday evening is Monday's day, and Monday's week
        ("2025-09-19 15:00", "2025-09-21 18:01", 0, 0, -500),
        ("2025-09-30 15:00", "2025-09-30 18:01", 0, -500, 0),  # the evening before is the next month's
        ("2025-10-31 15:00", "2025-10-31 18:01", 0, 0, 0),
    ],
)
def test_the_trading_day_begins_at_six_in_the_evening_in_new_york(before, after, day_left, week_left, month_left):
    made = situation(1_000_000)
    made.on_market(bar_at(before))
    trade(made.book, -500, -0.5)
    made.on_market(bar_at(after))
    view = made.book.view(0)
    assert (view.realised_day_cents, view.realised_week_cents, view.realised_month_cents) == (day_left, week_left, month_left)


def test_equity_is_the_balance_at_the_trading_days_start_and_funds_are_now():
    made = situation(1_000_000)
    made.on_market(bar_at("2025-09-16 10:00"))
    made.on_account(700_000, 650_000)
    made.on_market(bar_at("2025-09-16 10:01"))
    now = made.snapshot()
    assert (now.equity_cents, now.available_cents) == (1_000_000, 650_000)
    made.on_market(bar_at("2025-09-16 18:01"))
    assert made.snapshot().equity_cents == 700_000


def test_without_an_account_equity_is_unknown_and_without_a_bar_there_is_no_picture():
    made = situation()
    assert made.snapshot() is None
    made.on_market(bar_at("2025-09-16 10:00"))
    assert made.snapshot().equity_cents is None


@pytest.mark.parametrize(
    ("at", "refusal", "window_end"),
    [
        ("2025-09-16 09:35", "", "2025-09-16 11:30"),
        ("2025-09-16 09:34", "opening", "2025-09-16 11:30"),
        ("2025-09-16 11:29", "", "2025-09-16 11:30"),
        ("2025-09-16 11:30", "lunch", "2025-09-16 15:54"),
        ("2025-09-16 15:53", "", "2025-09-16 15:54"),
        ("2025-09-16 15:54", "late", "2025-09-16 15:54"),
        ("2025-09-16 16:30", "outside session", "2025-09-16 16:30"),
        ("2025-11-28 11:29", "", "2025-11-28 11:30"),  # a half day
        ("2025-11-28 12:53", "lunch", "2025-11-28 12:54"),
        ("2025-11-28 12:54", "late", "2025-11-28 12:54"),
    ],
)
def test_the_picture_says_whether_entries_are_allowed_and_until_when(at, refusal, window_end):
    made = situation(1_000_000)
    made.on_market(bar_at(at))
    now = made.snapshot()
    assert (now.entry_refusal, now.window_end_ns) == (refusal, new_york_ns(window_end))


def test_a_veto_is_void_with_the_next_bar():
    made = situation(1_000_000)
    made.on_market(bar_at("2025-09-16 10:00"))
    made.veto = "veto"
    made.on_market(bar_at("2025-09-16 10:01"))
    assert made.veto is None


def test_the_books_limits_are_the_contracts():
    assert LIMITS.loss_r == CONTRACTS.constitution.outcome.loss_at_or_below_r == -0.25
