"""A watch from outside the event loop: a node whose loop does not turn any more is ended, so that a person hears of it and starts it again.

A loop that one of our tasks never gives back hears no broker, no kill and no signal. Its brackets work at the broker, and the journal
holds what the next start adopts, as after any sudden end. A thread counts the seconds; where not even threads get their turn,
Python's own fault handler ends the process, with the stack and without a sentence.

It promises nothing about a loop that turns and does the wrong things.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from bot.own_files import opened_own

STARVED_SECONDS = 10.0  # of a machine that runs
FROZEN_TIMES = 6  # so many times that, before Python's own handler ends a process in which no thread gets its turn
EXIT_CODE = 70  # sysexits: an internal fault
TELL_SECONDS, PASS_ON_SECONDS = 1.0, 0.2  # on standard error, and for whoever passes that on (bot.node.output)


class Watchdog:
    """Watches the running loop from `begin` to `end`. What it has to say goes to stderr and to `path`, which is left only by a fault.

    `tick_seconds`: how often the loop must turn; `turned` is called when it does. A suspended machine counts as no time, for the watch
    stands still as well.
    """

    def __init__(
        self,
        path: Path,
        turned: Callable[[], None] = lambda: None,
        *,
        starved_seconds: float = STARVED_SECONDS,
        tick_seconds: float = 1.0,
    ) -> None:
        self._path, self._limit, self._tick = path, round(starved_seconds / tick_seconds), tick_seconds
        self._turned = turned
        self._missed, self._armed_at = 0, 0.0
        self._over = threading.Event()
        self._beat: asyncio.TimerHandle | None = None
        self._file: IO[str] | None = None

    def begin(self) -> None:
        """Watch the loop that runs now; nothing if it is watched already."""
        if self._beat is not None:
            return
        self._file = open_quietly(self._path)
        self._turn()
        threading.Thread(target=self._watch, name="mesbot-watchdog", daemon=True).start()

    def end(self) -> None:
        """The loop ends of its own will."""
        self._over.set()
        if self._beat is not None:
            self._beat.cancel()
            faulthandler.cancel_dump_traceback_later()
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None

    def lives(self) -> None:
        """Work is getting done, though the loop has had no turn: a start's history comes as one long piece."""
        self._missed, now = 0, time.monotonic()
        if now - self._armed_at >= self._tick:
            self._armed_at = now
            self._turned()
            after = FROZEN_TIMES * self._limit * self._tick
            faulthandler.dump_traceback_later(after, exit=True, file=self._file or sys.__stderr__)

    def _turn(self) -> None:
        self.lives()
        self._beat = asyncio.get_running_loop().call_later(self._tick, self._turn)

    def _watch(self) -> None:
        while not self._over.wait(self._tick):
            self._missed += 1
            if self._missed > self._limit:
                self._finish()

    def _finish(self) -> None:
        """Say why, where the loop is, and end at once: nothing can be put in order by a loop that does not turn."""
        moment = time.strftime("%Y-%m-%d %H:%M:%S %Z")
        text = (
            f"mesbot {os.getpid()} has ended itself at {moment}: its event loop has not turned for {self._limit * self._tick:g} s, so it "
            "heard neither the broker nor a kill. Orders and stops at the broker stay; start it again at once to have them managed, and "
            f"report {self._path}.\n"
        )
        _say(self._file, text)
        telling = threading.Thread(target=_say, args=(sys.__stderr__, text), daemon=True)
        telling.start()
        telling.join(TELL_SECONDS)  # a terminal may stand still
        time.sleep(PASS_ON_SECONDS)
        os._exit(EXIT_CODE)


def _say(file: IO[str] | None, text: str) -> None:
    """A disk that is full must not keep it from ending."""
    if file is not None:
        with contextlib.suppress(OSError, ValueError):
            file.write(text)
            file.flush()
            faulthandler.dump_traceback(file)
            file.flush()


def hung_path(journal: Path) -> Path:
    """Where a run that ended itself says why: beside its journal."""
    return Path(f"{journal}.hung")


def open_quietly(path: Path) -> IO[str] | None:
    """The file, empty; None if it cannot be written: a full disk must not keep a run from being watched."""
    try:
        return open(path, "w", encoding="utf-8", opener=opened_own)
    except OSError:
        return None
