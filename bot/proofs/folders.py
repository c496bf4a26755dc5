"""The folder that a proof writes its journals into: it makes it, and takes away what it left there before, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from bot.errors import UsageError
from bot.journal.folder import aside_folder
from bot.own_files import run_folder

NAMES = ("backtest", "live", "pieces", "before", "replay", "whole", "cut", "warm-up")


def emptied(out: Path, *names: str) -> None:
    """Make the folder and folders of these names (of NAMES) in it, empty. Raises UsageError if it holds what no proof has left there."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file; name a folder.")
    run_folder(out)
    if foreign := sorted(each.name for each in out.iterdir() if each.name not in NAMES):
        raise UsageError(f"--out {out}: holds {foreign[0]}, which this command has not left there; name an empty folder.")
    for name in NAMES:
        shutil.rmtree(out / name, ignore_errors=True)
    for name in names:
        aside_folder(out / name)
