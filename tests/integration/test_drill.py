"""The drill's door: one bracket, in PAPER, in a flat book that no strategy could enter; and nothing that only looks like it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from live_hour import PIECES, Hour, law, standing
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.orders import Order, OrderList

from bot.decision.plan import OPERATOR, EntryType, Leg
from bot.decision.snapshot import KillState
from bot.messages import ENDPOINT_RISK_DRILL, TOPIC_BOOK, DrillRequest
from bot.runtime.past import past_of
from bot.supervision.orders import Role

BEFORE = "09:33"  # the entry window has not begun


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return law(tmp_path_factory.mktemp("drill") / "contracts")


def played(contracts: Path, folder: Path, test: Callable[[Hour], Awaitable[None]], begin: str = BEFORE, **broker: Any) -> Hour:
    async def play() -> Hour:
        async with standing(contracts, folder, begin=begin, **broker) as hour:
            hour.heard = []
            hour.node.node.kernel.msgbus.subscribe(TOPIC_BOOK, hour.heard.append)
            await minutes(hour, 1)
            await test(hour)
        return hour

    return asyncio.run(play())


async def minutes(hour: Hour, count: int) -> None:
    for _ in range(count):
        for _ in range(PIECES):
            await hour._piece()
        await hour._bar_decided()


def ask(hour: Hour) -> DrillRequest:
    """A part of the node asks, for a person."""
    request = DrillRequest()
    hour.rogue.said.send(hour.node.node.kernel.msgbus, ENDPOINT_RISK_DRILL, request)
    return request


async def at_work(hour: Hour) -> set[str]:
    await hour._wait(lambda: len(hour.truth.working) == 3, 2.0)
    return {order.request.order_ref[-2:] for order in hour.truth.working}


def test_it_opens_one_contract_with_its_bracket_and_the_kill_closes_it_uncounted(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        request = ask(hour)
        assert (request.refused, await at_work(hour)) == ("", {"1E", "1S", "1T"})
        (entry,) = [order for order in hour.truth.working if order.request.order_ref.endswith("1E")]
        assert (entry.request.order_type, entry.quantity, entry.side) == ("LMT", 1, 1)
        await minutes(hour, 1)
        assert hour.truth.net == 1 and hour.node.risk.open_trades()[0].trade_id == request.trade_id
        hour.node.kill("drill")
        await minutes(hour, 1)
        assert (hour.truth.net, hour.truth.working, hour.node.risk._supervisor.kill_state) == (0, [], "HALTED")
        book = hour.node.risk._situation.book.view(hour.gateway.now_ns)
        assert (book.trades_today, book.submissions_today, book.realised_day_cents, book.position_open) == (0, 0, 0, False)

    hour = played(contracts, tmp_path, drill)
    assert hour.heard == []
    past = past_of([hour.node.risk._config.runtime.journal_path])
    assert (past.unfinished, past.events, past.outcomes) == ((), (), [])
    assert any(OPERATOR in name for name in past.intent_ids)


def test_while_entries_are_locked_it_may_be_and_its_end_comes_by_itself(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        hour.node.kill("out")
        await minutes(hour, 1)
        assert ask(hour).refused == ""
        await minutes(hour, 2)
        assert hour.truth.net == 1
        await minutes(hour, 5)
        assert (hour.truth.net, hour.truth.working) == (0, [])

    played(contracts, tmp_path, drill, begin="10:30")


def test_no_strategy_enters_beside_it(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        ask(hour)
        await minutes(hour, 1)
        intent = hour.rogue.write(hour.rogue.intent())
        hour.rogue.submit_order_list(hour.rogue.bracket(intent))
        await minutes(hour, 1)
        assert [each[2].partition(":")[0] for each in hour.rogue.events if each[0] == "OrderDenied"] == ["POSITION_OPEN"] * 3

    played(contracts, tmp_path, drill)


@pytest.mark.parametrize(
    ("begin", "prepare", "sentence"),
    [
        ("10:30", lambda hour: None, "Strategies may enter now"),
        (BEFORE, lambda hour: ask(hour), "nothing at work"),
        (
            BEFORE,
            lambda hour: setattr(hour.node.risk._supervisor.switch, "state", KillState.TRIPPED),
            "at work",
        ),
        (BEFORE, lambda hour: setattr(hour.node.risk._situation, "state", None), "needs a price"),
        (BEFORE, lambda hour: setattr(hour.node.risk._situation, "_dvs", 0.1), "DVS_BELOW_MINIMUM"),
    ],
    ids=["strategies may enter", "twice", "a kill at work", "no bar yet", "bars that cannot be believed"],
)
def test_it_is_refused_with_a_sentence(contracts, tmp_path, begin, prepare, sentence):
    async def drill(hour: Hour) -> None:
        prepare(hour)
        request = ask(hour)
        assert sentence in request.refused and request.trade_id == ""

    played(contracts, tmp_path, drill, begin)


def test_it_is_refused_while_contracts_are_held(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        ask(hour)
        await minutes(hour, 1)
        assert "begins flat, and +1 contracts" in ask(hour).refused

    played(contracts, tmp_path, drill)


def test_a_run_that_is_not_paper_has_none(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        assert "does not trade a paper account" in ask(hour).refused
        await minutes(hour, 1)
        assert not hour.truth.orders

    played(contracts, tmp_path, drill, mode="live")


def test_a_backtest_has_no_such_door(day):
    doors = []
    day({"10:41": lambda rogue: doors.extend(rogue.msgbus.endpoints())})
    assert doors and ENDPOINT_RISK_DRILL not in doors


def test_who_is_no_part_of_the_node_asks_in_vain(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        request = DrillRequest()
        hour.rogue.msgbus.send(ENDPOINT_RISK_DRILL, request)
        await minutes(hour, 1)
        assert (request.trade_id, hour.truth.orders) == ("", [])

    played(contracts, tmp_path, drill)


def test_orders_of_equal_fields_are_not_it(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        kept: list[Any] = []
        through = hour.node.risk._engine._through
        hour.node.risk._engine._through = lambda command: (kept.append(command), through(command))
        ask(hour)
        (command,) = kept
        rogue = hour.rogue
        for again in (command, rogue.command(command.order_list), rogue.command(rogue.renamed(command.order_list))):
            rogue.msgbus.send("RiskEngine.execute", again)
            rogue.msgbus.send("ExecEngine.execute", rogue.command(command.order_list))
        await minutes(hour, 2)
        assert hour.truth.net == 1 and len(hour.truth.orders) == 3

    played(contracts, tmp_path, drill)


def _two(plan: Any) -> Any:
    return msgspec.structs.replace(plan, legs=tuple(Leg(2, leg.stop, leg.target) for leg in plan.legs))


def _stop_limit(plan: Any) -> Any:
    return msgspec.structs.replace(plan, entry_type=EntryType.STOP_LIMIT, trigger=plan.limit)


def _of_k1(plan: Any) -> Any:
    return msgspec.structs.replace(plan, strategy="K1")


@pytest.mark.parametrize("other", [_two, _stop_limit, _of_k1])
def test_the_door_takes_no_other_plan(contracts, tmp_path, other):
    async def drill(hour: Hour) -> None:
        drills = hour.node.risk._drill
        plan = drills._plan
        drills._plan = lambda now: other(plan(now))
        assert ask(hour).refused
        await minutes(hour, 1)
        assert not hour.truth.orders

    played(contracts, tmp_path, drill)


def _with_orders(command: SubmitOrderList, orders: list[Order]) -> SubmitOrderList:
    listed = OrderList(command.order_list.id, orders)
    about = {"trader_id": command.trader_id, "strategy_id": command.strategy_id, "command_id": UUID4(), "ts_init": command.ts_init}
    return SubmitOrderList(order_list=listed, **about)


@pytest.mark.parametrize(
    "changed",
    [
        lambda rogue, orders: [rogue.market(orders[0].side), *orders[1:]],
        lambda rogue, orders: orders[:1],
        lambda rogue, orders: orders[:2],
        lambda rogue, orders: [*orders, *orders],
    ],
    ids=["a market entry", "no stop and target", "no target", "twice in one list"],
)
def test_the_door_takes_no_other_orders(contracts, tmp_path, changed):
    async def drill(hour: Hour) -> None:
        door = hour.node.risk._engine.drill
        hour.node.risk._drill._send = lambda command, intent: door(
            _with_orders(command, changed(hour.rogue, command.order_list.orders)), intent
        )
        assert ask(hour).refused
        await minutes(hour, 1)
        assert not hour.truth.orders

    played(contracts, tmp_path, drill)


def test_one_that_a_run_left_behind_is_closed_by_the_next(contracts, tmp_path):
    """The next run takes the trade over, and nobody waits for its kill any more."""

    async def drill(hour: Hour) -> None:
        ask(hour)
        await minutes(hour, 1)
        risk = hour.node.risk
        (trade,) = risk._supervisor.trades
        risk._supervisor.resume()
        await minutes(hour, 1)
        assert (hour.truth.net, trade.closing) == (0, "TIME")
        assert not trade.legs[0].live(*Role)

    played(contracts, tmp_path, drill)
