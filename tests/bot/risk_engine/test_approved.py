"""What passed the second door is known as it was then, by the very command, once."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.events import OrderUpdated
from nautilus_trader.model.objects import Quantity
from order_makers import about, bracket, cancel, change, submission, working

from bot.risk_engine.approved import Approved, approved_in
from bot.risk_engine.brackets import price_of


def remembered(*commands: Any) -> Approved:
    approved = Approved()
    for command in commands:
        approved.remember(command)
    return approved


def single(order: Any, **said: Any) -> SubmitOrder:
    return SubmitOrder(trader_id=order.trader_id, strategy_id=order.strategy_id, order=order, command_id=UUID4(), ts_init=1, **said)


def test_a_bracket_that_stays_as_it_is_may_leave_once_as_copies():
    listed = bracket()
    command, other = submission(listed), submission(bracket())
    approved = remembered(other, command)
    sending = approved.take(command)
    assert (sending.changed, sending.params) == ("", {})
    assert [order.client_order_id for order in sending.orders] == [order.client_order_id for order in listed.orders]
    assert not any(copy is order for copy, order in zip(sending.orders, listed.orders, strict=True))
    assert approved.take(command) is None
    assert approved.take(other) is not None


def test_what_never_passed_is_not_known_by_equal_words():
    listed = bracket()
    assert remembered(submission(listed)).take(submission(listed)) is None


def test_a_single_order_keeps_what_the_command_says_beside():
    order = bracket().orders[1]
    command = single(order, params={"closed elsewhere": 1.5})
    approved = remembered(command)
    command.params.clear()
    sending = approved.take(command)
    assert (sending.params, sending.changed, len(sending.orders)) == ({"closed elsewhere": 1.5}, "", 1)


def test_a_change_is_known_and_sends_no_order_and_a_cancel_is_not_asked_for():
    order = working(bracket().orders[1])
    command, ends = change(order, trigger_price=price_of(100_000)), cancel(order)
    approved = remembered(command, ends)
    assert approved.take(command) == ((), {}, "")
    assert approved.take(ends) is None


@pytest.mark.parametrize("spoil", [lambda orders: orders.pop(), lambda orders: orders.reverse(), lambda orders: orders.append(orders[0])])
def test_a_list_that_shows_other_orders_now_has_changed_and_the_copies_have_not(spoil):
    command = submission(bracket())
    approved, names = remembered(command), [order.client_order_id for order in command.order_list.orders]
    spoil(command.order_list.orders)
    sending = approved.take(command)
    assert sending.changed == "orders " + " ".join(str(order.client_order_id) for order in command.order_list.orders)
    assert [order.client_order_id for order in sending.orders] == names


def resized(order: Any) -> None:
    working(order)
    order.apply(
        OrderUpdated(**about(order), venue_order_id=order.venue_order_id, quantity=Quantity.from_int(5), price=None, trigger_price=None)
    )


def moved(order: Any) -> None:
    working(order)
    prices = {"price": None, "trigger_price": price_of(99_000)}
    order.apply(OrderUpdated(**about(order), venue_order_id=order.venue_order_id, quantity=order.quantity, **prices))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (resized, "quantity 5"),
        (moved, "trigger 24750.00"),
        (lambda order: order.linked_order_ids.clear(), "linked_order_ids []"),
    ],
)
def test_what_another_hand_has_written_into_an_order_is_named_and_the_copy_is_as_it_was(spoil, said):
    command = submission(bracket())
    stop = command.order_list.orders[1]
    right = (stop.quantity, stop.trigger_price, list(stop.linked_order_ids))
    approved = remembered(command)
    spoil(stop)
    sending = approved.take(command)
    assert sending.changed == f"{said} of {stop.client_order_id}"
    copy = sending.orders[1]
    assert (copy.quantity, copy.trigger_price, copy.linked_order_ids) == right


def test_a_limit_that_was_moved_is_named():
    command = submission(bracket())
    target = working(command.order_list.orders[2])
    approved = remembered(command)
    prices = {"price": price_of(99_000), "trigger_price": None}
    target.apply(OrderUpdated(**about(target), venue_order_id=target.venue_order_id, quantity=target.quantity, **prices))
    assert approved.take(command).changed == f"price 24750.00 of {target.client_order_id}"


def test_a_run_has_one_memory_and_another_run_another():
    assert approved_in("a") is approved_in("a") and approved_in("a") is not approved_in("b")
    assert not approved_in("a").kept
