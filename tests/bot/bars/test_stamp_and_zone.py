"""Whether times name opens or closes, and whether they are in the zone they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bar_files import SAMPLE, real, regular, trading_dates, wall
from bar_files import write as write_minutes
from builders import CONTRACTS

from bot.bars import BarsFile, Reading
from bot.bars import read_bars as read_usable
from bot.bars.clock import MARKS
from bot.errors import BarsFileError

NEW_YORK = "America/New_York"


def read_bars(path: Path, stamp: str | None = None, zone: str | None = None) -> BarsFile:
    return read_usable(path, CONTRACTS, Reading(stamp, zone))


def session(day: str, seed: int, first: str = "18:00", last: str = "16:59") -> pd.Series:
    """Volume of one trading day, by the minute's open in New York, shaped like the market's."""
    start = pd.Timestamp(f"{day} {first}", tz=NEW_YORK) - pd.Timedelta(days=1 if first > last else 0)
    times = pd.date_range(start, pd.Timestamp(f"{day} {last}", tz=NEW_YORK), freq="min")
    minute = times.hour * 60 + times.minute
    rth = (minute >= 570) & (minute < 960) & (times.normalize() == times[-1].normalize())
    level = np.where(rth, 2_000, 150) * np.where(rth & (minute == 570), 5, 1) * np.where(rth & (minute == 959), 15, 1)
    noise = np.random.default_rng(seed).uniform(0.7, 1.3, len(times))
    return pd.Series((level * noise).astype(int), index=times)


def days(count: int = 4, **hours: str) -> pd.Series:
    return pd.concat([session(f"2025-09-{16 + day}", day, **hours) for day in range(count)])


def write(path: Path, volume: pd.Series, times: pd.DatetimeIndex | None = None, suffix: str | None = None) -> Path:
    """A bars file of prices that move. `suffix` None writes each time's own offset, else the wall clock with that label."""
    times = volume.index if times is None else times
    text = [time.isoformat() for time in times] if suffix is None else times.strftime("%Y-%m-%dT%H:%M:%S") + suffix
    opens = 6600 + np.random.default_rng(len(volume)).integers(-8, 9, len(volume)) / 4
    frame = pd.DataFrame({"timestamp": text, "open": opens, "high": opens + 1, "low": opens - 1, "close": opens + 0.5})
    frame.assign(volume=volume.to_numpy()).to_csv(path, index=False)
    return path


def read(tmp_path: Path, volume: pd.Series, shift: int = 0, stamp: str | None = None, zone: str | None = None) -> BarsFile:
    return read_bars(write(tmp_path / "bars.csv", volume, volume.index + pd.Timedelta(minutes=shift)), stamp, zone)


@pytest.mark.parametrize(("hours", "said"), [({}, 4), ({"first": "09:30", "last": "15:59"}, 4), ({"first": "14:00", "last": "16:59"}, 3)])
def test_opens_and_closes_are_told_apart_by_the_shape(tmp_path, hours, said):
    volume = days(**hours)
    opens, closes = read(tmp_path, volume), read(tmp_path, volume, shift=1)
    assert (opens.passport.stamp, closes.passport.stamp) == ("open", "close")
    assert opens.bars["ts_ns"].equals(closes.bars["ts_ns"])
    for file in (opens, closes):
        assert file.passport.stamp_reason == f"{MARKS} say {file.passport.stamp} on {said} of 4 sessions"


@pytest.mark.parametrize("shift", [0, 1])
def test_one_day_is_enough(tmp_path, shift):
    assert read(tmp_path, days(1), shift).passport.stamp == ("open", "close")[shift]


def test_a_stray_print_when_the_market_closes_misleads_nobody(tmp_path):
    volume = days()
    strays = pd.Series(900, index=volume.index[volume.index.strftime("%H:%M") == "16:59"] + pd.Timedelta(minutes=1))
    assert read(tmp_path, pd.concat([volume, strays]).sort_index()).passport.stamp == "open"


def test_a_thin_start_is_outvoted(tmp_path):
    thin = session("2025-09-15", 9) // 200
    assert read(tmp_path, pd.concat([thin, days()])).passport.stamp == "open"


def test_the_clock_change_changes_nothing(tmp_path):
    volume = pd.concat([session(day, 1) for day in ("2025-10-30", "2025-10-31", "2025-11-04", "2025-11-05")])
    file = read_bars(write(tmp_path / "bars.csv", volume, volume.index.tz_convert("UTC"), "Z"))
    assert file.passport.stamp_reason == f"{MARKS} say open on 4 of 4 sessions"


def test_what_is_stated_wins_and_a_contradiction_is_said(tmp_path):
    file = read(tmp_path, days(), stamp="close")
    assert file.passport.stamp == "close"
    assert file.passport.stamp_reason == f"stated with --stamp, although {MARKS} say open on 4 of 4 sessions"
    assert file.passport.findings[0].code == "STAMP"
    assert read(tmp_path, days(), stamp="open").passport.stamp_reason == f"stated with --stamp; {MARKS} say open on 4 of 4 sessions"


def test_days_that_disagree_ask_for_the_stamp(tmp_path):
    half = days(2)
    other = pd.concat([session(f"2025-09-{18 + day}", day) for day in range(2)])
    other.index = other.index + pd.Timedelta(minutes=1)
    with pytest.raises(BarsFileError, match=r"cannot tell whether .* on 2 of 4 sessions.*say --stamp open or --stamp close"):
        read(tmp_path, pd.concat([half, other]))


def test_a_piece_without_any_mark_asks_for_the_stamp(tmp_path):
    piece = days(1).between_time("10:00", "10:59")
    with pytest.raises(BarsFileError, match="neither volume nor breaks show where a session starts"):
        read(tmp_path, piece, zone=NEW_YORK)
    assert read(tmp_path, piece, stamp="close", zone=NEW_YORK).passport.stamp == "close"


@pytest.mark.parametrize("zone", ["America/New_York", "America/Chicago", "Europe/London", "Asia/Tokyo"])
@pytest.mark.parametrize("stamp", [None, "open"])
@pytest.mark.parametrize("hours", [{}, {"first": "09:30", "last": "15:59"}])
def test_local_times_labelled_utc_are_found_out(tmp_path, zone, stamp, hours):
    volume = days(**hours)
    path = write(tmp_path / "bars.csv", volume, volume.index.tz_convert(zone), "Z")
    with pytest.raises(
        BarsFileError, match=rf"zone of its times, UTC as written.* as the wall clock of {zone} they hold on 4 of 4 sessions"
    ):
        read_bars(path, stamp)


def test_utc_labelled_as_new_york_is_found_out(tmp_path):
    volume = days()
    with pytest.raises(BarsFileError, match=r"zone of its times, UTC-4 as written.* as the wall clock of UTC they hold on 4 of 4"):
        read_bars(write(tmp_path / "bars.csv", volume, volume.index.tz_convert("UTC"), "-04:00"))


@pytest.mark.parametrize("start", ["08:30", "14:30"])
def test_a_file_that_starts_late_is_not_taken_for_another_zone(tmp_path, start):
    piece = days(1).between_time(start, "15:30")
    assert read(tmp_path, piece, stamp="open", zone=NEW_YORK).passport.stamp == "open"


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the real sample bars are not beside the repository")
def test_the_real_sample_names_opens():
    file = read_bars(SAMPLE)
    assert file.passport.stamp == "open"
    assert file.passport.stamp_reason == f"{MARKS} say open on 33 of 34 sessions"
    assert len(file.bars) == 48_307


@pytest.mark.parametrize(("start", "end"), [("08:30", "14:59"), ("07:30", "13:59"), ("08:00", "15:59"), ("10:00", "16:29")])
def test_a_part_of_the_day_as_long_as_a_session_is_read_where_its_volume_stands(tmp_path, start, end):
    volume = days().between_time(start, end)
    file = read(tmp_path, volume)
    assert (file.passport.usable, file.passport.stamp) == (True, "open")
    assert file.bars["ts_ns"].iloc[0] == volume.index[0].value + 60_000_000_000


@pytest.mark.parametrize(("start", "end"), [("08:30", "14:59"), ("10:00", "16:29"), ("06:30", "12:59")])
def test_where_volume_does_not_tell_another_clock_from_a_cut_no_zone_is_named(tmp_path, start, end):
    volume = days().between_time(start, end)
    even = pd.Series(np.random.default_rng(1).integers(90, 110, len(volume)), index=volume.index)
    with pytest.raises(BarsFileError, match="may be another clock, or a day that was cut there; export whole days") as caught:
        read(tmp_path, even)
    assert "--zone" not in str(caught.value)


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the real sample bars are not beside the repository")
@pytest.mark.parametrize(("first", "end"), [(0, 1440), (570, 960)])
def test_rows_of_a_holiday_alone_are_named_and_no_zone_is_asked_for(tmp_path, first, end):
    week = regular(real(), first, end)
    week = week[wall(week) < pd.Timestamp("2025-09-06")]
    with pytest.raises(BarsFileError, match=r"closed, \d+ on 2025-09-01 from 13:00 to 1\d:59.*: take these rows away") as caught:
        read_bars(write_minutes(tmp_path / "bars.csv", week))
    assert "zone" not in str(caught.value)
    rest = week[trading_dates(week) != "2025-09-01"]
    assert read_bars(write_minutes(tmp_path / "bars.csv", rest)).passport.stamp == "open"


def test_a_hole_in_the_only_day_is_no_other_clock(tmp_path):
    day = days(1)
    hole = (day.index.strftime("%H:%M") >= "09:18") & (day.index.strftime("%H:%M") < "10:48")
    assert read(tmp_path, day[~hole]).passport.stamp == "open"


def test_a_thin_day_that_breaks_off_many_times_is_no_other_clock(tmp_path):
    volume = days()
    clock, last = volume.index.strftime("%H:%M"), volume.index.normalize() == volume.index[-1].normalize()
    broken = np.zeros(len(volume), dtype=bool)
    for first, end in (("03:00", "03:50"), ("07:30", "08:20"), ("11:00", "11:50"), ("13:59", "14:50"), ("14:59", "16:00")):
        broken |= last & (clock >= first) & (clock < end)
    assert read(tmp_path, volume[~broken]).passport.stamp == "open"


def test_night_hours_that_reach_over_the_open_by_another_clock_are_refused(tmp_path):
    volume = pd.concat([session(f"2025-09-{16 + day}", day) for day in range(4)])
    night = volume[(volume.index.hour < 9) | (volume.index.hour >= 18)]
    peaks = (night * np.where(night.index.minute % 5 == 0, 3, 1)).set_axis(night.index + pd.Timedelta(hours=2))
    with pytest.raises(BarsFileError):
        read(tmp_path, peaks)


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the real sample bars are not beside the repository")
@pytest.mark.parametrize("minutes", [-60, -15, 0, 5, 60])
def test_hours_that_hold_no_end_of_a_session_are_used_only_if_a_person_names_the_zone(tmp_path, minutes):
    hours = regular(real(), 600, 900)
    hours = hours[trading_dates(hours) > "2025-09-12"]
    moved = hours.assign(open_ns=hours["open_ns"] + minutes * 60_000_000_000)
    path = write_minutes(tmp_path / "bars.csv", moved)
    with pytest.raises(BarsFileError, match=r"so that nothing shows whether UTC as written is the zone of its times.*--zone"):
        read_bars(path)
    passport = read_bars(path, "open", "UTC").passport
    assert {"CLOCK_UNSEEN": "warn"}.items() <= {each.code: each.severity.value for each in passport.findings}.items()


@pytest.mark.parametrize("hours", [{}, {"first": "09:30", "last": "15:59"}])
def test_whole_sessions_show_their_zone(tmp_path, hours):
    assert "CLOCK_UNSEEN" not in {each.code for each in read(tmp_path, days(**hours)).passport.findings}
