"""What each judge finds, refuses, warns of and says, on files made here."""

from __future__ import annotations

import re
from pathlib import Path

import bar_files as files
import numpy as np
import pandas as pd
import pytest
from bar_files import CONTRACTS, LONDON, NEW_YORK, PRICES

from bot.bars.files import Reading, examined
from bot.bars.passport import Finding, Passport, Severity
from bot.units import MINUTE_NS

AUTUMN, SPRING, WEEK = ("2025-10-27", 8, 11), ("2025-03-05", 6, 12), ("2025-06-09", 4, 13)


def week() -> pd.DataFrame:
    return files.synthetic(*WEEK)


def passport(
    folder: Path, frame: pd.DataFrame, times: list[str] | None = None, reading: Reading | None = None, **columns: object
) -> Passport:
    return examined(files.write(folder / "bars.csv", frame, times, **columns), CONTRACTS, reading or Reading()).passport


def found(passport: Passport, code: str) -> Finding:
    """The finding of that code; there must be one."""
    (finding,) = [each for each in passport.findings if each.code == code]
    return finding


def scaled(frame: pd.DataFrame, factor: float) -> pd.DataFrame:
    return frame.assign(**{name: (frame[name] * factor * 4).round() / 4 for name in PRICES})


def test_a_good_file_has_no_findings(tmp_path):
    file = passport(tmp_path, week())
    assert file.usable
    assert file.findings == []
    assert (file.stamp, file.rows, file.missing, file.outside_hours) == ("open", len(week()), [], 0)


@pytest.mark.parametrize("part", ["whole days", "regular sessions"])
@pytest.mark.parametrize(
    ("base", "zone", "label", "change"),
    [
        (AUTUMN, NEW_YORK, "-04:00", "2025-11-02"),
        (AUTUMN, NEW_YORK, "-05:00", "2025-11-02"),
        (SPRING, NEW_YORK, "-05:00", "2025-03-09"),
        (SPRING, NEW_YORK, "-04:00", "2025-03-09"),
    ],
)
def test_one_offset_over_a_clock_change_is_refused_and_the_change_named(tmp_path, base, zone, label, change, part):
    frame = files.synthetic(*base)
    frame = frame if part == "whole days" else files.regular(frame)
    clock = files.wall(frame, zone)
    keep = ~clock.duplicated()
    finding = found(passport(tmp_path, frame[keep], files.labelled(clock[keep], label)), "CLOCK")
    assert finding.severity is Severity.REFUSE
    assert f"New York's clock changed: before {change}" in finding.sentence
    assert NEW_YORK in finding.remedy


@pytest.mark.parametrize("zone", ["America/Denver", "Asia/Singapore", "Asia/Dubai", "Europe/Berlin"])
def test_the_zone_named_as_the_remedy_is_the_right_one_and_makes_the_file_right(tmp_path, zone):
    times = files.labelled(files.wall(week(), zone), "Z")
    finding = found(passport(tmp_path, week(), times), "CLOCK")
    assert f"say --zone {zone} " in finding.remedy
    right = examined(files.write(tmp_path / "bars.csv", week(), times), CONTRACTS, Reading(zone=zone))
    assert right.passport.usable
    assert right.bars["ts_ns"].tolist() == (week()["open_ns"] + MINUTE_NS).tolist()


def test_no_zone_is_named_that_does_not_fit(tmp_path):
    times = files.zoned(week(), minutes=37)
    finding = found(passport(tmp_path, week(), times), "CLOCK")
    assert "--zone" not in finding.remedy
    assert "09:30" in finding.remedy


def test_london_times_labelled_utc_are_refused_where_they_differ(tmp_path):
    clock = files.wall(files.synthetic("2025-10-20", 8, 14), LONDON)
    keep = ~clock.duplicated()
    finding = found(passport(tmp_path, files.synthetic("2025-10-20", 8, 14)[keep], files.labelled(clock[keep], "Z")), "CLOCK")
    assert finding.severity is Severity.REFUSE
    assert f"--zone {LONDON}" in finding.remedy


def test_one_session_after_the_change_is_enough(tmp_path):
    frame = files.synthetic("2025-10-27", 6, 11)
    clock = files.wall(frame)
    keep = ~clock.duplicated()
    assert not passport(tmp_path, frame[keep], files.labelled(clock[keep], "-04:00")).usable


def test_the_second_minute_may_have_more_volume_than_the_first(tmp_path):
    part = files.regular(week()).reset_index(drop=True)
    first = np.flatnonzero(files.minute_of_day(part) == 570)
    part.loc[first, "volume"], part.loc[first + 1, "volume"] = part["volume"].to_numpy()[first + 1], 6 * part["volume"].to_numpy()[first]
    assert passport(tmp_path, part).stamp == "open"
    assert passport(tmp_path, part.iloc[:390]).stamp == "open"
    assert passport(tmp_path, part, files.zoned(part, minutes=1)).stamp == "close"


def test_one_stray_session_does_not_outvote_the_others(tmp_path):
    frame = files.synthetic("2025-09-02", 12, 15)
    dates = files.trading_dates(frame)
    last = frame[dates == "2025-09-16"].assign(open_ns=lambda each: each["open_ns"] + MINUTE_NS)
    file = passport(tmp_path, pd.concat([frame[dates < "2025-09-16"], last]))
    assert found(file, "STAMP").severity is Severity.REFUSE
    assert "2025-09-16" in found(file, "STAMP").sentence


def test_what_a_person_says_wins_and_the_doubt_stays(tmp_path):
    file = passport(tmp_path, week(), reading=Reading(stamp="close"))
    assert (file.usable, file.stamp) == (True, "close")
    assert "although" in found(file, "STAMP").sentence
    assert found(passport(tmp_path, week(), reading=Reading(zone=NEW_YORK)), "CLOCK").severity is Severity.WARN


def coarse(frame: pd.DataFrame, minutes: int) -> pd.DataFrame:
    return frame[frame["open_ns"] // MINUTE_NS % minutes == 0]


def test_longer_bars_are_found_in_any_part_of_a_file(tmp_path):
    frame, minute = week(), files.minute_of_day(week())
    day = (minute >= 570) & (minute < 960)
    early = files.trading_dates(frame) < "2025-06-11"
    for part in (day, ~day, early, ~early):
        mixed = pd.concat([coarse(frame[part], 5), frame[~part]]).sort_values("open_ns")
        finding = found(passport(tmp_path, mixed), "INTERVAL")
        assert finding.severity is Severity.REFUSE
        assert "5 min" in finding.sentence
    assert "60 min" in found(passport(tmp_path, coarse(frame, 60)), "INTERVAL").sentence


def test_longer_bars_filled_to_minutes_are_found(tmp_path):
    frame = files.regular(week()).reset_index(drop=True)
    keep = (frame["open_ns"] // MINUTE_NS % 5 == 0).to_numpy()
    filled = frame.assign(**{name: frame[name].where(keep).ffill() for name in PRICES})
    finding = found(passport(tmp_path, filled), "FILLED")
    assert finding.severity is Severity.REFUSE
    assert "repeat the prices of the row before" in finding.sentence


def test_another_unit_is_refused_and_cents_are_named(tmp_path):
    finding = found(passport(tmp_path, scaled(week(), 100)), "SCALE")
    assert finding.severity is Severity.REFUSE
    assert "cents" in finding.sentence
    assert "6700.25" in finding.remedy
    assert found(passport(tmp_path, scaled(week(), 0.01)), "SCALE").severity is Severity.REFUSE


@pytest.mark.parametrize("factor", [3.7, 0.36, 7.0])
def test_another_index_is_used_and_told(tmp_path, factor):
    file = passport(tmp_path, scaled(week(), factor))
    assert file.usable
    assert "this is not MES" in found(file, "LEVEL").sentence
    assert any("level" in line for line in file.lines())


@pytest.mark.parametrize(("factor", "shown"), [(2.0, "factor of 2"), (0.94, "factor of 0.94")])
def test_a_step_of_the_price_is_told_with_its_time(tmp_path, factor, shown):
    frame = week()
    later = files.wall(frame) >= pd.Timestamp("2025-06-11 11:00")
    finding = found(passport(tmp_path, pd.concat([frame[~later], scaled(frame[later], factor)])), "JUMP")
    assert finding.severity is Severity.WARN
    assert shown in finding.sentence
    assert "2025-06-11 11:00 New York" in finding.sentence


def test_a_jump_at_the_open_before_expiry_is_taken_for_a_roll(tmp_path):
    frame = files.synthetic("2025-06-09", 5, 13)
    later = files.wall(frame) >= pd.Timestamp("2025-06-12 18:00")
    file = passport(tmp_path, pd.concat([frame[~later], scaled(frame[later], 1.01)]))
    assert "looks like a roll" in found(file, "ROLL").sentence
    assert "2025-06-12 18:00" in found(file, "ROLL").sentence


def test_a_bad_first_row_and_a_bad_row_between_are_told(tmp_path):
    first = week().copy()
    first.loc[0, PRICES] = 6.5
    assert "the first row" in found(passport(tmp_path, first), "OFF_ROWS").sentence
    between = week().copy()
    between.loc[700, PRICES] = 6.5
    assert "line 702" in found(passport(tmp_path, between), "OFF_ROWS").sentence


def test_two_symbols_at_one_time_are_refused_and_one_after_the_other_is_a_roll(tmp_path):
    both = pd.concat([week(), scaled(week(), 3.7)]).sort_values("open_ns", kind="stable")
    names = np.tile(["MESU5", "MNQU5"], len(week()))
    finding = found(passport(tmp_path, both, symbol=names), "INSTRUMENTS")
    assert finding.severity is Severity.REFUSE
    assert "MESU5, MNQU5" in finding.sentence
    alternate = passport(tmp_path, both.iloc[::2], symbol=names[: len(week())])
    assert not alternate.usable
    rolled = passport(tmp_path, week(), symbol=np.where(np.arange(len(week())) < 3000, "MESM5", "MESU5"))
    assert rolled.usable
    assert "MESU5 from line 3002" in found(rolled, "ROLL").sentence
    assert rolled.instruments == ["MESM5", "MESU5"]


def test_two_instruments_without_a_symbol_column_are_refused(tmp_path):
    mixed = week().copy()
    mixed.loc[::2, PRICES] = scaled(week(), 1.02).loc[::2, PRICES]
    assert not passport(tmp_path, mixed).usable


def test_a_symbol_that_is_not_ours_is_refused(tmp_path):
    finding = found(passport(tmp_path, week(), symbol="MNQU5"), "OTHER_INSTRUMENT")
    assert finding.severity is Severity.REFUSE
    assert "MNQU5, which is not MES or ES" in finding.sentence


def test_open_and_close_changed_about_are_refused(tmp_path):
    finding = found(passport(tmp_path, week().assign(open=week()["close"], close=week()["open"])), "COLUMNS")
    assert finding.severity is Severity.REFUSE


def test_a_file_without_volume_is_refused_and_a_little_is_told(tmp_path):
    assert found(passport(tmp_path, week().assign(volume=0)), "NO_VOLUME").severity is Severity.REFUSE
    thin = week()["volume"].where(np.arange(len(week())) % 20 > 0, 0)
    assert found(passport(tmp_path, week().assign(volume=thin)), "NO_VOLUME").severity is Severity.WARN


def test_missing_minutes_and_missing_sessions_are_named(tmp_path):
    frame = week()
    gone = passport(tmp_path, frame[files.trading_dates(frame) != "2025-06-11"])
    assert gone.usable
    assert gone.missing == ["2025-06-11"]
    assert "(2025-06-11)" in found(gone, "SESSIONS_MISSING").sentence
    thin = passport(tmp_path, frame[np.arange(len(frame)) * 7919 % 1009 >= 303])
    assert thin.usable
    assert re.match(r"(29|30|31) % of the minutes", found(thin, "MINUTES_MISSING").sentence)
    assert (thin.sessions[0].expected, thin.sessions[0].interval_minutes) == (390, 1)


def in_closed_hours(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The frame with rows on the Saturday after it, at the last price."""
    last = frame.iloc[-1]
    start = pd.Timestamp("2025-06-14 15:00", tz="UTC").value
    more = pd.DataFrame([last] * rows).assign(open_ns=start + np.arange(rows) * MINUTE_NS)
    return pd.concat([frame, more]).astype({"open_ns": "int64", "volume": "int64"})


def test_saturday_rows_are_told_and_more_than_one_in_a_hundred_refused(tmp_path):
    frame = files.synthetic("2025-06-09", 5, 13)
    few = passport(tmp_path, in_closed_hours(frame, 20))
    assert few.usable
    assert found(few, "CLOSED_HOURS").severity is Severity.WARN
    assert few.outside_hours == 20
    many = found(passport(tmp_path, in_closed_hours(frame, len(frame) // 50)), "CLOSED_HOURS")
    assert many.severity is Severity.REFUSE
    assert "2025-06-14" in many.sentence


def test_a_file_without_a_regular_session_is_refused_and_no_zone_guessed(tmp_path):
    minute = files.minute_of_day(week())
    night = week()[(minute < 570) | (minute >= 1080)]
    file = passport(tmp_path, night)
    assert found(file, "NO_SESSION").severity is Severity.REFUSE
    assert not any("--zone" in each.remedy for each in file.findings)


def test_a_session_whose_last_minute_is_missing_is_no_other_clock(tmp_path):
    frame = files.synthetic("2025-09-02", 12, 15)
    last = (files.trading_dates(frame) == "2025-09-10") & (files.minute_of_day(frame) == 1019)
    file = passport(tmp_path, frame[~last])
    assert (file.usable, file.stamp) == (True, "open")
