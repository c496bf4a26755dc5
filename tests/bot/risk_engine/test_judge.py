"""What may pass to the broker: pure checks, one contract and one tick either side."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from builders import decided_at, plan
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId, StrategyId, TraderId
from nautilus_trader.model.objects import Quantity

from bot.decision.intent import Intent
from bot.risk_engine import judge
from bot.risk_engine.brackets import OrderOrigin, OrderTags, bracket_orders, first_difference, order_id, price_of
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S, R = OrderState, Role
ORIGIN = OrderOrigin(TraderId("T-1"), StrategyId("K1-K1"), InstrumentId.from_str("MES.CME"), 7)


def intent(**shape: Any) -> Intent:
    return Intent("I", plan(**shape), 90, decided_at(7, slippage_ticks=2))


class Order(NamedTuple):
    side: OrderSide
    quantity: int


class Change(NamedTuple):
    price: Any = None
    trigger_price: Any = None
    quantity: Any = None


def tracked(role: Role, state: OrderState = S.WORKING, quantity: int = 1, price: int = 992) -> TrackedOrder:
    return TrackedOrder("O", role, 1, -1, quantity, price, state=state)


def leg(*orders: TrackedOrder, entered: int = 1) -> Leg:
    made = Leg(1, entered, 992, 1016)
    made.orders = [TrackedOrder("E", R.ENTRY, 1, 1, entered, state=S.FILLED, filled=entered), *orders]
    return made


BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.mark.parametrize(
    ("side", "quantity", "net", "working", "passes"),
    [
        (SELL, 1, 0, 0, False),
        (BUY, 1, 0, 0, False),
        (SELL, 1, 1, 0, True),
        (SELL, 2, 1, 0, False),  # would flip
        (BUY, 1, 1, 0, False),  # would add
        (SELL, 1, 2, 1, True),
        (SELL, 2, 2, 1, False),  # a working exit may close one of them already
        (SELL, 1, 1, 1, False),
        (BUY, 1, -1, 0, True),
        (BUY, 2, -1, 0, False),
        (SELL, 1, -1, 0, False),
        (BUY, 2, -2, 0, True),
    ],
)
def test_a_single_order_passes_only_if_it_reduces_counting_what_already_works(side, quantity, net, working, passes):
    refusal = judge.reducing(Order(side, quantity), net, working)
    assert (refusal is None) is passes
    if refusal is not None:
        assert (refusal.code, refusal.layer, refusal.unit) == ("NOT_REDUCING", 1, "contracts")


@pytest.mark.parametrize(
    ("orders", "working"),
    [
        ([], 0),
        ([tracked(R.STOP), tracked(R.TARGET)], 1),  # they exclude each other
        ([tracked(R.STOP, quantity=2), tracked(R.TARGET)], 2),
        ([tracked(R.STOP, S.CANCELED), tracked(R.EXIT, S.SUBMITTED)], 1),
        ([tracked(R.STOP), tracked(R.EXIT)], 2),
        ([tracked(R.STOP, S.SUBMITTED)], 1),
    ],
)
def test_a_legs_stop_and_target_count_once_and_closing_orders_as_they_are(orders, working):
    trade = Trade(intent(), [leg(*orders)])
    assert judge.working_exits([trade]) == working
    assert judge.working_exits([trade, trade]) == 2 * working


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("closer", "code"), [(1, None), (0, "STOP_WIDENS"), (-1, "STOP_WIDENS"), (30, None)])
def test_a_stop_only_comes_closer(side, closer, code):
    stop = tracked(R.STOP, price=1000 - 8 * side)
    refusal = judge.modification(Change(trigger_price=price_of(1000 - 8 * side + closer * side)), stop, side)
    assert (refusal and refusal.code) == code


@pytest.mark.parametrize(
    ("change", "order", "code"),
    [
        (Change(quantity=Quantity.from_int(1)), tracked(R.STOP, quantity=2), None),
        (Change(quantity=Quantity.from_int(2)), tracked(R.STOP, quantity=2), None),
        (Change(quantity=Quantity.from_int(3)), tracked(R.STOP, quantity=2), "MODIFY_FORBIDDEN"),
        (Change(price=price_of(1010)), tracked(R.TARGET), "MODIFY_FORBIDDEN"),
        (Change(price=price_of(1010)), tracked(R.ENTRY), "MODIFY_FORBIDDEN"),
        (Change(trigger_price=price_of(1010)), tracked(R.ENTRY), "MODIFY_FORBIDDEN"),
        (Change(trigger_price=price_of(1010)), None, "MODIFY_FORBIDDEN"),
    ],
)
def test_nothing_but_a_stops_trigger_and_a_smaller_quantity_may_change(change, order, code):
    refusal = judge.modification(change, order, 1)
    assert (refusal and refusal.code) == code


STOP = tracked(R.STOP)


@pytest.mark.parametrize(
    ("order", "of", "closing", "passes"),
    [
        (STOP, leg(STOP), False, False),
        (STOP, leg(STOP), True, True),  # CLOSING
        (STOP, leg(STOP, entered=0), False, True),  # nothing is held
        (STOP, leg(STOP, tracked(R.STOP)), False, True),  # its replacement works
        (STOP, leg(STOP, tracked(R.STOP, S.SUBMITTED)), False, False),  # ... or does not yet
        (STOP, leg(STOP, tracked(R.STOP, S.NONE)), False, False),
        (tracked(R.TARGET), leg(STOP), False, False),  # its end takes the stop along
        (tracked(R.ENTRY), leg(STOP), False, True),
        (None, None, False, True),  # nobody's order of ours
    ],
)
def test_the_only_stop_of_an_open_leg_stays(order, of, closing, passes):
    assert (judge.cancellation(order, of, closing) is None) is passes


def test_two_stops_of_one_leg_may_not_go_in_one_command():
    other = TrackedOrder("O2", R.STOP, 1, -1, 1, 992, state=S.WORKING)
    both = frozenset({STOP.order_id, other.order_id})
    assert judge.cancellation(STOP, leg(STOP, other), False, frozenset({STOP.order_id})) is None
    assert judge.cancellation(STOP, leg(STOP, other), False, both).code == "ONLY_STOP"


# ------------------------------------------------------------------ brackets and their tags


@pytest.mark.parametrize("shape", [{}, {"side": -1}, {"trigger": 1}, {"legs": ((1, 6, 12), (1, 6, 18)), "trigger": 1, "strategy": "K4"}])
def test_a_bracket_is_complete_equal_to_its_plan_and_readable_from_its_tags(shape):
    orders = bracket_orders(intent(**shape), ORIGIN).orders
    assert judge.complete_brackets(orders) is None
    assert first_difference(orders, bracket_orders(intent(**shape), ORIGIN).orders) == ""
    assert not any(order.is_reduce_only for order in orders)
    tags = [OrderTags.read(order) for order in orders]
    assert [(tag.intent_id, tag.leg, tag.role.value) for tag in tags] == [
        ("I", number, role) for number in range(1, len(orders) // 3 + 1) for role in ("ENTRY", "STOP", "TARGET")
    ]
    assert {tag.expires_ns for tag in tags} == {90, 0}
    assert {tag.slippage_ticks for tag in tags} == {2}


@pytest.mark.parametrize("drop", [0, 1, 2])
def test_a_bracket_without_entry_stop_or_target_is_incomplete(drop):
    orders = bracket_orders(intent(), ORIGIN).orders
    assert judge.complete_brackets(orders[:drop] + orders[drop + 1 :]).code == "BRACKET_INCOMPLETE"


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"limit": 1001}, "price"),
        ({"legs": ((1, 9, 16),)}, "trigger"),
        ({"legs": ((1, 8, 17),)}, "price"),
        ({"legs": ((2, 8, 16),)}, "quantity"),
        ({"side": -1}, "side"),
        ({"trigger": 1}, "type"),
        ({"legs": ((1, 8, 16), (1, 8, 16))}, "3 orders instead of 6"),
    ],
)
def test_a_plan_that_is_off_by_a_tick_or_a_contract_differs(other, difference):
    found = first_difference(bracket_orders(intent(), ORIGIN).orders, bracket_orders(intent(**other), ORIGIN).orders)
    assert difference in found


def test_ids_are_derived_from_intent_leg_role_and_attempt():
    found = [order_id("20251002-K1-1041", 1, Role.STOP, attempt).value for attempt in (0, 2)]
    assert found == [
        "20251002-K1-1041-1S",
        "20251002-K1-1041-1S2",
    ]
