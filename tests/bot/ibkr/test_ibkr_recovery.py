"""A restart against the broker's truth: what the journal left open is told once, and nothing is sent but a missing stop."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import decided_at
from ibkr_rig import SPEC, TEN, Draft, Ear, Rig, gateway_config, link_settings, new_session, on_a_loop, rig, until
from nautilus_trader.model.identifiers import ClientOrderId

from bot.contracts import Contracts, load_contracts
from bot.decision.intent import Intent
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis
from bot.decision.snapshot import KillState
from bot.gateway import messages
from bot.gateway.gateway import Gateway
from bot.ibkr.config import BrokerConfig
from bot.ibkr.errors import PositionMismatch
from bot.journal.build import intent_record
from bot.journal.latch import Latch, Latched
from bot.journal.records import FillRecord, Kind, OrderRecord
from bot.journal.store import Journal
from bot.node.config import journal_config, node_config
from bot.node.node import MesbotNode
from bot.runtime.past import past_of
from bot.units import MINUTE_NS, SECOND_NS, TICK_POINTS

NAME = "20251002-K1-0959"
ENTRY, STOP, TARGET = (f"{NAME}-1{letter}" for letter in "EST")
DECIDED, EXPIRES = TEN - MINUTE_NS, TEN + 30 * SECOND_NS
ROLES = {ENTRY: "ENTRY", STOP: "STOP", TARGET: "TARGET"}
# A whole node beside others is slow at times: a stall must not read as a dead link, or as history that never answers.
PATIENT = {"connect_timeout_seconds": 3.0, "request_timeout_seconds": 10.0, "heartbeat_seconds": 1.0}


@pytest.fixture(autouse=True)
def nautilus_takes_every_event(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """An event that Nautilus cannot apply is only logged, and then nobody hears of it."""
    yield
    assert "[ERROR]" not in capfd.readouterr().out


class Stage:
    """A gateway that stands at ten with a bracket of ours, and the journal that a run left behind."""

    def __init__(self, gateway: Gateway, folder: Path, target_ticks: int = 16) -> None:
        self.gateway, self.path = gateway, folder / "paper-DU1234567-2025.sqlite"
        self.limit = gateway.marks[gateway.instruments.front.con_id] - 20
        self.target = self.limit + target_ticks
        legs = (Leg(1, self.limit - 8, self.target),)
        plan = EntryPlan("K1", 1, EntryType.LIMIT, self.limit, None, legs, 90.0, 20, Thesis("F1", 0.7, 0.5, None))
        self.intent = Intent(NAME, plan, EXPIRES, decided_at(DECIDED))

    async def place(self) -> None:
        """The bracket works at the broker; the connection that sent it is gone."""
        ear = Ear()
        session = new_session(self.gateway.port, ear)
        await session.start()
        price = self.limit * TICK_POINTS
        drafts = [
            Draft(ENTRY, "BUY", 1, "LMT", limit=price, good_till_ns=EXPIRES),
            Draft(STOP, "SELL", 1, "STP", stop=price - 2.0, parent_ref=ENTRY),
            Draft(TARGET, "SELL", 1, "LMT", limit=self.target * TICK_POINTS, parent_ref=ENTRY),
        ]
        Rig(self.gateway, session, ear).place(*drafts)
        await until(lambda: all("accepted" in ear.of(ref) for ref in ROLES), lambda: ear)
        await session.stop()

    def write(self, *events: str, filled: bool = False, under: Contracts | None = None) -> None:
        """The journal of the run before: its intent, these events of each order, and perhaps the entry's fill."""
        contracts = under or load_contracts(SPEC.contracts_directory)
        with Journal.append(self.path, "paper", contracts, {}, time.time_ns) as journal:
            journal.write_ahead(Kind.INTENT, DECIDED, intent_record(self.intent), "K1")
            for event in events:
                for ref in ROLES:
                    journal.add(Kind.ORDER, DECIDED, self._record(ref, event), "K1")
            if filled:
                price = self.limit * TICK_POINTS
                (execution,) = self.gateway.broker.exchange.executions
                fill = FillRecord(ENTRY, NAME, "K1", "ENTRY", 1, 1, price, 62, 0.0, DECIDED, execution.exec_id.rpartition(".")[0])
                journal.add(Kind.FILL, DECIDED, fill, "K1")
                journal.add(Kind.ORDER, DECIDED, self._record(ENTRY, "OrderFilled"), "K1")

    def _record(self, ref: str, event: str) -> OrderRecord:
        prices = {ENTRY: self.limit, STOP: self.limit - 8, TARGET: self.target}
        price = prices[ref] * TICK_POINTS
        stop = ref == STOP
        perm = str({order.request.order_ref: order.perm_id for order in self.gateway.broker.open_orders()}.get(ref, 1))
        venue = perm if event == "OrderAccepted" else ""
        return OrderRecord(ref, NAME, "K1", ROLES[ref], event, 1, None if stop else price, price if stop else None, venue_order_id=venue)

    @asynccontextmanager
    async def restarted(self, broker: dict[str, Any] | None = None, **link: Any) -> AsyncIterator[MesbotNode]:
        """The product's own node, continuing the journal; `broker` changes the broker's configuration, `link` the link settings."""
        spec = msgspec.structs.replace(
            SPEC, journal_path=str(self.path), earlier=(str(self.path),), earlier_records=time.time_ns(), decide_from_ns=TEN + MINUTE_NS
        )
        settings = link_settings(self.gateway.port, **(PATIENT | link))
        config = BrokerConfig(runtime=spec, link=settings, ids_path=None, watch_seconds=0.05, **(broker or {}))
        journal = journal_config(config, mode="paper", header={}, begin="append")
        node = MesbotNode(node_config(config, journal, "test", warm_until_ns=TEN), config)
        try:
            await node.start(20.0)
            await node.warmed_up()
            yield node
        finally:
            await node.stop()

    def news(self) -> list[tuple[str, str]]:
        """Order events and fills that the restart wrote: (order, event)."""
        import sqlite3

        with sqlite3.connect(self.path) as db:
            rows = db.execute("SELECT body FROM records WHERE kind = 'order event' AND ts_ns > ? ORDER BY seq", (DECIDED,)).fetchall()
        return [(body["client_order_id"], body["event"]) for (text,) in rows if (body := json.loads(text))]

    def do(self, words: str) -> Any:
        return self.gateway.side.verbs.do(words)

    @property
    def working(self) -> set[str]:
        return {order.request.order_ref for order in self.gateway.broker.open_orders()}


def on_stage(test: Callable[[Stage], Coroutine[Any, Any, None]]) -> Callable[[Path], None]:
    """Run a test on a fresh stage and a loop of its own."""

    async def play(folder: Path) -> None:
        async with Gateway(gateway_config()) as gateway:
            await test(Stage(gateway, folder))

    def run(tmp_path: Path) -> None:
        asyncio.run(play(tmp_path))

    run.__name__ = test.__name__
    return run


@on_stage
async def test_an_intent_whose_orders_never_left_ends_denied_and_frees_the_book(stage: Stage) -> None:
    stage.write()
    assert len(past_of([stage.path]).unfinished) == 1
    async with stage.restarted():
        pass
    assert stage.news() == [(ref, "OrderDenied") for ref in ROLES]
    assert not past_of([stage.path]).unfinished and not stage.working


@on_stage
async def test_an_intent_whose_orders_had_just_left_is_adopted_as_it_works(stage: Stage) -> None:
    await stage.place()
    stage.write()
    async with stage.restarted() as node:
        assert node.risk.entries_live and stage.working == set(ROLES)
    assert sorted(stage.news()) == sorted((ref, event) for ref in ROLES for event in ("OrderSubmitted", "OrderAccepted"))


@on_stage
async def test_what_the_journal_and_the_broker_agree_on_is_no_news(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        assert node.risk.entries_live and stage.working == set(ROLES)
    assert stage.news() == []


@on_stage
async def test_a_fill_while_away_is_told_once_and_the_position_is_nautilus_own(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    stage.do(f"fill {ENTRY}")
    async with stage.restarted() as node:
        (position,) = node.node.kernel.cache.positions_open()
        assert (position.strategy_id.value, int(position.quantity)) == ("K1-K1", 1)
        (trade,) = node.risk.open_trades()
        assert (trade.trade_id, trade.quantity_open) == (NAME, 1)
    assert stage.news() == [(ENTRY, "OrderFilled")] and stage.working == {STOP, TARGET}
    async with stage.restarted() as node:
        assert len(node.risk.open_trades()) == 1
    assert stage.news() == [(ENTRY, "OrderFilled")]


@on_stage
async def test_a_whole_trade_while_away_closes_the_book(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    stage.do(f"fill {ENTRY}")
    stage.do(f"fill {STOP}")
    async with stage.restarted() as node:
        assert not node.risk.open_trades()
    assert stage.news() == [(ENTRY, "OrderFilled"), (STOP, "OrderFilled"), (TARGET, "OrderCanceled")]
    past = past_of([stage.path])
    assert not past.unfinished and [outcome.exit_reason for outcome in past.outcomes] == ["STOP"]


@on_stage
async def test_a_bracket_that_the_broker_cancelled_is_over(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    stage.do(f"kill {ENTRY} margin")
    async with stage.restarted() as node:
        assert not node.risk.entries_live
    assert {event for _, event in stage.news()} == {"OrderCanceled"}
    assert not past_of([stage.path]).unfinished


@pytest.mark.parametrize("events", [(), pytest.param(("OrderSubmitted",), marks=pytest.mark.slow)])
def test_a_bracket_that_had_just_left_and_ended_meanwhile_is_over_under_the_brokers_own_names(tmp_path: Path, events: tuple[str, ...]):
    @on_stage
    async def run(stage: Stage) -> None:
        await stage.place()
        names = {order.request.order_ref: str(order.perm_id) for order in stage.gateway.broker.open_orders()}
        stage.write(*events)
        stage.do(f"kill {ENTRY} margin")
        async with stage.restarted() as node:
            await until(lambda: sum(event == "OrderCanceled" for _, event in stage.news()) == 3, lambda: stage.news())
            node.risk.look()
            orders = [node.node.kernel.cache.order(ClientOrderId(ref)) for ref in ROLES]
            assert {order.client_order_id.value: order.venue_order_id.value for order in orders} == names
        past = past_of([stage.path])
        assert past.kill_state is KillState.ARMED and not past.unfinished

    run(tmp_path)


@on_stage
async def test_an_entry_whose_cancel_was_asked_for_before_its_acknowledgement_is_a_trade_if_it_fills_afterwards(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted")
    with Journal.append(stage.path, "paper", load_contracts(SPEC.contracts_directory), {}, time.time_ns) as journal:
        journal.add(Kind.ORDER, DECIDED, stage._record(ENTRY, "OrderPendingCancel"), "K1")
    async with stage.restarted() as node:
        assert node.node.cache.order(ClientOrderId(ENTRY)).venue_order_id.value == ENTRY, "no two orders may have one name"
        stage.do(f"fill {ENTRY}")
        await until(lambda: node.risk.open_trades(), lambda: stage.news(), seconds=6)
    assert (ENTRY, "OrderFilled") in stage.news() and past_of([stage.path]).kill_state is KillState.ARMED


@on_stage
async def test_a_position_without_its_stop_gets_one_and_nothing_else_is_sent(stage: Stage) -> None:
    await stage.place()
    stage.do(f"fill {ENTRY}")
    stage.write("OrderSubmitted", "OrderAccepted", filled=True)
    stage.do(f"kill {STOP} mistake")
    async with stage.restarted():
        await until(lambda: any(order.request.order_type == "STP" for order in stage.gateway.broker.open_orders()), lambda: stage.news())
    stops = [order for order in stage.gateway.broker.open_orders() if order.request.order_type == "STP"]
    assert [(order.request.order_ref, order.stop, order.quantity) for order in stops] == [(f"{NAME}-1S1", stage.limit - 8, 1)]
    assert len(stage.gateway.broker.exchange.executions) == 1


class Pending(str):
    """A status of an order that the simulated gateway does not make by itself."""

    value = "PendingSubmit"


@on_stage
async def test_a_stop_that_the_broker_keeps_pending_covers_nothing_after_a_restart_either(stage: Stage) -> None:
    await stage.place()
    stage.do(f"fill {ENTRY}")
    stage.write("OrderSubmitted", filled=True)
    (stop,) = [order for order in stage.gateway.broker.open_orders() if order.request.order_ref == STOP]
    stop.status = Pending("PendingSubmit")
    async with stage.restarted():
        await until(lambda: any("-1X" in ref for ref in stage.working), lambda: (stage.working, stage.news()), seconds=8)
    assert (STOP, "OrderAccepted") not in stage.news() and (TARGET, "OrderAccepted") in stage.news()


def test_a_stop_that_is_cancelled_while_the_run_begins_is_missed_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @on_stage
    async def run(stage: Stage) -> None:
        await stage.place()
        stage.do(f"fill {ENTRY}")
        stage.write("OrderSubmitted", "OrderAccepted", filled=True)
        ending, ended = messages.ending, []

        def and_then_cancelled(kind: str, *more: Any) -> list[str]:
            if kind == "execDetailsEnd" and not ended:
                ended.append(kind)
                stage.do(f"kill {STOP} mistake")
            return ending(kind, *more)

        monkeypatch.setattr(messages, "ending", and_then_cancelled)
        async with stage.restarted():
            await until(lambda: f"{NAME}-1S1" in stage.working, lambda: (stage.working, stage.news()), seconds=8)
        assert ended and (STOP, "OrderCanceled") in stage.news()

    run(tmp_path)


async def sent_in_the_last_moment(stage: Stage, *drafts: Draft) -> None:
    """The run before sent these, and ended before it could write them down."""
    ear = Ear()
    session = new_session(stage.gateway.port, ear)
    await session.start()
    Rig(stage.gateway, session, ear).place(*drafts)
    await until(lambda: all(ear.of(draft.ref) for draft in drafts), lambda: ear)
    await session.stop()


@on_stage
async def test_a_replacement_stop_that_only_the_broker_knows_is_taken_over_and_not_doubled(stage: Stage) -> None:
    await stage.place()
    stage.do(f"fill {ENTRY}")
    stage.write("OrderSubmitted", "OrderAccepted", filled=True)
    stage.do(f"kill {STOP} mistake")
    again = f"{NAME}-1S1"
    await sent_in_the_last_moment(stage, Draft(again, "SELL", 1, "STP", stop=(stage.limit - 8) * TICK_POINTS))
    async with stage.restarted() as node:
        (trade,) = node.risk.open_trades()
        assert trade.stop_order_ids == (again,)
    assert again in stage.working and f"{NAME}-1S2" not in stage.working
    assert (again, "OrderSubmitted") in stage.news() and (again, "OrderAccepted") in stage.news()


@pytest.mark.parametrize(("killed", "reason"), [(False, "RECONCILED"), (True, "KILL")])
def test_a_closing_order_that_only_the_broker_knows_has_closed_the_trade_and_is_a_kill_only_if_there_was_one(
    tmp_path: Path, killed: bool, reason: str
) -> None:
    @on_stage
    async def run(stage: Stage) -> None:
        await stage.place()
        stage.do(f"fill {ENTRY}")
        stage.write("OrderSubmitted", "OrderAccepted", filled=True)
        stage.do(f"kill {TARGET} leaving")
        stage.do(f"kill {STOP} leaving")
        await sent_in_the_last_moment(stage, Draft(f"{NAME}-1X1", "SELL", 1, "MKT"))
        stage.do(f"fill {NAME}-1X1")
        if killed:
            Latch.of(stage.path, Latched(KillState.TRIPPED, "manual"))
        async with stage.restarted() as node:
            assert not node.risk.open_trades()
        assert (f"{NAME}-1X1", "OrderFilled") in stage.news() and not stage.working
        past = past_of([stage.path])
        assert not past.unfinished and [outcome.exit_reason for outcome in past.outcomes] == [reason]

    run(tmp_path)


@pytest.mark.parametrize("held", [1, -2])
def test_a_position_that_neither_journal_nor_executions_explain_locks_entries_from_the_start(held: int) -> None:
    @on_a_loop
    async def start() -> None:
        async with rig(script=(f"position MESZ5 {held}",)) as r:
            block = await until(r.session.entry_block)
            assert isinstance(block, PositionMismatch)
            assert "expected 0" in str(block) or "0" in str(block)
            await r.do("position MESZ5 0")
            await until(lambda: r.session.entry_block() is None)

    start()
