"""The passport beside pandas, in one run: `make bench-data`. One file of two million minutes, as CSV and as Parquet.

Each reading runs in a process of its own, one after the other: pandas alone reads the file into a frame; mesbot judges it and
hands back checked bars. Seconds are of the processor (all threads), without imports; memory is the process's peak less what it had
before it read. Then one profiled reading says what dominates. Ratios are what counts: absolute figures are this machine's, at
this moment.
"""

from __future__ import annotations

import cProfile
import datetime as dt
import json
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import click
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from bot.bars.files import read_bars
from bot.bars.formats import OHLC
from bot.bars.own_format import write_bars
from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar
from bot.contracts import load_contracts
from bot.contracts.models import Contracts
from bot.units import MINUTE_NS

ROWS = 2_000_000
FIRST = dt.date(2019, 5, 6)  # MES began to trade
KINDS = ("csv", "parquet")
READERS = ("pandas", "mesbot")
DAY_MINUTES = 1380
ROOT = Path(__file__).resolve().parent.parent


def bars(rows: int) -> pd.DataFrame:
    """One synthetic day and its mirror in turn, over CME's whole days: level, volume and hours are those of real files."""
    last = FIRST + dt.timedelta(days=rows // DAY_MINUTES * 2 + 30)
    calendar = SessionCalendar(contracts().session, FIRST, last)
    opens = np.asarray([start for start, end in calendar.globex_hours if end - start == DAY_MINUTES * MINUTE_NS])[: -(-rows // DAY_MINUTES)]
    day = pd.DataFrame(synthetic_bars(1, 1, FIRST, calendar), columns=["ts_ns", *OHLC, "volume"])
    turn = int(day["open"].iloc[0] + day["close"].iloc[-1])
    mirror = day.assign(open=turn - day["open"], high=turn - day["low"], low=turn - day["high"], close=turn - day["close"])
    whole = pd.concat([(day, mirror)[number % 2] for number in range(len(opens))], ignore_index=True)
    whole["ts_ns"] = (opens[:, None] + (np.arange(DAY_MINUTES) + 1) * MINUTE_NS).ravel()
    return whole.iloc[:rows].reset_index(drop=True)


@lru_cache
def contracts() -> Contracts:
    """Loaded once, and not measured."""
    return load_contracts()


def read(reader: str, path: Path) -> int:
    """Read a file; how many rows it has."""
    if reader == "mesbot":
        return len(read_bars(path, contracts()).bars)
    return len(pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, parse_dates=["timestamp"]))


def by_itself(*words: str) -> str:
    """What this script prints in a process of its own. This one stays small: a child's peak begins at its parent's memory."""
    return subprocess.run([sys.executable, __file__, *words], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def one(reader: str, path: Path) -> dict[str, float]:
    """The measurement itself. Contracts and calendars' libraries are loaded before."""
    SessionCalendar(contracts().session, FIRST, FIRST + dt.timedelta(days=30))
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    rows = read(reader, path)
    seconds = time.process_time() - start
    return {"rows": rows, "seconds": seconds, "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def dominating(path: Path) -> list[tuple[str, float]]:
    """Our functions that take the most time of a reading, each with what it calls in libraries; shares of the whole."""
    contracts()
    profile = cProfile.Profile()
    profile.runcall(read, "mesbot", path)
    stats = pstats.Stats(profile).stats
    total = sum(own for _, _, own, _, _ in stats.values())
    of_ours: dict[str, float] = defaultdict(float)
    for (file, _, name), (_, _, own, cumulative, callers) in stats.items():
        if str(ROOT / "bot") in file:
            of_ours[f"{Path(file).stem}.{name}"] += own
            continue
        for (caller_file, _, caller), (_, _, _, through) in callers.items():
            if str(ROOT / "bot") in caller_file:
                of_ours[f"{Path(caller_file).stem}.{caller}"] += through
        del cumulative
    return sorted(((name, seconds / total) for name, seconds in of_ours.items()), key=lambda each: -each[1])[:8]


@click.command()
@click.option("--rows", type=click.IntRange(min=DAY_MINUTES), default=ROWS, show_default=True)
@click.option("--one", "asked", type=click.Choice([*READERS, "make"]), hidden=True)
@click.option("--file", type=click.Path(path_type=Path), hidden=True)
def main(rows: int, asked: str | None, file: Path | None) -> None:
    """Time and memory of the passport beside pandas alone."""
    if asked == "make":
        write_bars("--file", file, bars(rows))
    elif asked is not None:
        click.echo(json.dumps(one(asked, file)))
    else:
        _compare(rows)


def _compare(rows: int) -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        table = Table("file", "reader", "CPU seconds", "MB", "times pandas: seconds", "MB")
        for kind in KINDS:
            path = Path(folder) / f"bars.{kind}"
            by_itself("--one", "make", "--file", str(path), "--rows", str(rows))
            alone, ours = (json.loads(by_itself("--one", each, "--file", str(path))) for each in READERS)
            size = f"{kind}, {path.stat().st_size / 1e6:.0f} MB"
            table.add_row(size, "pandas alone", f"{alone['seconds']:.2f}", f"{alone['megabytes']:.0f}", "1", "1")
            ratios = [f"{ours[name] / alone[name]:.2f}" for name in ("seconds", "megabytes")]
            table.add_row("", "mesbot, with passport", f"{ours['seconds']:.2f}", f"{ours['megabytes']:.0f}", *ratios)
        console.print(f"{rows:,} minutes")
        console.print(table)
        console.print("What dominates the last of these:")
        for name, share in dominating(path):
            console.print(f"  {share:5.1%}  {name}", highlight=False)


if __name__ == "__main__":
    main()
