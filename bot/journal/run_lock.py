"""Which process writes a journal: an exclusive advisory lock of the operating system on the file `<journal>.lock`.

The kernel lets go of it when its process ends, however it ends, so it is never stale; the file stays. It does not
keep out a program that does not ask, and promises nothing on a network file system. A process forked from the
holder holds it too.

Its file's time of change says when a run that follows a market was last alive: its event loop touches it each second.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from bot.errors import MesbotError, NotOurs, UsageError
from bot.own_files import opened_own, require_ours, run_folder
from bot.state_folder import state_folder
from bot.units import SECOND_NS

PATIENCE_SECONDS, POLL_SECONDS = 0.5, 0.01  # somebody who only looks (`held_by`) has the lock for a moment


class JournalInUse(MesbotError):
    """Another process holds the lock of a journal."""


class RunLock:
    """Holds the lock of a journal, which need not exist yet, while its `with` block runs.

    Entering it waits half a second at most. Raises JournalInUse, one sentence with process id and journal, if another
    holds the lock; in the state folder MesbotError if the lock file cannot be made, NotOurs if it is not ours; elsewhere UsageError.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._file = -1

    def __enter__(self) -> Self:
        self._file = _opened(self._journal)
        try:
            self._take()
            _write(self._file, f"{os.getpid()}\n")
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        _write(self._file, "")
        _unlock(self._file)
        os.close(self._file)

    def _take(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not _lock(self._file, alone=True):
            if time.monotonic() >= until:
                raise JournalInUse(
                    f"{self._journal} is in use by process {_pid(self._file) or 'unknown'}; "
                    "stop that run first, or wait until it has ended."
                )
            time.sleep(POLL_SECONDS)


def held_by(journal: Path) -> int | None:
    """The id of the process that holds a journal's lock; None if nobody does, 0 if it has not said its id yet."""
    try:
        file = os.open(_path(journal), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if not _lock(file, alone=False):
            return _pid(file)
        _unlock(file)
        return None
    finally:
        os.close(file)


def sign_of_life(journal: Path) -> None:
    """Whoever holds the lock is alive at this moment; a file that cannot be touched says nothing."""
    with suppress(OSError):
        os.utime(_path(journal))


def silent_seconds(journal: Path, began_ns: int, now_ns: int) -> float:
    """How long the run that began then (wall, UTC ns) has given no sign of life; 0 if it has given none yet, as a backtest never does."""
    try:
        last_ns = _path(journal).stat().st_mtime_ns
    except OSError:
        return 0.0
    return max(now_ns - last_ns, 0) / SECOND_NS if last_ns > began_ns else 0.0


def _path(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.lock")


def _opened(journal: Path) -> int:
    path = _path(journal)
    try:
        require_ours(path)
    except NotOurs as error:
        if _is_kept(path):
            raise
        raise UsageError(str(error)) from None  # a person has named the folder
    try:
        run_folder(path.parent)
        return opened_own(str(path), os.O_RDWR | os.O_CREAT)
    except OSError as error:
        if path.is_relative_to(state_folder()):
            raise MesbotError(f"{path} cannot be written ({error.strerror}); set MESBOT_HOME to a folder that can.") from None
        raise UsageError(f"{path.parent} cannot be written ({error.strerror}); name another folder with --out.") from None


def _is_kept(path: Path) -> bool:
    """Whether it is in the state folder, which nobody names from run to run; also where that is not ours itself."""
    try:
        return path.is_relative_to(state_folder())
    except MesbotError:
        return True


def _pid(file: int) -> int:
    os.lseek(file, 0, os.SEEK_SET)
    text = os.read(file, 32).strip()
    return int(text) if text.isdigit() else 0


def _write(file: int, text: str) -> None:
    os.lseek(file, 0, os.SEEK_SET)
    os.ftruncate(file, 0)
    os.write(file, text.encode())


if sys.platform == "win32":
    import msvcrt

    LOCKED_BYTE = 4096  # a locked byte cannot be read there, so it is one beyond the process id

    def _lock(file: int, alone: bool) -> bool:  # there is no shared lock: two who look may take each other for a holder
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: int) -> None:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int, alone: bool) -> bool:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
