"""Databento's DBN: the same bars come out, judged by the same passport, and damage is one sentence."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pytest
from builders import CONTRACTS

from bot.backtest.databento import LOADERS
from bot.bars.files import BarsFile, Reading, examined, read_bars
from bot.bars.source import Bars, synthetic_sessions
from bot.errors import BarsFileError
from bot.units import MINUTE_NS

sys.path.append(str(Path(__file__).parents[1] / "bars"))
from dbn_bytes import dbn, metadata, record

FIRST_NS = 1_757_943_000_000_000_000  # 2025-09-15 13:30 UTC
PRICES = (6600.0, 6601.25, 6599.5, 6600.75)


@lru_cache
def bars() -> Bars:
    return synthetic_sessions(1, 1, CONTRACTS.session)


def read(path: Path, reading: Reading = Reading()) -> BarsFile:  # noqa: B008
    return read_bars(path, CONTRACTS, reading, LOADERS)


def packed(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


@pytest.mark.parametrize("name", ["plain.dbn", "packed.dbn.zst", "no-name-says-it.csv"])
def test_a_dbn_file_packed_or_not_gives_its_bars_whatever_its_name_is(tmp_path: Path, name: str) -> None:
    data = dbn(bars().frame)
    (tmp_path / name).write_bytes(packed(data) if name.startswith("packed") else data)
    file = read(tmp_path / name)
    assert file.bars.equals(bars().frame)
    assert (file.passport.format, file.passport.stamp, file.passport.instruments) == ("Databento", "open", ["MESZ5"])
    assert file.passport.findings == []


def test_two_instruments_in_one_dbn_file_are_refused_like_in_any_other(tmp_path: Path) -> None:
    rows = [record(FIRST_NS + minute * MINUTE_NS, PRICES, 10, minute % 2) for minute in range(8)]
    (tmp_path / "two.dbn").write_bytes(metadata(["MESZ5", "NQZ5"], FIRST_NS) + b"".join(rows))
    with pytest.raises(BarsFileError, match=r"column 'symbol' .* changes 7 times between MESZ5, NQZ5, first at record 2"):
        read(tmp_path / "two.dbn")


def test_a_price_off_the_tick_in_a_dbn_file_is_not_rounded_to_one(tmp_path: Path) -> None:
    (tmp_path / "off.dbn").write_bytes(metadata(["MESZ5"], FIRST_NS) + record(FIRST_NS, (6600.0, 6601.0, 6599.0, 6600.001), 10))
    with pytest.raises(BarsFileError, match=r"record 1: close = 6600\.001 is off the tick"):
        read(tmp_path / "off.dbn")


def whole_dbn() -> bytes:
    return dbn(bars().frame.iloc[:50])


DAMAGED_DBN = {
    "a record is cut off": (lambda: whole_dbn()[:-20], "is not a whole DBN file of bars"),
    "the metadata are cut off": (lambda: whole_dbn()[:60], "is not a whole DBN file of bars"),
    "packing is cut off": (lambda: packed(whole_dbn())[:-20], "is not a whole zstd file"),
    "there are no records": (lambda: metadata(["MESZ5"], FIRST_NS), "is a DBN file without records"),
    "hours": (
        lambda: metadata(["MESZ5"], FIRST_NS, "ohlcv-1h") + record(FIRST_NS, PRICES, 1, 0, "ohlcv-1h"),
        r"holds 1-HOUR-LAST; one-minute bars of trades \(ohlcv-1m\) are needed",
    ),
    "seconds among minutes": (
        lambda: metadata(["MESZ5"], FIRST_NS) + record(FIRST_NS, PRICES, 1) + record(FIRST_NS + MINUTE_NS, PRICES, 1, 0, "ohlcv-1s"),
        "holds 1-MINUTE-LAST, 1-SECOND-LAST; one-minute bars",
    ),
    "another schema": (
        lambda: metadata(["MESZ5"], FIRST_NS, "trades") + record(FIRST_NS, PRICES, 1, 0, "trades"),
        r"record 1: is no bar; fetch the schema ohlcv-1m",
    ),
    "a bar that contradicts itself": (
        lambda: whole_dbn() + record(FIRST_NS, (6600.0, 6601.0, 6599.0, 6602.0), 1),
        r"record 51: 6600\.00/6601\.00/6599\.00/6602\.00, volume 1 is no bar of a future",
    ),
    "a price that is not known": (
        lambda: metadata(["MESZ5"], FIRST_NS) + record(FIRST_NS, (9_223_372_036.0,) * 4, 1),
        "record 1: .* is no bar of a future",
    ),
    "an instrument without a name": (
        lambda: metadata([], FIRST_NS) + record(FIRST_NS, PRICES, 1),
        "is no DBN file of ohlcv-1m bars",
    ),
    "noise after the magic": (lambda: b"DBN" + bytes(range(200)), "DBN file"),
}


@pytest.mark.parametrize("case", DAMAGED_DBN)
def test_a_dbn_file_that_is_damaged_or_of_another_schema_is_one_sentence(tmp_path: Path, case: str) -> None:
    make, said = DAMAGED_DBN[case]
    (tmp_path / "bad.dbn.zst").write_bytes(make())
    with pytest.raises(BarsFileError, match=said) as refused:
        read(tmp_path / "bad.dbn.zst")
    assert "\n" not in str(refused.value)


def test_another_format_named_for_a_dbn_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bars.dbn").write_bytes(whole_dbn())
    with pytest.raises(BarsFileError, match="is a DBN file of Databento, and --format kibot was named"):
        read(tmp_path / "bars.dbn", Reading(format="kibot"))


def test_without_a_loader_a_dbn_file_says_how_to_take_it(tmp_path: Path) -> None:
    (tmp_path / "bars.dbn").write_bytes(whole_dbn())
    with pytest.raises(BarsFileError, match="import it with mesbot data import"):
        read_bars(tmp_path / "bars.dbn", CONTRACTS)


def test_a_file_that_cannot_be_judged_is_examined_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "few.dbn").write_bytes(whole_dbn())
    assert not examined(tmp_path / "few.dbn", CONTRACTS, Reading(), LOADERS).passport.usable
