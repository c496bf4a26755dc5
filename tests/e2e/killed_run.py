"""A small synthetic backtest with a trade inside an hour, that can be killed (SIGKILL) right after any commit of its journal.

As a script: `python killed_run.py FOLDER COMMIT` runs it into FOLDER and kills itself after
commit number COMMIT (from 1). Every closed bar is a commit here, and every intent.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from functools import cache
from pathlib import Path

from checker_clock import session, stamp

import bot.backtest.config as backtest
from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun
from bot.bars import source
from bot.contracts import load_contracts
from bot.journal.store import Journal

DAY = date(2025, 3, 17)  # the sixth session: five warm up
HOUR = (stamp(DAY, time(13, 31)), stamp(DAY, time(14, 30)))
SEED = 4


@cache
def bars() -> source.Bars:
    """Regular sessions alone, until the hour's end."""
    made = source.synthetic_sessions(SEED, 7, load_contracts(None).session)
    inside = [session(ts) is not None and ts <= HOUR[1] for ts in made.frame["ts_ns"]]
    return replace(made, frame=made.frame[inside].reset_index(drop=True))


def run(folder: Path, committed: Callable[[int, Journal], None] | None = None, resume: bool = False) -> str:
    """Run into `folder`; `committed` is told of each commit, by number. Returns the head."""
    request = BacktestRequest(out=folder, from_date=DAY, learning=True, resume=resume)
    made = bars()
    spec = backtest.spec_of(request, load_contracts(None), made)
    real_flush, real_links = Journal.flush, backtest.FLUSH_LINKS
    count = 0

    def flush(journal: Journal, **how: bool) -> None:
        nonlocal count
        pending = bool(journal._records or journal._links)
        real_flush(journal, **how)
        if pending and committed is not None:
            count += 1
            committed(count, journal)

    Journal.flush, backtest.FLUSH_LINKS = flush, 1
    try:
        with BacktestRun(spec, made, request) as started:
            return started.through()
    finally:
        Journal.flush, backtest.FLUSH_LINKS = real_flush, real_links


def copy(journal: Path, folder: Path) -> None:
    """The files as a process killed at this moment would leave them."""
    folder.mkdir()
    for path in journal.parent.glob(f"{journal.name}*"):
        if not path.name.endswith("-shm"):
            shutil.copy(path, folder / path.name)


if __name__ == "__main__":
    last = int(sys.argv[2])
    run(Path(sys.argv[1]), lambda number, _: os.kill(os.getpid(), signal.SIGKILL) if number == last else None)
