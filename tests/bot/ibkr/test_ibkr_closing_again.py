"""A closing order that comes to nothing in a way that nobody tells, through the whole node: another one leaves, and soon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from ibkr_rig import until
from test_ibkr_other_hands import closed_as, entered, goes_on, held
from test_ibkr_recovery import NAME, Stage, on_stage

from bot.node.node import MesbotNode


def closing(attempt: int) -> str:
    return f"{NAME}-1X{attempt}"


async def flat_in_the_end(stage: Stage, node: MesbotNode) -> None:
    """The market moves on, and what leaves fills."""
    await goes_on(stage, 1)
    await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()))
    assert held(stage) == 0 and closed_as(stage) == ["MANUAL"]


async def sent(stage: Stage, node: MesbotNode, which: Callable[[str], bool], seconds: float) -> str:
    """The closing order that is sent within so many seconds."""
    orders = node.session.orders.orders
    await until(lambda: any(which(ref) for ref in orders), lambda: (list(orders), stage.working, stage.news()), seconds=seconds)
    return next(ref for ref in orders if which(ref))


@on_stage
async def test_one_that_works_and_that_the_broker_forgets_without_a_word_is_asked_about_soon(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        node.kill("out")
        await until(lambda: closing(1) in stage.working, lambda: stage.news())
        stage.do(f"forget {closing(1)}")
        await sent(stage, node, lambda ref: "-1X" in ref and ref != closing(1), seconds=8)
        await flat_in_the_end(stage, node)


@on_stage
async def test_one_that_was_refused_is_followed_by_a_limit_and_that_rests_for_a_moment_alone(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do(f"reject {closing(1)} code=201")
        node.kill("out")
        await until(lambda: closing(2) in node.session.orders.orders, lambda: stage.news())
        assert node.session.orders.orders[closing(2)].draft.kind == "LMT"
        third = await sent(stage, node, lambda ref: "-1X" in ref and ref not in (closing(1), closing(2)), seconds=4)
        assert node.session.orders.orders[third].draft.kind == "MKT" and not node.session.orders.orders[closing(2)].live
        await flat_in_the_end(stage, node)


@pytest.mark.slow
@on_stage
async def test_a_position_that_is_told_and_whose_list_never_ends_is_told(stage: Stage) -> None:
    """An unconfirmed closing order before: without an end no answer is whole, but this month's position has come."""
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("swallow positionEnd all")
        stage.do("swallow placeOrder 1")
        node.kill("out")
        await sent(stage, node, lambda ref: "-1X" in ref and ref != closing(1), seconds=25)
        await flat_in_the_end(stage, node)


@on_stage
async def test_one_that_the_broker_has_ended_in_so_many_words_leaves_nothing_in_question(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("swallow positionEnd all")
        node.kill("out")
        await until(lambda: closing(1) in stage.working, lambda: stage.news())
        stage.do(f"tws-cancel {closing(1)}")
        await asyncio.sleep(0)
        await sent(stage, node, lambda ref: "-1X" in ref and ref != closing(1), seconds=4)
        await flat_in_the_end(stage, node)
