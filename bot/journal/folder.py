"""The folder a backtest or replay writes into: its newest run on top, earlier ones kept beneath."""

from __future__ import annotations

from pathlib import Path

from bot.errors import JournalError
from bot.own_files import run_folder

JOURNAL, REPORT, EARLIER = "journal.sqlite", "report.html", "earlier"


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


def report_of(journal: Path) -> Path:
    """Where the report of a journal goes: beside it, and under its own name where journals share a folder."""
    return journal.with_name(REPORT) if journal.name == JOURNAL else journal.with_suffix(".html")


def _put_aside(out: Path) -> None:
    number = 1 + sum(1 for _ in (out / EARLIER).glob("*"))
    while (kept := out / EARLIER / str(number)).exists():
        number += 1
    run_folder(kept.parent)
    run_folder(kept)
    for name in (JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm", REPORT):
        if (out / name).exists():
            (out / name).rename(kept / name)
