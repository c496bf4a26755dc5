"""What is inside a file, by its content and never by its name: text, Parquet or DBN, packed or not."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from bot.errors import BarsFileError

GZIP, ZIP, ZSTD, PARQUET, DBN = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"PAR1", b"DBN"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
FOREIGN = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR", b"ARROW1": "Arrow"}
EXCEL_SUFFIXES = {".xls", ".xlsx", ".xlsm"}
AS_TEXT = "save it as CSV (File, Save As, CSV UTF-8) and name that"


class Kind(StrEnum):
    """What a file is once it is unpacked."""

    TEXT = "text"
    PARQUET = "parquet"
    DBN = "dbn"


class Content(NamedTuple):
    """The unpacked bytes of a file and what they are."""

    kind: Kind
    data: bytes


def opened(path: Path) -> Content:
    """The content of a file: plain, gzip, zstd, or a zip of one file. Raises BarsFileError, one sentence, for anything else."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise BarsFileError(f"{path}: is a device or a pipe, which may never end; put what comes from it into a file.")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BarsFileError(f"{path}: there is no such file; name a file of one-minute bars.") from None
    except IsADirectoryError:
        raise BarsFileError(f"{path}: is a folder; name one file of bars in it.") from None
    except OSError as error:
        raise BarsFileError(f"{path}: cannot be read ({error.strerror}); check its permissions.") from None
    data = _unpacked(path, data)
    if not data or data.isspace():
        raise BarsFileError(f"{path}: is empty; it needs the header timestamp,open,high,low,close,volume and one row a minute.")
    if data.startswith(PARQUET) or (path.suffix in {".parquet", ".pq"} and not _is_text(data)):
        return Content(Kind.PARQUET, data)
    if data.startswith(DBN):
        return Content(Kind.DBN, data)
    for magic, name in FOREIGN.items():
        if data.startswith(magic):
            raise BarsFileError(f"{path}: is a {name} file, which is not read here; unpack it, and name CSV, gzip, zip, zstd or Parquet.")
    return Content(Kind.TEXT, data)


def _is_text(data: bytes) -> bool:
    return b"\x00" not in data[:4096] and data[:1].isalnum()


def _unpacked(path: Path, data: bytes) -> bytes:
    if data.startswith(OLD_EXCEL):
        raise BarsFileError(f"{path}: is an Excel workbook; {AS_TEXT}.")
    try:
        if data.startswith(GZIP):
            return gzip.decompress(data)
        if data.startswith(ZSTD):
            with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
                return stream.read()
        if data.startswith(ZIP):
            return _only_member(path, data)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, pa.ArrowException, RuntimeError, NotImplementedError) as error:
        name = "gzip" if data.startswith(GZIP) else "zstd" if data.startswith(ZSTD) else "zip"
        if name == "zip" and path.suffix.lower() in EXCEL_SUFFIXES:
            raise BarsFileError(f"{path}: is an Excel workbook, and a damaged one; {AS_TEXT}.") from None
        raise BarsFileError(f"{path}: is not a whole {name} file ({str(error).splitlines()[0] or 'cut off'}); fetch it again.") from None
    return data


def _only_member(path: Path, data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [each.filename for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]
        if "[Content_Types].xml" in names:
            raise BarsFileError(f"{path}: is an Excel workbook; {AS_TEXT}.")
        if len(names) != 1:
            found = ", ".join(names[:5]) or "none"
            raise BarsFileError(f"{path}: is a zip of {len(names)} files ({found}); one is allowed: unpack it and name the file you mean.")
        return archive.read(names[0])
