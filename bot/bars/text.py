"""Text with values between delimiters, as a table: which delimiter, which decimal sign, which header."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bot.bars.container import AS_TEXT, EXCEL_SUFFIXES
from bot.bars.formats import BY_NAME, FORMATS, INSTRUMENTS, OWN, Format, recognised
from bot.bars.table import Table
from bot.errors import BarsFileError

DELIMITERS = (",", ";", "\t", "|")
HEAD_BYTES = 65_536
NUMBER = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?$")
DECIMAL_COMMA = re.compile(r"-?\d+,\d+$")
THOUSANDS = re.compile(r"-?\d{1,3},\d{3}$")


class Shape(NamedTuple):
    """How a text is laid out: the delimiter, the first lines split by it, and whether the first is a header."""

    delimiter: str
    rows: list[list[str]]
    header: bool

    @property
    def names(self) -> list[str]:
        """The header's names as found; empty without a header."""
        return [name.strip().strip('"').strip() for name in self.rows[0]] if self.header else []


def plain(name: str) -> str:
    """A column's name as it is compared: lower case, without blanks and angle brackets."""
    return name.strip().strip("<>").strip().lower()


def table_of_text(path: Path, data: bytes, named: Format | None) -> Table:
    """The table of a text; `named` is the format a person named. Raises BarsFileError, one sentence."""
    text_head = _decoded_head(path, data)
    shape = _shape(text_head)
    chosen = named or _chosen(path, shape)
    names, skipped = _layout(path, shape, chosen)
    lower = [plain(name) for name in names]
    check_columns(path, chosen, names, lower)
    decimal = _decimal(path, shape, skipped)
    wanted = {theirs: ours for ours, theirs in chosen.needed.items()}
    used = [index for index, name in enumerate(lower) if name in wanted or name in chosen.beside]
    frame = _read(path, data, shape.delimiter, decimal, skipped, names, used, chosen)[used]
    frame.columns = [wanted.get(lower[index], lower[index]) for index in used]
    if _has_tickers(shape):
        frame["symbol"] = ", ".join(dict.fromkeys(cell.strip() for cell in shape.rows[1][1:]))
    written = np.flatnonzero(frame.notna().any(axis=1).to_numpy())
    frame = frame.iloc[: written[-1] + 1 if len(written) else 0]  # blank lines at the end mean nothing
    return Table(path, frame, tuple(names), first_row=skipped + 1, row_word="line", format=chosen)


def _decoded_head(path: Path, data: bytes) -> list[str]:
    head = data[:HEAD_BYTES]
    if b"\x00" in head:
        if path.suffix.lower() in EXCEL_SUFFIXES:
            raise BarsFileError(f"{path}: is not text; if it is an Excel workbook, {AS_TEXT}.")
        raise BarsFileError(f"{path}: is not text, so not CSV; name CSV, gzip, zip, zstd or Parquet.")
    try:
        text = (head if len(head) == len(data) else head[: head.rfind(b"\n") + 1]).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BarsFileError(f"{path}: is not text, so not CSV; name CSV, gzip, zip, zstd or Parquet.") from None
    return text.splitlines()[:200]


def _shape(lines: list[str]) -> Shape:
    """The delimiter is the one that cuts the first line into most parts; a header has no number in it."""
    first = lines[0]
    delimiter = max(DELIMITERS, key=first.count)
    rows = [line.split(delimiter) for line in lines if line.strip()]
    return Shape(delimiter, rows, not any(NUMBER.match(cell.strip().strip('"')) for cell in rows[0]))


def _chosen(path: Path, shape: Shape) -> Format:
    """The format the content shows. Raises BarsFileError if it shows none or several."""
    if not shape.header:
        raise BarsFileError(f"{path}: has no header, so that its columns and its zone are not known; {_readings(shape)}")
    if _has_tickers(shape):
        return BY_NAME["yfinance"]
    lower = [plain(name) for name in shape.names]
    found = recognised(lower)
    if len(found) == 1:
        return found[0]
    if found:
        row = shape.rows[1] if len(shape.rows) > 1 else []
        shown = " or ".join(f"{each.title} ({_first_time(each, lower, row)})" for each in found)
        raise BarsFileError(f"{path}: may be {shown}; say which with --format {' or --format '.join(each.name for each in found)}.")
    fits = [each for each in FORMATS if not each.marks and not each.headerless and set(each.needed.values()) <= set(lower)]
    fits += [each for each in FORMATS if each.name == "kibot" and set(each.needed.values()) <= set(lower)]
    if fits:
        raise BarsFileError(f"{path}: its columns do not say how its times are meant; {_readings(shape)}")
    return OWN


def _has_tickers(shape: Shape) -> bool:
    """Whether three lines stand before the first row, as yfinance writes them: the columns, the ticker of each, the name of the times."""
    return shape.header and plain(shape.names[0]) == "price" and len(shape.rows) > 1 and plain(shape.rows[1][0]) == "ticker"


def _first_time(format: Format, lower: list[str], row: list[str]) -> str:
    parts = [row[lower.index(name)] for ours, name in format.needed.items() if ours in ("timestamp", "date", "time") and name in lower]
    return f"first time {' '.join(parts)}, the {format.stamp or 'open or close'}"


def _readings(shape: Shape) -> str:
    """How the formats that must be named would read the first row."""
    row = shape.rows[1 if shape.header and len(shape.rows) > 1 else 0]
    lower = [plain(name) for name in shape.names]
    readings = []
    for each in FORMATS:
        order = lower if shape.header else list(each.headerless)
        if each.marks or len(order) != len(row) or not set(each.needed.values()) <= set(order):
            continue
        cell = {name: row[order.index(theirs)].strip() for name, theirs in each.needed.items()}
        when = f"{cell['date']} {cell['time']}" if each.split_time else cell["timestamp"]
        if _parses(when, each.patterns):
            zone = each.zone or "ZONE"
            said = f"--format {each.name}" + ("" if each.zone else " --zone ZONE")
            readings.append(f"{said}: the bar's {each.stamp} at {when} {zone}, close {cell['close']}")
    if not readings:
        return f"no format reads its first row ({shape.delimiter.join(row)[:80]}): write the header timestamp,open,high,low,close,volume."
    return f"its first row would read as {'; or as '.join(readings)}. Say which."


def _parses(text: str, patterns: tuple[str, ...]) -> bool:
    return any(not pd.isna(pd.to_datetime(text, format=pattern, errors="coerce")) for pattern in patterns)


def _layout(path: Path, shape: Shape, chosen: Format) -> tuple[list[str], int]:
    """Names of the columns and how many lines stand before the first row."""
    if shape.header:
        if _has_tickers(shape) and chosen.name == "yfinance":
            return ["Datetime", *shape.names[1:]], 3
        return shape.names, 1
    if not chosen.headerless:
        raise BarsFileError(
            f"{path}: has no header, and {chosen.title} files have one; found {shape.delimiter.join(shape.rows[0])[:80]}: export it anew."
        )
    width = len(shape.rows[0])
    if width < len(chosen.headerless):
        raise BarsFileError(
            f"{path}: has {width} columns, and {chosen.title} files have {len(chosen.headerless)} "
            f"({', '.join(chosen.headerless)}): export it anew, or name another --format."
        )
    return [*chosen.headerless, *(f"column {number}" for number in range(len(chosen.headerless) + 1, width + 1))], 0


def check_columns(path: Path, format: Format, names: list[str], lower: list[str]) -> None:
    """Raises BarsFileError naming every missing column and the nearest one found, or one that stands twice."""
    import difflib

    needed = list(format.needed.values())
    twice = [name for name in (*needed, *INSTRUMENTS) if lower.count(name) > 1]
    if twice:
        raise BarsFileError(f"{path}: has two columns '{names[lower.index(twice[0])]}'; each may stand once: remove one.")
    missing = [name for name in needed if name not in lower]
    if not missing:
        return
    others = [name for name in lower if name not in needed]
    parts = []
    for name in missing:
        near = difflib.get_close_matches(name, others, n=1, cutoff=0.5)
        parts.append(f"'{name}'" + (f" (nearest: '{names[lower.index(near[0])]}')" if near else ""))
    found = ", ".join(names[:12])
    remedy = f"rename the columns to {', '.join(needed)}" if format is OWN else f"export it anew, or is it no {format.title} file?"
    raise BarsFileError(f"{path}: has no column {', '.join(parts)}; found {found}: {remedy}.")


def _decimal(path: Path, shape: Shape, skipped: int) -> str:
    """`,` if numbers are written with a decimal comma; refused if a comma may as well set thousands apart."""
    cells = [cell.strip().strip('"') for row in shape.rows[skipped:] for cell in row]
    commas = [cell for cell in cells if DECIMAL_COMMA.match(cell)]
    if not commas or shape.delimiter == ",":
        return "."
    if all(THOUSANDS.match(cell) for cell in commas):
        read = commas[0]
        raise BarsFileError(
            f"{path}: {read} may be {read.replace(',', '')} or {read.replace(',', '.')}, for a comma may set thousands or decimals apart; "
            f"write prices as 6700.25."
        )
    return ","


def _read(
    path: Path, data: bytes, delimiter: str, decimal: str, skipped: int, names: list[str], used: list[int], format: Format
) -> pd.DataFrame:
    times = {names[index] for index in used if plain(names[index]) in (*format.needed.values(),) and plain(names[index]) in _TIMES}
    text_times = {index: "str" for index in used if names[index] in times and not format.epoch}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # values beyond the header's would be dropped
            return pd.read_csv(  # all columns, for with `usecols` pandas cuts longer rows without a word
                BytesIO(data), sep=delimiter, decimal=decimal, header=None, names=list(range(len(names))), skiprows=skipped,
                dtype=text_times, skip_blank_lines=False, index_col=False, encoding="utf-8-sig", low_memory=False, skipinitialspace=True,
            )  # fmt: skip
    except UnicodeDecodeError:
        raise BarsFileError(f"{path}: is not text, so not CSV; name CSV, gzip, zip, zstd or Parquet.") from None
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=range(len(names)))
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        remedy = "each row needs as many values as the header"
        raise BarsFileError(f"{path}: is not readable as CSV ({_csv_detail(error)}); {remedy}.") from None


_TIMES = {"timestamp", "date", "time", "ts_event", "window_start", "datetime"}


def _csv_detail(error: Exception) -> str:
    if isinstance(error, pd.errors.ParserWarning):
        return "rows have more values than the header"
    return str(error).strip().splitlines()[-1].removeprefix("Error tokenizing data. C error: ")
