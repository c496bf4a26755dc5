"""`mesbot kill` during a replay ends the replay, with its sentence and exit code."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.journal.folder import JOURNAL

PATIENCE_SECONDS = 120.0


def bars(journal: Path) -> int:
    """How many minutes were decided so far."""
    try:
        with sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM records WHERE kind = 'bar'").fetchone()[0]
    except sqlite3.Error:
        return 0


@pytest.mark.slow
def test_a_killed_replay_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    journal, killed = tmp_path / "out" / "paper" / JOURNAL, []

    def kill_it() -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while bars(journal) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        killed.append(CliRunner().invoke(cli, ["kill", "--reason", "enough"]))

    person = threading.Thread(target=kill_it)
    person.start()
    result = CliRunner().invoke(cli, ["paper", "--sessions", "2", "--speed", "600", "--no-report"])
    person.join()
    assert (killed[0].exit_code, "HALTED" in killed[0].output) == (0, True), killed[0].output
    assert result.exit_code == 1 and "The replay was killed (enough) and ended at" in result.output, result.output
    assert 3 <= bars(journal) < 380
