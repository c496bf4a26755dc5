"""What a hostile hand tried, one by one: only the few commands that are right pass, whoever sends them and however often.

The rogue is K1, and drives Nautilus' real backtest engine by bars (rogue_day.py).
"""

from __future__ import annotations

import msgspec
import pytest
from builders import k4_plan
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder, QueryOrder, SubmitOrderList
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled, OrderInitialized, OrderUpdated
from nautilus_trader.model.identifiers import ClientId, ClientOrderId, ComponentId, InstrumentId, StrategyId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order, OrderList
from nautilus_trader.trading.messages import RemoveActor, StopActor
from rogue import MES, Rogue
from stage import SeenVenue

from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.messages import (
    ENDPOINT_RISK_CLOSE,
    TOPIC_BOOK,
    TOPIC_KILL,
    TOPIC_MARKET,
    CloseTrade,
    EntryEnded,
    IntentSubmitted,
    KillUpdate,
    Standing,
)
from bot.risk_engine.brackets import price_of
from bot.units import MINUTE_NS, SECOND_NS

BUY, SELL = OrderSide.BUY, OrderSide.SELL
ES = InstrumentId.from_str("ES.CME")


def remade(order: Order, **changes: object) -> Order:
    """The same order but for some fields of its making."""
    init = order.init_event
    values = type(init).to_dict(init) | changes | {"event_id": UUID4().value}
    return type(order).create(OrderInitialized.from_dict(values))


def listed(rogue: Rogue, change, which: int | None = None, **command: object) -> None:
    """Send the bracket of a journaled intent with one thing changed, past Strategy.submit_order_list."""
    made = rogue.bracket(rogue.write(rogue.intent()))
    orders = [change(order) if which in (None, number) else order for number, order in enumerate(made.orders)]
    for order in orders:
        rogue.cache.add_order(order)
    sent = rogue.command(OrderList(made.id, orders))
    if command:
        common = {"trader_id": sent.trader_id, "strategy_id": sent.strategy_id, "command_id": UUID4(), "ts_init": sent.ts_init}
        sent = type(sent)(order_list=sent.order_list, **(common | command))
    rogue.msgbus.send("RiskEngine.execute", sent)


same = lambda order: order  # noqa: E731


# ------------------------------------------------------------------ 1. the bracket, field by field


@pytest.mark.parametrize(
    ("which", "changes"),
    [
        (None, {"instrument_id": "ES.CME"}),
        (1, {"instrument_id": "ES.CME"}),
        (0, {"trader_id": "OTHER-001"}),
        (0, {"strategy_id": "K2-K2"}),
        (0, {"quantity": "2"}),
        (1, {"quantity": "1.5"}),
        (0, {"post_only": True}),
        (2, {"reduce_only": True}),
        (0, {"quote_quantity": True}),
        (0, {"time_in_force": "IOC"}),
        (1, {"contingency_type": "NO_CONTINGENCY"}),
        (1, {"parent_order_id": None}),
        (2, {"linked_order_ids": ["20250916-K1-1041-1E"]}),
        (1, {"trigger_instrument_id": "ES.CME"}),
        (0, {"exec_algorithm_id": "PASSING", "exec_spawn_id": "20250916-K1-1041-1E"}),
        (0, {"emulation_trigger": "LAST_PRICE"}),
        (2, {"tags": ["intent=20250916-K1-1041", "leg=1", "role=TARGET", "slippage_ticks=9"]}),
    ],
)
def test_a_bracket_with_any_other_field_is_refused_whole(day, which, changes):
    result = day({"10:41": lambda rogue: listed(rogue, lambda order: remade(order, **changes), which)})
    assert result.played.denials == ["PLAN_MISMATCH"]
    assert {order.status_string() for order in result.played.orders} == {"DENIED"}
    assert (set(result.rogue.nets), result.played.kills) == ({0}, [])


@pytest.mark.parametrize(
    "command",
    [
        {"client_id": ClientId("OTHER")},
        {"params": {"closed_elsewhere": 1.0}},
        {"strategy_id": StrategyId("K2-K2")},
        {"trader_id": TraderId("X-1")},
    ],
)
def test_a_right_bracket_in_a_wrong_envelope_is_refused(day, command):
    result = day({"10:41": lambda rogue: listed(rogue, same, **command)})
    assert (result.played.denials, set(result.rogue.nets)) == (["PLAN_MISMATCH"], {0})


def test_a_bracket_whose_ids_belong_to_other_orders_is_refused(day):
    """The refused orders stay in Nautilus' cache, and whatever the venue says of these ids would be told of them."""

    def again(rogue: Rogue) -> None:
        made = rogue.write(rogue.intent())
        wrong, right = rogue.bracket(made), rogue.bracket(made)
        for order in wrong.orders:
            rogue.cache.add_order(order)
        rogue.msgbus.send("RiskEngine.execute", rogue.command(OrderList(wrong.id, wrong.orders[:1])))
        rogue.msgbus.send("RiskEngine.execute", rogue.command(right))

    result = day({"10:41": again})
    assert result.played.denials == ["PLAN_MISMATCH", "PLAN_MISMATCH"]
    assert (set(result.rogue.nets), result.played.kills) == ({0}, [])


# ------------------------------------------------------------------ 2, 3. cancels


def _cancel_by_hand(rogue: Rogue, role: str) -> None:
    order = rogue.order(role)
    ids = {"trader_id": rogue.trader_id, "strategy_id": order.strategy_id, "instrument_id": MES, "client_order_id": order.client_order_id}
    rogue.msgbus.send("ExecEngine.execute", CancelOrder(**ids, venue_order_id=None, command_id=UUID4(), ts_init=rogue.clock.timestamp_ns()))


@pytest.mark.parametrize("role", ["1S", "1T"])
def test_the_only_stop_is_not_cancelled_however_often_it_is_asked(day, role):
    asked = lambda rogue: [_cancel_by_hand(rogue, role) for _ in range(20)]  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:50": asked, "10:51": asked})
    assert set(result.played.denials) == {"CANCEL_FORBIDDEN"}
    assert (result.rogue.uncovered, result.rogue.nets[-1], result.played.kills) == ([], 1, [])


def test_our_own_refusals_cost_no_execution_quality(day):
    asked = lambda rogue: [rogue.cancel_order(rogue.order("1S")) for _ in range(12)]  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:50": asked})
    assert [body for body in result.played.of("quality event") if body["score"] == "EQS"] == []
    assert result.rogue.nets[-1] == 1


@pytest.mark.parametrize("role", ["1S", "1T"])
def test_the_children_of_a_working_entry_are_not_cancelled(day, role):
    def cancel(rogue: Rogue) -> None:
        name = next(order for order in rogue.cache.orders() if order.client_order_id.value.endswith(role))
        rogue.cancel_order(name)

    result = day({"10:41": Rogue.enter, "10:42": cancel}, {"10:42": (2, 4, 1, 2), "10:43": (0, 3, -2, 1)})
    assert "CANCEL_FORBIDDEN" in result.played.denials
    assert result.rogue.uncovered == []


def test_a_stop_that_nautilus_venue_forgets_over_a_refused_cancel_is_no_cover(day):
    """Nautilus marks the child of a working entry PENDING_CANCEL, cannot undo that, and its venue then never takes the child."""

    def enter_and_cancel(rogue: Rogue) -> None:
        rogue.enter()
        stop = next(order for order in rogue.cache.orders() if order.client_order_id.value.endswith("1S"))
        soon = rogue.clock.timestamp_ns() + SECOND_NS
        rogue.clock.set_time_alert_ns("soon", soon, lambda _: rogue.cancel_order(stop))

    result = day({"10:41": enter_and_cancel})
    working = SeenVenue.last.exchange.get_open_orders()
    assert (result.rogue.nets[-1], working, result.played.kills) == (0, [], [])
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["RECONCILED"]


def _enter_two_legs(rogue: Rogue) -> None:
    close, base = rogue.close, k4_plan()
    legs = tuple(
        msgspec.structs.replace(leg, stop=close + 2 - 6, target=close + 2 + 6 * number)
        for number, leg in zip((2, 3), base.legs, strict=True)
    )
    plan = msgspec.structs.replace(base, limit=close + 2, trigger=close + 1, legs=legs)
    made = rogue.bracket(rogue.write(rogue.intent(plan)))
    for order in made.orders:
        rogue.cache.add_order(order)
    rogue.msgbus.send("RiskEngine.execute", rogue.command(made))


@pytest.mark.parametrize(
    "ends", [lambda rogue: _cancel_by_hand(rogue, "1E"), lambda rogue: SeenVenue.last.cancels(rogue.order("2E"))], ids=["we", "the venue"]
)
def test_the_end_of_one_entry_of_two_legs_ends_both(day, ends):
    result = day({"10:41": _enter_two_legs, "10:42": ends}, {"10:42": (0, 0, -3, -1)})
    assert result.played.denials == result.played.kills == []
    assert {order.status_string() for order in result.played.orders} == {"CANCELED"}
    assert result.controller._situation.book.view(0).trades_today == 0


# ------------------------------------------------------------------ 4. stops


def _move(rogue: Rogue, ticks: int) -> None:
    rogue.modify_order(rogue.order("1S"), trigger_price=price_of(25_601 - ticks), params={"cause": "x"})


def test_a_stop_changes_at_most_once_a_bar_and_on_so_many_bars_as_the_contract_says(day):
    acts = {
        "10:41": lambda rogue: rogue.enter(stop=12, target=24),
        "10:50": lambda rogue: (_move(rogue, 11), _move(rogue, 10)),
        "10:51": lambda rogue: _move(rogue, 9),
        "10:52": lambda rogue: _move(rogue, 8),
    }
    result = day(acts)
    assert result.played.denials == ["STOP_CHANGES", "STOP_CHANGES"]
    stop = next(order for order in result.played.orders if order.client_order_id.value.endswith("1S"))
    assert (stop.status_string(), str(stop.trigger_price)) == ("ACCEPTED", str(price_of(25_601 - 9)))


def test_a_safety_tightening_that_is_one_too_many_becomes_an_exit(day):
    def safety(ticks: int):
        return lambda rogue: rogue.modify_order(rogue.order("1S"), trigger_price=price_of(25_601 - ticks), params={"cause": "DVS"})

    result = day({"10:41": Rogue.enter, "10:50": safety(7), "10:51": safety(6), "10:52": safety(5)})
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["QUALITY"]
    assert result.rogue.nets[-1] == 0


def test_a_stop_that_another_hand_widens_at_the_venue_is_a_kill(day):
    def widen(rogue: Rogue) -> None:
        stop = rogue.order("1S")
        engine = SeenVenue.last.exchange.get_matching_engine(MES)
        ids = {"trader_id": rogue.trader_id, "strategy_id": rogue.id, "instrument_id": MES, "client_order_id": stop.client_order_id}
        command = ModifyOrder(
            **ids, venue_order_id=stop.venue_order_id, quantity=None, price=None, trigger_price=price_of(25_600 - 48),
            command_id=UUID4(), ts_init=rogue.clock.timestamp_ns(),
        )  # fmt: skip
        engine.process_modify(command, stop.account_id)

    result = day({"10:41": Rogue.enter, "10:50": widen})
    assert result.played.kills[0] == ("TRIPPED", "a stop was widened at the venue")
    assert result.rogue.nets[-1] == 0


# ------------------------------------------------------------------ 8, 9, 10. doors and forgeries


def test_single_orders_do_not_pass_however_well_they_reduce(day):
    three = lambda rogue: [rogue.submit_order(rogue.market(SELL, 1)) for _ in range(3)]  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:50": three})
    assert result.played.denials == ["NOT_RECOGNISED"] * 3
    assert result.rogue.nets[-1] == 1


def test_the_id_of_a_command_that_passed_opens_no_door_for_another(day):
    def again(rogue: Rogue) -> None:
        made = rogue.bracket(rogue.write(rogue.intent()))
        for order in made.orders:
            rogue.cache.add_order(order)
        sent = rogue.command(made)
        rogue.msgbus.send("RiskEngine.execute", sent)
        market = rogue.market(BUY, 5)
        other = type(rogue.command(market))(
            order=market, trader_id=rogue.trader_id, strategy_id=rogue.id, command_id=sent.id, ts_init=sent.ts_init
        )
        rogue.msgbus.send("ExecEngine.execute", other)

    result = day({"10:41": again})
    assert result.played.denials == ["NOT_RECOGNISED"]
    assert max(result.rogue.nets) == 1


def test_a_list_that_is_sent_again_is_refused_and_counts_once(day):
    def twice(rogue: Rogue) -> None:
        made = rogue.bracket(rogue.write(rogue.intent()))
        rogue.submit_order_list(made)
        rogue.msgbus.send("RiskEngine.execute", rogue.command(made))

    result = day({"10:41": twice}, {"10:42": (2, 4, 1, 2)})
    assert result.played.denials == ["DUPLICATE_INTENT"]
    assert result.played.kills == []
    assert result.controller._situation.book.view(0).trades_today == 0


def test_a_command_of_a_kind_that_nobody_knows_is_refused(day):
    class Tomorrow:
        def __init__(self, rogue: Rogue) -> None:
            self.id, self.strategy_id, self.instrument_id, self.client_order_id = UUID4(), rogue.id, MES, "?"

    def send(rogue: Rogue) -> None:
        for endpoint in ("RiskEngine.execute", "ExecEngine.execute"):
            rogue.msgbus.send(endpoint, Tomorrow(rogue))
        ids = {"trader_id": rogue.trader_id, "strategy_id": rogue.id, "instrument_id": MES}
        order = rogue.order("1S")
        query = QueryOrder(**ids, client_order_id=order.client_order_id, venue_order_id=None, command_id=UUID4(), ts_init=0)
        rogue.msgbus.send("ExecEngine.execute", query)

    result = day({"10:41": Rogue.enter, "10:50": send})
    assert result.played.denials == ["NOT_RECOGNISED"] * 3
    assert (result.rogue.nets[-1], result.played.kills) == (1, [])


@pytest.mark.parametrize("endpoint", ["RiskEngine.execute", "ExecEngine.execute"])
def test_what_is_no_command_at_all_is_refused_and_no_kill(day, endpoint):
    send = lambda rogue: [rogue.msgbus.send(endpoint, thing) for thing in ("", 7, object(), {})]  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:50": send})
    assert result.played.denials == ["NOT_RECOGNISED"] * 4
    assert (result.rogue.nets[-1], result.played.kills) == (1, [])


@pytest.mark.parametrize("part", ["RISK", "JOURNAL", "MARKET"])
@pytest.mark.parametrize("command", [StopActor, RemoveActor])
def test_no_part_of_a_run_is_stopped_or_removed_through_nautilus_controller(day, command, part):
    stop = lambda rogue: rogue.msgbus.send("Controller.execute", command(ComponentId(part)))  # noqa: E731
    result = day({"10:41": stop, "10:42": Rogue.enter}, {"10:43": (0, 3, -2, 1)})
    assert result.played.denials == ["NOT_RECOGNISED"]
    assert (result.rogue.nets[-1], result.rogue.uncovered, result.played.kills) == (1, [], [])


def test_a_question_that_only_a_live_node_answers_is_nobodys_in_a_backtest(day):
    result = day({"10:41": Rogue.enter, "10:50": lambda rogue: rogue.msgbus.send("mesbot.risk.standing", Standing())})
    assert (result.rogue.nets[-1], result.played.kills) == (1, [])


def test_a_halted_book_is_not_opened_by_a_message(day):
    def armed(rogue: Rogue) -> None:
        rogue.msgbus.publish(TOPIC_KILL, KillUpdate(KillState.ARMED, "says the rogue", "", 0))
        rogue.enter()

    result = day({"10:41": lambda rogue: rogue.controller._supervisor.trip("manual", "a person"), "11:14": armed})
    assert result.played.denials == ["KILL_SWITCH"]


def test_what_nautilus_did_not_apply_is_no_event_and_what_the_supervisor_did_not_say_is_not_counted(day):
    def forge(rogue: Rogue) -> None:
        fill = next(event for order in rogue.cache.orders() for event in order.events if isinstance(event, OrderFilled))
        forged = OrderFilled.from_dict(OrderFilled.to_dict(fill) | {"event_id": UUID4().value, "trade_id": "forged"})
        for _ in range(3):
            rogue.msgbus.publish(f"events.order.{rogue.id}", forged)
            rogue.msgbus.publish(TOPIC_BOOK, EntryEnded("20250916-K1-1041", "K1", filled=False))

    result = day({"10:41": Rogue.enter, "10:50": forge})
    assert (result.rogue.nets[-1], result.rogue.uncovered, result.played.kills) == (1, [], [])
    assert result.controller._situation.book.view(0).trades_today == 1


@pytest.mark.parametrize("role", ["1E", "1S", "1T"])
def test_an_event_that_is_published_again_is_heard_once(day, role):
    def again(rogue: Rogue) -> None:
        order = next(order for order in rogue.cache.orders() if order.client_order_id.value.endswith(role))
        for _ in range(3):
            rogue.msgbus.publish(f"events.order.{rogue.id}", order.last_event)

    result = day({"10:41": Rogue.enter, "10:50": again})
    assert (result.rogue.nets[-1], result.controller._supervisor.net, result.played.kills) == (1, 1, [])
    assert len(result.played.of("fill")) == 1


def test_a_fill_of_an_order_that_is_nowhere_is_no_unapproved_order(day):
    def forge(rogue: Rogue) -> None:
        fill = next(event for order in rogue.cache.orders() for event in order.events if isinstance(event, OrderFilled))
        forged = OrderFilled.from_dict(OrderFilled.to_dict(fill) | {"event_id": UUID4().value, "client_order_id": "nobody's"})
        rogue.msgbus.publish(f"events.order.{rogue.id}", forged)

    result = day({"10:41": Rogue.enter, "10:50": forge})
    assert (result.rogue.nets[-1], result.played.kills) == (1, [])


def test_a_market_of_tomorrow_begins_no_new_day(day):
    def tomorrow(rogue: Rogue) -> None:
        last = rogue.heard[-1]
        forged = msgspec.structs.replace(
            last, quality=msgspec.structs.replace(last.quality, ts_ns=last.quality.ts_ns + 24 * 60 * MINUTE_NS)
        )
        rogue.msgbus.publish(TOPIC_MARKET, forged)

    def listen(rogue: Rogue) -> None:
        rogue.heard = []
        rogue.msgbus.subscribe(TOPIC_MARKET, rogue.heard.append)

    result = day({"10:40": listen, "10:41": Rogue.enter, "10:50": tomorrow})
    book = result.controller._situation.book.view(0)
    assert (book.trades_today, book.submissions_today, result.controller._situation.trading_day) == (1, 1, "2025-09-16")


@pytest.mark.parametrize("names", [["1X1"], ["1X1", "1X2"], ["1S1"], ["1T1", "1S2"]])
def test_ids_that_somebody_has_used_up_do_not_keep_the_supervisor_from_acting(day, names):
    def squat(rogue: Rogue) -> None:
        for name in names:
            rogue.submit_order(rogue.market(SELL, client_order_id=ClientOrderId(f"20250916-K1-1041-{name}")))

    leave = lambda rogue: rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade("20250916-K1-1041", ExitReason.TIME, "enough"))  # noqa: E731
    lose_the_stop = lambda rogue: SeenVenue.last.cancels(rogue.order("1S"))  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:43": squat, "10:50": lose_the_stop, "10:55": leave})
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["TIME"]
    assert (result.rogue.nets[-1], result.rogue.uncovered, result.played.kills) == (0, [], [])


# ------------------------------------------------------------------ 11, 13. entrances and the path


def test_a_guard_that_raises_outside_the_doors_is_a_kill_and_leaves_the_position(day):
    def break_it(rogue: Rogue) -> None:
        rogue.controller._situation.on_market = None

    result = day({"10:41": Rogue.enter, "10:50": break_it})
    assert result.played.kills[0] == ("TRIPPED", "a guard failed")
    assert result.rogue.nets[-1] == 0


def test_somebody_else_at_the_door_is_a_kill_and_is_put_aside(day):
    def replace(rogue: Rogue) -> None:
        risk = rogue.controller._trader._risk_engine
        rogue.msgbus.deregister("RiskEngine.execute", rogue.controller._path._endpoints["RiskEngine.execute"])
        rogue.msgbus.register("RiskEngine.execute", risk.execute)

    result = day({"10:41": Rogue.enter, "10:50": replace, "10:52": lambda rogue: rogue.submit_order(rogue.market(BUY))})
    assert result.played.kills[0] == ("TRIPPED", "the risk engine was not on the path")
    assert result.played.denials == ["NOT_RECOGNISED"]
    assert result.rogue.nets[-1] == 0


# ------------------------------------------------------------------ 15. time


@pytest.mark.parametrize("expires_ns", [0, 1])
def test_an_intent_that_has_expired_or_never_lives_is_refused(day, expires_ns):
    result = day({"10:41": lambda rogue: rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(expires_ns=expires_ns))))})
    assert (result.played.denials, set(result.rogue.nets)) == (["PLAN_MISMATCH"], {0})


def test_a_strategy_that_wants_out_asks(day):
    leave = lambda rogue: rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade("20250916-K1-1041", ExitReason.TIME, "enough"))  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:50": leave})
    assert (result.rogue.nets[-1], [each["exit_reason"] for each in result.played.outcomes]) == (0, ["TIME"])


def test_a_quantity_in_quote_currency_is_refused_and_ends_no_run(day):
    act = lambda rogue: rogue.submit_order(rogue.order_factory.market(MES, BUY, Quantity.from_int(1), quote_quantity=True))  # noqa: E731
    result = day({"10:41": act})
    assert result.played.denials == ["NOT_RECOGNISED"]


# ------------------------------------------------------------------ what was judged is what leaves


def _kept(rogue: Rogue) -> OrderList:
    """A right bracket whose orders Nautilus knows."""
    listed = rogue.bracket(rogue.write(rogue.intent()))
    for order in listed.orders:
        rogue.cache.add_order(order)
    return listed


def _other_orders(rogue: Rogue, listed: OrderList) -> None:
    listed.orders[:] = [rogue.market(OrderSide.BUY, 5)]


def _no_stop(rogue: Rogue, listed: OrderList) -> None:
    del listed.orders[1:]


def _more_contracts(rogue: Rogue, listed: OrderList) -> None:
    for order in listed.orders:
        about = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, None, None)
        order.apply(OrderUpdated(*about, Quantity.from_int(5), None, None, UUID4(), 0, 0))


@pytest.mark.parametrize("change", [_other_orders, _no_stop, _more_contracts])
def test_an_approved_bracket_that_is_changed_before_it_leaves_never_leaves_and_is_a_kill(day, change):
    def act(rogue: Rogue) -> None:
        listed = _kept(rogue)
        hear = lambda event: change(rogue, listed) if isinstance(event, IntentSubmitted) else None  # noqa: E731
        rogue.msgbus.subscribe(TOPIC_BOOK, hear)
        rogue.msgbus.send("RiskEngine.execute", rogue.command(listed))

    result = day({"10:41": act})
    assert set(result.rogue.nets) == {0} and result.played.denials == ["PLAN_MISMATCH"]
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert {order.status_string() for order in result.played.orders if "-K1-1041-" in order.client_order_id.value} == {"DENIED"}


class _OtherPrice(Price):
    """Says another price than it is."""

    def __float__(self) -> float:
        return price_of(25_601 - 7).as_double()

    as_double = __float__


class _OtherName(ClientOrderId):
    """Says another name than it is."""

    @property
    def value(self) -> str:
        return super().value[:-1] + "E"


class _OtherList(OrderList):
    """Shows other orders than it holds."""

    shown: list[Order]

    @property
    def orders(self) -> list[Order]:
        return self.shown


def _say_another_price(rogue: Rogue) -> None:
    rogue.modify_order(rogue.order("1S"), trigger_price=_OtherPrice(price_of(25_601 - 80).as_double(), 2), params={"cause": "x"})


def _say_another_name(rogue: Rogue) -> None:
    stop = rogue.order("1S")
    about = (rogue.trader_id, stop.strategy_id, stop.instrument_id, _OtherName(stop.client_order_id.value), None, UUID4(), 0)
    rogue.msgbus.send("ExecEngine.execute", CancelOrder(*about))


@pytest.mark.parametrize(("act", "code"), [(_say_another_price, "CHANGE_FORBIDDEN"), (_say_another_name, "CANCEL_FORBIDDEN")])
def test_what_says_something_else_than_it_is_is_refused(day, act, code):
    result = day({"10:41": Rogue.enter, "10:50": act})
    stop = next(order for order in result.played.orders if order.client_order_id.value.endswith("1S"))
    assert result.played.denials == [code]
    assert (stop.status_string(), str(stop.trigger_price)) == ("ACCEPTED", str(price_of(25_601 - 8)))


def test_a_list_that_shows_other_orders_than_it_holds_is_refused(day):
    def act(rogue: Rogue) -> None:
        listed = _kept(rogue)
        other = _OtherList(listed.id, [rogue.market(OrderSide.BUY, 5)])
        other.shown = listed.orders
        rogue.msgbus.send("RiskEngine.execute", SubmitOrderList(rogue.trader_id, listed.strategy_id, other, UUID4(), 0))

    result = day({"10:41": act})
    assert set(result.rogue.nets) == {0} and result.played.denials == ["PLAN_MISMATCH"] and result.played.kills == []


def test_a_listener_that_raises_once_is_a_kill_and_no_order_is_left_in_the_middle_of_its_way(day):
    def act(rogue: Rogue) -> None:
        raised: list[object] = []

        def hear(event: object) -> None:
            if not raised:
                raised.append(event)
                raise ValueError("boom")

        rogue.msgbus.subscribe(TOPIC_BOOK, hear, priority=99)
        rogue.enter()

    result = day({"10:41": act})
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert "INITIALIZED" not in {order.status_string() for order in result.played.orders}
    assert result.rogue.uncovered == []
