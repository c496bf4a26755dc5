"""The contracts that a journal's records were made under, from the journal alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bot.contracts.models import Contracts
from bot.contracts.recorded import recorded_contracts
from bot.errors import ContractError, JournalError
from bot.journal.read import Record, opened, read
from bot.journal.records import Kind


def contracts_of(record: Record) -> Contracts:
    """The contracts of a record that says them. Raises JournalError if this version cannot read them."""
    try:
        return recorded_contracts(record.body["values"], record.body["sha256"])
    except ContractError as error:
        raise JournalError(str(error)) from error


def newest_contracts(path: str | Path) -> Contracts | None:
    """Those that the journal's last records were made under; None before the first record. Raises JournalError."""
    with opened(path) as db:
        return _newest(db)


def _newest(db: sqlite3.Connection) -> Contracts | None:
    row = db.execute("SELECT sha256 FROM records JOIN contract_sets USING (contract_set) ORDER BY seq DESC LIMIT 1").fetchone()
    said = [record for record in read(db, Kind.CONTRACTS) if row is not None and record.body["sha256"] == row[0]]
    return contracts_of(said[-1]) if said else None
