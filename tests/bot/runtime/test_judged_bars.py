"""What a restart is told of the bars that earlier runs have judged."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from builders import CONTRACTS
from journal_steps import at

from bot.journal import schema
from bot.journal.records import BarRecord, Kind
from bot.journal.store import Journal
from bot.market.bar import Bar
from bot.quality.price_level import JudgedBefore
from bot.runtime.judged_bars import judged_before

NAN = float("nan")


def record(close: float, *, rejected: bool) -> BarRecord:
    return BarRecord(250.0, 260.0, 240.0, close, 7, rejected, "range", 2, 0.9, 1.0, [], 0.8, [], {"vwap_z": NAN})


def written(path: Path, *bars: tuple[int, float, bool]) -> Path:
    """Bars by minute, close and whether they were rejected."""
    with Journal.append(path, "paper", CONTRACTS, {}, lambda: 1) as journal:
        for minute, close, rejected in bars:
            journal.add(Kind.BAR, at(minute), record(close, rejected=rejected))
            journal.close_link(at(minute))
    return path


def ticks(minute: int, close: int) -> Bar:
    return Bar(at(minute), 1000, 1040, 960, close, 7)


def test_where_nobody_ran_nothing_was_judged():
    assert judged_before([]) == JudgedBefore()
    assert JudgedBefore().until_ns == 0


def test_each_bar_has_its_word_and_the_row_since_the_last_believed_one_is_kept(tmp_path):
    path = written(tmp_path / "a.sqlite", (1, 249.0, True), (2, 250.0, False), (3, 251.0, True), (4, NAN, True), (5, 252.0, True))
    found = judged_before([path])
    assert found.believed == {at(1): False, at(2): True, at(3): False, at(4): False, at(5): False}
    assert (found.last, found.since) == (ticks(2, 1000), (ticks(3, 1004), None, ticks(5, 1008)))
    assert found.until_ns == at(5)


def test_a_minute_that_came_again_and_was_rejected_then_was_believed(tmp_path):
    path = written(tmp_path / "a.sqlite", (1, 250.0, False), (1, 250.0, True))
    assert judged_before([path]).believed == {at(1): True}


def test_journals_go_on_from_each_other_and_a_row_runs_over_their_edge(tmp_path):
    first = written(tmp_path / "a.sqlite", (1, 250.0, False), (2, 251.0, True))
    second = written(tmp_path / "b.sqlite", (3, 252.0, True))
    empty = tmp_path / "c.sqlite"
    sqlite3.connect(empty).close()
    found = judged_before([first, second, empty])
    assert (found.last, found.since, found.until_ns) == (ticks(1, 1000), (ticks(2, 1004), ticks(3, 1008)), at(3))
    third = written(tmp_path / "d.sqlite", (4, 253.0, False))
    assert judged_before([first, second, third])[1:] == (ticks(4, 1012), ())


def test_a_journal_whose_schema_is_there_and_empty_says_nothing(tmp_path):
    db = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    schema.install(db)
    db.close()
    assert judged_before([tmp_path / "a.sqlite"]) == JudgedBefore()
