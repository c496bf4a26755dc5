"""Catalogs that somebody wrote with Nautilus: their bars come out by what their stamps mean, and damage is one sentence."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from builders import CONTRACTS
from nautilus_trader.model.data import Bar as NautilusBar
from nautilus_trader.model.data import BarType
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from bot.backtest.feed import nautilus_bars
from bot.backtest.instrument import mes_contract
from bot.bars.catalog import _numbers
from bot.bars.files import BarsFile, Reading, read_bars
from bot.bars.source import Bars, synthetic_sessions
from bot.errors import BarsFileError
from bot.units import MINUTE_NS, SECOND_NS

MINUTES = "MESZ5.GLBX-1-MINUTE-LAST-EXTERNAL"


@lru_cache
def bars() -> Bars:
    return synthetic_sessions(1, 1, CONTRACTS.session)


def read(path: Path, reading: Reading = Reading()) -> BarsFile:  # noqa: B008
    return read_bars(path, CONTRACTS, reading)


def stored(folder: Path, bar_type: str = MINUTES, event_ns: int = 0, init_ns: int = 0, made: Bars | None = None) -> Path:
    """A catalog that somebody wrote: ts_event and ts_init so many ns after the close."""
    made = made or bars()
    instrument, kind = mes_contract(CONTRACTS, *made.span_ns), BarType.from_str(bar_type)
    whole = [bar for chunk in nautilus_bars(made, instrument) for bar in chunk]
    ParquetDataCatalog(folder).write_data(
        [
            NautilusBar(kind, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.ts_event + event_ns, bar.ts_init + init_ns)
            for bar in whole
        ]
    )
    return folder


@pytest.mark.parametrize(
    ("event_ns", "init_ns", "stamp"),
    [(0, 0, "close"), (-MINUTE_NS, 0, "open"), (0, 2 * SECOND_NS, "close")],
    ids=["both the close", "open and close", "close and when it was received"],
)
def test_a_catalog_gives_its_bars_by_what_its_stamps_mean(tmp_path: Path, event_ns: int, init_ns: int, stamp: str) -> None:
    file = read(stored(tmp_path, event_ns=event_ns, init_ns=init_ns))
    assert file.bars.equals(bars().frame)
    assert (file.passport.stamp, file.passport.format, file.passport.instruments) == (stamp, "a Nautilus catalog", ["MESZ5"])
    assert file.passport.findings == []


def test_a_catalog_whose_stamps_name_the_open_as_if_it_were_the_close_is_refused_until_a_person_says_so(tmp_path: Path) -> None:
    folder = stored(tmp_path, event_ns=-MINUTE_NS, init_ns=-MINUTE_NS)
    with pytest.raises(BarsFileError, match=r"a Nautilus catalog says that times name the close, but .* say open"):
        read(folder)
    assert read(folder, Reading("open")).bars.equals(bars().frame)


def test_of_several_kinds_of_bars_a_catalog_gives_the_minutes_of_es_or_mes(tmp_path: Path) -> None:
    for other in ("NQZ5.GLBX-1-MINUTE-LAST-EXTERNAL", "MESZ5.GLBX-5-MINUTE-LAST-EXTERNAL"):
        stored(tmp_path, other, made=Bars(bars().frame.iloc[:10].reset_index(drop=True), "few", ()))
    assert read(stored(tmp_path)).bars.equals(bars().frame)


def test_two_months_in_one_catalog_are_refused_and_each_can_be_named(tmp_path: Path) -> None:
    stored(stored(tmp_path), "ESH6.GLBX-1-MINUTE-LAST-EXTERNAL")
    with pytest.raises(BarsFileError, match=r"holds ESH6.*, MESZ5.*; one is read at a time: name it, as .*ESH6"):
        read(tmp_path)
    assert read(tmp_path / "data" / "bar" / MINUTES).bars.equals(bars().frame)


def spoil(folder: Path, how: str) -> None:
    file = next((folder / "data" / "bar" / MINUTES).glob("*.parquet"))
    if how == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif how == "text":
        file.write_text("not Parquet at all", encoding="utf-8")
    elif how == "other columns":
        pd.DataFrame({"price": [1.0]}).to_parquet(file)
    elif how == "other types":
        names = ("open", "high", "low", "close", "volume", "ts_event", "ts_init")
        pd.DataFrame({name: ["x"] for name in names}).to_parquet(file)
    elif how == "empty":
        file.unlink()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut", "is not a whole Parquet file"),
        ("text", "is not a whole Parquet file"),
        ("other columns", "has no column open, high, low, close, volume, ts_event, ts_init as Nautilus writes it"),
        ("other types", "has no column open, high, low, close, volume, ts_event, ts_init as Nautilus writes it"),
        ("empty", "holds no bars; write them anew"),
    ],
)
def test_a_damaged_catalog_is_one_sentence(tmp_path: Path, how: str, said: str) -> None:
    spoil(stored(tmp_path), how)
    with pytest.raises(BarsFileError, match=said) as refused:
        read(tmp_path)
    assert "\n" not in str(refused.value)


def test_stamps_that_no_rule_explains_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BarsFileError, match="ts_init comes 3600 s after ts_event, so it is not known what ts_event names"):
        read(stored(tmp_path, init_ns=3600 * SECOND_NS))


@pytest.mark.parametrize("width", [8, 16])
def test_numbers_of_both_widths_are_read_as_what_they_are(width: int) -> None:
    values = [6600.25, 0.0, 0.25, 123_456.75, -6600.5]
    raw = [round(value * (1e9 if width == 8 else 1e16)).to_bytes(width, "little", signed=True) for value in values]
    column = pa.chunked_array([pa.array(raw[:2], pa.binary(width)), pa.array([b"x" * width, *raw[2:]], pa.binary(width)).slice(1)])
    assert np.array_equal(_numbers(column), values)


@pytest.mark.parametrize(
    "bar_type", ["NQZ5.GLBX-1-MINUTE-LAST-EXTERNAL", "MESZ5.GLBX-5-MINUTE-LAST-EXTERNAL", "MESZ5.GLBX-1-MINUTE-MID-EXTERNAL"]
)
def test_a_catalog_without_minutes_of_es_or_mes_names_what_it_holds(tmp_path: Path, bar_type: str) -> None:
    with pytest.raises(BarsFileError, match=f"holds {bar_type}, and one-minute bars of MES or ES .* are needed"):
        read(stored(tmp_path, bar_type))


def test_a_folder_that_is_no_catalog_says_what_may_be_named(tmp_path: Path) -> None:
    with pytest.raises(BarsFileError, match="is a folder without an import and without Nautilus bars"):
        read(tmp_path)
    with pytest.raises(BarsFileError, match="is a folder, which says itself what it holds; leave --format kibot away"):
        read(tmp_path, Reading(format="kibot"))
