"""What the pages Strategies and Runs say: how far each strategy is trusted, what refusals saved or cost, and the runs of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bot.errors import JournalError
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.journal.times import new_york
from bot.node.status import JournalStatus
from bot.plural import counted
from bot.report.compare import compare
from bot.report.runs import RunLine, find_run, runs_in
from bot.report.summary import Summary
from bot.report.wording import dollars, plain
from bot.units import SECOND_NS
from bot.words import brief

NEWEST = 20
MINUTE = 60 * SECOND_NS


class Trusted(NamedTuple):
    """A strategy: its learning state, the evidence it stands on, and what releases it, "" if nothing has to."""

    strategy: str
    state: str
    evidence: str
    release: str


def trusted(status: JournalStatus, vetoer: str) -> list[Trusted]:
    """Of every strategy that orders, as `mesbot status` has it; last the filter, which has no trades to be judged by."""
    rows = []
    for name, trust in status.learning.items():
        level = f" {trust.throttle_level}" if trust.throttle_level else ""
        trades = f"{counted(trust.trades, 'trade')}, {trust.wins} won, {trust.losses} lost" if trust.trades else "no trades"
        rows.append(Trusted(name, f"{trust.state}{level}", f"{trades}; cost x {trust.cost_multiplier:g}", trust.release))
    return [*rows, Trusted(vetoer, "vetoes only", "never orders: what its vetoes saved or cost stands below", "")]


class Change(NamedTuple):
    """A strategy's learning state changed."""

    time: str
    strategy: str
    change: str
    reason: str


def changes(path: Path) -> list[Change]:
    """The newest of a journal, newest first. Raises JournalError."""
    with opened(path) as db:
        found = list(read(db, Kind.STATE))[-NEWEST:]
    return [
        Change(new_york(each.ts_ns), each.body["strategy"], f"{each.body['before']} → {each.body['after']}", brief(each.body["reason"]))
        for each in reversed(found)
    ]


class Refuser(NamedTuple):
    """A row of the ledger: who refused, and what its refusals saved or cost by the shadow trades they led to."""

    refuser: str
    kind: str
    net: str
    episodes: str
    saved: str
    cost: str


def ledger(path: Path) -> list[Refuser]:
    """As the report has it. Raises JournalError if the journal cannot be read or holds no run."""
    summary = Summary.from_journal(path)
    write = plain(summary)
    parts = ("net", "episodes", "saved", "cost")
    return [Refuser(each.label, each.kind, *(write(f"ledger.{each.name}.{part}") for part in parts)) for each in summary.ledger]


class Listed(NamedTuple):
    """A run as it is listed."""

    id: str
    started: str
    what: str
    trades: str
    net: str
    end: str


def listed(out: Path) -> list[Listed]:
    """The runs of a folder, the latest first; one that cannot be read says why."""
    return [_listed(line) for line in runs_in(out)]


def _listed(line: RunLine) -> Listed:
    if line.trouble:
        return Listed(line.id, "", line.trouble, "", "", line.end)
    started = new_york(line.started_ns // MINUTE * MINUTE) if line.started_ns else ""
    days = f"{line.first} to {line.last}" if line.first else "no bar"
    what = f"{line.mode}{f' of {line.bars}' if line.bars else ''}, {days}"
    return Listed(line.id, started, what, str(line.trades), dollars(line.net_cents), line.end)


def compared(out: Path, a: str, b: str) -> list[str]:
    """What is the same in two runs and what is not, as `mesbot compare` says it. Raises JournalError, UsageError."""
    found = compare(find_run(out, a), find_run(out, b))
    lines = [f"{part.name}: {'same' if part.same else 'DIFFER'}: {'; '.join(part.said)}" for part in found.parts]
    return [*lines, "Nothing differs." if found.same else "Not the same."]


def report_html(out: Path, shown: Path | None, id: str) -> str:
    """The report of a run of the folder, or of the journal that is shown ("now"), made from its journal. Raises JournalError."""
    from bot.report.html import render

    path = shown if id == "now" else {line.id: Path(line.path) for line in runs_in(out)}.get(id)
    if path is None:
        raise JournalError(f"There is no run {id!r} in {out}.")
    return render(Summary.from_journal(path))
