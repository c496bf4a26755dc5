"""A trade: the legs of one intent, what was filled of them, and what protects them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from bot.decision.intent import Intent
from bot.decision.outcome import Mark
from bot.decision.plan import OPERATOR, EntryPlan, ExitReason, TradeView
from bot.supervision.orders import Role, TrackedOrder


class Fill(NamedTuple):
    """One execution: price in ticks (may be fractional where a broker improves it), fee in cents, `trade_id` the venue's name of it."""

    role: Role
    leg: int
    side: int
    quantity: int
    price: float
    fee_cents: int
    ts_ns: int
    slippage_ticks: float
    trade_id: str = ""


@dataclass(slots=True)
class Leg:
    """One whole bracket: its orders by role (replacements appended) and the stop price in force (ticks).

    `put_off` are the roles of which nothing is sent for a while, because the last ones were refused.
    """

    number: int
    quantity: int
    stop: int
    target: int
    orders: list[TrackedOrder] = field(default_factory=list)
    attempts: int = 0
    put_off: set[Role] = field(default_factory=set)

    def of(self, role: Role) -> list[TrackedOrder]:
        """Orders of a role, oldest first."""
        return [order for order in self.orders if order.role is role]

    def live(self, *roles: Role) -> list[TrackedOrder]:
        """Orders of these roles that may still fill."""
        return [order for order in self.orders if order.role in roles and order.live]

    @property
    def entered(self) -> int:
        """Contracts bought or sold by the entry."""
        return sum(order.filled for order in self.orders if order.role is Role.ENTRY)

    @property
    def entry_side(self) -> int:
        """+1 if its entry buys, -1 if it sells; 0 before it has one."""
        return next((order.side for order in self.orders if order.role is Role.ENTRY), 0)

    @property
    def open(self) -> int:
        """Contracts still held; negative if the leg was closed twice."""
        return sum(order.filled * order.side for order in self.orders) * self.entry_side

    @property
    def protected(self) -> int:
        """Contracts covered by a stop that works at the venue."""
        return sum(order.quantity - order.filled for order in self.of(Role.STOP) if order.at_venue)


@dataclass(slots=True)
class Trade:
    """All that is known of one submitted intent; `told` says whether its outcome was.

    `changes` are the decisions that moved a stop, by the bar they were taken on (one of an earlier run by its cause and place), each
    with the stops it moved. Times are market time, UTC ns; `closing_since_ns` and `naked_*` are of the wall. `time_of_day` (name
    of a session phase) and `worst_case_cents` are what calendar and limits say of the intent.
    """

    intent: Intent
    legs: list[Leg]
    time_of_day: str = ""
    worst_case_cents: int = 0
    fills: list[Fill] = field(default_factory=list)
    opened_ns: int = 0
    closing: ExitReason | None = None
    mark: Mark | None = None
    closing_since_ns: int = 0
    changes: dict[int | str, set[str]] = field(default_factory=dict)
    causes: set[str] = field(default_factory=set)
    naked_since_ns: int = 0
    naked_ns: int = 0
    naked_reported: bool = False
    expired: bool = False
    entry_ended: bool = False
    announced: bool = False
    done: bool = False
    told: bool = False
    mae_ticks: int = 0
    mfe_ticks: int = 0

    @property
    def intent_id(self) -> str:
        """The intent's name, which is the trade's."""
        return self.intent.intent_id

    @property
    def plan(self) -> EntryPlan:
        """What was planned."""
        return self.intent.plan

    @property
    def is_drill(self) -> bool:
        """Whether it is a person's, and counts for nothing."""
        return self.plan.strategy == OPERATOR

    @property
    def unsettled(self) -> list[TrackedOrder]:
        """Orders that may still fill, those of which nobody knows included."""
        return [order for leg in self.legs for order in leg.orders if order.live or order.in_doubt]

    @property
    def side(self) -> int:
        """+1 long, -1 short."""
        return self.plan.side

    @property
    def net(self) -> int:
        """Signed contracts held."""
        return self.side * sum(leg.open for leg in self.legs)

    @property
    def entry_price(self) -> float:
        """Mean entry price in ticks; nan before the first fill."""
        entries = [fill for fill in self.fills if fill.role is Role.ENTRY]
        quantity = sum(fill.quantity for fill in entries)
        return sum(fill.price * fill.quantity for fill in entries) / quantity if quantity else float("nan")

    @property
    def entries_live(self) -> bool:
        """Whether any entry may still fill."""
        return any(leg.live(Role.ENTRY) for leg in self.legs)

    @property
    def entry_unwanted(self) -> bool:
        """Whether the trade's end, or that of an entry, was asked for."""
        return self.closing is not None or any(entry.let_go for leg in self.legs for entry in leg.of(Role.ENTRY))

    @property
    def stop_changes(self) -> int:
        """How many decisions have moved a stop, asked for or confirmed."""
        return len(self.changes)

    @property
    def over(self) -> bool:
        """Flat, and no entry can fill any more."""
        return self.net == 0 and not self.entries_live and not self.unknown

    @property
    def unknown(self) -> bool:
        """Whether an order may still fill whose state is not known."""
        return any(order.in_doubt for leg in self.legs for order in leg.orders)

    @property
    def first_target_hit(self) -> bool:
        """Whether one leg of several has reached its target while another is still open."""
        hit = any(order.filled for leg in self.legs for order in leg.of(Role.TARGET))
        return hit and self.net != 0

    def stop_orders(self) -> tuple[str, ...]:
        """Ids of the stops that cover the open legs."""
        return tuple(order.order_id for leg in self.legs if leg.open for order in leg.live(Role.STOP))

    def ask_stop(self, order: TrackedOrder, price: int, bar_ns: int, cause: str) -> None:
        """A decision of a bar asks for another `price` (ticks) of a stop. However many stops it moves, it counts once."""
        order.requested[price] = cause
        self.changes.setdefault(bar_ns, set()).add(order.order_id)

    def asked_before(self, leg: Leg, order: TrackedOrder) -> None:
        """An earlier run has asked for another price of a stop, and nobody has answered: that counts, once with the other legs' by the
        same decision."""
        ours = {each.order_id for each in leg.orders}
        of_others = [moved for moved in self.changes.values() if ours.isdisjoint(moved)]
        moved = of_others[-1] if of_others else self.changes.setdefault(f"{order.order_id} asked", set())
        moved.add(order.order_id)
        order.asked = True

    def move_stop(self, leg: Leg, order: TrackedOrder, price: int, cause: str) -> bool:
        """The venue has a stop at another `price` (ticks). One that this run did not ask for counts by its cause.

        False if somebody has moved it away from the market: that is not taken for ours; its price is known, and no more.
        """
        if order.price is not None and (price - order.price) * self.side < 0:
            order.price = price
            return False
        if price not in order.requested and not order.asked:
            before = {each.order_id for each in leg.orders}
            moves = sum(not before.isdisjoint(moved) for moved in self.changes.values())  # of this leg, by whatever cause
            self.changes.setdefault(f"{cause}#{moves}" if cause else f"{order.order_id}@{price}", set()).add(order.order_id)
        order.price = leg.stop = price
        order.change_answered(price)
        order.asked = False
        if cause:
            self.causes.add(cause)
        return True

    def order(self, order_id: str) -> TrackedOrder | None:
        """The tracked order of this id."""
        return next((order for leg in self.legs for order in leg.orders if order.order_id == order_id), None)

    def view(self) -> TradeView:
        """The trade as its strategy sees it."""
        open_legs = [leg for leg in self.legs if leg.open] or self.legs
        return TradeView(
            trade_id=self.intent_id,
            plan=self.plan,
            entry=self.entry_price,
            quantity_open=abs(self.net),
            stop=open_legs[0].stop,
            opened_ns=self.opened_ns,
            atr_at_entry=self.intent.decided.atr_ticks,
            stop_order_ids=self.stop_orders(),
            stop_changes=self.stop_changes,
            causes=frozenset(self.causes),
            first_target_hit=self.first_target_hit,
            closing=self.closing is not None,
        )
