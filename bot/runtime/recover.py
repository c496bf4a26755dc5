"""A trade as the journal tells it: the same state machine as the supervisor's, folded over records instead of events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bot.decision.intent import Intent
from bot.decision.outcome import Mark
from bot.decision.plan import ExitReason
from bot.journal.records import MARKED, FillRecord, OrderRecord
from bot.supervision.excursion import follow_price
from bot.supervision.orders import ORDER_NAME, OrderState, Role, TrackedOrder, order_name
from bot.supervision.trade import Fill, Leg, Trade
from bot.units import nearest_tick, to_ticks

BRACKET = (Role.ENTRY, Role.STOP, Role.TARGET)


class Story(NamedTuple):
    """An intent and what became of its orders, in the order it was written. `venue_ids` are the broker's names of accepted orders."""

    intent: Intent
    records: tuple[OrderRecord | FillRecord, ...]

    @property
    def venue_ids(self) -> dict[str, str]:
        """The broker's name of each order it has accepted, by ours."""
        accepted = [record for record in self.records if isinstance(record, OrderRecord) and record.venue_order_id]
        return {record.client_order_id: record.venue_order_id for record in accepted}

    @property
    def fill_names(self) -> dict[str, str]:
        """The client order id under which each fill was written, by the venue's name of the fill."""
        return {record.trade_id: record.client_order_id for record in self.records if isinstance(record, FillRecord)}


def begun(intent: Intent) -> Trade:
    """The trade of an intent before any of its orders is heard of."""
    legs = [Leg(number, leg.quantity, leg.stop, leg.target) for number, leg in enumerate(intent.plan.legs, start=1)]
    return Trade(intent, legs)


def recovered(story: Story) -> Trade:
    """The trade as its records leave it; orders of the bracket that no record speaks of may be anywhere (state NONE).

    Excursions and naked time are not in the records: they start anew. A closing is known by its closing order; one
    that had not come so far is decided anew.
    """
    trade = begun(story.intent)
    for leg in trade.legs:
        leg.orders.extend(_planned(story.intent, leg))
    for record in story.records:
        take(trade, record)
    for leg in trade.legs:
        for stop in leg.of(Role.STOP):
            if stop.state is OrderState.PENDING_UPDATE:
                trade.asked_before(leg, stop)
    return trade


def take(trade: Trade, record: OrderRecord | FillRecord) -> None:
    """Fold one record in. A fill is taken from its FILL record; the order event that goes with it says nothing more."""
    if isinstance(record, FillRecord):
        _fill(trade, record)
    elif record.event == MARKED:
        _mark(trade, record.cause)
    elif record.event != "OrderFilled":
        _event(trade, record)


def _mark(trade: Trade, said: str) -> None:
    """A mark that this version does not know keeps the trade out of rates, too. One that was held over a hole was about to be left."""
    trade.mark = Mark(said) if said in set(Mark) else Mark.HELD_OVER_GAP
    if trade.mark is Mark.HELD_OVER_GAP and trade.closing is None:
        trade.closing = ExitReason.SESSION


def _planned(intent: Intent, leg: Leg) -> Iterable[TrackedOrder]:
    side, slippage_ticks = intent.plan.side, intent.decided.slippage_ticks
    for role in BRACKET:
        price = {Role.ENTRY: intent.plan.limit, Role.STOP: leg.stop, Role.TARGET: leg.target}[role]
        name = order_name(intent.intent_id, leg.number, role)
        yield TrackedOrder(name, role, leg.number, side if role is Role.ENTRY else -side, leg.quantity, price, slippage_ticks)


def _event(trade: Trade, record: OrderRecord) -> None:
    order = trade.order(record.client_order_id) or _replacement(trade, record)
    leg = trade.legs[order.leg - 1]
    order.apply(record.event)
    order.quantity = record.quantity
    moved = _ticks(record.trigger)
    if record.event == "OrderUpdated" and order.role is Role.STOP and moved is not None and moved != order.price:
        trade.move_stop(leg, order, moved, record.cause)
    elif record.event == "OrderUpdated" and order.role is Role.TARGET:
        order.price = _ticks(record.price)
    trade.expired |= record.event == "OrderExpired" and order.role is Role.ENTRY


def _fill(trade: Trade, record: FillRecord) -> None:
    order = trade.order(record.client_order_id)
    assert order is not None, "a fill follows an event of its order"
    price = to_ticks(record.price)
    where = (order.role, order.leg, record.side, record.quantity, price)
    trade.fills.append(Fill(*where, record.fee_cents, record.ts_ns, record.slippage_ticks, record.trade_id))
    order.apply("OrderFilled", record.quantity)
    order.filled_ns = order.filled_ns or record.ts_ns
    if order.role is Role.ENTRY and not trade.opened_ns:
        trade.opened_ns = record.ts_ns
    follow_price(trade, price)


def _replacement(trade: Trade, record: OrderRecord) -> TrackedOrder:
    """An order that the supervisor made later: its name says the leg and the attempt."""
    found = ORDER_NAME.search(record.client_order_id)
    assert found is not None, "an order of ours is named by its intent, leg, role and attempt"
    leg = trade.legs[int(found["leg"]) - 1]
    leg.attempts = max(leg.attempts, int(found["attempt"] or 0))
    if record.role == Role.EXIT:  # the trade was being left, and goes on being left
        trade.closing = _reason(record.cause)
    price = _ticks(record.price if record.trigger is None else record.trigger)
    modelled = leg.orders[0].slippage_ticks  # what its own bar modelled is not in the records
    bought_back = leg.open < 0 and record.role == Role.EXIT  # what was closed twice
    side = trade.side if bought_back or record.role == Role.ENTRY else -trade.side
    order = TrackedOrder(record.client_order_id, Role(record.role), leg.number, side, record.quantity, price, modelled)
    leg.orders.append(order)
    return order


def _reason(cause: str) -> ExitReason:
    """Why a trade was being left; a reason that this version does not know is RECONCILED, like none: it goes on being left."""
    return ExitReason(cause) if cause in set(ExitReason) else ExitReason.RECONCILED


def _ticks(points: float | None) -> int | None:
    return None if points is None else nearest_tick(points)
