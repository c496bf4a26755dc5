"""When a trade has to be left that nobody asked to leave: its bracket is not what was approved, or cannot be made so again."""

from __future__ import annotations

from bot.decision.plan import ExitReason
from bot.supervision.duties import Waited
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

REFUSED = (OrderState.REJECTED, OrderState.DENIED)
CHILDREN = (Role.STOP, Role.TARGET)


def why_leave(trade: Trade, waited: Waited = Waited.NOT) -> ExitReason | None:
    """The reason to leave `trade` now; None if there is none, if it is being left, or while an order of it is UNKNOWN.

    STOP: a stop began to fill, and the market takes the rest. RECONCILED: what is at the broker is not the bracket that was
    approved. An entry without its stop or its target does not work on; of several legs all are entered or none; a position
    whose replacement of a stop was refused or taken away as well, or whose pair does not answer, is not held on.
    """
    if trade.closing is not None or trade.unknown:
        return None
    if any(leg.open > 0 and any(order.filled for order in leg.of(Role.STOP)) for leg in trade.legs):
        return ExitReason.STOP
    half = not trade.expired and (_half_a_trade(trade) or any(_half_a_bracket(leg) for leg in trade.legs))
    return ExitReason.RECONCILED if half or any(_beyond_repair(leg, waited) for leg in trade.legs) else None


def _half_a_bracket(leg: Leg) -> bool:
    """An entry works on, and its stop or its target has ended without our asking; nothing has come in its place."""
    entering = any(order.state is not OrderState.NONE and not order.let_go for order in leg.live(Role.ENTRY))
    return entering and any(not leg.live(role) and any(_taken_away(order) for order in leg.of(role)) for role in CHILDREN)


def _half_a_trade(trade: Trade) -> bool:
    """The entry of one leg has ended without our asking, and another leg is held, or may be entered yet."""
    missing = [leg for leg in trade.legs if any(_taken_away(order) for order in leg.of(Role.ENTRY))]
    return bool(missing) and any(leg.open > 0 or leg.live(Role.ENTRY) for leg in trade.legs)


def _taken_away(order: TrackedOrder) -> bool:
    """It was refused, or ended without our asking, before any of it filled; the end of its time is none of that."""
    cancelled = order.state is OrderState.CANCELED and not order.let_go
    return not order.filled and (order.state in REFUSED or cancelled)


def _beyond_repair(leg: Leg, waited: Waited) -> bool:
    if leg.open <= 0:
        return False
    refused = sum(order.state in REFUSED or (order.came_to_nothing and not order.let_go) for order in leg.of(Role.STOP))
    silent = waited is Waited.DOUBT and leg.protected < leg.open and bool(leg.live(*CHILDREN))
    return refused > 1 or silent
