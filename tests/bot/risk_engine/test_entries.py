"""Trades follow one another: an entry filled after its reported end ends the entry that came after it, or gives way to that trade."""

from __future__ import annotations

import pytest
from builders import an_intent

from bot.decision.plan import ExitReason
from bot.messages import CloseTrade
from bot.risk_engine.entries import Entries
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S = OrderState


def made(name: str, state: OrderState, filled: int, *, done: bool = False, closing: ExitReason | None = None) -> Trade:
    """A trade of one contract whose entry is in this state."""
    order = TrackedOrder(f"{name}-1E", Role.ENTRY, 1, 1, 1, 1000, state=state, filled=filled)
    return Trade(an_intent(name=name), [Leg(1, 1, 992, 1016, orders=[order])], done=done, closing=closing)


class Told:
    """What becomes of other trades when an order of `trade` (its entry, or one of `role`) has news."""

    def __init__(self, trade: Trade, *others: Trade, role: Role = Role.ENTRY) -> None:
        self.cancelled: list[str] = []
        self.closed: list[tuple[str, ExitReason]] = []
        order = trade.legs[0].orders[0]
        if role is not Role.ENTRY:
            order = TrackedOrder("O", role, 1, -1, 1, 992, state=S.WORKING, filled=1)
        Entries(None, self, [*others, trade], self.close).one_at_a_time(trade, order)

    def cancel(self, trade: Trade, order: TrackedOrder) -> None:
        self.cancelled.append(order.order_id)

    def close(self, request: CloseTrade) -> None:
        assert "one at a time" in request.why
        self.closed.append((request.trade_id, request.reason))


def test_a_fill_alone_changes_nothing():
    told = Told(made("A", S.FILLED, 1))
    assert (told.cancelled, told.closed) == ([], [])


def test_a_late_fill_ends_the_entry_that_works_and_stays():
    told = Told(made("A", S.FILLED, 1), made("B", S.WORKING, 0))
    assert (told.cancelled, told.closed) == (["B-1E"], [])


def test_a_fill_beside_a_trade_that_holds_is_left_at_once():
    told = Told(made("A", S.FILLED, 1), made("B", S.FILLED, 1))
    assert (told.cancelled, told.closed) == ([], [("A", ExitReason.RECONCILED)])


@pytest.mark.parametrize("other", [made("B", S.FILLED, 1, done=True), made("B", S.WORKING, 0, done=True), made("B", S.CANCELED, 0)])
def test_what_is_over_is_in_nobodys_way(other):
    told = Told(made("A", S.FILLED, 1), other)
    assert (told.cancelled, told.closed) == ([], [])


def test_of_two_that_hold_only_one_is_left():
    told = Told(made("A", S.FILLED, 1), made("B", S.FILLED, 1, closing=ExitReason.RECONCILED))
    assert told.closed == []


def test_news_of_an_unfilled_entry_or_of_another_order_are_no_fill_of_an_entry():
    unfilled = Told(made("A", S.WORKING, 0), made("B", S.FILLED, 1))
    of_its_stop = Told(made("A", S.FILLED, 1), made("B", S.FILLED, 1), role=Role.STOP)
    for told in (unfilled, of_its_stop):
        assert (told.cancelled, told.closed) == ([], [])
