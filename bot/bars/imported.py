"""A folder that `mesbot data import` wrote: the bars as Parquet, the same bars as a Nautilus catalog, and a record of both.

The record holds the hash of every file, so that the folder is read whole or not at all: who changes its catalog in a
notebook is told so instead of being shown the bars of before.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from bot.bars.formats import OWN
from bot.bars.parquet import table_of_parquet
from bot.bars.passport import Finding
from bot.bars.table import Table
from bot.errors import BarsFileError

BARS, RECORD, CATALOG_DATA = "bars.parquet", "import.json", "data"
SETTLED = {"CLOCK", "STAMP"}  # a person overruled what the marks say
REMEDY = "import the files anew into another folder"


class Source(msgspec.Struct, frozen=True):
    """One file that was imported: its name without folders, the hash of its passport, and its passport in one sentence."""

    name: str
    passport: str
    summary: str


class ImportRecord(msgspec.Struct, frozen=True):
    """What is in the folder: `files` are hashes (SHA-256, hex) by path within it, `told` doubts about times that only the sources show."""

    sources: list[Source]
    told: list[Finding]
    bars_sha256: str
    files: dict[str, str]


def is_import(path: Path) -> bool:
    """Whether this is a folder that was imported."""
    return (path / RECORD).is_file()


def record_of(folder: Path) -> ImportRecord:
    """The record of a folder. Raises BarsFileError if it cannot be read."""
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=ImportRecord)
    except (OSError, msgspec.DecodeError) as error:
        raise BarsFileError(f"{folder}: its {RECORD} cannot be read ({error}); {REMEDY}.") from None


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of the bars and of every file of the catalog, by path within the folder."""
    paths = [folder / BARS, *(path for path in (folder / CATALOG_DATA).rglob("*") if path.is_file())]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths) if path.is_file()}


def table_of_import(folder: Path) -> Table:
    """The rows. Raises BarsFileError if the folder is not as it was written."""
    record = record_of(folder)
    try:
        found = hashes(folder)
        if found != record.files:
            names = sorted(name for name in found.keys() | record.files.keys() if found.get(name) != record.files.get(name))
            what = "is missing" if names[0] not in found else "was added" if names[0] not in record.files else "has changed"
            raise BarsFileError(f"{folder}: its {names[0]} {what} since the import; {REMEDY}.")
        data = (folder / BARS).read_bytes()
    except OSError as error:
        raise BarsFileError(f"{folder}: cannot be read ({error.strerror}); check its permissions.") from None
    table = table_of_parquet(folder, data, OWN)
    settled = any(each.code in SETTLED for each in record.told)
    return Table(folder, table.frame, table.columns, 1, "row", OWN, table.stamp, tuple(record.told), settled)
