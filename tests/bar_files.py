"""Files of bars for tests: true minutes of synthetic sessions or real ones, and the ways people write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from builders import CONTRACTS

from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar
from bot.units import MINUTE_NS, to_points

NEW_YORK, CHICAGO, LONDON = "America/New_York", "America/Chicago", "Europe/London"
SAMPLE = Path(__file__).parents[2] / "shared" / "data" / "ESZ5_1min_2025-08-31_2025-10-17.csv.gz"
PRICES = ["open", "high", "low", "close"]
VALUES = [*PRICES, "volume"]


class Written(NamedTuple):
    """A file's content, its suffix, and what a person must say of it."""

    content: bytes
    reading: dict[str, str] = {}
    suffix: str = ".csv"


@cache
def synthetic(first: str, sessions: int, seed: int = 1) -> pd.DataFrame:
    """True minutes: `open_ns` is the UTC ns of the minute's open, prices are points. Not to be changed in place."""
    start = dt.date.fromisoformat(first)
    calendar = SessionCalendar(CONTRACTS.session, start, start + dt.timedelta(days=2 * sessions + 14))
    frame = pd.DataFrame(synthetic_bars(seed, sessions, start, calendar), columns=["open_ns", *VALUES])
    frame[PRICES] = to_points(frame[PRICES])
    return frame.assign(open_ns=frame["open_ns"] - MINUTE_NS)


@cache
def real(weeks_later: int = 0) -> pd.DataFrame:
    """The real minutes beside the repository, moved by weeks in New York wall time."""
    frame = pd.read_csv(SAMPLE)
    wall = pd.to_datetime(frame["timestamp"], utc=True).dt.tz_convert(NEW_YORK).dt.tz_localize(None) + pd.Timedelta(weeks=weeks_later)
    moments = wall.dt.tz_localize(NEW_YORK, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    frame = frame.assign(open_ns=moments.dt.tz_localize(None).astype("datetime64[ns]").astype("int64"))[moments.notna()]
    return frame[["open_ns", *VALUES]].reset_index(drop=True)


def wall(frame: pd.DataFrame, zone: str = NEW_YORK, minutes: int = 0) -> pd.DatetimeIndex:
    """The wall clock of a zone at the open of each minute, so many minutes later."""
    return pd.DatetimeIndex(frame["open_ns"] + minutes * MINUTE_NS).tz_localize("UTC").tz_convert(zone).tz_localize(None)


def minute_of_day(frame: pd.DataFrame) -> np.ndarray:
    """Minutes since midnight in New York at each open."""
    clock = wall(frame)
    return (clock.hour * 60 + clock.minute).to_numpy()


def regular(frame: pd.DataFrame, first: int = 570, end: int = 960) -> pd.DataFrame:
    """The minutes of the regular session alone, or from `first` to `end` (minutes of the day)."""
    minute = minute_of_day(frame)
    return frame[(minute >= first) & (minute < end)]


def trading_dates(frame: pd.DataFrame) -> np.ndarray:
    """The date of the trading day of each minute, as text: it begins at 18:00 New York."""
    return (wall(frame) + pd.Timedelta(hours=6)).strftime("%Y-%m-%d").to_numpy()


def busy(first: str = "2025-06-02", sessions: int = 8) -> pd.DataFrame:
    """Synthetic minutes with a volume that steps at the market's minutes, each day alike but for a little noise."""
    frame = synthetic(first, sessions, 21)
    minute = minute_of_day(frame)
    day = (minute >= 570) & (minute < 960)
    usual = np.where(day, 2000.0, 150.0) * np.where(minute % 5 == 0, 1.4, 1.0) * np.where(np.isin(minute, (510, 600, 840)), 3.0, 1.0)
    usual *= np.where(minute == 570, 5.0, 1.0) * np.where(minute == 571, 3.0, 1.0) * np.where(minute == 959, 15.0, 1.0)
    noise = np.random.default_rng(5).uniform(0.8, 1.25, len(frame))
    return frame.assign(volume=(usual * noise).astype(int))


def moved(frame: pd.DataFrame, dates: set[str], minutes: int) -> pd.DataFrame:
    """The trading days of those dates so many minutes later; where two rows meet the first stays."""
    off = np.where(np.isin(trading_dates(frame), list(dates)), minutes, 0)
    later = frame.assign(open_ns=frame["open_ns"] + off * MINUTE_NS).sort_values("open_ns", kind="stable")
    return later[~later["open_ns"].duplicated()]


def zoned(frame: pd.DataFrame, zone: str = "UTC", minutes: int = 0) -> list[str]:
    """ISO times with the offset of the zone at each moment."""
    if zone == "UTC":
        return labelled(wall(frame, "UTC", minutes), "Z")
    moments = pd.DatetimeIndex(frame["open_ns"] + minutes * MINUTE_NS).tz_localize("UTC").tz_convert(zone)
    text = moments.strftime("%Y-%m-%dT%H:%M:%S%z").to_series()
    return (text.str[:-2] + ":" + text.str[-2:]).tolist()


def labelled(clock: pd.DatetimeIndex, label: str) -> list[str]:
    """ISO times of a wall clock under one label, right or wrong."""
    return (clock.strftime("%Y-%m-%dT%H:%M:%S") + label).tolist()


def own(frame: pd.DataFrame, times: Sequence[str], **columns: Any) -> bytes:
    """Our own format with these times; `columns` are put before open."""
    table = frame[VALUES].copy()
    for place, (name, values) in enumerate({"timestamp": list(times), **columns}.items()):
        table.insert(place, name, values)
    return table.to_csv(index=False).encode()


def write(path: Path, frame: pd.DataFrame, times: Sequence[str] | None = None, **columns: Any) -> Path:
    """A file of our own format; `times` default to UTC opens."""
    path.write_bytes(own(frame, zoned(frame) if times is None else times, **columns))
    return path


def _rows(columns: Sequence[Sequence[Any]], header: str, delimiter: str = ",") -> bytes:
    table = pd.DataFrame({number: list(values) for number, values in enumerate(columns)})
    return (header + table.to_csv(index=False, header=False, sep=delimiter)).encode()


def _of(frame: pd.DataFrame, *names: str) -> list[list[Any]]:
    return [frame[name].tolist() for name in names]


def _databento(frame: pd.DataFrame) -> Written:
    fixed = [(frame[name] * 1e9).round().astype("int64").tolist() for name in PRICES]
    same = [[each] * len(frame) for each in (33, 1, 42140878)]
    header = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
    return Written(_rows([frame["open_ns"], *same, *fixed, frame["volume"], ["MESZ5"] * len(frame)], header))


def _ninjatrader(frame: pd.DataFrame) -> Written:
    times = wall(frame, "UTC", 1).strftime("%Y%m%d %H%M%S")
    return Written(_rows([times, *_of(frame, *VALUES)], "", ";"), {"format": "ninjatrader", "zone": "UTC"}, ".txt")


def _tradingview(frame: pd.DataFrame) -> Written:
    return Written(_rows([frame["open_ns"] // 10**9, *_of(frame, *VALUES)], "time,open,high,low,close,Volume\n"))


def _ib(frame: pd.DataFrame) -> Written:
    times = [each.replace("T", " ") for each in zoned(frame, NEW_YORK)]
    more = [((frame["high"] + frame["low"]) / 2).round(3), frame["volume"] // 2]
    return Written(
        _rows(
            [range(len(frame)), times, *_of(frame, *PRICES), frame["volume"].astype(float), *more],
            ",date,open,high,low,close,volume,average,barCount\n",
        )
    )


def _firstrate(frame: pd.DataFrame) -> Written:
    return Written(_rows([wall(frame).strftime("%Y-%m-%d %H:%M:%S"), *_of(frame, *VALUES)], ""), {"format": "firstrate"}, ".txt")


def _kibot(frame: pd.DataFrame) -> Written:
    clock = wall(frame)
    return Written(_rows([clock.strftime("%m/%d/%Y"), clock.strftime("%H:%M"), *_of(frame, *VALUES)], ""), {"format": "kibot"}, ".txt")


def _sierra(frame: pd.DataFrame) -> Written:
    clock, half = wall(frame), frame["volume"] // 2
    header = "Date, Time, Open, High, Low, Last, Volume, NumberOfTrades, BidVolume, AskVolume\n"
    columns = [clock.strftime("%Y/%m/%d"), clock.strftime(" %H:%M:%S"), *_of(frame, *VALUES), half, half, half]
    return Written(_rows(columns, header), {"format": "sierra", "zone": NEW_YORK}, ".txt")


def _polygon(frame: pd.DataFrame) -> Written:
    columns = [["MESZ5"] * len(frame), *_of(frame, "volume", "open", "close", "high", "low", "open_ns", "volume")]
    return Written(_rows(columns, "ticker,volume,open,close,high,low,window_start,transactions\n"))


def _yfinance(frame: pd.DataFrame) -> Written:
    times = [each.replace("T", " ") for each in zoned(frame, NEW_YORK)]
    return Written(_rows([times, *_of(frame, *VALUES)], "Datetime,Open,High,Low,Close,Volume\n"))


def _multicharts(frame: pd.DataFrame) -> Written:
    clock = wall(frame, CHICAGO, 1)
    header = "<Date>,<Time>,<Open>,<High>,<Low>,<Close>,<Volume>\n"
    columns = [clock.strftime("%m/%d/%Y"), clock.strftime("%H:%M:%S"), *_of(frame, *VALUES)]
    return Written(_rows(columns, header), {"format": "multicharts"})


VENDORS: dict[str, Callable[[pd.DataFrame], Written]] = {
    "databento": _databento,
    "ninjatrader": _ninjatrader,
    "tradingview": _tradingview,
    "ib": _ib,
    "firstrate": _firstrate,
    "kibot": _kibot,
    "sierra": _sierra,
    "polygon": _polygon,
    "yfinance": _yfinance,
    "multicharts": _multicharts,
}
