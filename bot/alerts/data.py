"""Whether the bars are believed: told when they are not any more, and when they are again."""

from __future__ import annotations

from collections.abc import Iterator

from bot.alerts.alert import Event, Said
from bot.alerts.row import Row
from bot.journal.records import Kind
from bot.journal.times import new_york


class Data:
    """`minimum` is the DVS below which nothing is entered (data_contract.yaml), None if the contracts are not known."""

    def __init__(self) -> None:
        self.minimum: float | None = None
        self._doubted: bool | None = None

    def take(self, row: Row) -> Iterator[Said]:
        """One record, in the order it was written; a change is told, the first bar only if it is doubted."""
        if row.kind != Kind.BAR or self.minimum is None:
            return
        dvs, rejected = row.body["dvs"], row.body["rejected"]
        doubted = rejected or (dvs is not None and dvs < self.minimum)  # an unknown score is a warm-up
        before, self._doubted = self._doubted, doubted
        if doubted and not before:
            yield Said(Event.DATA, f"{new_york(row.ts_ns)[5:]} {self._why(row)}; nothing is entered until they are believed again.")
        elif before and not doubted:
            yield Said(Event.DATA, f"{new_york(row.ts_ns)[5:]} the bars are believed again: DVS {dvs if dvs is None else f'{dvs:.2f}'}.")

    def _why(self, row: Row) -> str:
        if row.body["rejected"]:
            return "a bar was refused"
        parts = ", ".join(f"{name} −{penalty:.2f}" for name, penalty in row.body["dvs_events"])
        return f"the bars are not believed: DVS {row.body['dvs']:.2f}, below {self.minimum:.2f}{f' ({parts})' if parts else ''}"
