"""A cancel that came to nothing, or of which nobody knows: asked for again after a second, and not in a circle."""

from __future__ import annotations

import pytest
from builders import an_intent

from bot.decision.plan import ExitReason
from bot.risk_engine.clocks import StampTime
from bot.risk_engine.refused_cancels import AGAIN_NS, RefusedCancels
from bot.supervision.duties import duties
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

S = OrderState


class Cancelling:
    """An entry whose cancels are refused; what its trade demands is carried out, and when."""

    def __init__(self, state: OrderState = S.SUBMITTED) -> None:
        self.wall = StampTime(100 * SECOND_NS)
        self.asked: list[float] = []
        self.order = TrackedOrder("A-1E", Role.ENTRY, 1, 1, 1, 1000, state=state)
        self.trade = Trade(an_intent(), [Leg(1, 1, 992, 1016, orders=[self.order])])
        self.cancels = RefusedCancels(self.act)

    def act(self, trade: Trade) -> None:
        for duty in duties(trade):
            duty.order.ask_end(self.wall.now_ns)
            self.asked.append(self.wall.now_ns / SECOND_NS - 100)

    def put_off(self) -> None:
        self.cancels.put_off(self.wall, self.trade, self.order)

    def hears(self, event: str, at: float) -> None:
        """The venue says so, at this second."""
        self.until(at)
        self.order.apply(event)
        if event == "OrderCancelRejected":
            self.put_off()
        self.act(self.trade)

    def until(self, second: float) -> list[float]:
        for at_ns in range(self.wall.now_ns, round((100 + second) * SECOND_NS) + 1, SECOND_NS // 10):
            self.wall.advance(at_ns)
        return self.asked

    def cancelled(self) -> Cancelling:
        """Its strategy has cancelled it."""
        self.order.ask_end(self.wall.now_ns)
        self.put_off()
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
