"""What may pass, field by field; and what is said of anything else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from builders import an_intent, plan
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import QueryOrder
from nautilus_trader.model.identifiers import ClientId, ClientOrderId, OrderListId, PositionId, StrategyId, TraderId, VenueOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import OrderList, StopMarketOrder
from order_makers import ES, K1, MES, TRADER, bracket, cancel, change, kept, remade, submission, working

from bot.decision.codes import Code
from bot.decision.plan import OPERATOR, ExitReason
from bot.decision.snapshot import KillState
from bot.decision.verdict import Refused
from bot.risk_engine.recognise import CAUSE, entry_cancel, other_list, other_owner, overtaken, stop_change, unknown_command
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S = OrderState
NAME = "20250916-K1-1041"
TARGET_TAGS = [f"intent={NAME}", "leg=1", "role=TARGET", "slippage_ticks=1"]
TIGHTER = 993


def says(refusal: Refused | None) -> tuple[Any, ...] | None:
    """Every field, with the types that a record keeps."""
    if refusal is None:
        return None
    assert type(refusal.layer) is int and type(refusal.code) is str
    assert {type(refusal.observed), type(refusal.limit)} <= {int, float, str}
    found = (refusal.observed_name, refusal.observed, refusal.limit_name, refusal.limit, refusal.unit)
    return (refusal.code, refusal.layer, *found)


# ------------------------------------------------------------------ the default


def test_an_unknown_command_is_refused_by_its_name_with_what_is_allowed():
    query = QueryOrder(TRADER, K1, MES, bracket().first.client_order_id, None, UUID4(), 0)
    allowed = (
        "an intent's bracket, once and through Nautilus' risk engine; a tighter stop; the cancel of an unfilled entry; "
        "ask CloseTrade to leave"
    )
    assert says(unknown_command(query)) == ("NOT_RECOGNISED", 8, "command", "QueryOrder", "allowed", allowed, "")


# ------------------------------------------------------------------ the bracket


def difference(sent: OrderList | None = None, wanted: OrderList | None = None, **envelope: Any) -> str:
    """What differs between what is sent (and kept) and what is wanted."""
    sent = sent or bracket()
    return other_list(submission(sent, **envelope), wanted or bracket(), kept(*sent.orders))


@pytest.mark.parametrize("made", [an_intent(), an_intent(plan(-1, trigger=1)), an_intent(plan(legs=((1, 8, 16), (2, 8, 24))))])
def test_the_bracket_of_an_intent_is_itself(made):
    assert difference(bracket(made), bracket(made)) == ""


def test_the_time_at_which_it_was_made_is_its_own_and_no_parameters_are_none():
    assert difference(bracket(ts_ns=99), params={}) == ""


@pytest.mark.parametrize(
    ("envelope", "words"),
    [
        ({"trader_id": TraderId("X-1")}, "trader X-1 instead of T-1"),
        ({"strategy_id": StrategyId("K2-K2")}, "strategy K2-K2 instead of K1-K1"),
        ({"client_id": ClientId("IB")}, "client IB instead of None"),
        ({"position_id": PositionId("P-1")}, "position P-1 instead of None"),
        ({"params": {"price": 1.0}}, "parameters {'price': 1.0} instead of {}"),
        ({"trader_id": TraderId("X-1"), "client_id": ClientId("IB")}, "trader X-1 instead of T-1"),  # the first of several
    ],
)
def test_another_envelope_is_told(envelope, words):
    assert difference(**envelope) == words


def test_another_list_id_and_another_count_are_told():
    assert difference(OrderList(OrderListId("L"), bracket().orders)) == f"list L instead of {NAME}"
    assert difference(OrderList(bracket().id, bracket().orders[:2])) == "orders 2 instead of 3"
    assert difference(wanted=OrderList(bracket().id, bracket().orders[:2])) == "orders 3 instead of 2"


@pytest.mark.parametrize(
    ("which", "changes", "words"),
    [
        (0, {"instrument_id": "ES.CME"}, "-1E has instrument_id ES.CME instead of MES.CME"),
        (0, {"quantity": "2"}, "-1E has quantity 2 instead of 1"),
        (1, {"quantity": "1.5"}, "-1S has quantity 1.5 instead of 1"),
        (0, {"order_side": "SELL"}, "-1E has order_side SELL instead of BUY"),
        (0, {"post_only": True}, "-1E has post_only True instead of False"),
        (2, {"reduce_only": True}, "-1T has reduce_only True instead of False"),
        (0, {"quote_quantity": True}, "-1E has quote_quantity True instead of False"),
        (0, {"time_in_force": "IOC"}, "-1E has time_in_force IOC instead of GTC"),
        (1, {"contingency_type": "NO_CONTINGENCY"}, "-1S has contingency_type NO_CONTINGENCY instead of OUO"),
        (1, {"parent_order_id": None}, f"-1S has parent_order_id None instead of {NAME}-1E"),
        (2, {"linked_order_ids": [f"{NAME}-1E"]}, f"-1T has linked_order_ids ['{NAME}-1E'] instead of ['{NAME}-1S']"),
        (0, {"trader_id": "X-1"}, "-1E has trader_id X-1 instead of T-1"),
        (2, {"emulation_trigger": "LAST_PRICE"}, "-1T has emulation_trigger LAST_PRICE instead of NO_TRIGGER"),
        # the first by name
        (2, {"time_in_force": "IOC", "tags": ["x"]}, f"-1T has tags ['x'] instead of {TARGET_TAGS}"),
        (2, {"tags": ["x"], "reduce_only": True}, "-1T has reduce_only True instead of False"),
        (2, {"reduce_only": True, "quote_quantity": True}, "-1T has quote_quantity True instead of False"),
        (2, {"quote_quantity": True, "quantity": "2"}, "-1T has quantity 2 instead of 1"),
        (2, {"quantity": "2", "post_only": True}, "-1T has post_only True instead of False"),
        (2, {"post_only": True, "order_side": "BUY"}, "-1T has order_side BUY instead of SELL"),
        (2, {"order_side": "BUY", "instrument_id": "ES.CME"}, "-1T has instrument_id ES.CME instead of MES.CME"),
    ],
)
def test_another_field_of_an_order_is_told(which, changes, words):
    orders = bracket().orders
    orders[which] = remade(orders[which], **changes)
    cache = kept(*orders)
    # an OrderList itself refuses orders of several instruments; one that is changed afterwards, or made elsewhere, does not
    command = submission(bracket())
    command.order_list.orders[:] = orders
    assert other_list(command, bracket(), cache) == f"{NAME}{words}"


class DerivedList(OrderList):
    """May show other orders than it holds."""


class DerivedStop(StopMarketOrder):
    """May say something else than it is."""


def test_a_list_of_a_derived_type_is_none():
    made = bracket()
    assert difference(DerivedList(made.id, made.orders)) == "a list of type DerivedList"


def test_an_order_of_another_type_is_told_by_it_and_not_read_any_further():
    made = bracket()
    entry, stop, target = made.orders
    derived = DerivedStop(
        stop.trader_id, stop.strategy_id, stop.instrument_id, stop.client_order_id, stop.side, stop.quantity, stop.trigger_price,
        stop.trigger_type, UUID4(), 0,
    )  # fmt: skip
    assert difference(OrderList(made.id, [entry, derived, target])) == "an order of type DerivedStop instead of StopMarketOrder"
    assert difference(OrderList(made.id, [target, stop, entry]), bracket()) != ""


def test_a_price_beside_the_intents_is_told():
    found = difference(bracket(an_intent(plan(legs=((1, 9, 16),)))))
    assert found.startswith(f"{NAME}-1S has options ") and "'247.75'" in found and "'248.00'" in found


def test_the_first_order_that_differs_is_told():
    assert difference(bracket(an_intent(plan(legs=((2, 9, 17),))))).startswith(f"{NAME}-1E has quantity 2")


def test_an_order_that_was_used_before_is_told():
    sent = bracket()
    working(sent.orders[2])
    assert difference(sent) == f"{NAME}-1T was used before"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_order_that_is_not_the_one_of_that_id_is_told(which):
    sent, other = bracket(), bracket()
    orders = [*sent.orders]
    orders[which] = other.orders[which]
    assert other_list(submission(sent), bracket(), kept(*orders)) == f"{sent.orders[which].client_order_id} is not the order of that id"
    del orders[which]
    assert other_list(submission(sent), bracket(), kept(*orders)) == f"{sent.orders[which].client_order_id} is not the order of that id"


# ------------------------------------------------------------------ overtaken on its way


def a_trade(cancel_requested: bool = False, closing: ExitReason | None = None) -> Trade:
    entry = TrackedOrder(f"{NAME}-1E", Role.ENTRY, 1, 1, 1, cancel_requested=cancel_requested)
    return Trade(an_intent(), [Leg(1, 1, 992, 1016, [entry])], closing=closing)


END = ("PLAN_MISMATCH", 8, "found", "an end that was asked for on its way", "required", "an entry that is wanted", "")


@pytest.mark.parametrize("state", KillState)
@pytest.mark.parametrize("strategy", ["K1", OPERATOR])
def test_a_kill_overtakes_a_bracket_and_while_it_is_halted_a_drill_may_be_asked_for(state, strategy):
    drilled = state is KillState.HALTED and strategy == OPERATOR
    passes = drilled or state is KillState.ARMED
    refusal = None if passes else ("KILL_SWITCH", 0, "state", state.value, "required", "ARMED", "")
    assert says(overtaken(an_intent(plan(strategy=strategy)), a_trade(), state)) == refusal


@pytest.mark.parametrize("trade", [None, a_trade(cancel_requested=True), a_trade(closing=ExitReason.THESIS)])
@pytest.mark.parametrize(("state", "strategy"), [(KillState.ARMED, "K1"), (KillState.HALTED, OPERATOR)])
def test_an_end_overtakes_any_bracket(trade, state, strategy):
    assert says(overtaken(an_intent(plan(strategy=strategy)), trade, state)) == END


# ------------------------------------------------------------------ whose it is


def owned(**envelope: Any) -> tuple[Any, ...] | None:
    order = working(bracket().first)
    return says(other_owner(cancel(order, **envelope), kept(order), Code.CANCEL_FORBIDDEN))


@pytest.mark.parametrize("envelope", [{}, {"venue_order_id": VenueOrderId("V-1")}, {"client_id": ClientId("CME")}, {"params": {}}])
def test_a_command_of_the_orders_own_strategy_is_recognised(envelope):
    assert owned(**envelope) is None


def test_the_client_that_nautilus_remembers_for_an_order_may_be_named():
    order = working(bracket().first)
    cache = kept()
    cache.add_order(order, None, ClientId("IB"))
    for client_id in (ClientId("IB"), ClientId("CME"), None):
        assert other_owner(cancel(order, client_id=client_id), cache, Code.CANCEL_FORBIDDEN) is None
    assert says(other_owner(cancel(order, client_id=ClientId("X")), cache, Code.CANCEL_FORBIDDEN))[3:6] == ("X", "required", "CME")


@pytest.mark.parametrize(
    ("envelope", "field", "found", "right"),
    [
        ({"trader_id": TraderId("X-1")}, "trader", "X-1", "T-1"),
        ({"strategy_id": StrategyId("K2-K2")}, "strategy", "K2-K2", "K1-K1"),
        ({"instrument_id": ES}, "instrument", "ES.CME", "MES.CME"),
        ({"venue_order_id": VenueOrderId("V-2")}, "venue_order", "V-2", "V-1"),
        ({"client_id": ClientId("IB")}, "client", "IB", "CME"),
    ],
)
def test_a_command_that_names_another_owner_is_refused(envelope, field, found, right):
    assert owned(**envelope) == ("CANCEL_FORBIDDEN", 8, field, found, "required", right, "")


class DerivedName(ClientOrderId):
    """May say another name than it is."""


class DerivedPrice(Price):
    """May say another price than it is."""


def test_a_name_of_a_derived_type_names_nobodys_order():
    order = bracket().first
    found = says(other_owner(cancel(order, client_order_id=DerivedName(order.client_order_id.value)), kept(order), Code.CANCEL_FORBIDDEN))
    assert found == ("CANCEL_FORBIDDEN", 8, "order", order.client_order_id.value, "required", "an order of the strategy's own", "")


def test_a_price_of_a_derived_type_moves_no_stop():
    asked = SimpleNamespace(trigger_price=DerivedPrice(993 / 4, 2), price=None, quantity=None)
    found = says(stop_change(asked, *trade(), 5, 2))
    assert found == ("CHANGE_FORBIDDEN", 8, "trigger", "DerivedPrice", "required", "a Price", "")


def test_a_command_about_an_order_that_nobody_has_is_refused():
    refusal = other_owner(cancel(bracket().first), kept(), Code.CHANGE_FORBIDDEN)
    assert says(refusal) == ("CHANGE_FORBIDDEN", 8, "order", f"{NAME}-1E", "required", "an order of the strategy's own", "")


def test_parameters_are_refused_but_for_those_that_are_allowed():
    order = bracket().first
    asked = lambda params, *allowed: says(other_owner(change(order, params=params), kept(order), Code.CHANGE_FORBIDDEN, *allowed))  # noqa: E731
    assert asked({"cause": "ATR"}, CAUSE) is None
    assert asked({"cause": "ATR", "x": 1, 2: 3}, CAUSE) == ("CHANGE_FORBIDDEN", 8, "parameters", "2 x", "allowed", "cause", "")
    assert asked({"cause": "ATR"}) == ("CHANGE_FORBIDDEN", 8, "parameters", "cause", "allowed", "none", "")
    assert sorted(asked({"x": 1}, frozenset({"a", "b"}))[5].split()) == ["a", "b"]
    assert asked({str(number): 0 for number in range(9)})[3] == "0 1 2 3 4 5 6 7 8"


# ------------------------------------------------------------------ a stop's trigger


def trade(side: int = 1, **stop: Any) -> tuple[Trade, TrackedOrder]:
    """A trade of one leg whose stop works at 992 ticks (long) or 1008 (short)."""
    leg = Leg(1, 1, 1000 - 8 * side, 1000 + 16 * side)
    made = TrackedOrder("S1", Role.STOP, 1, -side, 1, leg.stop, state=S.WORKING)
    for name, value in stop.items():
        setattr(made, name, value)
    leg.orders = [TrackedOrder("E", Role.ENTRY, 1, side, 1, state=S.FILLED, filled=1), made]
    return Trade(an_intent(plan(side)), [leg]), made


def moved(
    trigger: float | None = TIGHTER, side: int = 1, of: tuple[Trade, TrackedOrder] | None = None, bar: int = 5, most: int = 2, **other: Any
):
    """What is said of a stop's change to `trigger` ticks."""
    made, stop = of or trade(side)
    return says(stop_change(change(bracket().orders[1], trigger, **other), made, stop, bar, most))


@pytest.mark.parametrize(("side", "closer"), [(1, (993, 999, 1050)), (-1, (1007, 1001, 950))])
def test_a_stop_may_come_closer_to_the_market(side, closer):
    assert [moved(trigger, side) for trigger in closer] == [None] * 3


@pytest.mark.parametrize(("side", "trigger", "by"), [(1, 992, 0), (1, 991, -1), (1, 900, -92), (-1, 1008, 0), (-1, 1009, -1)])
def test_a_stop_may_not_stay_or_widen(side, trigger, by):
    assert moved(trigger, side) == ("STOP_WIDENS", 1, "ticks_closer", by, "minimum", 1, "ticks")


@pytest.mark.parametrize(("side", "requested", "passes", "refused"), [(1, 995, 996, 995), (-1, 1005, 1004, 1005), (1, 990, 993, 992)])
def test_a_stop_must_come_closer_than_the_confirmed_and_any_requested_price(side, requested, passes, refused):
    asked = lambda trigger: moved(trigger, of=trade(side, requested={requested: ""}))  # noqa: E731
    assert (asked(passes), asked(refused)[:4]) == (None, ("STOP_WIDENS", 1, "ticks_closer", 0))


@pytest.mark.parametrize(
    ("trigger", "changes", "found"),
    [
        (None, {}, "nothing of STOP"),
        (None, {"price": 993}, "price of STOP"),
        (None, {"quantity": 2}, "quantity of STOP"),
        (TIGHTER, {"price": 993}, "price trigger of STOP"),
        (TIGHTER, {"quantity": 1}, "quantity trigger of STOP"),
        (TIGHTER, {"price": 993, "quantity": 1}, "price quantity trigger of STOP"),
    ],
)
def test_only_the_trigger_may_change(trigger, changes, found):
    assert moved(trigger, **changes) == ("CHANGE_FORBIDDEN", 8, "changes", found, "allowed", "a stop's trigger", "")


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET, Role.EXIT])
def test_only_a_stop_may_be_changed(role):
    refused = ("CHANGE_FORBIDDEN", 8, "changes", f"trigger of {role.value}", "allowed", "a stop's trigger", "")
    assert moved(of=trade(role=role)) == refused


@pytest.mark.parametrize("state", sorted(set(S) - {S.WORKING, S.TRIGGERED, S.PARTIALLY_FILLED}))
def test_a_stop_that_does_not_work_at_the_venue_is_not_changed(state):
    assert moved(of=trade(state=state)) == ("CHANGE_FORBIDDEN", 8, "stop", state.value, "required", "working at the venue", "")


def test_a_working_stop_whose_change_is_in_flight_may_be_changed():
    assert moved(of=trade(state=S.PENDING_UPDATE, before_request=S.WORKING)) is None


def test_a_stop_whose_size_is_being_changed_is_moved_after_that():
    found = "its size is being changed"
    assert moved(of=trade(resized=1)) == ("CHANGE_FORBIDDEN", 8, "stop", found, "required", "working at the venue", "")


def test_a_stop_whose_price_nobody_knows_is_not_changed():
    assert moved(of=trade(price=None)) == ("CHANGE_FORBIDDEN", 8, "stop", "WORKING", "required", "working at the venue", "")


def test_the_stop_of_a_trade_that_is_being_left_is_not_changed():
    made, stop = trade()
    made.closing = ExitReason.TIME
    assert moved(of=(made, stop)) == ("CHANGE_FORBIDDEN", 8, "stop", "closing", "required", "working at the venue", "")


@pytest.mark.parametrize("trigger", [993.5, 993.25, 993.000001, 992.999999])
def test_a_trigger_is_a_whole_tick(trigger):
    assert moved(trigger) == ("CHANGE_FORBIDDEN", 8, "trigger", pytest.approx(trigger / 4), "required", "a whole tick", "")


@pytest.mark.parametrize(("off", "passes"), [(1e-9, True), (-1e-9, True), (1.1e-9, False), (-1.1e-9, False)])
def test_a_trigger_is_whole_within_the_tolerance(off, passes):
    """Of a short whose stop stands at 1 tick, for so near to 0 a float is fine enough to tell."""
    asked = SimpleNamespace(trigger_price=Price(off / 4, 12), price=None, quantity=None)
    assert (stop_change(asked, *trade(-1, price=1), 5, 2) is None) is passes


def test_a_trigger_that_is_nearly_the_next_tick_is_that_tick():
    asked = SimpleNamespace(trigger_price=Price((993 - 5e-10) / 4, 12), price=None, quantity=None)
    assert stop_change(asked, *trade(), 5, 2) is None


def test_a_stop_moves_once_a_bar():
    made, stop = trade()
    made.changes = {5: {"S1"}}
    assert moved(of=(made, stop), bar=5) == ("STOP_CHANGES", 1, "on_this_bar", 2, "maximum", 1, "changes")
    assert moved(of=(made, stop), bar=6) is None


def test_two_stops_of_a_trade_move_on_one_bar_and_count_once():
    made, stop = trade()
    made.changes = {4: {"S1"}, 5: {"S2"}}
    assert moved(of=(made, stop), bar=5) is None


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_stop_moves_on_no_more_bars_than_the_contract_says(most):
    made, stop = trade()
    made.changes = {bar: {"S1"} for bar in range(most - 1)}
    assert moved(of=(made, stop), bar=9, most=most) is None
    made.changes["ATR"] = {"S1"}
    assert moved(of=(made, stop), bar=9, most=most) == ("STOP_CHANGES", 1, "changes", most + 1, "maximum", most, "changes")


# ------------------------------------------------------------------ an entry's cancel


def waiting(*orders: TrackedOrder, opened_ns: int = 0) -> Trade:
    """A trade of as many legs as it has orders."""
    legs = [Leg(number, 2, 992, 1016, [order]) for number, order in enumerate(orders, start=1)]
    made = Trade(an_intent(), legs)
    made.opened_ns = opened_ns
    return made


def entry(state: OrderState = S.WORKING, filled: int = 0, **other: Any) -> TrackedOrder:
    return TrackedOrder("E", Role.ENTRY, 1, 1, 2, state=state, filled=filled, **other)


@pytest.mark.parametrize("state", [S.NONE, S.SUBMITTED, S.WORKING, S.TRIGGERED, S.PENDING_UPDATE, S.PENDING_CANCEL])
def test_an_entry_that_has_not_filled_may_be_cancelled(state):
    assert entry_cancel(waiting(entry(state)), entry(state)) is None


@pytest.mark.parametrize("role", [Role.STOP, Role.TARGET, Role.EXIT])
def test_nothing_but_an_entry_may_be_cancelled(role):
    order = TrackedOrder("O", role, 1, -1, 1, state=S.WORKING)
    assert says(entry_cancel(waiting(entry()), order)) == ("CANCEL_FORBIDDEN", 1, "order", role.value, "allowed", "ENTRY", "")


def test_an_entry_of_which_anything_has_filled_may_not_be_cancelled():
    first, second = entry(S.PARTIALLY_FILLED, 1), entry()
    for order in (first, second):
        assert says(entry_cancel(waiting(first, second), order)) == ("CANCEL_FORBIDDEN", 1, "filled", 1, "maximum", 0, "contracts")
    both = entry_cancel(waiting(entry(filled=1), entry(filled=2)), second)
    assert says(both)[3] == 3
    assert says(entry_cancel(waiting(entry(), opened_ns=1), entry()))[2:4] == ("filled", 0)


@pytest.mark.parametrize("state", [S.CANCELED, S.EXPIRED, S.REJECTED, S.DENIED, S.UNKNOWN])
def test_an_entry_that_does_not_work_may_not_be_cancelled(state):
    refused = ("CANCEL_FORBIDDEN", 8, "entry", state.value, "required", "working", "")
    assert says(entry_cancel(waiting(entry(state)), entry(state))) == refused


@pytest.mark.parametrize("state", [S.WORKING, S.CANCELED])
def test_an_entry_whose_end_was_asked_for_may_not_be_cancelled_again(state):
    order = entry(state, cancel_requested=True)
    assert says(entry_cancel(waiting(order), order)) == ("CANCEL_FORBIDDEN", 8, "entry", "its end was asked for", "required", "working", "")
