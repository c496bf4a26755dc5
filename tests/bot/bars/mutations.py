"""Some four hundred files made of good ones by a seed: what was done to each, and what may come of it.

The list is kept in mutations.txt beside this, and a test says when the two differ. This prints it anew:
PYTHONPATH=tests python tests/bot/bars/mutations.py
"""

# long because: one table of kinds, each with the few lines that make its files

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

import bar_files as files
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from bar_files import CHICAGO, LONDON, NEW_YORK, PRICES, VALUES, VENDORS, Written

SEED, COUNT, CUTS_COUNT = 20260312, 300, 120
Random = np.random.Generator
BASES: dict[str, Callable[[], pd.DataFrame]] = {
    "autumn": lambda: files.synthetic("2025-10-20", 17),  # over the end of summer time in London and New York
    "spring": lambda: files.synthetic("2025-03-03", 21, 2),  # over its beginning
    "summer": lambda: files.synthetic("2025-06-09", 6, 3),
    "winter": lambda: files.synthetic("2026-01-12", 6, 4),  # with a holiday
    "thanksgiving": lambda: files.synthetic("2025-11-24", 6, 5),  # with a half day
    "one day": lambda: files.synthetic("2025-05-14", 1, 6),
    "busy": lambda: files.busy("2025-06-02", 8),
    "real": files.real,
    "real in autumn": lambda: files.real(4),
}
CHANGES = ("autumn", "spring", "real in autumn")
ZONES = ("UTC", NEW_YORK, CHICAGO, LONDON, "Asia/Kolkata", "Asia/Tokyo", "America/Los_Angeles", "Australia/Sydney")


class May(StrEnum):
    """What may come of a file."""

    SERVE = "serve"  # it is good: used, with the true times and prices
    REFUSED = "be refused"
    IF_WRONG = "be refused, if its times are wrong"  # they may come out right by chance: then it is good
    BE_TOLD = "be told"  # prices are as written, but strange: refused, or used with a warning


class Kind(NamedTuple):
    """One thing done to a good file: who does it, to which bases, how often in the list, and what may come of it."""

    write: Callable[[pd.DataFrame, Random], Written]
    may: May
    weight: int = 8
    bases: tuple[str, ...] = tuple(BASES)


def _own(frame: pd.DataFrame, times: list[str] | None = None) -> Written:
    return Written(files.own(frame, files.zoned(frame) if times is None else times))


# Good files, as people have them.


def zones(frame: pd.DataFrame, random: Random) -> Written:
    return _own(frame, files.zoned(frame, str(random.choice(ZONES)), int(random.integers(2))))


def vendors(frame: pd.DataFrame, random: Random) -> Written:
    return VENDORS[str(random.choice(list(VENDORS)))](frame)


def layouts(frame: pd.DataFrame, random: Random) -> Written:
    text = files.own(frame, files.zoned(frame)).decode()
    which = int(random.integers(10))
    if which == 0:
        return Written(text.replace(".", "~").replace(",", ";").replace("~", ",").encode())
    if which == 1:
        return Written(text.replace(",", "\t").replace("timestamp", "Timestamp", 1).encode())
    if which == 2:
        return Written(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    if which == 3:
        return Written(gzip.compress(text.encode(), 1))
    if which == 4:
        return Written(pa.compress(text.encode(), "zstd", asbytes=True))
    if which == 5:
        return Written(text.encode("utf-16"))
    if which == 6:
        return Written(b"sep=;\r\n" + text.replace(",", ";").encode())
    if which == 7:
        return Written(text.replace("\n", "\n\n", int(random.integers(1, len(frame)))).encode())
    if which == 8:
        return _own(frame.assign(**{name: frame[name].map("{:,.2f}".format) for name in PRICES}))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bars.csv", text)
    return Written(packed.getvalue(), suffix=".zip")


def parquet(frame: pd.DataFrame, random: Random) -> Written:
    times = pd.DatetimeIndex(frame["open_ns"]).tz_localize("UTC").tz_convert(str(random.choice(ZONES)))
    table = pa.Table.from_pandas(frame[VALUES].assign(timestamp=times, note=1), preserve_index=False)
    packed = io.BytesIO()
    pq.write_table(table, packed)
    return Written(packed.getvalue(), suffix=".parquet")


def zone_said(frame: pd.DataFrame, random: Random) -> Written:
    zone = str(random.choice(ZONES))
    return Written(files.own(frame, files.labelled(files.wall(frame, zone), "")), {"zone": zone})


def without_minutes(frame: pd.DataFrame, random: Random) -> Written:
    return _own(frame[random.random(len(frame)) >= random.choice([0.001, 0.02, 0.15, 0.3])])


def without_quiet_minutes(frame: pd.DataFrame, random: Random) -> Written:
    return _own(frame[frame["volume"] >= frame["volume"].quantile(float(random.choice([0.1, 0.3, 0.5])))])


def without_a_piece(frame: pd.DataFrame, random: Random) -> Written:
    start, size = int(random.integers(len(frame) - 300)), int(random.choice([20, 90, 250]))
    return _own(frame.drop(frame.index[start : start + size]))


def without_a_session(frame: pd.DataFrame, random: Random) -> Written:
    dates = files.trading_dates(frame)
    return _own(frame[dates != random.choice(np.unique(dates)[1:-1])])


def part_of_the_day(frame: pd.DataFrame, random: Random) -> Written:
    first, end = ((570, 960), (570, 1020), (480, 960), (240, 1020), (565, 975), (510, 900))[int(random.integers(6))]
    part = files.regular(frame, first, end)
    return _own(part, files.zoned(part, str(random.choice(ZONES)), int(random.integers(2))))


def cut_off(frame: pd.DataFrame, random: Random) -> Written:
    return _own(frame.iloc[int(random.integers(1200)) : len(frame) - int(random.integers(1200))])


def one_symbol(frame: pd.DataFrame, random: Random) -> Written:
    names = np.where(np.arange(len(frame)) < random.integers(len(frame)), "MESU5", random.choice(["MESU5", "MESZ5"]))
    return Written(files.own(frame, files.zoned(frame), symbol=names))


def no_volume_here_and_there(frame: pd.DataFrame, random: Random) -> Written:
    return _own(frame.assign(volume=frame["volume"].where(random.random(len(frame)) >= 0.005, 0)))


def one_day(frame: pd.DataFrame, random: Random) -> Written:
    """A file of a single day, whole or the regular session alone, by either end of the minute."""
    day = _a_day(frame, random)
    day = files.regular(day) if random.integers(2) else day
    return _own(day, files.zoned(day, str(random.choice(ZONES)), int(random.integers(2))))


def a_stretch(frame: pd.DataFrame, random: Random) -> Written:
    """Some days that follow one another, whole or the regular sessions alone, by either end of the minute."""
    part = _a_stretch_over_the_change(frame, random) if random.integers(2) and _changes(frame) else _a_stretch(frame, random)
    part = files.regular(part) if random.integers(2) else part
    return _own(part, files.zoned(part, str(random.choice(ZONES)), int(random.integers(2))))


# Wrong times.


def hours_off(frame: pd.DataFrame, random: Random) -> Written:
    hours = int(random.choice([*range(-12, 0), *range(1, 13)]))
    return _own(frame, files.zoned(frame, minutes=60 * hours + int(random.integers(2))))


def hours_off_of_part_of_the_day(frame: pd.DataFrame, random: Random) -> Written:
    return hours_off(files.regular(frame), random)


def minutes_off(frame: pd.DataFrame, random: Random) -> Written:
    return _own(frame, files.zoned(frame, minutes=int(random.choice([-30, -15, -5, -2, -1, 2, 3, 5, 10, 15, 30]))))


def another_zone(frame: pd.DataFrame, random: Random) -> Written:
    part = files.regular(frame) if random.integers(2) else frame
    zone, label = random.choice([(NEW_YORK, "Z"), (CHICAGO, "Z"), ("Asia/Tokyo", "Z"), ("UTC", "-05:00"), (NEW_YORK, "+01:00")])
    clock = files.wall(part, str(zone), int(random.integers(2)))
    return _own(part[~clock.duplicated()], files.labelled(clock[~clock.duplicated()], str(label)))


def one_offset_over_the_change(frame: pd.DataFrame, random: Random) -> Written:
    part = files.regular(frame) if random.integers(2) else frame
    zone, labels = ((NEW_YORK, ("-04:00", "-05:00")), (CHICAGO, ("-05:00", "-06:00")), (LONDON, ("Z", "+01:00")))[int(random.integers(3))]
    clock = files.wall(part, zone, int(random.integers(2)))
    keep = ~clock.duplicated()
    return _own(part[keep], files.labelled(clock[keep], str(random.choice(labels))))


def an_hour_from_here_on(frame: pd.DataFrame, random: Random) -> Written:
    at = _a_later_day(frame, random)
    later = np.where(np.arange(len(frame)) >= at, int(random.choice([60, -60])), 0)
    moved = frame.assign(open_ns=frame["open_ns"] + later * 60 * 10**9)
    keep = moved["open_ns"].diff().fillna(1) > 0
    return _own(moved[keep])


def closes_from_here_on(frame: pd.DataFrame, random: Random) -> Written:
    at = _a_later_day(frame, random)
    opens, closes = files.zoned(frame), files.zoned(frame, minutes=1)
    if random.integers(2):
        return _own(frame, [*opens[:at], *closes[at:]])
    return _own(frame.drop(frame.index[at]), [*closes[:at], *opens[at + 1 :]])


def a_session_by_minutes(frame: pd.DataFrame, random: Random) -> Written:
    date = random.choice(np.unique(files.trading_dates(frame))[1:-1])
    return _own(files.moved(frame, {str(date)}, int(random.choice([-120, -60, -30, -7, -2, 2, 3, 15, 60, 120]))))


def real_sessions_moved(frame: pd.DataFrame, random: Random) -> Written:
    """Whole days, half of them or a single one beside the rest, by 2 to 120 minutes."""
    frame, minutes = _a_stretch(frame, random), int(random.choice([-1, 1])) * int(random.integers(2, 121))
    which = int(random.integers(3))
    if which == 0:
        return _own(frame, files.zoned(frame, minutes=minutes))
    dates = np.unique(files.trading_dates(frame))
    half = set(dates[len(dates) // 2 :].tolist())
    return _own(files.moved(frame, half if which == 1 else {str(random.choice(dates[1:-1]))}, minutes))


def one_day_moved(frame: pd.DataFrame, random: Random) -> Written:
    """A file of a single day, whole or the regular session alone, by 2 to 120 minutes."""
    day = _a_day(frame, random)
    day = files.regular(day) if random.integers(2) else day
    return _own(day, files.zoned(day, minutes=int(random.choice([-1, 1])) * int(random.integers(2, 121))))


def an_hour_from_the_change_on(frame: pd.DataFrame, random: Random) -> Written:
    """New York or Chicago times under the offset of one side of a clock change, all rows or the regular sessions, by either end."""
    return one_offset_over_the_change(_a_stretch_over_the_change(frame, random), random)


def cut_beside(frame: pd.DataFrame, random: Random) -> Written:
    first, end, late = ((569, 959, 1), (571, 961, 0))[int(random.integers(2))]
    part = files.regular(frame, first, end)
    return _own(part, files.zoned(part, minutes=late))


def day_first(frame: pd.DataFrame, random: Random) -> Written:
    vendor = str(random.choice(["kibot", "multicharts"]))
    content, reading, suffix = VENDORS[vendor](frame)
    return Written(re.sub(rb"(?m)^(\d\d)/(\d\d)/", rb"\2/\1/", content), reading, suffix)


def another_zone_said(frame: pd.DataFrame, random: Random) -> Written:
    zone, said = random.choice(
        [(NEW_YORK, CHICAGO), (NEW_YORK, "UTC"), ("UTC", NEW_YORK), (CHICAGO, NEW_YORK), ("UTC", "Europe/Berlin"), ("Asia/Tokyo", "UTC")]
    )
    clock = files.wall(frame, str(zone))
    keep = ~clock.duplicated()
    return Written(files.own(frame[keep], files.labelled(clock[keep], "")), {"zone": str(said)})


def another_vendor_said(frame: pd.DataFrame, random: Random) -> Written:
    clock = files.wall(frame, str(random.choice(["UTC", CHICAGO, "Europe/Berlin"])))
    keep = ~clock.duplicated()
    moved = frame[keep].assign(open_ns=_as_new_york(clock[keep]))
    return VENDORS[str(random.choice(["firstrate", "kibot", "multicharts", "sierra"]))](moved[moved["open_ns"].diff().fillna(1) > 0])


def _changes(frame: pd.DataFrame) -> bool:
    """Whether New York changes its clock in it."""
    offset = files.wall(frame).asi8 - frame["open_ns"].to_numpy()
    return bool(offset[0] != offset[-1])


def _a_day(frame: pd.DataFrame, random: Random) -> pd.DataFrame:
    dates = files.trading_dates(frame)
    return frame[dates == random.choice(_whole_days(frame))]


def _whole_days(frame: pd.DataFrame) -> np.ndarray:
    """The dates of days with all minutes, so that a holiday is none."""
    dates, counts = np.unique(files.trading_dates(frame), return_counts=True)
    return dates[(counts >= 1380) & (dates != "2025-09-01")]


def _a_stretch(frame: pd.DataFrame, random: Random) -> pd.DataFrame:
    """Five to nine trading days that follow one another, without a holiday's."""
    dates = _whole_days(frame)
    size = min(len(dates), int(random.integers(5, 10)))
    first = int(random.integers(len(dates) - size + 1))
    return frame[np.isin(files.trading_dates(frame), dates[first : first + size])]


def _a_stretch_over_the_change(frame: pd.DataFrame, random: Random) -> pd.DataFrame:
    """Three to six trading days on each side of New York's clock change."""
    offset = (files.wall(frame).asi8 - frame["open_ns"].to_numpy()) // (3600 * 10**9)
    dates, whole = files.trading_dates(frame), _whole_days(frame)
    before, after = (whole[np.isin(whole, dates[offset == each])] for each in (offset[0], offset[-1]))
    chosen = [*before[-int(random.integers(3, 7)) :], *after[: int(random.integers(3, 7))]]
    return frame[np.isin(dates, chosen)]


def _as_new_york(clock: pd.DatetimeIndex) -> np.ndarray:
    moments = clock.tz_localize(NEW_YORK, ambiguous=np.ones(len(clock), dtype=bool), nonexistent="shift_forward").tz_convert("UTC")
    return moments.tz_localize(None).as_unit("ns").asi8


def _a_later_day(frame: pd.DataFrame, random: Random) -> int:
    """The first row of a trading day that is not among the first or last two."""
    dates = files.trading_dates(frame)
    starts = np.flatnonzero(dates[1:] != dates[:-1]) + 1
    return int(random.choice(starts[1:-1]))


# Intervals.


def longer_bars(frame: pd.DataFrame, random: Random) -> Written:
    return _own(_coarse(frame, int(random.choice([2, 3, 5, 10, 15, 30, 60]))))


def longer_bars_in_part(frame: pd.DataFrame, random: Random) -> Written:
    minutes, minute = int(random.choice([2, 5, 15])), files.minute_of_day(frame)
    at, row = _a_later_day(frame, random), np.arange(len(frame))
    day = (minute >= 570) & (minute < 960)
    part = (day, ~day, row < at, row >= at)[int(random.integers(4))]
    return _own(pd.concat([_coarse(frame[part], minutes), frame[~part]]).sort_values("open_ns"))


def longer_bars_filled(frame: pd.DataFrame, random: Random) -> Written:
    minutes = int(random.choice([3, 5, 15]))
    group = frame["open_ns"] // (minutes * 60 * 10**9)
    filled = _coarse(frame, minutes).set_index("group").loc[group].reset_index(drop=True)
    return _own(frame.reset_index(drop=True).assign(**{name: filled[name] for name in PRICES}))


def longer_bars_filled_in_part(frame: pd.DataFrame, random: Random) -> Written:
    minute = files.minute_of_day(frame)
    day = (minute >= 570) & (minute < 960)
    keep = (minute % int(random.choice([2, 5, 15])) == 0) | (day if random.integers(2) else ~day)
    filled = frame[PRICES].where(np.repeat(keep[:, None], len(PRICES), axis=1)).ffill().bfill()
    return _own(frame.assign(**{name: filled[name] for name in PRICES}))


def real_sessions_longer_filled(frame: pd.DataFrame, random: Random) -> Written:
    """Days, or the rows of regular sessions, whose two, three or five minutes were filled up."""
    part = _a_day(frame, random) if random.integers(2) else _a_stretch(frame, random)
    part = files.regular(part) if random.integers(2) else part
    minutes = int(random.choice([2, 3, 5]))
    group = part["open_ns"] // (minutes * 60 * 10**9)
    filled = _coarse(part, minutes).set_index("group").loc[group].reset_index(drop=True)
    return _own(part.reset_index(drop=True).assign(**{name: filled[name] for name in PRICES}))


def volume_summed(frame: pd.DataFrame, random: Random) -> Written:
    dates = files.trading_dates(frame)
    summed = frame["volume"].cumsum() if random.integers(2) else frame["volume"].groupby(dates).cumsum()
    return _own(frame.assign(volume=summed))


def _coarse(frame: pd.DataFrame, minutes: int) -> pd.DataFrame:
    group = (frame["open_ns"] // (minutes * 60 * 10**9)).rename("group")
    rules = {"open_ns": "first", "open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return frame.groupby(group).agg(rules).reset_index()


# Prices.


def another_unit(frame: pd.DataFrame, random: Random) -> Written:
    return _own(_scaled(frame, float(random.choice([100, 1000, 10, 50, 20]))))


def another_index(frame: pd.DataFrame, random: Random) -> Written:
    return _own(_scaled(frame, float(random.choice([3.7, 0.36, 7.0, 0.3, 2.2]))))


def a_step(frame: pd.DataFrame, random: Random) -> Written:
    factor = float(random.choice([2.0, 0.5, 1.3, 0.75, 1.1, 0.94, 100.0]))
    at = int(random.integers(500, len(frame) - 500))
    return _own(pd.concat([frame.iloc[:at], _scaled(frame.iloc[at:], factor)]))


def wrong_rows(frame: pd.DataFrame, random: Random) -> Written:
    rows = random.choice(len(frame), size=int(random.choice([1, 3])), replace=False)
    rows = frame.index[[0] if random.integers(3) == 0 else rows]
    wrong = frame.copy()
    wrong.loc[rows, PRICES] = float(random.choice([6.5, 0.25, 65_000.0, 1.0]))
    return _own(wrong)


def wicks(frame: pd.DataFrame, random: Random) -> Written:
    rows = frame.index[random.choice(len(frame), size=int(random.choice([1, 3, 60])), replace=False)]
    wrong, name = frame.copy(), str(random.choice(["high", "low"]))
    wrong.loc[rows, name] = (wrong.loc[rows, name] * (1.1 if name == "high" else 0.9) * 4).round() / 4
    return _own(wrong)


def highs_and_lows_widened(frame: pd.DataFrame, random: Random) -> Written:
    points = float(random.choice([0.5, 1, 3, 10]))
    return _own(frame.assign(high=frame["high"] + points, low=frame["low"] - points))


def two_contracts_in_turn(frame: pd.DataFrame, random: Random) -> Written:
    other = random.random(len(frame)) < random.choice([0.02, 0.1, 0.5])
    return _own(frame.assign(**{name: np.where(other, _scaled(frame, 1.004)[name], frame[name]) for name in PRICES}))


def two_at_one_time(frame: pd.DataFrame, random: Random) -> Written:
    other = frame.assign(**_scaled(frame, float(random.choice([3.7, 1.02, 0.36])))[PRICES])
    if random.integers(2):
        both = pd.concat([frame.assign(symbol="MESZ5"), other.assign(symbol="MNQZ5")]).sort_values("open_ns", kind="stable")
        return Written(files.own(both, files.zoned(both), symbol=both["symbol"].to_numpy()))
    mixed = frame.copy()
    odd = random.random(len(frame)) < 0.5
    mixed.loc[odd, PRICES] = other.loc[odd, PRICES]
    return _own(mixed)


def columns_changed_about(frame: pd.DataFrame, random: Random) -> Written:
    one, other = random.choice([("high", "low"), ("open", "volume"), ("close", "volume"), ("open", "high"), ("open", "close")])
    return _own(frame.assign(**{str(one): frame[str(other)], str(other): frame[str(one)]}))


def off_the_tick(frame: pd.DataFrame, random: Random) -> Written:
    factor = 1 + float(random.uniform(0.001, 0.02))
    return _own(frame.assign(**{name: (frame[name] * factor).round(4) for name in PRICES}))


def _scaled(frame: pd.DataFrame, factor: float) -> pd.DataFrame:
    return frame.assign(**{name: (frame[name] * factor * 4).round() / 4 for name in PRICES})


# Rows.


def rows_twice(frame: pd.DataFrame, random: Random) -> Written:
    at, size = int(random.integers(len(frame) - 100)), int(random.choice([1, 5, 60]))
    return _own(pd.concat([frame.iloc[: at + size], frame.iloc[at:]]))


def pasted(frame: pd.DataFrame, random: Random) -> Written:
    half = len(frame) // 2
    if random.integers(2):
        return _own(pd.concat([frame.iloc[half:], frame.iloc[:half]]))
    return _own(pd.concat([frame.iloc[: half + 90], frame.iloc[half:]]))


def backwards(frame: pd.DataFrame, random: Random) -> Written:
    return _own(frame.iloc[::-1] if random.integers(2) else frame.sample(frac=1.0, random_state=int(random.integers(100))))


def closed_hours_filled(frame: pd.DataFrame, random: Random) -> Written:
    every = np.arange(frame["open_ns"].iloc[0], frame["open_ns"].iloc[-1] + 1, 60 * 10**9)
    filled = frame.set_index("open_ns").reindex(every)
    filled[["close"]] = filled[["close"]].ffill()
    for name in ("open", "high", "low"):
        filled[name] = filled[name].fillna(filled["close"])
    return _own(filled.fillna({"volume": int(random.integers(2))}).astype({"volume": int}).reset_index(names="open_ns"))


def no_volume(frame: pd.DataFrame, random: Random) -> Written:
    return _own(frame.assign(volume=int(random.integers(1))))


def night_only(frame: pd.DataFrame, random: Random) -> Written:
    minute = files.minute_of_day(frame)
    night = frame[(minute < 570) | (minute >= 1080)]
    return _own(night, files.zoned(night, minutes=60 * int(random.integers(-3, 4))))


LONG = tuple(name for name in BASES if name != "one day")
KINDS: dict[str, Kind] = {
    each.write.__name__: each
    for each in (
        Kind(zones, May.SERVE, 14),
        Kind(vendors, May.SERVE, 20),
        Kind(layouts, May.SERVE, 10),
        Kind(parquet, May.SERVE, 5),
        Kind(zone_said, May.SERVE, 8),
        Kind(without_minutes, May.SERVE, 9),
        Kind(without_quiet_minutes, May.SERVE, 6),
        Kind(without_a_piece, May.SERVE, 8),
        Kind(without_a_session, May.SERVE, 6, LONG),
        Kind(part_of_the_day, May.SERVE, 14, tuple(name for name in BASES if "real" not in name)),  # real ones have a holiday's afternoon
        Kind(cut_off, May.SERVE, 8, LONG),
        Kind(one_symbol, May.SERVE, 4),
        Kind(no_volume_here_and_there, May.SERVE, 3),
        Kind(hours_off, May.REFUSED, 20),
        Kind(hours_off_of_part_of_the_day, May.REFUSED, 12),
        Kind(minutes_off, May.REFUSED, 10),
        Kind(another_zone, May.REFUSED, 12),
        Kind(one_offset_over_the_change, May.IF_WRONG, 20, CHANGES),
        Kind(an_hour_from_here_on, May.REFUSED, 8, LONG),
        Kind(closes_from_here_on, May.REFUSED, 8, LONG),
        Kind(another_zone_said, May.REFUSED, 8),
        Kind(another_vendor_said, May.REFUSED, 6),
        Kind(a_session_by_minutes, May.REFUSED, 6, ("busy", "real")),
        Kind(cut_beside, May.REFUSED, 5, ("busy",)),
        Kind(day_first, May.REFUSED, 5, LONG),
        Kind(longer_bars, May.REFUSED, 7),
        Kind(longer_bars_in_part, May.REFUSED, 10, LONG),
        Kind(longer_bars_filled, May.REFUSED, 6),
        Kind(longer_bars_filled_in_part, May.REFUSED, 5),
        Kind(volume_summed, May.REFUSED, 4),
        Kind(another_unit, May.REFUSED, 5),
        Kind(another_index, May.BE_TOLD, 5),
        Kind(a_step, May.BE_TOLD, 7, LONG),
        Kind(wrong_rows, May.BE_TOLD, 6),
        Kind(wicks, May.BE_TOLD, 5),
        Kind(highs_and_lows_widened, May.BE_TOLD, 5),
        Kind(two_contracts_in_turn, May.BE_TOLD, 5),
        Kind(two_at_one_time, May.REFUSED, 6),
        Kind(columns_changed_about, May.REFUSED, 5),
        Kind(off_the_tick, May.REFUSED, 3),
        Kind(rows_twice, May.REFUSED, 5),
        Kind(pasted, May.REFUSED, 4),
        Kind(backwards, May.REFUSED, 3),
        Kind(closed_hours_filled, May.REFUSED, 4, LONG),
        Kind(no_volume, May.REFUSED, 2),
        Kind(night_only, May.REFUSED, 3),
    )
}


CUT_BASES = ("busy", "real", "real in autumn")
CUTS: dict[str, Kind] = {  # days, sessions and stretches cut out of longer files; listed after the others
    each.write.__name__: each
    for each in (
        Kind(one_day, May.SERVE, 8, (*CUT_BASES, "autumn", "spring")),
        Kind(a_stretch, May.SERVE, 8, (*CUT_BASES, "autumn", "spring")),
        Kind(real_sessions_moved, May.REFUSED, 14, CUT_BASES),
        Kind(one_day_moved, May.REFUSED, 10, (*CUT_BASES, "autumn", "spring")),
        Kind(an_hour_from_the_change_on, May.IF_WRONG, 10, CHANGES),
        Kind(real_sessions_longer_filled, May.REFUSED, 8, CUT_BASES),
    )
}


class Mutation(NamedTuple):
    """One file of the list: `seed` draws the particulars of its kind."""

    number: int
    kind: str
    base: str
    seed: int

    def __str__(self) -> str:
        return f"{self.number:03d} {self.kind} of {self.base}, seed {self.seed}: may {(KINDS | CUTS)[self.kind].may}"

    @property
    def frame(self) -> pd.DataFrame:
        """The good minutes it is made of."""
        return BASES[self.base]()

    def written(self) -> Written:
        """The file."""
        return (KINDS | CUTS)[self.kind].write(self.frame, np.random.default_rng(self.seed))

    def may(self, written: Written) -> May:
        """What may come of its file."""
        may = (KINDS | CUTS)[self.kind].may
        if may is not May.IF_WRONG:
            return may
        return May.SERVE if _true_times(written.content, self.frame) else May.REFUSED


def _true_times(content: bytes, frame: pd.DataFrame) -> bool:
    """Whether each row of our own format stands at a time that has its prices in truth, by either end of the minute."""
    rows, truth = pd.read_csv(io.BytesIO(content)), frame.set_index("open_ns")[PRICES]
    times = pd.to_datetime(rows["timestamp"], utc=True).dt.tz_localize(None).astype("datetime64[ns]").astype("int64")
    return any(np.array_equal(truth.reindex(times - late).to_numpy(), rows[PRICES].to_numpy()) for late in (0, 60 * 10**9))


def listed(seed: int = SEED) -> list[Mutation]:
    """All files: each kind at least once, the kinds by their weights, no matter which bases are there."""
    return [*_listed(KINDS, seed, COUNT, 0), *_listed(CUTS, seed + 1, CUTS_COUNT, COUNT)]


def _listed(kinds: dict[str, Kind], seed: int, count: int, first: int) -> list[Mutation]:
    random = np.random.default_rng(seed)
    names = list(kinds)
    weights = np.array([kinds[name].weight for name in names], dtype=float)
    drawn = [*names, *random.choice(names, size=count - len(names), p=weights / weights.sum())]
    made = []
    for number, name in enumerate(random.permutation(drawn), start=first):
        kind = kinds[str(name)]
        made.append(Mutation(number, str(name), str(random.choice(kind.bases)), int(random.integers(10**6))))
    return made


if __name__ == "__main__":
    print("\n".join(str(each) for each in listed()))
