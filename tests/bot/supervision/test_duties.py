"""What a leg's state demands, case by case: protect, cancel, leave; urgent or not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import an_intent

from bot.decision.plan import ExitReason
from bot.supervision.duties import Duty, Waited, duties
from bot.supervision.leaving import why_leave
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S, E = OrderState, Role


def trade(*orders: tuple, closing: bool = False, quantity: int = 1) -> Trade:
    """One leg with these orders: (role, state, quantity, filled), and what it was before a request (WORKING)."""
    leg = Leg(1, quantity, 992, 1016)
    leg.orders = [
        TrackedOrder(f"{role.value}{n}", role, 1, 1 if role is E.ENTRY else -1, size, None, 0, state, filled, before_request=before)
        for n, (role, state, size, filled, before) in enumerate((*order, S.WORKING)[:5] for order in orders)
    ]
    made = Trade(an_intent(), [leg])
    made.closing = ExitReason.TIME if closing else None
    return made


def demanded(made: Trade, waited: Waited = Waited.NOT, missing: int | None = 0, **market: bool) -> list[Duty]:
    """What a trade demands, left if it may not be held on."""
    return duties(replace(made, closing=made.closing or why_leave(made, waited)), waited, missing, **market)


def said(made: Trade, waited: Waited = Waited.NOT, missing: int | None = 0, **market: bool) -> list[tuple[str, str | int]]:
    return [(duty.kind.value, duty.order.order_id if duty.order else duty.quantity) for duty in demanded(made, waited, missing, **market)]


ENTERED = (E.ENTRY, S.FILLED, 1, 1)
STOP, TARGET = (E.STOP, S.WORKING, 1, 0), (E.TARGET, S.WORKING, 1, 0)


DOUBT = [("cancel", "TARGET2")]  # the pair is silent: the market is what is left


@pytest.mark.parametrize(
    ("made", "now", "after_grace", "after_doubt"),
    [
        (trade((E.ENTRY, S.WORKING, 1, 0), (E.STOP, S.SUBMITTED, 1, 0)), [], [], []),
        (trade(ENTERED, STOP, TARGET), [], [], []),
        (trade(ENTERED, (E.STOP, S.PENDING_UPDATE, 1, 0), TARGET), [], [], []),
        # a stop that nobody has confirmed is asked about, and not doubled; then the position is left
        (trade(ENTERED, (E.STOP, S.SUBMITTED, 1, 0), TARGET), [], [], [("cancel", "TARGET2"), ("cancel", "STOP1"), ("exit", 1)]),
        (trade(ENTERED, (E.STOP, S.NONE, 1, 0), TARGET), [], [], [("cancel", "TARGET2"), ("cancel", "STOP1"), ("exit", 1)]),
        # nor one that somebody asked to end before it arrived
        (trade(ENTERED, (E.STOP, S.PENDING_CANCEL, 1, 0, S.SUBMITTED), TARGET), [], [],
         [("cancel", "TARGET2"), ("cancel", "STOP1"), ("exit", 1)]),
        (trade(ENTERED, (E.STOP, S.CANCELED, 1, 0), (E.TARGET, S.CANCELED, 1, 0)), *[[("protect", 1)]] * 3),
        # a target that outlived its stop goes first, for the new pair would close twice with it
        (trade(ENTERED, (E.STOP, S.REJECTED, 1, 0), TARGET), DOUBT, DOUBT, [("cancel", "TARGET2"), ("exit", 1)]),
        (trade(ENTERED, (E.STOP, S.REJECTED, 1, 0), (E.STOP, S.REJECTED, 1, 0)), *[[("exit", 1)]] * 3),  # a failed repair flattens
        (trade(ENTERED, (E.STOP, S.REJECTED, 1, 0), (E.STOP, S.DENIED, 1, 0), TARGET), *[[("cancel", "TARGET3")]] * 2,
         [("cancel", "TARGET3"), ("exit", 1)]),
        # the wrong size is changed in place, both orders
        (trade((E.ENTRY, S.CANCELED, 2, 1), (E.STOP, S.WORKING, 2, 0), (E.TARGET, S.WORKING, 2, 0)),
         *[[("resize", "STOP1"), ("resize", "TARGET2")]] * 3),
        (trade((E.ENTRY, S.CANCELED, 2, 1), (E.STOP, S.WORKING, 2, 0)), *[[("resize", "STOP1")]] * 3),
        (trade((E.ENTRY, S.PARTIALLY_FILLED, 2, 1), (E.STOP, S.WORKING, 2, 0)), [], [], []),  # growing: more stop than position is right
        # an entry does not work on without its stop: what it has bought is left
        (trade((E.ENTRY, S.PARTIALLY_FILLED, 2, 1), (E.STOP, S.CANCELED, 2, 0)),
         *[[("cancel", "ENTRY0")]] * 2, [("cancel", "ENTRY0"), ("exit", 1)]),
        (trade((E.ENTRY, S.FILLED, 2, 2), (E.STOP, S.PARTIALLY_FILLED, 2, 1)),
         *[[("cancel", "STOP1")]] * 2, [("cancel", "STOP1"), ("exit", 1)]),
        (trade((E.ENTRY, S.FILLED, 2, 2), (E.STOP, S.CANCELED, 2, 1)), *[[("exit", 1)]] * 3),  # it began to fill: the market
        (trade(ENTERED, (E.STOP, S.FILLED, 1, 1), TARGET), [], *[[("cancel", "TARGET2")]] * 2),  # an orphan, after the grace
        (trade((E.ENTRY, S.EXPIRED, 1, 0), STOP, TARGET), [], *[[("cancel", "STOP1"), ("cancel", "TARGET2")]] * 2),
        (trade(ENTERED, (E.STOP, S.CANCELED, 1, 0), (E.EXIT, S.SUBMITTED, 1, 0)), [], [], []),  # it leaves already
        (trade(ENTERED, (E.STOP, S.UNKNOWN, 1, 0)), [], [], []),  # nothing is done on a guess
        (trade(ENTERED, (E.STOP, S.FILLED, 1, 1), (E.TARGET, S.FILLED, 1, 1)), *[[("buy back", 1)]] * 3),  # closed twice
        (trade(ENTERED, (E.STOP, S.FILLED, 1, 1), (E.EXIT, S.FILLED, 1, 1), TARGET), *[[("cancel", "TARGET3"), ("buy back", 1)]] * 3),
    ],
)  # fmt: skip
def test_what_a_leg_demands(made, now, after_grace, after_doubt):
    assert (said(made), said(made, Waited.GRACE), said(made, Waited.DOUBT)) == (now, after_grace, after_doubt)


def test_a_change_of_size_is_asked_for_once_and_where_it_is_refused_the_pair_is_replaced():
    made = trade((E.ENTRY, S.CANCELED, 2, 1), (E.STOP, S.WORKING, 2, 0), (E.TARGET, S.WORKING, 2, 0))
    stop, target = made.legs[0].orders[1:]
    stop.resized = target.resized = 1
    assert said(made) == []
    stop.resized, stop.resize_refused = None, True
    assert said(made) == [("cancel", "STOP1"), ("cancel", "TARGET2")]
    stop.state = target.state = S.CANCELED
    assert said(made) == [("protect", 1)]


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
            [("cancel", "TARGET2")],
        ),  # the stop goes last, known or not
        ([ENTERED, (E.STOP, S.UNKNOWN, 1, 0)], [("cancel", "STOP1")]),  # unknown is not gone
        ([ENTERED, (E.STOP, S.UNKNOWN, 1, 1), TARGET], [("cancel", "TARGET2")]),
    ],
)
def test_leaving_cancels_entries_and_targets_first_the_stop_last_and_then_sends_the_closing_order(orders, demands):
    assert said(trade(*orders, closing=True)) == demands


@pytest.mark.parametrize("state", [S.NONE, S.SUBMITTED, S.WORKING, S.TRIGGERED, S.PENDING_UPDATE, S.PENDING_CANCEL])
def test_while_the_closing_order_does_not_fill_its_stop_is_restored_and_stays(state):
    cancelled, closing = (E.STOP, S.CANCELED, 1, 0), (E.EXIT, state, 1, 0)
    bare = trade(ENTERED, cancelled, closing, closing=True)
    assert (said(bare), said(bare, Waited.GRACE)) == ([], [("cover", 1)])
    covered = trade(ENTERED, cancelled, closing, STOP, closing=True)
    assert (said(covered), said(covered, Waited.GRACE)) == ([], [])
    refused = trade(ENTERED, cancelled, (E.EXIT, S.REJECTED, 1, 0), STOP, closing=True)
    assert said(refused) == [("cancel", "STOP3")]  # once
    assert said(covered, Waited.DOUBT) == []
    gone = trade(ENTERED, cancelled, (E.EXIT, S.FILLED, 1, 1), STOP, closing=True)
    assert said(gone) == [("cancel", "STOP3")]


@pytest.mark.parametrize("state", [S.UNKNOWN, S.PENDING_CANCEL])
def test_what_does_not_answer_is_waited_for_and_then_the_exit_leaves_all_the_same(state):
    made = trade(ENTERED, (E.STOP, state, 1, 0), closing=True)
    made.legs[0].orders[1].cancel_requested = True
    assert (said(made), said(made, Waited.GRACE), said(made, Waited.DOUBT)) == ([], [], [("exit", 1)])
    assert [duty.after_wait for duty in duties(made, Waited.DOUBT)] == [True]


def test_where_the_exchange_may_have_halted_the_closing_order_leaves_beside_the_stop_which_stays_until_it_has_filled():
    held = trade(ENTERED, STOP, (E.TARGET, S.CANCELED, 1, 0), closing=True)
    assert (said(held), said(held, halted=True)) == ([("cancel", "STOP1")], [("exit", 1)])
    assert [duty.after_wait for duty in demanded(held, halted=True)] == [True]
    assert said(trade(ENTERED, STOP, TARGET, closing=True), halted=True) == [("cancel", "TARGET2")]  # it could close twice
    leaves = trade(ENTERED, STOP, (E.EXIT, S.WORKING, 1, 0), closing=True)
    assert [said(leaves, waited, halted=halted) for waited in Waited for halted in (True, False)] == [[]] * 6
    refused = trade(ENTERED, STOP, (E.EXIT, S.REJECTED, 1, 0), closing=True)
    assert said(refused, halted=True) == [("exit", 1)]
    refused.legs[0].put_off.add(E.EXIT)
    assert said(refused, halted=True) == []
    bare = trade(ENTERED, (E.STOP, S.CANCELED, 1, 0), closing=True)
    assert [said(bare, waited, halted=True) for waited in (Waited.NOT, Waited.GRACE)] == [[("exit", 1)], [("cover", 1), ("exit", 1)]]
    unheld = trade(ENTERED, STOP, (E.TARGET, S.CANCELED, 1, 0), closing=True)
    assert [said(unheld, Waited.DOUBT, missing, halted=True) for missing in (1, None)] == [[], []]
    assert said(trade(ENTERED, STOP, TARGET), halted=True) == []  # nobody leaves


@pytest.mark.parametrize("waited", list(Waited))
def test_an_entry_whose_end_was_asked_for_once_is_asked_again_as_soon_as_it_works(waited):
    made = trade((E.ENTRY, S.SUBMITTED, 1, 0), STOP, TARGET)
    entry = made.legs[0].orders[0]
    entry.unwanted = True
    before = [said(made, waited) for entry.state in (S.NONE, S.SUBMITTED)]
    works = [said(made, waited) for entry.state in (S.WORKING, S.TRIGGERED, S.PENDING_CANCEL)]
    assert (before, works) == ([[], []], [[("cancel", "ENTRY0")]] * 3)
    entry.cancel_requested = True
    assert said(made, waited) == []
    entry.state, entry.cancel_requested = S.PARTIALLY_FILLED, False
    entry.quantity, entry.filled = 2, 1
    assert said(made, waited)[0] == ("cancel", "ENTRY0")
    made.closing = ExitReason.TIME
    assert said(made, waited).count(("cancel", "ENTRY0")) == 1


def test_each_step_of_leaving_is_asked_for_once():
    made = trade(ENTERED, STOP, TARGET, closing=True)
    made.legs[0].orders[2].cancel_requested = True
    assert said(made) == []


def test_a_closing_order_refused_twice_waits_for_its_turn_and_a_stop_is_restored_meanwhile():
    refused = (E.EXIT, S.REJECTED, 1, 0)
    made = trade(ENTERED, (E.STOP, S.CANCELED, 1, 0), refused, refused, closing=True)
    made.legs[0].put_off.add(E.EXIT)
    assert (said(made), said(made, Waited.GRACE)) == ([], [("cover", 1)])
    made.legs[0].put_off.clear()
    assert (said(made), said(made, Waited.GRACE)) == ([("exit", 1)], [("cover", 1), ("exit", 1)])


def test_legs_are_looked_after_one_by_one():
    made = trade(ENTERED, STOP, TARGET)
    second = Leg(2, 1, 992, 1024)
    second.orders = [TrackedOrder("second", E.ENTRY, 2, 1, 1, None, 0, S.FILLED, 1)]
    made.legs.append(second)
    assert [(duty.kind.value, duty.leg) for duty in duties(made)] == [("protect", 2)]
    assert made.net == 2
