"""The runs that an output folder keeps, the latest first, each told from its journal alone."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from bot.errors import JournalError, UsageError
from bot.journal import schema
from bot.journal.connect import no_journal
from bot.journal.folder import JOURNAL, LATEST, journals_in, latest_of, newest_in
from bot.journal.read import headers, opened
from bot.journal.run_end import DEMO, END, interrupted
from bot.journal.run_lock import held_by
from bot.journal.times import NEW_YORK, new_york
from bot.masking import file_meant

_SPAN = "SELECT min(ts_ns), max(ts_ns) FROM links WHERE ts_ns > 0"
_RESULT = "SELECT count(*), coalesce(sum(net_cents), 0) FROM trades"
_LAW = "SELECT sha256 FROM contract_sets ORDER BY contract_set DESC LIMIT 1"
_HEAD = "SELECT head FROM links ORDER BY link DESC LIMIT 1"


class Ended(StrEnum):
    """How a run stands."""

    WHOLE = "whole"
    INTERRUPTED = "interrupted"
    RUNNING = "running"
    UNREADABLE = "unreadable"


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a line.

    `id` is what verbs call it by: "latest" (the one that began last), "top", the number or the name of its folder. `started_ns` is
    wall time (UTC ns, 0 unknown), `mode` backtest, paper, demo, ..., `bars` where its bars came from, `first` and `last` its first and last
    day of market time (ISO, New York, "" if none), `contracts` the hash of the contracts of its last records, `trades` how many real
    ones were closed, `net_cents` what they came to, `head` the head hash. `trouble` says why a journal cannot be read.
    """

    id: str
    path: str
    started_ns: int = 0
    mode: str = ""
    bars: str = ""
    first: str = ""
    last: str = ""
    contracts: str = ""
    trades: int = 0
    net_cents: int = 0
    head: str = ""
    end: Ended = Ended.UNREADABLE
    account: bool = False
    trouble: str = ""


def runs_in(out: str | Path, last: Path | None = None) -> list[RunLine]:
    """The runs of an output folder, the latest first; [] if it has none. A journal that cannot be read is told, not left out.

    `last` is the journal of a run that counts too, wherever it lies; it is listed if it is the latest.
    """
    latest, known = latest_in(Path(out), last), journals_in(Path(out))
    if latest is None:
        return []
    others = {id: path for id, path in known.items() if path.resolve() != latest.resolve()}
    return [run_line(id, path) for id, path in {LATEST: latest, **others}.items()]


def latest_in(out: Path, last: Path | None = None) -> Path | None:
    """The journal of the run that began last: of those in a folder, and `last` if it is given; None if there is none."""
    found = newest_in(out)
    if last is not None and last.resolve() not in {path.resolve() for path in found}:
        found.append(last)
    return latest_of(found)


def runs(out: str | Path = "out") -> pd.DataFrame:
    """`runs_in` as a frame: a row a run, the columns of RunLine, but `started`, a moment of wall time with the zone New York."""
    table = pd.DataFrame([msgspec.structs.asdict(line) for line in runs_in(out)], columns=list(RunLine.__struct_fields__))
    started = pd.to_datetime(table.pop("started_ns").astype("int64"), unit="ns", utc=True).dt.tz_convert(NEW_YORK)
    table.insert(2, "started", started)
    return table


def find_run(out: Path, name: str, last: Path | None = None) -> Path:
    """The journal that a person means: an id of a run in `out` (the latest as `runs_in` has it), a folder with a journal, or a journal.

    Raises UsageError for none.
    """
    known = journals_in(out)
    if name == LATEST and (latest := latest_in(out, last)) is not None:
        return latest
    if name in known:
        return known[name]
    path = file_meant(Path(name))
    if path.is_file():
        return path
    if (path / JOURNAL).is_file():
        return path / JOURNAL
    there = f"runs in {out}: {', '.join((LATEST, *known))}" if known else f"there is no run in {out}"
    lists = "mesbot runs" if out == Path("out") else f"mesbot runs --out {shlex.quote(str(out))}"
    raise UsageError(f'"{name}" is neither a run, a journal nor a folder with one; {there}. `{lists}` lists them.')


def run_line(id: str, path: Path) -> RunLine:
    """One journal in a line."""
    try:
        with opened(path) as db:
            if broken := schema.faults(db):
                raise no_journal(path, "; ".join(broken))
            found = headers(db)
            return _line(id, path, db, [header for header in found if "verb" not in header] or found)
    except JournalError as error:
        return RunLine(id=id, path=str(path), trouble=str(error))


def _line(id: str, path: Path, db: sqlite3.Connection, found: Sequence[Mapping[str, Any]]) -> RunLine:
    header = found[-1] if found else {}
    (first_ns, last_ns), (trades, net_cents) = db.execute(_SPAN).fetchone(), db.execute(_RESULT).fetchone()
    law, head = db.execute(_LAW).fetchone(), db.execute(_HEAD).fetchone()
    return RunLine(
        id=id,
        path=str(path),
        started_ns=header.get("wall_ns", 0),
        mode=DEMO if DEMO in header else str(header.get("mode", "")),
        bars="synthetic sessions" if DEMO in header else str(header.get("bars", "")),  # each has its own
        first=new_york(first_ns)[:10] if first_ns else "",
        last=new_york(last_ns)[:10] if last_ns else "",
        contracts=law[0] if law else "",
        trades=trades,
        net_cents=net_cents,
        head=head[0] if head else "",
        end=_ended(path, db, found),
        account="account" in header,
    )


def _ended(path: Path, db: sqlite3.Connection, found: Sequence[Mapping[str, Any]]) -> Ended:
    if held_by(path) is not None:
        return Ended.RUNNING
    return Ended.WHOLE if found and END in found[-1] and not interrupted(path, db, found) else Ended.INTERRUPTED
