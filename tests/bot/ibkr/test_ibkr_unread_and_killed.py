"""What cannot be read, through the whole node: after a restart, and when a kill meets it. Nothing is bare, and nothing is left over."""

from __future__ import annotations

import asyncio

import pytest
from ibkr_rig import until
from test_ibkr_other_hands import closed_as, entered, goes_on, held
from test_ibkr_recovery import ENTRY, STOP, TARGET, Stage, on_stage

from bot.ibkr import errors as e
from bot.ibkr.link.link_state import LinkState
from bot.node.node import MesbotNode
from bot.runtime.past import past_of


async def left(stage: Stage, node: MesbotNode) -> None:
    """The trade is left, and it is flat with nothing at work."""
    await goes_on(stage, 1)
    await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()), seconds=8)
    assert held(stage) == 0


@pytest.mark.slow
@on_stage
async def test_a_stop_that_cannot_be_read_after_a_restart_counts_when_it_fills(stage: Stage) -> None:
    await entered(stage)
    stage.do(f"garble openOrder all {STOP}")
    async with stage.restarted() as node:
        assert isinstance(node.session.entry_block(), e.NotSynced) and held(stage) == 1
        stage.do(f"fill {STOP}")
        await until(lambda: not node.risk.open_trades(), lambda: stage.news(), seconds=8)
        assert held(stage) == 0 and not stage.working
    assert closed_as(stage) == ["STOP"]


@on_stage
async def test_a_stop_that_cannot_be_read_after_a_restart_goes_when_the_trade_is_left(stage: Stage) -> None:
    await entered(stage)
    stage.do(f"garble openOrder all {STOP}")
    async with stage.restarted() as node:
        assert node.session.link.state is LinkState.DEGRADED and stage.working == {STOP, TARGET}
        node.kill("out")
        await until(lambda: not {STOP, TARGET} & stage.working, lambda: stage.news(), seconds=8)
        await left(stage, node)
    assert closed_as(stage) == ["MANUAL"] and past_of([stage.path]).kill_state.value == "HALTED"


@pytest.mark.slow
@on_stage
async def test_the_stop_of_an_entry_that_may_have_filled_stays_through_a_kill_until_the_position_is_known(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        for kind in ("execDetails", "position"):
            stage.do(f"garble {kind} all")
        stage.do(f"fill {ENTRY}")
        node.kill("out")
        await until(lambda: TARGET not in stage.working, seconds=5)
        await asyncio.sleep(4.0)  # longer than a doubt lasts
        assert stage.working == {STOP} and held(stage) == 1
        stage.do("calm")
        stage.do("garble execDetails all")
        await until(lambda: STOP not in stage.working, lambda: stage.news(), seconds=8)
        await left(stage, node)
    assert closed_as(stage) == ["MANUAL"] and past_of([stage.path]).kill_state.value == "HALTED"


@pytest.mark.slow
@on_stage
async def test_an_entry_whose_fill_neither_account_nor_executions_tell_keeps_its_stop_until_one_of_them_does(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        stage.do("garble execDetails all")
        stage.do(f"fill {ENTRY}")
        stage.do("position MESZ5 0")
        node.kill("out")
        await until(lambda: TARGET not in stage.working, seconds=5)
        await asyncio.sleep(4.0)
        assert stage.working == {STOP}
        stage.do("position MESZ5 1")
        await until(lambda: STOP not in stage.working, lambda: stage.news(), seconds=8)
        await left(stage, node)
    assert closed_as(stage) == ["MANUAL"]
