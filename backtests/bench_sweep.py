"""How a sweep scales on this machine's processors, and what of a trial its trials could share: `make bench-sweep`.

The same trials with one worker and with more, in turn, three times; of each the median counts. Starting the workers, sending them what
they share and their imports is set-up, told apart: what is measured are workers that run already, as in the middle of a long sweep. Each
worker has one thread. The ratio is right where nothing else runs; the processor's seconds of a trial should not grow with the workers,
and say what they take from each other. The last lines say how much of a trial the market core is, and for how long two trials' cores
hear the same.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table

import actors.market
from bot.backtest.request import BacktestRequest
from bot.market.core import MarketCore
from bot.research.pool import Failed, Pool
from bot.research.request import ResearchRequest
from bot.research.search import prepared
from bot.research.trial import Job, Shared, run_trial, shared_of

SESSIONS, FIRST, TRIALS, ROUNDS = 12, 8, 8, 3
QUIET = 0.5  # processes that wait for a processor, of a machine where nothing else runs


class Took(NamedTuple):
    """Seconds of all trials by the clock and by processors, and of what comes before them by the clock."""

    clock: float
    processor: float
    set_up: float


def took(shared: Shared, job: Job, workers: int, trials: int) -> Took:
    """The same trial over and over by so many workers, each of which has done two before."""
    began = time.perf_counter()
    with Pool(shared, workers=workers) as pool:
        _all(pool, job, 2 * workers)
        ready = time.perf_counter()
        processor = _all(pool, job, trials)
        return Took(time.perf_counter() - ready, processor, ready - began)


def _all(pool: Pool, job: Job, trials: int) -> float:
    """Run so many trials; the processors' seconds."""
    processor = 0.0
    for _, found in pool.results(dict.fromkeys(range(trials), job)):
        if isinstance(found, Failed):
            raise SystemExit(found.why)
        processor += found.seconds
    return processor


def scaling(shared: Shared, job: Job, trials: int, rounds: int) -> Table:
    """A line a number of workers."""
    numbers = tuple(dict.fromkeys((1, 2, os.cpu_count() or 1)))
    turns = [[took(shared, job, workers, trials) for workers in numbers] for _ in range(rounds)]
    medians = [Took(*map(statistics.median, zip(*of_one, strict=True))) for of_one in zip(*turns, strict=True)]
    table = Table(title=f"{trials} trials of {len(job.sessions)} sessions, medians of {rounds}")
    for heading in ("workers", "s a trial", "times as fast", "of linear", "processor s a trial", "set-up s"):
        table.add_column(heading, justify="right")
    for workers, each in zip(numbers, medians, strict=True):
        faster = medians[0].clock / each.clock
        shown = (each.clock / trials, faster, f"{faster / workers:.0%}", each.processor / trials, each.set_up)
        table.add_row(str(workers), *(value if isinstance(value, str) else f"{value:.2f}" for value in shown))
    return table


class Heard:
    """What a run's market cores were made with and told, in order."""

    def __init__(self) -> None:
        self.made: list[tuple[Any, ...]] = []
        self.told: list[tuple[Any, ...]] = []


@contextmanager
def heard() -> Iterator[Heard]:
    """The market cores of runs in the block."""
    found = Heard()

    class Watched(MarketCore):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            found.made.append(given)

        def update(self, *given: Any) -> Any:
            found.told.append(given)
            return super().update(*given)

    actors.market.MarketCore = Watched
    try:
        yield found
    finally:
        actors.market.MarketCore = MarketCore


def what_is_shared(shared: Shared, job: Job, other: Job) -> tuple[float, float, int, int]:
    """Seconds of a processor of a trial, and of its market core alone; on how many bars the other trial's core hears the same at first,
    and on how many at all."""
    run_trial(shared, job)  # imports
    with heard() as mine:
        trial = run_trial(shared, job).seconds
    with heard() as others:
        run_trial(shared, other)
    core = MarketCore(*mine.made[0])
    began = time.process_time()
    for given in mine.told:
        core.update(*given)
    alone = time.process_time() - began
    pairs = zip(mine.told, others.told, strict=False)
    return trial, alone, next((at for at, (a, b) in enumerate(pairs) if a != b), len(mine.told)), len(mine.told)


@click.command()
@click.option("--trials", type=int, default=TRIALS, show_default=True)
@click.option("--rounds", type=int, default=ROUNDS, show_default=True)
def main(trials: int, rounds: int) -> None:
    """Print how a sweep scales, and what of a trial its trials could share."""
    load, console = os.getloadavg()[0], Console()
    ready = prepared(ResearchRequest(BacktestRequest(out=Path("out"), sessions=SESSIONS), "bench"), lambda _: None)
    shared, sessions = shared_of(ready.contracts, ready.bars), ready.sessions[FIRST:]
    job = ready.job(ready.space.in_force, sessions)
    console.print(scaling(shared, job, trials, rounds))
    busy = "nothing else ran" if load < QUIET else f"others worked here (load {load:.1f}), so that these ratios are theirs as well"
    console.print(f"{os.cpu_count()} processors; as it began, {busy}.")
    lowest = ready.job(tuple(0 for _ in ready.space.parameters), sessions)
    trial, core, same, bars = what_is_shared(shared, job, lowest)
    console.print(
        f"The market core is {core / trial:.0%} of a trial ({core:.2f} of {trial:.2f} s of a processor). With all numbers at their "
        f"lowest it hears the same on the first {same:,} of {bars:,} bars, then another score of execution or data."
    )


if __name__ == "__main__":
    main()
