"""The log's room is there before it is needed, and nothing of it is in the journal."""

from __future__ import annotations

import contextlib
import sqlite3
import time

from scripted_run import bar_ns, bar_record, contracts

from bot.journal.records import Kind
from bot.journal.store import Journal
from bot.journal.verify import verify


def test_reserving_changes_nothing_in_the_journal_and_commits_do_not_grow_the_log(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.create(path, "paper", contracts(), {}, time.time_ns) as journal:
        before = verify(path)
        journal.reserve()
        size = (tmp_path / "journal.sqlite-wal").stat().st_size
        assert verify(path) == before
        with contextlib.closing(sqlite3.connect(path)) as db:
            assert not db.execute("SELECT name FROM sqlite_schema WHERE name = 'reserved'").fetchall()
        for bar in range(50):
            journal.write_ahead(Kind.BAR, bar_ns(bar), bar_record(bar))
            journal.close_link(bar_ns(bar))
        assert (tmp_path / "journal.sqlite-wal").stat().st_size == size > 1_000_000
    assert verify(path).links == 51
    assert not (tmp_path / "journal.sqlite-wal").exists()
