"""The contracts that a journal's records were made under, from the journals alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.contracts.models import Contracts
from bot.contracts.recorded import recorded_contracts
from bot.errors import ContractError, JournalError
from bot.journal import schema
from bot.journal.read import Record, headers, opened, read
from bot.journal.records import Kind

TRADING_DAY = "trading_day"  # in the header of a run: the day in which it began
_NEWEST = "SELECT sha256 FROM records JOIN contract_sets USING (contract_set) ORDER BY seq DESC LIMIT 1"
# By its bars: a start, what a person does while no bot runs, and what the broker says at night decide nothing.
_DECIDED = "SELECT ts_ns FROM records WHERE kind IN ('bar', 'decision', 'intent') ORDER BY seq DESC LIMIT 1"
_OF_INTENTS = f"""SELECT json_extract(body, '$.intent_id'), sha256 FROM records JOIN contract_sets USING (contract_set)
WHERE kind = 'intent' AND {schema.RARE} ORDER BY seq"""


class LastLaw(NamedTuple):
    """The contracts that the newest records were made under, by their hash; `last_ns` (market time, UTC ns, 0 if none) is the last
    bar that was decided, `trading_day` the one in which the last run began ("" if it did not say)."""

    sha256: str
    last_ns: int
    trading_day: str


def contracts_of(record: Record) -> Contracts:
    """The contracts of a record that says them. Raises JournalError if this version cannot read them."""
    try:
        return recorded_contracts(record.body.get("values", {}), str(record.body.get("sha256", "")))
    except ContractError as error:
        raise JournalError(str(error)) from error


def newest_contracts(path: str | Path) -> Contracts | None:
    """Those that the journal's last records were made under; None before the first record. Raises JournalError."""
    with opened(path) as db:
        row = db.execute(_NEWEST).fetchone()
        said = None if row is None else _said(db, row[0])
        return None if said is None else contracts_of(said)


def last_law(paths: Sequence[str | Path]) -> LastLaw | None:
    """Of journals, oldest first; None if they hold no record. Raises JournalError."""
    for path in reversed(paths):
        with opened(path) as db:
            newest = None if schema.is_empty(db) else db.execute(_NEWEST).fetchone()
            if newest is not None:
                (last_ns,) = db.execute(_DECIDED).fetchone() or (0,)
                days = [header[TRADING_DAY] for header in headers(db) if TRADING_DAY in header]
                return LastLaw(newest[0], last_ns, days[-1] if days else "")
    return None


def contracts_with(paths: Sequence[str | Path], sha256: str) -> Contracts:
    """Those with this hash, from the journals that hold them. Raises JournalError if none does, or this version cannot read them."""
    for path in reversed(paths):
        with opened(path) as db:
            said = None if schema.is_empty(db) else _said(db, sha256)
            if said is not None:
                return contracts_of(said)
    raise JournalError(f"The contracts {sha256[:12]} are in none of {', '.join(str(Path(path).name) for path in paths)}.")


def all_hashes(paths: Sequence[str | Path]) -> set[str]:
    """The hashes of all contracts that these journals hold records of. Raises JournalError."""
    found: set[str] = set()
    for path in paths:
        with opened(path) as db:
            if not schema.is_empty(db):
                found.update(sha256 for (sha256,) in db.execute("SELECT sha256 FROM contract_sets"))
    return found


def contracts_of_intents(paths: Sequence[str | Path], intent_ids: Collection[str]) -> dict[str, str]:
    """The hash of the contracts that each of these intents was decided under, by its id. Raises JournalError."""
    found: dict[str, str] = {}
    for path in paths if intent_ids else ():
        with opened(path) as db:
            if not schema.is_empty(db):
                found.update((name, sha256) for name, sha256 in db.execute(_OF_INTENTS) if name in intent_ids)
    return found


def _said(db: sqlite3.Connection, sha256: str) -> Record | None:
    records = [record for record in read(db, Kind.CONTRACTS) if isinstance(record.body, dict)]
    return next((record for record in reversed(records) if record.body.get("sha256") == sha256), None)
