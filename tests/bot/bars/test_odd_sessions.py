"""Sessions that stand beside the rest of their file: by minutes, by hours, by the other end of the minute."""

from __future__ import annotations

from pathlib import Path

import bar_files as files
import numpy as np
import pandas as pd
import pytest
from bar_files import CONTRACTS, busy, moved

from bot.bars.files import Reading, examined
from bot.bars.passport import Finding, Passport, Severity
from bot.units import MINUTE_NS


def passport(folder: Path, frame: pd.DataFrame, reading: Reading | None = None, times: list[str] | None = None) -> Passport:
    return examined(files.write(folder / "bars.csv", frame, times), CONTRACTS, reading or Reading()).passport


def refusals(file: Passport) -> list[Finding]:
    return file.of(Severity.REFUSE)


@pytest.mark.parametrize("minutes", [-60, -7, -1, 2, 15, 60, 120])
@pytest.mark.parametrize("part", ["whole days", "regular sessions"])
def test_one_session_by_another_clock_refuses_the_file_and_is_named(tmp_path, minutes, part):
    frame = busy() if part == "whole days" else files.regular(busy())
    file = passport(tmp_path, moved(frame, {"2025-06-05"}, minutes))
    assert not file.usable
    assert "2025-06-05" in " ".join(each.text for each in refusals(file))


@pytest.mark.parametrize("part", ["whole days", "regular sessions"])
def test_one_session_that_names_the_other_end_of_the_minute_refuses_the_file_and_is_named(tmp_path, part):
    frame = busy() if part == "whole days" else files.regular(busy())
    mixed = moved(frame, {"2025-06-05"}, 1)
    (finding,) = refusals(passport(tmp_path, mixed))
    assert finding.code == "STAMP"
    assert "2025-06-05" in finding.sentence
    assert "take these sessions away" in finding.remedy
    said = passport(tmp_path, mixed, Reading(stamp="open"))
    assert said.usable
    assert "2025-06-05" in " ".join(each.text for each in said.of(Severity.WARN))


def test_several_sessions_by_minutes_refuse_the_file(tmp_path):
    file = passport(tmp_path, moved(busy(), {"2025-06-03", "2025-06-06", "2025-06-10"}, 3))
    assert not file.usable


def test_what_a_person_says_of_the_zone_lets_it_pass_with_a_warning(tmp_path):
    file = passport(tmp_path, moved(files.regular(busy()), {"2025-06-05"}, 7), Reading(zone="UTC"))
    assert file.usable
    assert "2025-06-05: 7 min late" in " ".join(each.text for each in file.of(Severity.WARN))


def test_a_day_with_other_news_is_no_other_clock(tmp_path):
    frame = busy()
    news = (files.trading_dates(frame) == "2025-06-05") & np.isin(files.minute_of_day(frame), (630, 840, 1019))
    file = passport(tmp_path, frame.assign(volume=np.where(news, 60_000, frame["volume"])))
    assert (file.usable, file.stamp) == (True, "open")
    assert not {"CLOCK", "CLOCK_DOUBT"} & {each.code for each in file.findings}


def test_minutes_that_run_on_into_the_daily_break_refuse_a_file_whatever_its_volume_says(tmp_path):
    frame = busy().assign(volume=100)
    late, early = (passport(tmp_path, moved(frame, {"2025-06-05"}, minutes)) for minutes in (30, -30))
    assert "on after 2025-06-05 17:00" in " ".join(each.text for each in refusals(late))
    assert "up to 2025-06-04 18:00" in " ".join(each.text for each in refusals(early))
    friday = passport(tmp_path, moved(frame, {"2025-06-06"}, 30))
    assert "on after 2025-06-06 17:00" in " ".join(each.text for each in refusals(friday))


@pytest.mark.parametrize(("shift", "first", "end"), [(1, 569, 959), (0, 571, 961)])
@pytest.mark.parametrize("sessions", [1, 8])
def test_a_session_cut_by_the_clock_a_minute_beside_is_not_read_as_if_it_were_whole(tmp_path, shift, first, end, sessions):
    part = files.regular(busy(sessions=sessions), first, end)
    times = files.zoned(part, minutes=shift)
    file = passport(tmp_path, part, times=times)
    (finding,) = refusals(file)
    assert finding.code == "STAMP"
    assert "read as opens" in finding.sentence
    assert "read as closes" in finding.sentence
    right = examined(files.write(tmp_path / "bars.csv", part, times), CONTRACTS, Reading(stamp=("open", "close")[shift]))
    assert right.passport.usable
    assert right.bars["ts_ns"].tolist() == (part["open_ns"] + MINUTE_NS).tolist()


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("sessions", [1, 8])
def test_a_session_that_is_whole_is_read_as_it_is(tmp_path, shift, sessions):
    part = files.regular(busy(sessions=sessions))
    file = passport(tmp_path, part, times=files.zoned(part, minutes=shift))
    assert (file.stamp, file.findings) == (("open", "close")[shift], [])


def one_session(first: int = 570, end: int = 960, **volumes: float) -> pd.DataFrame:
    """The rows of one session from `first` to `end` (minutes of the day), with other volumes at the minutes named `at570`."""
    frame = busy(sessions=1)
    minute = files.minute_of_day(frame)
    for name, volume in volumes.items():
        frame["volume"] = np.where(minute == int(name.removeprefix("at")), int(volume), frame["volume"])
    return files.regular(frame, first, end)


@pytest.mark.parametrize(("shift", "first", "end", "beside"), [(1, 569, 959, "at569"), (0, 571, 961, "at960")])
def test_one_session_cut_a_minute_beside_with_a_busy_minute_there_is_not_used_without_a_warning(tmp_path, shift, first, end, beside):
    part, quiet = one_session(first, end, **{beside: 3000}), one_session(first, end)
    busy_file = passport(tmp_path, part, times=files.zoned(part, minutes=shift))
    assert "STAMP_UNSEEN" in {each.code for each in busy_file.findings}
    assert refusals(passport(tmp_path, quiet, times=files.zoned(quiet, minutes=shift)))


def test_a_session_that_begins_with_the_open_is_not_cut_a_minute_late_however_quiet_its_last_minute_is(tmp_path):
    part = one_session(at570=20_000, at571=4000, at958=6000, at959=1000)
    assert passport(tmp_path, part).stamp == "open"


@pytest.mark.parametrize("shift", [0, 1])
def test_one_session_whose_volume_shows_no_last_minute_is_used_with_a_warning(tmp_path, shift):
    part = one_session(at959=2000)
    times = files.zoned(part, minutes=shift)
    file = passport(tmp_path, part, times=times)
    assert (file.usable, file.stamp) == (True, ("open", "close")[shift])
    (finding,) = file.of(Severity.WARN)
    assert finding.code == "STAMP_UNSEEN"
    assert finding.sentence.startswith("one session alone cannot say")
    said = passport(tmp_path, part, Reading(stamp=("open", "close")[shift]), times)
    assert said.findings == []


def test_whole_days_need_no_last_minute(tmp_path):
    frame = busy(sessions=1)
    frame["volume"] = np.where(files.minute_of_day(frame) == 959, 2000, frame["volume"])
    assert passport(tmp_path, frame).findings == []
