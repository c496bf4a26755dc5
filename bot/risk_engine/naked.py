"""Naked time: how long an open leg has less working stop than contracts, and what is done when the grace is over."""

from __future__ import annotations

from collections.abc import Callable

from bot.risk_engine.clocks import Timeline
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

GRACE_NS = SECOND_NS  # a stop works within this after a fill (invariant 1)
CLOSING_NS = 2 * SECOND_NS  # CLOSING suspends repair as long


class NakedWatch:
    """Counts on the wall clock. `act` carries out urgently what the trade demands once its grace is over."""

    def __init__(self, act: Callable[[Trade], None]) -> None:
        self._act = act

    def look(self, wall: Timeline, trade: Trade) -> None:
        """Something changed: begin to count, or stop."""
        naked = any(leg.open > leg.protected or leg.open < 0 for leg in trade.legs)
        if naked and not trade.naked_since_ns:
            trade.naked_since_ns = wall.now_ns
            self._again(wall, trade)
        elif not naked and trade.naked_since_ns:
            trade.naked_ns += wall.now_ns - trade.naked_since_ns
            trade.naked_since_ns = 0

    def _again(self, wall: Timeline, trade: Trade) -> None:
        wall.call_at(f"{trade.intent_id}-naked", wall.now_ns + GRACE_NS, lambda: self._still_naked(wall, trade))

    def _still_naked(self, wall: Timeline, trade: Trade) -> None:
        """The grace is over: a stop that is only SUBMITTED counts as missing; CLOSING gets a second more."""
        if not trade.naked_since_ns or trade.done:
            return
        if trade.closing is None or wall.now_ns - trade.closing_since_ns >= CLOSING_NS:
            self._act(trade)
        self._again(wall, trade)
