"""A few synthetic sessions and what is tried on them, small enough that a trial takes a second or two."""

from __future__ import annotations

import os
from pathlib import Path

from builders import CONTRACTS

from bot.backtest.request import BacktestRequest
from bot.bars.source import Bars, synthetic_sessions
from bot.research.trial import Job, Shared, shared_of

DAYS = ("2025-03-17", "2025-03-18", "2025-03-19")  # the first five warm up
RUN = {"seed": 4, "sessions": 8}


def bars() -> Bars:
    """The eight sessions."""
    return synthetic_sessions(RUN["seed"], RUN["sessions"], CONTRACTS.session)


def shared() -> Shared:
    return shared_of(CONTRACTS, bars())


def job(numbers=None, *, journal: bool = False) -> Job:
    return Job(numbers or {}, DAYS, "10000", True, ("K1", "K2"), journal)


def request(out: Path) -> BacktestRequest:
    """The same run by itself."""
    from datetime import date

    return BacktestRequest(out=out, from_date=date.fromisoformat(DAYS[0]), to_date=date.fromisoformat(DAYS[-1]), **RUN)


def descendants(of: int) -> dict[int, str]:
    """The processes that descend from one, by id, and how they call themselves (Linux)."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    found: dict[int, str] = {}
    for pid in parents:
        above = pid
        while above in parents and above != of:
            above = parents[above]
        if above == of and pid != of:
            found[pid] = called(pid)
    return found


def called(pid: int) -> str:
    """How a process calls itself; "" if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def kill_a_worker(of: int, at_work: str = "ray::_trial") -> int:
    """End one worker of this process (SIGKILL) that is at work; its id, 0 if none is."""
    import signal

    for pid, name in descendants(of).items():
        if name.startswith(at_work):
            os.kill(pid, signal.SIGKILL)
            return pid
    return 0
