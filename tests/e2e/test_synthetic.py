"""The main job on its embedded defaults: seeded synthetic sessions, from the command line to journal and report."""

from __future__ import annotations

from pathlib import Path

import pytest
from checker import check
from checker_evidence import Evidence
from whole_runs import Run, assert_mirrored, mesbot, mirrored, records, run

from bot.backtest.request import BacktestRequest
from bot.journal.verify import verify

SESSIONS = 25


@pytest.fixture(scope="module")
def defaults(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(BacktestRequest(out=tmp_path_factory.mktemp("defaults")))


def test_the_defaults_run_from_the_command_line_and_leave_report_and_journal(defaults: Run, tmp_path: Path) -> None:
    done = mesbot(["backtest", "--out", str(tmp_path / "out")], home=tmp_path)
    assert done.returncode == 0, done.stderr
    report, journal = tmp_path / "out" / "report.html", tmp_path / "out" / "journal.sqlite"
    assert report.stat().st_size > 10_000
    assert str(report) in done.stdout and str(journal) in done.stdout
    assert verify(journal).head == defaults.head, "the command and the run that the checker judged are not the same"


def test_the_independent_checker_finds_nothing(defaults: Run) -> None:
    assert [str(violation) for violation in check(defaults.report)] == []


def test_trades_happen_and_every_bar_is_decided(defaults: Run) -> None:
    assert len(Evidence(defaults.report).trades) >= 3
    assert len(records(defaults.journal, "decision")) == SESSIONS * 390 * 5


@pytest.fixture(scope="module")
def another_seed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(BacktestRequest(out=tmp_path_factory.mktemp("seed"), seed=2, sessions=12, learning=False))


@pytest.mark.slow
def test_another_seed_is_another_run_and_just_as_clean(defaults: Run, another_seed: Run) -> None:
    assert another_seed.head != defaults.head
    assert [str(violation) for violation in check(another_seed.report)] == []


@pytest.mark.slow
def test_mirrored_synthetic_bars_give_mirrored_decisions(another_seed: Run, tmp_path: Path) -> None:
    assert Evidence(another_seed.report).entries, "nothing to mirror"
    reflection = run(BacktestRequest(out=tmp_path, learning=False), mirrored(another_seed.bars))
    assert_mirrored(another_seed, reflection)
