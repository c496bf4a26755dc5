"""Days that a person leaves out: what is kept, what is said of it, and how a refusal names the command."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import bar_files as files
import pandas as pd
import pytest
from bar_files import CONTRACTS

from bot.bars.files import Reading, examined
from bot.bars.passport import Finding, Passport
from bot.errors import BarsFileError

MONDAY, TUESDAY, WEDNESDAY = (dt.date(2025, 6, day) for day in (9, 10, 11))


def week() -> pd.DataFrame:
    return files.synthetic("2025-06-09", 3, 13)


def passport(folder: Path, frame: pd.DataFrame, *without: dt.date) -> Passport:
    return examined(files.write(folder / "bars.csv", frame), CONTRACTS, Reading(without=without)).passport


def of(file: Passport, code: str) -> list[Finding]:
    return [each for each in file.findings if each.code == code]


def labour_day() -> pd.DataFrame:
    """Three days of which the first is a holiday on which somebody filled in the afternoon."""
    frame = files.synthetic("2025-06-09", 3, 13)
    return frame.assign(open_ns=frame["open_ns"] + 84 * 86_400 * 10**9)  # 2025-09-01 to 09-03


def test_a_day_that_is_left_out_begins_at_18_00_the_evening_before_and_is_told(tmp_path):
    whole = examined(files.write(tmp_path / "whole.csv", week()), CONTRACTS).bars
    file = examined(files.write(tmp_path / "bars.csv", week()), CONTRACTS, Reading(without=(TUESDAY,)))
    kept = files.trading_dates(week()) != "2025-06-10"
    assert file.bars.equals(whole[kept].reset_index(drop=True))
    assert file.passport.missing == ["2025-06-10"]
    assert [each.sentence for each in of(file.passport, "LEFT_OUT")] == ["1,380 rows of 2025-06-10 were left out, as --without says"]


def test_a_day_that_is_not_there_is_not_told_and_the_last_that_is_there_stays(tmp_path):
    assert of(passport(tmp_path, week(), dt.date(2025, 6, 20)), "LEFT_OUT") == []
    with pytest.raises(BarsFileError, match="no rows beside those of the days that --without leaves out"):
        passport(tmp_path, week(), MONDAY, TUESDAY, WEDNESDAY)


def test_a_row_behind_the_day_is_named_by_its_line_in_the_file(tmp_path):
    frame = week().copy()
    frame.loc[frame.index[2000], "close"] = 0.0
    with pytest.raises(BarsFileError, match=r"line 2002: close = 0\.0 is not above 0"):
        passport(tmp_path, frame, MONDAY)


def test_a_holidays_afternoon_is_refused_with_the_hour_of_its_close_and_the_command_that_leaves_it_out(tmp_path):
    (finding,) = of(passport(tmp_path, labour_day()), "CLOSED_HOURS")
    assert finding.severity == "refuse"
    assert "240 on 2025-09-01 from 13:00 to 16:59 (CME closed at 13:00 that day)" in finding.sentence
    assert "mesbot data import FILE --without 2025-09-01 --to FOLDER" in finding.remedy
    rest = passport(tmp_path, labour_day(), dt.date(2025, 9, 1))
    assert rest.usable
    assert of(rest, "CLOSED_HOURS") == []


def test_where_no_few_days_are_at_fault_no_command_is_named(tmp_path):
    frame = files.synthetic("2025-09-02", 12, 15)
    stray = [frame[files.minute_of_day(frame) == 1019].assign(open_ns=lambda rows, add=each: rows["open_ns"] + add * 60 * 10**9)
             for each in range(2, 58, 3)]  # fmt: skip
    (finding,) = of(passport(tmp_path, pd.concat([frame, *stray]).sort_values("open_ns")), "CLOSED_HOURS")
    assert (finding.severity, finding.remedy) == ("refuse", "take these rows away")
