"""What a run came to: its numbers by name, and what they are arranged by."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bot.report.numbers.days import Day, day_numbers, days_of, run_numbers
from bot.report.numbers.number import Number, Numbers, Value
from bot.report.numbers.refusals import LedgerEntry, ledger_numbers, ledger_of
from bot.report.numbers.strategies import refusing_layers, strategy_numbers
from bot.report.numbers.trades import state_numbers, trade_numbers
from bot.report.random_entries import BOOK, RandomEntries
from bot.report.run import Run


class Summary(msgspec.Struct, frozen=True):
    """A run in numbers. `layers` are those that refused a plan, in order of authority; the rest speaks for itself."""

    run: Run
    numbers: Numbers
    strategies: list[str]
    layers: list[int]
    days: list[Day]
    ledger: list[LedgerEntry]
    random: RandomEntries

    @classmethod
    def from_journal(cls, path: str | Path) -> Summary:
        """Sum up a journal file. Raises JournalError if it holds no run."""
        return cls.of(Run.read(path))

    @classmethod
    def of(cls, run: Run) -> Summary:
        """Sum up a run that was read already."""
        days, ledger, random = days_of(run), ledger_of(run), RandomEntries(run)
        numbers = [
            *run_numbers(run, days),
            *strategy_numbers(run, random),
            *trade_numbers(run),
            *state_numbers(run),
            *ledger_numbers(ledger, run.contracts.learning.wilson_confidence),
            *day_numbers(run, days),
        ]
        return cls(run, Numbers(numbers), run.strategies, refusing_layers(run), days, ledger, random)

    def __getitem__(self, name: str) -> Number:
        return self.numbers[name]

    def value(self, name: str) -> Value:
        """The value of a number; cents, shares of 1, R: see its unit."""
        return self.numbers.value(name)

    def single(self, name: str) -> float:
        """The value of a number that is no interval."""
        return self.numbers.single(name)

    def state(self, strategy: str) -> str:
        """The last learning state of a strategy; "" for the book."""
        changes = [record.body["after"] for record in self.run.states if record.body["strategy"] == strategy]
        return changes[-1] if changes else ("" if strategy == BOOK else "ACTIVE")

    @property
    def layer_of(self) -> dict[str, int]:
        """The layer that speaks each code that came first on any bar."""
        return {count.code: count.layer for count in self.run.decisions if count.code is not None and count.layer is not None}
