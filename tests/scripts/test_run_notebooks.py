"""The notebooks run headless, cell by cell: those that read a journal on a small one, all of them from nothing as a slow proof."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import ROOT

from bot.cli.notebooks import notebook_files

sys.path.append(str(ROOT / "tests" / "bot" / "report"))
import small_journal

SCRIPT = ROOT / "scripts" / "run_notebooks.py"
FIGURES = {"02_why_no_trade": 1, "03_beliefs_and_calibration": 1, "04_veto_ledger": 1}


def run(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *words], cwd=where, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "out" / "notebooks").mkdir(parents=True)
    small_journal.write(folder / "out" / "notebooks" / "journal.sqlite", days=MANY_DAYS, bars=80)
    return folder


MANY_DAYS = tuple(f"2025-10-{day:02}" for day in (1, 2, 3, 6, 7, 8, 9, 10, 13, 14, 15, 16))


@pytest.mark.parametrize("name", FIGURES)
def test_a_notebook_that_reads_a_journal_runs_and_shows_its_figure(where, name):
    done = run(where, name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("[figure: ") == FIGURES[name]


def test_the_calibration_has_a_score_with_an_interval_and_a_row_for_each_strategy(where):
    shown = run(where, "03_beliefs_and_calibration").stdout
    assert all(row in shown for row in ("Brier score", "average rate", "difference", "probability of K1", "probability of K2"))


def test_a_cell_that_fails_ends_it_with_its_place(where, tmp_path):
    (tmp_path / "out" / "notebooks").mkdir(parents=True)
    (tmp_path / "out" / "notebooks" / "journal.sqlite").write_bytes(b"no journal")
    done = run(tmp_path, "02_why_no_trade")
    assert done.returncode != 0 and "02_why_no_trade.py, cell " in done.stderr


def test_a_notebook_that_does_not_exist_is_one_sentence(tmp_path):
    done = run(tmp_path, "07_fortune")
    assert done.returncode == 1 and "'07_fortune' is no notebook; there are 01_first_backtest, " in done.stderr


@pytest.mark.slow
def test_all_of_them_run_from_nothing(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    ended = [line for line in done.stdout.splitlines() if line.startswith("===") and line.endswith(" s")]
    assert len(ended) == len(notebook_files())
    assert "All notebooks ran" in done.stdout and not list(tmp_path.iterdir())
