"""Journals of an account with a latch, and processes that die (SIGKILL) while they write both.

As a script: `python latch_deaths.py FOLDER` does each of DEEDS in a fork a step, which kills itself there, and leaves the
files in FOLDER/DEED/STEP; the last step of a deed is the one at which nobody died. FOLDER/full/N are left by processes that
found the disk full when they wrote a kill of N records.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import scripted_run
from scripted_run import bar_ns

from bot.errors import JournalError
from bot.journal import latch
from bot.journal.file import JournalFile
from bot.journal.latch import HALF_BYTES
from bot.journal.records import KillRecord, Kind, OperatorRecord
from bot.journal.store import Journal

STATES = ("TRIPPED", "FLAT", "HALTED")
NAME = "live-U1-2025.sqlite"


def append(path: Path) -> Journal:
    return Journal.append(path, "live", scripted_run.contracts(), {"account": "U1"}, lambda: 1)


def kill(journal: Journal, *states: str) -> None:
    """What a person's kill writes, in one transaction."""
    journal.add(Kind.OPERATOR, bar_ns(2), OperatorRecord("kill", "enough"))
    for state in states:
        journal.add(Kind.KILL, bar_ns(2), KillRecord(state, "manual" if state == "TRIPPED" else "then"))
    journal.flush(durable=True)


def kill_by_steps(journal: Journal) -> None:
    """What a kill writes that takes its time."""
    for state in STATES:
        journal.write_ahead(Kind.KILL, bar_ns(2), KillRecord(state, "manual"))


def kill_in_no_words(journal: Journal) -> None:
    """A guard that failed at a file's name, which is no text: each name that os.fsdecode made may hold such a half of a character."""
    journal.write_ahead(Kind.KILL, bar_ns(2), KillRecord("TRIPPED", "a guard failed", "cannot read \udcff.csv"))


def arm(journal: Journal) -> None:
    """What `mesbot resume` writes."""
    journal.add(Kind.OPERATOR, bar_ns(3), OperatorRecord("resume", "flat"))
    journal.write_ahead(Kind.KILL, bar_ns(3), KillRecord("ARMED", "resumed by a person"))


def traded(path: Path, *states: str) -> Path:
    """A journal with bars, and a kill with these states if there are any."""
    with append(path) as journal:
        scripted_run.write(journal, 3)
        if states:
            kill(journal, *states)
    return path


DEEDS: dict[str, tuple[tuple[str, ...], Callable[[Journal], None]]] = {
    "kill": ((), lambda journal: kill(journal, "TRIPPED")),
    "whole kill": ((), kill_by_steps),
    "kill in no words": ((), kill_in_no_words),
    "resume": (STATES, arm),
}


def _dies_at(step: int, deed: Callable[[Journal], None], path: Path) -> bool:
    """Whether the fork died. Each write, of latch and journal, has a step before it and one after."""
    child = os.fork()
    if child == 0:
        journal, passed = append(path), 0

        def counted(write: Callable[..., None]) -> Callable[..., None]:
            def stepped(*words: object, **more: object) -> None:
                nonlocal passed
                for action in (lambda: None, lambda: write(*words, **more)):
                    action()
                    passed += 1
                    if passed == step:
                        os.kill(os.getpid(), signal.SIGKILL)

            return stepped

        JournalFile.commit, latch._sync = counted(JournalFile.commit), counted(latch._sync)  # type: ignore[method-assign]
        deed(journal)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _all_deaths(begun: Path, folder: Path, deed: Callable[[Journal], None]) -> None:
    step, died = 1, True
    while died:
        path = folder / f"{step:02}" / NAME
        path.parent.mkdir(parents=True)
        for file in begun.parent.glob(f"{NAME}*"):
            shutil.copy(file, path.parent)
        died, step = _dies_at(step, deed, path), step + 1


def _full_disk(path: Path, states: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True)
    traded(path)
    child = os.fork()
    if child == 0:
        journal = append(path)
        journal.reserve()
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * HALF_BYTES, 2 * HALF_BYTES))  # no byte beyond, as on a full disk
        try:
            kill(journal, *states)
        except JournalError:
            os._exit(0)
        os._exit("the disk was not full")
    assert os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    scripted_run.contracts()  # read once, before the forks
    made = Path(sys.argv[1])
    for name, (states, done) in DEEDS.items():
        start = made / f"{name} begun" / NAME
        start.parent.mkdir()
        _all_deaths(traded(start, *states), made / name, done)
    for number in (1, len(STATES)):
        _full_disk(made / "full" / f"{number}" / NAME, STATES[:number])
