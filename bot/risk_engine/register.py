"""The register of trades and their orders: whose is an order, and what the law says of its trade."""

from __future__ import annotations

import msgspec
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.orders import Order

from bot.decision.intent import Intent
from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.journal.records import OrderRecord
from bot.risk_engine.brackets import OrderTags, ticks_of
from bot.runtime.recover import Story, begun, recovered, take
from bot.runtime.runtime import Runtime
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade


class Register:
    """Trades that are not yet forgotten, and every order that was ever theirs."""

    def __init__(self, runtime: Runtime) -> None:
        self.trades: list[Trade] = []
        self._runtime = runtime
        self._orders: dict[str, tuple[Trade, Leg, TrackedOrder]] = {}

    def begin(self, intent: Intent) -> Trade:
        """A new trade, before any of its orders has left."""
        return self._add(begun(intent))

    def adopt(self, story: Story) -> Trade:
        """A trade of an earlier run, as the journal tells it. What was cancelled then was asked for, as far as anybody knows."""
        trade = self._add(recovered(story))
        for leg in trade.legs:
            for order in leg.orders:
                self._orders[order.order_id] = (trade, leg, order)
                order.cancel_requested = order.state is OrderState.CANCELED
                order.unwanted = order.role is Role.ENTRY and order.state is OrderState.PENDING_CANCEL
        return trade

    def track(self, trade: Trade, order: Order) -> None:
        """An order of a trade is about to leave."""
        tags = OrderTags.read(order)
        leg = trade.legs[tags.leg - 1]
        price = ticks_of(order.trigger_price) if order.has_trigger_price and tags.role is Role.STOP else None
        if price is None and order.has_price:
            price = ticks_of(order.price)
        side = 1 if order.side == OrderSide.BUY else -1
        whole = None if price is None else round(price)
        tracked = TrackedOrder(order.client_order_id.value, tags.role, tags.leg, side, int(order.quantity), whole, tags.slippage_ticks)
        leg.orders.append(tracked)
        self._orders[tracked.order_id] = (trade, leg, tracked)

    def found(self, record: OrderRecord) -> OrderRecord:
        """The broker has an order of a trade that nobody has heard of: it left in the moment the last run ended, or is the twin of another.

        The record as it is to be written. Why a trade was left that moment nobody knows; if the kill switch was at work, by that.
        Whatever trade it is of, also one that is over: what fills of it is that trade's.
        """
        killed = record.role == Role.EXIT and self._runtime.past.kill_state is not KillState.ARMED
        if killed:
            record = msgspec.structs.replace(record, cause=ExitReason.KILL.value)
        trade = next(trade for trade, _, _ in self._orders.values() if trade.intent_id == record.intent_id)
        if record.role == Role.EXIT and not record.cause and trade.closing is not None:
            record = msgspec.structs.replace(record, cause=trade.closing.value)  # it goes on being left for the reason it was
        take(trade, record)
        order = trade.order(record.client_order_id)
        assert order is not None, "a record is of an order"
        self._orders[order.order_id] = (trade, trade.legs[order.leg - 1], order)
        return record

    def find(self, name: str) -> tuple[Trade | None, Leg | None, TrackedOrder | None]:
        """The trade, leg and tracked order of a client order id."""
        return self._orders.get(name, (None, None, None))

    @property
    def unfinished(self) -> list[Trade]:
        """Trades that hold something, or of which something may still fill."""
        return [trade for trade in self.trades if not trade.done]

    def tracked(self) -> list[str]:
        """Client order ids of all orders of trades that are not yet forgotten."""
        return [order.order_id for trade in self.trades for leg in trade.legs for order in leg.orders]

    def unsettled_orders(self) -> list[TrackedOrder]:
        """Orders not known to have ended that may still open a position: entries, and what is left of a bracket that holds nothing."""
        legs = [leg for trade in self.trades for leg in trade.legs]
        orders = [order for leg in legs for order in leg.orders if order.role is Role.ENTRY or not (leg.open or leg.live(Role.ENTRY))]
        return [order for order in orders if order.live or order.in_doubt]

    def _add(self, trade: Trade) -> Trade:
        law, plan, decided = self._runtime.law_of(trade.intent_id), trade.plan, trade.intent.decided
        trade.worst_case_cents = law.limits.worst_case_cents(plan.risk_cents, plan.quantity, decided.slippage_ticks)
        trade.time_of_day = law.calendar.phase_name(decided.session_phase)
        self.trades.append(trade)
        return trade
