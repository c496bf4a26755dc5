"""Several files as one: one contract at a time, and what two files hold both must be the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.bars.files import BarsFile
from bot.bars.formats import VALUES
from bot.bars.instruments import month_in
from bot.calendar import new_york
from bot.errors import BarsFileError
from bot.plural import counted
from bot.units import MINUTE_NS, to_points

Labels = npt.NDArray[np.str_]


class Joined(NamedTuple):
    """The bars of all files in order of time, each minute once; the symbol of each if files name them; what was found where files meet."""

    bars: pd.DataFrame
    symbols: Labels | None
    told: list[str]


def joined(files: Sequence[BarsFile]) -> Joined:
    """Files of one contract, or of contract months that follow each other: each names its symbol, or its name has the month in it.

    Raises BarsFileError, one sentence, with the minutes that two contracts have both, or the first minute that two files tell differently.
    """
    symbols = _symbols(files)
    parts = [
        file.bars.assign(file=number, symbol="" if symbols is None else symbols[number], contract=_contracts(symbols, number))
        for number, file in enumerate(files)
    ]
    bars = pd.concat(parts, ignore_index=True).sort_values(["ts_ns", "file"], kind="stable", ignore_index=True)
    _require_one_at_a_time(files, bars)
    again = bars["ts_ns"].diff().eq(0)
    differs = again & (bars[[*VALUES, "contract"]] != bars[[*VALUES, "contract"]].shift()).any(axis=1)
    if differs.any():
        row = int(np.argmax(differs))
        raise BarsFileError(_difference(files, bars.iloc[row - 1], bars.iloc[row]))
    once = bars[~again].reset_index(drop=True)
    told = [*_overlaps(files, bars), *_rolls(once)]
    return Joined(once[["ts_ns", *VALUES]], None if symbols is None else once["symbol"].to_numpy(dtype=str), told)


def _symbols(files: Sequence[BarsFile]) -> list[Labels] | None:
    """The symbol of each row of each file: what a column says, else the month that the file's name says; None if that is not all files',
    or names say one month only."""
    if all(file.symbols is not None for file in files):
        return [file.symbols for file in files if file.symbols is not None]
    months = [month_in(file.path.name) for file in files]
    if None in months or len(set(months)) < 2:
        return None
    return [np.full(len(file.bars), month) for file, month in zip(files, months, strict=True)]


def _contracts(symbols: list[Labels] | None, number: int) -> Labels | str:
    """The contract of each row, written one way: files of one month may call it ESZ5 and ESZ25."""
    if symbols is None:
        return ""
    names, place = np.unique(symbols[number], return_inverse=True)
    return np.asarray([month_in(name) or name for name in names.tolist()])[place]


def _require_one_at_a_time(files: Sequence[BarsFile], bars: pd.DataFrame) -> None:
    spans = {contract: rows["ts_ns"].agg(["min", "max"]) for contract, rows in bars.groupby("contract", sort=False)}
    for (one, first), (other, second) in combinations(spans.items(), 2):
        begins, ends = max(first["min"], second["min"]), min(first["max"], second["max"])
        if begins <= ends:
            both = bars[bars["ts_ns"].between(begins, ends)]
            names = [
                ", ".join(sorted({files[each].path.name for each in both.loc[both["contract"] == name, "file"]})) for name in (one, other)
            ]
            raise BarsFileError(
                f"{one} ({names[0]}) and {other} ({names[1]}) are there at one time, from {_opens(begins)} to {_opens(ends)} New York; "
                "one contract at a time is needed: cut the old one where the new one begins, or the new one where the old one ends."
            )


def _overlaps(files: Sequence[BarsFile], bars: pd.DataFrame) -> Iterator[str]:
    """What each two files have both, which is equal by now."""
    for one, other in combinations(range(len(files)), 2):
        both = np.intersect1d(*(bars.loc[bars["file"] == each, "ts_ns"] for each in (one, other)))
        if both.size:
            span = f"from {_opens(both[0])} to {_opens(both[-1])} New York"
            names = f"{files[one].path.name} and {files[other].path.name}"
            yield f"Overlap: {names} hold {counted(both.size, 'minute')} both, {span}, and tell them alike; each is taken once."


def _rolls(bars: pd.DataFrame) -> Iterator[str]:
    """Where one contract goes over into the next, with its time and the jump of the price."""
    contracts = bars["contract"].to_numpy(dtype=str)
    for row in np.flatnonzero(contracts[1:] != contracts[:-1]) + 1:
        before, after = int(bars["close"].iloc[row - 1]), int(bars["open"].iloc[row])
        yield (
            f"Roll: {contracts[row - 1]} goes over into {contracts[row]} at {_opens(bars['ts_ns'].iloc[row])} New York, "
            f"{to_points(before):,.2f} to {to_points(after):,.2f} ({after / before - 1:+.2%}); levels of before do not hold after it."
        )


def _opens(ts_ns: int) -> str:
    """When the minute that closes then opens."""
    return f"{new_york(int(ts_ns) - MINUTE_NS):%Y-%m-%d %H:%M}"


def _difference(files: Sequence[BarsFile], one: pd.Series, other: pd.Series) -> str:
    paths = " and ".join(str(files[each["file"]].path) for each in (one, other))
    return (
        f"{paths} tell the minute that opens at {_opens(one['ts_ns'])} New York differently "
        f"({_shown(one)} and {_shown(other)}); where files overlap they must be equal: cut one of them, or import them apart."
    )


def _shown(bar: pd.Series) -> str:
    prices = "/".join(f"{to_points(bar[name]):.2f}" for name in VALUES[:-1])
    return f"{bar['symbol'] + ' ' if bar['symbol'] else ''}{prices}, volume {bar['volume']}"
