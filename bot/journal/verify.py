"""Recomputes a journal's hash chain from its file and says where it breaks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from bot.errors import JournalBroken
from bot.journal import chain, schema
from bot.journal.read import opened
from bot.journal.times import new_york

_RECORDS = (
    "SELECT seq, ts_ns, kind, strategy, sha256, CAST(body AS BLOB) FROM records LEFT JOIN contract_sets USING (contract_set) ORDER BY seq"
)
_LINKS = "SELECT link, ts_ns, last_seq, head FROM links ORDER BY link"


class VerifyReport(msgspec.Struct, frozen=True):
    """An unbroken journal: its head (hex), and how many links and records it has.

    `unlinked` of the records belong to a bar that was not finished: the chain does not cover them yet.
    """

    head: str
    links: int
    records: int
    unlinked: int


class _Link(msgspec.Struct, frozen=True):
    number: int
    ts_ns: int
    first_seq: int
    last_seq: int
    head: str

    def __str__(self) -> str:
        return f"link {self.number} ({new_york(self.ts_ns)} New York, records {self.first_seq} to {self.last_seq})"


def verify(path: str | Path) -> VerifyReport:
    """Check the schema with its triggers, the numbering, and every link of the chain, from the file alone.

    Finds any change of a record's kind, strategy, market time, contract hash or body, its
    removal, a swap, an insertion, and a cut that the links or the records still show. Does
    not find a cut of records and links together, nor a chain recomputed by somebody who
    means to deceive: compare the head with one noted elsewhere.

    Raises JournalBroken naming the first broken link, its time in New York and what differs;
    JournalError if the file is missing or no journal.
    """
    with opened(path) as db:
        if faults := schema.faults(db):
            raise JournalBroken(f"{path} is broken: {'; '.join(faults)}.")
        try:
            return _walk(db, path)
        except sqlite3.DatabaseError as error:
            raise JournalBroken(f"{path} is broken: the file itself is damaged ({error}).") from error


def _walk(db: sqlite3.Connection, path: str | Path) -> VerifyReport:
    records = iter(db.execute(_RECORDS))
    head, last_seq, number = chain.GENESIS, 0, 0
    prefixes: dict[tuple[str, str, str | None], bytes] = {}
    for row in db.execute(_LINKS):
        link = _Link(row[0], row[1], last_seq + 1, row[2], row[3])
        number += 1
        if link.number != number or link.last_seq <= last_seq:
            raise JournalBroken(f"{path} is broken at {link}: links are numbered without gaps and each has records; {number} was expected.")
        rows = list(islice(records, link.last_seq - last_seq))
        lines = [_line(row, prefixes) for row in rows]
        head = chain.link_head(head, lines, link.ts_ns)
        if head.hex() != link.head or rows[-1][0] != link.last_seq:
            raise JournalBroken(f"{path} is broken at {link}: {_difference(rows, link, head.hex())}.")
        last_seq = link.last_seq
    unlinked = _count_unlinked(records, last_seq, path)
    return VerifyReport(head=head.hex(), links=number, records=last_seq + unlinked, unlinked=unlinked)


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
    if not rows:
        return "its records are missing; the file was cut"
    expected = link.first_seq
    for row in rows:
        if row[0] != expected:
            return f"record {expected} is missing (the next is {row[0]})"
        expected += 1
    if expected <= link.last_seq:
        return f"records {expected} to {link.last_seq} are missing; the file was cut"
    for seq, _, kind, strategy, _, body in rows:
        if not _is_canonical(body):
            return f"the body of record {seq} ({kind}{' of ' + strategy if strategy else ''}) is not as mesbot writes it"
    return f"its records hash to {head[:16]}, the link says {link.head[:16]}: one of them, or the order, was changed"


def _is_canonical(body: bytes) -> bool:
    """Whether a body is JSON without spaces. (Key order is the struct's, which the file does not know.)"""
    try:
        return msgspec.json.format(body, indent=-1) == body
    except msgspec.DecodeError:
        return False
