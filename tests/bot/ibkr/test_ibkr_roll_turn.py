"""A run that goes on over a roll: its next node trades the next month, without a person, once nothing is open in the old one."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from weakref import ref

import pytest
from ibkr_rig import until
from test_ibkr_recovery import Stage, on_stage
from test_ibkr_within_day import LOOSER, SHIPPED, Home, made_nodes

from bot.ibkr.session import session_of
from bot.journal.verify import verify
from bot.node.broker_run import broker_config, meet, trade
from bot.node.node import MesbotNode

BEFORE_THE_ROLL = "clock +73d"  # from 2025-10-02 10:00: Sunday, 2025-12-14 09:00
pytestmark = pytest.mark.slow  # quick: test_turn.py, and what the provider says of it in test_ibkr_situations_data.py
AFTER_THE_ROLL = "clock +1768h"  # Monday, 2025-12-15 01:00


@pytest.fixture(autouse=True)
def ids_are_kept_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))


def month(node: MesbotNode) -> str:
    """What the node trades."""
    return node.session.provider.contract().localSymbol


def collections_of(monkeypatch: pytest.MonkeyPatch, nodes: list[MesbotNode]) -> list[int]:
    """How many nodes had been made at each whole collection that the run itself asks for from now on."""
    collected: list[int] = []
    whole = gc.collect

    def collect(*generation: int) -> int:
        collected.append(len(nodes))
        return whole(*generation)

    monkeypatch.setattr(gc, "collect", collect)
    return collected


@on_stage
async def test_nobody_but_its_node_keeps_the_session_with_a_gateway(stage: Stage) -> None:
    request = Home(stage).request
    config = broker_config(request, await meet(request))
    session = session_of(asyncio.get_running_loop(), config)
    assert session_of(asyncio.get_running_loop(), config) is session
    kept = ref(session)
    del session
    gc.collect()
    assert kept() is None


def test_one_run_over_the_roll_goes_on_in_the_next_month(tmp_path, monkeypatch):
    nodes = made_nodes(monkeypatch)

    @on_stage
    async def run(stage: Stage) -> None:
        home, said = Home(stage), []
        home.stage.write("OrderSubmitted", "OrderAccepted", "OrderCanceled")
        stage.do(BEFORE_THE_ROLL)
        running = asyncio.ensure_future(trade(home.request, await meet(home.request), say=said.append))
        await until(lambda: running.done() or (nodes and nodes[0].desk.begun.is_set()), lambda: said)
        assert month(nodes[0]) == "MESZ5" and nodes[0].session.entry_block() is None
        collected = collections_of(monkeypatch, nodes)
        stage.do(AFTER_THE_ROLL)
        stage.do("drop")
        await until(lambda: running.done() or (len(nodes) == 2 and nodes[1].desk.begun.is_set()), lambda: said)
        assert month(nodes[1]) == "MESH6" and nodes[1].session.entry_block() is None
        assert any(sentence == "The roll: MESH6 is traded from now on, and MESZ5 no more." for sentence in said), said
        assert 1 in collected, "what has ended is collected before the next node is made"
        ended = ref(nodes.pop(0))
        gc.unfreeze()
        gc.collect()
        await until(lambda: gc.collect() >= 0 and ended() is None, "the node that has ended is let go of")
        nodes[0].stopping.set()
        verify((await running).journal)

    run(tmp_path)


@on_stage
async def test_a_roll_waits_for_the_next_start_if_the_contracts_were_edited_meanwhile_and_that_is_said_once(stage: Stage) -> None:
    home, said = Home(stage), []
    home.stage.write()
    stage.do(BEFORE_THE_ROLL)
    met = await meet(home.request)
    async with home.started(met) as node:
        turn = home.turn(met, node, said.append)
        await until(lambda: node.session.link.allows_entries and node.risk.idle())
        assert not turn.due(node) and said == []
        home.edit(LOOSER)
        stage.do(AFTER_THE_ROLL)
        stage.do("drop")
        await until(lambda: turn.due(node) or bool(said))
        assert not turn.due(node) and not turn.due(node)
        assert len(said) == 1 and "changed again since the start and are not taken up" in said[0]


@on_stage
async def test_no_turn_comes_while_the_broker_lists_no_month_after_the_one_that_is_over(stage: Stage) -> None:
    home = Home(stage)
    home.stage.write()
    for symbol in ("MESH6", "MESM6"):
        stage.do(f"expire {symbol}")
    stage.do(BEFORE_THE_ROLL)
    met = await meet(home.request)
    async with home.started(met) as node:
        turn = home.turn(met, node, pytest.fail)
        stage.do(AFTER_THE_ROLL)
        stage.do("drop")
        await until(lambda: node.session.entry_block() is not None and "exit-only" in str(node.session.entry_block()))
        await until(lambda: node.session.link.allows_entries and node.risk.idle())
        assert not turn.due(node) and met.contracts.sha256 == SHIPPED.sha256
