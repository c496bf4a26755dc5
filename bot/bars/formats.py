"""The table of formats: what each kind of file calls its columns, how it writes times, and how it is recognised.

A new format is one entry here and one sample in tests/bot/bars/samples. Sources: the vendors' own
descriptions, which docs/data.md names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.bars.zone import CHICAGO, NEW_YORK

OHLC = ("open", "high", "low", "close")
VALUES = (*OHLC, "volume")
COLUMNS = ("timestamp", *VALUES)
INSTRUMENTS = ("symbol", "ticker", "instrument_id", "instrument", "contract", "raw_symbol", "localsymbol", "local_symbol", "conid", "sym")


@dataclass(frozen=True)
class Format:
    """One kind of file.

    `marks` are columns (lower case) that a file of this kind alone has: it is recognised by them, unless it has one of
    `without`; a format without marks must be named with --format. `renamed` says what it calls our columns. `headerless`
    are its columns in order if it has no header. `patterns` are strptime patterns of wall times; without any, times are
    ISO 8601, or with `epoch` whole seconds to nanoseconds since 1970. `stamp` is what the vendor says its times name,
    `zone` in which zone they are if they do not say so themselves. `kind` is a column in which rows say what bars they are, and
    what those of one minute say.
    """

    name: str
    title: str
    marks: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)
    headerless: tuple[str, ...] = ()
    delimiter: str = ","
    patterns: tuple[str, ...] = ()
    epoch: bool = False
    fixed_point: bool = False
    stamp: Literal["open", "close"] | None = None
    zone: str | None = None
    kind: tuple[str, tuple[str, ...]] | None = None

    @property
    def split_time(self) -> bool:
        """Whether date and time stand in two columns."""
        return "date" in self.renamed.values() and "time" in self.renamed.values()

    @property
    def beside(self) -> tuple[str, ...]:
        """Columns that are read where a file has them: whose bars these are, and what bars its rows say they are."""
        return INSTRUMENTS if self.kind is None else (*INSTRUMENTS, self.kind[0])

    @property
    def needed(self) -> dict[str, str]:
        """Our name of each column it must have → its own, lower case."""
        times = {"date": "date", "time": "time"} if self.split_time else {"timestamp": self.renamed.get("timestamp", "timestamp")}
        return times | {name: self.renamed.get(name, name) for name in VALUES}


OWN = Format("mesbot", "mesbot's own", marks=("timestamp",))
_APART = {"date": "date", "time": "time"}
FORMATS = (
    OWN,
    Format(
        "databento",
        "Databento",
        ("ts_event", "rtype"),
        renamed={"timestamp": "ts_event"},
        epoch=True,
        fixed_point=True,
        stamp="open",
        kind=("rtype", ("33", "ohlcv-1m")),
    ),
    Format("tradingview", "TradingView", ("time", *VALUES), ("date",), {"timestamp": "time"}, epoch=True, stamp="open"),
    Format("ib", "Interactive Brokers", ("date", "average", "barcount"), renamed={"timestamp": "date"}, stamp="open"),
    Format("polygon", "Polygon", ("window_start",), renamed={"timestamp": "window_start"}, epoch=True, stamp="open"),
    Format("yfinance", "yfinance", ("datetime", *VALUES), renamed={"timestamp": "datetime"}, stamp="open"),
    Format("ninjatrader", "NinjaTrader", headerless=COLUMNS, delimiter=";", patterns=("%Y%m%d %H%M%S", "%Y%m%d %H%M"), stamp="close"),
    Format("firstrate", "FirstRate Data", headerless=COLUMNS, patterns=("%Y-%m-%d %H:%M:%S",), stamp="open", zone=NEW_YORK),
    Format(
        "kibot", "Kibot", renamed=_APART, headerless=("date", "time", *VALUES), patterns=("%m/%d/%Y %H:%M",), stamp="open", zone=NEW_YORK
    ),
    Format(
        "sierra",
        "Sierra Chart",
        renamed=_APART | {"close": "last"},
        patterns=("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S"),
        stamp="open",
    ),
    Format("multicharts", "MultiCharts", renamed=_APART, patterns=("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"), stamp="close", zone=CHICAGO),
)
BY_NAME = {each.name: each for each in FORMATS}


def recognised(columns: list[str]) -> list[Format]:
    """The formats whose marks are all among the columns (lower case)."""
    return [each for each in FORMATS if each.marks and set(each.marks) <= set(columns) and not set(each.without) & set(columns)]
