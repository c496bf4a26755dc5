"""Recomputes a journal's hash chain from its file and says where it breaks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from bot.decision.snapshot import KillState
from bot.errors import JournalBroken
from bot.journal import chain, columns, schema
from bot.journal.connect import connected, no_journal, one_line
from bot.journal.kill_state import KillStanding, journaled, require_link, standing
from bot.journal.latch import Latched, read_latch
from bot.journal.packs import Bodies
from bot.journal.times import new_york

_RECORDS = (
    "SELECT seq, ts_ns, kind, strategy, sha256, CAST(body AS BLOB) FROM records LEFT JOIN contract_sets USING (contract_set) ORDER BY seq"
)
_LINKS = "SELECT link, ts_ns, last_seq, head FROM links ORDER BY link"
_HEADERS = "SELECT run, CAST(body AS BLOB) FROM runs ORDER BY run"


class VerifyReport(msgspec.Struct, frozen=True):
    """An unbroken journal: its head (hex), and how many links and records it has.

    `unlinked` of the records belong to a bar that was not finished: the chain does not cover them yet. `told` are sentences
    about the latch beside the file; none if there is nothing to tell.
    """

    head: str
    links: int
    records: int
    unlinked: int
    told: tuple[str, ...] = ()


class _Link(msgspec.Struct, frozen=True):
    number: int
    ts_ns: int
    first_seq: int
    last_seq: int
    head: str

    def __str__(self) -> str:
        return f"link {self.number} ({new_york(self.ts_ns)} New York, records {self.first_seq} to {self.last_seq})"


def verify(path: str | Path) -> VerifyReport:
    """Check the file, the schema with its triggers, the numbering, and every link of the chain; and that its latch, if there is
    one, belongs to it.

    Finds any change of a record's kind, strategy, market time, contract hash or body, packed or not, its removal, a swap, an
    insertion, a plain column that contradicts its body, a cut that the links, the records or the latch still show, and whatever
    SQLite finds wrong with its pages and indexes. Does not find a change of wall times and run headers, a cut of records and links
    together behind the last kill or operator record, nor a chain recomputed by somebody who means to deceive: compare the head with
    one noted elsewhere.

    Raises JournalBroken naming the first broken link, its time in New York and what differs;
    JournalError if the file is missing or no journal.
    """
    path = Path(path)
    said = read_latch(path)  # before the file: what it names is in the file already
    with connected(path) as db:
        try:
            return _verified(db, path, said)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise JournalBroken(f"{path} is broken: the file itself is damaged ({one_line(error)}).") from error


def _verified(db: sqlite3.Connection, path: Path, said: Latched | None) -> VerifyReport:
    if other := schema.other_than_ours(db):
        raise JournalBroken(no_journal(path, other).told)
    if faults := schema.faults(db):
        raise JournalBroken(f"{path} is broken: {'; '.join(faults)}.")
    bodies = Bodies(db)
    report = _walk(db, path, bodies)
    if schema.version_of(db) >= schema.FIRST_WITH_PACKS and (fault := bodies.faults()):
        raise JournalBroken(f"{path} is broken: {fault}.")
    if schema.version_of(db) >= schema.FIRST_WITH_COLUMNS and (fault := columns.faults(db, bodies)):
        raise JournalBroken(f"{path} is broken: {fault}.")
    (state,) = db.execute("PRAGMA integrity_check(1)").fetchone()  # what no link covers: indexes, by which readers find records
    if state != "ok":
        raise JournalBroken(f"{path} is broken: the file itself is damaged ({' '.join(state.split())}).")
    for run, body in db.execute(_HEADERS):
        if not _is_canonical(body):
            raise JournalBroken(f"{path} is broken: the header of run {run} is not as mesbot writes it.")
    require_link(path, db, said)
    word = journaled(db)
    told = standing(path, db, said, KillStanding(word.state or KillState.ARMED, word.reason)).told
    return msgspec.structs.replace(report, told=told)


def _walk(db: sqlite3.Connection, path: str | Path, bodies: Bodies) -> VerifyReport:
    records = iter(db.execute(_RECORDS))
    head, last_seq, number = chain.GENESIS, 0, 0
    prefixes: dict[tuple[str, str, str | None], bytes] = {}
    for row in db.execute(_LINKS):
        link = _link(row, last_seq + 1, path)
        number += 1
        if link.number != number or link.last_seq <= last_seq:
            raise JournalBroken(f"{path} is broken at {link}: links are numbered without gaps and each has records; {number} was expected.")
        rows = list(islice(records, link.last_seq - last_seq))
        try:
            rows = [row if row[5] is not None else (*row[:5], bodies.of(row[0]).encode()) for row in rows]
            lines = [_line(row, prefixes) for row in rows]
        except JournalBroken as error:
            raise JournalBroken(f"{path} is broken at {link}: {_gap(rows, link) or error}.") from error
        except (TypeError, ValueError, OverflowError) as error:
            raise JournalBroken(f"{path} is broken at {link}: a record of it is not as mesbot writes it ({error}).") from error
        head = chain.link_head(head, lines, link.ts_ns)
        if head.hex() != link.head or rows[-1][0] != link.last_seq:
            raise JournalBroken(f"{path} is broken at {link}: {_difference(rows, link, head.hex())}.")
        last_seq = link.last_seq
    unlinked = _count_unlinked(records, last_seq, path)
    return VerifyReport(head=head.hex(), links=number, records=last_seq + unlinked, unlinked=unlinked)


def _link(row: tuple[Any, ...], first_seq: int, path: str | Path) -> _Link:
    number, ts_ns, last_seq, head = row
    if not (isinstance(ts_ns, int) and isinstance(last_seq, int) and isinstance(head, str)):
        raise JournalBroken(f"{path} is broken: link {number} is not as mesbot writes it.")
    return _Link(number, ts_ns, first_seq, last_seq, head)


def _line(row: tuple[Any, ...], prefixes: dict[tuple[str, str, str | None], bytes]) -> bytes:
    _, ts_ns, kind, strategy, contract_hash, body = row
    key = (kind, contract_hash, strategy)
    if key not in prefixes:
        prefixes[key] = chain.line_prefix(*key)
    return chain.line(prefixes[key], ts_ns, body)


def _count_unlinked(records: Iterator[tuple[Any, ...]], last_seq: int, path: str | Path) -> int:
    expected = last_seq
    for expected, row in enumerate(records, last_seq + 1):
        if row[0] != expected:
            raise JournalBroken(f"{path} is broken after its last link: record {expected} is missing (the next is {row[0]}).")
    return expected - last_seq


def _difference(rows: list[tuple[Any, ...]], link: _Link, head: str) -> str:
    """What is wrong with a link whose hash does not hold, as far as it shows."""
    if gap := _gap(rows, link):
        return gap
    for seq, _, kind, strategy, _, body in rows:
        if not _is_canonical(body):
            return f"the body of record {seq} ({kind}{' of ' + strategy if strategy else ''}) is not as mesbot writes it"
    return f"its records hash to {head[:16]}, the link says {link.head[:16]}: one of them, or the order, was changed"


def _gap(rows: list[tuple[Any, ...]], link: _Link) -> str:
    """Which of the records of a link are not there; "" if all are."""
    if not rows:
        return "its records are missing; the file was cut"
    expected = link.first_seq
    for row in rows:
        if row[0] != expected:
            return f"record {expected} is missing (the next is {row[0]})"
        expected += 1
    if expected <= link.last_seq:
        return f"records {expected} to {link.last_seq} are missing; the file was cut"
    return ""


def _is_canonical(body: bytes) -> bool:
    """Whether a body is JSON without spaces. (Key order is the struct's, which the file does not know.)"""
    try:
        return msgspec.json.format(body, indent=-1) == body
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
        return False
