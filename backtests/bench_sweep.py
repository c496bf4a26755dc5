"""How a sweep scales on this machine's processors: the same trials with one worker and with more, in turn, in one run.

`make bench-sweep`. It prints how many times as fast more workers are than one, and the processor's seconds of a trial, which should
not grow with the workers. What is measured is the work of Ray's workers that run already, as in the middle of a long sweep.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from bot.backtest.request import BacktestRequest
from bot.plural import counted
from bot.research.pool import Failed, Pool
from bot.research.request import ResearchRequest
from bot.research.search import prepared
from bot.research.trial import Job, Shared, shared_of

SESSIONS, FIRST, TRIALS = 12, 8, 8


def main() -> None:
    """Print one line a number of workers."""
    ready = prepared(ResearchRequest(BacktestRequest(out=Path("out"), sessions=SESSIONS), "bench"), lambda _: None)
    shared, job = shared_of(ready.contracts, ready.bars), ready.job(ready.space.in_force, ready.sessions[FIRST:])
    alone = 0.0
    for workers in dict.fromkeys((1, 2, os.cpu_count() or 1)):
        seconds, processor = _seconds(shared, job, workers)
        alone = alone or seconds
        faster = alone / seconds
        print(
            f"{counted(workers, 'worker')}: {seconds / TRIALS:.2f} s a trial, {faster:.2f} times as fast as one, {faster / workers:.0%} of "
            f"linear; {processor / TRIALS:.2f} s of a processor each"
        )
    print(f"{os.cpu_count()} processors; load {os.getloadavg()[0]:.1f} at the end: where others work too, the ratio is theirs as well.")


def _seconds(shared: Shared, job: Job, workers: int) -> tuple[float, float]:
    """Seconds of the clock and of processors that all trials took."""
    with Pool(shared, workers=workers) as pool:
        _all(pool, job, 2 * workers)  # each worker imports what it needs
        began = time.perf_counter()
        processor = _all(pool, job, TRIALS)
        return time.perf_counter() - began, processor


def _all(pool: Pool, job: Job, trials: int) -> float:
    """Run so many trials; the processors' seconds."""
    processor = 0.0
    for _, found in pool.results(dict.fromkeys(range(trials), job)):
        if isinstance(found, Failed):
            raise SystemExit(found.why)
        processor += found.seconds
    return processor


if __name__ == "__main__":
    main()
