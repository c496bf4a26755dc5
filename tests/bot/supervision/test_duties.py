"""What a leg's state demands, case by case: protect, cancel, leave; urgent or not."""

from __future__ import annotations

import pytest
from builders import an_intent

from bot.decision.plan import ExitReason
from bot.supervision.duties import duties
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S, E = OrderState, Role


def trade(*orders: tuple[Role, OrderState, int, int], closing: bool = False, quantity: int = 1) -> Trade:
    """One leg with these orders: (role, state, quantity, filled)."""
    leg = Leg(1, quantity, 992, 1016)
    leg.orders = [
        TrackedOrder(f"{role.value}{n}", role, 1, 1 if role is E.ENTRY else -1, size, None, 0, state, filled)
        for n, (role, state, size, filled) in enumerate(orders)
    ]
    made = Trade(an_intent(), [leg])
    made.closing = ExitReason.TIME if closing else None
    return made


def said(made: Trade, urgent: bool = False) -> list[tuple[str, str | int]]:
    return [(duty.kind.value, duty.order.order_id if duty.order else duty.quantity) for duty in duties(made, urgent)]


ENTERED = (E.ENTRY, S.FILLED, 1, 1)
STOP, TARGET = (E.STOP, S.WORKING, 1, 0), (E.TARGET, S.WORKING, 1, 0)


@pytest.mark.parametrize(
    ("made", "now", "when_urgent"),
    [
        (trade((E.ENTRY, S.WORKING, 1, 0), (E.STOP, S.SUBMITTED, 1, 0)), [], []),
        (trade(ENTERED, STOP, TARGET), [], []),
        (trade(ENTERED, (E.STOP, S.PENDING_UPDATE, 1, 0), TARGET), [], []),
        (trade(ENTERED, (E.STOP, S.SUBMITTED, 1, 0), TARGET), [], [("protect", 1)]),
        (trade(ENTERED, (E.STOP, S.NONE, 1, 0), TARGET), [], [("protect", 1)]),
        (trade(ENTERED, (E.STOP, S.CANCELED, 1, 0), (E.TARGET, S.CANCELED, 1, 0)), [("protect", 1)], [("protect", 1)]),
        (trade(ENTERED, (E.STOP, S.REJECTED, 1, 0), TARGET), [("protect", 1)], [("protect", 1)]),
        (trade(ENTERED, (E.STOP, S.REJECTED, 1, 0), (E.STOP, S.REJECTED, 1, 0)), [("exit", 1)], [("exit", 1)]),  # a failed repair flattens
        (trade(ENTERED, (E.STOP, S.REJECTED, 1, 0), (E.STOP, S.DENIED, 1, 0), TARGET), [("cancel", "TARGET3")], [("cancel", "TARGET3")]),
        (trade((E.ENTRY, S.CANCELED, 2, 1), (E.STOP, S.WORKING, 2, 0), TARGET), [("cancel", "TARGET2")], [("cancel", "TARGET2")]),
        (trade((E.ENTRY, S.CANCELED, 2, 1), (E.STOP, S.WORKING, 2, 0)), [("cancel", "STOP1")], [("cancel", "STOP1")]),
        (trade((E.ENTRY, S.PARTIALLY_FILLED, 2, 1), (E.STOP, S.WORKING, 2, 0)), [], []),  # still growing: more stop than position is right
        (trade((E.ENTRY, S.PARTIALLY_FILLED, 2, 1), (E.STOP, S.CANCELED, 2, 0)), [("protect", 1)], [("protect", 1)]),
        (trade((E.ENTRY, S.FILLED, 2, 2), (E.STOP, S.PARTIALLY_FILLED, 2, 1)), [("cancel", "STOP1")], [("cancel", "STOP1")]),
        (trade((E.ENTRY, S.FILLED, 2, 2), (E.STOP, S.CANCELED, 2, 1)), [("exit", 1)], [("exit", 1)]),  # it began to fill: the market
        (trade(ENTERED, (E.STOP, S.FILLED, 1, 1), TARGET), [], [("cancel", "TARGET2")]),  # flat: a leftover is an orphan after the grace
        (trade((E.ENTRY, S.EXPIRED, 1, 0), STOP, TARGET), [], [("cancel", "STOP1"), ("cancel", "TARGET2")]),
        (trade(ENTERED, (E.STOP, S.UNKNOWN, 1, 0)), [], []),  # nothing is done on a guess
        (trade(ENTERED, (E.STOP, S.FILLED, 1, 1), (E.TARGET, S.FILLED, 1, 1)), [("exit", -1)], [("exit", -1)]),  # closed twice
        (trade(ENTERED, (E.STOP, S.FILLED, 1, 1), (E.EXIT, S.FILLED, 1, 1), TARGET), [("cancel", "TARGET3")], [("cancel", "TARGET3")]),
    ],
)  # fmt: skip
def test_what_a_leg_demands(made, now, when_urgent):
    assert (said(made), said(made, urgent=True)) == (now, when_urgent)


@pytest.mark.parametrize(
    ("orders", "demands"),
    [
        ([(E.ENTRY, S.PARTIALLY_FILLED, 2, 1), STOP, TARGET], [("cancel", "ENTRY0"), ("cancel", "TARGET2")]),
        ([ENTERED, STOP, TARGET], [("cancel", "TARGET2")]),
        ([ENTERED, STOP, (E.TARGET, S.PENDING_CANCEL, 1, 0)], [("cancel", "TARGET2")]),
        ([ENTERED, STOP, (E.TARGET, S.CANCELED, 1, 0)], [("cancel", "STOP1")]),
        ([ENTERED, (E.STOP, S.CANCELED, 1, 0)], [("exit", 1)]),
        ([ENTERED, (E.STOP, S.CANCELED, 1, 0), (E.EXIT, S.SUBMITTED, 1, 0)], []),
        ([ENTERED, (E.STOP, S.CANCELED, 1, 0), (E.EXIT, S.NONE, 1, 0)], []),  # it has left
        ([ENTERED, (E.STOP, S.CANCELED, 1, 0), (E.EXIT, S.REJECTED, 1, 0)], [("exit", 1)]),
        ([ENTERED, (E.STOP, S.CANCELED, 1, 0), (E.EXIT, S.FILLED, 1, 1)], []),
        ([ENTERED, (E.STOP, S.FILLED, 1, 1)], []),
        (
            [ENTERED, (E.STOP, S.UNKNOWN, 1, 0), TARGET],
            [("cancel", "STOP1"), ("cancel", "TARGET2")],
        ),  # a kill does not wait for the unknown
        ([ENTERED, (E.STOP, S.UNKNOWN, 1, 0)], [("cancel", "STOP1"), ("exit", 1)]),
        ([ENTERED, (E.STOP, S.UNKNOWN, 1, 1), TARGET], [("cancel", "STOP1"), ("cancel", "TARGET2")]),
    ],
)
def test_leaving_cancels_entries_and_targets_first_the_stop_last_and_then_sends_the_closing_order(orders, demands):
    assert said(trade(*orders, closing=True)) == demands


@pytest.mark.parametrize("state", [S.NONE, S.SUBMITTED])
def test_while_nobody_confirms_the_closing_order_its_stop_is_restored_and_stays(state):
    cancelled, closing = (E.STOP, S.CANCELED, 1, 0), (E.EXIT, state, 1, 0)
    bare = trade(ENTERED, cancelled, closing, closing=True)
    assert (said(bare), said(bare, urgent=True)) == ([], [("cover", 1)])
    covered = trade(ENTERED, cancelled, closing, STOP, closing=True)
    assert (said(covered), said(covered, urgent=True)) == ([], [])
    refused = trade(ENTERED, cancelled, (E.EXIT, S.REJECTED, 1, 0), STOP, closing=True)
    assert said(refused) == [("cancel", "STOP3")]
    known = trade(ENTERED, cancelled, (E.EXIT, S.WORKING, 1, 0), STOP, closing=True)
    assert said(known) == [("cancel", "STOP3")]
    gone = trade(ENTERED, cancelled, (E.EXIT, S.FILLED, 1, 1), STOP, closing=True)
    assert said(gone) == [("cancel", "STOP3")]


def test_each_step_of_leaving_is_asked_for_once():
    made = trade(ENTERED, STOP, TARGET, closing=True)
    made.legs[0].orders[2].cancel_requested = True
    assert said(made) == []


def test_a_closing_order_refused_twice_is_sent_again_only_by_the_timers():
    refused = (E.EXIT, S.REJECTED, 1, 0)
    made = trade(ENTERED, (E.STOP, S.CANCELED, 1, 0), refused, refused, closing=True)
    assert (said(made), said(made, urgent=True)) == ([], [("exit", 1)])


def test_legs_are_looked_after_one_by_one():
    made = trade(ENTERED, STOP, TARGET)
    second = Leg(2, 1, 992, 1024)
    second.orders = [TrackedOrder("second", E.ENTRY, 2, 1, 1, None, 0, S.FILLED, 1)]
    made.legs.append(second)
    assert [(duty.kind.value, duty.leg) for duty in duties(made)] == [("protect", 2)]
    assert made.net == 2
