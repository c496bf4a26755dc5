"""Bars that went through a catalog are those a backtest is fed with, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from builders import CONTRACTS
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from bot.backtest import feed
from bot.backtest.catalog import write_catalog
from bot.backtest.feed import nautilus_bars
from bot.backtest.instrument import mes_contract
from bot.bars.source import Bars, synthetic_sessions
from bot.errors import UsageError


@lru_cache
def bars() -> Bars:
    return synthetic_sessions(1, 1, CONTRACTS.session)


def written(folder: Path, made: Bars | None = None) -> ParquetDataCatalog:
    made = bars() if made is None else made
    write_catalog(folder, made, mes_contract(CONTRACTS, *made.span_ns))
    return ParquetDataCatalog(folder)


def test_every_price_volume_and_stamp_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feed, "CHUNK_BARS", 500)  # in several files
    instrument = mes_contract(CONTRACTS, *bars().span_ns)
    fed = [bar for chunk in nautilus_bars(bars(), instrument) for bar in chunk]
    stored = written(tmp_path).bars()
    assert [bar.to_dict(bar) for bar in stored] == [bar.to_dict(bar) for bar in fed]
    assert len(fed) == len(bars().frame)


def test_the_instrument_comes_back_as_it_was(tmp_path: Path):
    (stored,) = written(tmp_path).instruments()
    assert stored.to_dict(stored) == stored.to_dict(mes_contract(CONTRACTS, *bars().span_ns))


def test_a_folder_that_holds_these_bars_is_left_as_it_is(tmp_path: Path):
    written(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    written(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before


@pytest.mark.parametrize("rows", [slice(1, None), slice(None, -1)], ids=["the first is missing", "the last is missing"])
def test_a_folder_that_holds_other_bars_is_refused(tmp_path: Path, rows: slice):
    written(tmp_path, replace(bars(), frame=bars().frame.iloc[rows].reset_index(drop=True)))
    with pytest.raises(UsageError, match=r"--catalog .*: holds something else than 1 synthetic session, seed 1; name an empty folder"):
        written(tmp_path)


def test_a_price_that_differs_by_a_tick_is_refused(tmp_path: Path):
    frame = bars().frame.copy()
    frame.loc[7, "close"] += 1
    written(tmp_path, replace(bars(), frame=frame))
    with pytest.raises(UsageError, match="holds something else"):
        written(tmp_path)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path):
    (tmp_path / "holiday.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        written(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.txt"]
