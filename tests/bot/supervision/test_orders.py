"""The table of order states: total over Nautilus' events, quiet about what is late or told twice, UNKNOWN on a contradiction."""

from __future__ import annotations

import pytest
from nautilus_trader.model import events

from bot.supervision.orders import (
    AT_VENUE,
    BACK,
    ENDED,
    EVENTS,
    LIVE,
    TABLE,
    OrderState,
    Role,
    TrackedOrder,
    named_role,
    pair_of,
    twin_name,
)

S = OrderState


def order(state: OrderState = S.NONE, quantity: int = 2, filled: int = 0) -> TrackedOrder:
    return TrackedOrder("O-1", Role.ENTRY, 1, 1, quantity, 1000, state=state, filled=filled)


def after(*told: str | tuple[str, int], start: OrderState = S.NONE, quantity: int = 2) -> TrackedOrder:
    tracked = order(start, quantity)
    for event in told:
        tracked.apply(*(event if isinstance(event, tuple) else (event,)))
    return tracked


def test_the_table_knows_every_order_event_of_nautilus_and_no_other():
    theirs = {name for name in dir(events) if name.startswith("Order") and name != "OrderEvent"}
    assert set(EVENTS) == theirs
    assert len(EVENTS) == len(theirs)


def test_the_table_has_a_cell_for_every_state_and_event():
    assert set(TABLE) == {(state, event) for state in S for event in EVENTS}
    assert all(cell is None or cell == BACK or cell in set(S) for cell in TABLE.values())


def test_every_state_is_live_ended_or_unknown():
    assert set(S) == LIVE | ENDED | {S.UNKNOWN}
    assert AT_VENUE | {S.NONE, S.SUBMITTED} == LIVE  # what has left and was not answered may fill, but protects nobody yet
    assert not LIVE & ENDED


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", list(S))
def test_any_event_in_any_state_leads_to_a_state(state, event):
    tracked = order(state, filled=2 if state is S.FILLED else 0)
    tracked.before_request = S.WORKING
    tracked.apply(event, 1 if event == "OrderFilled" else 0)
    assert isinstance(tracked.state, OrderState)


@pytest.mark.parametrize("event", [event for event in EVENTS if event != "OrderFilled"])
@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_ended_order_stays_ended_whatever_is_told_late_or_twice(state, event):
    assert after(event, start=state).state is state


@pytest.mark.parametrize("state", [S.REJECTED, S.DENIED])
def test_a_fill_of_a_refused_order_contradicts_the_broker(state):
    assert after(("OrderFilled", 1), start=state).state is S.UNKNOWN


@pytest.mark.parametrize("state", [S.CANCELED, S.EXPIRED])
def test_a_late_fill_of_a_cancelled_order_counts_and_contradicts_nothing(state):
    tracked = after(("OrderFilled", 1), start=state)
    assert (tracked.state, tracked.filled, tracked.leaves) == (state, 1, 0)


def test_more_filled_than_ordered_contradicts_the_broker():
    assert after("OrderSubmitted", "OrderAccepted", ("OrderFilled", 2), ("OrderFilled", 1)).state is S.UNKNOWN
    assert after("OrderSubmitted", "OrderAccepted", ("OrderFilled", 3)).state is S.UNKNOWN
    assert after("OrderSubmitted", "OrderAccepted", ("OrderFilled", 1), "OrderCanceled", ("OrderFilled", 2)).state is S.UNKNOWN


@pytest.mark.parametrize(
    ("told", "state", "filled"),
    [
        ([], S.NONE, 0),
        (["OrderInitialized"], S.NONE, 0),
        (["OrderInitialized", "OrderDenied"], S.DENIED, 0),
        (["OrderSubmitted"], S.SUBMITTED, 0),
        (["OrderSubmitted", "OrderRejected"], S.REJECTED, 0),
        (["OrderSubmitted", "OrderAccepted"], S.WORKING, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderAccepted"], S.WORKING, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderSubmitted"], S.WORKING, 0),  # late
        (["OrderSubmitted", ("OrderFilled", 1), "OrderAccepted"], S.PARTIALLY_FILLED, 1),  # late
        (["OrderSubmitted", "OrderAccepted", "OrderTriggered"], S.TRIGGERED, 0),
        (["OrderSubmitted", "OrderAccepted", ("OrderFilled", 1)], S.PARTIALLY_FILLED, 1),
        (["OrderSubmitted", "OrderAccepted", ("OrderFilled", 1), ("OrderFilled", 1)], S.FILLED, 2),
        (["OrderSubmitted", ("OrderFilled", 2)], S.FILLED, 2),  # a market order is never accepted
        (["OrderSubmitted", "OrderAccepted", ("OrderFilled", 1), "OrderCanceled"], S.CANCELED, 1),
        (["OrderSubmitted", "OrderAccepted", "OrderExpired"], S.EXPIRED, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderPendingUpdate"], S.PENDING_UPDATE, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderPendingUpdate", "OrderUpdated"], S.WORKING, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderPendingUpdate", "OrderModifyRejected"], S.WORKING, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderTriggered", "OrderPendingCancel", "OrderCancelRejected"], S.TRIGGERED, 0),
        (["OrderSubmitted", "OrderAccepted", ("OrderFilled", 1), "OrderPendingCancel", "OrderCancelRejected"], S.PARTIALLY_FILLED, 1),
        (["OrderSubmitted", "OrderAccepted", "OrderPendingUpdate", "OrderPendingCancel", "OrderCancelRejected"], S.WORKING, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderPendingCancel", "OrderCanceled"], S.CANCELED, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderUpdated"], S.WORKING, 0),
        (["OrderSubmitted", "OrderAccepted", "OrderCancelRejected"], S.WORKING, 0),
        (["OrderSubmitted", "OrderDenied"], S.SUBMITTED, 0),  # of what has left, Nautilus' word against a copy says nothing
        (["OrderSubmitted", "OrderAccepted", "OrderDenied"], S.WORKING, 0),
        (["OrderSubmitted", "OrderEmulated"], S.UNKNOWN, 0),  # we never emulate
        (["OrderSubmitted", "OrderReleased"], S.UNKNOWN, 0),
    ],
)
def test_the_life_of_an_order(told, state, filled):
    tracked = after(*told)
    assert (tracked.state, tracked.filled) == (state, filled)


def test_a_rejected_cancel_may_be_asked_for_again():
    tracked = after("OrderSubmitted", "OrderAccepted")
    tracked.cancel_requested = True
    tracked.apply("OrderPendingCancel")
    assert (tracked.live, tracked.cancel_requested) == (True, True)
    tracked.apply("OrderCancelRejected")
    assert (tracked.state, tracked.cancel_requested) == (S.WORKING, False)


def test_an_event_that_nautilus_does_not_have_raises():
    with pytest.raises(KeyError):
        order().apply("OrderTeleported")


@pytest.mark.parametrize(("state", "leaves"), [(S.WORKING, 1), (S.PENDING_CANCEL, 1), (S.CANCELED, 0), (S.UNKNOWN, 0), (S.NONE, 1)])
def test_only_a_live_order_may_still_fill(state, leaves):
    assert order(state, filled=1).leaves == leaves


@pytest.mark.parametrize("asked", ["OrderPendingCancel", "OrderPendingUpdate"])
def test_a_stop_covers_once_the_broker_says_that_it_works_and_until_it_reports_its_end(asked):
    tracked = after("OrderSubmitted", asked)
    assert not tracked.at_venue  # asked for before it arrived
    told = {}
    for event in ("OrderAccepted", "OrderSubmitted", asked, "OrderModifyRejected", "OrderCancelRejected", "OrderTriggered", asked):
        tracked.apply(event)
        told[event] = tracked.at_venue
    assert all(told.values()), told
    tracked.apply("OrderCanceled")
    assert not tracked.at_venue


def test_an_acceptance_says_nothing_new_of_an_order_that_works():
    assert after("OrderSubmitted", "OrderAccepted", "OrderTriggered", "OrderPendingCancel", "OrderAccepted").before_request is S.TRIGGERED
    assert after("OrderSubmitted", "OrderAccepted").before_request is S.NONE


@pytest.mark.parametrize(("state", "filled", "nothing"), [(S.REJECTED, 0, True), (S.CANCELED, 1, False), (S.WORKING, 0, False)])
def test_what_has_ended_without_a_fill_came_to_nothing(state, filled, nothing):
    assert order(state, filled=filled).came_to_nothing is nothing


def test_what_was_asked_to_end_once_is_unwanted_also_when_the_venue_has_refused_that():
    tracked = TrackedOrder("O", Role.ENTRY, 1, 1, 1)
    assert not tracked.let_go
    tracked.ask_end(7)
    assert (tracked.cancel_requested, tracked.unwanted, tracked.cancel_asked_ns, tracked.let_go) == (True, True, 7, True)
    tracked.apply("OrderCancelRejected")
    assert (tracked.cancel_requested, tracked.let_go) == (False, True)
    adopted = TrackedOrder("O", Role.STOP, 1, -1, 1, cancel_requested=True)
    assert (adopted.unwanted, adopted.let_go) == (False, True)


def test_a_twin_has_the_role_of_what_it_doubles_and_no_pair():
    stop, target, twin = "20250916-K4-1032-1S2", "20250916-K4-1032-1T2", twin_name("20250916-K4-1032-1S2", 250916007)
    assert named_role(twin) is Role.STOP and pair_of(stop) == pair_of(target) != pair_of(twin)
