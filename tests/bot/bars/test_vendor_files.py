"""Files as vendors and programs write them: taken where they can mean one thing alone, else one sentence with a fitting remedy."""

from __future__ import annotations

from pathlib import Path

import bar_files as files
import pandas as pd
import pytest
from bar_files import CONTRACTS, VENDORS

from bot.bars.files import BarsFile, Reading, examined
from bot.errors import BarsFileError
from bot.units import MINUTE_NS

FRAME = files.synthetic("2025-05-14", 1, 6)
CLOSES = (FRAME["open_ns"] + MINUTE_NS).tolist()


def read(folder: Path, content: bytes, reading: Reading | None = None, suffix: str = ".csv") -> BarsFile:
    path = folder / f"bars{suffix}"
    path.write_bytes(content)
    return examined(path, CONTRACTS, reading or Reading())


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_file_of_each_vendor_is_taken_as_it_comes(tmp_path, vendor):
    content, reading, suffix = VENDORS[vendor](FRAME)
    file = read(tmp_path, content, Reading(**reading), suffix)
    assert file.passport.usable
    assert file.bars["ts_ns"].tolist() == CLOSES


OWN = files.own(FRAME, files.zoned(FRAME)).decode()
GROUPED = FRAME.assign(
    **{name: FRAME[name].map("{:,.2f}".format) for name in files.PRICES}, volume=(FRAME["volume"] + 5000).map("{:,}".format)
)


def european(text: str) -> str:
    return text.replace(",", "~").replace(".", ",").replace("~", ".")


TAKEN = {
    "blank lines between": OWN.replace("\n", "\n\n").encode(),
    "blank lines before the header": ("\r\n\r\n" + OWN).encode(),
    "Excel's line for the delimiter": ("sep=;\r\n" + OWN.replace(",", ";")).encode(),
    "the same in quotes, with decimal commas": ('"sep=;"\n' + OWN.replace(",", ";").replace(".", ",")).encode(),
    "UTF-16": OWN.encode("utf-16"),
    "UTF-16, the other way round": b"\xfe\xff" + OWN.encode("utf-16-be"),
    "an index without a name": OWN.replace("timestamp", "", 1).encode(),
    "an index as pandas names it": OWN.replace("timestamp", "Unnamed: 0", 1).encode(),
    "thousands in quotes": files.own(GROUPED, files.zoned(FRAME)),
    "thousands as in Europe": GROUPED.assign(timestamp=files.zoned(FRAME), **{name: GROUPED[name].map(european) for name in files.VALUES})
    .drop(columns="open_ns")
    .to_csv(sep=";", index=False)
    .encode(),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_text_that_can_mean_one_thing_alone_is_taken(tmp_path, kind):
    bars = read(tmp_path, TAKEN[kind]).bars
    assert bars["ts_ns"].tolist() == CLOSES
    assert (bars["close"] / 4).tolist() == FRAME["close"].tolist()
    assert (bars["volume"] - bars["volume"].iloc[0]).tolist() == (FRAME["volume"] - FRAME["volume"].iloc[0]).tolist()


def ib(times: list[str]) -> bytes:
    rows = VENDORS["ib"](FRAME).content.decode().splitlines()
    cells = [row.split(",") for row in rows[1:]]
    return "\n".join([rows[0], *(",".join([row[0], time, *row[2:]]) for row, time in zip(cells, times, strict=True))]).encode()


@pytest.mark.parametrize(
    ("zone", "pattern"),
    [("America/New_York", "%Y%m%d %H:%M:%S US/Eastern"), ("America/Chicago", "%Y%m%d  %H:%M:%S US/Central"), ("UTC", "%Y%m%d-%H:%M:%S")],
)
def test_times_as_ib_writes_them_in_text_are_read_in_their_zone(tmp_path, zone, pattern):
    assert read(tmp_path, ib(files.wall(FRAME, zone).strftime(pattern).tolist())).bars["ts_ns"].tolist() == CLOSES


def polygon(tickers: list[str]) -> bytes:
    header, body = VENDORS["polygon"](FRAME).content.decode().split("\n", 1)
    return "\n".join([header, *(body.strip().replace("MESZ5", each) for each in tickers)]).encode()


def first_said(folder: Path, content: bytes, suffix: str = ".csv") -> str:
    try:
        return read(folder, content, suffix=suffix).passport.findings[0].text
    except BarsFileError as error:
        return str(error)


def in_new_york(last: str) -> list[str]:
    return [*files.wall(FRAME).strftime("%Y%m%d %H:%M:%S US/Eastern").tolist()[:-1], last]


REFUSED = {
    "two tickers, one below the other": (polygon(["MESZ5", "MESH6"]), "overlap in time: one instrument at a time is needed"),
    "all months of Databento": (
        VENDORS["databento"](FRAME).content.replace(b"MESZ5", b"MES.FUT"),
        "all months and spreads at one time: fetch one month (MESZ5), or one continuous symbol (MES.c.0)",
    ),
    "Polygon's answer": (b'{"ticker": "MESZ5", "results": [{"v": 12, "o": 6400, "t": 1747173600000}]}', "is JSON, which is not read here"),
    "TradingView without volume": (
        b"time,open,high,low,close\n1747173600,6400,6401,6399,6400\n",
        "has no column 'volume'; found time, open, high, low, close: export it with volume (add Volume to the chart)",
    ),
    "a plain index beside no times": (b",open,high,low,close,volume\n0,1,1,1,1,1\n", "has no column 'timestamp'"),
    "thousands or decimals": (b"timestamp;open;high;low;close;volume\n2025-09-15T13:30:00Z;6,700;6,701;6,699;6,700;5\n", "may be 6700 or"),
    "thousands and no thousands": (OWN.replace(",6400.0,", ',"64,00.0",', 1).encode(), "= 64,00.0 is not a price in points"),
    "a zone that is none": (
        ib([each.replace("Eastern", "Estern") for each in in_new_york("20250514 16:59:00 US/Eastern")]),
        "names a zone",
    ),
    "another zone in one row": (ib(in_new_york("20250514 15:59:00 US/Central")), "is not in the zone of the first row, US/Eastern"),
    "a time without its zone": (ib(in_new_york("20250514 16:59:00")), "is not in the zone of the first row, US/Eastern"),
    "a delimiter and no more": (b"sep=;\n", "has a header but no rows"),
    "half of UTF-16": (OWN.encode("utf-16")[:-1], "is not text"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_another_is_refused_with_a_remedy_that_fits(tmp_path, kind):
    content, sentence = REFUSED[kind]
    assert sentence in first_said(tmp_path, content)


def test_a_frame_of_yfinance_with_two_levels_is_taken_for_one_ticker_and_refused_for_several(tmp_path):
    times = pd.DatetimeIndex(FRAME["open_ns"], name="Datetime").tz_localize("UTC")
    one = FRAME[files.VALUES].set_axis(times).rename(columns=str.capitalize)
    path = tmp_path / "bars.parquet"
    pd.concat({"ES=F": one}, axis=1).swaplevel(axis=1).to_parquet(path)
    file = examined(path, CONTRACTS)
    assert file.passport.instruments == ["ES=F"]
    assert file.bars["ts_ns"].tolist() == CLOSES
    pd.concat({"ES=F": one, "NQ=F": one}, axis=1).swaplevel(axis=1).to_parquet(path)
    with pytest.raises(BarsFileError, match="holds 2 tickers \\(ES=F, NQ=F\\); one is needed"):
        examined(path, CONTRACTS)
