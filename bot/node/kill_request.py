"""What a person asks of a running bot (a kill, a drill, that entries be locked or pass again): a small file beside the journal.

The bot takes it within a fraction of a second.
A kill's file goes away when what it asked for is on the disk, not before: where the bot dies first, the next start obeys it.
Only the user of the bot can ask: what another has put there, or a link, is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from bot.errors import MesbotError
from bot.own_files import own_file, why_not_ours, write_own

KILL, FOREIGN, DRILL = "kill", "kill-foreign", "drill"  # what can be asked for
STOP_ENTRIES, ALLOW_ENTRIES = "stop-entries", "allow-entries"  # as well; a file named "lock" is the run's own (run_lock.py)
REPLAY_HALTED = "the replay ends, and nothing is to be resumed: the next one begins anew"
"""What a halt means there, in place of the record's words, which are an account's."""
ALL = (KILL, FOREIGN, DRILL, STOP_ENTRIES, ALLOW_ENTRIES)
STRICTER = (KILL, FOREIGN, STOP_ENTRIES)  # asked for without their reason rather than not at all


def request_path(journal: Path, what: str = KILL) -> Path:
    """Where a request for the bot that writes a journal lies."""
    return Path(f"{journal}.{what}")


def leave_request(journal: Path, reason: str, what: str = KILL) -> None:
    """Ask for it, whole or not at all; what waits already stays asked for. Raises MesbotError if it cannot be written.

    On a full disk a kill or a lock is an empty file, which takes no room: a request without its reason is one.
    """
    path = request_path(journal, what)
    try:
        waits = waiting_request(journal, what)
        try:
            write_own(path, (reason if waits in (None, reason) else f"{waits}; {reason}").encode())
        except OSError:
            if what not in STRICTER:
                raise
            own_file(path)
    except OSError as error:
        instead = "close the position in TWS by hand" if what in (KILL, FOREIGN) else "nothing was asked for"
        raise MesbotError(f"{path} cannot be written ({error.strerror}); {instead}.") from None


def waiting_request(journal: Path, what: str = KILL) -> str | None:
    """The reason that was left, which stays; None if there is none of ours. One that cannot be read is a request all the same."""
    path = request_path(journal, what)
    if not path.exists() or why_not_ours(path):
        return None
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or "no reason given"
    except OSError as error:
        return f"a request that cannot be read ({error.strerror})"


def refused_request(journal: Path) -> str:
    """Why what lies in the place of a request is none, as a sentence: another user has put it there, or it is no file; "" if it is one."""
    why = next((found for what in ALL if (found := why_not_ours(request_path(journal, what)))), "")
    return f"No request is taken from there: {why}" if why else ""


class KillRequests:
    """What of one kind is asked for beside one journal, a kill or a lock, as the bot that runs takes it: each once.

    The file stays until it is `done`; one that was obeyed already and is found again by the next start is only obeyed again.
    """

    def __init__(self, journal: Path, what: str = KILL) -> None:
        self.journal, self.what = journal, what
        self._taken: str | None = None  # what the file says that lies there still

    @property
    def waits(self) -> bool:
        """Whether one lies there that was not taken."""
        return waiting_request(self.journal, self.what) not in (None, self._taken)

    def take(self) -> str | None:
        """The reason of one that waits, which from now on does not; None if none does."""
        before, self._taken = self._taken, waiting_request(self.journal, self.what)
        return self._taken if self._taken != before else None

    def done(self, reason: str) -> None:
        """It is on the disk what became of the one that was taken with this reason: its file goes, unless more is asked for since.

        A file that cannot be removed stays, and is not taken again before the next start.
        """
        if self._taken == reason == waiting_request(self.journal, self.what):
            with contextlib.suppress(MesbotError):
                withdraw_request(self.journal, self.what)
                self._taken = None


def withdraw_requests(journal: Path, kinds: Iterable[str] = ALL) -> None:
    """Remove all that was asked for. Raises MesbotError if one cannot be removed."""
    for what in kinds:
        withdraw_request(journal, what)


def withdraw_request(journal: Path, what: str = KILL) -> None:
    """Remove a request, so that no start carries it out. Raises MesbotError if it cannot be removed."""
    path = request_path(journal, what)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise MesbotError(f"{path} cannot be removed ({error.strerror}), and the next start would carry it out; remove it.") from None


def waiting_kill(journal: Path) -> str | None:
    """The reason of a kill that waits, with or without what is foreign; None if none does."""
    foreign = waiting_request(journal, FOREIGN)
    return waiting_request(journal) if foreign is None else f"{foreign} (what is foreign included)"
