"""What a trade demands is carried out here, and here it is left: at once, again when an answer is due, seldom where it is refused."""

from __future__ import annotations

from collections.abc import Callable

from bot.decision.outcome import Mark
from bot.decision.plan import ExitReason
from bot.journal.records import MARKED, Kind
from bot.risk_engine.agreement import Agreement
from bot.risk_engine.clocks import Once
from bot.risk_engine.hands import Hands
from bot.risk_engine.naked import NakedWatch, doubted
from bot.risk_engine.records import order_record
from bot.risk_engine.refused_orders import RefusedOrders
from bot.risk_engine.sender import Sender
from bot.supervision.duties import Waited, duties
from bot.supervision.leaving import why_leave
from bot.supervision.orders import ENDED, Role, TrackedOrder
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

AGAIN_NS = SECOND_NS  # as long as a doubt begins: what is not answered by then is asked again


class WayOut:
    """`net` is what the book holds, signed contracts. While `adopting` nothing follows from a part of what happened meanwhile; while
    `blind` no trade is left at a price that is not believed (in a simulation, where such a bar would be the market). `halted` says
    whether the exchange may have halted: then the closing order leaves beside the stop.

    It does not promise that anything is sent while the link is down: the adapter keeps it until the way out is open.
    """

    def __init__(self, hands: Hands, sender: Sender, net: Callable[[], int], *, adopting: bool) -> None:
        self.adopting, self.blind = adopting, False
        self.halted: Callable[[], bool] = lambda: False
        self._hands, self._sender = hands, sender
        self._naked = NakedWatch(self.act)
        self._later, self._orders = Once(), RefusedOrders(self.act, lambda trade, order: sender.cancel(trade, order))
        self.agreement = Agreement(hands, net, self.act)

    def look(self, trade: Trade) -> None:
        """A trade has changed: count its naked time, or stop counting."""
        self._naked.look(self._hands.wall, trade)

    def heard(self, trade: Trade, order: TrackedOrder) -> None:
        """An order of a trade has had an event; what is sent after one that came to nothing may have to wait."""
        self.look(trade)
        self._orders.look(self._hands.wall, trade, trade.legs[order.leg - 1], order)

    def cancel_later(self, trade: Trade, order: TrackedOrder) -> None:
        """The venue would not cancel an order, or nobody may hear that it would not: after a second it is asked again, not in a circle."""
        order.cancel_requested = True
        self._later.after(self._hands.wall, f"{order.order_id}-again", AGAIN_NS, lambda: self._cancel_again(trade, order))

    def _cancel_again(self, trade: Trade, order: TrackedOrder) -> None:
        if order.state not in ENDED:
            order.cancel_requested = False
        self.act(trade)

    def act(self, trade: Trade, waited: Waited = Waited.NOT) -> None:
        """Carry out what the trade's state demands; one that may not be held on is left. A doubt that is over stays so."""
        if self.adopting or (self.blind and trade.closing is not None):
            return
        self._orders.rest(self._hands.wall, trade)
        if (reason := why_leave(trade, waited)) is not None:
            self._begin(trade, reason)
        over = doubted(self._hands.wall, trade)
        for duty in duties(trade, waited, self.agreement.missing(trade), halted=self.halted(), doubted=over):
            self._sender.carry_out(trade, duty)

    def act_soon(self, trade: Trade) -> None:
        """The same, once what belongs together has been heard."""
        self._hands.wall.call_at(f"{trade.intent_id}-close", self._hands.wall.now_ns, lambda: self.act(trade))

    def mark(self, trade: Trade, mark: Mark) -> None:
        """Say why a trade says nothing of its strategy. It is written down before anything is done, so that a restart knows it."""
        if trade.mark is not mark:
            record = order_record(trade, trade.legs[0].of(Role.ENTRY)[0], MARKED, "", mark.value)
            self._hands.journal(Kind.ORDER, self._hands.now_ns, record, trade.plan.strategy)
            trade.mark = mark

    def leave(self, trade: Trade, reason: ExitReason) -> None:
        """Leave a trade that is not being left yet: what works is cancelled first, the stop last (spec 6)."""
        self._begin(trade, reason)
        self.act(trade)

    def _begin(self, trade: Trade, reason: ExitReason) -> None:
        trade.closing, trade.closing_since_ns = reason, self._hands.wall.now_ns
        self._naked.leaving(self._hands.wall, trade)
