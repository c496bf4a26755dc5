"""What a trade's state demands next: a pure function from the trade to commands.

Invariants (spec 6, supervisor): a position is covered by working stops of its size; a flat
book has no orders; a leg is never entered twice; no more closes than there is to close.
Closing: entries and targets are cancelled first; the stop last, and only once the account agrees that the position is
there; and only when nothing of the leg works is the closing order sent. What is UNKNOWN or does not answer is not gone: it
is waited for until the doubt is over, then the exit leaves all the same, of what the account holds, and what is closed
twice is bought back. A leg is not bare meanwhile: where the account does not agree, or the closing order does not fill (nobody confirms
it, or the exchange has halted), the stop stays or is restored until it has; where closing orders are refused again and again, or the
exchange may have halted already, they are sent beside it. A leg whose entry has
not ended may be held without anybody having said so: its stop stays, too. What was closed twice of one leg may have closed another
one: then the trade is flat, whatever its legs say.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

from bot.supervision.orders import Role, TrackedOrder, pair_of
from bot.supervision.trade import Leg, Trade

STUBBORN = 2  # so many closing orders of a leg that came to nothing, and the next leaves while the stop still works


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


def duties(
    trade: Trade, waited: Waited = Waited.NOT, missing: int | None = 0, *, halted: bool = False, doubted: bool = False
) -> list[Duty]:
    """Commands that the state of `trade` demands now; `waited` is said by the timers, `doubted` that it has been left for longer than a
    doubt may last: then nothing is waited for any more.

    `missing`: contracts of the trade that the account does not hold, 0 where it agrees, None while nobody knows. `halted`: no order at
    the market may fill now.
    """
    if trade.unknown and trade.closing is None:
        return []
    if trade.closing is not None and balanced(trade):
        return _cancel([order for leg in trade.legs for order in leg.orders if order.live])
    found = [] if trade.closing is not None else _cancel([entry for leg in trade.legs for entry in leg.live(Role.ENTRY) if _lingers(entry)])
    agreed = agreed_on(trade, missing)
    for leg in trade.legs:
        if leg.open < 0:
            found.extend(_buy_back(leg))
        elif trade.closing is not None:
            found.extend(_close(leg, waited, agreed[leg.number], halted, over=doubted or waited is Waited.DOUBT))
        elif leg.open:
            found.extend(_protect(leg))
        elif waited and not leg.live(Role.ENTRY):
            found.extend(_cancel(leg.live(Role.STOP, Role.TARGET, Role.EXIT)))
        elif not leg.live(Role.ENTRY):
            found.extend(_cancel(_left_over(leg)))
    return found


def balanced(trade: Trade) -> bool:
    """Whether what was closed twice of one leg has closed the others: there is nothing to buy back, and nothing to leave or to cover."""
    return trade.net == 0 and any(leg.open for leg in trade.legs)


def _lingers(entry: TrackedOrder) -> bool:
    """It works, and its end was asked for. Before it is acknowledged that may be refused, so it is not asked again until it works."""
    return entry.unwanted and entry.at_venue


def _left_over(leg: Leg) -> list[TrackedOrder]:
    """Of a flat leg the pairs that did not close it: no partner takes them along, nor do other legs. One whose name says no pair waits."""
    children = leg.of(Role.STOP) + leg.of(Role.TARGET)
    pairs = {order.order_id: pair_of(order.order_id) for order in children}
    closed_by = {pairs[order.order_id] for order in children if order.filled}
    live = [order for order in children if order.live and pairs[order.order_id] != order.order_id]
    return [order for order in live if closed_by and pairs[order.order_id] not in closed_by]


def agreed_on(trade: Trade, missing: int | None) -> dict[int, int]:
    """Contracts of each leg, by its number, that the account holds, too; legs that leave already come first (`missing` as for duties)."""
    held = [leg for leg in trade.legs if leg.open > 0]
    room = 0 if missing is None else sum(leg.open for leg in held) - missing
    agreed = dict.fromkeys((leg.number for leg in trade.legs), 0)
    for leg in sorted(held, key=lambda leg: not leg.live(Role.EXIT)):
        agreed[leg.number] = max(0, min(leg.open, room))
        room -= leg.open
    return agreed


def _buy_back(leg: Leg) -> list[Duty]:
    """A leg closed twice: whatever of it may still fill goes, and the surplus is bought back at once."""
    back = [order for order in leg.of(Role.EXIT) if order.live and order.side == leg.entry_side]
    rest = [order for order in leg.orders if order.live and order not in back]
    waits = back or Role.EXIT in leg.put_off
    return [*_cancel(rest), *([] if waits else [Duty(DutyKind.BUY_BACK, leg.number, -leg.open)])]


def _close(leg: Leg, waited: Waited, agreed: int, halted: bool, *, over: bool) -> list[Duty]:
    """The next step of leaving a leg of which the account holds `agreed`; each waits until the one before is confirmed, or its doubt
    is `over`."""
    asked = _cancel([order for order in leg.orders if order.in_doubt and order.role is not Role.STOP])
    if first := leg.live(Role.ENTRY, Role.TARGET):
        asked += _cancel(first)
        if not over:
            return asked
    if not leg.open:
        may_be_held = bool(_unsettled(leg, Role.ENTRY))  # it may have filled, and nobody has been told so
        return asked + _cancel(_unsettled(leg, Role.EXIT) if may_be_held else _unsettled(leg, Role.STOP, Role.EXIT))
    if _unsettled(leg, Role.EXIT) or agreed < (1 if over else leg.open):
        return asked + _covered(leg, waited)
    stops, doubtful = _unsettled(leg, Role.STOP), any(order.in_doubt for order in leg.orders)
    if beside := halted or sum(order.came_to_nothing for order in leg.of(Role.EXIT)) >= STUBBORN:
        asked += _covered(leg, waited)
    else:
        asked += _cancel(stops)
        if (stops or doubtful) and not over:
            return asked
    if Role.EXIT in leg.put_off:
        return asked
    return [*asked, Duty(DutyKind.EXIT, leg.number, agreed, after_wait=over or beside)]


def _covered(leg: Leg, waited: Waited) -> list[Duty]:
    """A stop that works on stays; where there is none it is restored, after the grace."""
    bare = waited and not leg.live(Role.STOP) and Role.STOP not in leg.put_off
    return [Duty(DutyKind.COVER, leg.number, leg.open)] if bare else []


def _unsettled(leg: Leg, *roles: Role) -> list[TrackedOrder]:
    return [order for order in leg.orders if order.role in roles and (order.live or order.in_doubt)]


def _protect(leg: Leg) -> list[Duty]:
    """Stops for what is open: none may be missing, and none may be larger than what they cover.

    A pair of the wrong size is changed in place, one whose price is being changed after that (a change says all that the order is to be,
    so two at a time undo each other); where the venue will not have it that goes, and a new one comes when its end is confirmed.
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
    still = [order for order in pair if order.at_venue and order.resized is None and not order.requested]
    wrong = [order for order in still if order.leaves != leg.open]
    return [Duty(DutyKind.RESIZE, leg.number, order.filled + leg.open, order) for order in wrong]


def _cancel(orders: list[TrackedOrder]) -> list[Duty]:
    return [Duty(DutyKind.CANCEL, order.leg, order=order) for order in orders if not order.cancel_requested]
