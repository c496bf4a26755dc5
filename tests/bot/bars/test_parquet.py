"""Parquet as pandas writes it: times in a column or in the index, named or not; and damage is one sentence."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pandas as pd
import pytest
from builders import CONTRACTS

from bot.bars.files import Reading, read_bars
from bot.bars.own_format import as_parquet
from bot.bars.source import synthetic_sessions
from bot.errors import BarsFileError
from bot.units import MINUTE_NS, to_points

VALUES = ["open", "high", "low", "close", "volume"]


@lru_cache
def bars() -> pd.DataFrame:
    return synthetic_sessions(1, 1, CONTRACTS.session).frame


def frame(zone: str | None = "UTC") -> pd.DataFrame:
    """Points, by the open of each minute."""
    times = pd.to_datetime(bars()["ts_ns"] - MINUTE_NS, utc=True).dt.tz_convert(zone or "America/New_York")
    made = to_points(bars()[VALUES[:4]]).assign(volume=bars()["volume"])
    return made.set_index(pd.DatetimeIndex(times if zone else times.dt.tz_localize(None)))


FRAMES = {
    "an index without a name": lambda: frame().rename_axis(None),
    "an index called date": lambda: frame().rename_axis("date"),
    "capitals, in New York": lambda: frame("America/New_York").rename_axis("Date").rename(columns=str.title),
    "a column, and rows that were chosen": lambda: frame().rename_axis("timestamp").reset_index().iloc[:],
    "a zone of another continent": lambda: frame("Asia/Tokyo").rename_axis("when"),
    "yfinance": lambda: frame("America/New_York").rename_axis("Datetime").rename(columns=str.title),
    "ib_insync": lambda: frame().rename_axis("date").reset_index().assign(average=1.0, barCount=3),
    "Databento's to_df": lambda: frame().rename_axis("ts_event").assign(rtype=33, publisher_id=1, instrument_id=42, symbol="MESZ5"),
    "microseconds": lambda: frame().rename_axis(None).set_index(frame().index.as_unit("us")),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_that_pandas_wrote_gives_its_bars(tmp_path: Path, kind: str) -> None:
    FRAMES[kind]().to_parquet(tmp_path / "bars.bin")
    file = read_bars(tmp_path / "bars.bin", CONTRACTS)
    assert file.bars.equals(bars())
    assert file.passport.stamp == "open"


def test_times_of_an_index_without_a_zone_need_one(tmp_path: Path) -> None:
    frame(None).rename_axis(None).to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(BarsFileError, match=r"row 1: timestamp '2025-03-09 18:00:00' has no time zone; say --zone"):
        read_bars(tmp_path / "bars.parquet", CONTRACTS)
    assert read_bars(tmp_path / "bars.parquet", CONTRACTS, Reading(zone="America/New_York")).bars.equals(bars())


def test_our_own_parquet_says_its_stamp_and_its_symbols(tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(as_parquet(bars(), pd.Series("MESM5", index=bars().index).to_numpy(dtype=str)))
    file = read_bars(tmp_path / "own", CONTRACTS)
    assert (file.passport.instruments, set(file.symbols)) == (["MESM5"], {"MESM5"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[:-50], "is not a whole Parquet file"),
        (lambda data: data[: len(data) // 2], "is not a whole Parquet file"),
        (lambda data: b"PAR1" + b"\0" * 100, "is not a whole Parquet file"),
        (lambda data: data[:200] + bytes(2000) + data[2200:], "bars.parquet"),
    ],
)
def test_damaged_parquet_is_one_sentence(tmp_path: Path, spoil, said: str) -> None:
    (tmp_path / "bars.parquet").write_bytes(spoil(as_parquet(bars())))
    with pytest.raises(BarsFileError, match=said) as refused:
        read_bars(tmp_path / "bars.parquet", CONTRACTS)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: frame().rename_axis("timestamp").drop(columns="volume"), "has no column 'volume'"),
        (lambda: frame().reset_index(drop=True), "has no column 'timestamp'"),
        (lambda: frame().rename_axis("timestamp").assign(open="dear"), "open = dear is not a price in points"),
        (lambda: frame().rename_axis("timestamp").assign(volume=None), "volume is empty"),
        (lambda: frame().rename_axis("timestamp").iloc[:0], "has a header but no rows"),
        (lambda: frame().assign(open=[[1.0]] * len(bars())).rename_axis("timestamp"), "open = "),
    ],
)
def test_parquet_of_another_schema_is_one_sentence(tmp_path: Path, made, said: str) -> None:
    made().to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(BarsFileError, match=said) as refused:
        read_bars(tmp_path / "bars.parquet", CONTRACTS)
    assert "\n" not in str(refused.value)
