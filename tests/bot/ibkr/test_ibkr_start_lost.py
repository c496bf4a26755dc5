"""A connection that is lost while a node starts: it waits for the next one and goes on, for there may be a position to look after."""

from __future__ import annotations

import asyncio

import pytest
from ibkr_rig import until
from test_ibkr_live_node import held
from test_ibkr_recovery import STOP, TARGET, Stage, on_stage

from bot.gateway.answers import ANSWERS
from bot.gateway.broker import Refusal
from bot.gateway.error_texts import text_of
from bot.ibkr.data import history
from bot.node.errors import NodeError


async def no_answer(stage: Stage, answer: str, *then: str) -> None:
    """Once the node has asked for this and was not answered. The clock goes on, so that what it asks again is no repetition."""
    stage.do(f"swallow {answer}")
    await until(lambda: not stage.gateway.frame_faults.active, f"{answer} to be due")
    for words in then:
        stage.do(words)
    await stage.do("step 12")


@pytest.mark.parametrize("answer", ["historicalData", "completedOrdersEnd"], ids=["history", "what became of its orders"])
def test_a_trade_is_adopted_although_the_connection_is_lost_while_the_node_asks_for(tmp_path, answer):
    @on_stage
    async def run(stage: Stage) -> None:
        await held(stage)
        losing = asyncio.ensure_future(no_answer(stage, answer, "drop", "session closed"))
        async with stage.restarted() as node:
            await losing
            assert node.session.link.generation == 2 and node.session.start_error is None
            (trade,) = node.risk.open_trades()
            assert (trade.quantity_open, stage.working) == (1, {STOP, TARGET})

    run(tmp_path)


def test_history_that_is_not_answered_is_told_and_asked_for_again(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "TIMEOUT_SECONDS", 1.0)

    @on_stage
    async def run(stage: Stage) -> None:
        stage.write()
        losing = asyncio.ensure_future(no_answer(stage, "historicalData"))
        async with stage.restarted() as node:
            await losing
            assert node.session.link.generation == 1
            assert "reqHistoricalData was not answered" in node._why("told")

    run(tmp_path)


def test_what_a_person_must_change_ends_the_start_at_once(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise Refusal(354, text_of(354))

    monkeypatch.setitem(ANSWERS, "reqHistoricalData", refuse)

    @on_stage
    async def run(stage: Stage) -> None:
        stage.write()
        with pytest.raises(NodeError, match=r"cannot start\. Market data not subscribed"):
            async with stage.restarted():
                pytest.fail("it started")

    run(tmp_path)
