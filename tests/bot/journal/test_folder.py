"""A folder of runs keeps every journal: the newest on top, earlier ones beneath."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import JournalError
from bot.journal.folder import forget, fresh_journal, journals_in, report_of


def test_a_new_folder_is_made(tmp_path: Path):
    assert fresh_journal(tmp_path / "a" / "b") == tmp_path / "a" / "b" / "journal.sqlite"
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_each_earlier_run_is_kept_whole_and_apart(tmp_path: Path):
    for run in ("first", "second", "third"):
        path = fresh_journal(tmp_path)
        assert not path.exists() and not (tmp_path / "report.html").exists()
        path.write_text(run)
        (tmp_path / "report.html").write_text(f"report of {run}")
    kept = {folder.name: (folder / "journal.sqlite").read_text() for folder in (tmp_path / "earlier").iterdir()}
    assert kept == {"1": "first", "2": "second"}
    assert (tmp_path / "earlier" / "2" / "report.html").read_text() == "report of second"


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path):
    (tmp_path / "out").write_text("")
    with pytest.raises(JournalError, match="cannot be written"):
        fresh_journal(tmp_path / "out")


def test_journals_that_share_a_folder_have_a_report_each():
    names = ("out/journal.sqlite", "journals/paper-DU1-2025.sqlite", "journals/live-U1-2025.sqlite")
    assert [report_of(Path(name)).as_posix() for name in names] == [
        "out/report.html",
        "journals/paper-DU1-2025.html",
        "journals/live-U1-2025.html",
    ]


def test_a_run_after_earlier_ones_were_removed_has_the_highest_number(tmp_path: Path):
    for number in ("4", "5"):
        (tmp_path / "earlier" / number).mkdir(parents=True)
        (tmp_path / "earlier" / number / "journal.sqlite").write_text(number)
    (tmp_path / "journal.sqlite").write_text("6")
    fresh_journal(tmp_path)
    assert {id: path.read_text() for id, path in journals_in(tmp_path).items()} == {"6": "6", "5": "5", "4": "4"}


def test_only_what_stands_beneath_earlier_is_ever_removed(tmp_path: Path):
    for name in ("journal.sqlite", "journals/paper-DU1-2025.sqlite", "earlier/notes/journal.sqlite", "3/journal.sqlite"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        with pytest.raises(JournalError, match="no earlier run"):
            forget(path)
        assert path.exists()
