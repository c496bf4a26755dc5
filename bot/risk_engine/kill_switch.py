"""The kill switch's states and what they tell the rest: ARMED, TRIPPED, FLAT, HALTED.

It is latched: nothing in the program arms it again. Cancelling and flattening are the
supervisor's; this is the record of it.
"""

from __future__ import annotations

from bot.decision.snapshot import KillState
from bot.journal.records import KillRecord, Kind
from bot.messages import TOPIC_KILL, KillUpdate
from bot.risk_engine.wire import Wire


class KillSwitch:
    """Journals and publishes each step once. `state` is the latch that earlier runs left."""

    def __init__(self, wire: Wire, state: KillState = KillState.ARMED) -> None:
        self.state = state
        self._wire = wire

    def trip(self, reason: str, detail: str) -> bool:
        """ARMED to TRIPPED; False if it was tripped before."""
        if self.state is not KillState.ARMED:
            return False
        self._enter(KillState.TRIPPED, reason, detail)
        return True

    def rest(self) -> None:
        """TRIPPED to HALTED once the book is flat; nothing in any other state."""
        if self.state is KillState.TRIPPED:
            self._enter(KillState.FLAT, "no position left")
            self._enter(KillState.HALTED, "only a person starts trading again: mesbot resume")

    def _enter(self, state: KillState, reason: str, detail: str = "") -> None:
        self.state = state
        self._wire.journal(Kind.KILL, self._wire.now_ns, KillRecord(state.value, reason, detail))
        self._wire.publish(TOPIC_KILL, KillUpdate(state, reason))
