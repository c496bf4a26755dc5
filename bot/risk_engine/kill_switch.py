"""The kill switch's states and what they tell the rest: ARMED, TRIPPED, FLAT, HALTED.

It is latched: nothing in the program arms it again, but the end of a drill that alone has tripped it. How a position is left
is the supervisor's.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.journal.records import BY_A_PERSON, KillRecord, Kind
from bot.messages import TOPIC_KILL, KillUpdate
from bot.risk_engine.hands import Hands
from bot.words import plain


class KillSwitch:
    """The latch; journals and publishes each step once. `leave` leaves what is open, `state` is the latch that earlier runs left
    and `reason` why it was tripped.

    A journal or a listener that fails holds up neither the state nor the leaving; the failure is raised after both.
    """

    def __init__(self, hands: Hands, leave: Callable[[], None], state: KillState = KillState.ARMED, reason: str = "") -> None:
        self.state = state
        self._reason = reason
        self._trips: set[tuple[str, str]] = set() if state is KillState.ARMED else {(reason, "before this run")}
        self._hands, self._leave = hands, leave
        self._leaving = False

    def trip(self, reason: str, detail: str) -> None:
        """ARMED to TRIPPED, whatever its words are made of. In every state what is open is left; what goes wrong on that way does not
        begin it again."""
        reason, detail = plain(reason), plain(detail)
        self._reason = reason
        self._trips.add((reason, detail))
        try:
            if self.state is KillState.ARMED:
                self._enter(KillState.TRIPPED, reason, detail)
        finally:
            self._leave_once()

    def rest(self) -> None:
        """TRIPPED to HALTED once the book is flat; nothing in any other state."""
        if self.state is KillState.TRIPPED:
            try:
                self._enter(KillState.FLAT, "no position of ours is left")
            finally:
                self._enter(KillState.HALTED, "only a person starts trading again: mesbot resume")

    def clear(self, detail: str) -> str:
        """HALTED to ARMED, after a drill whose kill was told with this `detail`; why it stays latched, "" if it does not.

        Only the drill's own latch: one that was there before, or anything else that has tripped it since, is a person's to clear.
        """
        others = sorted(f"{reason}: {said}" for reason, said in self._trips - {(BY_A_PERSON, plain(detail))})
        if self.state is not KillState.HALTED or others:
            return f"the kill switch is {self.state}{f' ({others[0]})' if others else ''}, which only `mesbot resume` ends"
        self._trips.clear()
        self._enter(KillState.ARMED, "the drill is over", detail)
        return ""

    @property
    def exit_reason(self) -> ExitReason:
        """What a trade is left for: a person's command, or anything else that tripped the switch last."""
        return ExitReason.MANUAL if self._reason == BY_A_PERSON else ExitReason.KILL

    def _leave_once(self) -> None:
        if self._leaving:
            return
        self._leaving = True
        try:
            self._leave()
        finally:
            self._leaving = False

    def _enter(self, state: KillState, reason: str, detail: str = "") -> None:
        """The state first: it counts from here on. The record takes its place before those of what follows from it."""
        self.state = state
        now_ns = self._hands.now_ns
        try:
            self._hands.journal(Kind.KILL, now_ns, KillRecord(state.value, reason, detail))
        finally:
            self._hands.publish(TOPIC_KILL, KillUpdate(state, reason, detail, now_ns))
