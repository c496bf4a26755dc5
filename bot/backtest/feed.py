"""Bars as Nautilus takes them, a chunk at a time so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from nautilus_trader.model.data import Bar as NautilusBar
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.persistence.wranglers import BarDataWrangler

from bot.backtest.instrument import minute_bars
from bot.bars.source import Bars
from bot.units import to_points

CHUNK_BARS = 5_000


def nautilus_bars(bars: Bars, instrument: FuturesContract) -> Iterator[list[NautilusBar]]:
    """All bars in order, CHUNK_BARS at a time."""
    wrangler = BarDataWrangler(minute_bars(instrument.id), instrument)
    for start in range(0, len(bars.frame), CHUNK_BARS):
        yield wrangler.process(_priced(bars.frame.iloc[start : start + CHUNK_BARS]))


def _priced(chunk: pd.DataFrame) -> pd.DataFrame:
    """Nautilus' wrangler wants prices in points and close stamps as the index."""
    frame = to_points(chunk[["open", "high", "low", "close"]])
    frame["volume"] = chunk["volume"].astype(float)
    frame.index = pd.to_datetime(chunk["ts_ns"], utc=True)
    return frame
