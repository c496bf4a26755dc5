"""Files of one or a few days as long as a session, at hours that are none, whose volume does not say where a session begins."""

from __future__ import annotations

from pathlib import Path

import bar_files as files
import numpy as np
import pandas as pd
import pytest
from bar_files import CONTRACTS

from bot.bars.files import Reading, examined
from bot.bars.passport import Finding, Passport, Severity

DATES = ("2025-10-31", "2025-11-10", "2025-11-11")


def days(*dates: str) -> pd.DataFrame:
    frame = files.synthetic("2025-10-20", 17)
    return frame[np.isin(files.trading_dates(frame), dates)]


def passport(folder: Path, frame: pd.DataFrame, minutes: int, **said: str) -> Passport:
    path = files.write(folder / "bars.csv", frame, files.zoned(frame, minutes=minutes))
    return examined(path, CONTRACTS, Reading(**said)).passport


def clock(file: Passport) -> Finding:
    return next(each for each in file.findings if each.code == "CLOCK")


@pytest.mark.parametrize("minutes", [-103, -24, 2, 47])
@pytest.mark.parametrize("date", DATES[:2])
def test_the_only_session_at_other_hours_is_refused_wherever_its_volume_peaks(tmp_path, date, minutes):
    assert not passport(tmp_path, files.regular(days(date)), minutes).usable


@pytest.mark.parametrize("minutes", [-103, 47])
@pytest.mark.parametrize("count", [2, 3])
def test_so_are_two_and_three(tmp_path, count, minutes):
    assert not passport(tmp_path, files.regular(days(*DATES[:count])), minutes).usable


@pytest.mark.parametrize("minutes", [-2, 17])
def test_so_is_a_whole_day(tmp_path, minutes):
    assert not passport(tmp_path, days(DATES[0]), minutes).usable


def test_the_sentence_says_what_was_found_what_is_right_and_what_to_say(tmp_path):
    finding = clock(passport(tmp_path, files.regular(days("2025-11-10")), -103))
    assert finding.severity is Severity.REFUSE
    assert finding.sentence.startswith("the rows of the one day of the file from 07:47 to 14:16 New York, are as long as a session")
    assert "neither the open (09:30) nor the last minute (15:59)" in finding.sentence
    assert "the session at 09:30 New York" in finding.remedy
    assert "--zone and --stamp" in finding.remedy


def test_zone_and_stamp_together_overrule_and_the_doubt_stays(tmp_path):
    frame = files.regular(days("2025-11-10"))
    for said in ({"stamp": "open"}, {"zone": "UTC"}):
        assert not passport(tmp_path, frame, -103, **said).usable
    file = passport(tmp_path, frame, -103, zone="UTC", stamp="open")
    assert (file.usable, file.stamp, clock(file).severity) == (True, "open", Severity.WARN)
    assert "07:47" in " ".join(file.lines())


def test_a_vendors_own_file_is_believed_and_the_doubt_stays(tmp_path):
    frame = files.regular(days("2025-11-10"))
    written = files.VENDORS["databento"](frame.assign(open_ns=frame["open_ns"] - 103 * 60 * 10**9))
    (tmp_path / "bars.csv").write_bytes(written.content)
    file = examined(tmp_path / "bars.csv", CONTRACTS, Reading()).passport
    assert (file.usable, clock(file).severity) == (True, Severity.WARN)


@pytest.mark.parametrize(("first", "end"), [(570, 960), (510, 900), (480, 960), (0, 960)])
@pytest.mark.parametrize("late", [0, 1])
def test_one_day_that_shows_its_open_or_stands_right_is_used_whatever_hours_were_cut_out(tmp_path, first, end, late):
    day = files.busy()
    day = day[files.trading_dates(day) == "2025-06-05"]
    file = passport(tmp_path, files.regular(day, first, end), late)
    assert (file.usable, file.stamp) == (True, "close" if late else "open")
