"""Who hears of a refusal: the order that was refused, and no other that a forged command names."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import BatchCancelOrders, CancelAllOrders, QueryOrder, SubmitOrder
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.orders import Order
from order_makers import ES, K1, MES, TRADER, asked_to_change, asked_to_end, bracket, cancel, change, kept, submission, working

from bot.risk_engine.denials import Denials

K2 = StrategyId("K2-K2")


class Clock:
    """A clock that stands still."""

    def timestamp_ns(self) -> int:
        return 77


class Heard:
    """The events that go out about orders of a cache."""

    def __init__(self, *orders: Order) -> None:
        self.events: list[Any] = []
        self.denials = Denials(kept(*orders), Clock(), self.events.append)

    def of(self, command: Any) -> list[tuple[str, str]]:
        """Kind and order of each event after this command was refused."""
        self.events.clear()
        self.denials.tell(command, "no")
        return [(type(event).__name__, event.client_order_id.value[-2:]) for event in self.events]


def single(order: Order) -> SubmitOrder:
    return SubmitOrder(TRADER, K1, order, UUID4(), 9)


def about(kind: type, **fields: Any) -> Any:
    return kind(**({"trader_id": TRADER, "strategy_id": K1, "instrument_id": MES, "command_id": UUID4(), "ts_init": 9} | fields))


# ------------------------------------------------------------------ new orders


def test_a_refused_bracket_ends_all_its_orders():
    made = bracket()
    assert Heard(*made.orders).of(submission(made)) == [("OrderDenied", name) for name in ("1E", "1S", "1T")]


def test_a_refused_order_ends():
    order = bracket().first
    heard = Heard(order)
    assert heard.of(single(order)) == [("OrderDenied", "1E")]
    (event,) = heard.events
    assert (event.trader_id, event.strategy_id, event.instrument_id, event.client_order_id) == (TRADER, K1, MES, order.client_order_id)
    assert (event.reason, event.ts_init) == ("no", 77)


def test_a_copy_of_a_kept_order_ends_nothing():
    assert Heard(bracket().first).of(single(bracket().first)) == []


def test_an_order_that_nobody_keeps_ends_nothing():
    assert Heard().of(single(bracket().first)) == []


def test_an_order_that_has_left_is_not_ended():
    made = bracket()
    working(made.first)
    assert Heard(*made.orders).of(submission(made)) == [("OrderDenied", "1S"), ("OrderDenied", "1T")]
    assert Heard(made.first).of(single(made.first)) == []


# ------------------------------------------------------------------ changes and cancels


CHANGES = [("OrderModifyRejected", change, asked_to_change, asked_to_end), ("OrderCancelRejected", cancel, asked_to_end, asked_to_change)]


@pytest.mark.parametrize(("event", "command", "asked", "_other"), CHANGES, ids=["change", "cancel"])
def test_an_order_that_waits_for_the_answer_hears_it(event, command, asked, _other):
    order = asked(working(bracket().first))
    heard = Heard(order)
    assert heard.of(command(order)) == [(event, "1E")]
    (told,) = heard.events
    assert (told.trader_id, told.strategy_id, told.instrument_id, told.client_order_id) == (TRADER, K1, MES, order.client_order_id)
    assert (told.venue_order_id, told.account_id, told.reason) == (order.venue_order_id, order.account_id, "no")
    assert (told.ts_event, told.ts_init) == (77, 77)


@pytest.mark.parametrize(("_event", "command", "asked", "other"), CHANGES, ids=["change", "cancel"])
def test_an_order_that_waits_for_no_such_answer_hears_nothing(_event, command, asked, other):
    for order in (bracket().first, working(bracket().first), other(working(bracket().first))):
        assert Heard(order).of(command(order)) == []
    assert Heard().of(command(bracket().first)) == []


@pytest.mark.parametrize(("_event", "command", "asked", "_other"), CHANGES, ids=["change", "cancel"])
def test_a_command_of_another_strategy_is_no_answer_to_the_orders_own(_event, command, asked, _other):
    order = asked(working(bracket().first))
    assert Heard(order).of(command(order, strategy_id=K2)) == []


def test_every_cancel_of_a_batch_is_answered_by_itself():
    first, second, third = (working(order) for order in bracket().orders)
    asked_to_end(first), asked_to_end(third)
    batch = about(BatchCancelOrders, cancels=[cancel(first), cancel(second), cancel(third, strategy_id=K2)])
    assert Heard(first, second, third).of(batch) == [("OrderCancelRejected", "1E")]


def test_a_cancel_of_all_is_answered_by_those_of_its_strategy_and_instrument_that_wait():
    first, second, third = (working(order) for order in bracket().orders)
    asked_to_end(first), asked_to_end(third)
    heard = Heard(first, second, third)
    every = lambda **whose: heard.of(about(CancelAllOrders, order_side=OrderSide.NO_ORDER_SIDE, **whose))  # noqa: E731
    assert sorted(every()) == [("OrderCancelRejected", "1E"), ("OrderCancelRejected", "1T")]
    assert every(instrument_id=ES) == []
    assert every(strategy_id=K2) == []


def test_a_command_of_another_kind_is_answered_to_nobody():
    order = asked_to_end(working(bracket().first))
    assert Heard(order).of(about(QueryOrder, client_order_id=order.client_order_id, venue_order_id=None)) == []


# ------------------------------------------------------------------ all or nothing


def test_what_has_left_of_a_denied_list_hears_from_the_venue_alone():
    made = bracket()
    heard = Heard(*made.orders)
    working(made.orders[0])
    heard.denials.deny_rest(made.orders, made.orders[1].client_order_id)
    assert [event.client_order_id.value[-2:] for event in heard.events] == ["1T"]


def test_what_nautilus_forgets_of_a_denied_list_is_denied_too():
    made = bracket()
    heard = Heard(*made.orders)
    heard.denials.deny_rest(made.orders, made.orders[1].client_order_id)
    assert [(type(event).__name__, event.client_order_id.value[-2:]) for event in heard.events] == [
        ("OrderDenied", "1E"),
        ("OrderDenied", "1T"),
    ]
    assert {event.reason for event in heard.events} == {"20250916-K1-1041-1S of the same list was denied"}


# ------------------------------------------------------------------ what has left already


def test_an_order_that_is_spared_is_not_denied_and_the_others_are():
    made, sent = bracket(), []
    denials = Denials(kept(*made.orders), Clock(), sent.append)
    denials.tell(submission(made), "no", lambda order: order is made.first)
    assert [event.client_order_id.value[-2:] for event in sent] == ["1S", "1T"]


@pytest.mark.parametrize(("event", "command", "asked", "_other"), CHANGES, ids=["change", "cancel"])
def test_whoever_waits_for_an_answer_hears_it_though_it_is_spared(event, command, asked, _other):
    order, sent = asked(working(bracket().first)), []
    Denials(kept(order), Clock(), sent.append).tell(command(order), "no", lambda _: True)
    assert [type(said).__name__ for said in sent] == [event]


# ------------------------------------------------------------------ our own events


def test_our_own_events_are_known_once_by_identity():
    made, sent = bracket(), []
    denials = Denials(kept(*made.orders), Clock(), sent.append)
    denials.tell(submission(made), "no")
    assert [denials.ours(event) for event in (sent[1], sent[1], sent[0], sent[2], sent[2])] == [True, False, True, True, False]


def test_an_event_is_known_while_it_is_told():
    """Nautilus tells it on before the endpoint returns."""
    order, known = bracket().first, []
    denials = Denials(kept(order), Clock(), lambda event: known.append(denials.ours(event)))
    denials.tell(single(order), "no")
    assert known == [True]


def test_an_equal_event_of_somebody_else_is_not_ours():
    order, sent = bracket().first, []
    denials = Denials(kept(order), Clock(), sent.append)
    denials.tell(single(order), "no")
    copy = type(sent[0]).from_dict(type(sent[0]).to_dict(sent[0]))
    assert copy == sent[0]
    assert (denials.ours(copy), denials.ours(sent[0])) == (False, True)
