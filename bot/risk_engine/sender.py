"""The orders that the supervisor itself sends: cancels, replacement stops, closing orders.

They go through the risk engine like any other; those made here are known to it by `made`.
"""

from __future__ import annotations

from collections.abc import Callable

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, SubmitOrder, SubmitOrderList
from nautilus_trader.model.enums import ContingencyType
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, OrderListId, StrategyId
from nautilus_trader.model.orders import Order, OrderList

from bot.messages import CLOSED_ELSEWHERE
from bot.risk_engine.brackets import OrderOrigin, OrderTags, market_order, order_id, stop_order, target_order
from bot.risk_engine.hands import Hands
from bot.supervision.duties import Duty, DutyKind
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade


class Sender:
    """Makes orders in the name of the strategy that owns the trade; `track` is told of each before it leaves."""

    def __init__(self, hands: Hands, instrument_id: InstrumentId, flatten_limit_ticks: int, track: Callable[[Trade, Order], None]) -> None:
        self.made: dict[str, Order] = {}
        self._hands = hands
        self._instrument_id = instrument_id
        self._flatten_limit_ticks = flatten_limit_ticks
        self._track = track
        self._owners: dict[str, StrategyId] = {}

    def owner(self, intent_id: str, strategy_id: StrategyId) -> None:
        """Say whose trade an intent is."""
        self._owners[intent_id] = strategy_id

    def carry_out(self, trade: Trade, duty: Duty) -> None:
        """Send what a duty demands."""
        leg = trade.legs[duty.leg - 1]
        if duty.kind is DutyKind.CANCEL and duty.order is not None:
            self.cancel(trade, duty.order)
        elif duty.kind is DutyKind.PROTECT:
            self.protect(trade, leg, duty.quantity)
        elif duty.kind is DutyKind.COVER:
            self.cover(trade, leg, duty.quantity)
        elif duty.kind is DutyKind.EXIT:
            self.exit(trade, leg, duty.quantity)

    def cancel(self, trade: Trade, order: TrackedOrder) -> None:
        """Ask the venue to cancel an order, once."""
        order.cancel_requested = True
        command = CancelOrder(
            trader_id=self._hands.trader_id,
            strategy_id=self._owners[trade.intent_id],
            instrument_id=self._instrument_id,
            client_order_id=ClientOrderId(order.order_id),
            venue_order_id=None,
            command_id=UUID4(),
            ts_init=self._hands.now_ns,
        )
        self._hands.send(command)

    def protect(self, trade: Trade, leg: Leg, quantity: int) -> None:
        """Cover an open leg again, by its stop in force and its target: always as a pair, so that the end of one ends the other."""
        leg.attempts += 1
        origin, slippage = self._origin(trade), self._hands.slippage_ticks
        stop_id, target_id = (order_id(trade.intent_id, leg.number, role, leg.attempts) for role in (Role.STOP, Role.TARGET))
        tags = OrderTags(trade.intent_id, leg.number, Role.STOP, slippage)
        for target in leg.live(Role.TARGET):  # it belongs to a stop that is gone
            self.cancel(trade, target)
        links = {"contingency_type": ContingencyType.OUO, "order_list_id": OrderListId(stop_id.value)}
        stop = stop_order(origin, stop_id, -trade.side, quantity, leg.stop, tags, **links, linked_order_ids=[target_id])
        tags = OrderTags(trade.intent_id, leg.number, Role.TARGET, slippage)
        target = target_order(origin, target_id, -trade.side, quantity, leg.target, tags, **links, linked_order_ids=[stop_id])
        self._submit(trade, [stop, target])

    def cover(self, trade: Trade, leg: Leg, quantity: int) -> None:
        """A stop alone, for as long as nobody knows what became of the closing order."""
        leg.attempts += 1
        name = order_id(trade.intent_id, leg.number, Role.STOP, leg.attempts)
        tags = OrderTags(trade.intent_id, leg.number, Role.STOP, self._hands.slippage_ticks)
        self._submit(trade, [stop_order(self._origin(trade), name, -trade.side, quantity, leg.stop, tags)])

    def exit(self, trade: Trade, leg: Leg, quantity: int) -> None:
        """The closing order: at the market, or as a limit well through it if the venue refused that.

        A negative `quantity` buys back what was closed twice.
        """
        name, tags = self._exit(trade, leg)
        side, size = -trade.side if quantity > 0 else trade.side, abs(quantity)
        if any(order.state is OrderState.REJECTED for order in leg.of(Role.EXIT)):
            price = self._hands.last_close + side * self._flatten_limit_ticks
            self._submit(trade, [target_order(self._origin(trade), name, side, size, price, tags)])
        else:
            self._submit(trade, [market_order(self._origin(trade), name, side, size, tags)])

    def closed_elsewhere(self, trade: Trade, leg: Leg, quantity: int, price: float) -> None:
        """An exit that another hand has made at `price` (points): the adapter books it and sends nothing. `quantity` as for `exit`."""
        name, tags = self._exit(trade, leg)
        side = -trade.side if quantity > 0 else trade.side
        self._submit(trade, [market_order(self._origin(trade), name, side, abs(quantity), tags)], {CLOSED_ELSEWHERE: price})

    def _exit(self, trade: Trade, leg: Leg) -> tuple[ClientOrderId, OrderTags]:
        leg.attempts += 1
        name = order_id(trade.intent_id, leg.number, Role.EXIT, leg.attempts)
        return name, OrderTags(trade.intent_id, leg.number, Role.EXIT, self._hands.slippage_ticks)

    def _submit(self, trade: Trade, orders: list[Order], params: dict[str, float] | None = None) -> None:
        for order in orders:
            self._hands.cache.add_order(order)
            self.made[order.client_order_id.value] = order
            self._track(trade, order)
        common = {
            "trader_id": self._hands.trader_id,
            "strategy_id": self._owners[trade.intent_id],
            "command_id": UUID4(),
            "ts_init": self._hands.now_ns,
        }
        if len(orders) == 1:
            self._hands.send(SubmitOrder(order=orders[0], params=params, **common))
            return
        listed = OrderList(orders[0].order_list_id, orders)
        self._hands.cache.add_order_list(listed)
        self._hands.send(SubmitOrderList(order_list=listed, **common))

    def _origin(self, trade: Trade) -> OrderOrigin:
        return OrderOrigin(self._hands.trader_id, self._owners[trade.intent_id], self._instrument_id, self._hands.now_ns)
