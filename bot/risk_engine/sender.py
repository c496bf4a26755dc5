"""The commands that the supervisor itself sends: cancels, replacement stops, changes of size, closing orders.

They go through the risk engine, which knows them because they are handed to it, not because of what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder, SubmitOrder, SubmitOrderList
from nautilus_trader.model.enums import ContingencyType
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, OrderListId, StrategyId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order, OrderList

from bot.contracts.models import ExecutionContract
from bot.messages import CLOSED_ELSEWHERE
from bot.risk_engine.brackets import OrderOrigin, OrderTags, market_order, order_id, stop_order, target_order
from bot.risk_engine.hands import Hands
from bot.supervision.duties import Duty, DutyKind
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

MOST_DOUBLINGS = 3  # of how far a closing order's limit lies through the market


class Sender:
    """Makes orders in the name of the strategy that owns the trade, within its own contract; `track` is told of each before it leaves."""

    def __init__(
        self,
        hands: Hands,
        instrument_id: InstrumentId,
        execution_of: Callable[[Trade], ExecutionContract],
        track: Callable[[Trade, Order], None],
    ) -> None:
        self._hands = hands
        self._instrument_id = instrument_id
        self._execution_of = execution_of
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
        elif duty.kind is DutyKind.RESIZE and duty.order is not None:
            self.resize(trade, duty.order, duty.quantity)
        elif duty.kind is DutyKind.PROTECT:
            self.protect(trade, leg, duty.quantity)
        elif duty.kind is DutyKind.COVER:
            self.cover(trade, leg, duty.quantity)
        elif duty.kind is DutyKind.EXIT:
            self.exit(trade, leg, duty.quantity, after_wait=duty.after_wait)
        elif duty.kind is DutyKind.BUY_BACK:
            self.exit(trade, leg, -duty.quantity, after_wait=True)

    def cancel(self, trade: Trade, order: TrackedOrder) -> None:
        """Ask the venue to cancel an order."""
        order.ask_end(self._hands.wall.now_ns)
        try:
            self._hands.send(CancelOrder(venue_order_id=None, **self._about(trade, order)))
        except BaseException:
            order.cancel_requested = False  # it has not left, and is asked again
            raise

    def resize(self, trade: Trade, order: TrackedOrder, quantity: int) -> None:
        """Ask the venue for another size of a stop or target, filled contracts included; its price stays."""
        order.resized = quantity
        size = Quantity.from_int(quantity)
        try:
            self._hands.send(ModifyOrder(venue_order_id=None, quantity=size, price=None, trigger_price=None, **self._about(trade, order)))
        except BaseException:
            order.resized = None
            raise

    def _about(self, trade: Trade, order: TrackedOrder) -> dict[str, Any]:
        named = {"instrument_id": self._instrument_id, "client_order_id": ClientOrderId(order.order_id)}
        return self._envelope(trade) | named

    def _envelope(self, trade: Trade) -> dict[str, Any]:
        return {
            "trader_id": self._hands.trader_id,
            "strategy_id": self._owners[trade.intent_id],
            "command_id": UUID4(),
            "ts_init": self._hands.now_ns,
        }

    def protect(self, trade: Trade, leg: Leg, quantity: int) -> None:
        """Cover an open leg again, by its stop in force and its target: always as a pair, so that the end of one ends the other."""
        origin, slippage = self._origin(trade), self._hands.slippage_ticks
        stop_id, target_id = self._free(trade, leg, Role.STOP, Role.TARGET)
        tags = OrderTags(trade.intent_id, leg.number, Role.STOP, slippage)
        links = {"contingency_type": ContingencyType.OUO, "order_list_id": OrderListId(stop_id.value)}
        stop = stop_order(origin, stop_id, -trade.side, quantity, leg.stop, tags, **links, linked_order_ids=[target_id])
        tags = OrderTags(trade.intent_id, leg.number, Role.TARGET, slippage)
        target = target_order(origin, target_id, -trade.side, quantity, leg.target, tags, **links, linked_order_ids=[stop_id])
        self._submit(trade, [stop, target])

    def cover(self, trade: Trade, leg: Leg, quantity: int) -> None:
        """A stop alone, for as long as nobody knows what became of the closing order: it may come on top of that."""
        (name,) = self._free(trade, leg, Role.STOP)
        tags = OrderTags(trade.intent_id, leg.number, Role.STOP, self._hands.slippage_ticks)
        self._submit(trade, [stop_order(self._origin(trade), name, -trade.side, quantity, leg.stop, tags)], after_wait=True)

    def exit(self, trade: Trade, leg: Leg, quantity: int, *, after_wait: bool = False) -> None:
        """The closing order: at the market, or, where the venue has just refused that, as a limit well through the last close, if one is
        known. After a limit that came to nothing the market is tried again, and the next limit goes twice as far.

        A negative `quantity` buys back what was closed twice. `after_wait`: it may come on top of what does not answer.
        """
        name, tags = self._exit(trade, leg)
        side, size = -trade.side if quantity > 0 else trade.side, abs(quantity)
        before = leg.of(Role.EXIT)
        if before and before[-1].price is None and before[-1].state is OrderState.REJECTED and self._hands.last_close:
            tries = sum(order.price is not None for order in before)
            through = self._execution_of(trade).exit.flatten_limit_ticks << min(tries, MOST_DOUBLINGS)
            order = target_order(self._origin(trade), name, side, size, self._hands.last_close + side * through, tags)
        else:
            order = market_order(self._origin(trade), name, side, size, tags)
        self._submit(trade, [order], after_wait=after_wait)

    def closed_elsewhere(self, trade: Trade, leg: Leg, quantity: int, price: float) -> None:
        """An exit that another hand has made at `price` (points): the adapter books it and sends nothing. `quantity` as for `exit`."""
        name, tags = self._exit(trade, leg)
        side = -trade.side if quantity > 0 else trade.side
        order = market_order(self._origin(trade), name, side, abs(quantity), tags)
        self._submit(trade, [order], {CLOSED_ELSEWHERE: price}, after_wait=True)

    def _exit(self, trade: Trade, leg: Leg) -> tuple[ClientOrderId, OrderTags]:
        (name,) = self._free(trade, leg, Role.EXIT)
        return name, OrderTags(trade.intent_id, leg.number, Role.EXIT, self._hands.slippage_ticks)

    def _free(self, trade: Trade, leg: Leg, *roles: Role) -> list[ClientOrderId]:
        """Ids of the next attempt. One that somebody has used for an order of his own must not keep us from leaving: it is passed over."""
        cache = self._hands.cache
        while True:
            leg.attempts += 1
            names = [order_id(trade.intent_id, leg.number, role, leg.attempts) for role in roles]
            if not any(cache.order_exists(name) or cache.order_list_exists(OrderListId(name.value)) for name in names):
                return names

    def _submit(self, trade: Trade, orders: list[Order], params: dict[str, float] | None = None, *, after_wait: bool = False) -> None:
        try:
            self._leave(trade, orders, params, after_wait=after_wait)
        except BaseException:
            for order in filter(None, (trade.order(order.client_order_id.value) for order in orders)):
                order.apply("OrderDenied")  # one that nobody has answered has not left: another comes in its place
            raise

    def _leave(self, trade: Trade, orders: list[Order], params: dict[str, float] | None, *, after_wait: bool) -> None:
        for order in orders:
            self._hands.cache.add_order(order)
            self._track(trade, order)
        if len(orders) == 1:
            self._hands.send(SubmitOrder(order=orders[0], params=params, **self._envelope(trade)), after_wait=after_wait)
            return
        listed = OrderList(orders[0].order_list_id, orders)
        self._hands.cache.add_order_list(listed)
        self._hands.send(SubmitOrderList(order_list=listed, **self._envelope(trade)), after_wait=after_wait)

    def _origin(self, trade: Trade) -> OrderOrigin:
        return OrderOrigin(self._hands.trader_id, self._owners[trade.intent_id], self._instrument_id, self._hands.now_ns)
