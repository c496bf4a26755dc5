"""Runs in which a person does the same at the same bar have the same head: links do not depend on clocks or flushes."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from whole_runs import records

import bot.backtest.config as backtest
from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun
from bot.contracts import load_contracts
from bot.journal.read import opened
from bot.journal.records import Kind
from bot.journal.verify import verify
from bot.messages import ENDPOINT_RISK_KILL, TOPIC_BOOK, TOPIC_DECISIONS, TradeOpened
from bot.node import paper
from bot.node.node import MesbotNode
from bot.node.request import PaperRequest

SEED, SESSIONS = 1, 8  # as in test_paper: this seed trades on the last of eight synthetic sessions


def killer(bus: Any) -> None:
    """A person who looks at the first decisions after a trade has opened, and has enough."""
    opened: list[object] = []

    def on_book(event: object) -> None:
        if isinstance(event, TradeOpened):
            opened.append(event)

    def on_decisions(_: object) -> None:
        if opened:
            opened.clear()
            bus.send(ENDPOINT_RISK_KILL, "enough")

    bus.subscribe(TOPIC_BOOK, on_book)
    bus.subscribe(TOPIC_DECISIONS, on_decisions)


def states(kills: list[tuple[Any, ...]]) -> list[str]:
    return [msgspec.json.decode(body)["state"] for *_, body in kills]


def links(journal: Path) -> dict[int, str]:
    """The head after each record that ends a link, by its number."""
    with opened(journal) as db:
        return dict(db.execute("SELECT last_seq, head FROM links"))


class Watched(MesbotNode):
    """A node that somebody watches."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        killer(self.node.kernel.msgbus)


@pytest.mark.slow
def test_a_replay_that_is_killed_at_the_same_bar_has_the_same_head_there_at_any_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the kill: how many seconds of the tape pass while its cancels and exits go to and fro, depends on the speed."""
    monkeypatch.setattr(paper, "MesbotNode", Watched)
    heads = set()
    for speed in (math.inf, 6000.0):
        request = PaperRequest(out=tmp_path / f"{speed}", seed=SEED, sessions=SESSIONS, speed=speed)
        result = asyncio.run(paper.replay(request))
        kills = records(result.journal, Kind.KILL)
        assert states(kills) == ["TRIPPED", "FLAT", "HALTED"]
        assert verify(result.journal).head == result.head
        heads.add(links(result.journal)[kills[0][0]])
    assert len(heads) == 1


@pytest.mark.slow
def test_a_backtest_that_is_killed_at_the_same_bar_has_the_same_head_however_it_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = set()
    for batch in (1, 7, 200):
        monkeypatch.setattr(backtest, "FLUSH_LINKS", batch)
        request = BacktestRequest(out=tmp_path / f"{batch}", seed=SEED, sessions=SESSIONS)
        contracts = load_contracts(None)
        bars = request.read(contracts)
        with BacktestRun(backtest.spec_of(request, contracts, bars), bars, request) as run:
            killer(run.engine.kernel.msgbus)
            heads.add(run.through())
        journal = request.out / "journal.sqlite"
        assert states(records(journal, Kind.KILL)) == ["TRIPPED", "FLAT", "HALTED"]
        ends = {row[0] for row in records(journal) if row[2] in (Kind.INTENT, Kind.KILL, Kind.OPERATOR)}
        assert ends <= set(links(journal))
    assert len(heads) == 1
