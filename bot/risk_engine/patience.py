"""How long a partly filled order may stay so (execution_contract.yaml: entry and exit patience), in market time.

An entry keeps what filled and lets go of the rest; what is left of a target is closed at the
market. A partly filled stop has no patience: the supervisor's duties leave at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.contracts.models import ExecutionContract
from bot.decision.plan import ExitReason
from bot.messages import CloseTrade
from bot.risk_engine.clocks import Timeline
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

PARTIAL = OrderState.PARTIALLY_FILLED


class Patience:
    """Watches partial fills. `execution_of` is the contract of a trade; `cancel` ends an order, `close` leaves a trade.

    Not `awake`, nothing is watched before `wake`: a restart ends no order before it has heard what became of it.
    """

    def __init__(
        self,
        execution_of: Callable[[Trade], ExecutionContract],
        cancel: Callable[[Trade, TrackedOrder], None],
        close: Callable[[CloseTrade], None],
        *,
        awake: bool = True,
    ) -> None:
        self._execution_of = execution_of
        self._cancel, self._close = cancel, close
        self._watched: set[str] = set()
        self._awake = awake

    def wake(self, market: Timeline, trades: Iterable[Trade]) -> None:
        """Watch from now on; what was filled in part before has had some of its patience."""
        self._awake = True
        for trade in trades:
            for order in [order for leg in trade.legs for order in leg.orders]:
                self.watch(market, trade, order)

    def watch(self, market: Timeline, trade: Trade, order: TrackedOrder) -> None:
        """Something happened to an order: if it is filled in part for the first time, look again when its patience is over.

        It begins with the order's first fill, also with one of an earlier run or of the time when nobody ran.
        """
        if not self._awake or order.state is not PARTIAL or order.order_id in self._watched:
            return
        self._watched.add(order.order_id)
        execution, name = self._execution_of(trade), f"{order.order_id}-patience"
        since_ns = min(market.now_ns, order.filled_ns or market.now_ns)
        if order.role is Role.ENTRY:
            patience_ns = round(execution.entry.partial_fill_patience_seconds * SECOND_NS)
            market.call_at(name, since_ns + patience_ns, lambda: self._end_entry(trade, order))
        elif order.role is Role.TARGET:
            patience_ns = round(execution.exit.target_partial_patience_seconds * SECOND_NS)
            market.call_at(name, since_ns + patience_ns, lambda: self._end_target(trade, order))

    def _end_entry(self, trade: Trade, order: TrackedOrder) -> None:
        if order.state is PARTIAL and not order.cancel_requested:
            self._cancel(trade, order)

    def _end_target(self, trade: Trade, order: TrackedOrder) -> None:
        if order.state is PARTIAL:
            self._close(CloseTrade(trade.intent_id, ExitReason.TARGET, "the target filled in part only"))
