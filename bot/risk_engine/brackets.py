"""Brackets built by hand (OTO entry, OUO stop and target, never reduce-only) and read back from their tags.

Why by hand: Nautilus' own factory flags the children reduce-only, which drops positions at a
broker without that flag. An order's id is derived from its intent, leg, role and attempt, so
that deciding the same bar again yields the same ids.
"""

from __future__ import annotations

import msgspec
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import ContingencyType, OrderSide, TimeInForce, TriggerType
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, OrderListId, StrategyId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import LimitOrder, MarketOrder, Order, OrderList, StopLimitOrder, StopMarketOrder

from bot.decision.intent import Intent
from bot.decision.plan import EntryPlan, EntryType
from bot.supervision.orders import Role, order_name
from bot.units import to_points, to_ticks

PRICE_PRECISION = 2


class OrderTags(msgspec.Struct, frozen=True):
    """What an order of ours says about itself. `expires_ns` (market time, UTC ns) is 0 but for entries."""

    intent_id: str
    leg: int
    role: Role
    slippage_ticks: int
    expires_ns: int = 0

    def write(self) -> list[str]:
        """As Nautilus order tags."""
        tags = [f"intent={self.intent_id}", f"leg={self.leg}", f"role={self.role.value}", f"slippage_ticks={self.slippage_ticks}"]
        return [*tags, f"expires_ns={self.expires_ns}"] if self.expires_ns else tags

    @classmethod
    def read(cls, order: Order) -> OrderTags | None:
        """The tags of an order; None if it is not one of ours."""
        values = dict(tag.split("=", 1) for tag in order.tags or [] if "=" in tag)
        try:
            return cls(
                values["intent"],
                int(values["leg"]),
                Role(values["role"]),
                int(values["slippage_ticks"]),
                int(values.get("expires_ns", 0)),
            )
        except (KeyError, ValueError):
            return None


class OrderOrigin(msgspec.Struct, frozen=True):
    """Whose orders are made: trader, strategy and instrument, at which time (UTC ns)."""

    trader_id: TraderId
    strategy_id: StrategyId
    instrument_id: InstrumentId
    ts_ns: int


def price_of(ticks: float) -> Price:
    """A Nautilus price of whole ticks."""
    return Price(to_points(ticks), PRICE_PRECISION)


def ticks_of(price: Price | float) -> float:
    """Ticks of a Nautilus price; whole unless the broker improved it off our grid."""
    return to_ticks(float(price))


def order_id(intent_id: str, leg: int, role: Role, attempt: int = 0) -> ClientOrderId:
    """Nautilus' identifier of an order's name."""
    return ClientOrderId(order_name(intent_id, leg, role, attempt))


def strategy_id(strategy: str) -> StrategyId:
    """Nautilus' identifier of a strategy: name and order id tag are the same."""
    return StrategyId(f"{strategy}-{strategy}")


def side_of(side: int) -> OrderSide:
    """Nautilus' side of +1 or -1."""
    return OrderSide.BUY if side > 0 else OrderSide.SELL


def bracket_orders(intent: Intent, origin: OrderOrigin) -> OrderList:
    """All brackets of an intent as one order list: entry, stop, target of each leg in turn."""
    list_id = OrderListId(intent.intent_id)
    orders: list[Order] = []
    for number, leg in enumerate(intent.plan.legs, start=1):
        entry, stop, target = (order_id(intent.intent_id, number, role) for role in (Role.ENTRY, Role.STOP, Role.TARGET))
        orders.append(_entry(intent, number, leg.quantity, origin, list_id, [stop, target]))
        child = {"order_list_id": list_id, "parent_order_id": entry, "contingency_type": ContingencyType.OUO}
        slippage, side = intent.decided.slippage_ticks, -intent.plan.side
        stop_tags = OrderTags(intent.intent_id, number, Role.STOP, slippage)
        target_tags = OrderTags(intent.intent_id, number, Role.TARGET, slippage)
        orders.append(stop_order(origin, stop, side, leg.quantity, leg.stop, stop_tags, linked_order_ids=[target], **child))
        orders.append(target_order(origin, target, side, leg.quantity, leg.target, target_tags, linked_order_ids=[stop], **child))
    return OrderList(list_id, orders)


def _entry(intent: Intent, leg: int, quantity: int, origin: OrderOrigin, list_id: OrderListId, children: list[ClientOrderId]) -> Order:
    plan, tags = intent.plan, OrderTags(intent.intent_id, leg, Role.ENTRY, intent.decided.slippage_ticks, intent.expires_ns)
    common = _common(origin, order_id(intent.intent_id, leg, Role.ENTRY), plan.side, quantity, tags)
    common |= {"order_list_id": list_id, "linked_order_ids": children, "contingency_type": ContingencyType.OTO}
    if plan.entry_type is EntryType.LIMIT:
        return LimitOrder(price=price_of(plan.limit), **common)
    return StopLimitOrder(price=price_of(plan.limit), trigger_price=price_of(_trigger(plan)), trigger_type=TriggerType.DEFAULT, **common)


def _trigger(plan: EntryPlan) -> int:
    assert plan.trigger is not None, "a STOP_LIMIT plan has a trigger"
    return plan.trigger


def stop_order(origin: OrderOrigin, name: ClientOrderId, side: int, quantity: int, stop: int, tags: OrderTags, **links: object) -> Order:
    """A STOP_MARKET exit at `stop` ticks."""
    common = _common(origin, name, side, quantity, tags)
    return StopMarketOrder(trigger_price=price_of(stop), trigger_type=TriggerType.DEFAULT, **common, **links)


def target_order(origin: OrderOrigin, name: ClientOrderId, side: int, quantity: int, price: int, tags: OrderTags, **links: object) -> Order:
    """A LIMIT exit at `price` ticks."""
    return LimitOrder(price=price_of(price), **_common(origin, name, side, quantity, tags), **links)


def market_order(origin: OrderOrigin, name: ClientOrderId, side: int, quantity: int, tags: OrderTags) -> Order:
    """A MARKET exit."""
    return MarketOrder(**_common(origin, name, side, quantity, tags))


def _common(origin: OrderOrigin, name: ClientOrderId, side: int, quantity: int, tags: OrderTags) -> dict[str, object]:
    return {
        "trader_id": origin.trader_id,
        "strategy_id": origin.strategy_id,
        "instrument_id": origin.instrument_id,
        "client_order_id": name,
        "order_side": side_of(side),
        "quantity": Quantity.from_int(quantity),
        "init_id": UUID4(),
        "ts_init": origin.ts_ns,
        "time_in_force": TimeInForce.GTC,
        "tags": tags.write(),
    }
