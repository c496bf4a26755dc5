"""The kill switch's states and what they tell the rest: ARMED, TRIPPED, FLAT, HALTED.

It is latched: nothing in the program arms it again. How a position is left is the supervisor's.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.decision.snapshot import KillState
from bot.journal.records import KillRecord, Kind
from bot.messages import TOPIC_KILL, KillUpdate
from bot.risk_engine.hands import Hands


class KillSwitch:
    """The latch; journals and publishes each step once. `leave` leaves what is open, `state` is the latch that earlier runs left."""

    def __init__(self, hands: Hands, leave: Callable[[], None], state: KillState = KillState.ARMED) -> None:
        self.state = state
        self._hands, self._leave = hands, leave
        self._leaving = False

    def trip(self, reason: str, detail: str) -> None:
        """ARMED to TRIPPED. In every state what is open is left; what goes wrong on that way does not begin it again."""
        if self.state is KillState.ARMED:
            self._enter(KillState.TRIPPED, reason, detail)
        if self._leaving:
            return
        self._leaving = True
        try:
            self._leave()
        finally:
            self._leaving = False

    def rest(self) -> None:
        """TRIPPED to HALTED once the book is flat; nothing in any other state."""
        if self.state is KillState.TRIPPED:
            self._enter(KillState.FLAT, "no position of ours is left")
            self._enter(KillState.HALTED, "only a person starts trading again: mesbot resume")

    def _enter(self, state: KillState, reason: str, detail: str = "") -> None:
        self.state = state
        self._hands.journal(Kind.KILL, self._hands.now_ns, KillRecord(state.value, reason, detail))
        self._hands.publish(TOPIC_KILL, KillUpdate(state, reason))
