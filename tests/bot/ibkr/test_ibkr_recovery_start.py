"""What an unfinished trade asks of the next start: its own month and its own client id, or no start at all."""

from __future__ import annotations

from typing import Any

import pytest
from ibkr_rig import Draft, Ear, Rig, new_session, until
from test_ibkr_recovery import ENTRY, NAME, STOP, TARGET, Stage, on_stage

from bot.ibkr import errors as e
from bot.ibkr.session import BrokerSession
from bot.node.errors import NodeError
from bot.node.node import MesbotNode

AFTER_THE_ROLL = "clock +75d"  # 2025-12-16: after the roll of MESZ5, before its end


async def left_open(stage: Stage) -> None:
    """A trade in MESZ5 with its stop and target, opened on an earlier day."""
    await stage.place()
    stage.do(f"fill {ENTRY}")
    stage.write("OrderSubmitted", "OrderAccepted", filled=True)
    stage.gateway.broker.exchange.executions.clear()


def positions(stage: Stage) -> dict[str, int]:
    """Contracts held at the broker, by month."""
    account = next(iter(stage.gateway.broker.accounts.values()))
    held = {future.local_symbol: account.position(future).contracts for future in stage.gateway.instruments.futures}
    return {symbol: contracts for symbol, contracts in held.items() if contracts}


def months(stage: Stage) -> dict[str, str]:
    """The month of each order that works at the broker."""
    return {order.request.order_ref: order.future.local_symbol for order in stage.gateway.broker.open_orders()}


async def refused(stage: Stage, **changes: Any) -> str:
    """A restart that must fail at once because a person must act; its sentence. Nothing at the broker has changed."""
    before = positions(stage), months(stage)
    session: list[BrokerSession] = []
    start = MesbotNode.start

    async def noted(node: MesbotNode, seconds: float) -> None:
        session.append(node.session)
        await start(node, seconds)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(NodeError) as caught:
        patch.setattr(MesbotNode, "start", noted)
        async with stage.restarted(**changes):
            pass
    assert isinstance(session[0].start_error, e.SetupError)
    assert (positions(stage), months(stage)) == before and stage.news() == []
    return str(caught.value)


# ---------------------------------------------------------------------- the month


@on_stage
async def test_after_the_roll_an_open_trade_is_managed_and_left_in_its_own_month(stage: Stage) -> None:
    await left_open(stage)
    stage.do(AFTER_THE_ROLL)
    async with stage.restarted() as node:
        assert node.session.provider.contract().localSymbol == "MESZ5"
        block = node.session.entry_block()
        assert isinstance(block, e.ContractExpired) and NAME in block.text and "started again" in block.hint
        assert node.risk.open_trades()[0].stop_order_ids == (STOP,) and stage.working == {STOP, TARGET}
        node.kill("enough")
        await until(lambda: months(stage) == {f"{NAME}-1X1": "MESZ5"}, lambda: months(stage))
        await stage.do("step 1")
        await until(lambda: not node.risk.open_trades())
    assert positions(stage) == {} and months(stage) == {}
    async with stage.restarted() as node:
        assert node.session.provider.contract().localSymbol == "MESH6" and node.session.entry_block() is None


@on_stage
async def test_an_open_trade_whose_month_is_not_listed_any_more_refuses_the_start(stage: Stage) -> None:
    await left_open(stage)
    stage.do(AFTER_THE_ROLL)
    stage.do("expire MESZ5")
    said = await refused(stage)
    assert NAME in said and "MESZ5" in said and "MESH6" in said and "journal" in said


@on_stage
async def test_orders_of_an_open_trade_in_another_month_refuse_the_start(stage: Stage) -> None:
    await left_open(stage)
    said = await refused(stage, broker={"local_symbol": "MESH6"})
    assert STOP in said and TARGET in said and "MESZ5" in said and "MESH6" in said


@on_stage
async def test_the_position_of_an_open_trade_in_another_month_refuses_the_start(stage: Stage) -> None:
    await left_open(stage)
    stage.do(f"kill {STOP} mistake")
    stage.do(f"kill {TARGET} mistake")
    said = await refused(stage, broker={"local_symbol": "MESH6"})
    assert "1 MESZ5" in said and "MESH6" in said


@on_stage
async def test_a_trade_that_ended_while_away_has_no_say_about_positions_of_other_months(stage: Stage) -> None:
    await stage.place()
    stage.do(f"fill {ENTRY}")
    stage.write("OrderSubmitted", "OrderAccepted", filled=True)
    stage.do(f"fill {STOP}")
    stage.do("position MESH6 1")
    async with stage.restarted() as node:
        assert not node.risk.open_trades()


# ---------------------------------------------------------------------- the client id


@on_stage
async def test_orders_of_an_open_trade_under_another_client_id_refuse_the_start(stage: Stage) -> None:
    await left_open(stage)
    said = await refused(stage, client_id=8)
    assert STOP in said and TARGET in said and "client id 7" in said and "TWS_CLIENT_ID=7" in said
    async with stage.restarted() as node:
        assert node.risk.open_trades()[0].stop_order_ids == (STOP,) and stage.working == {STOP, TARGET}


@on_stage
async def test_orders_of_an_open_trade_under_two_client_ids_refuse_the_start_under_either(stage: Stage) -> None:
    await left_open(stage)
    ear, second = Ear(), f"{NAME}-1S1"
    session = new_session(stage.gateway.port, ear, client_id=8)
    await session.start()
    Rig(stage.gateway, session, ear).place(Draft(second, "SELL", 1, "STP", stop=(stage.limit - 8) / 4))
    await until(lambda: "accepted" in ear.of(second))
    await session.stop()
    for client_id in (7, 8):
        said = await refused(stage, client_id=client_id)
        assert f"{STOP} under client id 7" in said and f"{second} under client id 8" in said and "Cancel in TWS" in said


@on_stage
async def test_orders_of_other_programs_do_not_keep_an_open_trade_from_being_resumed(stage: Stage) -> None:
    await left_open(stage)
    stage.do(f"manual buy 1 MESH6 {(stage.limit - 400) / 4}")
    async with stage.restarted() as node:
        assert node.risk.open_trades()[0].stop_order_ids == (STOP,)
