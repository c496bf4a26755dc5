"""What a new run remembers of the orders of a trade that it takes over."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from builders import LIMITS, an_intent

from bot.journal.records import OrderRecord
from bot.risk_engine.register import Register
from bot.runtime.recover import Story
from bot.supervision.orders import Role, TrackedOrder

LAW = SimpleNamespace(limits=LIMITS, calendar=SimpleNamespace(phase_name=lambda phase: phase))
WORKS = ("OrderSubmitted", "OrderAccepted")


def adopted(*events: str, role: Role = Role.ENTRY) -> TrackedOrder:
    """An order of the bracket after these records of an earlier run."""
    intent = an_intent()
    name = f"{intent.intent_id}-1{role.value[0]}"
    records = tuple(OrderRecord(name, intent.intent_id, "K1", role.value, event, 1) for event in events)
    trade = Register(SimpleNamespace(law_of=lambda _: LAW)).adopt(Story(intent, records))
    return trade.order(name)


@pytest.mark.parametrize(
    ("events", "unwanted"),
    [
        (WORKS, False),
        ((*WORKS, "OrderPendingCancel"), True),
        (("OrderSubmitted", "OrderPendingCancel"), True),
        ((*WORKS, "OrderPendingCancel", "OrderCancelRejected"), False),
    ],
)
def test_an_entry_whose_cancel_nobody_had_answered_when_the_run_ended_is_still_to_end(events, unwanted):
    entry = adopted(*events)
    assert (entry.unwanted, entry.cancel_requested) == (unwanted, False)


def test_a_cancel_that_was_asked_of_a_stop_is_none_of_ours():
    assert not adopted(*WORKS, "OrderPendingCancel", role=Role.STOP).unwanted


@pytest.mark.parametrize("role", [Role.ENTRY, Role.STOP, Role.TARGET])
def test_what_was_cancelled_then_was_asked_for_as_far_as_anybody_knows(role):
    assert adopted(*WORKS, "OrderCanceled", role=role).cancel_requested
