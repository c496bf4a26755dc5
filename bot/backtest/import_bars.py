"""Bars files into one folder: judged, joined, and written as Parquet and as a Nautilus catalog, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pandas as pd

from bot.backtest.catalog import write_catalog
from bot.backtest.databento import LOADERS
from bot.backtest.instrument import mes_contract
from bot.bars.files import BarsFile, Reading, examined, read_bars, require_usable
from bot.bars.imported import BARS, RECORD, ImportRecord, Source, hashes, is_import, record_of, table_of_import
from bot.bars.join import joined
from bot.bars.own_format import as_parquet
from bot.bars.passport import Passport
from bot.bars.source import Bars
from bot.contracts import Contracts
from bot.errors import UsageError

DOUBTS = {"CLOCK", "CLOCK_UNSEEN", "STAMP", "STAMP_UNSEEN", "LEFT_OUT"}  # told of the source: the folder's own times no longer show them


class Imported(NamedTuple):
    """What came of an import: the passport of each source, in order, what was found where they meet, sentences, and the passport of the
    whole; `written` is False if it was there already."""

    sources: list[Passport]
    told: list[str]
    whole: Passport
    written: bool


def import_files(files: Sequence[Path], folder: Path, contracts: Contracts, reading: Reading) -> Imported:
    """Write the bars of files, read as a person says, into a folder; equal bars that are there already are left.

    Raises BarsFileError if a passport refuses a file or the whole, or two files differ; UsageError if the folder holds something
    else; OSError if it cannot be written. Then nothing is written.
    """
    _require_free(folder)
    read = [read_bars(path, contracts, reading, LOADERS) for path in files]
    _require_left_out(reading, read)
    bars, symbols, told = joined(read)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        whole = _fill(draft, bars, as_parquet(bars, symbols), read, contracts)
        written = _put(draft, folder, whole)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Imported([file.passport for file in read], told, whole, written)


def _require_free(folder: Path) -> None:
    if folder.is_symlink() and not folder.exists():
        raise UsageError(f"--to {folder}: is a link to {folder.readlink()}, which is not there; name a folder, or remove the link.")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--to {folder}: is a file; name a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not is_import(folder):
        raise UsageError(f"--to {folder}: holds something that is no import; name an empty folder, or a new one.")


def _require_left_out(reading: Reading, read: Sequence[BarsFile]) -> None:
    told = " ".join(each.sentence for file in read for each in file.passport.findings if each.code == "LEFT_OUT")
    for day in reading.without:
        if day.isoformat() not in told:
            first, last = min(file.passport.first for file in read), max(file.passport.last for file in read)
            raise UsageError(f"--without {day}: no file has a row of that day; there are rows from {first} to {last} New York.")


def _fill(draft: Path, bars: pd.DataFrame, parquet: bytes, read: Sequence[BarsFile], contracts: Contracts) -> Passport:
    """Write everything into the draft, the record last; the passport of the whole, read back from it."""
    write_catalog(draft, Bars(bars, "these bars", ()), mes_contract(contracts, int(bars["ts_ns"].iloc[0]), int(bars["ts_ns"].iloc[-1])))
    (draft / BARS).write_bytes(parquet)
    told = [
        msgspec.structs.replace(each, sentence=f"of {file.path.name}, when it was imported: {each.sentence}")
        for file in read
        for each in file.passport.findings
        if each.code in DOUBTS
    ]
    sources = [Source(file.path.name, file.passport.sha256, file.passport.summary) for file in read]
    record = ImportRecord(sources, told, "", hashes(draft))
    (draft / RECORD).write_bytes(msgspec.json.encode(record))
    whole = examined(draft, contracts).passport
    require_usable(f"{', '.join(file.path.name for file in read)} together", whole)
    record = msgspec.structs.replace(record, bars_sha256=whole.bars_sha256)
    (draft / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record)))
    return whole


def _put(draft: Path, folder: Path, whole: Passport) -> bool:
    """Put the draft where it belongs; False if the same bars stand there. Raises UsageError if others do."""
    if is_import(folder):
        table_of_import(folder)  # as it was written, or refused
        if record_of(folder).bars_sha256 == whole.bars_sha256:
            return False
        raise UsageError(f"--to {folder}: holds an import of other bars; name another folder, or remove it.")
    if folder.is_dir():
        folder.rmdir()  # it is empty
    draft.chmod(0o755)
    draft.rename(folder)
    return True
