"""Looks at a journal again and again, in a thread of its own, so that a page only ever shows what is at hand."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bot.contracts import Contracts
from bot.dashboard.now import Now, now_of, session_open, why_stale
from bot.dashboard.target import Target, target_of
from bot.dashboard.today import Today
from bot.errors import MesbotError
from bot.journal.run_lock import held_by
from bot.node.kill_request import ALL, request_path
from bot.units import SECOND_NS

LOOK_SECONDS, FORGET_SECONDS = 0.25, 3.0


class Seen(NamedTuple):
    """What was seen last. `now` is None as long as nothing could be read; `trouble` is why it is not of this moment, "" if it is.

    `number` counts what was seen, so that a page knows what is new; `at_ns` is when (wall, UTC ns). `can_be_asked` says whether a verb
    of an operator could be carried out, and so it does of what cannot be read.
    """

    number: int = 0
    at_ns: int = 0
    target: Target | None = None
    now: Now | None = None
    today: Today | None = None
    trouble: str = "Nothing has been read yet."
    can_be_asked: bool = True


class Watch:
    """`find` says which journal (it may raise), `contracts` reads those at hand. Whatever goes wrong is told in `seen.trouble`."""

    def __init__(self, find: Callable[[], Path], contracts: Callable[[], Contracts], clock: Callable[[], int] = time.time_ns) -> None:
        self._find, self._contracts, self._clock = find, contracts, clock
        self.seen = Seen()
        self._stamp: object = None
        self._file: object = None
        self._law: Contracts
        self._folded_ns = 0
        self._over = threading.Event()

    def begin(self) -> None:
        """Look from now on, until `end`."""
        threading.Thread(target=self._run, name="mesbot-dashboard", daemon=True).start()

    def end(self) -> None:
        """Look no more."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Read what is new. Nothing is raised: a page that says nothing would be taken for good news."""
        try:
            self._look()
        except MesbotError as error:
            self._told(str(error))
        except Exception as error:
            self._told(f"The dashboard cannot read the journal; a fault of the program, not of yours: {type(error).__name__}: {error}.")

    def _look(self) -> None:
        path, now_ns = self._find(), self._clock()
        running = held_by(path)
        stamp = (path, running, _stamp(path))
        seen = self.seen
        if stamp != self._stamp or seen.now is None or now_ns - self._folded_ns > FORGET_SECONDS * SECOND_NS:
            target = target_of(path)
            if seen.now is None:  # the verbs need to know whose it is, whatever else cannot be read
                self.seen = seen = seen._replace(target=target)
            contracts = self._contracts()
            now = now_of(target, contracts, now_ns)
            file = (path, path.stat().st_ino)  # a new replay puts another file in the place of the one before
            today = seen.today if seen.today is not None and file == self._file else Today(path, contracts.filter)
            today.read()
            self._law, self._file, self._stamp, self._folded_ns = contracts, file, stamp, now_ns
            seen = seen._replace(target=target, now=now, today=today)
        trouble = why_stale(seen.now, now_ns, session_open(self._law, seen.now, now_ns))
        can_be_asked = seen.target is None or seen.target.can_be_asked(running)
        self.seen = seen._replace(number=seen.number + 1, at_ns=now_ns, trouble=trouble, can_be_asked=can_be_asked)

    def _told(self, trouble: str) -> None:
        self._stamp = None
        self.seen = self.seen._replace(number=self.seen.number + 1, at_ns=self._clock(), trouble=trouble, can_be_asked=True)


def _stamp(path: Path) -> tuple[object, ...]:
    """Differs when something was written, or something was asked for."""
    files = (path, path.with_name(f"{path.name}-wal"))
    written = [(stat.st_mtime_ns, stat.st_size) for each in files if (stat := _stat(each)) is not None]
    return (*written, *(request_path(path, what).exists() for what in ALL))


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
