"""A run that did not come to its end says so in every reading; one that did says what it left open."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_run import contracts, run, write

from bot.journal.read import headers, opened
from bot.journal.run_end import interrupted, open_at_end
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.journal.why import NoSuchBar, why


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def create(path: Path, *, resume: bool = False) -> Journal:
    return Journal.create(path, "backtest", contracts(), {}, lambda: 1, resume=resume)


def said(path: Path) -> str:
    with opened(path) as db:
        return interrupted(path, db, headers(db))


def ended(path: Path, what: dict[str, list[str]]) -> None:
    with create(path) as journal:
        write(journal, 3)
        journal.end(what)


def test_a_run_that_stops_without_a_word_was_interrupted_and_the_sentence_says_when_and_what_to_do(path):
    run(path, 3)
    assert said(path).startswith("INTERRUPTED: the run did not come to its end; its last record is of 2025-10-02 09:33 New York.")
    assert "--resume" in said(path)
    assert said(path) in why(path, "2025-10-02 09:31")
    with pytest.raises(NoSuchBar, match="INTERRUPTED: the run did not come to its end"):
        why(path, "2025-10-02 03:00")


def test_a_run_that_came_to_its_end_is_whole_and_has_the_same_head(path, tmp_path):
    ended(path, {})
    assert said(path) == ""
    assert "INTERRUPTED" not in why(path, "2025-10-02 09:31")
    assert verify(path).head == run(tmp_path / "other.sqlite", 3)
    with opened(path) as db:
        assert len(headers(db)) == 1


def test_a_run_that_is_still_running_was_not_interrupted(path):
    run(path, 3)
    with RunLock(path):
        assert said(path) == ""
    assert said(path) != ""


def test_an_interrupted_run_that_was_gone_on_with_is_whole(path):
    run(path, 2)
    with create(path, resume=True) as journal:
        write(journal, 3)
        journal.end({})
    assert said(path) == ""


def test_a_whole_run_that_is_derived_again_stays_whole(path):
    ended(path, {})
    with create(path, resume=True) as journal:
        write(journal, 3)
        journal.end({})
    assert said(path) == ""


def test_what_a_run_leaves_open_is_in_its_end(path):
    ended(path, {"open": ["The run ends in a trade: K1 long 1."]})
    with opened(path) as db:
        assert open_at_end(headers(db)) == ("The run ends in a trade: K1 long 1.",)
