"""Entries that still work: their time to live, and their withdrawal. What is held keeps its stops and targets."""

from __future__ import annotations

from collections.abc import Callable

from bot.decision.plan import ExitReason
from bot.messages import CloseTrade
from bot.risk_engine.hands import Hands
from bot.risk_engine.sender import Sender
from bot.supervision.orders import Role, TrackedOrder
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

GRACE_NS = 2 * SECOND_NS  # an entry older than its time to live and this does not exist (invariant 4)


class Entries:
    """Ends entries of `trades`, in market time; `close` leaves a trade, `put_off` has the cancel of an order asked for again."""

    def __init__(
        self,
        hands: Hands,
        sender: Sender,
        trades: list[Trade],
        close: Callable[[CloseTrade], None],
        put_off: Callable[[Trade, TrackedOrder], None],
    ) -> None:
        self._hands, self._sender, self._trades, self._close, self._put_off = hands, sender, trades, close, put_off

    def watch(self, trade: Trade) -> None:
        """End its entries when their time to live is over."""
        self._hands.market.call_at(f"{trade.intent_id}-expiry", trade.intent.expires_ns, lambda: self._expire(trade))

    def overdue(self, ts_ns: int) -> None:
        """Ask again for the end of what should be over."""
        for trade in self._trades:
            if ts_ns > trade.intent.expires_ns + GRACE_NS:
                self._expire(trade)

    def withdraw(self, _why: str) -> None:
        """Cancel all that still work."""
        for trade in list(self._trades):
            self.end(trade)

    def _expire(self, trade: Trade) -> None:
        if trade.entries_live:
            trade.expired = True
            self.end(trade)

    def end(self, trade: Trade) -> None:
        """Cancel the entries of a trade that still work; one that does not answer is asked again, after the grace."""
        now_ns = self._hands.wall.now_ns
        for order in [order for leg in trade.legs for order in leg.live(Role.ENTRY)]:
            if not order.cancel_requested or now_ns > order.cancel_asked_ns + GRACE_NS:
                self._sender.cancel(trade, order)

    def cancelled(self, trade: Trade, order: TrackedOrder) -> None:
        """Its strategy cancels an entry, and those of the other legs end with it.

        Before the broker has acknowledged it nobody hears that it refuses that (Nautilus drops the answer), so it counts as asked for a
        second only; then it is asked again as soon as it works (bot.supervision.duties).
        """
        order.ask_end(self._hands.wall.now_ns)
        self._put_off(trade, order)
        self.end(trade)

    def one_at_a_time(self, trade: Trade, order: TrackedOrder) -> None:
        """An entry filled, perhaps after its reported end: entries of other trades end; where another trade holds, this one is left."""
        if order.role is not Role.ENTRY or not order.filled or not trade.net:
            return
        others = [other for other in self._trades if other is not trade and not other.done]
        for other in others:
            self.end(other)
        if any(other.net and other.closing is None for other in others):
            why = f"{order.order_id} was filled beside another trade: one at a time"
            self._close(CloseTrade(trade.intent_id, ExitReason.RECONCILED, why))
