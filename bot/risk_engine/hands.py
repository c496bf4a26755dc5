"""What the supervisor needs of the outside world, in one place: commands, timers, topics, the journal."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from bot.journal.records import Kind
from bot.risk_engine.clocks import Timeline


class Hands(Protocol):
    """What the supervisor acts through; RiskController is it in a run. Times are UTC ns, of the market or of the wall; prices ticks."""

    cache: Any
    msgbus: Any
    trader_id: Any
    last_close: int
    slippage_ticks: int
    market: Timeline
    wall: Timeline

    @property
    def now_ns(self) -> int:
        """Market time."""

    def send(self, command: Any, *, after_wait: bool = False) -> None:
        """Put a command of the supervisor on its way, through the risk engine. `after_wait` as for Sender.exit."""

    def look(self) -> None:
        """See whether all that the law needs stands where it must (bot.risk_engine.look)."""

    def publish(self, topic: str, message: object) -> None:
        """Tell everybody who listens."""

    def journal(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None = None) -> None:
        """Record something."""

    def charge(self, event: str, ts_ns: int, detail: str) -> None:
        """Charge EQS with an event of execution_contract.yaml: eqs.events."""
