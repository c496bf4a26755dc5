"""A kill while something is filled in part, through the whole node: what is held is closed once, and what is not held is not sold."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from builders import decided_at
from ibkr_rig import SPEC, Draft, Ear, Rig, gateway_config, new_session, until
from nautilus_trader.model.identifiers import ClientOrderId
from test_ibkr_other_hands import goes_on, held
from test_ibkr_recovery import DECIDED, EXPIRES, Stage

from bot.contracts import load_contracts
from bot.decision.intent import Intent
from bot.decision.plan import EntryPlan, EntryType, ExitReason, Leg, Thesis
from bot.gateway.gateway import Gateway
from bot.journal.build import intent_record
from bot.journal.records import Kind, OrderRecord
from bot.journal.store import Journal
from bot.messages import ENDPOINT_RISK_CLOSE, CloseTrade
from bot.node.node import MesbotNode
from bot.risk_engine.brackets import price_of
from bot.runtime.past import past_of
from bot.supervision.orders import Role, order_name
from bot.units import TICK_POINTS

NAME = "20251002-K4-0959"
ROLES = (Role.ENTRY, Role.STOP, Role.TARGET)
ENTRY, ENTRY_2 = f"{NAME}-1E", f"{NAME}-2E"


class TwoContracts(Stage):
    """The bracket of a K4 trade works at the broker: two legs of one contract each, or one leg of two."""

    def __init__(self, gateway: Gateway, folder: Path, legs: tuple[int, ...]) -> None:
        super().__init__(gateway, folder)
        self.plan_legs = tuple(Leg(quantity, self.limit - 6, self.limit + 60) for quantity in legs)
        plan = EntryPlan("K4", 1, EntryType.LIMIT, self.limit, None, self.plan_legs, 90.0, 20, Thesis("F4", 0.9, 0.5, None))
        self.intent = Intent(NAME, plan, EXPIRES, decided_at(DECIDED))

    def drafts(self) -> list[Draft]:
        found = []
        for number, leg in enumerate(self.plan_legs, start=1):
            entry, stop, target = (order_name(NAME, number, role) for role in ROLES)
            found += [
                Draft(entry, "BUY", leg.quantity, "LMT", limit=self.limit * TICK_POINTS, good_till_ns=EXPIRES),
                Draft(stop, "SELL", leg.quantity, "STP", stop=leg.stop * TICK_POINTS, parent_ref=entry),
                Draft(target, "SELL", leg.quantity, "LMT", limit=leg.target * TICK_POINTS, parent_ref=entry),
            ]
        return found

    async def place(self) -> None:
        ear, drafts = Ear(), self.drafts()
        session = new_session(self.gateway.port, ear)
        await session.start()
        Rig(self.gateway, session, ear).place(*drafts)
        await until(lambda: all("accepted" in ear.of(draft.ref) for draft in drafts), lambda: ear)
        await session.stop()

    def write(self, *events: str, **_: Any) -> None:
        with Journal.append(self.path, "paper", load_contracts(SPEC.contracts_directory), {}, time.time_ns) as journal:
            journal.write_ahead(Kind.INTENT, DECIDED, intent_record(self.intent), "K4")
            for event in events:
                for draft in self.drafts():
                    journal.add(Kind.ORDER, DECIDED, self._told(draft, event), "K4")

    def _told(self, draft: Draft, event: str) -> OrderRecord:
        role = next(role for role in ROLES for number in (1, 2) if order_name(NAME, number, role) == draft.ref)
        perm = str({order.request.order_ref: order.perm_id for order in self.gateway.broker.open_orders()}[draft.ref])
        venue = perm if event == "OrderAccepted" else ""
        return OrderRecord(draft.ref, NAME, "K4", role.value, event, draft.quantity, draft.limit, draft.stop, venue_order_id=venue)

    def sold(self) -> Counter[str]:
        """Contracts that each of our orders has sold."""
        sold: Counter[str] = Counter()
        for execution in self.gateway.broker.exchange.executions:
            sold[execution.order.request.order_ref] += execution.shares * (execution.side != "BOT")
        return +sold


def with_two(folder: Path, legs: tuple[int, ...], test: Callable[[TwoContracts, MesbotNode], Coroutine[Any, Any, None]]) -> TwoContracts:
    """Run a test with a node that has taken the bracket over; then it is flat, halted, and nothing of ours is left."""

    async def play() -> TwoContracts:
        async with Gateway(gateway_config()) as gateway:
            stage = TwoContracts(gateway, folder, legs)
            await stage.place()
            stage.write("OrderSubmitted", "OrderAccepted")
            async with stage.restarted() as node:
                await test(stage, node)
                await goes_on(stage, 1)
                await until(lambda: held(stage) == 0 and not stage.working, lambda: (held(stage), stage.working, stage.news()), seconds=8)
                await until(lambda: node.risk._supervisor.kill_state == "HALTED", lambda: stage.news(), seconds=8)
                await goes_on(stage, 1)
                assert (held(stage), stage.working) == (0, set())
            return stage

    return asyncio.run(play())


def leaving(stage: TwoContracts) -> list[str]:
    return sorted(ref for ref in stage.working if "X" in ref)


def test_a_kill_with_one_leg_of_two_filled_closes_that_one_and_ends_the_other(tmp_path: Path):
    async def test(stage: TwoContracts, node: MesbotNode) -> None:
        stage.do(f"fill {ENTRY}")
        await until(lambda: node.risk.open_trades(), lambda: stage.news())
        node.kill("out")

    stage = with_two(tmp_path, (1, 1), test)
    assert sum(stage.sold().values()) == 1
    (outcome,) = past_of([stage.path]).outcomes
    assert (outcome.exit_reason, outcome.quantity) == ("MANUAL", 1)


def test_a_kill_with_one_contract_of_an_entry_for_two_filled_sells_one(tmp_path: Path):
    async def test(stage: TwoContracts, node: MesbotNode) -> None:
        stage.do(f"fill {ENTRY} 1 of 2")
        await until(lambda: node.risk.open_trades(), lambda: stage.news())
        node.kill("out")

    assert sum(with_two(tmp_path, (2,), test).sold().values()) == 1


@pytest.mark.parametrize(("legs", "rest"), [((1, 1), ENTRY_2), pytest.param((2,), ENTRY, marks=pytest.mark.slow)])
def test_what_fills_before_the_cancel_of_the_kill_arrives_is_closed_too(tmp_path: Path, legs: tuple[int, ...], rest: str):
    async def test(stage: TwoContracts, node: MesbotNode) -> None:
        stage.do(f"fill {ENTRY} 1 of 2")
        await until(lambda: node.risk.open_trades(), lambda: stage.news())
        node.kill("out")
        stage.do(f"fill {rest}")
        assert held(stage) == 2

    assert sum(with_two(tmp_path, legs, test).sold().values()) == 2


@pytest.mark.parametrize("legs", [(1, 1), pytest.param((2,), marks=pytest.mark.slow)])
def test_a_kill_while_a_closing_order_is_filled_in_part_sells_the_rest_once(tmp_path: Path, legs: tuple[int, ...]):
    async def test(stage: TwoContracts, node: MesbotNode) -> None:
        for number in range(1, len(legs) + 1):
            stage.do(f"fill {order_name(NAME, number, Role.ENTRY)}")
        await until(lambda: held(stage) == 2 and sum(trade.quantity_open for trade in node.risk.open_trades()) == 2, lambda: stage.news())
        node.node.kernel.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(NAME, ExitReason.THESIS, "enough"))
        await until(lambda: len(leaving(stage)) == len(legs), lambda: (stage.working, stage.news()), seconds=8)
        stage.do(f"fill {leaving(stage)[0]} 1 of 2")
        await until(lambda: sum(trade.quantity_open for trade in node.risk.open_trades()) == 1, lambda: stage.news())
        node.kill("out")

    stage = with_two(tmp_path, legs, test)
    assert sum(stage.sold().values()) == 2 and len(stage.sold()) == len(legs), stage.sold()


@pytest.mark.slow
@pytest.mark.parametrize(("partly", "ticks"), [(Role.ENTRY, -6), (Role.TARGET, -3)])
def test_a_stop_that_is_moved_in_the_moment_in_which_its_size_changes_is_nobody_elses_work(tmp_path: Path, partly: Role, ticks: int):
    stop, target = (order_name(NAME, 1, role) for role in (Role.STOP, Role.TARGET))

    async def play() -> None:
        async with Gateway(gateway_config()) as gateway:
            stage = TwoContracts(gateway, tmp_path, (2,))
            await stage.place()
            stage.write("OrderSubmitted", "OrderAccepted")
            async with stage.restarted() as node:
                k4 = next(strategy for strategy in node.node.trader.strategies() if strategy.id.value == "K4-K4")
                size = 1 if partly is Role.ENTRY else 2
                stage.do(f"fill {ENTRY} {size} of 2")
                await until(lambda: sum(trade.quantity_open for trade in node.risk.open_trades()) == size, lambda: stage.news())
                if partly is Role.ENTRY:  # its patience is over
                    trade, _, entry = node.risk._supervisor.find(ENTRY)
                    node.risk._supervisor._sender.cancel(trade, entry)
                k4.modify_order(k4.cache.order(ClientOrderId(stop)), trigger_price=price_of(stage.limit - 3), params={"cause": "PROFIT"})
                if partly is Role.TARGET:
                    stage.do(f"fill {target} 1 of 2")
                _, _, ours = node.risk._supervisor.find(stop)
                known = lambda: (ours.leaves, ours.price, ours.requested, ours.resized)  # noqa: E731
                answers = ("OrderUpdated", "OrderModifyRejected")
                await until(lambda: sum((stop, event) in stage.news() for event in answers), lambda: stage.news())
                await until(lambda: known() == (1, stage.limit + ticks, {}, None), lambda: (known(), stage.news()))
                (works,) = [order for order in stage.gateway.broker.open_orders() if order.request.order_ref == stop]
                assert (works.quantity - works.filled, works.stop, held(stage)) == (1, stage.limit + ticks, 1)
                assert node.risk._supervisor.kill_state == "ARMED" and not node.session.orders.halts

    asyncio.run(play())
