"""ContractStrategy among real Nautilus components: asked, told to submit, tightening and leaving.

What stands in for the risk engine is a list at its endpoints: it shows what a strategy sends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from builders import MOMENT, calendar, decided_at, market, new_york_ns, plan, trade_view
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import MessageBus
from nautilus_trader.execution.messages import ModifyOrder, SubmitOrderList
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import AccountId, ClientOrderId
from nautilus_trader.model.orders import Order
from nautilus_trader.test_kit.stubs.component import TestComponentStubs
from nautilus_trader.test_kit.stubs.events import TestEventStubs
from nautilus_trader.test_kit.stubs.identifiers import TestIdStubs
from states import SPEC, TRADERS, ask, closed, new_strategy, standing

from bot.decision.intent import Intent
from bot.decision.plan import Act, EntryPlan, ExitReason, ManagementAction, NoSetup, TradeView, Veto
from bot.errors import RiskEngineError
from bot.messages import ENDPOINT_RISK_CLOSE, ENDPOINT_RISK_PATH, TOPIC_BOOK, Ask, CloseTrade, TradeClosed, ask_endpoint, submit_endpoint
from bot.risk_engine.brackets import OrderTags
from bot.runtime.runtime import runtime_of
from strategies.base import ContractStrategy

EXPIRES_NS = MOMENT + 90 * 10**9


@dataclass
class House:
    """A strategy with the bus, cache and clock it was registered with, and what reached the risk engine."""

    strategy: ContractStrategy
    msgbus: MessageBus
    cache: Cache
    commands: list[Any] = field(default_factory=list)
    closes: list[CloseTrade] = field(default_factory=list)

    def ask(self, **given: Any) -> Any:
        question = Ask(given.pop("state"), given.pop("trade", None))
        self.msgbus.send(ask_endpoint(self.strategy.name), question)
        return question.answer

    def submit(self, entry_plan: EntryPlan) -> list[Order]:
        self.msgbus.send(submit_endpoint(self.strategy.name), intent(entry_plan))
        return self.commands[-1].order_list.orders


def house(name: str = "K1", *, guarded: bool = True) -> House:
    msgbus, cache = TestComponentStubs.msgbus(), TestComponentStubs.cache()
    strategy = new_strategy(name)
    built = House(strategy, msgbus, cache)
    msgbus.register("RiskEngine.execute", built.commands.append)
    if guarded:
        msgbus.register(ENDPOINT_RISK_PATH, lambda answer: setattr(answer, "lost", ()))
        msgbus.register(ENDPOINT_RISK_CLOSE, built.closes.append)
    strategy.register(TestIdStubs.trader_id(), TestComponentStubs.portfolio(), msgbus, cache, TestComponentStubs.clock())
    return built


def started(name: str = "K1") -> House:
    built = house(name)
    built.strategy.start()
    return built


def intent(entry_plan: EntryPlan) -> Intent:
    """A plan that was chosen at MOMENT."""
    return Intent(f"20250916-{entry_plan.strategy}-1041", entry_plan, EXPIRES_NS, decided_at(MOMENT, slippage_ticks=2))


def work(built: House, orders: list[Order]) -> None:
    """The venue accepts all of them."""
    for order in orders:
        order.apply(TestEventStubs.order_submitted(order, AccountId("SIM-001")))
        order.apply(TestEventStubs.order_accepted(order, AccountId("SIM-001")))
        if not built.cache.order_exists(order.client_order_id):
            built.cache.add_order(order)
        built.cache.update_order(order)


# ------------------------------------------------------------------------ start


@pytest.mark.parametrize("name", [*TRADERS, "K5"])
def test_it_refuses_to_start_without_the_contract_risk_engine(name):
    built = house(name, guarded=False)
    with pytest.raises(RiskEngineError, match=f"{name} refuses to start: the contract risk engine is not installed"):
        built.strategy.start()
    assert ask_endpoint(name) not in built.msgbus.endpoints()
    assert submit_endpoint(name) not in built.msgbus.endpoints()


@pytest.mark.parametrize("name", [*TRADERS, "K5"])
def test_between_start_and_stop_it_takes_questions_and_hears_of_the_book(name):
    built = started(name)
    assert {ask_endpoint(name), submit_endpoint(name)} <= set(built.msgbus.endpoints())
    assert TOPIC_BOOK in built.msgbus.topics()
    built.strategy.stop()
    assert not {ask_endpoint(name), submit_endpoint(name)} & set(built.msgbus.endpoints())
    assert TOPIC_BOOK not in built.msgbus.topics()


def test_its_rules_and_its_size_are_those_of_the_contracts():
    contracts = runtime_of(SPEC).contracts
    assert {name: new_strategy(name).rules.contracts for name in TRADERS} == {"K1": 1, "K2": 1, "K3": 1, "K4": 2}
    for name in (*TRADERS, "K5"):
        assert new_strategy(name).rules is contracts.rules[name]


def test_all_strategies_of_a_run_share_one_runtime():
    assert new_strategy("K1").contracts is new_strategy("K4").contracts is runtime_of(SPEC).contracts
    assert runtime_of(msgspec.structs.replace(SPEC, journal_path="another")) is not runtime_of(SPEC)


def test_the_id_of_each_names_its_k():
    assert [new_strategy(name).id.value for name in (*TRADERS, "K5")] == ["K1-K1", "K2-K2", "K3-K3", "K4-K4", "K5-K5"]


# ---------------------------------------------------------------------- answers


@pytest.mark.parametrize("name", TRADERS)
@pytest.mark.parametrize("side", [1, -1])
def test_asked_where_its_setup_stands_it_answers_with_its_plan(name, side):
    answer = started(name).ask(state=standing(name, side))
    assert isinstance(answer, EntryPlan)
    assert answer == ask(name, standing(name, side))


@pytest.mark.parametrize("name", TRADERS)
def test_asked_elsewhere_it_answers_with_what_is_missing_and_sends_nothing(name):
    built = started(name)
    assert isinstance(built.ask(state=market(session_phase=3)), NoSetup)
    assert (built.commands, built.closes) == ([], [])


def test_the_filter_answers_with_its_veto():
    assert isinstance(started("K5").ask(state=market(lunch_void=True)), Veto)


def test_the_filter_hears_of_trades_of_the_whole_book():
    built = started("K5")
    for side in (1, -1):
        runtime_of(built.strategy.config.runtime).said.publish(built.msgbus, TOPIC_BOOK, TradeClosed(closed(side)))
    assert built.ask(state=market()).code == "K5_OPPOSITE_STOPS"


def test_a_trade_that_the_book_has_not_told_of_teaches_nothing():
    built = started("K5")
    for side in (1, -1):
        built.msgbus.publish(TOPIC_BOOK, TradeClosed(closed(side)))
    assert built.ask(state=market()).code == "NOISE"


def test_asked_about_its_open_trade_it_manages_instead_of_looking_for_another():
    built = started("K1")
    answer = built.ask(state=standing("K1"), trade=trade_view())
    assert answer == ManagementAction(Act.HOLD, "thesis holds")
    assert (built.commands, built.closes) == ([], [])


def test_a_trade_that_is_being_left_already_is_not_managed_any_more():
    built = started("K1")
    answer = built.ask(state=standing("K1", ts_ns=new_york_ns("2025-09-16 15:55")), trade=trade_view(closing=True))
    assert isinstance(answer, EntryPlan)
    assert built.closes == []


# ------------------------------------------------------------------------ submit


@pytest.mark.parametrize("name", TRADERS)
@pytest.mark.parametrize("side", [1, -1])
def test_told_to_submit_it_sends_one_list_of_brackets_that_equal_the_plan(name, side):
    built = started(name)
    entry_plan = ask(name, standing(name, side))
    orders = built.submit(entry_plan)
    (command,) = built.commands
    assert isinstance(command, SubmitOrderList)
    assert (command.strategy_id, command.order_list.id.value) == (built.strategy.id, f"20250916-{name}-1041")
    enters, leaves = ("BUY", "SELL") if side > 0 else ("SELL", "BUY")
    expected = []
    for leg in entry_plan.legs:
        entry_type = entry_plan.entry_type.value
        expected += [
            (enters, entry_type, leg.quantity, points(entry_plan.limit), points(entry_plan.trigger)),
            (leaves, "STOP_MARKET", leg.quantity, None, points(leg.stop)),
            (leaves, "LIMIT", leg.quantity, points(leg.target), None),
        ]
    assert [facts(order) for order in orders] == expected


def points(ticks: int | None) -> float | None:
    return None if ticks is None else ticks / 4


def facts(order: Order) -> tuple[Any, ...]:
    price = float(order.price) if order.has_price else None
    trigger = float(order.trigger_price) if order.has_trigger_price else None
    return (order.side_string(), order.type_string(), int(order.quantity), price, trigger)


@pytest.mark.parametrize("name", TRADERS)
def test_each_bracket_is_tied_together_by_hand_and_never_flagged_reduce_only(name):
    built = started(name)
    orders = built.submit(ask(name, standing(name)))
    ids = [order.client_order_id.value for order in orders]
    for number in range(len(orders) // 3):
        entry, stop, target = orders[3 * number : 3 * number + 3]
        prefix = f"20250916-{name}-1041-{number + 1}"
        assert [prefix + letter for letter in "EST"] == ids[3 * number : 3 * number + 3]
        assert entry.parent_order_id is None
        assert stop.parent_order_id == target.parent_order_id == entry.client_order_id
        assert entry.linked_order_ids == [stop.client_order_id, target.client_order_id]
        assert (stop.linked_order_ids, target.linked_order_ids) == ([target.client_order_id], [stop.client_order_id])
    assert not any(order.is_reduce_only for order in orders)
    assert {order.status for order in orders} == {OrderStatus.INITIALIZED}
    tags = [OrderTags.read(order) for order in orders]
    assert [tag.role.value for tag in tags[:3]] == ["ENTRY", "STOP", "TARGET"]
    assert {tag.intent_id for tag in tags} == {f"20250916-{name}-1041"}
    assert [tag.expires_ns for tag in tags[:3]] == [EXPIRES_NS, 0, 0]


def test_the_same_intent_yields_the_same_order_ids():
    """Decided again after a restart, the second submission is recognised by them."""
    ids = [[order.client_order_id.value for order in started("K4").submit(ask("K4", standing("K4")))] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 6


# -------------------------------------------------------------------- management


def open_trade(built: House, entry_plan: EntryPlan, **changes: Any) -> TradeView:
    """The plan's trade with its stops working."""
    orders = built.submit(entry_plan)
    work(built, orders)
    built.commands.clear()
    stops = tuple(order.client_order_id.value for order in orders if OrderTags.read(order).role.value == "STOP")
    return trade_view(entry_plan, stop_order_ids=stops, **changes)


@pytest.mark.parametrize("side", [1, -1])
def test_it_tightens_by_modifying_the_stop_and_says_the_cause(side):
    built = started("K1")
    trade = open_trade(built, ask("K1", standing("K1", side)))
    answer = built.ask(state=standing("K1", side, dvs=0.5), trade=trade)
    (command,) = built.commands
    assert isinstance(command, ModifyOrder)
    assert command.client_order_id.value == "20250916-K1-1041-1S"
    assert float(command.trigger_price) == (1000 - side * 4) / 4  # half of 8 ticks
    assert (command.quantity, command.price, command.params) == (None, None, {"cause": "DVS"})
    assert (answer.act, answer.stop, answer.cause) == (Act.TIGHTEN, 1000 - side * 4, "DVS")
    assert built.closes == []


def test_it_tightens_the_stops_of_both_legs():
    built = started("K4")
    trade = open_trade(built, ask("K4", standing("K4")))
    built.ask(state=standing("K4", eqs=0.5, bar=standing("K4").bar._replace(close=1006)), trade=trade)
    assert [command.client_order_id.value for command in built.commands] == ["20250916-K4-1041-1S", "20250916-K4-1041-2S"]
    assert {float(command.trigger_price) for command in built.commands} == {1003 / 4}


def test_it_leaves_through_the_risk_engine_and_sends_no_order_itself():
    built = started("K1")
    trade = open_trade(built, ask("K1", standing("K1")))
    answer = built.ask(state=standing("K1", ts_ns=MOMENT + 20 * 60 * 10**9), trade=trade)
    assert built.closes == [CloseTrade(trade.trade_id, ExitReason.TIME, "20 minutes in trade")]
    assert (answer.act, answer.reason) == (Act.EXIT, ExitReason.TIME)
    assert built.commands == []


def test_a_stop_it_cannot_find_raises_instead_of_passing_for_moved():
    built = started("K1")
    trade = open_trade(built, ask("K1", standing("K1")))
    missing = msgspec.structs.replace(trade, stop_order_ids=("20250916-K1-1041-1S9",))
    assert built.cache.order(ClientOrderId("20250916-K1-1041-1S9")) is None
    with pytest.raises(TypeError):
        built.ask(state=standing("K1", dvs=0.5), trade=missing)
    assert built.commands == []


@pytest.mark.parametrize(
    ("moment", "act"),
    [
        ("2025-09-16 15:53", Act.HOLD),
        ("2025-09-16 15:54", Act.EXIT),
        ("2025-09-16 16:00", Act.EXIT),
        ("2025-09-16 16:30", Act.EXIT),  # no session any more
        ("2025-11-28 12:53", Act.HOLD),  # a half day
        ("2025-11-28 12:54", Act.EXIT),
    ],
)
@pytest.mark.parametrize("name", TRADERS)
def test_from_the_sessions_flatten_time_on_it_leaves(name, moment, act):
    ts_ns = new_york_ns(moment)
    state = standing(name, ts_ns=ts_ns)
    assert (state.session is None) == (calendar().session_at(ts_ns) is None)
    trade = trade_view(ask(name, standing(name)), entry=1000.0, stop=995, opened_ns=ts_ns)
    action = new_strategy(name).plan_management(trade, state)
    assert action.act is act
    assert action.reason is (ExitReason.SESSION if act is Act.EXIT else None)


@pytest.mark.parametrize("name", TRADERS)
def test_its_own_exit_rule_is_asked_by_its_management(name):
    """Each state breaks that K's thesis rule and nothing else: past VWAP, a close through the level, a trend that turned."""
    low_close = standing(name).bar._replace(low=990, close=995)
    broken = {"K1": dict(vwap_z=0.5), "K2": dict(bar=low_close), "K3": dict(bar=low_close), "K4": dict(trend_strength=-0.1)}
    trade = trade_view(ask(name, standing(name)), entry=1000.0, stop=980)
    action = new_strategy(name).plan_management(trade, standing(name, **broken[name]))
    assert (action.act, action.reason) == (Act.EXIT, ExitReason.THESIS)
    assert action.why == new_strategy(name).plan_exit(trade, standing(name, **broken[name])).why


def test_it_never_cancels_orders_by_itself():
    """Nautilus would cancel the orders of every strategy on the instrument when it stops one."""
    built = started("K1")
    open_trade(built, plan())
    built.strategy.cancel_all_orders(built.strategy.config.instrument_id)
    built.strategy.stop()
    assert built.commands == []
