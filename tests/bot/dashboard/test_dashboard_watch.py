"""What is seen of a journal is told with why it is old, whatever becomes of the file: nothing good that is not known."""

from __future__ import annotations

import shutil
import sqlite3
import time

import pytest
from builders import CONTRACTS
from dashboard_journals import TEN_31, account_journal

from bot.dashboard.today import Today
from bot.dashboard.watch import Watch
from bot.errors import ContractError, JournalError, UsageError
from bot.journal.records import DayRecord, Kind
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal


def watch(path, contracts=lambda: CONTRACTS, clock=time.time_ns) -> Watch:
    made = Watch(lambda: path, contracts, clock)
    made.look()
    return made


def test_before_the_first_look_nothing_is_known(state):
    seen = Watch(lambda: account_journal(state), lambda: CONTRACTS).seen
    assert seen.now is None and seen.trouble == "Nothing has been read yet."


def test_a_bot_that_runs_is_shown_and_that_it_stopped_is_said_at_the_next_look(state):
    path = account_journal(state, wall_ns=TEN_31)
    with RunLock(path):
        made = watch(path, clock=lambda: TEN_31 + 1)
        assert made.seen.trouble == "" and made.seen.now.status.running is not None
    made.look()
    assert made.seen.trouble.startswith("No bot runs: this is what its journal says as of 2025-09-16 10:31 New York.")


def test_what_could_be_read_stays_and_is_told_as_old_when_the_journal_cannot_be_read_any_more(state):
    path = account_journal(state)
    made = watch(path)
    before = made.seen.now
    path.write_bytes(b"no database at all" * 100)
    made.look()
    assert made.seen.now == before and "cannot be" in made.seen.trouble and made.seen.trouble.count("\n") == 0


def test_a_journal_of_another_version_is_one_sentence(state):
    path = account_journal(state)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    seen = watch(path).seen
    assert seen.now is None and "its schema version is 99, this program reads 1" in seen.trouble


def test_a_journal_that_somebody_locks_is_one_sentence(state, monkeypatch):
    path = account_journal(state)
    monkeypatch.setattr("bot.journal.connect.sqlite3.connect", lambda *words, **how: sqlite3_connect(*words, **how, timeout=0.05))
    holder = sqlite3.connect(path)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert "locked" in watch(path).seen.trouble
    finally:
        holder.close()


sqlite3_connect = sqlite3.connect


@pytest.mark.parametrize("error", [ContractError("risk.yaml: broken"), OSError("gone"), RuntimeError("a fault")])
def test_whatever_goes_wrong_is_said_and_nothing_is_raised(state, error):
    def fails():
        raise error

    seen = watch(account_journal(state), contracts=fails).seen
    assert seen.now is None and str(error) in seen.trouble


def test_another_file_in_the_same_place_is_read_anew(state, tmp_path):
    path = account_journal(state, held=True)
    made = watch(path)
    assert len(made.seen.today.rows) == 10 and made.seen.today.marks
    shutil.move(path, tmp_path / "before.sqlite")
    account_journal(state)
    made.look()
    assert len(made.seen.today.rows) == 10 and not made.seen.today.marks


def test_each_look_is_counted(state):
    made = watch(account_journal(state))
    number = made.seen.number
    made.look()
    assert made.seen.number == number + 1


def test_the_verbs_know_whose_it_is_though_nothing_else_can_be_read(state):
    def unreadable() -> None:
        raise UsageError("The contracts cannot be read.")

    path = account_journal(state)
    watch = Watch(lambda: path, unreadable)
    watch.look()
    assert watch.seen.now is None and watch.seen.target.path == path and "cannot be read" in watch.seen.trouble


def test_a_decision_that_cannot_be_read_is_told_at_every_look(state):
    path = account_journal(state)
    today = Today(path, "V1")
    today.read()
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        journal.add(Kind.DECISION, TEN_31, DayRecord("2025-09-16", 1), "K1")
    for _ in range(2):
        with pytest.raises(JournalError):
            today.read()
    assert len(today.rows) == 10


def test_the_verbs_are_offered_where_somebody_can_carry_them_out_or_nothing_is_known(state, tmp_path):
    assert Watch(lambda: tmp_path, lambda: CONTRACTS).seen.can_be_asked, "not looked yet"
    account, replay = account_journal(state), tmp_path / "journal.sqlite"
    Journal.create(replay, "paper", CONTRACTS, {}, lambda: 1).close()
    assert watch(account).seen.can_be_asked, "latched where no bot runs"
    made = watch(replay)
    assert not made.seen.can_be_asked
    with RunLock(replay):
        made.look()
        assert made.seen.can_be_asked
    made.look()
    assert not made.seen.can_be_asked
    replay.write_bytes(b"no database at all" * 100)
    made.look()
    assert made.seen.can_be_asked, "what cannot be read may be one that runs"
