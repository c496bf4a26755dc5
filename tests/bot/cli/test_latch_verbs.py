"""What a person sees of the latch beside a journal: status, verify, check, kill and resume."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from builders import CONTRACTS
from click.testing import CliRunner, Result
from test_operate_command import HALF_PAST_TEN, HALTED, kills, write

from bot.cli.main import cli
from bot.decision.snapshot import KillState
from bot.errors import JournalError
from bot.journal.file import JournalFile
from bot.journal.latch import Latch, Latched, latch_path, read_latch
from bot.journal.records import KillRecord, Kind
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.node.check.machine import journal_item

RESUME = ("resume", "--reason", "looked at, flat")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setattr("bot.node.kill_follow.WAIT_SECONDS", 0.2)
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def killed_on_a_full_disk(monkeypatch: pytest.MonkeyPatch, *states: str, open_intent: bool = False) -> Path:
    """A journal that says ARMED, whose process tripped the switch while nothing could be written, and died."""
    path = write("paper-DU1-2025", open_intent=open_intent)
    journal = Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1)

    def full(*_: object, **__: object) -> None:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "commit", full)
        for state in states:
            with pytest.raises(JournalError):
                journal.write_ahead(Kind.KILL, HALF_PAST_TEN, KillRecord(state, "connection lost"))
    journal._file.close()
    return path


def status(run: Callable[..., Result]) -> dict:
    return json.loads(run("status", "--json").output)[0]


@pytest.mark.parametrize("states", [HALTED[:1], HALTED])
def test_a_kill_that_only_the_latch_knows_is_in_force_and_told(run, monkeypatch, states):
    path = killed_on_a_full_disk(monkeypatch, *states)
    found = status(run)
    assert found["kill"] == {"state": states[-1], "reason": "connection lost", "since_ns": 0}
    (told,) = found["told"]
    assert told.startswith(f"{path} leaves its kill switch ARMED, its latch {states[-1]} (connection lost): not both could be written.")
    assert f" latch {told}" in " ".join(run("status").output.split())
    assert f"Latch: {told}" in " ".join(run("journal", "verify", "--journal", path).output.split())
    item = journal_item(path.parent.parent)
    assert told in item.found


def test_it_is_resumed_like_any_other_and_the_journal_tells_both(run, monkeypatch):
    path = killed_on_a_full_disk(monkeypatch, *HALTED)
    result = run(*RESUME)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:2] == ["PAPER DU1: HALTED -> ARMED", "Tripped: connection lost"]
    assert [state for state, _ in kills(path)] == ["HALTED", "ARMED"]
    assert (status(run)["kill"]["state"], status(run)["told"]) == ("ARMED", [])


def test_with_a_position_that_may_be_open_it_is_for_the_bot_to_flatten(run, monkeypatch):
    killed_on_a_full_disk(monkeypatch, "TRIPPED", open_intent=True)
    result = run(*RESUME)
    assert result.exit_code == 3
    assert "PAPER DU1 is TRIPPED with 20250916-K1-1030 unfinished" in result.stderr


def test_a_damaged_latch_halts_until_it_is_resumed(run):
    path = write("paper-DU1-2025")
    latch_path(path).write_bytes(b"?" * 8192)
    assert status(run)["kill"]["state"] == "HALTED"
    assert "is damaged. The kill switch is HALTED; it stays so until `mesbot resume --reason" in run("status").output
    assert run(*RESUME).exit_code == 0
    assert (status(run)["kill"]["state"], status(run)["told"], read_latch(path).state) == ("ARMED", [], "ARMED")


def test_a_missing_latch_is_told_once_there_was_something_to_latch(run):
    path = write("paper-DU1-2025", *HALTED)
    latch_path(path).unlink()
    (told,) = status(run)["told"]
    assert told.endswith("is missing, so the journal alone says that the kill switch is HALTED; the next start makes it anew.")
    assert run(*RESUME).exit_code == 0
    assert latch_path(path).exists()


@pytest.mark.parametrize("words", [("status",), RESUME, ("kill", "--reason", "enough"), ("journal", "verify", "--journal", "PATH")])
def test_a_journal_that_was_cut_before_its_kill_is_one_sentence_for_every_verb(run, words):
    path = write("paper-DU1-2025")
    before = path.read_bytes()
    write("paper-DU1-2025", *HALTED)
    path.write_bytes(before)
    result = run(*(path if word == "PATH" else word for word in words))
    assert result.exit_code == 1 and "Traceback" not in result.output
    assert f"{path} is broken: link 4 with the head" in result.stderr and "the journal was cut or replaced" in result.stderr
    assert path.read_bytes() == before


def test_resume_that_cannot_reach_the_latch_arms_nothing(run, monkeypatch):
    path = write("paper-DU1-2025", *HALTED)

    def fails(self: Latch) -> None:
        raise JournalError("the latch cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(Latch, "after", fails)
        result = run(*RESUME)
    assert (result.exit_code, result.stderr) == (1, "the latch cannot be written\n")
    assert status(run)["kill"]["state"] == "HALTED"
    assert run(*RESUME).exit_code == 0
    assert verify(path).told == ()


def test_a_running_bot_that_halted_on_a_full_disk_is_known_by_its_latch(run):
    path = write("paper-DU1-2025")
    with RunLock(path):
        Latch.of(path, Latched(KillState.HALTED, "manual"))
        result = run("kill", "--reason", "enough")
    assert result.exit_code == 0, result.output
    assert "PAPER DU1 is HALTED by its latch, for the journal cannot be written: manual; look at TWS too." in result.output


def test_a_damaged_latch_is_no_halt_of_a_running_bot(run):
    path = write("paper-DU1-2025")
    with RunLock(path):
        latch_path(path).write_bytes(b"?" * 8192)
        result = run("kill", "--reason", "enough")
    assert result.exit_code == 1
    assert "Not halted after 0.2 s: the bot has not answered" in result.stderr


def test_a_running_bot_that_could_write_only_the_beginning_of_its_halt_is_known_by_its_latch_too(run, monkeypatch):
    path = write("paper-DU1-2025")

    def asked(*_: object) -> None:
        with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, time.time_ns) as journal:
            journal.write_ahead(Kind.KILL, HALF_PAST_TEN, KillRecord("TRIPPED", "manual"))
        Latch.of(path, msgspec.structs.replace(read_latch(path), state=KillState.HALTED))

    monkeypatch.setattr("bot.node.kill.leave_request", asked)
    with RunLock(path):
        result = run("kill", "--reason", "enough")
    assert result.exit_code == 0, result.output
    first, last = result.output.splitlines()
    assert " s  TRIPPED " in first and last.startswith("PAPER DU1 is HALTED by its latch, for the journal cannot be written")
