"""Text with values between delimiters, as a table: which format, which columns."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from bot.bars.formats import BY_NAME, FORMATS, INSTRUMENTS, OWN, VALUES, Format, recognised
from bot.bars.lines import NUMBER, Shape, as_utf8, blank_lines, decimal_sign, not_text, shape_of, without_groups
from bot.bars.table import Table
from bot.errors import BarsFileError

UNNAMED = ("", "unnamed: 0")  # what pandas calls an index


def plain(name: str) -> str:
    """A column's name as it is compared: lower case, without blanks and angle brackets."""
    return name.strip().strip("<>").strip().lower()


def table_of_text(path: Path, data: bytes, named: Format | None) -> Table:
    """The table of a text; `named` is the format a person named. Raises BarsFileError, one sentence."""
    data = as_utf8(path, data)
    shape = shape_of(path, data)
    chosen = named or _chosen(path, shape)
    names, skipped = _layout(path, shape, chosen)
    lower = [plain(name) for name in names]
    check_columns(path, chosen, names, lower)
    decimal = decimal_sign(path, shape)
    first = shape.rows[skipped] if len(shape.rows) > skipped else []
    skipped += shape.before
    wanted = {theirs: ours for ours, theirs in chosen.needed.items()}
    used = [index for index, name in enumerate(lower) if name in wanted or name in chosen.beside]
    no_number = {index for index, cell in enumerate(first) if ":" in cell}
    as_text = [] if chosen.epoch else [index for index in used if lower[index] in _TIMES and index not in no_number]
    frame = _read(path, data, shape.delimiter, decimal, skipped, names, as_text)[used]
    frame.columns = [wanted.get(lower[index], lower[index]) for index in used]
    if _has_tickers(shape):
        frame["symbol"] = ", ".join(dict.fromkeys(cell.strip() for cell in shape.rows[1][1:]))
    for name in (each for each in VALUES if each in frame):
        frame[name] = without_groups(frame[name], decimal)
    empty = np.flatnonzero(frame.isna().all(axis=1))
    if len(empty):
        rows = np.delete(np.arange(len(frame)), empty[blank_lines(data, empty, skipped)])
        return Table(path, frame.iloc[rows].reset_index(drop=True), tuple(names), skipped + 1, "line", chosen, rows=rows)
    return Table(path, frame, tuple(names), first_row=skipped + 1, row_word="line", format=chosen)


def _chosen(path: Path, shape: Shape) -> Format:
    """The format the content shows. Raises BarsFileError if it shows none or several."""
    if not shape.header:
        raise BarsFileError(f"{path}: has no header, so that its columns and its zone are not known; {_readings(shape)}")
    if _has_tickers(shape):
        return BY_NAME["yfinance"]
    lower = [plain(name) for name in shape.names]
    found = recognised(lower) or recognised([*lower, "volume"])  # to say that volume is missing, not that the times are
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
        return _index_named(shape) if chosen is OWN else shape.names, 1
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


def _index_named(shape: Shape) -> list[str]:
    """The header's names; a first column without one that holds no plain numbers is the index of a frame, its times."""
    names, row = shape.names, shape.rows[1] if len(shape.rows) > 1 else [""]
    is_index = plain(names[0]) in UNNAMED and "timestamp" not in map(plain, names) and not NUMBER.match(row[0].strip() or "0")
    return ["timestamp", *names[1:]] if is_index else names


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
    if missing == ["volume"]:
        remedy = "export it with volume" + (" (add Volume to the chart)" if format.name == "tradingview" else "")
    raise BarsFileError(f"{path}: has no column {', '.join(parts)}; found {found}: {remedy}.")


def _read(path: Path, data: bytes, delimiter: str, decimal: str, skipped: int, names: list[str], as_text: list[int]) -> pd.DataFrame:
    """All columns by their places; those of `as_text` keep what pandas would take for numbers, which takes three times as long."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # values beyond the header's would be dropped
            return pd.read_csv(  # all columns, for with `usecols` pandas cuts longer rows without a word
                BytesIO(data), sep=delimiter, decimal=decimal, header=None, names=list(range(len(names))), skiprows=skipped,
                dtype=dict.fromkeys(as_text, "str"), skip_blank_lines=False, index_col=False, encoding="utf-8-sig", low_memory=False,
                skipinitialspace=True,
            )  # fmt: skip
    except UnicodeDecodeError:
        raise not_text(path) from None
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
