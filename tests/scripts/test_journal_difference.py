"""Two journals differ in what differs, and in nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from builders import CONTRACTS

from bot.errors import JournalError
from bot.journal.records import Kind, QualityRecord
from bot.journal.store import Journal

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from journal_difference import differences


def written(path: Path, *penalties: float) -> str:
    with Journal.create(path, "backtest", CONTRACTS, {}, lambda: 0) as journal:
        for minute, penalty in enumerate(penalties):
            journal.add(Kind.QUALITY, minute, QualityRecord("DVS", "missing_gap", penalty))
    return str(path)


def test_equal_journals_differ_in_nothing(tmp_path):
    assert not differences(written(tmp_path / "a.sqlite", 0.5, 0.6), written(tmp_path / "b.sqlite", 0.5, 0.6))


def test_each_record_that_differs_is_counted_with_its_kind_and_fields(tmp_path):
    one, other = written(tmp_path / "a.sqlite", 0.5, 0.6, 0.7), written(tmp_path / "b.sqlite", 0.5, 0.1, 0.2)
    assert differences(one, other) == {"quality event: penalty": 2}
    assert not differences(one, other, "penalty")


def test_a_record_that_only_one_has_is_said(tmp_path):
    found = differences(written(tmp_path / "a.sqlite", 0.5), written(tmp_path / "b.sqlite", 0.5, 0.6))
    assert found == {"quality event: only in one of them": 1}


def test_what_is_no_journal_is_one_sentence(tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        differences(str(tmp_path / "none.sqlite"), str(tmp_path / "none.sqlite"))
