"""How entries end: each is asked for once, and again after the grace; and trades follow one another: an entry filled after its reported
end ends the entry that came after it, or gives way to that trade.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from builders import an_intent

from bot.decision.plan import ExitReason
from bot.messages import CloseTrade
from bot.risk_engine.clocks import StampTime
from bot.risk_engine.entries import GRACE_NS, Entries
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

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
        hands = SimpleNamespace(wall=StampTime())
        Entries(hands, self, [*others, trade], self.close, lambda *_: None).one_at_a_time(trade, order)

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


# ------------------------------------------------------------------ their end


class Ending:
    """Entries of one trade, ended; the wall begins at 100 s, and `trade` expires at 50 s of market time."""

    def __init__(self, *trades: Trade) -> None:
        self.wall, self.market = StampTime(100 * SECOND_NS), StampTime(0)
        self.cancelled: list[str] = []
        self.later: list[str] = []
        self.entries = Entries(self, self, list(trades), lambda _: None, lambda _, order: self.later.append(order.order_id))

    def cancel(self, trade: Trade, order: TrackedOrder) -> None:
        order.ask_end(self.wall.now_ns)
        self.cancelled.append(order.order_id)


def of_two_legs() -> Trade:
    trade = made("A", S.WORKING, 0)
    second = TrackedOrder("A-2E", Role.ENTRY, 2, 1, 1, 1000, state=S.SUBMITTED)
    trade.legs.append(Leg(2, 1, 992, 1024, orders=[second, TrackedOrder("A-2S", Role.STOP, 2, -1, 1, 992, state=S.WORKING)]))
    return trade


def test_all_entries_of_a_trade_that_may_fill_are_ended_and_nothing_else():
    trade = of_two_legs()
    ending = Ending(trade)
    ending.entries.end(trade)
    assert ending.cancelled == ["A-1E", "A-2E"]
    trade.legs[0].orders[0].state = S.CANCELED
    ending.cancelled.clear()
    ending.wall.advance(ending.wall.now_ns + 9 * GRACE_NS)
    ending.entries.end(trade)
    assert ending.cancelled == ["A-2E"]


def test_what_was_asked_for_a_moment_ago_is_not_asked_again_and_after_the_grace_it_is():
    trade = made("A", S.WORKING, 0)
    ending, since = Ending(trade), 100 * SECOND_NS
    for after_ns in (0, 0, 1, GRACE_NS):
        ending.wall.advance(since + after_ns)
        ending.entries.end(trade)
        assert ending.cancelled == ["A-1E"]
    ending.wall.advance(since + GRACE_NS + 1)
    ending.entries.end(trade)
    ending.entries.end(trade)
    assert ending.cancelled == ["A-1E", "A-1E"]


def test_one_that_was_refused_is_asked_again_at_once():
    trade = made("A", S.WORKING, 0)
    ending = Ending(trade)
    ending.entries.end(trade)
    trade.legs[0].orders[0].cancel_requested = False
    ending.entries.end(trade)
    assert ending.cancelled == ["A-1E", "A-1E"]


def test_a_strategys_own_cancel_counts_as_asked_is_seen_to_later_and_ends_the_other_legs():
    trade = of_two_legs()
    ending, entry = Ending(trade), trade.legs[0].orders[0]
    ending.entries.cancelled(trade, entry)
    assert (ending.cancelled, ending.later) == (["A-2E"], ["A-1E"])
    assert (entry.cancel_requested, entry.unwanted, entry.cancel_asked_ns) == (True, True, 100 * SECOND_NS)


@pytest.mark.parametrize("filled", [0, 1])
def test_an_entry_that_is_overdue_is_asked_again_with_each_bar_until_it_has_ended(filled):
    trade = made("A", S.WORKING, 0)
    ending, over = Ending(trade), trade.intent.expires_ns
    ending.entries.watch(trade)
    ending.market.advance(over - 1)
    ending.entries.overdue(over + GRACE_NS)
    assert (ending.cancelled, trade.expired) == ([], False)
    ending.market.advance(over)
    assert (ending.cancelled, trade.expired) == (["A-1E"], True)
    for bars in (1, 2, 3):
        ending.wall.advance((100 + 60 * bars) * SECOND_NS)
        ending.entries.overdue(over + GRACE_NS + bars)
        assert ending.cancelled == ["A-1E"] * (1 + bars)
    trade.legs[0].orders[0].state = S.FILLED if filled else S.CANCELED
    ending.wall.advance(999 * SECOND_NS)
    ending.entries.overdue(over + 99 * GRACE_NS)
    assert ending.cancelled == ["A-1E"] * 4


def test_what_is_withdrawn_are_the_entries_of_all_trades():
    trades = made("A", S.WORKING, 0), made("B", S.SUBMITTED, 0), made("C", S.FILLED, 1)
    ending = Ending(*trades)
    ending.entries.withdraw("the run ends")
    assert ending.cancelled == ["A-1E", "B-1E"]
