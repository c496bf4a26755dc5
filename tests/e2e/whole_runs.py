"""Whole runs through the real stack, and what tests ask of them: cut short, mirrored, read back, from the command line."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from checker_rows import Report, bars_of, report_of

import bot
from bot.backtest.config import spec_of
from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun
from bot.bars import source
from bot.contracts import load_contracts
from bot.journal.packs import WHOLE
from bot.journal.read import opened
from bot.journal.verify import verify

FIRST_DAY = date(2025, 9, 15)
ROOT = Path(bot.__file__).parents[1]
FILE = ROOT.parent / "shared" / "data" / "ESZ5_1min_2025-08-31_2025-10-17.csv.gz"


@dataclass(frozen=True)
class Run:
    """A finished run: its journal and head, its bars, and what Nautilus tells of it."""

    journal: Path
    head: str
    bars: source.Bars
    report: Report


def run(request: BacktestRequest, bars: source.Bars | None = None) -> Run:
    """Run a request through the whole stack; `bars` instead of those it asks for."""
    contracts = load_contracts(request.contracts)
    bars = bars if bars is not None else request.read(contracts)
    spec = spec_of(request, contracts, bars)
    with BacktestRun(spec, bars, request) as backtest:
        head = backtest.through()
        report = report_of(backtest.engine, bars_of(bars.frame), float(request.equity_usd))
    path = Path(spec.journal_path)
    assert verify(path).head == head
    return Run(path, head, bars, report)


def until(bars: source.Bars, ts_ns: int) -> source.Bars:
    """The bars up to a stamp, as if nothing had come after."""
    return replace(bars, frame=bars.frame[bars.frame["ts_ns"] <= ts_ns])


def mirrored(bars: source.Bars) -> source.Bars:
    """p' = 2 P0 - p in ticks, P0 the first close: highs become lows."""
    twice = 2 * int(bars.frame["close"].iloc[0])
    frame = bars.frame.copy()
    for ours, theirs in (("open", "open"), ("high", "low"), ("low", "high"), ("close", "close")):
        frame[ours] = twice - bars.frame[theirs]
    return replace(bars, frame=frame)


def records(path: Path, kind: str | None = None, until_ns: int = 2**63 - 1) -> list[tuple[Any, ...]]:
    """(seq, ts, kind, strategy, body text) as stored, in order."""
    query = f"SELECT seq, ts_ns, kind, strategy, body FROM {WHOLE} WHERE ts_ns <= ? AND (?2 IS NULL OR kind = ?2) ORDER BY seq"
    with opened(path) as db:
        return db.execute(query, (until_ns, kind)).fetchall()


def bodies(path: Path, kind: str) -> list[tuple[int, dict[str, Any]]]:
    """(ts, body) of the records of a kind."""
    return [(row[1], msgspec.json.decode(row[4])) for row in records(path, kind)]


def mesbot(arguments: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, with another hash seed and another time zone than this one's."""
    program = f"import sys; from bot.cli.main import main; sys.argv[1:] = {arguments!r}; main()"
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "MESBOT_HOME": str(home), "HOME": str(home)}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, env=environment, cwd=home)


def assert_mirrored(one: Run, other: Run) -> None:
    """Every decision of `other` is that of `one` with sides and prices mirrored, and nothing else changed."""
    twice = one.bars.frame["close"].iloc[0] * 2 * 0.25
    ours, theirs = bodies(one.journal, "decision"), bodies(other.journal, "decision")
    assert len(ours) == len(theirs)
    for (ts_ns, body), (other_ns, reflection) in zip(ours, theirs, strict=True):
        assert (ts_ns, _reflected(body, twice)) == (other_ns, {**reflection, "sentence": ""})


def _reflected(body: dict[str, Any], twice: float) -> dict[str, Any]:
    """A decision in the mirror; its sentence, which names sides and prices, is left out."""
    body = {**body, "sentence": ""}
    if body.get("beliefs"):
        body["beliefs"] = body["beliefs"][::-1]
    if plan := body.get("plan"):
        prices = {name: None if plan[name] is None else twice - plan[name] for name in ("limit", "trigger", "level")}
        legs = [[quantity, twice - stop, twice - target] for quantity, stop, target in plan["legs"]]
        body["plan"] = {**plan, **prices, "side": -plan["side"], "legs": legs}
    if (management := body.get("management")) and management["stop"] is not None:
        body["management"] = {**management, "stop": twice - management["stop"]}
    return body
