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
    return examined(files.write(folder / "bars.csv", frame), CONTRACTS.session).passport


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
