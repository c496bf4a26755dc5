"""Several files as one: what two of them hold both must be the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.bars.files import BarsFile
from bot.bars.formats import VALUES
from bot.calendar import new_york
from bot.errors import BarsFileError
from bot.units import MINUTE_NS, to_points


def joined(files: Sequence[BarsFile]) -> tuple[pd.DataFrame, npt.NDArray[np.str_] | None]:
    """The bars of all files in order of time, each minute once, and the symbol of each if every file names it.

    Raises BarsFileError, one sentence, with the first minute that two files tell differently.
    """
    named = all(file.symbols is not None for file in files)
    parts = [file.bars.assign(file=number, symbol=file.symbols if named else "") for number, file in enumerate(files)]
    bars = pd.concat(parts, ignore_index=True).sort_values(["ts_ns", "file"], kind="stable", ignore_index=True)
    again = bars["ts_ns"].diff().eq(0)
    differs = again & (bars[[*VALUES, "symbol"]] != bars[[*VALUES, "symbol"]].shift()).any(axis=1)
    if differs.any():
        row = int(np.argmax(differs))
        raise BarsFileError(_difference(files, bars.iloc[row - 1], bars.iloc[row]))
    once = bars[~again].reset_index(drop=True)
    return once[["ts_ns", *VALUES]], once["symbol"].to_numpy(dtype=str) if named else None


def _difference(files: Sequence[BarsFile], one: pd.Series, other: pd.Series) -> str:
    opens = new_york(int(one["ts_ns"]) - MINUTE_NS)
    paths = " and ".join(str(files[each["file"]].path) for each in (one, other))
    return (
        f"{paths} tell the minute that opens at {opens:%Y-%m-%d %H:%M} New York differently "
        f"({_shown(one)} and {_shown(other)}); where files overlap they must be equal: cut one of them, or import them apart."
    )


def _shown(bar: pd.Series) -> str:
    prices = "/".join(f"{to_points(bar[name]):.2f}" for name in VALUES[:-1])
    return f"{bar['symbol'] + ' ' if bar['symbol'] else ''}{prices}, volume {bar['volume']}"
