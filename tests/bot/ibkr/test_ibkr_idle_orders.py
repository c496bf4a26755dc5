"""Only an order that the broker says works covers or closes: one that worked and then does not say so is replaced within two seconds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from ibkr_rig import until
from test_ibkr_other_hands import closed_as, entered, goes_on, held
from test_ibkr_recovery import STOP, Stage, on_stage
from test_ibkr_way_out import leave, leaving

from bot.gateway import order_messages
from bot.ibkr import errors as e

BARE_SECONDS = 2.0


class Word(str):
    """A status that the gateway itself does not have."""

    @property
    def value(self) -> str:
        return str(self)


def told(stage: Stage, ref: str, status: str) -> None:
    """The broker says so, once."""
    order = stage.gateway.broker.find(ref)
    fields = order_messages.order_status(order, order_id=order.order_id)
    fields[2] = status
    for client in stage.gateway.delivery.sessions:
        client.send(fields)


def becomes(stage: Stage, ref: str, status: str) -> None:
    """The order is off the market, and this is what the broker says of it from now on."""
    if status.startswith("Inactive"):
        name, *why = status.split()
        stage.do(" ".join(["status", name, ref, *why]))
        return
    told(stage, ref, status)
    order = stage.gateway.broker.find(ref)
    order.status = Word(status)
    stage.gateway.broker.exchange.open.remove(order)


@pytest.mark.parametrize("status", ["Inactive locate", "Inactive", "Suspended", "submitted"])
def test_a_stop_that_no_longer_says_that_it_works_is_replaced_in_time(tmp_path: Path, status: str) -> None:
    @on_stage
    async def play(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            began = asyncio.get_running_loop().time()
            becomes(stage, STOP, status)
            if status != "Inactive":
                await until(lambda: isinstance(node.session.entry_block(), e.UnknownOrder), seconds=5)
            await until(lambda: any("1S1" in ref for ref in stage.working), lambda: stage.news(), seconds=5)
            assert asyncio.get_running_loop().time() - began < BARE_SECONDS
            await until(lambda: node.session.entry_block() is None, lambda: node.session.entry_block(), seconds=8)
            assert held(stage) == 1

    play(tmp_path)


@pytest.mark.parametrize("status", ["Inactive locate", "Inactive", "Suspended"])
def test_an_exit_that_no_longer_says_that_it_works_is_followed_by_another(tmp_path: Path, status: str) -> None:
    @on_stage
    async def play(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            leave(node)
            (first,) = await until(lambda: leaving(stage), seconds=8)
            await until(lambda: (first, "OrderAccepted") in stage.news(), seconds=8)
            began = asyncio.get_running_loop().time()
            becomes(stage, first, status)
            await until(lambda: set(leaving(stage)) - {first}, lambda: (stage.working, stage.news()), seconds=5)
            assert asyncio.get_running_loop().time() - began < BARE_SECONDS
            await goes_on(stage, 1)
            await until(lambda: not node.risk.open_trades() and held(stage) == 0, lambda: stage.news(), seconds=8)
        assert closed_as(stage) == ["THESIS"]

    play(tmp_path)


@on_stage
async def test_a_stop_that_the_broker_calls_filled_and_the_account_does_not_is_replaced_in_time(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        began = asyncio.get_running_loop().time()
        order = stage.gateway.broker.find(STOP)
        becomes(stage, STOP, "Filled")
        stage.gateway.broker.orders.pop((order.client_id, order.order_id))
        stage.gateway.broker.exchange.completed.append(order)
        await until(lambda: any("1S1" in ref for ref in stage.working), lambda: stage.news(), seconds=5)
        assert asyncio.get_running_loop().time() - began < BARE_SECONDS
        assert held(stage) == 1 and node.risk.open_trades()


@on_stage
async def test_a_stop_that_works_again_within_its_second_stays(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        told(stage, STOP, "Suspended")
        await node.session.link.delay(1.5)
        assert STOP in stage.working and (STOP, "OrderCanceled") not in stage.news()
        assert node.session.entry_block() is None
