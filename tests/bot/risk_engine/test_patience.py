"""A partly filled order has the contract's patience, to the second, and no more."""

from __future__ import annotations

import pytest
from builders import CONTRACTS, an_intent

from bot.decision.plan import ExitReason
from bot.messages import CloseTrade
from bot.risk_engine.clocks import StampTime
from bot.risk_engine.patience import Patience
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

START = 1_000 * SECOND_NS


class Watched:
    """A trade with one order of two contracts, filled in part (or as `state` says) at START; what patience does about it."""

    def __init__(self, role: Role, state: OrderState = OrderState.PARTIALLY_FILLED, filled_ns: int = 0, *, awake: bool = True) -> None:
        self.cancelled: list[TrackedOrder] = []
        self.closed: list[CloseTrade] = []
        self.market = StampTime()
        self.market.advance(START)
        self.order = TrackedOrder("O", role, 1, 1, 2, 1000, state=state, filled=1, filled_ns=filled_ns)
        leg = Leg(1, 2, 992, 1016, orders=[self.order])
        self.trade = Trade(an_intent(ts_ns=START, name="I"), [leg])
        self.patience = Patience(lambda _: CONTRACTS.execution_contract, self.cancel, self.closed.append, awake=awake)
        self.patience.watch(self.market, self.trade, self.order)

    def cancel(self, trade: Trade, order: TrackedOrder) -> None:
        assert trade is self.trade
        self.cancelled.append(order)

    def after(self, seconds: float) -> Watched:
        """Market time goes on by so many seconds."""
        self.market.advance(START + round(seconds * SECOND_NS))
        return self


@pytest.mark.parametrize(("seconds", "ended"), [(29, False), (30, True), (31, True)])
def test_the_rest_of_an_entry_is_let_go_after_thirty_seconds(seconds, ended):
    watched = Watched(Role.ENTRY).after(seconds)
    assert (watched.cancelled == [watched.order]) is ended
    assert watched.closed == []


@pytest.mark.parametrize(("seconds", "ended"), [(59, False), (60, True), (61, True)])
def test_what_is_left_of_a_target_is_closed_at_the_market_after_sixty_seconds(seconds, ended):
    watched = Watched(Role.TARGET).after(seconds)
    assert [(request.trade_id, request.reason) for request in watched.closed] == ([("I", ExitReason.TARGET)] if ended else [])
    assert watched.cancelled == []


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET])
def test_an_order_that_filled_meanwhile_is_left_alone(role):
    watched = Watched(role)
    watched.order.state = OrderState.FILLED
    watched.after(120)
    assert (watched.cancelled, watched.closed) == ([], [])


def test_an_entry_that_is_being_cancelled_is_not_cancelled_again():
    watched = Watched(Role.ENTRY)
    watched.order.cancel_requested = True
    assert watched.after(120).cancelled == []


def test_a_stop_has_no_patience():
    watched = Watched(Role.STOP).after(120)
    assert (watched.cancelled, watched.closed) == ([], [])


def test_a_target_is_left_with_a_sentence():
    (request,) = Watched(Role.TARGET).after(60).closed
    assert request == CloseTrade("I", ExitReason.TARGET, "the target filled in part only")


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET])
def test_patience_begins_with_the_first_part_and_once(role):
    watched = Watched(role).after(20)
    watched.patience.watch(watched.market, watched.trade, watched.order)
    watched.after(29.999)
    assert (watched.cancelled, watched.closed) == ([], [])
    watched.after(60)
    assert len(watched.cancelled) + len(watched.closed) == 1
    watched.after(200)
    assert len(watched.cancelled) + len(watched.closed) == 1


@pytest.mark.parametrize("state", [OrderState.WORKING, OrderState.FILLED, OrderState.PENDING_UPDATE])
def test_only_a_part_begins_it(state):
    watched = Watched(Role.ENTRY, state)
    watched.order.state = OrderState.PARTIALLY_FILLED
    assert watched.after(200).cancelled == []
    watched.patience.watch(watched.market, watched.trade, watched.order)
    assert watched.after(230).cancelled == [watched.order]


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET])
def test_a_timer_is_named_after_its_order(role):
    named: list[str] = []
    watched = Watched(role, OrderState.WORKING)
    watched.order.state = OrderState.PARTIALLY_FILLED
    watched.market.call_at = lambda name, *_: named.append(name)
    watched.patience.watch(watched.market, watched.trade, watched.order)
    assert named == ["O-patience"]


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET])
def test_a_patience_of_part_of_a_second_ends_on_a_whole_nanosecond(role):
    execution = CONTRACTS.execution_contract
    short = execution.model_copy(
        update={
            "entry": execution.entry.model_copy(update={"partial_fill_patience_seconds": 0.0000000026}),
            "exit": execution.exit.model_copy(update={"target_partial_patience_seconds": 0.0000000026}),
        }
    )
    asked: list[int] = []
    watched = Watched(role)
    watched.market.call_at = lambda _name, at_ns, _callback: asked.append(at_ns)
    Patience(lambda _: short, watched.cancel, watched.closed.append).watch(watched.market, watched.trade, watched.order)
    assert (asked, type(asked[0])) == ([START + 3], int)


@pytest.mark.parametrize(("role", "patience"), [(Role.ENTRY, 30), (Role.TARGET, 60)])
def test_patience_begins_with_the_fill_whoever_ran_then(role, patience):
    watched = Watched(role, filled_ns=START - 20 * SECOND_NS)
    watched.after(patience - 21)
    assert (watched.cancelled, watched.closed) == ([], [])
    watched.after(patience - 20)
    assert len(watched.cancelled) + len(watched.closed) == 1


def test_a_fill_that_is_stamped_later_than_it_was_told_gets_no_longer_patience():
    assert Watched(Role.ENTRY, filled_ns=START + 20 * SECOND_NS).after(30).cancelled


def test_a_restart_ends_nothing_before_it_wakes_and_then_what_is_overdue_at_once():
    watched = Watched(Role.ENTRY, filled_ns=START - 40 * SECOND_NS, awake=False)
    watched.after(100)
    assert watched.cancelled == []
    watched.patience.wake(watched.market, [watched.trade])
    assert watched.cancelled == []
    watched.after(100.001)
    assert watched.cancelled == [watched.order]


def test_awake_it_watches_what_comes_later():
    watched = Watched(Role.ENTRY, OrderState.WORKING, awake=False)
    watched.patience.wake(watched.market, [watched.trade])
    watched.order.state = OrderState.PARTIALLY_FILLED
    watched.patience.watch(watched.market, watched.trade, watched.order)
    assert watched.after(30).cancelled == [watched.order]
