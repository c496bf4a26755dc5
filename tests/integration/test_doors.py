"""What may come through the doors of a backtest: a command once and after all were told of it, and news from the venue alone."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderCanceled
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.strategy import StrategyConfig
from rogue import MES, Rogue
from stage import SeenVenue

from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.errors import RiskEngineError
from bot.messages import (
    ENDPOINT_RISK_CLOSE,
    ENDPOINT_RISK_KILL,
    TOPIC_BOOK,
    TOPIC_MARKET,
    CloseTrade,
    IntentSubmitted,
)
from bot.risk_engine.brackets import price_of
from bot.risk_engine.path import FIRST

EXEC, EMULATOR = "ExecEngine.execute", "OrderEmulator.execute"
AWAY = {f"10:{minute}": (6, 8, 5, 6) for minute in range(42, 52)}  # the entry is not reached


def about(rogue: Rogue, order: Any) -> dict[str, Any]:
    return {
        "trader_id": rogue.trader_id, "strategy_id": order.strategy_id, "instrument_id": MES, "client_order_id": order.client_order_id,
        "venue_order_id": None, "command_id": UUID4(), "ts_init": rogue.time_ns,
    }  # fmt: skip


def at_the_venue() -> dict[str, tuple[int, float]]:
    """Role, contracts and price of every order that works there."""
    price = lambda order: float(order.trigger_price if order.has_trigger_price else order.price)  # noqa: E731
    orders = SeenVenue.last.exchange.get_open_orders()
    return {order.client_order_id.value[-2:]: (int(order.leaves_qty), price(order)) for order in orders}


def in_the_book(rogue: Rogue) -> dict[str, int]:
    """Price in ticks of every order that works by the book."""
    legs = [leg for trade in rogue.controller._supervisor.trades for leg in trade.legs]
    return {order.order_id[-2:]: order.price for leg in legs for order in leg.orders if order.live}


def entering(rogue: Rogue, act: Any) -> None:
    """Enter, and act while everybody is told of it."""
    listed = rogue.bracket(rogue.write(rogue.intent()))
    for order in listed.orders:
        rogue.cache.add_order(order)
    command = rogue.command(listed)
    rogue.msgbus.subscribe(TOPIC_BOOK, lambda message: isinstance(message, IntentSubmitted) and act(rogue, command))
    rogue.msgbus.send("RiskEngine.execute", command)


# ------------------------------------------------------------------ once, and after all were told


@pytest.mark.parametrize("door", ["ExecEngine.execute", "RiskEngine.execute"])
def test_an_approved_bracket_that_is_sent_while_it_is_told_leaves_once(day, door):
    result = day({"10:41": lambda rogue: entering(rogue, lambda rogue, command: rogue.msgbus.send(door, command))})
    filled = [record["client_order_id"][-2:] for record in result.played.of("fill")]
    assert (filled.count("1E"), max(result.rogue.nets), result.rogue.uncovered) == (1, 1, [])
    assert len(result.played.denials) == 1 and result.played.kills == []


def a_kill(rogue: Rogue, command: Any) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person")


def an_exit(rogue: Rogue, command: Any) -> None:
    intent_id = command.order_list.first.client_order_id.value.removesuffix("-1E")
    rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(intent_id, ExitReason.THESIS, ""))


def a_cancel(rogue: Rogue, command: Any) -> None:
    rogue.msgbus.send(EXEC, CancelOrder(**about(rogue, command.order_list.first)))


@pytest.mark.parametrize(("end", "code"), [(a_kill, "KILL_SWITCH"), (an_exit, "PLAN_MISMATCH"), (a_cancel, "PLAN_MISMATCH")])
def test_a_bracket_whose_end_overtakes_it_does_not_leave(day, end, code):
    seen = []
    acts = {"10:41": lambda rogue: entering(rogue, end), "10:43": lambda rogue: seen.append((at_the_venue(), in_the_book(rogue)))}
    result = day(acts)
    assert (result.played.denials, result.played.of("fill"), seen) == ([code], [], [({}, {})])
    assert result.controller._supervisor.trades == []
    assert result.controller._supervisor.kill_state is (KillState.HALTED if end is a_kill else KillState.ARMED)


# ------------------------------------------------------------------ the emulator


def emulated_cancel(rogue: Rogue, role: str) -> None:
    rogue.msgbus.send(EMULATOR, CancelOrder(**about(rogue, rogue.order(role))))


def test_the_emulator_cannot_cancel_an_entry_so_that_a_kill_leaves_it(day):
    seen = []

    def act(rogue: Rogue) -> None:
        emulated_cancel(rogue, "1E")
        rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person")

    acts = {"10:41": Rogue.enter, "10:42": act, "10:43": lambda rogue: seen.append((at_the_venue(), in_the_book(rogue)))}
    result = day(acts, AWAY | {"10:52": (3, 4, -4, 1)})
    assert seen == [({}, {})]
    assert (result.played.denials, result.played.of("fill")) == (["NOT_RECOGNISED"], [])
    assert result.controller._supervisor.kill_state is KillState.HALTED


def test_the_emulator_cannot_cancel_a_stop(day):
    seen = []

    look = lambda rogue: seen.append((sorted(at_the_venue()), sorted(in_the_book(rogue))))  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:50": lambda rogue: emulated_cancel(rogue, "1S"), "10:51": look}, {"10:55": (0, 1, -34, -16)})
    assert seen == [(["1S", "1T"], ["1S", "1T"])]
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["STOP"]
    assert result.played.kills == []


def test_the_emulator_cannot_move_a_stop(day):
    seen = []

    def act(rogue: Rogue) -> None:
        stop, change = rogue.order("1S"), {"quantity": None, "price": None, "trigger_price": price_of(rogue.close - 5)}
        rogue.msgbus.send(EMULATOR, ModifyOrder(**change, **about(rogue, stop)))

    def look(rogue: Rogue) -> None:
        seen.append((round(at_the_venue()["1S"][1] * 4), in_the_book(rogue)["1S"]))

    result = day({"10:41": Rogue.enter, "10:50": act, "10:51": look}, {"10:55": (0, 1, -34, -16)})
    ((venue, book),) = seen
    assert venue == book
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["STOP"]


# ------------------------------------------------------------------ news


def test_what_a_strategy_applies_to_an_order_itself_is_no_news_and_a_kill(day):
    def forge(rogue: Rogue) -> None:
        stop, now = rogue.order("1S"), rogue.time_ns
        given = (rogue.trader_id, stop.strategy_id, MES, stop.client_order_id, stop.venue_order_id, stop.account_id, UUID4(), now, now)
        event = OrderCanceled(*given)
        stop.apply(event)
        rogue.msgbus.publish(f"events.order.{rogue.id}", event)

    result = day({"10:41": Rogue.enter, "10:50": forge}, until="10:55")
    events = [record["event"] for record in result.played.of("order event") if record["client_order_id"].endswith("1S")]
    assert events[:2] == ["OrderSubmitted", "OrderAccepted"] and "OrderCanceled" not in events
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert result.controller._supervisor.net == 0


def test_our_own_refusal_of_a_change_leaves_the_next_one_alone(day):
    def two(rogue: Rogue) -> None:
        stop = rogue.order("1S")
        ticks = round(float(stop.trigger_price) * 4)
        rogue.modify_order(stop, trigger_price=price_of(ticks - 3))
        rogue.modify_order(stop, trigger_price=price_of(ticks + 2))
        moved.append(ticks + 2)

    def look(rogue: Rogue) -> None:
        moved.extend((round(at_the_venue()["1S"][1] * 4), in_the_book(rogue)["1S"]))

    moved: list[int] = []
    result = day({"10:41": Rogue.enter, "10:50": two, "10:51": look})
    assert len(moved) == 3 and len(set(moved)) == 1
    assert result.played.denials == ["STOP_WIDENS"]


# ------------------------------------------------------------------ ears, and configurations


class _Whoever:
    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True

    def __call__(self, message: Any) -> None:
        """Nothing."""


def deaf(rogue: Rogue) -> None:
    """Take away the ears that the watch over the path could hang on, and put Nautilus' own handlers back."""
    for topic in (TOPIC_MARKET, "events.order.*"):
        for each in [each for each in rogue.msgbus.subscriptions(topic) if each.topic == topic and each.priority == FIRST]:
            rogue.msgbus.unsubscribe(each.topic, each.handler)
    engine = rogue.controller._engine
    for name, stock in (("RiskEngine.execute", engine._pass_risk), (EXEC, engine._pass_exec)):
        rogue.msgbus.deregister(name, _Whoever())
        rogue.msgbus.register(name, stock)


def test_a_risk_engine_that_hears_nothing_any_more_misses_it_within_minutes(day):
    buy = lambda rogue: rogue.submit_order(rogue.market(OrderSide.BUY, 1))  # noqa: E731
    lost = []
    result = day({"10:41": deaf, "10:50": buy, "10:51": lambda rogue: lost.append(rogue.controller._path.lost())}, until="11:00")
    assert result.played.kills[0] == ("TRIPPED", "the risk engine was not on the path")
    assert (result.rogue.nets[-1], result.played.denials) == (0, ["NOT_RECOGNISED"])
    assert lost == [[]]


def test_a_strategy_that_would_hedge_its_positions_cannot_start(day, monkeypatch):
    monkeypatch.setattr("rogue.StrategyConfig", lambda **given: StrategyConfig(**given, oms_type="HEDGING"))
    with pytest.raises(RiskEngineError, match=r"strategy K1-K1 is configured with oms_type = 'HEDGING'; only None is allowed"):
        day({})


def test_a_quote_that_anybody_sends_to_the_simulated_exchange_moves_nothing(day):
    def forge(rogue: Rogue) -> None:
        price, size = price_of(rogue.close - 60), Quantity.from_int(9)
        quote = QuoteTick(MES, price, price, size, size, rogue.time_ns, rogue.time_ns)
        rogue.msgbus.send("SimulatedExchange.process_new_quote.CME", quote)

    result = day({"10:41": Rogue.enter, "10:50": forge}, until="10:55")
    assert (result.rogue.nets[-1], result.played.outcomes, result.played.denials) == (1, [], ["NOT_RECOGNISED"])
