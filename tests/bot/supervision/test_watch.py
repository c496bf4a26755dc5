"""What order events cost: the broker's refusals, each once, and none of a leg that holds nothing any more."""

from __future__ import annotations

import pytest
from builders import CONTRACTS
from test_duties import ENTERED, STOP, TARGET, E, S, trade

from bot.supervision.orders import TrackedOrder
from bot.supervision.watch import execution_events, exits_refused, filled_twice

EXECUTION = CONTRACTS.execution_contract


def charges(made, number: int, *events: str) -> list[list[str]]:
    order = made.legs[0].orders[number]
    return [execution_events(EXECUTION, made, order, event, 0) for event in events]


def test_a_cancel_that_is_refused_again_and_again_costs_once():
    refused = ("OrderCancelRejected",) * 3
    assert charges(trade(ENTERED, STOP, TARGET), 2, *refused) == [["change_rejected"], [], []]
    assert charges(trade((E.ENTRY, S.WORKING, 1, 0)), 0, *refused) == [["change_rejected"], [], []]


def test_each_order_has_its_own_first_refusal_and_changes_count_each():
    made = trade(ENTERED, STOP, TARGET)
    assert charges(made, 1, "OrderCancelRejected") == charges(made, 2, "OrderCancelRejected") == [["change_rejected"]]
    assert charges(made, 1, "OrderModifyRejected", "OrderModifyRejected") == [["change_rejected"]] * 2


@pytest.mark.parametrize("event", ["OrderRejected", "OrderCancelRejected", "OrderModifyRejected"])
def test_a_refusal_of_what_a_flat_leg_leaves_behind_costs_nothing(event):
    made = trade((E.ENTRY, S.CANCELED, 1, 0), STOP)
    assert charges(made, 1, event) == [[]]


@pytest.mark.parametrize("ended", [S.EXPIRED, S.CANCELED, S.FILLED])
def test_a_cancel_that_crosses_the_end_of_its_order_costs_nothing_and_a_change_does(ended):
    made = trade((E.ENTRY, ended, 1, 0))
    assert charges(made, 0, "OrderCancelRejected", "OrderModifyRejected") == [[], ["change_rejected"]]


@pytest.mark.parametrize("states", [(S.REJECTED,) * 3, (S.DENIED,) * 3, (S.DENIED, S.REJECTED, S.CANCELED), (S.EXPIRED,) * 3])
def test_the_third_closing_order_that_comes_to_nothing_is_told_whoever_refused_it(states):
    made = trade(ENTERED, STOP)
    for state in states:
        assert not any(exits_refused(made, order, "why") for order in made.legs[0].orders)
        made.legs[0].orders.append(TrackedOrder(f"X{len(made.legs[0].orders)}", E.EXIT, 1, -1, 1, state=state))
    assert exits_refused(made, made.legs[0].orders[-1], "why") == f"3 of {made.intent_id}, the last for: why"
    assert exits_refused(made, made.legs[0].orders[-1], "") == f"3 of {made.intent_id}, the last for: {states[-1].value}"
    assert not exits_refused(made, made.legs[0].orders[1], "why"), "it is about another order"


@pytest.mark.parametrize(("state", "filled", "asked"), [(S.CANCELED, 0, True), (S.CANCELED, 1, False), (S.WORKING, 0, False)])
def test_a_closing_order_that_we_ended_that_filled_or_that_works_is_not_refused(state, filled, asked):
    made = trade(ENTERED, STOP)
    for number in range(3):
        order = TrackedOrder(f"X{number}", E.EXIT, 1, -1, 2, state=state, filled=filled, cancel_requested=asked)
        made.legs[0].orders.append(order)
        assert not exits_refused(made, order, "why")


def test_a_second_entry_that_fills_and_a_leg_that_was_closed_twice_are_told():
    assert list(filled_twice(trade(ENTERED, (E.ENTRY, S.WORKING, 1, 0)))) == []
    assert list(filled_twice(trade(ENTERED, (E.ENTRY, S.FILLED, 1, 1), STOP))) == ["an entry that was given up was filled"]
    assert list(filled_twice(trade(ENTERED, (E.STOP, S.FILLED, 1, 1), (E.EXIT, S.FILLED, 1, 1)))) == ["a leg was closed twice"]
