"""Positions without a working stop, as the records leave them; told while they last, and when they are over.

It knows what the journal was told. It does not promise to see an interval shorter than its limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from bot.alerts.alert import Event, Said
from bot.alerts.row import Row
from bot.decision.intent import Intent
from bot.journal.build import intent_of
from bot.journal.records import FillRecord, IntentRecord, Kind, OrderRecord
from bot.runtime.recover import Story, recovered, take
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

LIMIT_NS = 2 * SECOND_NS  # the supervisor repairs within one second; a notifier looks twice a second
MOST_OPEN = 50  # intents followed at once: one is in flight at a time, so that more are none of a running bot's


class Naked:
    """Follows open trades. Times are of the wall (UTC ns)."""

    def __init__(self, unfinished: Iterable[Story] = ()) -> None:
        self._trades: dict[str, Trade] = {story.intent.intent_id: recovered(story) for story in unfinished}
        self._since: dict[str, int] = {}
        self._told: set[str] = set()

    def take(self, row: Row) -> Iterator[Said]:
        """One record, in the order it was written; a wait that it ends is told if it was long."""
        match row.kind:
            case Kind.INTENT:
                self._begin(intent_of(msgspec.convert(row.body, IntentRecord)))
            case Kind.ORDER | Kind.FILL:
                name = row.body["intent_id"]
                if (trade := self._trades.get(name)) is not None:
                    take(trade, msgspec.convert(row.body, OrderRecord if row.kind == Kind.ORDER else FillRecord))
                    yield from self._look(name, trade, row.wall_ns)
            case Kind.OUTCOME:
                name = row.body["trade_id"]
                yield from self._covered(name, row.wall_ns)
                self._trades.pop(name, None)

    def look(self, now_ns: int) -> Iterator[Said]:
        """Those that last too long now, each told once."""
        for name, since_ns in self._since.items():
            if name not in self._told and now_ns - since_ns >= LIMIT_NS:
                self._told.add(name)
                yield Said(Event.NAKED, f"{name} holds contracts with no stop known to work at the broker; look in TWS now.")

    def _begin(self, intent: Intent) -> None:
        self._trades[intent.intent_id] = recovered(Story(intent, ()))
        while len(self._trades) > MOST_OPEN:
            self._trades.pop(next(iter(self._trades)))

    def _look(self, name: str, trade: Trade, wall_ns: int) -> Iterator[Said]:
        if any(leg.open > leg.protected or leg.open < 0 for leg in trade.legs):
            self._since.setdefault(name, wall_ns)
        else:
            yield from self._covered(name, wall_ns)

    def _covered(self, name: str, wall_ns: int) -> Iterator[Said]:
        since_ns = self._since.pop(name, None)
        told = name in self._told
        self._told.discard(name)
        if since_ns is not None and (told or wall_ns - since_ns >= LIMIT_NS):
            yield Said(Event.NAKED, f"{name} was without a working stop for {(wall_ns - since_ns) / SECOND_NS:.1f} s; that is over.")
