"""A first start on a broker that does not answer one question: it waits for none that it can do without, and entries wait for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ibkr_rig import Draft, Ear, Rig, gateway_config, new_session, on_a_loop, until

from bot.gateway.gateway import Gateway
from bot.ibkr import errors as e
from bot.ibkr.link.link_state import LinkState

WITHOUT = {  # the fault -> what is then not known, and a start does without
    "swallow accountDownloadEnd all": "account values",
    "swallow positionEnd all": "positions",
    "swallow reqPositions all": "positions",
    "swallow openOrderEnd all": "orders and executions",
    "swallow reqAllOpenOrders all": "orders and executions",
    "swallow execDetailsEnd all": "orders and executions",
    "swallow reqExecutions all": "orders and executions",
    "swallow placeOrder all": "initial margin",
    "deny md 999": "market data",
}
NEEDED = {  # the fault -> what is then not known, and without which nothing can be sized or sent
    "swallow reqAccountUpdates all": "reqAccountUpdates",
    "swallow contractDetailsEnd all": "reqContractDetails",
    "swallow reqContractDetails all": "reqContractDetails",
}
IMPATIENT = {"request_timeout_seconds": 0.2, "heartbeat_seconds": 60.0}  # a stall must not read as a dead link
QUICK = ("swallow positionEnd all", "swallow reqExecutions all", "swallow contractDetailsEnd all")


def cut(faults: dict[str, str]) -> list[Any]:
    """All of them, those of the quick run and the others."""
    return [pytest.param(*each, marks=() if each[0] in QUICK else pytest.mark.slow) for each in faults.items()]


@asynccontextmanager
async def first_start(*faults: str) -> AsyncIterator[Rig]:
    """A session that is about to start, on a gateway with these faults."""
    async with Gateway(gateway_config()) as gateway:
        ear = Ear()
        rigged = Rig(gateway, new_session(gateway.port, ear, pace=50.0, **IMPATIENT), ear)
        for words in faults:
            await rigged.do(words)
        try:
            yield rigged
        finally:
            await rigged.session.stop()


@pytest.mark.parametrize(("fault", "what"), cut(WITHOUT))
def test_a_start_goes_on_without_an_answer_and_entries_wait_for_it(fault: str, what: str):
    @on_a_loop
    async def run() -> None:
        async with first_start(fault) as r:
            await r.session.start()
            link = r.session.link
            assert link.state is LinkState.DEGRADED and not link.was_synced and link.generation == 1
            assert what in link.questions.missing
            block = link.why_no_entries()
            assert isinstance(block, e.NotSynced) and what in block.text and "not known since the start" in block.text
            assert r.ear.heard(e.NotSynced) is not None and r.session.entry_block() is not None
            with pytest.raises(e.BrokerError):
                r.session.require_entry()
            if "placeOrder" not in fault:
                r.place(Draft("A-X", "SELL", 1, "LMT", limit=r.price + 50))
                await until(lambda: r.refs() == ["A-X"], r.refs)
            await r.do("deny off" if fault.startswith("deny") else "calm")
            await until(lambda: link.state is LinkState.SYNCED, lambda: link.why_no_entries())
            assert link.generation == 1 and link.questions.open == {}

    run()


@pytest.mark.parametrize(("fault", "asked"), cut(NEEDED))
def test_a_start_ends_without_what_nothing_can_be_sized_or_sent_without_and_says_what_it_was(fault: str, asked: str):
    @on_a_loop
    async def run() -> None:
        async with first_start(fault) as r:
            with pytest.raises(e.GatewayNotResponding, match=asked):
                await r.session.start()
            assert r.session.link.state is LinkState.DOWN and not r.session.link.begun

    run()


@pytest.mark.parametrize("fault", NEEDED)
def test_what_is_answered_before_the_time_of_a_start_is_up_lets_it_go_on(fault: str):
    @on_a_loop
    async def run() -> None:
        async with first_start(fault) as r:
            starting = asyncio.ensure_future(r.session.start())
            await until(lambda: any(question.tries for question in r.session.link.questions.open.values()))
            await r.do("calm")
            await starting
            assert r.session.link.state is LinkState.SYNCED

    run()


@on_a_loop
async def test_every_question_is_in_one_of_the_lists():
    """A question that nobody has thought of here keeps entries locked, and no start from beginning."""
    async with first_start() as r:
        await r.session.start()
        silent = {*WITHOUT.values(), "contract months", "trades of earlier runs"}  # the last two: NEEDED, and where a trade is open
        assert set(r.session.link.questions.names) == silent

        async def surprise(_: object) -> None:
            raise ValueError("surprise")

        r.session.link.questions.add("what is new", surprise)
        r.session.link.owe("what is new")
        await until(lambda: r.session.link.state is LinkState.DEGRADED)
        assert "what is new not known" in r.session.entry_block().text


@on_a_loop
async def test_a_start_whose_time_is_up_goes_on_with_what_it_knows():
    async with Gateway(gateway_config()) as gateway:
        ear = Ear()
        session = new_session(gateway.port, ear, request_timeout_seconds=10.0, broker={"start_timeout_seconds": 0.5})
        gateway.side.verbs.do("swallow positionEnd all")
        await session.start()
        assert session.link.state is LinkState.DEGRADED and "positions" in session.entry_block().text
        await session.stop()


@on_a_loop
async def test_what_rests_on_an_answer_is_asked_as_soon_as_that_has_come():
    async with first_start("swallow positionEnd all") as r:
        await r.session.start()
        assert r.session.margin.cents == 0 and "initial margin" in r.session.link.questions.open
        assert "initial margin" not in r.session.link.questions.missing, "it was not asked in vain"
        await r.do("calm")
        await until(lambda: r.session.link.state is LinkState.SYNCED)
        assert r.session.margin.cents > 0


@on_a_loop
async def test_positions_that_are_not_told_are_not_flat_and_differ_from_no_book():
    async with first_start("position MESH6 2", "position MESZ5 1", "swallow reqPositions all", "swallow updatePortfolio all") as r:
        differences: list[tuple[object, ...]] = []
        r.session.positions.differs = lambda *difference: differences.append(difference)
        r.session.positions.book = lambda: 1
        await r.session.start()
        began = r.session.link.seconds()
        await until(lambda: r.session.link.seconds() - began > 30)
        assert differences == [] and not r.session.positions.agrees and r.session.orders.halts == {}
        await r.do("calm")
        await until(lambda: r.session.link.state is LinkState.SYNCED and r.session.positions.agrees)
        assert differences == [] and r.session.orders.halts == {}, "what is held of other months at the start is nobody's business"
