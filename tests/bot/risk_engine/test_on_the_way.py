"""What is between the two doors: known by identity, sent on once everybody was told, and gone when it has arrived."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from builders import an_intent
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder, SubmitOrder, SubmitOrderList
from order_makers import K1, TRADER, bracket, cancel, change, submission

from bot.risk_engine.on_the_way import OnTheWay, Passing, names


def single(order):
    return SubmitOrder(TRADER, K1, order, UUID4(), 9)


def test_what_was_judged_is_known_with_its_intent_and_orders_when_it_arrives():
    way, intent = OnTheWay(), an_intent()
    command = submission(bracket(intent))
    orders = tuple(command.order_list.orders)
    judged = way.judged(command, intent, orders)
    assert judged == Passing(command, intent, orders, sent=False)
    assert way.leaves(command)
    assert way.arrived(command) is judged
    assert judged.sent


def test_what_was_judged_and_not_sent_on_has_not_arrived_and_stays():
    way, command = OnTheWay(), submission(bracket())
    way.judged(command)
    assert way.arrived(command) is None
    assert way.leaves(command) and way.arrived(command) is not None


def test_nothing_arrives_twice():
    way, command = OnTheWay(), submission(bracket())
    way.judged(command)
    way.leaves(command)
    assert [way.arrived(command) is None for _ in range(2)] == [False, True]


def test_what_nobody_judged_does_not_leave():
    way, command = OnTheWay(), submission(bracket())
    assert not way.leaves(command)
    assert way.arrived(command) is None


def test_what_is_gone_neither_leaves_nor_arrives():
    way, command = OnTheWay(), submission(bracket())
    way.judged(command)
    way.gone(command)
    assert not way.leaves(command) and way.arrived(command) is None
    way.judged(command)
    way.leaves(command)
    way.gone(command)
    assert way.arrived(command) is None


def test_an_equal_command_is_another():
    way, order = OnTheWay(), bracket().first
    first, second = (SimpleNamespace(client_order_id=order.client_order_id) for _ in range(2))
    assert first == second
    way.judged(first)
    way.leaves(first)
    assert not way.leaves(second) and way.arrived(second) is None
    way.gone(second)
    assert way.arrived(first) is not None


def test_several_do_not_put_each_other_aside():
    way = OnTheWay()
    commands = [change(order, 993) for order in bracket().orders[1:]]
    for command in commands:
        way.judged(command)
        way.leaves(command)
    assert [way.arrived(command).command for command in reversed(commands)] == commands[::-1]


def test_the_oldest_command_of_a_kind_about_an_order_is_found():
    way, (_, stop, target) = OnTheWay(), bracket().orders
    commands = [change(target, 1010), change(stop, 993), change(stop, 994), single(stop)]
    for command in commands:
        way.judged(command)
    assert way.about(stop.client_order_id, ModifyOrder) is commands[1]
    assert way.about(stop.client_order_id, SubmitOrder) is commands[3]
    assert way.about(stop.client_order_id, SubmitOrderList) is None
    way.gone(commands[1])
    assert way.about(stop.client_order_id, ModifyOrder) is commands[2]


def test_a_list_is_about_each_of_its_orders():
    way, listed = OnTheWay(), bracket()
    command = submission(listed)
    way.judged(command)
    assert [way.about(order.client_order_id, SubmitOrderList) is command for order in listed.orders] == [True] * 3
    assert way.about(bracket(an_intent(name="another")).first.client_order_id, SubmitOrderList) is None


@pytest.mark.parametrize("make", [single, cancel, change], ids=["order", "cancel", "change"])
def test_any_other_command_is_about_one(make):
    order = bracket().orders[1]
    assert names(make(order)) == [order.client_order_id]
    assert isinstance(make(order), SubmitOrder | CancelOrder | ModifyOrder)


def test_the_names_of_a_list_are_those_of_its_orders():
    listed = bracket()
    assert names(submission(listed)) == [order.client_order_id for order in listed.orders]
