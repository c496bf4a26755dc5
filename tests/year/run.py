"""A year unattended, simulated: `make year`, or `make year SESSIONS=10 FROM=2026-03-04 SEED=2`.

    PYTHONPATH=tests/e2e:tests:. .venv/bin/python tests/year/run.py [--sessions N] [--from DATE] [--seed N] [--out FOLDER] [--judge FOLDER]

The paper node on the simulated gateway through every minute of CME's hours, one session after the other as fast as it goes. Ends with 1
and a sentence for each thing that does not hold. `--judge` judges a folder that was played before.

Its rooms: year_plan.py says what happens when, year_bot.py is the bot's process, year_play.py plays, year_rows.py and year_report.py read
the journals, year_judge.py says what must hold, year_table.py prints. It does not promise what a real gateway does, nor wall time:
a year of market time passes in about an hour.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import checker_clock
import msgspec
from year_judge import judge
from year_plan import plan_of
from year_play import Story, play
from year_rows import journals
from year_table import table

from bot.contracts import load_contracts

ROOT = Path(__file__).resolve().parents[2]
FIRST = dt.date(2025, 10, 13)  # so that 250 sessions hold both clock changes, a New Year's night, four rolls and the half days


def main() -> int:
    """Play and judge."""
    chosen = _arguments()
    folder = chosen.judge or chosen.out or Path(tempfile.mkdtemp(prefix="mesbot-year-"))
    story = _judged_before(folder) if chosen.judge else _played(chosen, folder)
    faults = [*judge(folder, story), *_unverified(folder)]
    print(*table(folder, story), sep="\n")
    print(*(faults or ["All of it holds."]), f"Kept in {folder}.", sep="\n")
    return 1 if faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A year unattended, simulated.")
    parser.add_argument("--sessions", type=int, default=250)
    parser.add_argument("--from", dest="first", type=dt.date.fromisoformat, default=FIRST)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--judge", type=Path)
    chosen = parser.parse_args()
    if chosen.sessions < 1:
        parser.error(f"--sessions {chosen.sessions}: must be 1 or more")
    ends = chosen.first + dt.timedelta(days=chosen.sessions * 3 // 2 + 4)
    if chosen.first < checker_clock.FIRST or ends > checker_clock.LAST:
        covered = f"{checker_clock.FIRST} to {checker_clock.LAST}"
        parser.error(f"{chosen.sessions} sessions from {chosen.first}: the checker's table of holidays covers {covered}")
    return chosen


def _played(chosen: argparse.Namespace, folder: Path) -> Story:
    if (folder / "journals").exists():
        raise SystemExit(f"--out {folder}: a year was played there already; name another folder, or judge it with --judge {folder}.")
    folder.mkdir(parents=True, exist_ok=True)
    contracts = load_contracts()
    plan = plan_of(contracts, chosen.first, chosen.sessions)
    return asyncio.run(play(plan, contracts, chosen.seed, folder, lambda line: print(line, flush=True)))


def _judged_before(folder: Path) -> Story:
    return msgspec.json.decode((folder / "story.json").read_bytes(), type=Story)


def _unverified(folder: Path) -> Iterator[str]:
    """Journals that `mesbot journal verify` does not pass."""
    for path in journals(folder):
        words = (sys.executable, "-m", "bot.cli", "journal", "verify", "--journal", str(path))
        done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode:
            yield f"mesbot journal verify --journal {path} ended with code {done.returncode}: {done.stdout}{done.stderr}"


if __name__ == "__main__":
    raise SystemExit(main())
