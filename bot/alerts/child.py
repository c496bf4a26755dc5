"""The notifier beside a run: a process of its own, started with it, watched, and started again if it dies.

The run waits for it once, at its start, and never again: what is told is read from the journal.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from bot.alerts.addresses import wanted
from bot.errors import UsageError

READY = "ready"  # what it says when it follows the journal
START_SECONDS, END_SECONDS = 30.0, 5.0
AGAIN_SECONDS = (1.0, 5.0, 30.0, 60.0)  # after it has died once, twice, ...
USAGE = UsageError.exit_code


class Notifier:
    """Runs while its `with` block does, where the environment asks for alerts. `say` takes a line for a person, from another thread.

    Entering it raises UsageError, the notifier's own sentence, if what the environment or config/alerts.yaml says cannot be.
    """

    def __init__(self, journal: Path, say: Callable[[str], None]) -> None:
        self._journal, self._say = journal, say
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="mesbot-notifier", daemon=True)

    def __enter__(self) -> Self:
        if wanted(os.environ):
            code, said = self._start()
            if code == USAGE:
                raise UsageError(said)
            self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """It tells what is left within END_SECONDS; one that cannot goes on by itself for a while, and the run has ended."""
        self._ending.set()
        if self._process is None:
            return
        self._let_go()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._say("The notifier has alerts left that a service does not take; it tries a little longer, and keeps the rest.")

    def _start(self) -> tuple[int | None, str]:
        """Its exit code and what it said, if it did not come so far as to follow the journal; (None, "") if it did."""
        words = [sys.executable, "-P", "-m", "bot.cli", "alerts", "run", "--beside"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._process = process = subprocess.Popen(words, start_new_session=True, **pipes)
        slow = threading.Timer(START_SECONDS, process.kill)
        slow.start()
        with suppress(OSError):  # then it has ended already, and says why
            process.stdin.write(f"{self._journal.resolve()}\n".encode())  # not a word of the command: its name holds the account
            process.stdin.flush()
        said: list[str] = []
        for line in process.stdout:
            if (text := line.decode(errors="replace").strip()) == READY:
                slow.cancel()
                return None, ""
            said.append(text)
        slow.cancel()
        return process.wait(), " ".join(said).strip() or f"it did not start within {START_SECONDS:g} s"

    def _watch(self) -> None:
        """Start it again whenever it ends before it is asked to; the same trouble is said once."""
        deaths, told = 0, ""
        while not self._ending.is_set():
            code = self._process.wait()
            if self._ending.wait(AGAIN_SECONDS[min(deaths, len(AGAIN_SECONDS) - 1)]):
                return
            deaths += 1
            self._let_go()
            try:
                _, said = self._start()
            except OSError as error:
                said = f"it cannot be started ({error.strerror})"
            now = f"and does not start: {said}" if said else "and was started again"
            if said != told or not said:
                self._say(f"The notifier had ended (exit code {code}) {now}; the trading goes on without it.")
            told = said

    def _let_go(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what it never read
                pipe.close()
