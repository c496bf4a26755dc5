"""The door of the venue's answers: what is news, and who may bring it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.events import OrderCanceled, OrderDenied, OrderInitialized, OrderModifyRejected, OrderUpdated
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from order_makers import TRADER, about, asked_to_change, asked_to_end, bracket, filled, kept, remade, working

from bot.risk_engine.answers import ACCOUNT, PROCESS, REPORT, REPORTS, Answers
from bot.risk_engine.brackets import price_of
from bot.runtime.said import Said


def canceled(order: Order) -> OrderCanceled:
    return OrderCanceled(**about(order), venue_order_id=order.venue_order_id)


def denied(order: Order) -> OrderDenied:
    return OrderDenied(**about(order, "account_id", "ts_event"), reason="no")


def change_rejected(order: Order) -> OrderModifyRejected:
    return OrderModifyRejected(**about(order), venue_order_id=order.venue_order_id, reason="no")


# ------------------------------------------------------------------ what is news


def answers(*orders: Order) -> Answers:
    """In front of an engine that applies what it is brought."""
    cache = kept(*orders)
    return Answers(cache, lambda event: cache.order(event.client_order_id).apply(event), lambda _: None)


def test_an_event_that_came_through_the_door_and_was_applied_is_news_once():
    order = working(bracket().first)
    told, event = answers(order), canceled(order)
    told.bring(event)
    assert [told.news(event), told.news(event)] == [True, False]


def test_an_event_that_somebody_applied_himself_is_none():
    order = working(bracket().first)
    told, event = answers(order), canceled(order)
    order.apply(event)
    assert not told.news(event)


def test_an_event_that_was_brought_and_not_applied_is_none():
    order = working(bracket().first)
    told = Answers(kept(order), lambda _: None, lambda _: None)
    event = canceled(order)
    told.bring(event)
    assert not told.news(event)
    order.apply(event)
    assert told.news(event)


def test_a_fill_that_was_brought_is_news_though_nautilus_takes_its_order_for_over_and_does_not_apply_it():
    order = working(bracket().first)
    told = Answers(kept(order), lambda _: None, lambda _: None)
    fill, other = filled(order, 1000), filled(order, 1000)
    assert not told.news(fill)
    told.bring(fill)
    assert [told.news(fill), told.news(fill), told.news(other)] == [True, False, False]


def test_the_making_of_an_order_is_news_though_no_venue_has_brought_it():
    order = bracket().first
    assert answers(order).news(order.last_event)


@pytest.mark.parametrize("ask", [asked_to_end, asked_to_change])
def test_what_a_strategy_applies_itself_when_it_asks_is_news(ask):
    order = ask(working(bracket().first))
    assert answers(order).news(order.last_event)


def test_an_event_that_was_only_published_is_no_news():
    order, other = working(bracket().first), working(bracket().first)
    told = answers(order)
    event = canceled(order)
    told.bring(event)
    assert not told.news(other.last_event)
    assert not told.news(canceled(order))
    assert not told.news(order.events[0])
    assert not answers().news(event)
    assert told.news(event)


@pytest.mark.parametrize("word", [lambda order: filled(order, 1000), change_rejected])
def test_the_venues_word_is_news_though_somebody_has_applied_another_event_since(word: Callable[[Order], Any]):
    order = asked_to_change(working(bracket().first))
    told, event = answers(order), word(order)
    told.bring(event)
    order.apply(OrderInitialized.from_dict(OrderInitialized.to_dict(order.init_event) | {"event_id": UUID4().value}))
    assert order.last_event is not event
    assert [told.news(event), told.news(event)] == [True, False]


def test_what_follows_is_news_again_and_each_order_is_heard_by_itself():
    first, second = (working(order) for order in bracket().orders[:2])
    told = answers(first, second)
    fill, end = filled(first, 1000), canceled(second)
    told.bring(fill)
    assert told.news(fill)
    told.bring(end)
    assert told.news(end) and not told.news(fill)


def test_what_nautilus_makes_of_a_report_while_it_is_brought_is_news_and_not_before_or_after():
    order = working(bracket().first)
    heard = []

    def make(event: Any) -> None:
        order.apply(event)
        heard.append(told.news(event))

    told = Answers(kept(order), lambda _: None, lambda _: None, make)
    assert not told.news(order.last_event)
    told.bring_report(asked := canceled(order))
    assert heard == [True] and order.last_event is asked
    other = working(bracket().first)
    late = Answers(kept(other), lambda _: None, lambda _: None, other.apply)
    late.bring_report(event := canceled(other))
    assert not late.news(event)


def test_a_fill_that_is_only_published_while_a_report_is_brought_is_none():
    order = working(bracket().first)
    heard: list[bool] = []
    told = Answers(kept(order), lambda _: None, lambda _: None, lambda _: heard.append(told.news(filled(order, 1000))))
    told.bring_report("a report")
    assert heard == [False]


def test_a_report_that_nautilus_cannot_take_leaves_nothing_open():
    order = working(bracket().first)

    def fail(_: Any) -> None:
        raise ValueError("no report")

    told = Answers(kept(order), lambda _: None, lambda _: None, fail)
    with pytest.raises(ValueError, match="no report"):
        told.bring_report(object())
    order.apply(event := canceled(order))
    assert not told.news(event)


@pytest.mark.parametrize(("more", "news"), [(999, True), (1000, False)])
def test_so_many_may_wait_in_the_queue_of_nautilus(more, news):
    order = working(bracket().first)
    told = Answers(kept(order), lambda _: None, lambda _: None)
    event = canceled(order)
    for each in (event, *(object() for _ in range(more))):
        told.bring(each)
    order.apply(event)
    assert told.news(event) is news


# ------------------------------------------------------------------ who may bring it


class Door:
    """A bus with the doors on it, and who took what; `stops` is what the risk engine says of a refusal of Nautilus' own."""

    def __init__(self, *, simulated: bool, stops: bool = False) -> None:
        self.bus, self.said = MessageBus(TRADER, TestClock()), Said()
        self.taken: list[Any] = []
        self.accounts: list[Any] = []
        self.reports: list[Any] = []
        self.refused: list[Any] = []
        self.asked: list[Any] = []
        self.stops = stops
        told = Answers(kept(), self.taken.append, self.accounts.append, self.reports.append)
        doors = told.doors(self.said, simulated=simulated, stopped=self.stopped, refuse=self.refused.append)
        for name, handler in doors.items():
            self.bus.register(name, handler)

    def stopped(self, event: Any, bring: Any) -> bool:
        self.asked.append(event)
        if self.stops:
            bring(event)
        return self.stops


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("make", [canceled, denied, change_rejected])
def test_what_a_part_says_is_taken_and_nobody_is_asked(simulated, make):
    door, event = Door(simulated=simulated), make(working(bracket().first))
    door.said.send(door.bus, PROCESS, event)
    assert (door.taken, door.refused, door.asked) == ([event], [], [])


def test_live_what_anybody_else_says_of_an_order_is_refused():
    door, event = Door(simulated=False, stops=True), canceled(working(bracket().first))
    door.bus.send(PROCESS, event)
    assert (door.taken, door.refused, door.asked) == ([], [event], [])


def test_a_simulated_exchange_speaks_for_itself():
    door, event = Door(simulated=True), canceled(working(bracket().first))
    door.bus.send(PROCESS, event)
    assert (door.taken, door.refused, door.asked) == ([event], [], [])


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("make", [denied, change_rejected])
def test_a_refusal_of_nautilus_own_is_brought_once_where_it_stops_something(simulated, make):
    door, event = Door(simulated=simulated, stops=True), make(working(bracket().first))
    door.bus.send(PROCESS, event)
    assert (door.taken, door.refused, door.asked) == ([event], [], [event])


@pytest.mark.parametrize(("simulated", "brought"), [(True, 1), (False, 0)])
@pytest.mark.parametrize("make", [denied, change_rejected])
def test_a_refusal_that_stops_nothing_says_nothing_but_where_an_exchange_may_have_said_it(make, simulated, brought):
    door, event = Door(simulated=simulated), make(working(bracket().first))
    door.bus.send(PROCESS, event)
    assert (door.taken, door.refused) == ([event] * brought, [])


def test_an_event_type_of_tomorrow_is_no_refusal_of_nautilus_own():
    class Tomorrow(OrderDenied):
        """Looks like one."""

    order = bracket().first
    door, event = Door(simulated=False, stops=True), Tomorrow(**about(order, "account_id", "ts_event"), reason="no")
    door.bus.send(PROCESS, event)
    assert (door.taken, door.refused, door.asked) == ([], [event], [])


@pytest.mark.parametrize(("endpoint", "taken"), [(ACCOUNT, "accounts"), (REPORT, "reports")])
def test_live_an_account_and_a_report_are_the_adapters_word(endpoint, taken):
    door, mine, other = Door(simulated=False), object(), object()
    door.said.send(door.bus, endpoint, mine)
    door.bus.send(endpoint, other)
    assert (getattr(door, taken), door.refused) == ([mine], [other])


def test_live_a_report_of_all_there_is_is_refused_whoever_brings_it():
    door, mine, other = Door(simulated=False), object(), object()
    door.said.send(door.bus, REPORTS, mine)
    door.bus.send(REPORTS, other)
    assert (door.reports, door.refused) == ([], [mine, other])


def test_a_simulated_exchange_tells_of_its_account_itself():
    door, state = Door(simulated=True), object()
    assert door.bus.endpoints() == [PROCESS, ACCOUNT]
    door.bus.send(ACCOUNT, state)
    assert (door.accounts, door.refused) == ([state], [])


# ------------------------------------------------------------------ what another hand has written


def test_an_event_that_another_hand_applied_is_foreign_for_good():
    order = working(bracket().first)
    told = answers(order)
    told.known(order)
    assert told.foreign(order) == ""
    order.apply(canceled(order))
    assert [told.foreign(order) for _ in range(2)] == ["OrderCanceled"] * 2


def test_what_came_through_the_door_and_was_heard_is_not_foreign():
    order = working(bracket().first)
    told, event = answers(order), canceled(order)
    told.known(order)
    told.bring(event)
    assert told.news(event) and told.foreign(order) == ""


@pytest.mark.parametrize("ask", [asked_to_end, asked_to_change])
def test_what_asks_for_something_is_anybodys(ask):
    order = working(bracket().first)
    told = answers(order)
    told.known(order)
    assert told.foreign(ask(order)) == ""


def test_an_order_that_only_was_made_has_nothing_foreign():
    assert answers().foreign(bracket().first) == ""


def looked(told: Answers, times: int) -> list[list[Any]]:
    return [told.unbooked() for _ in range(times)]


def test_a_fill_that_nautilus_does_not_tell_of_is_told_at_the_second_look_once():
    order = working(bracket().first)
    told = Answers(kept(order), lambda _: None, lambda _: None)
    told.bring(fill := filled(order, 1000))
    assert looked(told, 3) == [[], [fill], []]
    order.apply(fill)
    assert not told.news(fill)  # it was heard


def test_a_fill_that_is_heard_between_two_looks_is_none():
    order = working(bracket().first)
    told = Answers(kept(order), lambda _: None, lambda _: None)
    told.bring(fill := filled(order, 1000))
    assert told.unbooked() == []
    order.apply(fill)
    assert told.news(fill) and told.unbooked() == []


def test_the_same_fill_again_is_none():
    order = working(bracket().first)
    told = Answers(kept(order), lambda _: None, lambda _: None)
    told.bring(fill := filled(order, 1000))
    order.apply(fill)
    assert told.news(fill)
    told.bring(type(fill).from_dict(type(fill).to_dict(fill)))
    assert looked(told, 3) == [[], [], []]


def test_only_a_fill_is_missed():
    order = working(bracket().first)
    told = Answers(kept(order), lambda _: None, lambda _: None)
    told.bring(canceled(order))
    assert looked(told, 3) == [[], [], []]


def test_another_fill_of_the_same_order_is_missed_too():
    order = working(bracket().first)
    told = Answers(kept(order), lambda _: None, lambda _: None)
    told.known(order)  # it has been accepted
    first = filled(order, 1000)
    second = type(first).from_dict(type(first).to_dict(first) | {"trade_id": "F-2"})
    told.bring(first)
    order.apply(first)
    assert told.news(first)
    told.bring(second)
    assert looked(told, 3) == [[], [second], []]


# ------------------------------------------------------------------ what another hand has applied


def test_an_order_is_made_anew_of_what_came_and_of_what_was_asked_for():
    order = bracket().first
    told = answers(order)
    told.known(working(order))
    asked_to_change(order)
    order.apply(canceled(order))
    made = told.clean(order)
    assert (type(made), made.client_order_id, made.venue_order_id) == (type(order), order.client_order_id, order.venue_order_id)
    assert [type(event).__name__ for event in made.events] == ["OrderInitialized", "OrderSubmitted", "OrderAccepted", "OrderPendingUpdate"]


def test_what_was_asked_for_only_after_another_hand_is_left_out():
    order = bracket().first
    working(order)
    asked_to_end(order)
    made = answers(order).clean(order)
    assert made.status_string() == "INITIALIZED" and order.status_string() == "PENDING_CANCEL"


def test_what_has_come_and_is_heard_in_a_moment_is_not_foreign():
    order = working(bracket().first)
    told = answers(order)
    told.known(order)
    told.bring(fill := filled(order, 1000))
    assert (told.foreign(order), told.heard_fill(fill)) == ("", True)
    assert told.clean(order).is_closed


# ------------------------------------------------------------------ an order that a simulated venue holds


def updated(order: Order, **changes: Any) -> OrderUpdated:
    said = {"venue_order_id": VenueOrderId("zz"), "quantity": Quantity.from_int(5), "price": None, "trigger_price": None}
    return OrderUpdated(**about(order), **(said | changes))


@pytest.mark.parametrize(("number", "prices"), [(0, {"price": price_of(7)}), (1, {"trigger_price": price_of(7)})])
def test_what_another_hand_has_changed_is_changed_back_in_the_very_order_and_is_told_once(number, prices):
    order = working(bracket().orders[number])
    told, right = answers(order), limits(order)
    told.known(order)
    order.apply(updated(order, **prices))
    assert told.foreign(order) == "OrderUpdated" and limits(order) != right
    assert told.corrected(order) is order
    assert (limits(order), told.foreign(order)) == (right, "")
    assert (order.last_event.ts_event, order.last_event.account_id) == (8, order.account_id)


def limits(order: Order) -> tuple[Any, ...]:
    price, trigger = order.price if order.has_price else None, order.trigger_price if order.has_trigger_price else None
    return order.quantity, order.venue_order_id, price, trigger


def test_an_order_that_another_hand_has_ended_stays_ended():
    order = working(bracket().first)
    told = answers(order)
    told.known(order)
    order.apply(canceled(order))
    assert told.corrected(order) is order
    assert (order.is_closed, told.foreign(order)) == (True, "")


# ------------------------------------------------------------------ fills that stand in a position


def test_a_fill_that_nobody_brought_was_not_heard():
    order = working(bracket().first)
    told = answers(order)
    assert not told.heard_fill(filled(order, 1000))
    told.bring(canceled(order))
    told.known(order)
    assert not told.heard_fill(filled(order, 1000))


@pytest.mark.parametrize(
    ("changes", "heard"),
    [({}, True), ({"last_qty": "2"}, False), ({"last_px": "1.00"}, False), ({"order_side": "SELL"}, False), ({"trade_id": "F-9"}, False)],
)
def test_the_part_of_a_fill_by_which_a_position_is_turned_round_is_that_fill(changes, heard):
    order = working(remade(bracket().first, quantity="2"))
    told = answers(order)
    told.bring(whole := filled(order, 1000, quantity=2))
    assert told.news(whole)
    part = {"last_qty": "1", "event_id": UUID4().value}
    assert told.heard_fill(type(whole).from_dict(type(whole).to_dict(whole) | part | changes)) is heard


def test_what_an_earlier_run_left_was_heard_then_orders_and_positions():
    order = working(bracket().first)
    told, fill = answers(order), filled(order, 1000)
    told.known(order)
    told.known(SimpleNamespace(events=[fill]))
    assert (told.foreign(order), told.heard_fill(fill)) == ("", True)


def test_whoever_stands_before_nautilus_sees_an_answer_before_it_goes_on():
    order, seen = working(bracket().first), []
    told = Answers(
        kept(order), lambda event: seen.append(("taken", event)), lambda _: None, None, lambda event: seen.append(("seen", event))
    )
    told.bring(event := canceled(order))
    assert seen == [("seen", event), ("taken", event)]
