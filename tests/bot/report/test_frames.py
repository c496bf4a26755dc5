"""Frames of a journal: every column documented, typed, in the zone New York, and the same as the journal's own views."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
import small_journal

from bot.decision.outcome import Mark
from bot.errors import JournalError, UsageError
from bot.journal.read import opened
from bot.journal.times import NEW_YORK
from bot.report import frames
from bot.report.frames import DTYPES, FRAMES
from bot.report.run import Run


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_journal.write(tmp_path_factory.mktemp("frames") / "journal.sqlite", bars=80, marks={1: Mark.HELD_OVER_GAP})


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_journal.write(tmp_path_factory.mktemp("frames") / "empty.sqlite", days=())


@pytest.mark.parametrize("name", FRAMES)
def test_every_column_says_what_it_is_once(name):
    names = [column.name for column in FRAMES[name].columns]
    assert len(set(names)) == len(names)
    assert all(column.words and column.kind in DTYPES for column in FRAMES[name].columns)


@pytest.mark.parametrize("name", FRAMES)
def test_a_column_has_the_type_of_its_kind_in_a_full_frame_and_an_empty_one(journal, empty, name):
    wanted = [str(pd.DatetimeTZDtype(tz=NEW_YORK)) if each.kind == "time" else DTYPES[each.kind] for each in FRAMES[name].columns]
    assert [str(dtype) for dtype in frames.frame(journal, name).dtypes] == wanted
    table = frames.frame(empty, name)
    assert [str(dtype) for dtype in table.dtypes] == wanted and table.empty


@pytest.mark.parametrize(("name", "view"), [(name, name) for name in FRAMES if name not in ("shadows", "states")])
def test_what_a_view_of_the_journal_has_too_is_the_same(journal, name, view):
    with opened(journal) as db:
        viewed = pd.read_sql_query(f"SELECT * FROM {view}", db)
    table = frames.frame(journal, name)
    assert len(table) == len(viewed) > 0
    for column in table.columns.intersection(viewed.columns):
        mine, its = ([None if pd.isna(value) else str(value) for value in each[column].astype(object)] for each in (table, viewed))
        if FRAMES[name].columns[list(table).index(column)].kind in ("whole", "number", "flag"):
            mine, its = ([None if pd.isna(value) else float(value) for value in each[column].astype(object)] for each in (table, viewed))
        assert mine == its, column


def test_trades_are_those_that_the_report_counts_with_the_plan_they_were_opened_by(journal):
    table, run = frames.trades(journal), Run.read(journal)
    assert list(table["seq"]) == [trade.seq for trade in run.trades]
    assert list(table["net_cents"]) == [trade.net_cents for trade in run.trades]
    assert list(table["stop"]) == [trade.entry_price - 2.0 for trade in run.trades]
    assert list(table["target"]) == [trade.entry_price + 3.0 for trade in run.trades]
    assert [str(mark) for mark in table["mark"].dropna()] == ["HELD_OVER_GAP"]


def test_a_time_is_new_yorks(journal):
    assert str(frames.trades(journal)["decided"].iloc[0]) == "2025-10-01 10:30:00-04:00"
    assert str(frames.bars(journal)["time"].iloc[0]) == "2025-10-01 09:31:00-04:00"


def test_shadows_say_which_gates_refused_them(journal):
    assert set(frames.shadows(journal)["gates"]) == {"DVS_BELOW_MINIMUM", "DVS_BELOW_MINIMUM K5_NOISE", "DVS_BELOW_MINIMUM QUARANTINED"}


def test_what_a_rejected_bar_did_not_have_is_nan(journal):
    table = frames.bars(journal)
    rejected = table[table["rejected"]]
    assert len(rejected) == 1 and rejected["open"].isna().all() and rejected["close"].notna().all()


def test_a_decision_without_a_plan_has_none(journal):
    table = frames.decisions(journal)
    with_plan = table[table["plan_side"].notna()]
    assert set(with_plan["strategy"]) == {"K1", "K2"}
    assert table.loc[table["plan_side"].isna(), ["entry", "stop", "target", "risk_cents"]].isna().all(axis=None)


def test_states_are_every_change(journal):
    assert [tuple(row) for row in frames.states(journal)[["strategy", "after", "throttle_level"]].itertuples(index=False)] == [
        ("K2", "QUARANTINED", 0),
        ("K1", "THROTTLED", 1),
    ]


def test_a_frame_that_does_not_exist_is_one_sentence_that_names_those_there_are(journal):
    with pytest.raises(UsageError, match='"orders" is no frame of a journal; there are trades, shadows'):
        frames.frame(journal, "orders")


def test_no_journal_and_another_database_are_one_sentence(tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        frames.trades(tmp_path / "none.sqlite")
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as db:
        db.execute("CREATE TABLE records (seq)")
    with pytest.raises(JournalError, match="not a journal of mesbot"):
        frames.trades(tmp_path / "other.sqlite")


def test_reading_changes_nothing(journal):
    before = journal.read_bytes()
    for name in FRAMES:
        frames.frame(journal, name)
    assert journal.read_bytes() == before
