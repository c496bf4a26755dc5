"""What the venue says of an order of ours, written into its trade: fills, moved stops, changed sizes."""

from __future__ import annotations

from nautilus_trader.model.events import OrderFilled, OrderUpdated

from bot.journal.records import Kind
from bot.risk_engine.brackets import ticks_of
from bot.risk_engine.hands import Hands
from bot.risk_engine.records import fill_record
from bot.supervision.excursion import follow_price
from bot.supervision.orders import Role, TrackedOrder
from bot.supervision.trade import Fill, Leg, Trade
from bot.units import to_cents


def take_fill(hands: Hands, trade: Trade, leg: Leg, order: TrackedOrder, event: OrderFilled) -> None:
    """Add a fill to its trade and journal it. The order itself has not taken it in yet."""
    price, quantity = ticks_of(event.last_px), int(event.last_qty)
    reference = order.price if order.price is not None else hands.last_close
    slippage = (price - reference) * order.side + 0.0  # never -0.0
    fee = to_cents(event.commission.as_double())
    trade.fills.append(Fill(order.role, leg.number, order.side, quantity, price, fee, event.ts_event, slippage, event.trade_id.value))
    order.filled_ns = order.filled_ns or event.ts_event
    if order.role is Role.ENTRY and not trade.opened_ns:
        trade.opened_ns = event.ts_event
    follow_price(trade, price)
    hands.journal(Kind.FILL, event.ts_event, fill_record(trade, order), trade.plan.strategy)


def changed_elsewhere(trade: Trade, order: TrackedOrder, event: OrderUpdated) -> str:
    """What another hand has made of an order that nobody may: an entry that is not the plan's, or more contracts than we asked for.

    "" if it is no such change. Asked before the change is taken in. Fewer contracts are the venue's own: a sibling's fill leaves less.
    """
    size, most = int(event.quantity), max(order.quantity, order.resized or 0)
    if size > most:
        return f"{order.order_id}: {size} contracts instead of {most}"
    planned = {"limit": (event.price, trade.plan.limit), "trigger": (event.trigger_price, trade.plan.trigger)}
    for name, (told, right) in planned.items() if order.role is Role.ENTRY else ():
        if told is not None and ticks_of(told) != right:
            return f"{order.order_id}: its {name} is {ticks_of(told):g} instead of {right} ticks"
    return ""


def take_update(trade: Trade, leg: Leg, order: TrackedOrder, event: OrderUpdated) -> tuple[str, str]:
    """Take a change in. Why a stop was moved ("" for anything else), and what is wrong with it ("" if nothing is)."""
    most, order.quantity = max(order.quantity, order.resized or 0), int(event.quantity)
    order.resized = most if _awaits_price(order, event) and most > order.quantity else None
    if order.role is Role.TARGET and event.price is not None:
        order.price = round(ticks_of(event.price))  # where it works; the plan's stays in force for what replaces it
    if order.role is not Role.STOP or event.trigger_price is None or order.price is None:
        return "", ""
    moved = round(ticks_of(event.trigger_price))
    if moved == order.price:
        return "", ""
    before, cause = order.price, order.requested.get(moved, "")
    tighter = trade.move_stop(leg, order, moved, cause)
    return (cause, "") if tighter else ("", f"{order.order_id}: from {before} to {moved} ticks")


def _awaits_price(order: TrackedOrder, event: OrderUpdated) -> bool:
    """Whether another price is still to come. It was asked for with the size of then, which comes with it."""
    return bool(order.requested) and event.trigger_price is not None and round(ticks_of(event.trigger_price)) != list(order.requested)[-1]


def answered(order: TrackedOrder, name: str) -> None:
    """A change that was refused, or an order that has ended, leaves nothing asked for."""
    if name == "OrderModifyRejected":
        order.resize_refused |= order.resized is not None
        order.resized = None
        order.change_answered()
    elif not order.live:
        order.resized, order.requested = None, {}
