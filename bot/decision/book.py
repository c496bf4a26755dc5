"""The book's counters (spec 2: how trades, entries, losses and streaks are counted).

A fold over what happened: submissions, entries that ended, trades that closed, and the
passing of trading days. It never asks anybody and forgets nothing but what a new day resets.
"""

from __future__ import annotations

from bot.calendar import TradingDay
from bot.decision.limits import Limits
from bot.decision.outcome import Result, result_at
from bot.decision.snapshot import BookView
from bot.units import HOUR_NS


class Book:
    """Counts what the constitution limits. Times are market time, UTC ns; money whole cents."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._day = self._week = self._month = ""
        self._trades = self._submissions = self._hour_entries = self._last_entry_ns = 0
        self._streak = 0
        self._streak_locked = self._overrun_locked = False
        self._last_loser_contracts = 0
        self._net_day = self._net_week = self._net_month = 0
        self._in_flight = False
        self._open: set[str] = set()  # trades that hold: more than one only if an entry was filled after its reported end

    def roll(self, day: TradingDay) -> None:
        """Enter a trading day: counters of the day restart, a served streak lock sets the streak to 0."""
        if day.date == self._day:
            return
        if self._streak_locked:
            self._streak, self._streak_locked = 0, False
        self._overrun_locked = False
        self._trades = max(int(self._in_flight), len(self._open))
        self._submissions = self._last_loser_contracts = self._net_day = 0
        if day.week != self._week:
            self._net_week = 0
        if day.month != self._month:
            self._net_month = 0
        self._day, self._week, self._month = day.date, day.week, day.month

    def on_submission(self, ts_ns: int) -> None:
        """An entry was submitted: it counts for spacing, hour and day at once."""
        self._hour_entries = self._entries_of_hour(ts_ns) + 1
        self._last_entry_ns = ts_ns
        self._submissions += 1
        self._trades += 1
        self._in_flight = True

    def on_entry_ended(self, filled: bool, late: bool = False) -> None:
        """The entry works no longer; one that never filled is no trade after all, and one that filled `late` is one again."""
        if not late:
            self._in_flight = False
        self._trades += late - (not filled)

    def on_trade_opened(self, trade: str) -> None:
        """The first contract of a trade was filled; told twice it counts once."""
        self._open.add(trade)

    def on_trade_closed(self, trade: str, net_cents: int, r: float, contracts: int, overrun: bool, day: TradingDay | None = None) -> None:
        """The last contract was closed on `day`, the one in force or one before it (None: in force): P&L, streak, and the locks they bring.

        One that is told after its day has passed leaves what it would have left if it had been told in time.
        """
        late = day is not None and day.date < self._day
        if late and trade in self._open:
            self._trades -= 1  # the day in force took it for a trade of its own
        self._open.discard(trade)
        if not late:
            self._net_day += net_cents
            self._overrun_locked |= overrun
        if day is None or day.week == self._week:
            self._net_week += net_cents
        if day is None or day.month == self._month:
            self._net_month += net_cents
        result = result_at(net_cents, r, self._limits.loss_r)
        if result is Result.LOSS:
            self._streak += 1
            self._last_loser_contracts = self._last_loser_contracts if late else contracts
        elif result is Result.WIN:
            self._streak = 0
        if self._streak >= self._limits.max_losses:
            self._streak, self._streak_locked = (0, False) if late else (self._streak, True)

    def view(self, ts_ns: int) -> BookView:
        """The counters as they stand at `ts_ns`."""
        return BookView(
            position_open=bool(self._open),
            in_flight=self._in_flight,
            trades_today=self._trades,
            submissions_today=self._submissions,
            hour_entries=self._entries_of_hour(ts_ns),
            last_entry_ns=self._last_entry_ns,
            losing_streak=self._streak,
            streak_locked=self._streak_locked,
            overrun_locked=self._overrun_locked,
            last_loser_contracts=self._last_loser_contracts,
            realised_day_cents=self._net_day,
            realised_week_cents=self._net_week,
            realised_month_cents=self._net_month,
        )

    def _entries_of_hour(self, ts_ns: int) -> int:
        return self._hour_entries if ts_ns // HOUR_NS == self._last_entry_ns // HOUR_NS else 0
