"""What a trade's state demands next: a pure function from the trade to commands.

Invariants (spec 6, supervisor): a position is covered by working stops of its size; a flat
book has no orders; a leg is never entered twice; no more closes than there is to close.
Closing: entries and targets are cancelled first, the stop last, and only when nothing of the leg works is the closing
order sent. What is UNKNOWN or does not answer is not gone: it is waited for until the doubt is over, then the exit leaves
all the same and what is closed twice is bought back. A closing order that nobody confirms does not leave the leg bare: its
stop is restored until it is known.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

REFUSED = (OrderState.REJECTED, OrderState.DENIED)


class DutyKind(StrEnum):
    """What is to be done."""

    CANCEL = "cancel"
    PROTECT = "protect"
    RESIZE = "resize"
    COVER = "cover"
    EXIT = "exit"
    BUY_BACK = "buy back"


class Waited(IntEnum):
    """How long a trade has been as it should not be: not at all; longer than an answer may take; longer than a doubt may last."""

    NOT = 0
    GRACE = 1
    DOUBT = 2


class Duty(NamedTuple):
    """One command: cancel or resize `order`; protect (stop and target), cover (a stop alone) or exit `quantity` contracts of `leg`.

    `after_wait`: what stands in its way did not answer, and is not waited for any longer.
    """

    kind: DutyKind
    leg: int
    quantity: int = 0
    order: TrackedOrder | None = None
    after_wait: bool = False


def duties(trade: Trade, waited: Waited = Waited.NOT) -> list[Duty]:
    """Commands that the state of `trade` demands now; `waited` is said by the timers."""
    if trade.unknown and trade.closing is None:
        return []
    found: list[Duty] = []
    for leg in trade.legs:
        if leg.open < 0:
            found.extend(_buy_back(leg))
        elif trade.closing is not None or _beyond_repair(leg, waited):
            found.extend(_close(leg, waited))
        elif leg.open:
            found.extend(_protect(leg))
        elif waited and not leg.live(Role.ENTRY):
            found.extend(_cancel(leg.live(Role.STOP, Role.TARGET, Role.EXIT)))
    return found


def _beyond_repair(leg: Leg, waited: Waited) -> bool:
    """A stop that began to fill, a replacement that was refused as well, or a pair that does not answer leaves only the market."""
    if leg.open <= 0:
        return False
    refused = sum(order.state in REFUSED for order in leg.of(Role.STOP))
    silent = waited is Waited.DOUBT and leg.protected < leg.open and bool(leg.live(Role.STOP, Role.TARGET))
    return refused > 1 or silent or any(order.filled for order in leg.of(Role.STOP))


def _buy_back(leg: Leg) -> list[Duty]:
    """A leg closed twice: whatever of it may still fill goes, and the surplus is bought back at once."""
    back = [order for order in leg.of(Role.EXIT) if order.live and order.side == leg.entry_side]
    rest = [order for order in leg.orders if order.live and order not in back]
    return [*_cancel(rest), *([] if back else [Duty(DutyKind.BUY_BACK, leg.number, -leg.open)])]


def _close(leg: Leg, waited: Waited) -> list[Duty]:
    """The next step of leaving a leg; each waits until the one before is confirmed, or its doubt is over.

    A closing order refused twice is sent again only by the timers, not at once.
    """
    doubtful = [order for order in leg.orders if order.in_doubt]
    asked = _cancel(doubtful)
    over = waited is Waited.DOUBT
    if first := leg.live(Role.ENTRY, Role.TARGET):
        asked += _cancel(first)
        if not over:
            return asked
    if not leg.open:
        return asked + _cancel(leg.live(Role.STOP, Role.EXIT))
    exits = [order for order in leg.of(Role.EXIT) if order.live or order.in_doubt]
    if any(not order.at_venue for order in exits):
        bare = waited and not leg.live(Role.STOP)
        return [*asked, Duty(DutyKind.COVER, leg.number, leg.open)] if bare else asked
    if stops := leg.live(Role.STOP):
        asked += _cancel(stops)
    if exits or ((stops or doubtful) and not over):  # a closing order in doubt is among the exits, and has been waited for above
        return asked
    refused = sum(order.state in REFUSED for order in leg.of(Role.EXIT))
    again = [Duty(DutyKind.EXIT, leg.number, leg.open, after_wait=over)] if waited or refused < 2 else []
    return asked + again


def _protect(leg: Leg) -> list[Duty]:
    """Stops for what is open: none may be missing, and none may be larger than what they cover.

    A pair of the wrong size is changed in place; where the venue will not have that it goes, and a new one comes when its
    end is confirmed.
    """
    if leg.live(Role.EXIT):
        return []  # it leaves already: what was silent is not replaced on top of that
    stops, targets = leg.live(Role.STOP), leg.live(Role.TARGET)
    covered, growing = sum(order.leaves for order in stops), bool(leg.live(Role.ENTRY))
    if covered >= leg.open and (growing or covered == leg.open):
        return []
    if not stops:
        return _cancel(targets) if targets else [Duty(DutyKind.PROTECT, leg.number, leg.open)]
    pair = [*stops, *targets]
    if len(stops) > 1 or any(order.resize_refused for order in pair):
        return _cancel(pair)
    wrong = [order for order in pair if order.leaves != leg.open and order.resized is None and order.at_venue]
    return [Duty(DutyKind.RESIZE, leg.number, order.filled + leg.open, order) for order in wrong]


def _cancel(orders: list[TrackedOrder]) -> list[Duty]:
    return [Duty(DutyKind.CANCEL, order.leg, order=order) for order in orders if not order.cancel_requested]
