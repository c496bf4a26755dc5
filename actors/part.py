"""Part: what mesbot's actors have in common beside their configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from nautilus_trader.common.actor import Actor

from actors.config import RuntimeActorConfig
from bot.journal.records import Kind
from bot.messages import ENDPOINT_JOURNAL, JournalEntry
from bot.risk_engine.parts import require_risk_engine
from bot.runtime.runtime import runtime_of


class Part(Actor):
    """An actor with a place in the order of parts. `part` is its name there (bot.risk_engine.parts).

    Where it answers and what it hears is noted in `doors` and `ears`, so that the risk engine misses one that is taken away.
    """

    part: str

    def __init__(self, config: RuntimeActorConfig) -> None:
        super().__init__(config)
        self.said = runtime_of(config.runtime).said
        self.doors: dict[str, Callable[[Any], None]] = {}
        self.ears: list[tuple[str, Callable[[Any], None], int]] = []

    def register_base(self, portfolio: Any, msgbus: Any, cache: Any, clock: Any) -> None:
        """Called by Nautilus when the actor is added. Raises RiskEngineError if the contract risk engine was not added before it."""
        super().register_base(portfolio, msgbus, cache, clock)
        require_risk_engine(self.part, msgbus)

    def listen(self, topic: str, handler: Callable[[Any], None], priority: int = 0) -> None:
        """Hear what parts of this run say on a topic, and nobody else; higher priorities hear it first."""
        self.hear(topic, self.said.only(topic, handler), priority)

    def hear(self, topic: str, handler: Callable[[Any], None], priority: int = 0) -> None:
        """Hear what anybody says on a topic."""
        self.msgbus.subscribe(topic, handler, priority=priority)
        self.ears.append((topic, handler, priority))

    def answer(self, endpoint: str, handler: Callable[[Any], None]) -> None:
        """Take what is sent to an endpoint."""
        self.msgbus.register(endpoint, handler)
        self.doors[endpoint] = handler

    def tell(self, topic: str, message: object) -> None:
        """Say something to everybody who listens."""
        self.said.publish(self.msgbus, topic, message)

    def record(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None = None) -> None:
        """Write something into the journal."""
        self.said.send(self.msgbus, ENDPOINT_JOURNAL, JournalEntry(kind, ts_ns, body, strategy))

    def record_all(self, entries: tuple[JournalEntry, ...]) -> None:
        """Write several records into the journal, in their order and in one word."""
        self.said.send(self.msgbus, ENDPOINT_JOURNAL, entries)
