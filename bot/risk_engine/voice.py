"""What the risk engine says: to everybody who listens, and to the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from bot.decision.intent import Intent
from bot.journal.build import intent_record
from bot.journal.records import Kind
from bot.messages import ENDPOINT_JOURNAL, ENDPOINT_JOURNAL_AHEAD, TOPIC_BOOK, JournalEntry
from bot.runtime.said import Said


class Voice:
    """Speaks as a part of the run (bot.runtime.said), so that it is believed. `resume` is called once, when everybody listens.

    What is counted is counted by `on_book`, from the supervisor's mouth; others may listen on the bus.
    """

    def __init__(self, said: Said, msgbus: Any, on_book: Callable[[Any], None], resume: Callable[[], None]) -> None:
        self._said, self._msgbus, self._on_book, self._resume = said, msgbus, on_book, resume
        self._early: list[tuple[str, object]] = []  # said before everybody listened
        self._caught_up = False

    def publish(self, topic: str, message: object, *, wait: bool) -> None:
        """Tell everybody. `wait`: nobody listens yet; it is told with what else waits."""
        if wait and not self._caught_up:
            self._early.append((topic, message))
            return
        self.catch_up()
        self._tell(topic, message)

    def catch_up(self) -> None:
        """Everybody listens: once, tell what was said before and what earlier runs left open."""
        if self._caught_up:
            return
        self._caught_up = True
        for topic, message in self._early:
            self._tell(topic, message)
        self._early.clear()
        self._resume()

    def journal(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None) -> None:
        """Record something that has happened."""
        self._said.send(self._msgbus, ENDPOINT_JOURNAL, JournalEntry(kind, ts_ns, body, strategy))

    def write_ahead(self, ts_ns: int, intent: Intent) -> None:
        """Record an intent before its orders leave."""
        entry = JournalEntry(Kind.INTENT, ts_ns, intent_record(intent), intent.plan.strategy)
        self._said.send(self._msgbus, ENDPOINT_JOURNAL_AHEAD, entry)

    def _tell(self, topic: str, message: object) -> None:
        if topic == TOPIC_BOOK:
            self._on_book(message)
        self._said.publish(self._msgbus, topic, message)
