"""When a trade has to be left that nobody asked to leave, and for which reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import an_intent, k4_plan

from bot.decision.plan import ExitReason
from bot.supervision.duties import Waited
from bot.supervision.leaving import why_leave
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S, R = OrderState, Role
RECONCILED, STOP = ExitReason.RECONCILED, ExitReason.STOP
REFUSED = [S.REJECTED, S.DENIED]
WORKS = [S.SUBMITTED, S.WORKING, S.TRIGGERED, S.PARTIALLY_FILLED, S.PENDING_UPDATE, S.PENDING_CANCEL]


def order(role: Role, state: OrderState = S.WORKING, filled: int = 0, quantity: int = 1, asked: bool = False) -> TrackedOrder:
    side = 1 if role is R.ENTRY else -1
    return TrackedOrder(f"{role}{state}", role, 1, side, quantity, state=state, filled=filled, cancel_requested=asked, before_request=state)


def leg(*orders: TrackedOrder, number: int = 1) -> Leg:
    return Leg(number, 1, 992, 1016, list(orders))


def why(*legs: Leg, **trade: object) -> list[ExitReason | None]:
    """The reason at once, after the grace and after the doubt."""
    made = replace(Trade(an_intent(k4_plan()), list(legs)), **trade)
    return [why_leave(made, waited) for waited in Waited]


def entering(state: OrderState = S.WORKING, asked: bool = False) -> TrackedOrder:
    return order(R.ENTRY, state, asked=asked)


def entered(quantity: int = 1) -> TrackedOrder:
    return order(R.ENTRY, S.FILLED, quantity, quantity)


def whole(number: int = 1) -> Leg:
    return leg(entering(), order(R.STOP), order(R.TARGET), number=number)


def held(number: int = 1) -> Leg:
    return leg(entered(), order(R.STOP), order(R.TARGET), number=number)


def test_a_whole_bracket_is_not_left():
    assert why(whole(), held(2)) == why(held()) == why(leg(entering(), order(R.STOP))) == [None] * 3
    assert why_leave(Trade(an_intent(), [whole()])) is None


# ------------------------------------------------------------------ half a bracket


@pytest.mark.parametrize("state", [*REFUSED, S.CANCELED])
@pytest.mark.parametrize("role", [R.STOP, R.TARGET])
@pytest.mark.parametrize("works", WORKS)
def test_an_entry_does_not_work_on_without_its_stop_or_its_target(works, role, state):
    other = R.TARGET if role is R.STOP else R.STOP
    assert why(leg(entering(works), order(role, state), order(other))) == [RECONCILED] * 3


@pytest.mark.parametrize("state", REFUSED)
def test_that_a_refused_child_was_asked_to_end_makes_it_no_better(state):
    assert why(leg(entering(), order(R.STOP, state, asked=True)))[0] is RECONCILED


@pytest.mark.parametrize("role", [R.STOP, R.TARGET])
def test_a_child_that_we_ended_or_whose_time_is_over_or_that_has_another_in_its_place_is_no_reason(role):
    assert why(leg(entering(), order(role, S.CANCELED, asked=True))) == [None] * 3
    assert why(leg(entering(), order(role, S.EXPIRED))) == [None] * 3
    assert why(leg(entering(), order(role, S.REJECTED), order(role))) == [None] * 3
    let_go = order(role, S.CANCELED)
    let_go.unwanted = True  # asked for before, and not just now
    assert why(leg(entering(), let_go)) == [None] * 3


def test_an_entry_that_was_let_go_before_needs_neither_stop_nor_target():
    working = entering()
    working.unwanted = True
    assert why(leg(working, order(R.STOP, S.CANCELED))) == [None] * 3


def test_a_child_that_did_its_work_is_no_reason():
    assert why(leg(entering(), order(R.TARGET, S.FILLED, 1))) == [None] * 3
    assert why(leg(entering(), order(R.TARGET, S.CANCELED, 1, 2))) == [None] * 3


def test_an_entry_that_has_not_left_that_ends_already_or_whose_time_is_over_is_not_ended_again():
    stop = order(R.STOP, S.REJECTED)
    assert why(leg(entering(S.NONE), stop)) == why(leg(entering(asked=True), stop)) == [None] * 3
    assert why(leg(entering(S.EXPIRED), stop)) == [None] * 3
    assert why(leg(entering(), stop), expired=True) == [None] * 3


def test_one_broken_leg_of_two_is_enough():
    assert why(held(), leg(entering(), order(R.STOP, S.REJECTED), number=2))[0] is RECONCILED


# ------------------------------------------------------------------ half a trade


@pytest.mark.parametrize("state", [*REFUSED, S.CANCELED])
@pytest.mark.parametrize("other", [whole, held])
def test_the_refusal_of_one_leg_takes_the_other_along_held_or_not(other, state):
    assert why(leg(entering(state)), other(2)) == [RECONCILED] * 3
    assert why(other(1), leg(entering(state), number=2)) == [RECONCILED] * 3


def test_a_leg_that_we_ended_or_whose_time_is_over_takes_nothing_along():
    assert why(leg(entering(S.CANCELED, asked=True)), held(2)) == [None] * 3
    assert why(leg(entering(S.EXPIRED)), held(2)) == [None] * 3
    assert why(leg(entering(S.CANCELED)), held(2), expired=True) == [None] * 3


def test_an_entry_that_filled_in_part_is_half_of_nothing():
    assert why(leg(order(R.ENTRY, S.CANCELED, 1, 2), order(R.STOP)), held(2)) == [None] * 3


def test_where_no_other_leg_is_held_or_entering_there_is_nothing_to_leave():
    refused = leg(entering(S.REJECTED))
    closed = leg(entered(), order(R.TARGET, S.FILLED, 1), number=2)
    assert why(refused) == why(refused, closed) == why(refused, leg(entering(S.EXPIRED), number=2)) == [None] * 3


# ------------------------------------------------------------------ beyond repair


def test_a_stop_that_began_to_fill_leaves_the_rest_to_the_market():
    began = leg(entered(2), order(R.STOP, S.PARTIALLY_FILLED, 1, 2), order(R.TARGET, quantity=2))
    assert why(began) == why(whole(2), began) == [STOP] * 3
    assert why(leg(entered(), order(R.STOP, S.FILLED, 1))) == [None] * 3
    assert why(leg(entered(2), order(R.STOP, S.CANCELED, 0, 2), order(R.STOP, S.PARTIALLY_FILLED, 1, 2))) == [STOP] * 3


@pytest.mark.parametrize("again", [*REFUSED, S.CANCELED, S.EXPIRED])
@pytest.mark.parametrize("first", [*REFUSED, S.CANCELED, S.EXPIRED])
def test_a_replacement_that_was_taken_away_as_well_is_the_last(first, again):
    once, repaired = leg(entered(), order(R.STOP, first)), leg(entered(), order(R.STOP, first), order(R.STOP))
    assert why(once) == why(repaired) == [None] * 3
    twice = leg(entered(), order(R.STOP, first), order(R.STOP, again))
    assert why(twice) == why(held(2), twice) == [RECONCILED] * 3
    assert why(leg(entered(), order(R.STOP, first), order(R.STOP, S.CANCELED, asked=True))) == [None] * 3
    if first in REFUSED:
        assert why(leg(entered(), order(R.STOP, first, asked=True), order(R.STOP, again))) == [RECONCILED] * 3


def test_its_time_being_over_does_not_repair_a_position():
    assert why(leg(entered(), *[order(R.STOP, S.REJECTED)] * 2), expired=True)[0] is RECONCILED


@pytest.mark.parametrize("state", [S.NONE, S.SUBMITTED])
def test_a_pair_that_does_not_answer_is_left_when_its_doubt_is_over(state):
    assert why(leg(entered(), order(R.STOP, state), order(R.TARGET, state))) == [None, None, RECONCILED]
    assert why(leg(entered(), order(R.STOP, S.CANCELED), order(R.TARGET))) == [None, None, RECONCILED]
    assert why(leg(entered(), order(R.STOP, S.CANCELED))) == [None] * 3  # nothing is on its way: it is protected


@pytest.mark.parametrize("quantity", [1, 2, 3])
def test_a_stop_that_covers_all_may_stay_silent_otherwise(quantity):
    assert why(leg(entered(2), order(R.STOP, quantity=quantity)))[2] is (RECONCILED if quantity < 2 else None)


def test_a_leg_that_holds_nothing_is_not_beyond_repair():
    closed = (order(R.STOP, S.REJECTED), order(R.STOP, S.DENIED), order(R.TARGET, S.FILLED, 1))
    assert why(leg(entered(), *closed)) == [None] * 3
    twice = (*closed, order(R.STOP, S.FILLED, 1))
    assert why(leg(entered(), *twice)) == [None] * 3


# ------------------------------------------------------------------ when nothing is said


def test_a_trade_that_is_left_is_not_left_again():
    assert why(leg(entering(), order(R.STOP, S.REJECTED)), closing=ExitReason.TIME) == [None] * 3


def test_while_an_order_is_unknown_nothing_is_done_on_a_guess():
    assert why(leg(entering(), order(R.STOP, S.REJECTED), order(R.TARGET, S.UNKNOWN))) == [None] * 3
