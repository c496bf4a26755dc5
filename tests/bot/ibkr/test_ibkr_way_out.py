"""The way out over a true socket, through the whole node: what does not answer, or is refused for ever, keeps nobody in."""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise
from typing import Any

import pytest
from ibkr_rig import until
from test_ibkr_other_hands import closed_as, entered, goes_on, held
from test_ibkr_recovery import DECIDED, ENTRY, NAME, STOP, TARGET, Stage, on_stage

from bot.contracts import load_contracts
from bot.decision.plan import ExitReason
from bot.gateway.broker import Refusal
from bot.ibkr import errors as e
from bot.ibkr.orders.order_sync import SyncTimes
from bot.journal.read import opened
from bot.journal.records import Kind
from bot.journal.store import Journal
from bot.messages import ENDPOINT_RISK_CLOSE, CloseTrade
from bot.node.node import MesbotNode
from bot.risk_engine import unanswered
from bot.runtime.kill_times import kill_times
from bot.runtime.past import past_of
from bot.units import TICK_POINTS


def leave(node: MesbotNode, reason: ExitReason = ExitReason.THESIS) -> None:
    """The strategy wants out."""
    node.node.kernel.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(NAME, reason, "enough"))


def leaving(stage: Stage) -> list[str]:
    return [ref for ref in stage.working if "-1X" in ref]


async def flat(stage: Stage, node: MesbotNode) -> None:
    """The market moves on, and it is flat."""
    await goes_on(stage, 1)
    await until(lambda: not node.risk.open_trades() and held(stage) == 0, lambda: (stage.working, stage.news()))


def sent(stage: Stage) -> list[float]:
    """When orders that leave reach the broker from now on, seconds of the loop."""
    found: list[float] = []
    place = stage.gateway.broker.place

    def noted(*arguments: Any) -> Any:
        if "-1X" in arguments[3].order_ref:
            found.append(asyncio.get_running_loop().time())
        return place(*arguments)

    stage.gateway.broker.place = noted
    return found


def at_broker(stage: Stage, ref: str) -> list[Any]:
    return [order for order in stage.gateway.broker.open_orders() if order.request.order_ref == ref]


def never_cancelled(stage: Stage) -> None:
    """The gateway does not know the order that a cancel names: the one that works has lost its id."""

    def cancel(_client: int, order_id: int) -> None:
        raise Refusal(10147, f"OrderId {order_id} that needs to be cancelled is not found.")

    stage.gateway.broker.cancel = cancel


# ------------------------------------------------------------------ what cannot be cancelled


@pytest.mark.parametrize("later", [False, True], ids=["its stop rests for ever", "its stop fills after all"])
def test_a_trade_whose_stop_nobody_can_cancel_is_left_all_the_same_and_what_closes_it_twice_is_bought_back(tmp_path, later):
    @on_stage
    async def run(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            stage.do("ghost-modify")
            tracked = node.session.orders.orders[STOP].perm_id
            node.session.orders.modify(STOP, 1, None, (stage.limit + 1) * TICK_POINTS)
            await until(lambda: node.session.entry_block() is not None)
            await until(
                lambda: [each.perm_id for each in stage.gateway.broker.open_orders() if each.request.order_ref == STOP] == [tracked]
            )
            stage.do(f"kill {TARGET} leaving")  # or the gateway would end what it has lost with it
            never_cancelled(stage)
            begun = asyncio.get_running_loop().time()
            leave(node)
            await until(lambda: leaving(stage), lambda: (stage.working, stage.news()), seconds=6)
            assert asyncio.get_running_loop().time() - begun < 4.0, "a doubt lasts two seconds"
            await goes_on(stage, 1)
            await until(lambda: not node.risk.open_trades(), lambda: (stage.working, stage.news()))
            assert held(stage) == 0
            if later:
                stage.do(f"fill {tracked}")
                assert held(stage) == -1
                await until(lambda: leaving(stage), lambda: (stage.working, stage.news()), seconds=6)
                await flat(stage, node)
        assert past_of([stage.path]).outcomes[0].exit_reason == "THESIS"
        assert (past_of([stage.path]).kill_state.value == "HALTED") is later

    run(tmp_path)


@on_stage
async def test_a_cancel_that_nobody_answers_is_a_kill_past_its_timeout(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        node.session.order_sync.times = SyncTimes(unknown_seconds=0.5, again_seconds=0.2, every_seconds=60, watch_seconds=0.05)
        unanswered_ns, unanswered.ANSWER_NS = unanswered.ANSWER_NS, unanswered.ANSWER_NS // 5
        try:
            stage.do("swallow cancelOrder all")
            leave(node)
            await until(lambda: leaving(stage), lambda: (stage.working, stage.news()), seconds=6)
            await goes_on(stage, 1)
            await until(lambda: past_of([stage.path]).kill_reason, lambda: stage.news())
        finally:
            unanswered.ANSWER_NS = unanswered_ns
        stage.do("calm")
        await until(lambda: held(stage) == 0 and not stage.working, lambda: (stage.working, stage.news()))
    assert past_of([stage.path]).kill_state.value == "HALTED"


@on_stage
async def test_a_reason_to_leave_that_does_not_exist_leaves_all_the_same(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        leave(node, "a reason of somebody's own")
        await until(lambda: leaving(stage), lambda: (stage.working, stage.news()), seconds=6)
        await flat(stage, node)
    assert closed_as(stage) == ["THESIS"] and past_of([stage.path]).kill_state.value == "ARMED"


# ------------------------------------------------------------------ what the account says


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["openOrderEnd", "execDetailsEnd", "completedOrdersEnd"])
def test_a_stop_whose_position_another_hand_has_closed_goes_also_while_a_question_is_never_answered(tmp_path, lost: str):
    @on_stage
    async def run(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted(request_timeout_seconds=0.4, heartbeat_seconds=60.0) as node:
            stage.do(f"swallow {lost} all")
            stage.do("manual sell 1 MES")
            await until(lambda: not stage.working, lambda: (stage.working, stage.news()), seconds=10)
            await until(lambda: not node.risk.open_trades())
        assert closed_as(stage) == ["RECONCILED"]

    run(tmp_path)


@pytest.mark.parametrize("words", ["position MESZ5 0", pytest.param("position MESZ5 -1", marks=pytest.mark.slow)])
def test_while_the_account_does_not_agree_the_stop_stays_and_the_position_is_never_bare(tmp_path, words):
    @on_stage
    async def run(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            exits = sent(stage)
            stage.do(words)
            leave(node)
            loop = asyncio.get_running_loop()
            until_ = loop.time() + 3.5
            while loop.time() < until_:
                assert STOP in stage.working and not exits
                await asyncio.sleep(0.005)
            stage.do("position MESZ5 1")
            await until(lambda: exits, seconds=3)
            await flat(stage, node)
        (outcome,) = past_of([stage.path]).outcomes
        assert outcome.exit_reason == "THESIS" and math.isnan(outcome.naked_seconds), "the wall's is no part of what is hashed"
        with opened(stage.path) as db:
            assert 0 < kill_times(db, 0, 0).naked_seconds < 1.0

    run(tmp_path)


@on_stage
async def test_a_position_that_is_not_told_after_a_cut_keeps_nobody_in(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("err 1100")
        await until(lambda: not node.session.link.allows_way_out)
        leave(node)
        stage.do("swallow positionEnd all")
        await asyncio.sleep(0.3)
        assert STOP in stage.working and not leaving(stage), "nothing is given up while nothing can be sent"
        stage.do("err 1102")
        await until(lambda: leaving(stage), lambda: (stage.working, stage.news()), seconds=8)
        stage.do("calm")
        await flat(stage, node)
    assert closed_as(stage) == ["THESIS"]


# ------------------------------------------------------------------ half a bracket


@pytest.mark.parametrize("child", [STOP, TARGET])
@pytest.mark.parametrize("cut", [False, True], ids=["linked", "the link is gone"])
def test_an_entry_goes_at_once_when_another_hand_takes_its_stop_or_its_target(tmp_path, child, cut):
    @on_stage
    async def run(stage: Stage) -> None:
        await stage.place()
        stage.write("OrderSubmitted", "OrderAccepted")
        async with stage.restarted() as node:
            if cut:
                stage.do("err 1100")
                await until(lambda: not node.session.link.allows_way_out)
            stage.do(f"kill {child} mistake")
            if cut:
                stage.do("err 1102")
            await until(lambda: ENTRY not in stage.working, lambda: (stage.working, stage.news()), seconds=5)
            await until(lambda: not stage.working and not node.risk.entries_live)
        past = past_of([stage.path])
        assert held(stage) == 0 and not past.unfinished and not past.outcomes and past.kill_state.value == "ARMED"

    run(tmp_path)


@on_stage
async def test_an_entry_that_fills_before_its_cancel_arrives_is_left_at_the_market(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        stage.do("fill-on-cancel")
        stage.do(f"tws-cancel {STOP}")
        await until(lambda: leaving(stage), lambda: (stage.working, stage.news()), seconds=6)
        await flat(stage, node)
    assert closed_as(stage) == ["RECONCILED"] and past_of([stage.path]).kill_state.value == "ARMED"


# ------------------------------------------------------------------ another hand on an order


@pytest.mark.parametrize("ticks", [-9, -408])
def test_a_stop_that_another_hand_moves_away_is_a_kill_and_no_entry_follows(tmp_path, ticks):
    @on_stage
    async def run(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            stage.do(f"tws-modify {STOP} {(stage.limit + ticks) * TICK_POINTS}")
            await until(lambda: leaving(stage), lambda: (stage.working, stage.news()), seconds=6)
            assert isinstance(node.session.entry_block(), e.ChangedElsewhere)
            await flat(stage, node)
        assert closed_as(stage) == ["KILL"] and past_of([stage.path]).kill_state.value == "HALTED"

    run(tmp_path)


@pytest.mark.parametrize(("ref", "ticks"), [(STOP, -4), (TARGET, 30)])
def test_what_another_hand_changed_while_nobody_ran_is_taken_over_and_locks_entries(tmp_path, ref, ticks):
    @on_stage
    async def run(stage: Stage) -> None:
        await entered(stage)
        stage.do(f"tws-modify {ref} {(stage.limit + ticks) * TICK_POINTS}")
        async with stage.restarted() as node:
            block = node.session.entry_block()
            assert isinstance(block, e.ChangedElsewhere) and block.order_ref == ref
            await until(lambda: (ref, "OrderUpdated") in stage.news(), lambda: stage.news())
            assert len(node.risk.open_trades()) == 1 and stage.working == {STOP, TARGET}
        async with stage.restarted() as node:
            assert node.session.entry_block() is None, "it is written down: nobody has changed it since"
        assert past_of([stage.path]).kill_state.value == "ARMED"

    run(tmp_path)


@on_stage
async def test_a_stop_that_another_hand_moved_away_while_nobody_ran_is_a_kill_and_no_entry_follows(stage: Stage) -> None:
    await entered(stage)
    stage.do(f"tws-modify {STOP} {(stage.limit - 9) * TICK_POINTS}")
    async with stage.restarted() as node:
        await until(lambda: leaving(stage), lambda: (stage.working, stage.news()), seconds=6)
        assert isinstance(node.session.entry_block(), e.ChangedElsewhere)
        await flat(stage, node)
    assert closed_as(stage) == ["KILL"] and past_of([stage.path]).kill_state.value == "HALTED"


@on_stage
async def test_a_change_that_the_last_run_had_asked_for_and_never_heard_of_locks_nothing(stage: Stage) -> None:
    await entered(stage)
    with Journal.append(stage.path, "paper", load_contracts(), {}, lambda: 0) as journal:
        journal.add(Kind.ORDER, DECIDED, stage._record(STOP, "OrderPendingUpdate"), "K1")
    stage.do(f"tws-modify {STOP} {(stage.limit - 4) * TICK_POINTS}")
    async with stage.restarted() as node:
        assert node.session.entry_block() is None
        await until(lambda: (STOP, "OrderUpdated") in stage.news(), lambda: stage.news())


@pytest.mark.parametrize(("ref", "ticks"), [(STOP, -4), (TARGET, 30), (TARGET, 10)])
def test_a_stop_that_comes_closer_or_a_target_that_moves_is_no_kill_and_locks_entries(tmp_path, ref, ticks):
    @on_stage
    async def run(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            stage.do(f"tws-modify {ref} {(stage.limit + ticks) * TICK_POINTS}")
            block = await until(lambda: node.session.entry_block(), lambda: stage.news())
            assert isinstance(block, e.ChangedElsewhere) and block.order_ref == ref
            await until(lambda: (ref, "OrderUpdated") in stage.news())
            assert len(node.risk.open_trades()) == 1 and stage.working == {STOP, TARGET}
        assert past_of([stage.path]).kill_state.value == "ARMED"

    run(tmp_path)


@on_stage
async def test_an_entry_that_another_hand_moves_is_a_kill_and_never_filled(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        stage.do(f"tws-modify {ENTRY} {(stage.limit - 3) * TICK_POINTS}")
        await until(lambda: not stage.working and not node.risk.entries_live, lambda: (stage.working, stage.news()), seconds=6)
        assert held(stage) == 0
    past = past_of([stage.path])
    assert past.kill_state.value == "HALTED" and not past.outcomes


# ------------------------------------------------------------------ refused for ever


@pytest.mark.slow  # its cut is tests/bot/risk_engine/test_refused_orders.py
@on_stage
async def test_closing_orders_that_are_refused_for_ever_come_more_and_more_seldom_and_the_stop_stays(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        exits = sent(stage)
        for attempt in range(1, 30):
            stage.do(f"reject {NAME}-1X{attempt} code=201 never")
        leave(node)
        await until(lambda: len(exits) == 5, lambda: (exits, stage.news()), seconds=15)
        pauses = [later - before for before, later in pairwise(exits)]
        assert [round(math.log2(pause)) for pause in pauses[1:]] == [0, 1, 2], pauses
        assert any("-1S" in ref for ref in stage.working), "the position is covered meanwhile"
        assert past_of([stage.path]).kill_state.value == "TRIPPED"
