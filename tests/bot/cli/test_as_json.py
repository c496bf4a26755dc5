"""`--json`: one document on standard output, whatever a person is told beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_operate_command import HALTED
from test_operate_command import write as write_journal

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.cli.main import cli
from bot.journal.verify import verify
from bot.report.summary import Summary


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What `mesbot ... --json` prints, read, with its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))

    def asked(*words: object) -> tuple[int, Any]:
        result = CliRunner().invoke(cli, [*map(str, words), "--json"])
        return result.exit_code, json.loads(result.stdout)

    return asked


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a run of one synthetic session."""
    return run_backtest(BacktestRequest(out=tmp_path_factory.mktemp("run"), sessions=1)).journal


def test_a_backtest_is_its_verdict_and_every_number(told):
    code, facts = told("backtest", "--sessions", 1, "--no-report")
    assert (code, facts["report"], facts["journal"]) == (0, None, "out/journal.sqlite")
    summary = Summary.from_journal("out/journal.sqlite")
    assert facts["head"] == summary.run.head == verify("out/journal.sqlite").head
    assert facts["numbers"].keys() == set(summary.numbers)
    assert facts["numbers"]["bars"] == summary.value("bars") == 390


def test_a_verified_journal_is_its_head_and_what_there_is_to_tell(told, journal):
    code, facts = told("journal", "verify", "--journal", journal)
    assert (code, facts["head"], facts["unlinked"], facts["run"]) == (0, verify(journal).head, 0, [])


def test_why_is_the_records_of_a_bar_or_of_a_number(told, journal):
    _, bar = told("why", "2025-03-10 09:45", "--journal", journal)
    assert {"bar", "decision"} <= {record["kind"] for record in bar["records"]}
    _, number = told("why", "K1.plans", "--journal", journal)
    assert (number["name"], number["value"]) == ("K1.plans", len(number["records"]))
    _, numbers = told("why", "K1", "--numbers", "--journal", journal)
    assert numbers["numbers"]["K1.plans"]["value"] == number["value"]
    assert told("why", "THESIS")[1]["codes"]


def test_resume_says_whether_anything_was_armed(told, tmp_path):
    (tmp_path / "state").mkdir()
    write_journal("paper-DU1-2025", *HALTED)
    code, facts = told("resume", "--reason", "looked at")
    assert (code, facts["resumed"], facts["before"], facts["reason"]) == (0, True, "HALTED", "looked at")
    assert told("resume", "--reason", "again")[1]["resumed"] is False


def test_kill_is_its_steps(told, tmp_path):
    write_journal("paper-DU1-2025")
    code, facts = told("kill", "--reason", "enough")
    assert (code, facts["reason"], facts["foreign"]) == (0, "enough", False)
    assert facts["steps"]


def test_a_journal_that_cannot_be_read_is_told_among_those_that_can(told):
    whole, broken = write_journal("paper-DU1-2025"), write_journal("paper-DU2-2025")
    broken.write_bytes(b"not a journal at all")
    code, found = told("status")
    assert code == 1
    assert [("error" in each, each.get("path")) for each in found] == [(False, str(whole)), (True, None)]
