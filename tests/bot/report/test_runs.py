"""The runs of a folder, told from their journals."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_journal

from bot.errors import UsageError
from bot.journal.folder import fresh_journal
from bot.journal.run_lock import RunLock
from bot.journal.times import NEW_YORK
from bot.journal.verify import verify
from bot.report.runs import Ended, find_run, runs, runs_in

DAY = small_journal.DAYS[:1]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Three runs: a day (the first), an interrupted one, and one without a bar on top."""
    for days, ended in ((DAY, {}), (DAY, None), ((), {})):
        small_journal.write(fresh_journal(tmp_path / "out"), days=days, bars=75, ended=ended)
    return tmp_path / "out"


def test_the_latest_stands_first_and_then_the_earlier_ones_from_the_newest(out):
    assert [(line.id, line.end, line.trades, line.net_cents, line.first) for line in runs_in(out)] == [
        ("latest", Ended.WHOLE, 0, 0, ""),
        ("2", Ended.INTERRUPTED, 1, 1376, "2025-10-01"),
        ("1", Ended.WHOLE, 1, 1376, "2025-10-01"),
    ]


def test_a_line_says_what_the_journal_says(out):
    line = runs_in(out)[-1]
    report = verify(line.path)
    assert (line.mode, line.bars, line.head) == ("backtest", "bars.csv", report.head)
    assert len(line.contracts) == 64


def test_a_run_that_is_being_written_runs(out):
    with RunLock(out / "journal.sqlite"):
        assert runs_in(out)[0].end is Ended.RUNNING


def test_a_journal_that_cannot_be_read_is_told_and_not_left_out(out):
    (out / "earlier" / "1" / "journal.sqlite").write_bytes(b"nothing of the kind, and longer than a page is" * 400)
    line = runs_in(out)[-1]
    assert (line.id, line.end) == ("1", Ended.UNREADABLE)
    assert "cannot be read as a journal" in line.trouble


def test_a_folder_without_a_run_has_none(tmp_path):
    assert runs_in(tmp_path / "nowhere") == []
    assert runs(tmp_path / "nowhere").empty


def test_the_frame_has_the_start_as_a_moment_in_new_york(out):
    table = runs(out)
    assert list(table["id"]) == ["latest", "2", "1"]
    assert str(table["started"].dt.tz) == str(NEW_YORK)


def test_a_run_is_found_by_its_id_its_folder_and_its_journal(out):
    first = out / "earlier" / "1" / "journal.sqlite"
    assert [find_run(out, name) for name in ("1", str(first.parent), str(first))] == [first] * 3
    assert find_run(out, "latest") == find_run(out, str(out)) == out / "journal.sqlite"


def test_a_run_that_does_not_exist_is_one_sentence_that_names_those_there_are(out, tmp_path):
    with pytest.raises(UsageError, match=r'"7" is neither a run, a journal nor a folder with one; runs in .*: latest, 2, 1'):
        find_run(out, "7")
    with pytest.raises(UsageError, match="there is no run in"):
        find_run(tmp_path / "nowhere", "latest")
