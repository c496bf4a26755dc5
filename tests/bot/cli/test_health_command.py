"""`mesbot status --healthy`: an exit code for whatever watches the bot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from live_journal import opened

from bot.cli.main import cli
from bot.journal.run_lock import RunLock


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "journals").mkdir()
    return tmp_path / "journals" / "paper-DU1234567-2025.sqlite"


def status(home: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["status", "--healthy", *words], env={"MESBOT_HOME": str(home)})
    return result.exit_code, result.output


def test_where_no_bot_runs_nothing_is_healthy(tmp_path, path):
    assert status(tmp_path) == (1, "No bot runs.\n")
    opened(path).close()
    assert status(tmp_path) == (1, "No bot runs.\n")


def test_a_bot_that_runs_is_well_and_an_older_journal_that_broke_off_says_nothing_against_it(tmp_path, path):
    opened(path.with_name("observe-DU1234567-2025.sqlite")).close()
    with RunLock(path), opened(path, replayed_time=True):
        assert status(tmp_path) == (0, "PAPER DU***567: well\n")
        code, printed = status(tmp_path, "--json")
        assert (code, json.loads(printed)[0]["ill"]) == (0, "")


def test_a_bot_whose_journal_cannot_be_read_is_ill(tmp_path, path):
    path.write_bytes(b"no journal " * 500)
    with RunLock(path):
        code, printed = status(tmp_path)
    assert code == 1 and "cannot be seen" in printed and "Traceback" not in printed
