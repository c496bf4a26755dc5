"""What the risk engine makes of a command before it may pass: pure checks on Nautilus orders.

Each returns None (it may pass) or the refusal. They promise nothing about what the broker
does afterwards; that is the supervisor's business.
"""

from __future__ import annotations

from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.enums import OrderSide, OrderStatus, TriggerType
from nautilus_trader.model.orders import Order

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import refused
from bot.decision.verdict import Refused
from bot.risk_engine.brackets import OrderTags, ticks_of
from bot.supervision.orders import AT_VENUE, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

L1, L8 = Layer.CONSTITUTION, Layer.TEMPLATE


def forbidden_form(orders: list[Order]) -> Refused | None:
    """Emulated orders bypass the risk engine until they are released, and execution algorithms spawn others: neither may pass."""
    for order in orders:
        emulated = order.emulation_trigger != TriggerType.NO_TRIGGER or order.status == OrderStatus.RELEASED
        if emulated or order.exec_algorithm_id is not None:
            return refused(Code.EMULATION, L8, "order", order.client_order_id.value, "required", "no emulation, no algorithm")
    return None


def complete_brackets(orders: list[Order]) -> Refused | None:
    """Every leg has one entry, one stop and one target, each of the leg's quantity."""
    legs: dict[int, dict[Role, int]] = {}
    for order in orders:
        tags = OrderTags.read(order)
        if tags is None:
            return refused(Code.UNKNOWN_INTENT, L8, "order", order.client_order_id.value, "required", "the tags of an intent")
        legs.setdefault(tags.leg, {})[tags.role] = int(order.quantity)
    wanted = {Role.ENTRY, Role.STOP, Role.TARGET}
    for number, found in sorted(legs.items()):
        if set(found) != wanted or len(set(found.values())) != 1 or len(orders) != len(wanted) * len(legs):
            roles = " ".join(f"{role.value}:{quantity}" for role, quantity in found.items())
            return refused(Code.BRACKET_INCOMPLETE, L8, f"leg_{number}", roles, "required", "one ENTRY, STOP, TARGET of one size")
    return None


def reducing(order: Order, net: int, working_exits: int) -> Refused | None:
    """A single order may only reduce: |net| never rises and the sign never flips, counting what already works."""
    side = 1 if order.side == OrderSide.BUY else -1
    room = abs(net) - working_exits
    if net and side == (-1 if net > 0 else 1) and int(order.quantity) <= room:
        return None
    return refused(Code.NOT_REDUCING, L1, "quantity", side * int(order.quantity), "reducible", -room if net > 0 else room, "contracts")


def working_exits(trades: list[Trade]) -> int:
    """Contracts that working exits may still close; a leg's stop and target count once, they exclude each other."""
    return sum(_may_close(leg) for trade in trades for leg in trade.legs)


def _may_close(leg: Leg) -> int:
    bracket = max((order.leaves for order in leg.live(Role.STOP, Role.TARGET)), default=0)
    return bracket + sum(order.leaves for order in leg.live(Role.EXIT))


def modification(command: ModifyOrder, order: TrackedOrder | None, side: int) -> Refused | None:
    """A stop may come closer to the market, a quantity may be cut; nothing else changes. `side` is the trade's."""
    if order is None or command.price is not None:
        found = "a price" if order is not None else "a foreign order"
        return refused(Code.MODIFY_FORBIDDEN, L8, "changes", found, "allowed", "a stop's trigger or a smaller quantity")
    if command.quantity is not None and int(command.quantity) > order.quantity:
        return refused(Code.MODIFY_FORBIDDEN, L8, "quantity", int(command.quantity), "maximum", order.quantity, "contracts")
    if command.trigger_price is None:
        return None
    if order.role is not Role.STOP or order.price is None:
        return refused(Code.MODIFY_FORBIDDEN, L8, "changes", f"the trigger of {order.role.value}", "allowed", "a stop's trigger")
    closer = (ticks_of(command.trigger_price) - order.price) * side
    if closer > 0:
        return None
    return refused(Code.STOP_WIDENS, L1, "ticks_closer", closer, "minimum", 1, "ticks")


def cancellation(order: TrackedOrder | None, leg: Leg | None, closing: bool, together: frozenset[str] = frozenset()) -> Refused | None:
    """The only stop of an open leg stays, unless its replacement works or the position is being closed.

    Cancelling a target takes its stop along at the venue (one cancels the other), so it counts too.
    `together` names all orders that the same command cancels: none of them can be the replacement.
    """
    if order is None or leg is None or closing or not leg.open or order.role not in (Role.STOP, Role.TARGET):
        return None
    staying = [other for other in leg.live(Role.STOP) if other is not order and other.order_id not in together]
    others = sum(other.leaves for other in staying if other.state in AT_VENUE)
    if order.role is Role.STOP and others >= leg.open:
        return None
    return refused(Code.ONLY_STOP, L1, "other_stops", others, "required", leg.open, "contracts")
