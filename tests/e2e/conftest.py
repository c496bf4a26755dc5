"""Whole runs on the real bars, each made once for the session."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from whole_runs import FILE, FIRST_DAY, Run, run, until

from bot.backtest.request import BacktestRequest


@pytest.fixture(scope="session")
def real_file() -> Path:
    if not FILE.exists():
        pytest.skip(f"the real bars are not here: {FILE}")
    return FILE


@pytest.fixture(scope="session")
def learning_on(real_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(BacktestRequest(out=tmp_path_factory.mktemp("on"), bars=real_file, from_date=FIRST_DAY))


@pytest.fixture(scope="session")
def learning_off(real_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(BacktestRequest(out=tmp_path_factory.mktemp("off"), bars=real_file, from_date=FIRST_DAY, learning=False))


@pytest.fixture(scope="session")
def thin_weeks(real_file: Path, learning_off: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The weeks before the contract was the front month, decided on from the first bar."""
    request = BacktestRequest(out=tmp_path_factory.mktemp("thin"), bars=real_file, to_date=date(2025, 9, 12))
    return run(request, until(learning_off.bars, 1_757_800_800_000_000_000))  # 2025-09-13 18:00 New York
