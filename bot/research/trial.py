"""One trial: a backtest of the whole stack under contracts that differ in some numbers, and what it came to, session by session.

It runs in a worker, which may be on another machine: all that it needs comes with it, and what it writes lies in a folder of its own
that is gone afterwards.
"""

from __future__ import annotations

import hashlib
import platform
import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date as Date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import yaml

from bot import __version__
from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_over
from bot.bars.source import Bars
from bot.calendar import SessionCalendar
from bot.contracts import Contracts, load_contracts
from bot.contracts.blocks import FILE
from bot.contracts.bounds import changed
from bot.contracts.models import FILES
from bot.contracts.yaml_reader import read_yaml
from bot.errors import UsageError
from bot.journal.folder import JOURNAL
from bot.report.frames import shadows, trades
from bot.report.random_entries import BOOK, RandomEntries
from bot.report.run import Run
from bot.research.space import Numbers

MOST_BYTES = 20_000_000
PACKAGES = ("bot", "actors", "strategies")
_same: set[tuple[str, str]] = set()


class OtherMesbot(UsageError):
    """A worker's machine is not fit to try anything: the study ends, and its sets are not to blame."""


class Shared(msgspec.Struct, frozen=True):
    """What all trials share, read, judged and sent once: the bars, the contracts' files, and folders of strategies, by file name.

    `contracts_sha256` and `program` are what a worker must find again: the hash of the contracts in force, and that of the program.
    """

    bars: Any
    contracts: dict[str, str]
    strategies: list[dict[str, bytes]]
    contracts_sha256: str
    program: str


class Job(msgspec.Struct, frozen=True):
    """One trial: the numbers that differ from those in force, by key, and over which sessions (ISO dates, in order).

    `measured` are the strategies whose plans are followed. `journal` asks for the journal itself, and for random entries.
    """

    numbers: Numbers
    sessions: tuple[str, ...]
    equity_usd: str
    learning: bool
    measured: tuple[str, ...]
    journal: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What a trial came to. `net_usd` and `plans_r` are one a session: the book's net, and the R of all plans of the measured strategies
    that were filled and followed to their end, traded or refused.

    `random_cents` are what random entries in place of the book's made, a draw each; none without, and `no_random` then says why.
    `seconds` are of a processor.
    """

    contracts_sha256: str
    head: str
    trades: int
    plans: int
    net_usd: tuple[float, ...]
    plans_r: tuple[float, ...]
    seconds: float
    random_cents: tuple[int, ...] = ()
    no_random: str = ""
    journal: bytes = b""


def shared_of(contracts: Contracts, bars: Bars) -> Shared:
    """What all trials under these contracts need. Raises UsageError, one sentence, if a folder of strategies is too large to be sent."""
    folder = Path(contracts.directory)
    texts = {f"{name}.yaml": (folder / f"{name}.yaml").read_text(encoding="utf-8") for name in FILES}
    return Shared(bars, texts, [_files(Path(each)) for each in contracts.strategy_folders], contracts.sha256, program())


def _files(folder: Path) -> dict[str, bytes]:
    """The files of a folder of strategies, without what Python or a version control keeps there."""
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(_passed_over(part) for part in path.relative_to(folder).parts)
    ]
    if sum(path.stat().st_size for path in paths) > MOST_BYTES:
        raise UsageError(
            f"--strategies {folder}: holds more than {MOST_BYTES // 1_000_000} MB, which each worker would be sent; name a smaller one."
        )
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _passed_over(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__"


def code_of(contracts: Contracts) -> str:
    """The hash of all code that a trial runs: this program's, and that of strategies of one's own, which no contract holds."""
    found = hashlib.sha256(program().encode())
    for folder in contracts.strategy_folders:
        for name, content in _files(Path(folder)).items():
            if name.endswith(".py"):
                found.update(name.encode() + b"\0" + content)
    return found.hexdigest()


@cache
def program() -> str:
    """The hash of this program: its version and every file of its code."""
    root = Path(__file__).parents[2]
    found = hashlib.sha256(__version__.encode())
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def cut(bars: Bars, contracts: Contracts, last_session: str) -> Bars:
    """The bars up to the close of a session: what comes after it can change nothing before."""
    day = Date.fromisoformat(last_session)
    close_ns = SessionCalendar(contracts.session, day, day).sessions[-1].close_ns
    return replace(bars, frame=bars.frame[bars.frame["ts_ns"] <= close_ns])


def run_trial(shared: Shared, job: Job) -> Outcome:
    """Run a trial. Raises ContractError, one sentence, if the numbers do not hold together, OtherMesbot if this machine's is another."""
    began = time.process_time()
    _require_same(shared)
    with tempfile.TemporaryDirectory(prefix="mesbot-trial-") as made:
        folder = Path(made)
        contracts = _contracts(shared, job.numbers, folder)
        request = BacktestRequest(
            out=folder / "out",
            from_date=Date.fromisoformat(job.sessions[0]),
            to_date=Date.fromisoformat(job.sessions[-1]),
            equity_usd=Decimal(job.equity_usd),
            learning=job.learning,
            contracts=Path(contracts.directory),
            strategies=tuple(map(Path, contracts.strategy_folders)),
        )
        head = run_over(cut(shared.bars, contracts, job.sessions[-1]), contracts, request)
        return _outcome(folder / "out" / JOURNAL, job, contracts.sha256, head, began)


def _require_same(shared: Shared) -> None:
    """Once a worker. Raises OtherMesbot if this machine's mesbot, or one of its strategies, is another than where the study is driven."""
    if (shared.program, shared.contracts_sha256) in _same:
        return
    here = f"A worker on {platform.node()}"
    if program() != shared.program:
        raise OtherMesbot(f"{here} runs another mesbot than this one; install the same version on every machine.")
    with tempfile.TemporaryDirectory(prefix="mesbot-trial-") as made:
        found = _contracts(shared, {}, Path(made)).sha256
    if found != shared.contracts_sha256:
        raise OtherMesbot(f"{here} reads the contracts otherwise ({found[:12]}): other strategies are installed there; install the same.")
    _same.add((shared.program, shared.contracts_sha256))


def _contracts(shared: Shared, numbers: Numbers, folder: Path) -> Contracts:
    """The contracts of a trial, written into a folder: those in force but for the numbers."""
    directory = folder / "contracts"
    directory.mkdir()
    for name, text in shared.contracts.items():
        (directory / name).write_text(_with(text, numbers) if name == FILE else text, encoding="utf-8")
    places = []
    for number, files in enumerate(shared.strategies):
        places.append(folder / f"strategies-{number}")
        for name, content in files.items():
            path = places[-1] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_with(content.decode(), numbers).encode() if "/" not in name and name.endswith(".yaml") else content)
    return load_contracts(directory, places)


def _with(text: str, numbers: Numbers) -> str:
    """The text of a file with other numbers, of those that are its own."""
    values = read_yaml(text)
    own = {key: number for key, number in numbers.items() if isinstance(values, Mapping) and key.partition(".")[0] in values}
    return yaml.safe_dump(changed(values, own), sort_keys=False, allow_unicode=True) if own else text


def _outcome(journal: Path, job: Job, contracts_sha256: str, head: str, began: float) -> Outcome:
    real, plans = trades(journal), pd.concat([trades(journal), shadows(journal)], ignore_index=True)
    real = real[real["mark"].fillna("") != "VOID"]
    plans = plans[plans["strategy"].isin(job.measured) & plans["mark"].isna()]
    drawn = RandomEntries(Run.read(journal)).of(BOOK) if job.journal else ""
    return Outcome(
        contracts_sha256=contracts_sha256,
        head=head,
        trades=len(real),
        plans=len(plans),
        net_usd=tuple(cents / 100 for cents in _by_session(real, "net_cents", job.sessions)),
        plans_r=_by_session(plans, "r", job.sessions),
        seconds=time.process_time() - began,
        random_cents=() if isinstance(drawn, str) else tuple(drawn.net_cents),
        no_random=drawn if isinstance(drawn, str) else "",
        journal=_whole(journal) if job.journal else b"",
    )


def _by_session(table: pd.DataFrame, column: str, sessions: Sequence[str]) -> tuple[float, ...]:
    """The sum of a column of each session, 0 where nothing was."""
    sums = table.groupby("trading_day")[column].sum()
    return tuple(float(sums.get(day, 0.0)) for day in sessions)


def _whole(journal: Path) -> bytes:
    """The journal as one file."""
    with sqlite3.connect(journal) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return journal.read_bytes()
