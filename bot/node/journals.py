"""Which journal a live run writes: one a mode, account and year, in the user's state folder; a restart continues it.

A trading day belongs to the year of its date: its new file begins at 18:00 New York of the last trading day before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bot.contracts import Contracts
from bot.errors import UsageError
from bot.journal import schema
from bot.journal.read import opened
from bot.journal.run_lock import RunLock, held_by
from bot.own_files import require_ours
from bot.runtime.law import trading_day_at

FOLDER = "journals"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


class Journals(NamedTuple):
    """The file to write, and those to begin from, oldest first: earlier years', and itself if it is there.

    `records` is how many they hold together, `first_ns` the market time of the oldest (UTC ns, 0 if none),
    `previous_head` the head hash of the year before when this year's file is new.
    """

    path: Path
    earlier: tuple[Path, ...]
    records: int
    first_ns: int
    previous_head: str

    @property
    def year(self) -> int:
        """The year of the file to write."""
        return int(self.path.stem.rpartition("-")[2])

    @property
    def running(self) -> bool:
        """Whether a process writes one of them; over the turn of the year it may still be the one before."""
        return any(held_by(path) is not None for path in {self.path, *self.earlier})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes any of them. Raises JournalInUse."""
        with ExitStack() as held:
            for path in sorted({self.path, *self.earlier}):
                held.enter_context(RunLock(path))
            yield


def year_at(contracts: Contracts, market_ns: int) -> int:
    """Whose year's journal a moment belongs to (market time, UTC ns)."""
    return int(trading_day_at(contracts, market_ns).date[:4])


def with_earlier_years(path: Path) -> list[Path]:
    """A journal and those of the years before it of the same mode and account, beside it, oldest first."""
    stem, _, year = path.stem.rpartition("-")
    if not re.fullmatch(r"\d{4}", year):
        return [path]
    years = (each.stem.rpartition("-")[2] for each in path.parent.glob(f"{stem}-????.sqlite"))
    return [path.with_stem(f"{stem}-{each}") for each in sorted(years) if re.fullmatch(r"\d{4}", each) and each <= year]


def journals_of(state: Path, mode: str, account: str, year: int) -> Journals:
    """The journals of a mode (OBSERVE, PAPER, LIVE) and account. Raises JournalError if one cannot be read, NotOurs."""
    stem = f"{mode.lower()}-{_UNSAFE.sub('_', account)}"
    folder = state / FOLDER
    require_ours(folder, folder=True)
    path = folder / f"{stem}-{year}.sqlite"
    found = sorted(each for each in folder.glob(f"{stem}-*.sqlite") if re.fullmatch(r"\d{4}", each.stem.rpartition("-")[2]))
    if found and found[-1] > path:
        raise UsageError(f"{found[-1]} is of a later year than {year}; set this machine's clock right, or move the file away.")
    records, first_ns, head = 0, 0, ""
    for each in found:
        with opened(each) as db:
            if schema.is_empty(db):
                continue  # a process ended in the moment it made the file
            count, first = db.execute("SELECT count(*), coalesce(min(ts_ns), 0) FROM records WHERE ts_ns > 0").fetchone()
            records, first_ns = records + count, first_ns or first
            (head,) = db.execute("SELECT head FROM links ORDER BY link DESC LIMIT 1").fetchone() or ("",)
    return Journals(path, tuple(found), records, first_ns, "" if path.exists() else head)
