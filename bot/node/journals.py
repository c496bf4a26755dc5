"""Which journal a live run writes: one a mode, account and year, in the user's state folder; a restart continues it.

A trading day belongs to the year of its date: its new file begins at 18:00 New York of the last trading day before. A file keeps the
schema it was begun under: the first run of a version with another one begins a new file, too, named by schema and year
(`paper-DU1-s3-2026.sqlite` after `paper-DU1-2026.sqlite`), and goes on from the one before as it does from last year's. The earlier
version takes that name for a later file of the account that it cannot go on from, and refuses to run.
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
NAMED = r"(.+?)(?:-s(\d+))?-(\d{4})"  # a file's name: whose it is, its schema if it is not the first of that year, its year
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


class Journals(NamedTuple):
    """The file to write, and those to begin from, oldest first: earlier years', earlier ones of this year, and itself if it is there.

    `records` is how many they hold together, `first_ns` the market time of the oldest (UTC ns, 0 if none),
    `previous_head` the head hash of the file before when this one is new.
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
    def new_form(self) -> bool:
        """Whether the file to write is a new one because the one before, of the same year, has an earlier schema."""
        return self.path not in self.earlier and (_place(self.path) or (0, 0))[1] > 0

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


def with_earlier(path: Path) -> list[Path]:
    """A journal and those before it of the same mode and account, beside it, oldest first."""
    place = _place(path)
    return [path] if place is None else [each for each in _beside(path) if _place(each) <= place]


def next_after(path: Path) -> Path | None:
    """The journal that goes on after this one, of the next year or schema; None if there is none yet."""
    place = _place(path)
    return None if place is None else next((each for each in _beside(path) if _place(each) > place), None)


def newest_of(folder: Path, stem: str, year: int) -> Path:
    """The newest file of a year; what it would be called if there is none."""
    first = folder / f"{stem}-{year}.sqlite"
    return next((each for each in reversed(_beside(first)) if _place(each)[0] == year), first)


def journals_of(state: Path, mode: str, account: str, year: int, *, to_run: bool = False) -> Journals:
    """The journals of a mode (OBSERVE, PAPER, LIVE) and account.

    `to_run`: those of a run that begins now, which leaves a file of an earlier schema as it is. Raises JournalError if one cannot be
    read, or is of a later version of mesbot; UsageError if one is of a later year; NotOurs.
    """
    stem = f"{mode.lower()}-{_UNSAFE.sub('_', account)}"
    folder = state / FOLDER
    require_ours(folder, folder=True)
    path = newest_of(folder, stem, year)
    found = _beside(path)
    if found and _place(found[-1]) > _place(path):
        raise UsageError(f"{found[-1]} is of a later year than {year}; set this machine's clock right, or move the file away.")
    records, first_ns, head = 0, 0, ""
    for each in found:
        with opened(each) as db:
            if schema.is_empty(db):
                continue  # a process ended in the moment it made the file
            count, first = db.execute("SELECT count(*), coalesce(min(ts_ns), 0) FROM records WHERE ts_ns > 0").fetchone()
            records, first_ns = records + count, first_ns or first
            (head,) = db.execute("SELECT head FROM links ORDER BY link DESC LIMIT 1").fetchone() or ("",)
            if to_run and each == path and 0 < schema.version_of(db) < schema.SCHEMA_VERSION:
                path = folder / f"{stem}-s{schema.SCHEMA_VERSION}-{year}.sqlite"
    return Journals(path, tuple(found), records, first_ns, "" if path.exists() else head)


def _place(path: Path) -> tuple[int, int] | None:
    """Year and schema of a file, by its name, in whose order files of one account follow each other."""
    named = re.fullmatch(NAMED, path.stem)
    return None if named is None else (int(named[3]), int(named[2] or 0))


def _beside(path: Path) -> list[Path]:
    """The files of the same mode and account, in their order."""
    whose = re.fullmatch(NAMED, path.stem)
    named = ((each, re.fullmatch(NAMED, each.stem)) for each in path.parent.glob("*.sqlite"))
    return sorted((each for each, name in named if whose and name and name[1] == whose[1]), key=_place)
