"""What each refusal of the judge says, in full, and the passes beside it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from builders import plan
from nautilus_trader.model.enums import OrderSide, OrderStatus, TriggerType
from nautilus_trader.model.identifiers import ExecAlgorithmId, InstrumentId, StrategyId, TraderId
from nautilus_trader.model.objects import Quantity

from bot.decision.euc import Euc, EucInputs
from bot.decision.intent import Intent
from bot.decision.verdict import Refused
from bot.risk_engine import judge
from bot.risk_engine.brackets import OrderOrigin, bracket_orders, price_of
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S, R = OrderState, Role
MAKER = OrderOrigin(TraderId("T-1"), StrategyId("K1-K1"), InstrumentId.from_str("MES.CME"), 7)


def says(refusal: Refused | None) -> tuple[Any, ...] | None:
    """Every field, with the types that a record would keep."""
    if refusal is None:
        return None
    assert type(refusal.layer) is int and type(refusal.code) is str
    assert {type(refusal.observed), type(refusal.limit)} <= {int, float, str}
    found = (refusal.observed_name, refusal.observed, refusal.limit_name, refusal.limit, refusal.unit)
    return (refusal.code, refusal.layer, *found)


def bracket(*legs: tuple[int, int, int]) -> list[Any]:
    made = Intent("I", "2025-09-16", 7, 90, 2, plan(legs=legs), 1.0, 1.0, Euc(0, 0, 0, 0, 0, 0), EucInputs(0, 0, 0, 0, 0, 0, 0, 0, 0))
    return bracket_orders(made, MAKER).orders


def tracked(role: Role, state: OrderState = S.WORKING, quantity: int = 1, price: int | None = 992, name: str = "O") -> TrackedOrder:
    return TrackedOrder(name, role, 1, -1, quantity, price, state=state)


def leg(*orders: TrackedOrder, entered: int = 1) -> Leg:
    made = Leg(1, entered, 992, 1016)
    made.orders = [TrackedOrder("E", R.ENTRY, 1, 1, entered, state=S.FILLED, filled=entered), *orders]
    return made


def change(**what: Any) -> Any:
    return SimpleNamespace(**({"price": None, "trigger_price": None, "quantity": None} | what))


# ------------------------------------------------------------------ forms


def order(**form: Any) -> Any:
    values = {
        "client_order_id": SimpleNamespace(value="I-1E"), "emulation_trigger": TriggerType.NO_TRIGGER,
        "status": OrderStatus.INITIALIZED, "exec_algorithm_id": None,
    }  # fmt: skip
    return SimpleNamespace(**(values | form))


EMULATED = ("EMULATION", 8, "order", "I-1E", "required", "no emulation, no algorithm", "")


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({}, None),
        ({"emulation_trigger": TriggerType.BID_ASK}, EMULATED),
        ({"status": OrderStatus.RELEASED}, EMULATED),
        ({"exec_algorithm_id": ExecAlgorithmId("TWAP")}, EMULATED),
    ],
)
def test_neither_emulation_nor_algorithms_pass_wherever_they_stand(form, refusal):
    assert says(judge.forbidden_form([order(**form)])) == refusal
    assert says(judge.forbidden_form([order(), order(**form)])) == refusal
    assert judge.forbidden_form([]) is None


def test_an_order_without_the_tags_of_an_intent_is_unknown():
    orders = [SimpleNamespace(client_order_id=SimpleNamespace(value="X"), tags=None, quantity=1)]
    assert says(judge.complete_brackets(orders)) == ("UNKNOWN_INTENT", 8, "order", "X", "required", "the tags of an intent", "")


WANTED = ("required", "one ENTRY, STOP, TARGET of one size", "")


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ([0, 1], ("leg_1", "ENTRY:1 STOP:1")),
        ([0, 1, 1], ("leg_1", "ENTRY:1 STOP:1")),
        ([1, 0, 2, 3, 4], ("leg_1", "STOP:1 ENTRY:1 TARGET:1")),  # five orders are not two legs
        ([0, 1, 2, 3], ("leg_1", "ENTRY:1 STOP:1 TARGET:1")),
        ([0, 1, 2, 2], ("leg_1", "ENTRY:1 STOP:1 TARGET:1")),  # one twice
        ([3, 4, 5], None),
        ([0, 1, 2, 3, 4, 5], None),
    ],
)
def test_orders_are_whole_brackets_or_the_first_leg_that_is_not_is_named(kept, found):
    orders = bracket((1, 6, 12), (1, 6, 18))
    refusal = judge.complete_brackets([orders[index] for index in kept])
    assert says(refusal) == (None if found is None else ("BRACKET_INCOMPLETE", 8, *found, *WANTED))


def test_a_bracket_of_two_sizes_is_incomplete_and_the_lower_leg_is_named_first():
    one, two = bracket((1, 6, 12), (1, 6, 18)), bracket((2, 6, 12), (2, 6, 18))
    mixed = [*two[3:5], one[5], *two[0:2], one[2]]
    assert says(judge.complete_brackets(mixed))[:4] == ("BRACKET_INCOMPLETE", 8, "leg_1", "ENTRY:2 STOP:2 TARGET:1")


# ------------------------------------------------------------------ what reduces


@pytest.mark.parametrize(
    ("side", "quantity", "net", "working", "observed", "limit"),
    [
        (OrderSide.SELL, 3, 2, 0, -3, -2),
        (OrderSide.BUY, 3, -2, 0, 3, 2),
        (OrderSide.SELL, 2, 1, 0, -2, -1),
        (OrderSide.BUY, 2, -1, 0, 2, 1),
        (OrderSide.SELL, 2, 2, 1, -2, -1),
        (OrderSide.BUY, 2, -2, 1, 2, 1),
        (OrderSide.BUY, 1, 2, 0, 1, -2),
        (OrderSide.SELL, 1, 0, 0, -1, 0),
    ],
)
def test_an_order_that_does_not_reduce_is_told_with_what_would(side, quantity, net, working, observed, limit):
    refusal = judge.reducing(SimpleNamespace(side=side, quantity=Quantity.from_int(quantity)), net, working)
    assert says(refusal) == ("NOT_REDUCING", 1, "quantity", observed, "reducible", limit, "contracts")


def test_exits_of_several_legs_and_trades_add_up():
    first, second = leg(tracked(R.STOP), tracked(R.EXIT, quantity=2)), leg(tracked(R.TARGET, quantity=3))
    trade = Trade("I", plan(), "2025-09-16", 0, 90, [first, second])
    assert judge.working_exits([]) == 0
    assert judge.working_exits([trade]) == 1 + 2 + 3


# ------------------------------------------------------------------ changes and cancels


@pytest.mark.parametrize(
    ("command", "tracks", "refusal"),
    [
        (change(), None, ("MODIFY_FORBIDDEN", 8, "changes", "a foreign order", "allowed", "a stop's trigger or a smaller quantity", "")),
        (
            change(price=price_of(1)),
            tracked(R.STOP),
            ("MODIFY_FORBIDDEN", 8, "changes", "a price", "allowed", "a stop's trigger or a smaller quantity", ""),
        ),
        (
            change(quantity=Quantity.from_int(3), trigger_price=price_of(993)),
            tracked(R.STOP, quantity=2),
            ("MODIFY_FORBIDDEN", 8, "quantity", 3, "maximum", 2, "contracts"),
        ),
        (
            change(trigger_price=price_of(993)),
            tracked(R.TARGET),
            ("MODIFY_FORBIDDEN", 8, "changes", "the trigger of TARGET", "allowed", "a stop's trigger", ""),
        ),
        (
            change(trigger_price=price_of(993)),
            tracked(R.STOP, price=None),
            ("MODIFY_FORBIDDEN", 8, "changes", "the trigger of STOP", "allowed", "a stop's trigger", ""),
        ),
        (change(trigger_price=price_of(992)), tracked(R.STOP), ("STOP_WIDENS", 1, "ticks_closer", 0, "minimum", 1, "ticks")),
        (change(trigger_price=price_of(990)), tracked(R.STOP), ("STOP_WIDENS", 1, "ticks_closer", -2, "minimum", 1, "ticks")),
        (change(trigger_price=price_of(993)), tracked(R.STOP), None),
        (change(quantity=Quantity.from_int(2), trigger_price=price_of(993)), tracked(R.STOP, quantity=2), None),
        (change(), tracked(R.TARGET), None),
    ],
)
def test_a_change_that_may_not_be_is_told_with_what_may(command, tracks, refusal):
    assert says(judge.modification(command, tracks, 1)) == refusal


def test_half_a_tick_closer_is_closer_and_half_a_tick_wider_is_wider():
    half = {1: 992.5, -1: 991.5}
    for way, ticks in half.items():
        refusal = judge.modification(change(trigger_price=ticks * 0.25), tracked(R.STOP), 1)
        assert (refusal is None) is (way > 0)


ONLY = ("ONLY_STOP", 1, "other_stops")


@pytest.mark.parametrize(
    ("others", "entered", "refusal"),
    [
        ([], 1, (*ONLY, 0, "required", 1, "contracts")),
        ([("A", S.WORKING, 1)], 1, None),
        ([("A", S.WORKING, 1)], 2, (*ONLY, 1, "required", 2, "contracts")),
        ([("A", S.WORKING, 1), ("B", S.WORKING, 1)], 2, None),
        ([("A", S.WORKING, 3)], 2, None),
        ([("A", S.SUBMITTED, 1)], 1, (*ONLY, 0, "required", 1, "contracts")),
        ([("A", S.CANCELED, 1)], 1, (*ONLY, 0, "required", 1, "contracts")),
    ],
)
def test_a_stop_may_go_only_if_others_at_the_venue_cover_its_leg(others, entered, refusal):
    stop = tracked(R.STOP)
    others = [tracked(R.STOP, state, quantity, name=name) for name, state, quantity in others]
    assert says(judge.cancellation(stop, leg(stop, *others, entered=entered), False)) == refusal


def test_a_target_takes_its_stop_along_even_if_another_stop_works():
    target = tracked(R.TARGET)
    of = leg(target, tracked(R.STOP, name="A"))
    assert says(judge.cancellation(target, of, False)) == (*ONLY, 1, "required", 1, "contracts")


def test_a_target_of_a_leg_that_holds_nothing_may_go():
    target = tracked(R.TARGET)
    assert judge.cancellation(target, leg(target, entered=0), False) is None


def test_an_order_of_no_leg_and_the_leg_of_no_order_are_nobodys_cover():
    assert judge.cancellation(tracked(R.STOP), None, False) is None
    assert judge.cancellation(None, leg(), False) is None
