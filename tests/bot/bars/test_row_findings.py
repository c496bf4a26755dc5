"""Rows that no market makes: refused where that is certain, told where it is not."""

from __future__ import annotations

from pathlib import Path

import bar_files as files
import numpy as np
import pandas as pd
import pytest
from bar_files import CONTRACTS, PRICES

from bot.bars.files import examined
from bot.bars.passport import Passport
from bot.errors import BarsFileError


def days() -> pd.DataFrame:
    return files.synthetic("2025-06-09", 3, 13).copy()


def passport(folder: Path, frame: pd.DataFrame) -> Passport:
    return examined(files.write(folder / "bars.csv", frame), CONTRACTS).passport


def severity(file: Passport, code: str) -> str | None:
    return next((each.severity.value for each in file.findings if each.code == code), None)


@pytest.mark.parametrize(("period", "part"), [(2, "day"), (2, "night"), (5, "night"), (15, "night")])
def test_longer_bars_filled_up_in_a_part_refuse_the_file(tmp_path, period, part):
    frame, minute = days(), files.minute_of_day(days())
    day = (minute >= 570) & (minute < 960)
    keep = (minute % period == 0) | (~day if part == "day" else day)
    frame[PRICES] = frame[PRICES].where(np.repeat(keep[:, None], len(PRICES), axis=1)).ffill().bfill()
    assert severity(passport(tmp_path, frame), "FILLED") == "refuse"


def test_summed_volume_refuses_the_file(tmp_path):
    frame = days()
    frame["volume"] = frame["volume"].cumsum()
    assert severity(passport(tmp_path, frame), "VOLUME_SUMMED") == "refuse"


def test_a_volume_of_true_and_false_refuses_the_file(tmp_path):
    with pytest.raises(BarsFileError, match="volume = True is not a whole number of contracts"):
        passport(tmp_path, days().assign(volume=True))


def test_minutes_of_one_price_are_told(tmp_path):
    frame = days()
    for name in PRICES:
        frame[name] = days()["close"]
    assert severity(passport(tmp_path, frame), "FLAT") == "warn"


@pytest.mark.parametrize(("rows", "wanted"), [(1, "warn"), (40, "refuse")])
@pytest.mark.parametrize(("name", "factor"), [("low", 0.9), ("high", 1.1)])
def test_a_wick_far_beyond_the_rows_beside_it_is_told_and_many_refuse_the_file(tmp_path, rows, wanted, name, factor):
    frame = days()
    at = frame.index[np.linspace(100, len(frame) - 100, rows).astype(int)]
    frame.loc[at, name] = (frame.loc[at, name] * factor * 4).round() / 4
    assert severity(passport(tmp_path, frame), "WICK") == wanted


def test_a_good_file_has_none_of_these(tmp_path):
    assert not {"FILLED", "VOLUME_SUMMED", "FLAT", "WICK"} & {each.code for each in passport(tmp_path, days()).findings}


def out_by(points: float) -> pd.DataFrame:
    return days().assign(high=days()["high"] + points, low=days()["low"] - points)


@pytest.mark.parametrize("points", [0.5, 1, 2, 10])
def test_highs_and_lows_that_are_widened_everywhere_are_told(tmp_path, points):
    assert severity(passport(tmp_path, out_by(points)), "WIDE") == "warn"


def test_ranges_that_a_market_makes_are_not_called_wide(tmp_path):
    assert severity(passport(tmp_path, days()), "WIDE") is None
    wild = days()
    steps = np.random.default_rng(4).normal(0, 12, (len(wild), 60)).cumsum(axis=1) / 4  # a walk of 60 steps a minute, 20 times as far
    close = 6400 + np.cumsum(steps[:, -1]) / 8
    start = np.concatenate(([6400], close[:-1]))
    top, bottom = start + np.maximum(steps.max(axis=1) / 8, 0), start + np.minimum(steps.min(axis=1) / 8, 0)
    rounded = {"open": start, "high": np.maximum(top, close), "low": np.minimum(bottom, close), "close": close}
    wild = wild.assign(**{name: (values * 4).round() / 4 for name, values in rounded.items()})
    assert severity(passport(tmp_path, wild), "WIDE") is None


@pytest.mark.skipif(not files.SAMPLE.is_file(), reason="the real sample bars are not beside the repository")
def test_no_real_day_is_called_wide_or_mixed(tmp_path):
    frame = files.real()
    dates = files.trading_dates(frame)
    for date in np.unique(dates)[1::8]:
        codes = {each.code for each in passport(tmp_path, frame[dates == date]).findings}
        assert not codes & {"WIDE", "MIXED_PRICES"}, date


@pytest.mark.parametrize(("share", "wanted"), [(0.5, "refuse"), (0.1, "refuse"), (0.004, "warn")])
def test_two_contracts_that_take_turns_are_told_however_near_they_are(tmp_path, share, wanted):
    frame = days()
    other = np.random.default_rng(1).random(len(frame)) < share
    for name in PRICES:
        frame[name] = np.where(other, (frame[name] * 1.004 * 4).round() / 4, frame[name])
    assert severity(passport(tmp_path, frame), "MIXED_PRICES") == wanted


@pytest.mark.parametrize(("each", "wanted"), [(1, "refuse"), (2, "refuse"), (30, None)])
def test_two_contracts_that_take_turns_by_sessions_are_refused_and_one_roll_is_none(tmp_path, each, wanted):
    frame = files.synthetic("2025-06-09", 16, 13).copy()
    _, session = np.unique(files.trading_dates(frame), return_inverse=True)
    later = session // each % 2 == 1 if each < 30 else session >= 8
    for name in PRICES:
        frame[name] = np.where(later, frame[name] + 55.25, frame[name])
    assert severity(passport(tmp_path, frame), "MIXED_PRICES") == wanted
