"""What may pass, recognised: the bracket of an intent, a tighter stop, the cancel of an unfilled entry.

Each function returns None (this is it) or the refusal. They look at the command whole, field by
field, and at what is known of its order; whose it may be is compared, never believed. They promise
nothing about what the broker does afterwards; that is the supervisor's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nautilus_trader.execution.messages import CancelOrder, ModifyOrder, SubmitOrderList
from nautilus_trader.model.events import OrderInitialized
from nautilus_trader.model.identifiers import ClientId, ClientOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order, OrderList

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import refused
from bot.decision.intent import Intent
from bot.decision.plan import OPERATOR
from bot.decision.snapshot import KillState
from bot.decision.verdict import Refused
from bot.risk_engine.brackets import ticks_of
from bot.supervision.orders import Role, TrackedOrder
from bot.supervision.trade import Trade
from bot.units import TOLERANCE

L1, L8 = Layer.CONSTITUTION, Layer.TEMPLATE
ANY = frozenset({"event_id", "ts_init", "ts_event"})  # what two equal orders may differ in
CAUSE = frozenset({"cause"})  # the one parameter of a change: why


def unknown_command(command: Any) -> Refused:
    """The default: nothing else passes."""
    allowed = (
        "an intent's bracket, once and through Nautilus' risk engine; a tighter stop; the cancel of an unfilled entry; "
        "ask CloseTrade to leave"
    )
    return refused(Code.NOT_RECOGNISED, L8, "command", type(command).__name__, "allowed", allowed)


def other_list(command: SubmitOrderList, wanted: OrderList, cache: Any) -> str:
    """What differs first between a command and the bracket that an intent makes; "" if every field is equal.

    The orders must be the very ones in Nautilus' cache: of any other nobody would hear what becomes of it.
    """
    listed = command.order_list
    if type(listed) is not OrderList:  # what derives from it may show other orders than it holds
        return f"a list of type {type(listed).__name__}"
    fields = (
        ("list", str(listed.id), str(wanted.id)),
        ("trader", command.trader_id, wanted.orders[0].trader_id),
        ("strategy", command.strategy_id, wanted.orders[0].strategy_id),
        ("client", command.client_id, None),
        ("position", command.position_id, None),
        ("parameters", command.params or {}, {}),
        ("orders", len(listed.orders), len(wanted.orders)),
    )
    found = next((f"{name} {found} instead of {right}" for name, found, right in fields if found != right), "")
    strange = (f"{order.client_order_id} is not the order of that id" for order in listed.orders if not _is_kept(order, cache))
    return found or next(_other_orders(listed.orders, wanted.orders), "") or next(strange, "")


def _is_kept(order: Order, cache: Any) -> bool:
    return cache.order(order.client_order_id) is order


def _fields(order: Order) -> dict[str, Any]:
    """All that an order was made with, but for ANY."""
    fields: dict[str, Any] = OrderInitialized.to_dict(order.init_event)
    for name in ANY:
        fields.pop(name, None)
    return fields


def _other_orders(orders: list[Order], wanted: list[Order]) -> Iterator[str]:
    for order, right in zip(orders, wanted, strict=True):
        if type(order) is not type(right):
            yield f"an order of type {type(order).__name__} instead of {type(right).__name__}"
        found, expected = _fields(order), _fields(right)
        for name in sorted(found.keys() | expected.keys()) if found != expected else ():
            if found.get(name) != expected.get(name):
                yield f"{order.client_order_id} has {name} {found.get(name)} instead of {expected.get(name)}"
        if order.event_count != 1:
            yield f"{order.client_order_id} was used before"


def overtaken(intent: Intent, trade: Trade | None, state: KillState) -> Refused | None:
    """Whether a kill, a cancel or an exit has overtaken an approved bracket on its way: at the venue that would have met nothing yet.

    A drill may be asked for while the kill switch is HALTED.
    """
    if state is not KillState.ARMED and not (intent.plan.strategy == OPERATOR and state is KillState.HALTED):
        return refused(Code.KILL_SWITCH, Layer.KILL_SWITCH, "state", state.value, "required", "ARMED")
    if trade is None or trade.entry_unwanted:
        found = "an end that was asked for on its way"
        return refused(Code.PLAN_MISMATCH, L8, "found", found, "required", "an entry that is wanted")
    return None


def other_owner(command: ModifyOrder | CancelOrder, cache: Any, code: Code, allowed: frozenset[str] = frozenset()) -> Refused | None:
    """Whether a command names an order of Nautilus' cache as its own strategy would, and says nothing beside; `code` if not."""
    name = command.client_order_id
    order = cache.order(name) if type(name) is ClientOrderId else None  # what derives from it may say another name than it is
    if order is None:
        return refused(code, L8, "order", str(name), "required", "an order of the strategy's own")
    fields = (
        ("trader", command.trader_id, (order.trader_id,)),
        ("strategy", command.strategy_id, (order.strategy_id,)),
        ("instrument", command.instrument_id, (order.instrument_id,)),
        ("venue_order", command.venue_order_id, (None, order.venue_order_id)),
        ("client", command.client_id, (None, cache.client_id(name), ClientId(order.instrument_id.venue.value))),
    )
    for field, found, right in fields:
        if found not in right:
            return refused(code, L8, field, str(found), "required", str(right[-1]))
    if strange := set(command.params or {}) - allowed:
        return refused(code, L8, "parameters", " ".join(sorted(map(str, strange))), "allowed", " ".join(allowed) or "none")
    return None


def stop_change(command: ModifyOrder, trade: Trade, stop: TrackedOrder, bar_ns: int, most: int) -> Refused | None:
    """A stop's trigger, closer to the market than the confirmed and any requested one, once a bar, on `most` bars of a trade."""
    if stop.role is not Role.STOP or command.trigger_price is None or command.price is not None or command.quantity is not None:
        return refused(Code.CHANGE_FORBIDDEN, L8, "changes", _changes(command, stop.role), "allowed", "a stop's trigger")
    if trade.closing is not None or not stop.at_venue or stop.price is None:
        found = "closing" if trade.closing is not None else stop.state.value
        return refused(Code.CHANGE_FORBIDDEN, L8, "stop", found, "required", "working at the venue")
    if stop.resized is not None:  # a change says all that an order is to be: this one would undo that
        return refused(Code.CHANGE_FORBIDDEN, L8, "stop", "its size is being changed", "required", "working at the venue")
    if type(command.trigger_price) is not Price:  # what derives from it may say another price than it is
        return refused(Code.CHANGE_FORBIDDEN, L8, "trigger", type(command.trigger_price).__name__, "required", "a Price")
    ticks = ticks_of(command.trigger_price)
    if abs(ticks - round(ticks)) > TOLERANCE:
        return refused(Code.CHANGE_FORBIDDEN, L8, "trigger", float(command.trigger_price), "required", "a whole tick")
    closer = (round(ticks) - stop.tightest(trade.side)) * trade.side
    if closer < 1:
        return refused(Code.STOP_WIDENS, L1, "ticks_closer", closer, "minimum", 1, "ticks")
    if stop.order_id in trade.changes.get(bar_ns, ()):
        return refused(Code.STOP_CHANGES, L1, "on_this_bar", 2, "maximum", 1, "changes")
    if len({*trade.changes, bar_ns}) > most:
        return refused(Code.STOP_CHANGES, L1, "changes", len(trade.changes) + 1, "maximum", most, "changes")
    return None


def _changes(command: ModifyOrder, role: Role) -> str:
    named = {"price": command.price, "quantity": command.quantity, "trigger": command.trigger_price}
    return f"{' '.join(name for name, value in named.items() if value is not None) or 'nothing'} of {role.value}"


def entry_cancel(trade: Trade, order: TrackedOrder) -> Refused | None:
    """A wholly unfilled entry that still works and whose end nobody has asked for; its children end with it."""
    if order.role is not Role.ENTRY:
        return refused(Code.CANCEL_FORBIDDEN, L1, "order", order.role.value, "allowed", "ENTRY")
    if trade.opened_ns or any(leg.entered for leg in trade.legs):
        return refused(Code.CANCEL_FORBIDDEN, L1, "filled", sum(leg.entered for leg in trade.legs), "maximum", 0, "contracts")
    if not order.live or order.cancel_requested:
        found = "its end was asked for" if order.cancel_requested else order.state.value
        return refused(Code.CANCEL_FORBIDDEN, L8, "entry", found, "required", "working")
    return None
