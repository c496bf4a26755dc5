"""What a trade's state demands next: a pure function from the trade to commands.

Invariants (spec 6, supervisor): a position is covered by working stops of its size; a flat
book has no orders; a leg is never entered twice. Closing: entries and targets are cancelled
first, the stop last, and only when nothing of the leg works is the closing order sent. A closing
order that nobody confirms does not leave the leg bare: its stop is restored until it is known.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from bot.supervision.orders import AT_VENUE, OrderState, Role, TrackedOrder, twin
from bot.supervision.trade import Leg, Trade

MOST_WAITING = 2  # stops of a leg that nobody has confirmed: the first and one replacement


class DutyKind(StrEnum):
    """What is to be done."""

    CANCEL = "cancel"
    PROTECT = "protect"
    COVER = "cover"
    EXIT = "exit"


class Duty(NamedTuple):
    """One command: cancel `order`; or protect (stop and target), cover (a stop alone) or exit `quantity` contracts of `leg`."""

    kind: DutyKind
    leg: int
    quantity: int = 0
    order: TrackedOrder | None = None


def duties(trade: Trade, urgent: bool = False) -> list[Duty]:
    """Commands that the state of `trade` demands now.

    `urgent` is said by the timers whose grace is over: a stop that does not work at the venue by then
    counts as missing, and leftovers of a flat trade are orphans.
    """
    if trade.unknown and trade.closing is None:
        return []
    found: list[Duty] = []
    for leg in trade.legs:
        if trade.closing is not None or _beyond_repair(leg):
            found.extend(_cancel([order for order in leg.orders if order.state is OrderState.UNKNOWN]))
            found.extend(_close(leg, urgent))
        elif leg.open:
            found.extend(_protect(leg, urgent))
        elif urgent and not leg.live(Role.ENTRY):
            found.extend(_cancel(leg.live(Role.STOP, Role.TARGET, Role.EXIT)))
    return found


def _beyond_repair(leg: Leg) -> bool:
    """A leg closed twice, a stop that began to fill, or a replacement that was refused as well leaves only the market."""
    if leg.open < 0:
        return True
    refused = sum(order.state in (OrderState.REJECTED, OrderState.DENIED) for order in leg.of(Role.STOP))
    return leg.open > 0 and (refused > 1 or any(order.filled for order in leg.of(Role.STOP)))


def _close(leg: Leg, urgent: bool) -> list[Duty]:
    """The next step of leaving a leg; each waits until the one before is confirmed.

    A closing order refused twice is sent again only by the timers, not at once.
    """
    if first := leg.live(Role.ENTRY, Role.TARGET):
        return _cancel(first)
    if not leg.open:
        return _cancel(leg.live(Role.STOP, Role.EXIT))
    in_doubt = any(order.state not in AT_VENUE for order in leg.live(Role.EXIT))
    if in_doubt:
        bare = urgent and leg.open > 0 and not leg.live(Role.STOP)
        return [Duty(DutyKind.COVER, leg.number, leg.open)] if bare else []
    if stops := leg.live(Role.STOP):
        return _cancel(stops)
    refused = sum(order.state in (OrderState.REJECTED, OrderState.DENIED) for order in leg.of(Role.EXIT))
    if leg.open and not leg.live(Role.EXIT) and (urgent or refused < 2):
        return [Duty(DutyKind.EXIT, leg.number, leg.open)]
    return []


def _protect(leg: Leg, urgent: bool) -> list[Duty]:
    """Stops for what is open: none may be missing, and none may be larger than what they cover."""
    covering = [order for order in leg.live(Role.STOP) if not urgent or order.state in AT_VENUE]
    covered = sum(order.leaves for order in covering)
    waiting = [order for order in leg.live(Role.STOP) if order.state not in AT_VENUE]
    growing = bool(leg.live(Role.ENTRY))
    if covered >= leg.open and (growing or covered == leg.open):
        return []
    confirmed = [order for order in covering if order.state in AT_VENUE]
    if len(confirmed) > 1 and confirmed[0].leaves == leg.open:  # a stop was late, and works beside its replacement: one is enough
        surplus = {order.order_id for order in confirmed[1:]}
        return _cancel([*confirmed[1:], *(order for order in leg.live(Role.TARGET) if twin(order.order_id) in surplus)])
    if covered > leg.open:  # more stop than position would flip us: replace it by one of the right size
        return _cancel(leg.live(Role.TARGET)) or _cancel(covering)
    return [Duty(DutyKind.PROTECT, leg.number, leg.open - covered)] if len(waiting) < MOST_WAITING else []


def _cancel(orders: list[TrackedOrder]) -> list[Duty]:
    return [Duty(DutyKind.CANCEL, order.leg, order=order) for order in orders if not order.cancel_requested]
