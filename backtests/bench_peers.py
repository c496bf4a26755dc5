"""The same five rules in backtrader and vn.py, beside the bare Nautilus engine and the whole stack, in one run: `make bench-peers`.

All read the same seeded full-session bars. Each peer runs in an environment of its own (backtests/peers/NAME.lock, of the same Python,
made once in .venv-NAME), and its rules are one file, backtests/peers/on_NAME.py, which says what of the law it leaves out: a peer has
neither journal nor quality scores nor risk engine, and no limit stops it from trading. Bare engine, stack and peers take turns, three
times; of each the median counts: processor time from the first bar to the last, without imports and reading the file, but with making
the bars in each one's own form.

So that nobody is fooled by rules that do nothing: beside each stand its entries, and how many of the stack's setups (plans of K1–K4,
whatever became of them, on bars where it held nothing and whose signals are known) a peer that only looks finds on the same bar and
side, and how many more it finds. A peer that cannot be installed is left out, with the reason; one that fails ends the bench.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import click
import pandas as pd
import yaml
from bench import ROUNDS, in_own_process, stack
from rich.console import Console
from rich.table import Table

from bot.backtest.request import BacktestRequest
from bot.bars.source import Bars
from bot.contracts import load_contracts
from bot.journal.folder import JOURNAL
from bot.journal.read import opened
from bot.units import to_points

SESSIONS = 20
PEERS = ("backtrader", "vnpy")
INSTALL_SECONDS, RUN_SECONDS = 900.0, 3_600.0
ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "backtests" / "peers"
NEW_YORK = "America/New_York"
PLANS = """SELECT d.ts_ns, d.strategy, d.plan_side FROM decisions d JOIN bars b USING (ts_ns)
WHERE d.plan_side IS NOT NULL AND b.regime <> 'unknown'"""
HELD = "SELECT DISTINCT ts_ns FROM decisions WHERE action IN ('MANAGE', 'EXIT')"

Setup = tuple[str, str, int]  # time (New York), strategy, side


class NotAvailableError(Exception):
    """A peer cannot be had here, with the reason."""


class Seen(NamedTuple):
    """What the stack made of the bars: its setups, the times at which it held something, and its trades."""

    setups: set[Setup]
    held: set[str]
    entries: int


class Row(NamedTuple):
    """What one of them took: microseconds a bar; entries, setups it has in common with the stack, and those it alone has."""

    name: str
    micros: float
    entries: int | None = None
    shared: int | None = None
    others: int | None = None


class Compared(NamedTuple):
    """All rows, the bare engine's first; how many setups the stack had; why which peer is missing."""

    bars: int
    rows: list[Row]
    setups: int
    missing: dict[str, str]


def python_of(peer: str) -> Path:
    """The Python of a peer's environment, which is made if its lock has changed. Raises NotAvailableError."""
    folder, lock = ROOT / f".venv-{peer}", HERE / f"{peer}.lock"
    python, stamp = folder / "bin" / "python", folder / ".setup-finished"
    wanted = f"{ROOT} {sys.version} {hashlib.sha256(lock.read_bytes()).hexdigest()}"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        _done([sys.executable, "-m", "venv", str(folder)], INSTALL_SECONDS)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        _done([*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)], INSTALL_SECONDS)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _done(command: list[str], seconds: float, folder: Path = ROOT) -> str:
    """What a command prints; raises NotAvailableError with its last words."""
    try:
        # Qt, which vn.py imports, looks for a screen otherwise
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAvailableError(str(error)) from None
    if ran.returncode:
        raise NotAvailableError(last_words(ran.stderr or ran.stdout))
    return ran.stdout


def last_words(text: str) -> str:
    """The last line that says something."""
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it ended without a word")
    return last.removeprefix("ERROR: ")


class Peer:
    """A framework with its environment, and the files it reads."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self._folder, self._python = name, folder, python_of(name)

    def run(self, bars: int, *words: str) -> dict[str, Any]:
        """What its file prints. Ends the bench, with a sentence, where it fails or has not seen every bar."""
        command = [str(self._python), str(HERE / f"on_{self.name}.py"), "bars.csv", "strategies.json", *words]
        try:
            found = json.loads(last_words(_done(command, RUN_SECONDS, self._folder)))
        except NotAvailableError as error:
            raise SystemExit(f"{self.name} failed: {error}") from None
        if found["bars"] != bars:
            raise SystemExit(f"{self.name} ended after {found['bars']} of {bars} bars")
        return found


def write_files(folder: Path, bars: Bars) -> None:
    """What peers read: bars in points with New York times of their close, and the numbers of strategies.yaml."""
    frame = to_points(bars.frame[["open", "high", "low", "close"]])
    frame.insert(0, "time", pd.to_datetime(bars.frame["ts_ns"], utc=True).dt.tz_convert(NEW_YORK).dt.tz_localize(None))
    frame.assign(volume=bars.frame["volume"]).to_csv(folder / "bars.csv", index=False)
    numbers = yaml.safe_load((ROOT / "contracts" / "strategies.yaml").read_text(encoding="utf-8"))
    del numbers["changelog"]
    (folder / "strategies.json").write_text(json.dumps(numbers), encoding="utf-8")


def seen(request: BacktestRequest, bars: Bars) -> Seen:
    """What the stack's journal says of a run over these bars."""
    stack(request, bars)()
    with opened(request.out / JOURNAL) as db:
        setups = {(_clock(at), strategy, side) for at, strategy, side in db.execute(PLANS)}
        held = {_clock(at) for (at,) in db.execute(HELD)}
        ((entries,),) = db.execute("SELECT count(*) FROM trades")
    return Seen({each for each in setups if each[0] not in held}, held, entries)


def _clock(ts_ns: int) -> str:
    return str(pd.Timestamp(ts_ns, tz="UTC").tz_convert(NEW_YORK).tz_localize(None))


def compare(sessions: int) -> Compared:
    """All of them in turn over so many sessions, and the peers' setups beside the stack's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        request = BacktestRequest(out=folder / "out", sessions=sessions)
        bars = request.read(load_contracts())
        write_files(folder, bars)
        ours, count = seen(request, bars), len(bars.frame)
        peers: list[Peer] = []
        missing: dict[str, str] = {}
        for each in PEERS:
            try:
                peers.append(Peer(each, folder))
            except NotAvailableError as reason:
                missing[each] = str(reason)
        looks = {peer.name: {tuple(setup) for setup in peer.run(count, "look")["setups"]} for peer in peers}
        turns = [
            [*(in_own_process(kind, sessions) for kind in ("bare", "stack")), *(peer.run(count) for peer in peers)] for _ in range(ROUNDS)
        ]
    micros = [median(each["seconds"] for each in of_one) * 1e6 / count for of_one in zip(*turns, strict=True)]
    rows = [Row("bare engine", micros[0]), Row("whole stack", micros[1], ours.entries)]
    for index, peer in enumerate(peers, start=2):
        rows.append(Row(peer.name, micros[index], turns[0][index]["entries"], **beside(ours, looks[peer.name])))
    return Compared(count, rows, len(ours.setups), missing)


def beside(ours: Seen, theirs: set[Setup]) -> dict[str, int]:
    """How many of the stack's setups a peer has too, and how many more it has, where the stack held nothing."""
    asked = {each for each in theirs if each[0] not in ours.held}
    return {"shared": len(asked & ours.setups), "others": len(asked - ours.setups)}


def cells(found: Compared, row: Row) -> tuple[str, ...]:
    """A row as words: name, microseconds a bar, bare engines, entries, setups."""
    same = "" if row.shared is None else f"{row.shared} of {found.setups}" + (f", and {row.others} more" if row.others else "")
    return (
        row.name,
        f"{row.micros:.1f}",
        f"{row.micros / found.rows[0].micros:.1f}",
        "" if row.entries is None else str(row.entries),
        same,
    )


HEADINGS = ("", "µs a bar", "bare engines", "entries", "the stack's setups")


@click.command()
@click.option("--sessions", type=click.IntRange(min=6), default=SESSIONS, show_default=True, help="Synthetic sessions; five warm up.")
def main(sessions: int) -> None:
    """Print what each takes, in bare engines."""
    found = compare(sessions)
    console = Console()
    table = Table(*HEADINGS, title=f"The same five rules over {found.bars:,} synthetic bars; load {os.getloadavg()[0]:.1f}")
    for row in found.rows:
        table.add_row(*cells(found, row))
    console.print(table)
    for peer, reason in found.missing.items():
        console.print(f"{peer}: left out, {reason}", markup=False)


if __name__ == "__main__":
    main()
