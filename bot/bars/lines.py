"""The lines of a text before its columns are known: its encoding, its delimiter, its header, and how it writes numbers."""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bot.bars.container import AS_TEXT, EXCEL_SUFFIXES
from bot.errors import BarsFileError

DELIMITERS = (",", ";", "\t", "|")
NAMED_DELIMITER = re.compile(r'"?sep=(.)"?$', re.IGNORECASE)  # Excel's first line
HEAD_BYTES = 65_536
NUMBER = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?$")
DECIMAL_COMMA = re.compile(r"-?\d+,\d+$")
THOUSANDS = re.compile(r"-?\d{1,3},\d{3}$")
GROUPED = {  # by the decimal sign: digits in groups of three
    ".": re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d*)?"),
    ",": re.compile(r"-?\d{1,3}(?:\.\d{3})+(?:,\d*)?"),
}


class Shape(NamedTuple):
    """How a text is laid out: the delimiter, the first lines split by it (blank ones left out), whether the first is a header, and how
    many lines stand before that one."""

    delimiter: str
    rows: list[list[str]]
    header: bool
    before: int

    @property
    def names(self) -> list[str]:
        """The header's names as found; empty without a header."""
        return [name.strip() for name in self.rows[0]] if self.header else []


def not_text(path: Path) -> BarsFileError:
    """The error for a file of bytes that are no text."""
    return BarsFileError(f"{path}: is not text, so not CSV; name CSV, gzip, zip, zstd or Parquet.")


def as_utf8(path: Path, data: bytes) -> bytes:
    """The text in UTF-8; UTF-16 is known by its first two bytes. Raises BarsFileError, one sentence."""
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data
    try:
        return data.decode("utf-16").encode()
    except UnicodeDecodeError:
        raise not_text(path) from None


def shape_of(path: Path, data: bytes) -> Shape:
    """How a text in UTF-8 is laid out. Raises BarsFileError, one sentence, if it is no text of rows."""
    lines = _decoded_head(path, data)
    if lines[0].lstrip().startswith(("{", "[")):
        raise BarsFileError(
            f"{path}: is JSON, which is not read here; write its bars as CSV (of Polygon's results: t as window_start, o, h, l, c and v as "
            f"open, high, low, close and volume)."
        )
    before = next(number for number, line in enumerate(lines) if line.strip())
    named = NAMED_DELIMITER.match(lines[before].strip())
    if named:
        before = next((number for number, line in enumerate(lines) if number > before and line.strip()), None)
        if before is None:
            raise BarsFileError(f"{path}: has a header but no rows; one row a minute is needed.")
    first = lines[before]
    delimiter = named[1] if named and named[1] in DELIMITERS else max(DELIMITERS, key=first.count)
    rows = list(csv.reader((line for line in lines[before:] if line.strip()), delimiter=delimiter, skipinitialspace=True))
    return Shape(delimiter, rows, not any(NUMBER.match(cell.strip()) for cell in rows[0]), before)


def _decoded_head(path: Path, data: bytes) -> list[str]:
    head = data[:HEAD_BYTES]
    if b"\x00" in head:
        if path.suffix.lower() in EXCEL_SUFFIXES:
            raise BarsFileError(f"{path}: is not text; if it is an Excel workbook, {AS_TEXT}.")
        raise not_text(path)
    try:
        text = (head if len(head) == len(data) else head[: head.rfind(b"\n") + 1]).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise not_text(path) from None
    return text.splitlines()[:200]


def decimal_sign(path: Path, shape: Shape) -> str:
    """`,` if numbers are written with a decimal comma; refused if a comma may as well set thousands apart."""
    cells = [cell.strip() for row in shape.rows for cell in row]
    both = {sign for sign, grouped in GROUPED.items() for cell in cells if sign in cell and grouped.fullmatch(cell)}
    commas = [cell for cell in cells if DECIMAL_COMMA.match(cell)]
    if both == {"."} or not commas:
        return "," if both == {","} else "."
    if both == {","} or not all(THOUSANDS.match(cell) for cell in commas):
        return ","
    if any(re.fullmatch(r"-?\d+\.\d{1,2}", cell) for cell in cells):  # the point sets decimals apart, so the comma does not
        return "."
    read = commas[0]
    raise BarsFileError(
        f"{path}: {read} may be {read.replace(',', '')} or {read.replace(',', '.')}, for a comma may set thousands or decimals apart; "
        f"write prices as 6700.25."
    )


def without_groups(column: pd.Series, decimal: str) -> pd.Series:
    """A column whose numbers may stand in groups of three digits; what is no such number stays as it is, to be refused by its row."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    text = column.astype("str")
    grouped = text.str.fullmatch(GROUPED[decimal]).to_numpy()
    if not grouped.any():
        return column
    plain = text.str.replace("," if decimal == "." else ".", "", regex=False).str.replace(decimal, ".", regex=False)
    return pd.Series(np.where(grouped, plain, text.str.replace(decimal, ".", regex=False)), index=column.index)


def blank_lines(data: bytes, rows: np.ndarray, before: int) -> np.ndarray:
    """Which of these rows (numbers of lines after those `before`) hold nothing at all."""
    lines = data.splitlines()
    return np.asarray([not lines[before + row].strip() for row in rows], dtype=bool)
