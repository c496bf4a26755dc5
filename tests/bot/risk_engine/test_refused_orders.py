"""What is refused again and again is sent again for ever, and more and more seldom; never in a burst."""

from __future__ import annotations

import pytest
from builders import an_intent

from bot.decision.plan import ExitReason
from bot.risk_engine.clocks import StampTime
from bot.risk_engine.refused_orders import RefusedOrders, pause_seconds
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

S, R = OrderState, Role


class Refusing:
    """A leg being left at a venue that will not have a role's orders: when each was sent, seconds."""

    def __init__(self, role: Role, state: OrderState = S.REJECTED) -> None:
        self.wall, self.sent, self._role, self._state = StampTime(0), [], role, state
        self.leg = Leg(1, 1, 992, 1016)
        self.trade = Trade(an_intent(name="I"), [self.leg], closing=ExitReason.TIME)
        self.refused, self.let_go = RefusedOrders(self.act, self.cancel), []

    def cancel(self, trade: Trade, order: TrackedOrder) -> None:
        assert trade is self.trade
        order.ask_end(self.wall.now_ns)
        self.let_go.append((order.order_id, self.wall.now_ns // SECOND_NS))

    def act(self, trade: Trade) -> None:
        assert trade is self.trade
        while self._role not in self.leg.put_off:
            assert len(self.sent) < 100, "a burst"
            self.sent.append(self.wall.now_ns // SECOND_NS)
            order = TrackedOrder(f"O{len(self.sent)}", self._role, 1, -1, 1, state=self._state)
            self.leg.orders.append(order)
            self.refused.look(self.wall, self.trade, self.leg, order)

    def until(self, seconds: int) -> Refusing:
        for second in range(seconds + 1):
            self.wall.advance(second * SECOND_NS)
        return self


@pytest.mark.parametrize("state", [S.REJECTED, S.DENIED, S.CANCELED, S.EXPIRED])
def test_a_closing_order_that_comes_to_nothing_is_followed_at_once_and_then_after_1_2_4_up_to_60_seconds_for_ever(state):
    refusing = Refusing(R.EXIT, state)
    refusing.act(refusing.trade)
    assert refusing.sent == [0, 0]
    assert refusing.until(300).sent == [0, 0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_a_stop_that_is_refused_while_its_leg_is_left_is_not_followed_at_once():
    refusing = Refusing(R.STOP)
    refusing.act(refusing.trade)
    assert refusing.until(130).sent == [0, 1, 3, 7, 15, 31, 63, 123]


def test_there_is_no_number_of_refusals_after_which_the_pause_grows_or_ends():
    assert {pause_seconds(role, 10**6) for role in (R.EXIT, R.STOP)} == {60}
    assert (pause_seconds(R.EXIT, 1), pause_seconds(R.EXIT, 2), pause_seconds(R.STOP, 1)) == (0, 1, 1)


@pytest.mark.parametrize(
    ("role", "state", "filled", "closing"),
    [
        (R.EXIT, S.WORKING, 0, True),
        (R.EXIT, S.UNKNOWN, 0, True),
        (R.EXIT, S.CANCELED, 1, True),
        (R.STOP, S.REJECTED, 0, False),  # a position that is held on is repaired at once, and once
        (R.TARGET, S.REJECTED, 0, True),
        (R.ENTRY, S.REJECTED, 0, True),
    ],
)
def test_nothing_else_is_put_off(role, state, filled, closing):
    refusing = Refusing(role)
    refusing.trade.closing = ExitReason.TIME if closing else None
    orders = [TrackedOrder(name, role, 1, -1, 2, state=state, filled=filled) for name in "ABC"]
    refusing.leg.orders += orders
    for order in orders:
        refusing.refused.look(refusing.wall, refusing.trade, refusing.leg, order)
    assert refusing.leg.put_off == set()


def test_a_stop_that_made_way_for_a_closing_order_puts_no_other_off_and_is_not_counted():
    refusing = Refusing(R.STOP)
    away = [TrackedOrder(name, R.STOP, 1, -1, 1, state=S.CANCELED, unwanted=True) for name in "ABC"]
    refusing.leg.orders += away
    for order in away:
        refusing.refused.look(refusing.wall, refusing.trade, refusing.leg, order)
    assert refusing.leg.put_off == set()
    refusing.act(refusing.trade)
    assert refusing.until(5).sent == [0, 1, 3]


@pytest.mark.parametrize("state", [S.WORKING, S.TRIGGERED, S.PARTIALLY_FILLED])
def test_a_closing_order_that_rests_at_its_limit_is_let_go_after_a_second_and_puts_no_other_off(state):
    refusing = Refusing(R.EXIT)
    resting = TrackedOrder("A", R.EXIT, 1, -1, 2, price=990, state=state)
    refusing.leg.orders += [TrackedOrder("0", R.EXIT, 1, -1, 2, state=S.REJECTED), resting]
    for _ in range(3):
        refusing.refused.rest(refusing.wall, refusing.trade)
    assert refusing.let_go == []
    assert refusing.until(3).let_go == [("A", 1)]
    resting.state = S.CANCELED
    refusing.refused.look(refusing.wall, refusing.trade, refusing.leg, resting)
    assert refusing.leg.put_off == set()


@pytest.mark.parametrize(
    ("role", "price", "state", "asked"),
    [
        (R.EXIT, None, S.WORKING, False),  # at the market: it fills when it can
        (R.EXIT, 990, S.SUBMITTED, False),  # nobody has confirmed it: the adapter sees to that
        (R.EXIT, 990, S.PENDING_CANCEL, True),
        (R.EXIT, 990, S.FILLED, False),
        (R.TARGET, 990, S.WORKING, False),
        (R.STOP, 990, S.WORKING, False),
    ],
)
def test_no_other_order_is_let_go(role, price, state, asked):
    refusing = Refusing(role)
    order = TrackedOrder("A", role, 1, -1, 1, price=price, state=state, before_request=S.WORKING, cancel_requested=asked)
    refusing.leg.orders.append(order)
    refusing.refused.rest(refusing.wall, refusing.trade)
    assert refusing.until(5).let_go == []


def test_one_that_has_filled_meanwhile_is_not_let_go():
    refusing = Refusing(R.EXIT)
    order = TrackedOrder("A", R.EXIT, 1, -1, 1, price=990, state=S.WORKING)
    refusing.leg.orders.append(order)
    refusing.refused.rest(refusing.wall, refusing.trade)
    order.state, order.filled = S.FILLED, 1
    assert refusing.until(5).let_go == []


def test_closing_orders_are_put_off_without_their_trade_being_left():
    """A leg that was closed twice is bought back by one."""
    refusing = Refusing(R.EXIT)
    refusing.trade.closing = None
    refusing.act(refusing.trade)
    assert refusing.until(4).sent == [0, 0, 1, 3]


def test_one_event_more_of_an_order_that_has_ended_begins_no_second_pause():
    refusing = Refusing(R.STOP)
    refusing.act(refusing.trade)
    refusing.refused.look(refusing.wall, refusing.trade, refusing.leg, refusing.leg.orders[0])
    assert refusing.until(2).sent == [0, 1]


def test_a_closing_order_that_works_at_last_is_not_put_off_for_those_before_it():
    refusing = Refusing(R.EXIT)
    refusing.act(refusing.trade)
    refusing.leg.put_off.clear()
    works = TrackedOrder("O3", R.EXIT, 1, -1, 1, state=S.WORKING)
    refusing.leg.orders.append(works)
    refusing.refused.look(refusing.wall, refusing.trade, refusing.leg, works)
    assert refusing.leg.put_off == set()


def test_each_role_waits_by_itself():
    refusing = Refusing(R.STOP)
    refusing.leg.put_off.add(R.EXIT)
    refusing.act(refusing.trade)
    assert refusing.until(1).sent == [0, 1]
    assert R.EXIT in refusing.leg.put_off


def test_a_trade_that_is_done_is_left_alone():
    refusing = Refusing(R.STOP)
    refusing.act(refusing.trade)
    refusing.trade.done = True
    assert refusing.until(60).sent == [0]


def test_a_pause_is_named_after_the_order_that_was_refused():
    refusing, named = Refusing(R.STOP), []
    refusing.wall.call_at = lambda name, *_: named.append(name)
    refusing.act(refusing.trade)
    assert named == ["O1-again"]
