"""Measures the whole stack beside the bare engine and other frameworks, and writes the tables of docs/performance.md, with the machine.

Bare and stack take turns, each in a process of its own (backtests/bench.py), and then both and the peers (backtests/bench_peers.py); of
each the median counts. It takes minutes, and is right where nothing else runs: the load as it began stands beside the figures. A test
holds that the page has the form which this writes.

    python scripts/make_performance_table.py 10 20 40      # sessions of each line
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "backtests"))

import bench_peers  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- made by scripts/make_performance_table.py -->\n", "<!-- end of what is made -->\n"
HEAD = (
    "| sessions | bars | bare µs a bar | stack µs a bar | time ratio | MB, bare and stack | journal MB a session |\n"
    "|---|---|---|---|---|---|---|\n"
)
ROUNDS = 3


def machine() -> str:
    """The machine, a sentence: processors, their name, system, Python, Nautilus, and the load."""
    names = [line.partition(":")[2].strip() for line in _text("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    return (
        f"{os.cpu_count()} × {cpu}, {platform.system()}, Python {platform.python_version()}, nautilus_trader {version('nautilus_trader')}; "
        f"load {os.getloadavg()[0]:.1f} as it began. Processor time, medians of {ROUNDS}.\n"
    )


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace") if Path(path).is_file() else ""


def measured(kind: str, sessions: int) -> dict[str, float]:
    """One measurement of backtests/bench.py in a fresh process."""
    command = [sys.executable, str(ROOT / "backtests" / "bench.py"), "--worker", kind, "--sessions", str(sessions)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def row(sessions: int, bare: dict[str, float], stack: dict[str, float]) -> str:
    """A line of the table."""
    each = [found["seconds"] * 1e6 / found["bars"] for found in (bare, stack)]
    return (
        f"| {sessions} | {stack['bars']:,.0f} | {each[0]:.1f} | {each[1]:.1f} | {each[1] / each[0]:.1f} | {bare['peak_mb']:.0f}, "
        f"{stack['peak_mb']:.0f} | {stack['journal_mb']:.2f} |\n"
    )


def peers(found: bench_peers.Compared) -> str:
    """The table of the same rules in other frameworks, and a sentence for each that is missing."""
    made = f"The same five rules over {found.bars:,} bars (`make bench-peers`):\n\n"
    made += "".join(f"| {' | '.join(each)} |\n" for each in (bench_peers.HEADINGS, ["---"] * len(bench_peers.HEADINGS)))
    made += "".join(f"| {' | '.join(bench_peers.cells(found, each))} |\n" for each in found.rows)
    return made + "".join(f"\n{peer}: left out, {reason}\n" for peer, reason in found.missing.items())


def page(text: str, made: str) -> str:
    """The page with other tables in the place of its own."""
    return text[: text.index(BEGIN) + len(BEGIN)] + made + text[text.index(END) :]


def main(sizes: list[int]) -> None:
    """Measure, and write the page."""
    made = f"\n{machine()}\n{HEAD}"
    for sessions in sizes:
        turns = [[measured(kind, sessions) for kind in ("bare", "stack")] for _ in range(ROUNDS)]
        middle = [{name: median(each[name] for each in of_one) for name in of_one[0]} for of_one in zip(*turns, strict=True)]
        made += row(sessions, *middle)
    made += f"\n{peers(bench_peers.compare(bench_peers.SESSIONS))}\n"
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [10, 20, 40])
