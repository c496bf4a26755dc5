"""The folder a backtest or replay writes into: its newest run on top, earlier ones kept beneath; and which run is the latest of all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from bot.errors import JournalError
from bot.journal.latch import latch_path
from bot.journal.read import headers, opened
from bot.own_files import run_folder

JOURNAL, REPORT, EARLIER = "journal.sqlite", "report.html", "earlier"
TOP = "top"  # the run on top; the earlier ones are named by the number of their folder
LATEST = "latest"  # whichever of all runs began last
ASIDE = ".aside"  # a file: the runs of its folder, and of those beneath, are read only by whoever names them
_OF_A_RUN = (JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm", latch_path(Path(JOURNAL)).name, REPORT)


def fresh_journal(out: Path) -> Path:
    """Where the next run's journal goes. What an earlier run left there is moved to `earlier/N`, never overwritten.

    Raises JournalError if the folder cannot be written.
    """
    path = out / JOURNAL
    try:
        run_folder(out)
        if path.exists():
            _put_aside(out)
    except OSError as error:
        raise JournalError(f"{out}: cannot be written ({error.strerror}); name another folder with --out.") from error
    return path


def aside_folder(folder: Path) -> None:
    """Make a folder whose runs are nobody's default: those of a proof or of research, whose bars may be cut or be noise."""
    run_folder(folder)
    (folder / ASIDE).touch()


def is_aside(path: Path) -> bool:
    """Whether a journal lies in such a folder, or beneath one."""
    return any((folder / ASIDE).exists() for folder in path.parents)


def report_of(journal: Path) -> Path:
    """Where the report of a journal goes: beside it, and under its own name where journals share a folder."""
    return journal.with_name(REPORT) if journal.name == JOURNAL else journal.with_suffix(".html")


def journals_in(out: Path) -> dict[str, Path]:
    """The journals of the runs that a folder keeps, by the run's id: TOP, then the numbers from the highest.

    Those of folders beneath follow, by the folder's name and the number ("paper", "paper/2"), but for those set aside and those that
    nobody may look into. Raises OSError if the folder itself, or where a folder keeps its earlier runs, may not be looked into.
    """
    return {id: path for runs in _by_folder(out) for id, path in runs.items()}


def unseen_in(out: Path) -> list[OSError]:
    """Folders beneath one that may not be looked into, and why: whether runs are in them is not known."""
    found: list[OSError] = []
    for _ in os.walk(out, onerror=found.append):
        pass
    return [error for error in found if not isinstance(error, FileNotFoundError)]


def newest_in(out: Path) -> list[Path]:
    """Of the folder and of each beneath it the newest run."""
    return [next(iter(runs.values())) for runs in _by_folder(out)]


def latest_of(journals: Iterable[Path]) -> Path | None:
    """The journal whose run began last, whatever was written into it since; None of none."""
    return max(journals, key=_began_ns, default=None)


def _began_ns(journal: Path) -> int:
    """Of the wall, UTC; of a journal that does not say it, when it was written."""
    try:
        with opened(journal) as db:
            began = [int(header["wall_ns"]) for header in headers(db) if "verb" not in header and "wall_ns" in header]
    except JournalError:
        began = []
    return began[-1] if began else journal.stat().st_mtime_ns


def _by_folder(out: Path) -> Iterator[dict[str, Path]]:
    """The runs of each folder that has any, the newest first. Raises OSError if one that keeps runs may not be looked into."""
    _require_seen(out)
    found = {path.parents[2] if path.parents[1].name == EARLIER else path.parent for path in out.rglob(JOURNAL)}
    for folder in (out, *sorted(found - {out})):
        if folder != out and is_aside(folder / JOURNAL):
            continue
        name = "" if folder == out else folder.relative_to(out).as_posix()
        runs = {name or TOP: folder / JOURNAL} if (folder / JOURNAL).is_file() else {}
        for number in reversed(_numbers(folder)):
            if (path := folder / EARLIER / str(number) / JOURNAL).is_file():
                runs[f"{name}/{number}" if name else str(number)] = path
        if runs:
            yield runs


def forget(journal: Path) -> bool:
    """Remove an earlier run: its journal, its report and its folder; whether the folder is gone too, for what else is in it stays.

    Raises JournalError if the journal is none of an earlier run's, or cannot be removed.
    """
    folder = journal.parent
    if journal.name != JOURNAL or not folder.name.isdigit() or folder.parent.name != EARLIER:
        raise JournalError(f"{journal} is no earlier run's; only those beneath {EARLIER}/ are ever removed.")
    try:
        for name in (*_OF_A_RUN, f"{JOURNAL}.lock"):
            (folder / name).unlink(missing_ok=True)
        if any(folder.iterdir()):
            return False
        folder.rmdir()
    except OSError as error:
        raise JournalError(f"{journal} cannot be removed ({error.strerror}); look whose it is.") from error
    return True


def _require_seen(folder: Path) -> None:
    """Raises OSError if there is a folder that may not be looked into: what is in it is not known, which is not that it is empty."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder):
        pass


def _numbers(out: Path) -> list[int]:
    _require_seen(out / EARLIER)
    return sorted(int(each.name) for each in (out / EARLIER).glob("*") if each.name.isdecimal())


def _put_aside(out: Path) -> None:
    """Beneath a number above all that are there, so that a later run always has the higher one."""
    kept = out / EARLIER / str(max(_numbers(out), default=0) + 1)
    run_folder(kept.parent)
    run_folder(kept)
    for name in _OF_A_RUN:
        if (out / name).exists():
            (out / name).rename(kept / name)
