"""Opens a bars file of any kind we read, writes its passport, and hands back checked, close-stamped minutes."""

from __future__ import annotations

import datetime as dt
import hashlib
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.bars import judges, price_level
from bot.bars.catalog import table_of_catalog
from bot.bars.checks import PRICES, check_kind, check_order, prices_of, volumes_of
from bot.bars.clock import Clock, Days, judge_clock
from bot.bars.container import Kind, opened
from bot.bars.formats import BY_NAME, INSTRUMENTS, Format
from bot.bars.imported import is_import, table_of_import
from bot.bars.instruments import judge_instruments
from bot.bars.left_out import leave_out
from bot.bars.parquet import table_of_parquet
from bot.bars.passport import Passport, Severity
from bot.bars.rows import judge_rows
from bot.bars.stamp import Stamp
from bot.bars.table import Table
from bot.bars.text import table_of_text
from bot.bars.times import Times, times_of
from bot.bars.zone import Ints, checked_zone
from bot.calendar import SessionCalendar, new_york
from bot.contracts.models import Contracts, PriceLevelLaw, SessionContract
from bot.errors import BarsFileError, CalendarError, UsageError
from bot.market.bar import Bar
from bot.units import MINUTE_NS, to_points, to_ticks
from bot.words import fault_in_words

Loader = Callable[[Path, bytes], Table]  # of a kind that a library beyond this floor reads: path and unpacked bytes
Loaders = Mapping[Kind, Loader]
NO_LOADERS: Loaders = {}
ORDER = list(Severity)
AROUND = dt.timedelta(days=7)
NO_FORMAT = "write a header and a row a minute: timestamp,open,high,low,close,volume."


@dataclass(frozen=True)
class Reading:
    """What a person says of a file: which end of a minute its times name, the zone they are in, its format; None: see yourself.

    `without` are days to leave out, each from 18:00 New York the evening before to 18:00.
    """

    stamp: Literal["open", "close"] | None = None
    zone: str | None = None
    format: str | None = None
    without: tuple[dt.date, ...] = ()


@dataclass(frozen=True)
class BarsFile:
    """One-minute bars of one file, and its passport.

    `bars` has the columns ts_ns (close of the minute, UTC nanoseconds, rising), open, high,
    low, close (whole ticks) and volume (contracts), all int64, without gaps filled and never
    nan; where the passport refuses the file they are of no use. `columns` are the file's columns as found, used or not. `symbols`
    are what a symbol-like column says of each row.
    """

    path: Path
    bars: pd.DataFrame
    passport: Passport
    columns: tuple[str, ...]
    symbols: npt.NDArray[np.str_] | None = None

    def to_list(self) -> list[Bar]:
        """The bars as the core takes them, in order of time."""
        return [Bar(*row) for row in zip(*(self.bars[name].tolist() for name in ("ts_ns", *PRICES, "volume")), strict=True)]


def read_bars(path: str | Path, contracts: Contracts, reading: Reading = Reading(), loaders: Loaders = NO_LOADERS) -> BarsFile:
    """The bars of a usable file; `examined` says what that is.

    Raises BarsFileError, one sentence: what was found, what is allowed, what to do.
    """
    file = examined(path, contracts, reading, loaders)
    require_usable(str(path), file.passport)
    return file


def require_usable(name: str, passport: Passport) -> None:
    """Raises BarsFileError with the first finding that refuses the bars."""
    refused = passport.of(Severity.REFUSE)
    if refused:
        more = f" (and {len(refused) - 1} more: mesbot data check {shlex.quote(name)})" if len(refused) > 1 else ""
        raise BarsFileError(f"{name}: {refused[0].text}{more}")


def examined(path: str | Path, contracts: Contracts, reading: Reading = Reading(), loaders: Loaders = NO_LOADERS) -> BarsFile:
    """A file, or a folder that was imported, with its passport, usable or not. `loaders` read what this floor cannot.

    Formats are those of bot/bars/formats.py, known by content; prices are points on the 0.25 tick, volume whole
    contracts >= 0. Raises BarsFileError where a row or the whole cannot be read at all, for whatever reason.
    """
    path = Path(path)
    try:
        return _examined(path, contracts, reading, loaders)
    except (ArithmeticError, LookupError, TypeError, ValueError, pd.errors.ParserError) as error:  # of a kind of file nobody thought of
        raise BarsFileError(f"{path}: holds what no format of bars has: {fault_in_words(error)}; {NO_FORMAT}") from error


def _examined(path: Path, contracts: Contracts, reading: Reading, loaders: Loaders) -> BarsFile:
    named = _named(reading.format)
    zone = None if reading.zone is None else checked_zone(reading.zone)
    table = _table(path, named, loaders)
    if table.frame.empty:
        raise table.fault(None, "has a header but no rows; one row a minute is needed")
    check_kind(table)
    table, times, left_out = leave_out(table, times_of(table, zone), reading.without)
    prices = prices_of(table)
    columns = {name: np.rint(to_ticks(prices[name])).astype(np.int64) for name in PRICES} | {"volume": volumes_of(table)}
    names, found = judge_instruments(table, times.ts_ns)
    if not any(each.severity is Severity.REFUSE for each in found):
        check_order(table, times.ts_ns)
    return _written(table, times, columns, contracts, reading.stamp, names, [*found, *left_out])


def _named(name: str | None) -> Format | None:
    if name is None or name in BY_NAME:
        return BY_NAME.get(name) if name else None
    raise UsageError(f"--format {name}: is not known; there are {', '.join(BY_NAME)}.")


def _table(path: Path, named: Format | None, loaders: Loaders) -> Table:
    if path.is_dir() and named is not None:
        raise BarsFileError(f"{path}: is a folder, which says itself what it holds; leave --format {named.name} away.")
    if is_import(path):
        return table_of_import(path)
    if path.is_dir():
        return table_of_catalog(path)
    content = opened(path)
    if content.kind is Kind.TEXT:
        return table_of_text(path, content.data, named)
    if content.kind is Kind.PARQUET:
        return table_of_parquet(path, content.data, named)
    if content.kind not in loaders:
        raise BarsFileError(f"{path}: is a DBN file, which is not read here; import it with mesbot data import, and name that folder.")
    if named is not None and named.name != "databento":
        raise BarsFileError(f"{path}: is a DBN file of Databento, and --format {named.name} was named; leave --format away.")
    return loaders[content.kind](path, content.data)


def calendar_around(name: str, ts_ns: Ints, session: SessionContract) -> SessionCalendar:
    """The calendar of the bars' span and a week around. Raises BarsFileError if no calendar covers it."""
    try:
        first, last = (new_york(int(each)).date() for each in (ts_ns.min(), ts_ns.max()))
        return SessionCalendar(session, first - AROUND, last + AROUND)
    except (CalendarError, ValueError, OverflowError, OSError):
        span = f"{pd.Timestamp(int(ts_ns.min())):%Y-%m-%d} to {pd.Timestamp(int(ts_ns.max())):%Y-%m-%d}"
        raise BarsFileError(
            f"{name}: its times run from {span}, which no calendar covers; check the unit and the year of its times."
        ) from None


def _written(
    table: Table, times: Times, columns: dict[str, Ints], contracts: Contracts, stated: str | None, names: list[str], found: list
) -> BarsFile:
    calendar = calendar_around(str(table.path), times.ts_ns, contracts.session)
    if table.settled:
        stated, times = stated or table.stamp, times._replace(stated=True, named=True)
    if any(each.severity is Severity.REFUSE for each in found):
        clock = Clock(None, "", [], [])
    else:
        found = [*judges.judge_interval(table, times.ts_ns), *found]
        documented = table.stamp or table.format.stamp
        clock = judge_clock(times, columns["volume"], Days.of(calendar), stated, documented, table.format.title)
    closes = times.ts_ns + (MINUTE_NS if clock.stamp is Stamp.OPEN else 0)
    frame = pd.DataFrame({"ts_ns": closes, **columns})
    facts = facts_of(table, times, closes, columns, calendar, clock, contracts.data_contract.price_level)
    judged = [*table.told, *found, *clock.findings, *facts.pop("judged")]
    passport = Passport(**facts, instruments=names, findings=sorted(judged, key=lambda each: ORDER.index(each.severity)))
    symbols = next((table.frame[name].astype("str").to_numpy(dtype=str) for name in INSTRUMENTS if name in table.frame), None)
    return BarsFile(table.path, frame, passport, table.columns, symbols)


def facts_of(
    table: Table, times: Times, closes: Ints, columns: dict[str, Ints], calendar: SessionCalendar, clock: Clock, level: PriceLevelLaw
) -> dict:
    """The fields of a passport but names and findings; `judged` are the findings made on the way."""
    held = judges.held_sessions(closes, calendar)
    named = closes if clock.stamp is None else closes - MINUTE_NS
    closed = judges.outside_hours(closes, calendar)
    repeated = judges.repeats(columns)
    filled = judges.judge_filling(repeated, columns["volume"], held)
    told = any(each.code == "FILLED" for each in filled)  # by session: better than by part
    judged = [
        *judges.judge_sessions(held),
        *filled,
        *judge_rows(table, closes, columns, np.zeros_like(repeated) if told else repeated, held),
        *judges.judge_hours(closes, closed, calendar, clock.holds),
        *judges.judge_columns(closes, columns),
        *price_level.judge_level(closes, columns["close"]),
        *price_level.judge_jumps(table, closes - MINUTE_NS, columns, level),
    ]
    return {
        "rows": len(closes), "first": _shown(named[0]), "last": _shown(named[-1]), "format": table.format.title, "zone": times.zone,
        "stamp": clock.stamp and clock.stamp.value, "stamp_reason": clock.reason, "stretches": clock.stretches, "sessions": held.sessions,
        "missing": held.missing, "outside_hours": int(closed.sum()), "zero_volume": int((columns["volume"] == 0).sum()),
        "repeated": int(repeated.sum()), "lowest": float(to_points(int(columns["low"].min()))),
        "highest": float(to_points(int(columns["high"].max()))), "bars_sha256": _hash(closes, columns), "judged": judged,
    }  # fmt: skip


def _shown(ts_ns: int) -> str:
    return f"{new_york(int(ts_ns)):%Y-%m-%d %H:%M}"


def _hash(closes: Ints, columns: dict[str, Ints]) -> str:
    digest = hashlib.sha256(closes.astype("<i8").tobytes())
    for name in (*PRICES, "volume"):
        digest.update(columns[name].astype("<i8").tobytes())
    return digest.hexdigest()
