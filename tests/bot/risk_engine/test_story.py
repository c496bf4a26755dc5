"""What the venue says of our orders, as it is written into their trade."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from builders import an_intent, plan
from nautilus_trader.model.objects import Quantity
from order_makers import bracket, filled

from bot.journal.records import Kind
from bot.risk_engine.records import fill_record
from bot.risk_engine.story import answered, changed_elsewhere, take_fill, take_update
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Fill, Leg, Trade

S = OrderState


class Journal:
    """Hands that note what they are given to record; the market closed at 998 ticks."""

    last_close = 998

    def __init__(self) -> None:
        self.records: list[tuple[Any, ...]] = []

    def journal(self, *given: Any) -> None:
        self.records.append(given)


def trade(role: Role = Role.STOP, side: int = 1, price: int | None = 992, **order: Any) -> tuple[Trade, Leg, TrackedOrder]:
    """A trade with one order beside its entry, whose stop in force is 992."""
    made = TrackedOrder("O", role, 2, side if role is Role.ENTRY else -side, 1, price, **({"state": S.WORKING} | order))
    leg = Leg(2, 1, 992, 1016, [made])
    return Trade(an_intent(plan(side)), [leg]), leg, made


# ------------------------------------------------------------------ fills


def taken(of: tuple[Trade, Leg, TrackedOrder], ticks: float, fee: float = 0.62, quantity: int = 1) -> tuple[Trade, Journal]:
    hands, (made, leg, order) = Journal(), of
    event = filled(bracket(an_intent(plan(made.side))).orders[0], ticks, quantity, fee, ts_event=11)
    take_fill(hands, made, leg, order, event)
    return made, hands


def test_a_fill_is_added_to_its_trade_and_journaled_with_it():
    of = trade(Role.STOP)
    made, hands = taken(of, 990.0, fee=1.24, quantity=2)
    assert made.fills == [Fill(Role.STOP, 2, -1, 2, 990.0, 124, 11, 2.0, "F-1")]
    assert hands.records == [(Kind.FILL, 11, fill_record(made, of[2]), "K1")]


@pytest.mark.parametrize(
    ("side", "role", "price", "ticks", "slippage"),
    [
        (1, Role.ENTRY, 1000, 1001.0, 1.0),
        (1, Role.ENTRY, 1000, 999.5, -0.5),
        (-1, Role.ENTRY, 1000, 1001.0, -1.0),
        (1, Role.STOP, 992, 990.0, 2.0),
        (-1, Role.STOP, 1008, 1009.0, 1.0),
        (1, Role.EXIT, None, 996.0, 2.0),  # at the market: beside the last close
        (-1, Role.EXIT, None, 996.0, -2.0),
        (1, Role.TARGET, 0, 1.0, -1.0),  # a price of 0 is a price
    ],
)
def test_slippage_is_what_the_price_was_worse_than_asked(side, role, price, ticks, slippage):
    made, _ = taken(trade(role, side, price), ticks)
    assert (made.fills[0].price, made.fills[0].slippage_ticks) == (ticks, slippage)


@pytest.mark.parametrize("side", [1, -1])
def test_no_slippage_has_no_sign(side):
    made, _ = taken(trade(Role.STOP, side, 992), 992.0)
    assert str(made.fills[0].slippage_ticks) == "0.0"


def test_a_trade_opens_with_its_first_entry_fill():
    of = trade(Role.ENTRY, price=1000)
    assert taken(of, 1000)[0].opened_ns == 11
    of[0].opened_ns = 5
    assert taken(of, 1000)[0].opened_ns == 5


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET])
def test_an_order_is_filled_from_its_first_fill_on(role):
    of = trade(role)
    taken(of, 1000)
    assert of[2].filled_ns == 11
    of[2].filled_ns = 5
    taken(of, 1000)
    assert of[2].filled_ns == 5


@pytest.mark.parametrize("role", [Role.STOP, Role.TARGET, Role.EXIT])
def test_an_exit_opens_nothing(role):
    assert taken(trade(role), 1000)[0].opened_ns == 0


def test_an_exit_beyond_what_was_seen_widens_the_excursion():
    made, leg, order = trade(Role.STOP)
    leg.orders.insert(0, TrackedOrder("E", Role.ENTRY, 2, 1, 1, 1000, state=S.FILLED, filled=1))
    made.fills.append(Fill(Role.ENTRY, 2, 1, 1, 1000.0, 62, 5, 0.0))
    taken((made, leg, order), 991)
    assert (made.mae_ticks, made.mfe_ticks) == (9, 0)


# ------------------------------------------------------------------ changes


def updated(of: tuple[Trade, Leg, TrackedOrder], trigger: float | None = None, quantity: int = 1):
    """What is said of an update; `trigger` in ticks."""
    said = SimpleNamespace(quantity=Quantity.from_int(quantity), price=None, trigger_price=None if trigger is None else trigger / 4)
    return take_update(*of, said)


@pytest.mark.parametrize("role", list(Role))
def test_a_size_that_was_changed_is_taken_and_no_longer_asked_for(role):
    of = trade(role, resized=3)
    assert updated(of, quantity=3) == ("", "")
    assert (of[2].quantity, of[2].resized, of[2].price) == (3, None, 992)
    assert type(of[2].quantity) is int


@pytest.mark.parametrize(("side", "stop", "moved"), [(1, 992, 995), (-1, 1008, 1005)])
def test_a_stop_that_came_closer_is_in_force_and_its_cause_is_told_once(side, stop, moved):
    made, leg, order = trade(side=side, price=stop, requested={moved: "ATR"})
    assert updated((made, leg, order), moved) == ("ATR", "")
    assert (order.price, leg.stop, order.requested, made.causes) == (moved, moved, {}, {"ATR"})
    assert made.changes == {}  # it counted when it was asked for
    assert updated((made, leg, order), moved) == ("", "")


@pytest.mark.parametrize(("side", "stop", "first", "second"), [(1, 992, 993, 995), (-1, 1008, 1007, 1005)])
def test_of_two_changes_that_are_not_answered_each_is_ours_and_has_its_own_cause(side, stop, first, second):
    made, leg, order = of = trade(side=side, price=stop, requested={first: "+1R", second: "ATR"})
    assert updated(of, first) == ("+1R", "")
    assert (order.price, leg.stop, order.requested) == (first, first, {second: "ATR"})
    assert updated(of, second) == ("ATR", "")
    assert (order.price, leg.stop, order.requested, made.causes, made.changes) == (second, second, {}, {"+1R", "ATR"}, {})


def test_a_change_that_was_overtaken_by_a_later_one_is_answered_with_it():
    made, _, order = of = trade(requested={993: "+1R", 995: "ATR"})
    assert updated(of, 995) == ("ATR", "")
    assert (order.price, order.requested, made.changes) == (995, {}, {})


def test_a_price_between_those_that_were_asked_for_is_another_hands_and_what_is_closer_may_still_come():
    made, _, order = of = trade(requested={993: "+1R", 995: "ATR"})
    assert updated(of, 994) == ("", "")
    assert (order.price, order.requested, made.causes, made.changes) == (994, {995: "ATR"}, set(), {"O@994": {"O"}})
    assert updated(of, 995) == ("ATR", "")
    assert made.changes == {"O@994": {"O"}}


def refused(of: tuple[Trade, Leg, TrackedOrder]) -> dict[int, str]:
    """What is still asked for once a change was refused; nobody says which."""
    answered(of[2], "OrderModifyRejected")
    return of[2].requested


def test_which_of_two_changes_was_refused_nobody_says_so_both_may_come_until_both_are_answered():
    both = {993: "+1R", 995: "ATR"}
    first, second, neither = (trade(requested=dict(both)) for _ in range(3))
    assert [refused(of) for of in (first, second, neither)] == [both] * 3
    updated(first, 993)
    updated(second, 995)
    assert (first[2].requested, second[2].requested, refused(neither)) == ({}, {}, {})
    third = trade(requested={993: "+1R", 995: "ATR", 996: "DVS"})
    assert (len(refused(third)), len(refused(third)), refused(third)) == (3, 3, {})
    for _, _, order in (first, second, neither, third):
        order.requested = dict(both)
        answered(order, "OrderModifyRejected")
        assert order.requested == both  # a new count


def test_a_stop_that_came_closer_unasked_counts_as_a_change():
    made, leg, order = trade()
    assert updated((made, leg, order), 993) == ("", "")
    assert (order.price, leg.stop, made.changes) == (993, 993, {"O@993": {"O"}})


@pytest.mark.parametrize(("side", "stop", "moved"), [(1, 992, 991), (-1, 1008, 1009), (1, 992, 944)])
def test_a_stop_that_another_hand_has_widened_is_told_and_not_taken_for_ours(side, stop, moved):
    made, leg, order = trade(side=side, price=stop)
    leg.stop = stop
    assert updated((made, leg, order), moved) == ("", f"O: from {stop} to {moved} ticks")
    assert (order.price, leg.stop, made.changes, made.causes) == (moved, stop, {}, set())


def test_a_stop_that_did_not_move_is_no_change():
    made, leg, order = trade(requested={995: "ATR"})
    assert updated((made, leg, order), 992.2) == ("", "")
    assert (order.price, order.requested, made.changes) == (992, {995: "ATR"}, {})


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET, Role.EXIT])
def test_only_a_stop_has_a_trigger_that_moves(role):
    of = trade(role)
    assert updated(of, 980) == ("", "")
    assert (of[2].price, of[1].stop) == (992, 992)


def test_a_stop_without_a_known_price_or_an_update_without_a_trigger_moves_nothing():
    of = trade(price=None)
    assert updated(of, 980) == ("", "")
    assert (of[2].price, of[1].stop) == (None, 992)
    assert updated(trade()) == ("", "")


@pytest.mark.parametrize("moved", [1012, 1020])
def test_a_target_that_another_hand_has_moved_works_where_it_is_and_the_plan_stays(moved):
    made, leg, order = trade(Role.TARGET, price=1016)
    assert take_update(made, leg, order, told(price=moved)) == ("", "")
    assert (order.price, leg.target) == (moved, 1016)
    assert type(order.price) is int


@pytest.mark.parametrize("role", [Role.ENTRY, Role.STOP, Role.EXIT])
def test_only_a_target_is_followed_by_its_limit(role):
    made, leg, order = trade(role)
    take_update(made, leg, order, told(price=1012))
    assert order.price == 992


# ------------------------------------------------------------------ what nobody may change


def told(quantity: int = 1, price: float | None = None, trigger: float | None = None) -> SimpleNamespace:
    """An update as the venue tells it; prices in ticks."""
    points = [None if ticks is None else ticks / 4 for ticks in (price, trigger)]
    return SimpleNamespace(quantity=Quantity.from_int(quantity), price=points[0], trigger_price=points[1])


@pytest.mark.parametrize("role", list(Role))
def test_more_contracts_than_we_asked_for_are_another_hand(role):
    made, _, order = trade(role)
    assert changed_elsewhere(made, order, told(2)) == "O: 2 contracts instead of 1"
    order.resized = 3
    assert changed_elsewhere(made, order, told(4)) == "O: 4 contracts instead of 3"
    assert changed_elsewhere(made, order, told(3)) == changed_elsewhere(made, order, told(2)) == ""


@pytest.mark.parametrize("role", list(Role))
def test_fewer_contracts_are_what_the_fill_of_a_sibling_leaves(role):
    made, _, order = trade(role, resized=None)
    order.quantity = 3
    assert changed_elsewhere(made, order, told(3)) == changed_elsewhere(made, order, told(1)) == ""


def entry(trigger: int | None = None) -> tuple[Trade, TrackedOrder]:
    made, _, order = trade(Role.ENTRY, price=1000)
    planned = msgspec.structs.replace(made.intent.plan, limit=1000, trigger=trigger)
    made.intent = msgspec.structs.replace(made.intent, plan=planned)
    return made, order


@pytest.mark.parametrize("limit", [999, 1001, 1000.5])
def test_an_entry_with_another_limit_is_another_hand(limit):
    assert changed_elsewhere(*entry(), told(price=limit)) == f"O: its limit is {limit:g} instead of 1000 ticks"


def test_an_entry_with_another_trigger_is_another_hand():
    assert changed_elsewhere(*entry(998), told(price=1000, trigger=997)) == "O: its trigger is 997 instead of 998 ticks"
    assert changed_elsewhere(*entry(), told(price=1000, trigger=997)) == "O: its trigger is 997 instead of None ticks"


def test_an_entry_as_planned_is_nobodys():
    assert changed_elsewhere(*entry(998), told(price=1000, trigger=998)) == changed_elsewhere(*entry(), told()) == ""


@pytest.mark.parametrize("role", [Role.STOP, Role.TARGET, Role.EXIT])
def test_where_a_stop_or_a_target_stands_is_judged_elsewhere(role):
    made, _, order = trade(role)
    assert changed_elsewhere(made, order, told(price=1, trigger=1)) == ""


# ------------------------------------------------------------------ what was asked for


def asked(event: str, state: OrderState = S.WORKING, resized: int | None = 3, refused: bool = False) -> tuple[Any, ...]:
    """Size and trigger asked for, and whether a size was refused, after an event."""
    _, _, order = trade(state=state, requested={995: ""}, resized=resized, resize_refused=refused)
    answered(order, event)
    return (order.resized, next(iter(order.requested), None), order.resize_refused)


def test_a_refused_change_leaves_nothing_asked_for_and_says_whether_it_was_a_size():
    assert asked("OrderModifyRejected") == (None, None, True)
    assert asked("OrderModifyRejected", resized=None) == (None, None, False)
    assert asked("OrderModifyRejected", resized=None, refused=True) == (None, None, True)


@pytest.mark.parametrize("state", [S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED, S.DENIED, S.UNKNOWN])
def test_an_order_that_has_ended_has_nothing_asked_for(state):
    assert asked("OrderCanceled", state) == (None, None, False)


@pytest.mark.parametrize("event", ["OrderAccepted", "OrderCancelRejected", "OrderUpdated"])
def test_any_other_word_leaves_what_was_asked_for(event):
    assert asked(event) == (3, 995, False)


def test_a_stop_that_the_venue_makes_smaller_while_its_price_is_changed_may_come_back_as_it_was_asked_for():
    made, _, stop = of = trade()
    stop.quantity, stop.requested = 3, {995: ""}
    for left in (2, 1):
        updated(of, 992, left)
        assert (stop.quantity, stop.requested, stop.resized) == (left, {995: ""}, 3)
    assert changed_elsewhere(made, stop, told(3, trigger=995)) == ""
    updated(of, 995, 3)
    assert (stop.quantity, stop.price, stop.requested, stop.resized) == (3, 995, {}, None)
    assert changed_elsewhere(made, stop, told(4, trigger=995)) == "O: 4 contracts instead of 3"


@pytest.mark.parametrize(
    ("requested", "quantity", "trigger", "still"),
    [
        ({}, 1, 992, None),  # nobody asked for a price: it is smaller for good
        ({995: ""}, 3, 992, None),  # as large as it was
        ({995: ""}, 1, None, None),  # what says no price promises none
        ({995: ""}, 1, 995, None),  # the one that was asked for
        ({995: ""}, 1, 995.2, None),
        ({995: ""}, 1, 992, 3),
        ({993: "", 995: ""}, 1, 993, 3),  # the later one is still to come
        ({993: "", 995: ""}, 1, 995, None),
    ],
)
def test_a_size_comes_back_only_with_a_price_that_is_still_to_come(requested, quantity, trigger, still):
    _, _, stop = of = trade(requested=dict(requested))
    stop.quantity = 3
    updated(of, trigger, quantity)
    assert (stop.quantity, stop.resized) == (quantity, still)
