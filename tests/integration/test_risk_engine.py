"""A rogue strategy against the contract risk engine, on Nautilus' real backtest engine, driven by bars.

The rogue trades on a quiet day around 25600 ticks. A bar of 10:42 that falls two ticks
through 25600 fills its entry of 10:41. What it tries is denied by Nautilus' own events, and
whatever it holds stays covered by a stop of the same size on every bar.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, RiskEngineConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder, TradeTick
from nautilus_trader.model.enums import AggressorSide, BookType, OrderSide, TradingState, TriggerType
from nautilus_trader.model.events import OrderDenied
from nautilus_trader.model.identifiers import ExecAlgorithmId, TradeId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import OrderList
from rogue import MES, Act, Rogue
from rogue_day import FILLS
from stage import SeenVenue, spec_of

from bot.backtest.venue import PessimisticFillModel
from bot.decision.plan import ExitReason
from bot.errors import RiskEngineError
from bot.messages import ENDPOINT_RISK_CLOSE, TOPIC_KILL_TRIGGER, CloseTrade, KillTrigger
from bot.risk_engine.brackets import OrderTags, price_of
from bot.risk_engine.controller import RiskControllerConfig, install
from bot.supervision.orders import Role
from strategies.base import ContractStrategyConfig
from strategies.k1 import VwapReversion

BUY, SELL = OrderSide.BUY, OrderSide.SELL


# ------------------------------------------------------------------ flat: nothing but a whole, journaled, approved bracket opens


def _market_entry(rogue: Rogue) -> None:
    rogue.submit_order(rogue.market(BUY))


def _limit_entry(rogue: Rogue) -> None:
    rogue.submit_order(rogue.order_factory.limit(MES, BUY, Quantity.from_int(1), price_of(rogue.close)))


def _without_stop(rogue: Rogue) -> None:
    listed = rogue.bracket(rogue.write(rogue.intent()))
    rogue.submit_order_list(OrderList(listed.id, [listed.orders[0], listed.orders[2]]))


def _without_tags(rogue: Rogue) -> None:
    make, one = rogue.order_factory, Quantity.from_int(1)
    rogue.submit_order_list(make.bracket(MES, BUY, one, entry_order_type=2, entry_price=price_of(rogue.close),
                                         sl_trigger_price=price_of(rogue.close - 8), tp_price=price_of(rogue.close + 16)))  # fmt: skip


def _tick_off(rogue: Rogue) -> None:
    rogue.write(rogue.intent())
    rogue.submit_order_list(rogue.bracket(rogue.intent(rogue.plan(stop=7))))


def _not_journaled(rogue: Rogue) -> None:
    rogue.submit_order_list(rogue.bracket(rogue.intent()))


def _two_in_one_list(rogue: Rogue) -> None:
    listed = rogue.bracket(rogue.write(rogue.intent()))
    again = rogue.renamed(listed)
    rogue.submit_order_list(OrderList(listed.id, [*listed.orders, *again.orders]))


def _another_euc(rogue: Rogue) -> None:
    better = msgspec.structs.replace(rogue.intent().decided.euc, total=1.0)
    rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(euc=better))))


def _old_intent(rogue: Rogue) -> None:
    rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(ts_ns=rogue.clock.timestamp_ns() - 60_000_000_000))))


def _lives_too_long(rogue: Rogue) -> None:
    rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(expires_ns=rogue.clock.timestamp_ns() + 90_000_000_001))))


def _too_much_risk(rogue: Rogue) -> None:
    rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(rogue.plan(stop=13, target=30)))))


def _too_many_contracts(rogue: Rogue) -> None:
    rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(rogue.plan(quantity=2, stop=6)))))


def _round_the_risk_engine(rogue: Rogue) -> None:
    rogue.msgbus.send("ExecEngine.execute", rogue.command(rogue.market(BUY)))


def _list_round_the_risk_engine(rogue: Rogue) -> None:
    rogue.msgbus.send("ExecEngine.execute", rogue.command(rogue.bracket(rogue.intent())))


def _emulated_by_hand(rogue: Rogue) -> None:
    order = rogue.order_factory.limit(MES, BUY, Quantity.from_int(1), price_of(rogue.close), emulation_trigger=TriggerType.LAST_PRICE)
    rogue.msgbus.send("RiskEngine.execute", rogue.command(order))


@pytest.mark.parametrize(
    ("act", "code", "orders"),
    [
        (_market_entry, "NOT_RECOGNISED", 1),
        (_limit_entry, "NOT_RECOGNISED", 1),
        (_without_stop, "PLAN_MISMATCH", 2),
        (_without_tags, "UNKNOWN_INTENT", 3),
        (_tick_off, "PLAN_MISMATCH", 3),
        (_not_journaled, "UNKNOWN_INTENT", 3),
        (_two_in_one_list, "PLAN_MISMATCH", 6),
        (_another_euc, "PLAN_MISMATCH", 3),
        (_old_intent, "PLAN_MISMATCH", 3),
        (_lives_too_long, "PLAN_MISMATCH", 3),
        (_too_much_risk, "RISK_PER_TRADE", 3),
        (_too_many_contracts, "MAX_CONTRACTS", 3),
        (_round_the_risk_engine, "NOT_RECOGNISED", 0),
        (_list_round_the_risk_engine, "NOT_RECOGNISED", 0),
        (_emulated_by_hand, "NOT_RECOGNISED", 0),
    ],
)
def test_an_entry_that_is_not_an_approved_bracket_is_denied_whole(day, act, code, orders):
    result = day({"10:41": act})
    assert result.rogue.seen("OrderDenied") == [code] * orders
    assert result.played.denials == [code]
    assert {order.status_string() for order in result.played.orders} == ({"DENIED"} if orders else set())
    assert set(result.rogue.nets) == {0}
    assert result.played.kills == []


def test_an_order_for_an_execution_algorithm_is_denied(day):
    act = lambda rogue: rogue.submit_order(rogue.market(BUY, exec_algorithm_id=ExecAlgorithmId("PASSING")))  # noqa: E731
    result = day({"10:41": act}, algorithm=True)
    assert (result.rogue.seen("OrderDenied"), set(result.rogue.nets)) == (["NOT_RECOGNISED"], {0})


def test_an_order_that_is_to_be_emulated_is_denied_at_once_even_if_it_would_reduce(day):
    def emulate(rogue: Rogue) -> None:
        price = price_of(rogue.close - 100)
        rogue.submit_order(rogue.order_factory.limit(MES, SELL, Quantity.from_int(1), price, emulation_trigger=TriggerType.LAST_PRICE))

    def trade(rogue: Rogue) -> None:
        now = rogue.clock.timestamp_ns()
        size = Quantity.from_int(1)
        rogue.msgbus.send("DataEngine.process", TradeTick(MES, price_of(rogue.close), size, AggressorSide.BUYER, TradeId("1"), now, now))

    result = day({"10:41": Rogue.enter, "10:45": emulate, "10:46": trade})
    assert (result.rogue.seen("OrderDenied"), result.rogue.seen("OrderEmulated")) == (["NOT_RECOGNISED"], [])
    assert (result.rogue.uncovered, result.rogue.nets[-1]) == ([], 1)


def test_a_proper_bracket_passes_and_is_covered_on_every_bar(day):
    result = day({"10:41": Rogue.enter})
    assert result.rogue.seen("OrderDenied") == []
    assert (result.rogue.uncovered, result.rogue.nets[-1]) == ([], 1)


def test_the_same_intent_is_not_submitted_twice_even_under_other_order_ids(day):
    kept = []

    def first(rogue: Rogue) -> None:
        kept.append(rogue.bracket(rogue.write(rogue.intent())))
        rogue.submit_order_list(kept[0])

    result = day({"10:41": first, "10:43": lambda rogue: rogue.submit_order_list(rogue.renamed(kept[0]))})
    assert result.rogue.seen("OrderDenied") == ["DUPLICATE_INTENT"] * 3
    assert (result.rogue.uncovered, result.rogue.nets[-1]) == ([], 1)


def test_a_second_entry_is_denied_while_one_is_in_flight_and_while_a_position_is_open(day):
    def both(rogue: Rogue) -> None:
        rogue.enter()
        rogue.enter(strategy="K2")

    result = day({"10:41": both, "10:50": lambda rogue: rogue.enter(strategy="K3")})
    assert result.rogue.seen("OrderDenied") == ["INTENT_IN_FLIGHT"] * 3 + ["POSITION_OPEN"] * 3
    assert (result.rogue.uncovered, max(result.rogue.nets)) == ([], 1)


def test_an_entry_that_nautilus_itself_denies_is_over_and_the_next_one_may_follow(day):
    def halted(rogue: Rogue, state: TradingState) -> None:
        rogue.controller._trader._risk_engine.set_trading_state(state)

    def denied(rogue: Rogue) -> None:
        halted(rogue, TradingState.HALTED)
        rogue.enter()
        halted(rogue, TradingState.ACTIVE)

    result = day({"10:41": denied, "11:12": lambda rogue: rogue.enter(strategy="K2")}, {"11:13": (0, 3, -2, 1)})
    assert len(result.rogue.seen("OrderDenied")) == 3
    assert result.rogue.nets[-1] == 1
    assert result.controller._situation.book.view(0).trades_today == 1


# ------------------------------------------------------------------ in a position: it stays covered


def _change(role: str, **change: object) -> Act:
    return lambda rogue: rogue.modify_order(rogue.order(role), **change)


def _cancel(role: str) -> Act:
    return lambda rogue: rogue.cancel_order(rogue.order(role))


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("act", "event", "code"),
    [
        (lambda rogue, side: _change("1S", trigger_price=price_of(25_601 - 9 * side))(rogue), "OrderModifyRejected", "STOP_WIDENS"),
        (lambda rogue, side: _change("1T", price=price_of(25_601 + 15 * side))(rogue), "OrderModifyRejected", "CHANGE_FORBIDDEN"),
        (lambda rogue, side: _change("1S", quantity=Quantity.from_int(2))(rogue), "OrderModifyRejected", "CHANGE_FORBIDDEN"),
        (lambda rogue, side: _cancel("1S")(rogue), "OrderCancelRejected", "CANCEL_FORBIDDEN"),
        (lambda rogue, side: _cancel("1T")(rogue), "OrderCancelRejected", "CANCEL_FORBIDDEN"),
        (lambda rogue, side: rogue.submit_order(rogue.market(SELL if side > 0 else BUY, 2)), "OrderDenied", "NOT_RECOGNISED"),
        (lambda rogue, side: rogue.submit_order(rogue.market(SELL if side > 0 else BUY, 1)), "OrderDenied", "NOT_RECOGNISED"),
        (lambda rogue, side: rogue.submit_order(rogue.market(BUY if side > 0 else SELL, 1)), "OrderDenied", "NOT_RECOGNISED"),
        (lambda rogue, side: rogue.close_all_positions(MES), "OrderDenied", "NOT_RECOGNISED"),
    ],
)
def test_what_would_uncover_widen_or_flip_an_open_position_is_refused(day, act, event, code, side):
    bars = {} if side > 0 else {"10:42": (0, 3, -1, 0)}
    result = day({"10:41": lambda rogue: rogue.enter(side=side), "10:50": lambda rogue: act(rogue, side)}, bars)
    assert result.rogue.seen(event) == [code]
    assert (result.rogue.uncovered, result.rogue.nets[-1]) == ([], side)
    stop = next(order for order in result.played.orders if order.client_order_id.value.endswith("1S"))
    assert (stop.status_string(), str(stop.trigger_price)) == ("ACCEPTED", str(price_of(25_601 - 8 * side)))


@pytest.mark.parametrize(
    "act",
    [
        lambda rogue: rogue.cancel_orders([rogue.order("1S"), rogue.order("1T")]),
        lambda rogue: rogue.cancel_all_orders(MES),
    ],
)
def test_cancelling_stop_and_target_together_is_rejected_for_each(day, act):
    result = day({"10:41": Rogue.enter, "10:50": act})
    assert result.rogue.seen("OrderCancelRejected") == ["NOT_RECOGNISED", "NOT_RECOGNISED"]
    assert (result.rogue.uncovered, result.rogue.nets[-1]) == ([], 1)
    assert sorted(order.status_string() for order in result.played.orders) == ["ACCEPTED", "ACCEPTED", "FILLED"]


@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_may_come_closer(day, side):
    bars = {} if side > 0 else {"10:42": (0, 3, -1, 0)}
    closer = lambda rogue: _change("1S", trigger_price=price_of(25_601 - 7 * side))(rogue)  # noqa: E731
    result = day({"10:41": lambda rogue: rogue.enter(side=side), "10:50": closer}, bars)
    assert result.rogue.seen("OrderModifyRejected") == []
    stop = next(order for order in result.played.orders if order.client_order_id.value.endswith("1S"))
    assert (stop.status_string(), str(stop.trigger_price)) == ("ACCEPTED", str(price_of(25_601 - 7 * side)))


def test_an_entry_may_be_cancelled_and_its_end_counts_as_no_trade(day):
    result = day({"10:41": Rogue.enter, "10:42": _cancel("1E")}, {"10:42": (2, 4, 1, 2)})
    assert result.rogue.seen("OrderCancelRejected") == []
    assert {order.status_string() for order in result.played.orders} == {"CANCELED"}
    assert result.controller._situation.book.view(0).trades_today == 0


def test_leaving_at_the_market_reduces_and_passes(day):
    def leave(rogue: Rogue) -> None:
        rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade("20250916-K1-1041", ExitReason.TIME, "enough"))

    result = day({"10:41": Rogue.enter, "10:50": leave})
    assert (result.rogue.seen("OrderDenied"), result.rogue.nets[-1]) == ([], 0)
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["TIME"]
    assert {order.status_string() for order in result.played.orders} == {"FILLED", "CANCELED"}


def test_an_order_id_that_the_supervisor_used_opens_no_door_for_another_order(day):
    def leave(rogue: Rogue) -> None:
        rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade("20250916-K1-1041", ExitReason.TIME, "enough"))

    def disguise(rogue: Rogue) -> None:
        name = next(order.client_order_id for order in rogue.cache.orders() if order.client_order_id.value.endswith("1X1"))
        rogue.msgbus.send("RiskEngine.execute", rogue.command(rogue.market(BUY, client_order_id=name)))

    result = day({"10:41": Rogue.enter, "10:50": leave, "10:55": disguise})
    assert result.played.denials == ["NOT_RECOGNISED"]
    assert result.rogue.nets[-1] == 0


# ------------------------------------------------------------------ what happens to brackets


@pytest.mark.parametrize("side", [1, -1])
def test_an_entry_bar_that_runs_through_the_stop_ends_flat_by_the_stop(day, side):
    bars = {"10:42": (0, 3, -20, -15) if side > 0 else (1, 22, -3, 16)}
    result = day({"10:41": lambda rogue: rogue.enter(side=side)}, bars)
    assert [(outcome["exit_reason"], outcome["net_cents"]) for outcome in result.played.outcomes] == [("STOP", -(8 + 1) * 125 - 124)]
    assert (result.rogue.uncovered, result.rogue.nets[-1]) == ([], 0)


class OneAtATime(PessimisticFillModel):
    """A venue with one contract for an entry whose limit is touched, and no second one."""

    def get_orderbook_for_fill_simulation(self, instrument, order, best_bid, best_ask):
        tags = OrderTags.read(order)
        if tags is None or tags.role is not Role.ENTRY:
            return super().get_orderbook_for_fill_simulation(instrument, order, best_bid, best_ask)
        book = OrderBook(instrument.id, BookType.L2_MBP)
        if order.ts_init < self.bar.ts_event and int(order.filled_qty) == 0:
            book.add(BookOrder(side=SELL, price=order.price, size=Quantity.from_int(1), order_id=1), 0, 0)
        return book


def test_a_partial_fill_whose_rest_expires_leaves_one_covered_contract(day, monkeypatch):
    monkeypatch.setattr("bot.backtest.config.PessimisticFillModel", OneAtATime)
    result = day({"10:41": lambda rogue: rogue.enter(strategy="K4", quantity=2, stop=6, target=12)}, {"10:42": (2, 4, 1, 2)})
    entry = next(order for order in result.played.orders if order.client_order_id.value.endswith("1E"))
    assert (entry.status_string(), int(entry.filled_qty)) == ("CANCELED", 1)
    assert result.rogue.nets[-1] == 1
    assert result.rogue.uncovered == []


@pytest.mark.parametrize("child", ["1S", "1T"])
def test_a_child_that_the_venue_cancels_is_repaired(day, child):
    result = day({"10:41": Rogue.enter, "10:50": lambda rogue: SeenVenue.last.cancels(rogue.order(child))})
    assert (result.rogue.uncovered, result.rogue.nets[-1]) == ([], 1)
    working = {order.client_order_id.value[-3:] for order in result.played.orders if order.is_open}
    assert "1S1" in working


def test_a_pair_that_is_larger_than_the_position_is_cut_in_place(day):
    def venue_left_it_too_large(rogue: Rogue) -> None:
        for role in ("1S", "1T"):
            _, _, order = rogue.controller._supervisor.find(f"20250916-K1-1041-{role}")
            order.quantity = 2
        rogue.controller._supervisor.way_out.act(rogue.controller._supervisor.trades[0])

    result = day({"10:41": Rogue.enter, "10:50": venue_left_it_too_large})
    assert (result.played.kills, result.rogue.nets[-1], result.rogue.uncovered) == ([], 1, [])
    working = {order.client_order_id.value[-2:]: int(order.quantity) for order in result.played.orders if order.is_open}
    assert working == {"1S": 1, "1T": 1}
    cut = [body for body in result.played.of("order event") if body["event"] == "OrderUpdated"]
    assert [(body["role"], body["quantity"]) for body in cut] == [("STOP", 1), ("TARGET", 1)]


def test_a_repair_that_is_refused_flattens(day):
    def refuse_the_repair(rogue: Rogue) -> None:
        engine = rogue.controller._engine
        sends = engine._pass_exec

        def refused(command: Any) -> None:
            """As an adapter would that cannot send a pair."""
            if not isinstance(command, SubmitOrderList):
                return sends(command)
            for order in command.order_list.orders:
                about = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
                rogue.msgbus.send("ExecEngine.process", OrderDenied(*about, "it cannot be sent", UUID4(), rogue.time_ns))

        engine._pass_exec = refused
        SeenVenue.last.cancels(rogue.order("1S"))
        engine._pass_exec = sends

    result = day({"10:41": Rogue.enter, "10:50": refuse_the_repair})
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["RECONCILED"]
    assert result.played.kills == [], "a repair that failed is no kill"
    assert (result.rogue.nets[-1], result.rogue.uncovered) == (0, [])
    assert [order for order in result.played.orders if order.is_open] == []


def test_nothing_that_nautilus_own_risk_engine_refuses_keeps_a_position_bare(day):
    def halted(rogue: Rogue) -> None:
        rogue.controller._trader._risk_engine.set_trading_state(TradingState.HALTED)
        SeenVenue.last.cancels(rogue.order("1S"))

    result = day({"10:41": Rogue.enter, "10:50": halted})
    assert (result.played.kills, result.played.outcomes, result.rogue.nets[-1], result.rogue.uncovered) == ([], [], 1, [])


# ------------------------------------------------------------------ kill switch and guards


def _trip(rogue: Rogue) -> None:
    rogue.controller._supervisor.trip("manual", "a person")


@pytest.mark.parametrize("holding", [True, False])
def test_a_trip_flattens_then_halts_and_layer_0_refuses_from_then_on(day, holding):
    result = day(
        {"10:41": Rogue.enter, "10:50": _trip, "11:14": lambda rogue: rogue.enter(strategy="K2")},
        {} if holding else {"10:42": (2, 4, 2, 2)},
    )
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == (["MANUAL"] if holding else [])
    assert result.rogue.seen("OrderDenied") == ["KILL_SWITCH"] * 3
    assert (result.rogue.nets[-1], [order for order in result.played.orders if order.is_open]) == (0, [])


def test_three_bars_in_a_row_below_the_kill_score_kill_while_in_a_position(day):
    gaps = {"10:45": None, "10:47": None, "10:49": None}
    result = day({"10:41": Rogue.enter}, gaps)
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["KILL"]
    assert result.played.kills[0] == ("TRIPPED", "DVS below 0.30 on 3 bars in a row while in a position")
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]


@pytest.mark.parametrize(
    "gaps",
    [
        {"10:45": None, "10:47": None},  # two in a row
        {"10:45": None, "10:47": None, "10:50": None},  # not in a row
    ],
)
def test_fewer_bars_or_bars_not_in_a_row_do_not_kill(day, gaps):
    result = day({"10:41": Rogue.enter}, gaps)
    assert (result.played.kills, result.rogue.nets[-1]) == ([], 1)


def test_bad_scores_while_flat_do_not_kill(day):
    result = day({}, {"10:45": None, "10:47": None, "10:49": None, "10:51": None})
    assert result.played.kills == []


def test_a_guard_that_raises_denies_and_trips_the_kill_switch(day):
    def break_the_book(rogue: Rogue) -> None:
        rogue.controller._situation.book._net_day = "nothing"
        rogue.enter()

    result = day({"10:41": break_the_book})
    assert result.rogue.seen("OrderDenied") == ["GUARD_ERROR"] * 3
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]


# ------------------------------------------------------------------ it is there, or nothing starts


def _engine(bypass: bool = False) -> BacktestEngine:
    config = BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=bypass))
    return BacktestEngine(config)


def test_it_refuses_to_stand_in_front_of_a_bypassed_risk_engine(law, tmp_path):
    engine = _engine(bypass=True)
    with pytest.raises(RiskEngineError, match="bypass is true"):
        install(engine.kernel, RiskControllerConfig(runtime=spec_of(law, tmp_path)))
    engine.dispose()


def test_a_strategy_refuses_to_start_without_it(law, tmp_path):
    engine = _engine()
    engine.add_strategy(VwapReversion(ContractStrategyConfig(runtime=spec_of(law, tmp_path))))
    with pytest.raises(RiskEngineError, match="K1 refuses to start: the contract risk engine is not installed"):
        engine.kernel.trader.start()
    engine.dispose()


def _lose_the_connection(rogue: Rogue) -> None:
    rogue.msgbus.publish(TOPIC_KILL_TRIGGER, KillTrigger("connection lost for too long", "30 s"))


@pytest.mark.parametrize(
    ("acts", "states"),
    [
        pytest.param({"10:41": Rogue.enter, "10:50": _lose_the_connection}, ["TRIPPED", "FLAT", "HALTED"], id="a position is held"),
        pytest.param({"10:41": _lose_the_connection}, [], id="flat"),
    ],
)
def test_what_the_brokers_side_sees_trips_the_kill_switch_only_while_a_position_is_held(day, acts, states):
    result = day(acts, FILLS)
    assert [state for state, _ in result.played.kills] == states
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == (["KILL"] if states else [])
