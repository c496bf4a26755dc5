"""A start with an open trade in the journal on a broker that does not answer one question: the trade is taken up, nothing is invented."""

from __future__ import annotations

import json
from types import SimpleNamespace

import msgspec
import pytest
from ibkr_rig import TEN, until
from plain_journal import plain
from test_ibkr_live_node import EXIT, held, minutes, text_of
from test_ibkr_recovery import ENTRY, STOP, TARGET, Stage, nautilus_takes_every_event, on_stage

from bot.decision.snapshot import KillState
from bot.ibkr.data import history
from bot.ibkr.link import inquiry
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.link.pacing import HistoryPacer
from bot.journal.records import OrderRecord
from bot.node.errors import NodeError
from bot.node.found import found_at_broker
from bot.node.node import MesbotNode
from bot.units import MINUTE_NS

__all__ = ["nautilus_takes_every_event"]  # a fixture of every test here too
WITHOUT = {  # the fault -> what is then not known
    "swallow positionEnd all": "positions",
    "swallow reqPositions all": "positions",
    "swallow execDetailsEnd all": "orders and executions",
    "swallow reqExecutions all": "orders and executions",
    "swallow completedOrdersEnd all": "what became of earlier orders",
    "swallow reqCompletedOrders all": "what became of earlier orders",
    "swallow accountDownloadEnd all": "account values",
    "swallow placeOrder all": "initial margin",
    "farm down ushmds": "past minutes",
    "swallow historicalData all": "past minutes",
}
IMPATIENT = {"request_timeout_seconds": 0.4, "heartbeat_seconds": 60.0}  # a stall must not read as a dead link
DAYS = {"warm_up_days": 3}
QUICK = ("swallow reqCompletedOrders all",)


@pytest.fixture(autouse=True)
def asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute between two tries takes half a second, and so does the wait before history is asked the same again."""
    monkeypatch.setattr(inquiry, "SOON_SECONDS", 0.05)
    monkeypatch.setattr(inquiry, "MISSING_SECONDS", 0.5)
    monkeypatch.setattr(history, "TIMEOUT_SECONDS", 0.4)
    monkeypatch.setattr(HistoryPacer, "wait_seconds", lambda *_: 0.0)


def each(faults: dict[str, str]) -> list[object]:
    return [pytest.param(*item, id=item[0], marks=() if item[0] in QUICK else pytest.mark.slow) for item in faults.items()]


def said_of_link(stage: Stage) -> list[str]:
    with plain(stage.path) as db:
        bodies = [json.loads(body) for (body,) in db.execute("SELECT body FROM records WHERE kind = 'reconcile' ORDER BY seq")]
    return [body["text"] for body in bodies if body["found"] == "Link"]


def over(stage: Stage, fault: str) -> None:
    stage.do("farm up ushmds" if fault.startswith("farm") else "calm")


def adopted(stage: Stage, node: MesbotNode) -> None:
    """The trade is ours with its stop, and nobody has heard anything else."""
    (trade,) = node.risk.open_trades()
    assert (trade.quantity_open, trade.stop_order_ids) == (1, (STOP,))
    assert stage.working == {STOP, TARGET} and stage.news() == []


@pytest.mark.parametrize(("fault", "what"), each(WITHOUT))
def test_an_open_trade_is_taken_up_and_what_is_missing_is_shown_and_journaled_until_it_is_told(tmp_path, fault: str, what: str):
    @on_stage
    async def run(stage: Stage) -> None:
        await held(stage)
        stage.do(fault)
        async with stage.restarted(DAYS, **IMPATIENT) as node:
            link, said = node.session.link, []
            node.say = said.append
            await until(lambda: link.state is LinkState.DEGRADED and what in link.questions.missing, lambda: link.why_no_entries())
            adopted(stage, node)
            shown = "MarketDataDegraded: ushmds" if fault.startswith("farm") else what  # the part itself knows best
            assert shown in " ".join(text_of(node.screen.glance).replace("│", " ").split())
            await until(lambda: what in found_at_broker(stage.path)[1], lambda: found_at_broker(stage.path))
            over(stage, fault)
            await until(lambda: link.state is LinkState.SYNCED, lambda: link.why_no_entries())
            await until(node.desk.begun.is_set)
            adopted(stage, node)
            assert any("SYNCED again" in line for line in said)
        told = said_of_link(stage)
        assert "DEGRADED" in told[0] and what in told[0] and any("SYNCED again" in text for text in told)

    run(tmp_path)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("swallow completedOrdersEnd all", marks=pytest.mark.slow),
        pytest.param("swallow positionEnd all", marks=pytest.mark.slow),
        pytest.param("swallow execDetailsEnd all", marks=pytest.mark.slow),
        "farm down ushmds",
    ],
)
def test_a_kill_closes_the_trade_although_something_is_not_known(tmp_path, fault: str):
    @on_stage
    async def run(stage: Stage) -> None:
        await held(stage)
        stage.do(fault)
        async with stage.restarted(DAYS, **IMPATIENT) as node:
            node.kill("enough")
            await until(lambda: EXIT in stage.working, lambda: (stage.working, stage.news()))
            assert STOP not in stage.working
            stage.do(f"fill {EXIT}")
            await until(lambda: not node.risk.open_trades(), lambda: stage.news())
            await until(lambda: node.risk._supervisor.kill_state is KillState.HALTED)
            assert node.session.link.state is LinkState.DEGRADED and stage.working == set()

    run(tmp_path)


@on_stage
async def test_while_the_position_is_unknown_the_stop_stays_and_a_kill_waits_for_the_answer(stage: Stage) -> None:
    await held(stage)
    stage.do("swallow reqPositions all")
    stage.do("swallow updatePortfolio all")
    async with stage.restarted(DAYS, **IMPATIENT) as node:
        node.kill("enough")
        link = node.session.link
        await until(lambda: TARGET not in stage.working, lambda: stage.working)
        asked = link.questions.open["positions"].tries
        await until(lambda: link.questions.open["positions"].tries > asked + 1)
        assert stage.working == {STOP} and node.risk.open_trades(), "entries and targets go, the stop stays"
        stage.do("calm")
        await until(lambda: EXIT in stage.working, lambda: (stage.working, stage.news()))
        stage.do(f"fill {EXIT}")
        await until(lambda: not node.risk.open_trades() and stage.working == set(), lambda: (stage.working, stage.news()))


@pytest.mark.slow
@on_stage
async def test_a_fill_that_comes_while_executions_are_not_told_is_told_once(stage: Stage) -> None:
    await held(stage)
    stage.do("swallow execDetailsEnd all")
    async with stage.restarted(DAYS, **IMPATIENT) as node:
        stage.do(f"fill {TARGET}")
        await until(lambda: not node.risk.open_trades(), lambda: stage.news())
        stage.do("calm")
        await until(lambda: node.session.link.state is LinkState.SYNCED, lambda: node.session.link.why_no_entries())
    assert stage.news() == [(TARGET, "OrderFilled"), (STOP, "OrderCanceled")]


@pytest.mark.slow
@on_stage
async def test_what_came_about_while_away_is_told_when_the_question_is_answered_and_not_before(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    stage.do(f"fill {ENTRY}")
    stage.do(f"fill {STOP}")
    stage.do("swallow execDetails all")
    stage.do("swallow execDetailsEnd all")
    async with stage.restarted(DAYS, **IMPATIENT) as node:
        assert stage.news() == [] and node.risk.entries_live, "what is nowhere is not over"
        stage.do("calm")
        await until(lambda: node.session.link.state is LinkState.SYNCED, lambda: node.session.link.why_no_entries())
        assert not node.risk.open_trades()
    assert stage.news() == [(ENTRY, "OrderFilled"), (STOP, "OrderFilled"), (TARGET, "OrderCanceled")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["order id {}", "{}"], ids=["as it is written now", "as it was written"])
def test_an_order_that_was_accepted_before_its_permid_was_known_is_one_order_after_a_restart(tmp_path, monkeypatch, name: str):
    record = Stage._record

    def under_its_handle(stage: Stage, ref: str, event: str) -> OrderRecord:
        made, handles = record(stage, ref, event), {order.request.order_ref: order.order_id for order in stage.gateway.broker.open_orders()}
        return msgspec.structs.replace(made, venue_order_id=name.format(handles[ref]) if made.venue_order_id and ref in handles else "")

    monkeypatch.setattr(Stage, "_record", under_its_handle)

    @on_stage
    async def run(stage: Stage) -> None:
        await held(stage)
        for kind in ("openOrder", "orderStatus", "execDetailsEnd"):
            stage.do(f"swallow {kind} all")
        async with stage.restarted(DAYS, **IMPATIENT) as node:
            orders = node.session.orders
            assert orders.orders[STOP].live, "it may work there all the same"
            stage.do("calm")
            await until(lambda: node.session.link.state is LinkState.SYNCED, lambda: node.session.link.why_no_entries())
            await until(lambda: str(orders.orders[STOP].perm_id).startswith("2510"), lambda: orders.orders[STOP])
            assert "duplicate" not in orders.halts and STOP in stage.working and node.risk.open_trades()

    run(tmp_path)


@pytest.mark.slow
@on_stage
async def test_orders_that_are_not_told_end_the_start_for_nobody_knows_whether_the_trade_can_be_left_from_here(stage: Stage) -> None:
    await held(stage)
    stage.do("swallow openOrderEnd all")
    with pytest.raises(NodeError, match="reqAllOpenOrders"):
        async with stage.restarted(DAYS | {"start_timeout_seconds": 4.0}, **IMPATIENT):
            pytest.fail("it started")
    assert stage.working == {STOP, TARGET} and stage.news() == []


@pytest.mark.slow
@pytest.mark.parametrize(("after", "left"), [(20, False), (22, True)])  # it may last for twenty
def test_without_history_there_are_no_bars_and_a_trade_is_left_after_its_longest_time_by_the_clock(tmp_path, after: int, left: bool):
    @on_stage
    async def run(stage: Stage) -> None:
        await held(stage)
        stage.do("farm down ushmds")
        async with stage.restarted(DAYS, **IMPATIENT) as node:
            (trade,) = node.risk.open_trades()
            node.session.clock = SimpleNamespace(now_ns=lambda: trade.opened_ns + after * MINUTE_NS, replay=False)
            for _ in range(3):
                node.desk.leave_overdue()
            if left:
                await until(lambda: stage.working == {EXIT}, lambda: stage.news())
            assert node.risk.open_trades()[0].closing is left and (EXIT in stage.working) is left

    run(tmp_path)


@pytest.mark.slow
@on_stage
async def test_decisions_of_a_run_that_began_degraded_say_what_is_missing(stage: Stage) -> None:
    stage.write()
    stage.do("swallow positionEnd all")
    async with stage.restarted(DAYS, **IMPATIENT) as node:
        await until(node.desk.begun.is_set)
        await minutes(stage, 2)
        await until(lambda: node.screen.last_bar_ns >= TEN + 2 * MINUTE_NS and node.risk.idle())
    with plain(stage.path) as db:
        decided = [body for (body,) in db.execute("SELECT body FROM records WHERE kind = 'decision' AND body LIKE '%BROKER_BLOCK%'")]
    assert decided and all("the link is DEGRADED: positions" in body for body in decided)
