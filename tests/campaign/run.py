"""The fault campaign: `make campaign SEEDS=200 FIRST=0`, or SEEDS=50 BROKEN=c, which stops at the first catch.

    .venv/bin/python tests/campaign/run.py [--seeds N] [--first N] [--jobs N] [--broken NAME] [--again N]
        [--faults NAME,…] [--without CHECKER,…] [--out FOLDER]

Seeds are dealt to as many workers as there are cores, each a process that plays one after the other. What fails is printed with its seed,
its frame log and how many of 10 re-runs fail again; at the end stand the histogram of faults and the naked times.

Its rooms: mix.py draws a seed's script, faults.py and situations.py hold what can happen, venue.py is the gateway it is done to,
bot_process.py and bot_side.py the bot's process from outside and inside, play.py one seed, checkers.py and journal_checks.py what must
hold, broken.py the builds that bring a fault back, log_replay.py plays a frame log against the adapter. It does not promise that a seed
repeats to the microsecond: faults come at the same message, the machine is as fast as it is.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from broken import BUILDS, CAUGHT_BY

HERE = Path(__file__).resolve().parent
PATHS = [str(folder) for folder in (HERE.parents[1], HERE.parent, HERE.parent / "integration", HERE)]
SEED_SECONDS = 120.0  # of one seed; a worker that takes longer is ended
MOST_P99 = 1.0  # seconds naked while the link is up
AGAIN, MOST_AGAIN = 10, 10  # re-runs of a seed that fails, and of how many seeds


class Result(NamedTuple):
    """A seed as its worker tells it."""

    seed: int
    breaches: list[tuple[str, str]]
    faults: list[str]
    naked: list[float]
    naked_pending: list[float]
    naked_losing: list[float]
    entered: int
    kill_seconds: float | None
    seconds: float
    frames: str


class Worker:
    """A process that plays the seeds it is given, one after the other; a new one if it hangs."""

    def __init__(self, words: list[str]) -> None:
        self._words = [sys.executable, str(HERE / "worker.py"), *words]
        self._process: subprocess.Popen[str] | None = None

    def play(self, seed: int) -> Result:
        """One seed."""
        if self._process is None or self._process.poll() is not None:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(PATHS)}
            self._process = subprocess.Popen(self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it has died already, and answers nothing below
            process.stdin.write(f"{seed}\n")
            process.stdin.flush()
        ending = threading.Timer(SEED_SECONDS, process.kill)
        ending.start()
        line = process.stdout.readline()
        ending.cancel()
        if not line:
            return Result(
                seed, [("worker", f"the seed took longer than {SEED_SECONDS:g} s, or its worker died")], [], [], [], [], 0, None, 0, ""
            )
        return Result(**json.loads(line))

    def close(self) -> None:
        """No more seeds."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()


def played(seeds: Iterable[int], jobs: int, words: list[str], stop: threading.Event | None = None) -> Iterator[Result]:
    """The results, as they come; `words` are the worker's. No more seeds are begun once `stop` is set."""
    waiting: queue.Queue[int] = queue.Queue()
    results: queue.Queue[Result | None] = queue.Queue()
    for seed in seeds:
        waiting.put(seed)

    def work() -> None:
        worker = Worker(words)
        while stop is None or not stop.is_set():
            try:
                results.put(worker.play(waiting.get_nowait()))
            except queue.Empty:
                break
        worker.close()
        results.put(None)

    for _ in range(jobs):
        threading.Thread(target=work, daemon=True).start()
    ended = 0
    while ended < jobs:
        result = results.get()
        if result is None:
            ended += 1
        else:
            yield result


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed; 0 of none."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def summary(results: list[Result], seconds: float) -> list[str]:
    """Faults with how often they were done, and the times."""
    lines = [f"{len(results)} seeds in {seconds:.0f} s; {sum(result.entered for result in results)} trades entered. Faults done:"]
    counts = Counter(name for result in results for name in result.faults)
    lines += [f"  {name:22} {count:4}  {'#' * min(count, 60)}" for name, count in counts.most_common()]
    naked = [spell for result in results for spell in result.naked]
    pending = [spell for result in results for spell in result.naked_pending]
    losing = [spell for result in results for spell in result.naked_losing]
    kills = [result.kill_seconds for result in results if result.kill_seconds is not None]
    lines.append(
        f"Naked while the link is up: {len(naked)} spells, p50 {percentile(naked, 0.5):.3f} s, p99 {percentile(naked, 0.99):.2f} s, "
        f"max {max(naked, default=0):.2f} s; while the broker kept a stop pending: {len(pending)}, max {max(pending, default=0):.2f} s; "
        f"while frames were lost: {len(losing)}, max {max(losing, default=0):.2f} s."
    )
    lines.append(f"Flat and halted after the last kill: p50 {percentile(kills, 0.5):.2f} s, max {max(kills, default=0):.2f} s.")
    return lines


def tell(result: Result) -> None:
    """A seed: what was done, and what did not hold."""
    faults = ", ".join(result.faults) or "no fault"
    print(f"seed {result.seed:4}: {result.seconds:.1f} s, {result.entered} entered, {faults}", flush=True)
    for checker, sentence in result.breaches:
        print(f"  {checker}: {sentence}", flush=True)
    if result.breaches:
        print(f"  frames: {result.frames} (make campaign-log LOG=… plays them against the adapter)", flush=True)


def main() -> int:
    """Play, print, and end with 1 if anything did not hold (of a broken build: if nothing caught it for what it is)."""
    options = _options()
    out = Path(options.out or tempfile.mkdtemp(prefix="campaign-"))
    began, results, stop = time.monotonic(), [], threading.Event()
    words = [str(out), options.broken, options.without, options.faults]
    for result in played(range(options.first, options.first + options.seeds), options.jobs, words, stop):
        results.append(result)
        if options.verbose or result.breaches:
            tell(result)
        if options.broken and not stop.is_set() and (names := caught(result, options.broken)):
            print(f"BROKEN={options.broken} is caught by seed {result.seed}: {', '.join(names)}.", flush=True)
            stop.set()
    failed = sorted(result.seed for result in results if result.breaches)
    slow = too_long_naked(results)
    if not options.broken:
        for seed in failed[:MOST_AGAIN] if options.again else []:
            again = [each for each in played([seed] * options.again, options.jobs, words) if each.breaches]
            print(f"seed {seed}: {len(again)} of {options.again} re-runs fail again.", flush=True)
    print("\n".join(summary(results, time.monotonic() - began)))
    print(f"Failed: {', '.join(map(str, failed)) or 'none'}.{slow} Logs: {out}")
    return int(not stop.is_set() if options.broken else bool(failed or slow))


def caught(result: Result, broken: str) -> list[str]:
    """The checkers that caught a broken build for what it is."""
    return [name for name, _ in result.breaches if name in CAUGHT_BY[broken]]


def too_long_naked(results: list[Result]) -> str:
    """A sentence if the naked times of a campaign are too long; of a few spells there is no hundredth."""
    naked = [spell for result in results for spell in result.naked]
    p99 = percentile(naked, 0.99)
    return f" Naked: p99 of {len(naked)} spells is {p99:.2f} s, at most {MOST_P99:g}." if len(naked) >= 100 and p99 > MOST_P99 else ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--broken", default="", choices=("", *BUILDS))
    parser.add_argument("--again", type=int, default=AGAIN)
    parser.add_argument("--faults", default="", help="draw from these faults alone, with commas between")
    parser.add_argument("--without", default="", help="checkers that are not asked, with commas between")
    parser.add_argument("--out", default="")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
