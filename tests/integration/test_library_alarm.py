"""A guard that fails while the library chooses refuses the plan, and trips the kill switch."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.decision import evaluate
from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate
from bot.report import wording
from bot.report.summary import Summary


def _broken(now: object, law: object) -> None:
    raise ZeroDivisionError("a guard without an answer")


def test_a_guard_that_raises_in_the_library_halts_trading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    broken = BarGate("broken", Layer.QUALITY, (Code.GUARD_ERROR,), _broken)
    monkeypatch.setattr(evaluate, "BAR_GATES", (*evaluate.BAR_GATES, broken))
    result = run_backtest(BacktestRequest(out=tmp_path, sessions=1))
    with sqlite3.connect(result.journal) as db:
        states = [row[0] for row in db.execute("SELECT json_extract(body, '$.state') FROM records WHERE kind = 'kill' ORDER BY seq")]
        reasons = db.execute("SELECT json_extract(body, '$.detail') FROM records WHERE kind = 'kill' ORDER BY seq LIMIT 1").fetchone()
        entries = db.execute("SELECT count(*) FROM records WHERE kind = 'intent'").fetchone()[0]
    assert states == ["TRIPPED", "FLAT", "HALTED"]
    assert "a guard without an answer" in reasons[0]
    assert entries == 0
    (sentence,) = wording.alarm_sentences(Summary.from_journal(result.journal))
    assert sentence.startswith("The kill switch tripped at ") and "a guard without an answer" in sentence
