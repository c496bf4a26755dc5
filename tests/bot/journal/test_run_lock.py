"""The lock of a journal, between real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders import ROOT

from bot.errors import MesbotError
from bot.journal.run_lock import JournalInUse, RunLock, held_by

HOLD = """
import sys
from pathlib import Path
from bot.journal.run_lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
ASK = """
import sys
from pathlib import Path
from bot.journal.run_lock import held_by
print("asking", flush=True)
while True:
    held_by(Path(sys.argv[1]))
"""


@contextmanager
def holder(journal: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, str(journal)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal that does not exist yet, in a folder that does not either."""
    return tmp_path / "journals" / "paper-DU1-2025.sqlite"


def test_nobody_holds_the_lock_of_a_journal_that_was_never_locked_and_asking_makes_no_file(journal):
    assert held_by(journal) is None
    assert not journal.parent.exists()


def test_the_holder_is_named_while_it_holds_and_nobody_afterwards(journal):
    with RunLock(journal):
        assert held_by(journal) == os.getpid()
        assert journal.with_name("paper-DU1-2025.sqlite.lock").read_text() == f"{os.getpid()}\n"
    assert held_by(journal) is None


def test_a_second_taker_is_refused_with_process_and_journal_in_one_sentence(journal):
    with holder(journal) as other:
        with pytest.raises(JournalInUse) as caught, RunLock(journal):
            pass
        assert f"{journal} is in use by process {other.pid};" in str(caught.value)
        assert "\n" not in str(caught.value) and caught.value.exit_code == 1
        assert held_by(journal) == other.pid  # refusing took nothing from it


def test_a_second_taker_in_the_same_process_is_refused_too(journal):
    with RunLock(journal), pytest.raises(JournalInUse, match=f"process {os.getpid()}"), RunLock(journal):
        pass


def test_a_killed_holder_leaves_no_lock_behind(journal):
    with holder(journal) as other:
        assert held_by(journal) == other.pid
        os.kill(other.pid, signal.SIGKILL)
        assert other.wait() == -signal.SIGKILL
    assert held_by(journal) is None
    with RunLock(journal):
        assert held_by(journal) == os.getpid()


def test_a_holder_that_ends_by_itself_lets_go(journal):
    with holder(journal) as other:
        other.stdin.close()
        assert other.wait() == 0
    with RunLock(journal):
        pass


def test_a_failure_inside_lets_go(journal):
    with pytest.raises(ZeroDivisionError), RunLock(journal):
        raise ZeroDivisionError
    assert held_by(journal) is None


def test_journals_are_locked_each_for_itself(journal):
    other = journal.with_name("live-U1-2025.sqlite")
    with RunLock(journal), RunLock(other):
        assert held_by(other) == os.getpid()
    with RunLock(journal):
        assert held_by(other) is None


def test_asking_again_and_again_never_keeps_anybody_out(journal):
    with RunLock(journal):
        pass
    with subprocess.Popen([sys.executable, "-c", ASK, str(journal)], stdout=subprocess.PIPE, text=True, cwd=ROOT) as asker:
        try:
            assert asker.stdout.readline() == "asking\n"
            for _ in range(50):
                with RunLock(journal):
                    pass
        finally:
            asker.kill()


@pytest.mark.parametrize(
    ("home", "code", "told"),
    [
        ("state", 2, "file cannot be written (File exists); name another folder with --out."),
        (".", 1, "file/j.sqlite.lock cannot be written (File exists); set MESBOT_HOME to a folder that can."),
    ],
)
def test_a_place_that_cannot_be_written_is_one_sentence_with_the_remedy_that_fits_it(tmp_path, monkeypatch, home, code, told):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / home))
    with pytest.raises(MesbotError) as refused, RunLock(tmp_path / "file" / "j.sqlite"):
        pass
    assert refused.value.exit_code == code and str(refused.value).endswith(told)
