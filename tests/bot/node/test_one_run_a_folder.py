"""A folder holds the journal of one run at a time: a second run is refused and touches nothing of the first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.journal.run_lock import JournalInUse, RunLock
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
