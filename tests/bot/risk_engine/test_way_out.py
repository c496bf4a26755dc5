"""How a trade is left: a cancel that came to nothing, or of which nobody knows, is asked for again after a second, and not in a circle."""

from __future__ import annotations

import pytest
from builders import an_intent

from bot.decision.plan import ExitReason
from bot.risk_engine.clocks import StampTime
from bot.risk_engine.way_out import AGAIN_NS, WayOut
from bot.supervision.duties import Duty, DutyKind
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

S = OrderState


class Cancelling:
    """An entry whose cancels are refused: the hands and the sender of its way out, and when it was asked to end."""

    def __init__(self, state: OrderState = S.SUBMITTED) -> None:
        self.wall = StampTime(100 * SECOND_NS)
        self.asked: list[float] = []
        self.order = TrackedOrder("A-1E", Role.ENTRY, 1, 1, 1, 1000, state=state)
        self.trade = Trade(an_intent(), [Leg(1, 1, 992, 1016, orders=[self.order])])
        self.way_out = WayOut(self, self, lambda: 0, adopting=False)

    def carry_out(self, trade: Trade, duty: Duty) -> None:
        assert (duty.kind, duty.order) == (DutyKind.CANCEL, self.order)
        duty.order.ask_end(self.wall.now_ns)
        self.asked.append(self.wall.now_ns / SECOND_NS - 100)

    def hears(self, event: str, at: float) -> None:
        """The venue says so, at this second."""
        self.until(at)
        self.order.apply(event)
        if event == "OrderCancelRejected":
            self.way_out.cancel_later(self.trade, self.order)
        self.way_out.act(self.trade)

    def until(self, second: float) -> list[float]:
        for at_ns in range(self.wall.now_ns, round((100 + second) * SECOND_NS) + 1, SECOND_NS // 10):
            self.wall.advance(at_ns)
        return self.asked

    def cancelled(self) -> Cancelling:
        """Its strategy has cancelled it."""
        self.order.ask_end(self.wall.now_ns)
        self.way_out.cancel_later(self.trade, self.order)
        return self


def test_it_is_asked_again_after_a_second():
    assert AGAIN_NS == SECOND_NS


@pytest.mark.parametrize(("acknowledged", "asked"), [(0.2, 1.0), (1.0, 1.0), (30.0, 30.0)])
def test_a_cancel_before_the_acknowledgement_that_nobody_heard_refused_is_made_when_it_works_and_not_within_a_second(acknowledged, asked):
    entry = Cancelling().cancelled()
    entry.hears("OrderAccepted", acknowledged)
    assert entry.until(max(acknowledged, 1.0)) == entry.until(90) == [asked]


def test_it_is_made_again_and_again_while_it_is_refused_once_a_second():
    entry = Cancelling().cancelled()
    entry.hears("OrderAccepted", 0.5)
    for second in (1.5, 2.6, 3.7):
        entry.hears("OrderCancelRejected", second)
    assert entry.until(10) == pytest.approx([1.0, 2.5, 3.6, 4.7])


def test_a_venue_that_obeys_is_not_asked_again():
    entry = Cancelling(S.WORKING).cancelled()
    entry.hears("OrderCanceled", 0.4)
    assert entry.until(90) == []
    assert entry.order.cancel_requested, "it was asked for, whoever looks later"


def test_a_second_refusal_within_the_second_waits_with_the_first():
    entry = Cancelling(S.WORKING).cancelled()
    entry.hears("OrderCancelRejected", 0.9)
    assert entry.until(0.99) == []
    assert entry.until(1.0) == [1.0]


def test_an_order_in_doubt_is_asked_again_too():
    entry = Cancelling(S.UNKNOWN).cancelled()
    entry.trade.closing = ExitReason.KILL
    entry.until(1.0)
    assert entry.asked == [1.0]


class Market(Cancelling):
    """A trade that is left, of one contract with its stop; the exchange may have `halted`."""

    def __init__(self) -> None:
        super().__init__(S.FILLED)
        self.order.filled = 1
        self.trade.legs[0].orders.append(TrackedOrder("A-1S", Role.STOP, 1, -1, 1, 992, state=S.WORKING))
        self.sent: list[tuple[str, bool]] = []

    def carry_out(self, trade: Trade, duty: Duty) -> None:
        self.sent.append((duty.kind.value, duty.after_wait))


@pytest.mark.parametrize(("halted", "sent"), [(False, [("cancel", False)]), (True, [("exit", True)])])
def test_what_is_left_where_the_exchange_may_have_halted_keeps_its_stop_beside_the_closing_order(halted, sent):
    market = Market()
    market.way_out.halted = lambda: halted
    market.way_out.leave(market.trade, ExitReason.SESSION)
    assert market.sent == sent


@pytest.mark.parametrize(("since", "sent"), [(1.9, []), (2.0, [("exit", True)])])
def test_a_doubt_that_is_over_is_over_for_whatever_happens_next_and_waits_for_no_timer(since, sent):
    """A stop that cannot be cancelled: the closing order beside it was refused, and the next one leaves with that."""
    market = Market()
    stop, trade = market.trade.legs[0].orders[1], market.trade
    market.way_out.leave(trade, ExitReason.KILL)
    stop.ask_end(market.wall.now_ns)
    market.sent.clear()
    market.wall.advance(market.wall.now_ns + round(since * SECOND_NS))
    market.sent.clear()
    market.way_out.act(trade)
    assert market.sent == sent
