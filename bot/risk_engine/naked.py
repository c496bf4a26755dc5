"""Timers of a trade that is not as it should be: an open leg with less working stop than contracts, or a trade being left."""

from __future__ import annotations

from collections.abc import Callable

from bot.risk_engine.clocks import Once, Timeline
from bot.supervision.duties import Waited
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

GRACE_NS = SECOND_NS  # a stop works within this after a fill (invariant 1); what is not answered by then is a doubt
DOUBT_NS = 2 * SECOND_NS  # a doubt is asked about as long; CLOSING suspends repair as long
BARE_NS = 3 * SECOND_NS // 2  # while a position is bare no longer: the exit has to be filled within two seconds (spec 6)


def doubted(wall: Timeline, trade: Trade) -> bool:
    """Whether a trade has been left for as long as a doubt may last."""
    return trade.closing is not None and wall.now_ns - trade.closing_since_ns >= DOUBT_NS


class NakedWatch:
    """Counts on the wall clock. `act` carries out what the trade demands, told how long it has waited."""

    def __init__(self, act: Callable[[Trade, Waited], None]) -> None:
        self._act = act
        self._timers = Once()  # a trade has one; none runs for longer than the grace

    def look(self, wall: Timeline, trade: Trade) -> None:
        """Something changed: begin to count naked time, or stop."""
        naked = any(leg.open > leg.protected or leg.open < 0 for leg in trade.legs)
        if naked and not trade.naked_since_ns:
            trade.naked_since_ns = wall.now_ns
            self._again(wall, trade)
        elif not naked and trade.naked_since_ns:
            trade.naked_ns += wall.now_ns - trade.naked_since_ns
            trade.naked_since_ns = 0

    def leaving(self, wall: Timeline, trade: Trade) -> None:
        """A trade is being left: see to it until it is over, covered or not."""
        self._again(wall, trade)

    def _again(self, wall: Timeline, trade: Trade, after_ns: int = GRACE_NS) -> None:
        self._timers.after(wall, f"{trade.intent_id}-naked", after_ns, lambda: self._still(wall, trade))

    def _still(self, wall: Timeline, trade: Trade) -> None:
        """The grace is over: a stop that is only SUBMITTED counts as missing; CLOSING gets a second more, unless it is bare as long."""
        if trade.done or (trade.closing is None and not trade.naked_since_ns):
            return
        naked_ns = wall.now_ns - trade.naked_since_ns if trade.naked_since_ns else 0
        left_ns = wall.now_ns - trade.closing_since_ns if trade.closing is not None else 0
        waited = Waited.DOUBT if naked_ns >= BARE_NS or doubted(wall, trade) else Waited.GRACE
        ends = [limit_ns - naked_ns for limit_ns in (GRACE_NS, BARE_NS) if naked_ns < limit_ns]  # a timer may go off a moment early
        if waited is Waited.GRACE:  # it may run since before the leaving began: not a moment short of the doubt's end
            ends.append(DOUBT_NS - left_ns)
        self._again(wall, trade, min([*ends, GRACE_NS]))  # before anything is done: what fails below is tried again
        if naked_ns >= GRACE_NS or waited is Waited.DOUBT:
            self._act(trade, waited)
