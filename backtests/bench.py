"""What the whole stack costs beside the bare Nautilus engine, in one run: `make bench`.

Each measurement runs in a process of its own, on the same seeded synthetic bars: processor time per bar
(from the first bar to the last, without imports or making the bars), peak memory, and how both
grow with 1x, 2x and 4x the bars. The ratio is also told of the bars inside and outside sessions apart, each beside the bare engine's mean
bar. Bare and stack take turns, three times; of each the median counts. The journal's share is of one
more run: its clock is asked twice a record, which may cost a tenth of the run. Figures are ratios within this run; absolute times are
this machine's, at this moment, and what else runs on it slows the stack down more than the bare engine. No load changes the number of
bytecodes that a bar takes. One profiled run says what dominates.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import click
from msgspec import structs
from nautilus_trader.model.data import Bar as NautilusBar
from rich.console import Console
from rich.table import Table

import actors.journal
from bot.backtest.config import run_config, spec_of
from bot.backtest.feed import nautilus_bars
from bot.backtest.instrument import mes_contract
from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun, built
from bot.bars.source import Bars
from bot.contracts import load_contracts
from bot.journal.folder import JOURNAL
from bot.journal.store import Journal

SESSIONS = 10
SIZES = (1, 2, 4)
ROUNDS = 3
COUNTED_SESSIONS = 3
GOAL = 2.5  # the whole stack's time per bar in bare engines
ROOT = Path(__file__).resolve().parent.parent


def bare(request: BacktestRequest, bars: Bars) -> Callable[[], object]:
    """Nautilus' engine alone: the same bars, venue and instrument under its own fill rule, nobody listening."""
    contracts = load_contracts()
    config = run_config(spec_of(request, contracts, bars), bars, request)
    alone = structs.replace(config.engine, controller=None, actors=[], strategies=[])
    stock = structs.replace(config.venues[0], fill_model=None, modules=None)
    node, engine = built(structs.replace(config, engine=alone, venues=[stock]))
    instrument = mes_contract(contracts, *bars.span_ns)
    engine.add_instrument(instrument)

    def run() -> None:
        for chunk in nautilus_bars(bars, instrument):
            engine.add_data(chunk, validate=False)
            engine.run(streaming=True)
            engine.clear_data()
        engine.end()
        node.dispose()

    return run


def stack(request: BacktestRequest, bars: Bars) -> Callable[[], object]:
    """Everything: scores, market, five strategies, gates, risk engine, learning, journal."""
    return Apart(spec_of(request, load_contracts(), bars), bars, request).through


class Apart(BacktestRun):
    """A run that adds up the time of the bars inside and outside sessions: the clock is asked at their edges alone."""

    seconds = {"day": 0.0, "night": 0.0}
    bars = {"day": 0, "night": 0}

    def _take(self, bars: list[NautilusBar], closed: bool) -> None:
        which, start = "night" if closed else "day", time.process_time()
        self.bars[which] += len(bars)
        super()._take(bars, closed)
        self.seconds[which] += time.process_time() - start


def watched(request: BacktestRequest, bars: Bars) -> Callable[[], object]:
    """The stack with a clock in its journal."""
    actors.journal.Journal = TimedJournal
    return stack(request, bars)


class TimedJournal(Journal):
    """A journal that adds up the time spent in it."""

    seconds = 0.0


def _timed(name: str) -> Callable[..., object]:
    inner = getattr(Journal, name)

    def outer(self: Journal, *args: object, **options: object) -> object:
        start = time.process_time()
        try:
            return inner(self, *args, **options)
        finally:
            TimedJournal.seconds += time.process_time() - start

    return outer


for _name in ("add", "close_link", "close"):  # write_ahead and flush happen inside these, or a handful of times
    setattr(TimedJournal, _name, _timed(_name))


def counted(request: BacktestRequest, bars: Bars) -> Callable[[], object]:
    """The stack under a count of what Python executes."""
    run = stack(request, bars)

    def under_count() -> None:
        sys.monitoring.use_tool_id(sys.monitoring.PROFILER_ID, "bench")
        for event, name in ((sys.monitoring.events.INSTRUCTION, "bytecodes"), (sys.monitoring.events.PY_START, "calls")):
            sys.monitoring.register_callback(sys.monitoring.PROFILER_ID, event, _counting(name))
        sys.monitoring.set_events(sys.monitoring.PROFILER_ID, sys.monitoring.events.INSTRUCTION | sys.monitoring.events.PY_START)
        run()
        sys.monitoring.free_tool_id(sys.monitoring.PROFILER_ID)

    return under_count


EXECUTED = {"bytecodes": 0, "calls": 0}


def _counting(name: str) -> Callable[..., None]:
    def count(*_: object) -> None:
        EXECUTED[name] += 1

    return count


TAKING_TURNS = {"bare": bare, "stack": stack}
KINDS = {**TAKING_TURNS, "watched": watched, "counted": counted}


def measure(kind: str, sessions: int) -> dict[str, float]:
    """One measurement in this process: bars, seconds (of them in the journal), peak memory and the journal a session in MB."""
    with tempfile.TemporaryDirectory() as folder:
        request = BacktestRequest(out=Path(folder), sessions=sessions)
        bars = request.read(load_contracts())
        run = KINDS[kind](request, bars)
        start = time.process_time()
        run()
        seconds = time.process_time() - start
        journal_mb = sum(file.stat().st_size for file in request.out.glob(f"{JOURNAL}*")) / 1e6 / sessions
    return {
        "bars": len(bars.frame),
        "seconds": seconds,
        "journal_seconds": TimedJournal.seconds,
        "peak_mb": peak_mb(),
        "journal_mb": journal_mb,
        **{f"{which}_seconds_a_bar": Apart.seconds[which] / Apart.bars[which] for which in Apart.bars if Apart.bars[which]},
        **EXECUTED,
    }


def peak_mb() -> float:
    """The most memory this program has had, MB. Linux' own figure, where there is one: getrusage begins at what the parent had."""
    status = Path("/proc/self/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(encoding="utf-8"), re.MULTILINE) if status.is_file() else None
    return (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


def in_own_process(kind: str, sessions: int) -> dict[str, float]:
    """`measure` in a fresh interpreter."""
    command = [sys.executable, __file__, "--worker", kind, "--sessions", str(sessions)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def in_turn(sessions: int) -> list[dict[str, float]]:
    """Of each kind the median round, by its seconds."""
    rounds = [[in_own_process(kind, sessions) for kind in TAKING_TURNS] for _ in range(ROUNDS)]
    return [sorted(of_one, key=lambda found: found["seconds"])[ROUNDS // 2] for of_one in zip(*rounds, strict=True)]


def shares() -> list[tuple[str, float]]:
    """Share of the profiled own time by package, largest first. Nautilus' compiled parts count with whoever called them."""
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        request = BacktestRequest(out=Path(folder), sessions=SESSIONS)
        run = stack(request, request.read(load_contracts()))
        profile.runcall(run)
    own: dict[str, float] = defaultdict(float)
    for (file, _, name), row in pstats.Stats(profile).stats.items():
        own[_package(file, name)] += row[2]
    total = sum(own.values())
    return sorted(((name, seconds / total) for name, seconds in own.items()), key=lambda pair: -pair[1])


def _package(file: str, name: str) -> str:
    path = Path(file)
    if path.is_relative_to(ROOT) and ".venv" not in path.parts:
        return "/".join(path.relative_to(ROOT).parts[:2]).removesuffix(".py")
    if "nautilus" in file or "nautilus" in name:
        return "nautilus_trader"
    for word in ("sqlite", "msgspec", "sha256"):
        if word in name:
            return f"journal: {word}"
    return "Python and other libraries"


@click.command()
@click.option("--worker", type=click.Choice(list(KINDS)), help="Measure one kind in this process and print JSON.")
@click.option("--sessions", type=int, default=SESSIONS, show_default=True, help="Synthetic sessions of the smallest size.")
def main(worker: str | None, sessions: int) -> None:
    """Print the cost of the whole stack beside the bare engine."""
    if worker:
        click.echo(json.dumps(measure(worker, sessions)))
        return
    console = Console()
    table = Table(title="Whole stack beside the bare Nautilus engine, same synthetic bars")
    for heading in ("bars", "bare bars/s", "stack bars/s", "time ratio", "RTH", "night", "of it journal", "bare MB", "stack MB"):
        table.add_column(heading, justify="right")
    for size in SIZES:
        few, all_of_it = in_turn(size * sessions)
        seen = in_own_process("watched", size * sessions)
        table.add_row(
            f"{few['bars']:,.0f}",
            f"{few['bars'] / few['seconds']:,.0f}",
            f"{all_of_it['bars'] / all_of_it['seconds']:,.0f}",
            f"{all_of_it['seconds'] / few['seconds']:.1f}",
            *(f"{all_of_it[f'{which}_seconds_a_bar'] * few['bars'] / few['seconds']:.1f}" for which in Apart.bars),
            f"{seen['journal_seconds'] / seen['seconds']:.0%}",
            f"{few['peak_mb']:.0f}",
            f"{all_of_it['peak_mb']:.0f}",
        )
    console.print(table)
    console.print(f"Goal: a time ratio of at most {GOAL:.1f}. Journal: {all_of_it['journal_mb']:.2f} MB a session (goal 0.4).")
    work = in_own_process("counted", COUNTED_SESSIONS)
    each = {name: work[name] / work["bars"] for name in EXECUTED}
    console.print(f"A bar takes {each['bytecodes']:,.0f} bytecodes in {each['calls']:,.0f} calls, over {COUNTED_SESSIONS} sessions.")
    where = Table(title="What dominates (own time under the profiler)")
    where.add_column("package")
    where.add_column("share", justify="right")
    for name, share in shares()[:12]:
        where.add_row(name, f"{share:.0%}")
    console.print(where)


if __name__ == "__main__":
    main()
