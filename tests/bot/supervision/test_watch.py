"""What order events cost: the broker's refusals, each once, and none of a leg that holds nothing any more."""

from __future__ import annotations

import pytest
from builders import CONTRACTS
from test_duties import ENTERED, STOP, TARGET, E, S, trade

from bot.supervision.watch import execution_events

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
