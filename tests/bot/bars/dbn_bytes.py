"""A small DBN file by hand, as Databento's specification lays it out (version 3): header, metadata, records of 56 bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pandas as pd

from bot.units import MINUTE_NS, to_points

VERSION, TEXT = 3, 71
SCHEMAS, STYPES = {"ohlcv-1s": 6, "ohlcv-1m": 7, "ohlcv-1h": 8, "trades": 4}, {"instrument_id": 0, "raw_symbol": 1}
RTYPES = {"ohlcv-1s": 32, "ohlcv-1m": 33, "ohlcv-1h": 34, "trades": 0}
INSTRUMENT = 42_140_878


def metadata(symbols: Iterable[str], first_ns: int, schema: str = "ohlcv-1m") -> bytes:
    """The header and the metadata; each symbol is one instrument, numbered upwards."""
    symbols = list(symbols)
    body = struct.pack("<16sHQQQBBBH53xI", b"GLBX.MDP3", SCHEMAS[schema], first_ns, 2**64 - 1, 0, STYPES["raw_symbol"], 0, 0, TEXT, 0)
    body += struct.pack("<I", len(symbols)) + b"".join(_text(each) for each in symbols)
    body += struct.pack("<II", 0, 0)  # none is partial, none was not found
    body += struct.pack("<I", len(symbols))
    for number, symbol in enumerate(symbols):
        body += _text(symbol) + struct.pack("<III", 1, 20_100_101, 20_400_101) + _text(str(INSTRUMENT + number))
    body += b"\0" * (-len(body) % 8)
    return b"DBN" + struct.pack("<BI", VERSION, len(body)) + body


def record(ts_ns: int, prices: Iterable[float], volume: int, instrument: int = 0, schema: str = "ohlcv-1m") -> bytes:
    """One bar, named by the open of its minute; prices in points."""
    fixed = [round(price * 1e9) for price in prices]
    return struct.pack("<BBHIQqqqqQ", 14, RTYPES[schema], 1, INSTRUMENT + instrument, ts_ns, *fixed, volume)


def dbn(bars: pd.DataFrame, symbols: Iterable[str] = ("MESZ5",)) -> bytes:
    """Bars, as a BarsFile holds them, of the first symbol."""
    rows = bars.itertuples(index=False)
    records = [record(row.ts_ns - MINUTE_NS, map(to_points, (row.open, row.high, row.low, row.close)), row.volume) for row in rows]
    return metadata(symbols, int(bars["ts_ns"].iloc[0])) + b"".join(records)


def _text(text: str) -> bytes:
    return text.encode().ljust(TEXT, b"\0")
