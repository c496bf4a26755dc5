"""What stands against entries at the broker, as the decisions of each bar tell it: refused or missing data, above all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.alerts.alert import Event, Said
from bot.alerts.row import Row
from bot.decision.codes import Code
from bot.ibkr import errors
from bot.journal.records import Kind
from bot.journal.times import new_york

FEED = (errors.FeedTrouble, errors.MarketDataNotSubscribed)
LINK = (errors.ConnectionTrouble, errors.NotSynced)  # the link has records of its own


class Blocked:
    """Tells when it begins, when it is another thing, and when it is over."""

    def __init__(self) -> None:
        self._told = ""  # the name of the trouble
        self._seen = False  # in the decisions since the last bar

    def take(self, row: Row) -> Iterator[Said]:
        """One record, in the order it was written: a bar comes before its decisions."""
        if row.kind == Kind.DECISION:
            yield from self._decided(row)
        elif row.kind == Kind.BAR:
            if self._told and not self._seen:
                yield Said(_event(self._told), f"{new_york(row.ts_ns)[5:]} the broker's side takes entries again ({self._told} is over).")
                self._told = ""
            self._seen = False

    def _decided(self, row: Row) -> Iterator[Said]:
        found = next((gate["observed"] for gate in _gates(row.body) if gate["code"] == Code.BROKER_BLOCK), None)
        if found is None:
            return
        name = str(found).partition(":")[0]
        self._seen = True
        if name != self._told and not issubclass(_class(name), LINK):
            self._told = name
            yield Said(_event(name), f"{new_york(row.ts_ns)[5:]} no entries: {found}")


def _gates(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [gate for gate in (body.get("gate"), *body.get("others", ())) if gate is not None]


def _event(name: str) -> Event:
    """Data, or else a lock: of what nobody knows the entries are locked all the same."""
    return Event.DATA if issubclass(_class(name), FEED) else Event.LOCK


def _class(name: str) -> type:
    found = getattr(errors, name, object)
    return found if isinstance(found, type) else object
