"""`mesbot lock` and `mesbot unlock` as a person runs them: what is asked, what is latched, what status says, what a restart finds."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import CONTRACTS
from click.testing import CliRunner, Result
from test_operate_command import HALF_PAST_TEN, HALTED, write

from bot.cli.main import cli
from bot.journal.read import opened, read
from bot.journal.records import Kind, OperatorRecord
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.node.check.items import Status
from bot.node.check.state_items import entry_lock_item
from bot.node.kill_request import ALLOW_ENTRIES, KILL, STOP_ENTRIES, leave_request, request_path
from bot.runtime.past import past_of
from bot.state_folder import remember_replay

LOCK, UNLOCK = ("lock", "--reason", "payrolls"), ("unlock", "--reason", "over")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state; nobody answers, so it does not wait long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr("bot.node.entry_lock.WAIT_SECONDS", 0.2)
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def operators(path: Path) -> list[tuple[str, str]]:
    with opened(path) as db:
        return [(record.body["action"], record.body["reason"]) for record in read(db, Kind.OPERATOR)]


def status(run: Callable[..., Result]) -> dict:
    return json.loads(run("status", "--json").output)[0]


def lies(path: Path) -> list[str]:
    """What is asked for beside a journal."""
    return [what for what in (STOP_ENTRIES, ALLOW_ENTRIES, KILL) if request_path(path, what).exists()]


@pytest.mark.parametrize("verb", ["lock", "unlock"])
def test_help_has_examples(run, verb):
    output = run(verb, "--help").output
    assert "Examples:" in output and f"mesbot {verb} --reason" in output


def test_where_nobody_runs_it_is_journaled_and_counts_from_the_next_start(run):
    path = write("paper-DU1-2025")
    result = run(*LOCK)
    assert (result.exit_code, result.output) == (0, "PAPER DU1: no bot runs; entries are locked until mesbot unlock.\n")
    assert (operators(path), lies(path), verify(path).unlinked) == ([("lock", "payrolls")], [], 0)
    lock = past_of([path]).entry_lock
    assert lock.reason == "payrolls" and lock.since_ns >= HALF_PAST_TEN


def test_status_and_the_checklist_say_who_since_when_why_and_what_ends_it(run):
    path = write("paper-DU1-2025")
    run(*LOCK)
    found = status(run)
    assert found["entry_lock"]["reason"] == "payrolls" and found["kill"]["state"] == "ARMED"
    (lock,) = found["counters"]["locks"]
    assert lock.startswith("by a person since 20") and lock.endswith(": payrolls; until mesbot unlock")
    assert lock in run("status").output
    item = entry_lock_item(path.parent.parent)
    assert (item.status, item.remedy) == (Status.WARN, "`mesbot unlock --reason ...` lets entries pass again.")
    assert item.found.startswith("entries are locked; PAPER DU1: by a person since")
    assert not any("✓" in line or "PASS" in line for line in run("check").output.splitlines() if "entry lock" in line)
    run(*UNLOCK)
    assert (status(run)["entry_lock"], status(run)["counters"]["locks"]) == (None, [])
    assert entry_lock_item(path.parent.parent).found == "no person has locked entries"


def test_unlock_ends_it_and_a_second_time_there_is_nothing_to_end(run):
    path = write("paper-DU1-2025")
    run(*LOCK)
    assert run(*UNLOCK).output == "PAPER DU1: no bot runs; entries may pass again.\n"
    assert (operators(path), past_of([path]).entry_lock) == ([("lock", "payrolls"), ("unlock", "over")], None)
    again = run(*UNLOCK)
    assert (again.exit_code, again.output) == (0, "Nothing to unlock: no person has locked the entries of PAPER DU1.\n")
    assert len(operators(path)) == 2


def test_a_second_lock_says_what_the_first_one_was_and_both_are_journaled(run):
    old = write("paper-DU1-2025")
    assert "already" not in run(*LOCK).output
    since = past_of([old]).entry_lock.told
    again = run("lock", "--reason", "a walk")
    assert again.exit_code == 0
    assert f"locked until mesbot unlock. They were locked already {since}; the new reason stands in its place, and both" in again.output
    assert operators(old) == [("lock", "payrolls"), ("lock", "a walk")] and past_of([old]).entry_lock.reason == "a walk"
    write("paper-DU1-2026")
    told = json.loads(run(*LOCK, "--json").output)
    assert told["before"].endswith(": a walk") and "a walk" in told["said"]
    run(*UNLOCK)
    assert json.loads(run(*LOCK, "--json").output)["before"] == ""


def test_a_running_bot_that_is_locked_already_is_told_so(run, monkeypatch):
    monkeypatch.setattr("bot.node.entry_lock.WAIT_SECONDS", 30.0)
    path = write("paper-DU1-2025")
    run(*LOCK)

    def bot() -> None:
        while not request_path(path, STOP_ENTRIES).exists():
            time.sleep(0.01)
        with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, time.time_ns) as journal:
            journal.write_ahead(Kind.OPERATOR, HALF_PAST_TEN, OperatorRecord("lock", "again"))
        request_path(path, STOP_ENTRIES).unlink()

    with RunLock(path):
        answering = threading.Thread(target=bot)
        answering.start()
        told = run("lock", "--reason", "again").output
        answering.join()
    assert "They were locked already by a person since" in told and ": payrolls; the new reason" in told


def test_it_outlives_the_year(run):
    old, new = write("paper-DU1-2025"), None
    run(*LOCK)
    new = write("paper-DU1-2026")
    assert past_of([old, new]).entry_lock.reason == "payrolls"
    assert status(run)["entry_lock"]["reason"] == "payrolls"
    assert run(*UNLOCK).exit_code == 0
    assert past_of([old, new]).entry_lock is None and operators(new) == [("unlock", "over")]


def test_a_running_bot_that_does_not_answer_is_still_asked_and_that_is_said(run):
    path = write("paper-DU1-2025")
    with RunLock(path):
        result = run(*LOCK)
    assert (result.exit_code, lies(path), operators(path)) == (1, [STOP_ENTRIES], [])
    assert result.stderr.startswith("PAPER DU1 has not answered within 0.2 s; the request waits in ")
    assert status(run)["lock_request"] == "payrolls" and "lock request" in run("status").output
    if os.name != "nt":
        assert request_path(path, STOP_ENTRIES).stat().st_mode & 0o777 == 0o600


def test_a_running_bot_that_journals_it_has_answered(run, monkeypatch):
    monkeypatch.setattr("bot.node.entry_lock.WAIT_SECONDS", 30.0)
    path = write("paper-DU1-2025")

    def bot() -> None:
        for what, action in ((STOP_ENTRIES, "lock"), (ALLOW_ENTRIES, "unlock")):
            while not request_path(path, what).exists():
                time.sleep(0.01)
            with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, time.time_ns) as journal:
                journal.write_ahead(Kind.OPERATOR, HALF_PAST_TEN, OperatorRecord(action, "as asked"))
            request_path(path, what).unlink()

    with RunLock(path):
        answering = threading.Thread(target=bot)
        answering.start()
        locked, unlocked = run(*LOCK), run(*UNLOCK)
        answering.join()
    assert locked.output.startswith("PAPER DU1: entries are locked until mesbot unlock (2025-09-16 10:30 New York, after "), locked.output
    assert unlocked.output.startswith("PAPER DU1: entries may pass again (2025-09-16 10:30 New York, after ")


def test_a_lock_takes_back_an_unlock_that_nobody_has_carried_out(run):
    path = write("paper-DU1-2025")
    leave_request(path, "long ago", ALLOW_ENTRIES)
    run(*LOCK)
    assert lies(path) == [] and past_of([path]).entry_lock is not None


def test_unlock_takes_back_a_lock_that_nobody_has_carried_out(run):
    path = write("paper-DU1-2025")
    leave_request(path, "long ago", STOP_ENTRIES)
    assert run(*UNLOCK).exit_code == 0
    assert lies(path) == [] and past_of([path]).entry_lock is None


def test_it_is_no_kill_and_resume_does_not_end_it(run):
    path = write("paper-DU1-2025", *HALTED)
    run(*LOCK)
    leave_request(path, "on its way", STOP_ENTRIES)
    assert run("resume", "--reason", "looked").exit_code == 0
    assert status(run)["kill"]["state"] == "ARMED" and past_of([path]).entry_lock is not None and lies(path) == [STOP_ENTRIES]


def test_unlock_arms_no_kill_switch(run):
    write("paper-DU1-2025", *HALTED)
    run(*LOCK)
    run(*UNLOCK)
    assert status(run)["kill"]["state"] == "HALTED"


def test_of_several_that_are_locked_one_must_be_named(run):
    for account in ("DU1", "DU2"):
        write(f"paper-{account}-2025")
        run(*LOCK, "--account", account)
    result = run(*UNLOCK)
    assert (result.exit_code, result.stderr) == (2, "Which one is meant: PAPER DU1, PAPER DU2? Name it with --mode and --account.\n")
    assert run(*UNLOCK, "--account", "DU2").exit_code == 0


def test_a_replay_that_runs_is_locked_and_unlocked_and_one_that_has_ended_is_not(run, tmp_path):
    path = tmp_path / "out" / "journal.sqlite"
    path.parent.mkdir()
    Journal.create(path, "paper", CONTRACTS, {}, lambda: 1).close()
    remember_replay(path)
    with RunLock(path):
        assert run(*LOCK).exit_code == 1 and lies(path) == [STOP_ENTRIES]
        assert run(*UNLOCK).exit_code == 1 and lies(path) == [STOP_ENTRIES, ALLOW_ENTRIES]
    assert run(*LOCK).exit_code == 2 and run(*UNLOCK).exit_code == 2


@pytest.mark.parametrize("verb", ["lock", "unlock"])
def test_without_a_journal_or_a_reason_it_is_wrong_usage(run, verb):
    assert (run(verb, "--reason", "x").exit_code, run(verb, "--reason", " ").exit_code, run(verb).exit_code) == (2, 2, 2)


@pytest.mark.parametrize(("words", "said"), [(LOCK, {"locked": True}), (UNLOCK, {"unlocked": False})])
def test_for_a_program_it_is_one_object(run, words, said):
    write("paper-DU1-2025")
    found = json.loads(run(*words, "--json").output)
    assert said.items() <= found.items() and "DU1" in found["said"]


def test_a_journal_that_cannot_be_read_is_one_sentence_and_the_request_waits(run):
    path = write("paper-DU1-2025")
    path.write_bytes(b"no database at all" * 100)
    result = run(*LOCK)
    assert (result.exit_code, lies(path)) == (1, [STOP_ENTRIES]) and "Traceback" not in result.output


@pytest.mark.parametrize("action", ["lock-until", "LOCK", "", "stop entries"])
def test_an_operators_verb_that_is_unknown_ends_no_lock_and_is_none(run, action):
    path = write("paper-DU1-2025")
    for locked in (False, True):
        if locked:
            run(*LOCK)
        with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
            journal.write_ahead(Kind.OPERATOR, HALF_PAST_TEN, OperatorRecord(action, "?"))
        assert (past_of([path]).entry_lock is not None) == locked


def test_a_reason_that_would_steer_the_terminal_locks_all_the_same_and_steers_none(run):
    write("paper-DU1-2025")
    assert run("lock", "--reason", "x \x1b[31mred\nline").exit_code == 0
    shown = run("status").output
    assert "x ?[31mred line" in shown and "\x1b" not in shown
