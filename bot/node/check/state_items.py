"""What a run needs of this machine for long: room for its journals, and a clock that goes forward; and what a person has locked."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from bot.calendar import new_york
from bot.errors import JournalError
from bot.journal.read import opened
from bot.journal.records import Kind
from bot.node.check.items import CheckItem, failed, passed, warned
from bot.node.journals import FOLDER, journals_of
from bot.node.status import journal_names
from bot.runtime.past import past_of
from bot.units import SECOND_NS

LEAST_FREE_BYTES = 1_000_000_000  # a year's journal, its copies and logs, with room to spare
SESSION_BYTES = 2_000_000  # of a full day's records, by a journal of one day
_SESSIONS = f"SELECT count(DISTINCT date(ts_ns / {SECOND_NS}, 'unixepoch')) FROM records WHERE kind = '{Kind.BAR}'"
SET_BACK_NS = 5 * SECOND_NS  # what a clock may be corrected by, while it runs


def disk_item(folder: Path) -> CheckItem:
    """Whether the disk of the state folder has room, and for how many sessions; the nearest folder that exists is asked."""
    place = next((each for each in (folder, *folder.resolve().parents) if each.is_dir()), Path("/"))
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:,.1f} GB free at {place}, {LEAST_FREE_BYTES / 1e9:,.0f} GB are needed"
    if free < LEAST_FREE_BYTES:
        return failed("disk", found, "Make room, or set MESBOT_HOME to a larger disk.")
    session_bytes, measured = _session_bytes(folder)
    whence = "as its journals take" if measured else "by a guess, for there is no session in a journal yet"
    fits = (free - LEAST_FREE_BYTES) // session_bytes
    return passed("disk", f"{found}; {session_bytes / 1e6:.1f} MB a session, {whence}: {fits:,} more sessions fit", found)


def _session_bytes(folder: Path) -> tuple[int, bool]:
    """What a session takes in the journal that holds most of them, and whether there is one. A journal that cannot be read has an item
    of its own."""
    sizes = []
    for path in (folder / FOLDER).glob("*.sqlite"):
        try:
            with opened(path) as db:
                (sessions,) = db.execute(_SESSIONS).fetchone()
        except (JournalError, sqlite3.Error):
            continue
        if sessions:
            sizes.append((sessions, path.stat().st_size))
    if not sizes:
        return SESSION_BYTES, False
    sessions, size = max(sizes)
    return max(1, size // sessions), True


def clock_item(folder: Path, now_ns: int) -> CheckItem:
    """Whether this machine's clock (UTC ns) is past everything it has stamped. What it is beside the broker's, `clock skew` says."""
    newest_ns = max((_newest(path) for path in (folder / FOLDER).glob("*.sqlite")), default=0)
    now = f"{new_york(now_ns):%Y-%m-%d %H:%M} New York"
    if newest_ns > now_ns + SET_BACK_NS:
        found = f"it is {now} by this machine, and a journal holds a record written at {new_york(newest_ns):%Y-%m-%d %H:%M}"
        return failed("clock", found, "Set the clock right, and have it kept by NTP.")
    return passed("clock", f"{now}, after all that was journaled")


def entry_lock_item(folder: Path) -> CheckItem:
    """Whose entries a person has locked: no fault, but no entry passes. A journal that cannot be read has an item of its own."""
    told = []
    for name in journal_names(folder):
        try:
            lock = past_of(journals_of(folder, *name).earlier).entry_lock
        except JournalError:
            continue
        told += [] if lock is None else [f"{name.mode} {name.account}: {lock.told}"]
    if told:
        return warned("entry lock", "entries are locked; " + "\n".join(told), "`mesbot unlock --reason ...` lets entries pass again.")
    return passed("entry lock", "no person has locked entries")


def _newest(path: Path) -> int:
    """Wall time of the newest record; 0 if there is none, or the journal cannot be read (which has an item of its own)."""
    try:
        with opened(path) as db:
            return db.execute("SELECT coalesce(max(wall_ns), 0) FROM records").fetchone()[0]
    except (JournalError, sqlite3.Error):
        return 0
