"""A folder holds the journal of one run at a time: a second run is refused and touches nothing of the first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from nautilus_trader.backtest.node import BacktestNode

from bot.backtest.config import backtest_config
from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.journal.run_lock import JournalInUse, RunLock, held_by
from bot.journal.verify import verify
from bot.node.paper import replay
from bot.node.request import PaperRequest


def backtest(out: Path) -> object:
    return run_backtest(BacktestRequest(out=out, sessions=1))


def paper(out: Path) -> object:
    return asyncio.run(replay(PaperRequest(out=out, sessions=1)))


@pytest.mark.parametrize("second", [backtest, paper])
def test_a_second_run_is_refused_and_the_journal_of_the_first_stays(tmp_path, second: Callable[[Path], object]):
    journal = tmp_path / "journal.sqlite"
    with RunLock(journal):
        journal.write_text("the first run's")
        with pytest.raises(JournalInUse, match=f"{journal} is in use by process {os.getpid()}; stop that run first"):
            second(tmp_path)
    assert journal.read_text() == "the first run's"
    assert not (tmp_path / "earlier").exists()


def test_a_run_that_has_ended_keeps_nobody_out(tmp_path):
    backtest(tmp_path)
    backtest(tmp_path)
    assert verify(tmp_path / "earlier" / "1" / "journal.sqlite").head == verify(tmp_path / "journal.sqlite").head


def test_the_folder_is_taken_while_bars_run(tmp_path):
    asked = []

    def meddle(done: int, total: int) -> None:
        with pytest.raises(JournalInUse):
            backtest(tmp_path)
        asked.append(done)

    run_backtest(BacktestRequest(out=tmp_path, sessions=1), meddle)
    assert asked and not (tmp_path / "earlier").exists()


def test_a_plain_node_takes_the_folder_too_and_is_kept_out_of_one_that_is_taken(tmp_path, monkeypatch):
    config = backtest_config(BacktestRequest(out=tmp_path / "out", sessions=1), tmp_path / "catalog")
    journal = tmp_path / "out" / "journal.sqlite"
    with RunLock(journal), monkeypatch.context() as patch:
        patch.setattr("actors.journal.os.getpid", lambda: 1)  # somebody else's
        with pytest.raises(JournalInUse):
            BacktestNode([config]).run()
    assert not journal.exists()
    node = BacktestNode([config])
    node.build()
    assert held_by(journal) == os.getpid()
    node.run()
    assert held_by(journal) is None
