"""An order that is unknown past its timeout is asked about; what is not answered then is a kill."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.quality.feed import QualityEvent
from bot.risk_engine.clocks import StampTime
from bot.risk_engine.unanswered import ANSWER_NS, Unanswered
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.units import SECOND_NS

S = OrderState


class Watched:
    """One order; `trips` are the kills, with the second of each."""

    def __init__(self, state: OrderState = S.SUBMITTED, filled: int = 0, asked: bool = False) -> None:
        self.order = TrackedOrder("O", Role.STOP, 1, -1, 2, state=state, filled=filled, cancel_requested=asked, before_request=S.WORKING)
        self.wall, self.trips = StampTime(0), []
        self.unanswered = Unanswered(SimpleNamespace(wall=self.wall), {"O": self.order}.get, self._trip)

    def _trip(self, reason: str, detail: str) -> None:
        self.trips.append((self.wall.now_ns / SECOND_NS, reason, detail))

    def charged(self, kind: str = "order_unknown", name: str = "O") -> Watched:
        self.unanswered.on_charge(QualityEvent(kind, 0, name))
        return self

    def until(self, seconds: float) -> Watched:
        self.wall.advance(round(seconds * SECOND_NS))
        return self


def kill(second: float, state: str = "SUBMITTED") -> tuple[float, str, str]:
    return (second, "an order is unknown past its timeout", f"O: {state}, and the broker does not answer")


def test_an_answer_is_due_within_five_seconds():
    assert ANSWER_NS == 5 * SECOND_NS


@pytest.mark.parametrize("state", [S.NONE, S.SUBMITTED, S.UNKNOWN])
def test_an_order_that_nobody_has_answered_for_is_a_kill(state):
    watched = Watched(state).charged().until(4.999)
    assert watched.trips == []
    assert watched.until(5).trips == [kill(5, state)]


@pytest.mark.parametrize("state", [S.WORKING, S.PENDING_CANCEL, S.PARTIALLY_FILLED])
def test_a_cancel_that_nobody_has_answered_for_is_a_kill(state):
    assert Watched(state, asked=True).charged().until(5).trips == [kill(5, state)]
    assert Watched(state).charged().until(5).trips == []


@pytest.mark.parametrize("state", [S.WORKING, S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED, S.DENIED])
def test_an_order_that_is_known_by_then_is_none(state):
    watched = Watched().charged()
    watched.order.state = state
    assert watched.until(9).trips == []


@pytest.mark.parametrize("state", [S.FILLED, S.CANCELED, S.REJECTED])
def test_the_end_answers_a_cancel(state):
    assert Watched(state, asked=True).charged().until(9).trips == []


def test_what_has_filled_whole_is_in_no_doubt():
    assert Watched(S.UNKNOWN, filled=2).charged().until(9).trips == []


def test_other_charges_and_orders_of_others_are_nothing():
    assert Watched().charged("order_rejected").charged(name="P").charged("", "").until(9).trips == []


def test_one_question_is_asked_at_a_time_and_the_next_one_counts_anew():
    watched = Watched().charged().until(3).charged().until(5)
    assert watched.trips == [kill(5)]
    assert watched.until(9).trips == [kill(5)]
    assert watched.charged().until(14).trips == [kill(5), kill(14)]


def test_a_question_is_named_after_its_order():
    watched, named = Watched(), []
    watched.wall.call_at = lambda name, *_: named.append(name)
    watched.charged()
    assert named == ["O-unknown"]
