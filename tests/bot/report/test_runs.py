"""The runs of a folder, told from their journals."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_journal

from bot.errors import UsageError
from bot.journal.folder import aside_folder, fresh_journal
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
    with pytest.raises(UsageError, match=r'"7" is neither a run, a journal nor a folder with one; runs in .*: latest, top, 2, 1'):
        find_run(out, "7")
    with pytest.raises(UsageError, match="there is no run in"):
        find_run(tmp_path / "nowhere", "latest")


def test_runs_of_folders_beneath_are_listed_and_the_one_that_began_last_is_the_latest(out):
    small_journal.write(fresh_journal(out / "demo"), days=(), wall_ns=10**18)
    for wall_ns in (2 * 10**18, 3 * 10**18):
        small_journal.write(fresh_journal(out / "paper"), days=(), wall_ns=wall_ns)
    assert [line.id for line in runs_in(out)] == ["latest", "top", "2", "1", "demo", "paper/1"]
    assert find_run(out, "latest") == find_run(out, "paper") == out / "paper" / "journal.sqlite"
    assert find_run(out, "paper/1") == out / "paper" / "earlier" / "1" / "journal.sqlite"
    assert [line.id for line in runs_in(out / "paper")] == ["latest", "1"]


def test_what_is_set_aside_is_not_listed_and_never_the_latest(out):
    aside_folder(out / "drill")
    small_journal.write(fresh_journal(out / "drill"), days=(), wall_ns=4 * 10**18)
    assert [line.id for line in runs_in(out)] == ["latest", "2", "1"]
    assert find_run(out, "latest") == out / "journal.sqlite"


def test_the_last_run_counts_wherever_it_lies_and_is_listed_if_it_is_the_latest(out, tmp_path):
    last = small_journal.write(fresh_journal(tmp_path / "mine"), days=(), wall_ns=4 * 10**18)
    assert [(line.id, line.path) for line in runs_in(out, last)][:2] == [("latest", str(last)), ("top", str(out / "journal.sqlite"))]
    assert find_run(out, "latest", last) == last
    old = small_journal.write(fresh_journal(tmp_path / "old"), days=(), wall_ns=-1)
    assert [line.id for line in runs_in(out, old)] == ["latest", "2", "1"]
