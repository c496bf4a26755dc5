"""A backup is of one moment, whole, and goes on as a journal; what is there is never overwritten."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import suppress

import pytest
from scripted_run import bar_ns, contracts, write

from bot.errors import JournalBroken, JournalError
from bot.journal.backup import backup
from bot.journal.latch import latch_path, read_latch
from bot.journal.records import KillRecord, Kind
from bot.journal.store import Journal
from bot.journal.verify import verify


@pytest.fixture
def running(tmp_path):
    """A journal with records in its write-ahead log, open for writing."""
    path = tmp_path / "journals" / "paper-DU1-2025.sqlite"
    path.parent.mkdir()
    journal = Journal.append(path, "paper", contracts(), {"account": "DU1"}, lambda: 1)
    write(journal, 5)
    yield journal
    with suppress(sqlite3.ProgrammingError):  # the test has closed it
        journal.close()


def test_a_running_journal_is_copied_as_it_is_and_the_copy_goes_on_by_itself(running, tmp_path):
    copy = tmp_path / "copy.sqlite"
    report = backup(running.path, copy)
    assert report.head == running.head == verify(copy).head
    running.write_ahead(Kind.KILL, bar_ns(6), KillRecord("TRIPPED", "later"))
    assert verify(copy).records == report.records < verify(running.path).records
    with Journal.append(copy, "paper", contracts(), {"account": "DU1"}, lambda: 2) as journal:
        journal.write_ahead(Kind.KILL, bar_ns(7), KillRecord("TRIPPED", "of the copy"))
        assert journal.head != running.head
    verify(copy)
    assert read_latch(copy).reason == "of the copy"


def test_a_writer_is_not_kept_waiting_while_it_is_copied(running, tmp_path, monkeypatch):
    written, copied = running.head, sqlite3.Connection.backup

    class Watched(sqlite3.Connection):
        def backup(self, target: sqlite3.Connection) -> None:
            self.execute("BEGIN")
            self.execute("SELECT count(*) FROM records").fetchone()  # from here on it reads one moment
            running.write_ahead(Kind.KILL, bar_ns(6), KillRecord("TRIPPED", "meanwhile"))
            copied(self, target)

    connect = sqlite3.connect
    monkeypatch.setattr("bot.journal.connect.sqlite3.connect", lambda *words, **more: connect(*words, **{"factory": Watched} | more))
    assert backup(running.path, tmp_path / "copy.sqlite").head == written != running.head


def test_a_copy_is_for_its_owner_alone_and_one_file(running, tmp_path):
    copy = tmp_path / "copy.sqlite"
    backup(running.path, copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"journals", "copy.sqlite", "copy.sqlite.latch"}


def test_what_is_there_is_never_overwritten(running, tmp_path):
    copy = tmp_path / "copy.sqlite"
    copy.write_text("precious")
    with pytest.raises(JournalError, match="never overwritten"):
        backup(running.path, copy)
    assert copy.read_text() == "precious"


def test_a_damaged_journal_is_told_and_no_copy_of_it_is_left(running, tmp_path):
    running.close()
    with sqlite3.connect(running.path) as db:
        db.execute("DROP TRIGGER records_no_delete")
        db.execute("DELETE FROM records WHERE seq = 3")
    with pytest.raises(JournalBroken):
        backup(running.path, tmp_path / "copy.sqlite")
    assert not list(tmp_path.glob("copy*"))


@pytest.mark.parametrize("place", ["missing/copy.sqlite", "file/copy.sqlite"])
def test_a_place_that_cannot_be_written_is_said(running, tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written"):
        backup(running.path, tmp_path / place)


def test_the_latch_of_a_later_kill_refuses_an_older_journal_put_in_its_place(running, tmp_path):
    copy = tmp_path / "copy.sqlite"
    backup(running.path, copy)
    running.write_ahead(Kind.KILL, bar_ns(6), KillRecord("TRIPPED", "later"))
    later = latch_path(running.path).read_bytes()
    latch_path(copy).write_bytes(later)
    with pytest.raises(JournalBroken):
        Journal.append(copy, "paper", contracts(), {"account": "DU1"}, lambda: 2)


@pytest.mark.parametrize("version", [0, 4, 9])
def test_a_journal_of_another_schema_is_refused_in_a_sentence_and_not_touched(running, version):
    running.close()
    with sqlite3.connect(running.path) as db:
        db.execute(f"PRAGMA user_version = {version}")
    before = running.path.read_bytes()
    with pytest.raises(JournalBroken, match=rf"schema version is {version}, .* restore a backup from before the upgrade"):
        Journal.append(running.path, "paper", contracts(), {"account": "DU1"}, lambda: 2)
    assert running.path.read_bytes() == before
