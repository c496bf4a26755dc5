"""A reason of ten thousand characters breaks no page, table or view: its beginning is shown, and the journal has it whole."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import small_journal
from click.testing import CliRunner

from bot.cli.main import cli
from bot.report.html import write_report
from bot.words import BRIEF, brief

LONG = 10_000


@pytest.fixture(params=["w" * LONG, "why " * (LONG // 4)], ids=["one word", "many words"])
def reason(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def journal(tmp_path: Path, reason: str) -> Path:
    return small_journal.add_reason(small_journal.write(tmp_path / "journal.sqlite", days=small_journal.DAYS[-1:], bars=8), reason)


def test_a_report_shows_the_beginning(journal, reason):
    page = journal.with_name("report.html")
    write_report(journal, page)
    told = page.read_text(encoding="utf-8")
    assert reason[: BRIEF - 50] in told and reason[: BRIEF + 50] not in told
    assert len(re.findall(r"… \([\d,]+ characters in the journal\)", told)) >= 3  # the alarm, the change, its release


def test_status_fits_the_terminal_and_shows_the_beginning(journal, reason, tmp_path, monkeypatch):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "journals").mkdir(parents=True)
    shutil.copy(journal, tmp_path / "home" / "journals" / "paper-DU1-2025.sqlite")
    shown = CliRunner().invoke(cli, ["status"])
    assert shown.exit_code == 0, shown.output
    rows = shown.output.splitlines()
    assert len(rows) < 60 and all(len(row) <= 120 or any(len(word) > 80 for word in row.split()) for row in rows)  # a word is never cut
    assert "characters in the journal" in " ".join(shown.output.split())


def test_compare_shows_the_beginning(journal, tmp_path):
    other = small_journal.write(tmp_path / "other.sqlite", days=small_journal.DAYS[-1:], bars=8)
    shown = CliRunner().invoke(cli, ["compare", str(journal), str(other)])
    assert max(map(len, shown.output.splitlines())) < 3 * BRIEF
    assert "characters in the journal" in shown.output


def test_a_short_text_is_shown_as_it_is():
    assert brief("x" * BRIEF) == "x" * BRIEF
    assert brief("x" * (BRIEF + 1)) == f"{'x' * BRIEF} … (301 characters in the journal)"
