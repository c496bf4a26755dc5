"""Reading bars files: what comes out of good ones, and one sentence for each bad one."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from builders import CONTRACTS

from bot.bars.files import BarsFile, Reading, examined
from bot.bars.files import read_bars as read_usable
from bot.bars.formats import COLUMNS
from bot.errors import BarsFileError
from bot.market.bar import Bar

HEADER = ",".join(COLUMNS)
FIRST_NS = 1_757_943_000_000_000_000  # 2025-09-15 13:30 UTC, 09:30 New York
ROWS = [
    "2025-09-15T13:30:00Z,6600.00,6601.25,6599.50,6600.75,120",
    "2025-09-15T13:31:00Z,6600.75,6602.00,6600.50,6601.00,80",
    "2025-09-15T13:32:00Z,6601.00,6601.50,6600.25,6600.50,0",
    "2025-09-15T13:33:00Z,6600.50,6600.75,6599.75,6600.00,64",
]


def read_bars(path: Path, stamp: str | None = None) -> BarsFile:
    return examined(path, CONTRACTS, Reading(stamp))


def with_row(number: int, row: str) -> list[str]:
    """The rows with one replaced; `number` counts lines of the file, the header being 1."""
    return [row if index + 2 == number else each for index, each in enumerate(ROWS)]


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: list[str], header: str = HEADER) -> Path:
        path = tmp_path / "bars.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def test_open_stamped_rows_come_out_at_their_close_in_ticks(csv):
    file = examined(csv(ROWS), CONTRACTS, Reading("open", "UTC"))
    assert file.to_list()[0] == Bar(FIRST_NS + 60_000_000_000, 26400, 26405, 26398, 26403, 120)
    assert [str(kind) for kind in file.bars.dtypes] == ["int64"] * 6
    assert list(file.bars.columns) == ["ts_ns", "open", "high", "low", "close", "volume"]


def test_close_stamped_rows_keep_their_time(csv):
    assert read_bars(csv(ROWS), "close").bars["ts_ns"].tolist() == [FIRST_NS + minute * 60_000_000_000 for minute in range(4)]


def test_offsets_and_utc_name_the_same_instant(csv):
    utc = read_bars(csv(ROWS), "close").bars
    local = read_bars(csv([row.replace("T13:", "T09:").replace("Z", "-04:00") for row in ROWS]), "close").bars
    assert utc.equals(local)


def test_all_kinds_of_file_give_the_same_bars(csv, tmp_path):
    plain = csv(ROWS)
    zipped = tmp_path / "bars.csv.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    frame = pd.read_csv(plain)
    text = tmp_path / "text.parquet"
    frame.to_parquet(text)
    zoned = tmp_path / "zoned.parquet"
    frame.assign(timestamp=pd.to_datetime(frame["timestamp"]).dt.tz_convert("America/New_York")).to_parquet(zoned)
    expected = read_bars(plain, "close").bars
    for path in (zipped, text, zoned):
        assert read_bars(path, "close").bars.equals(expected), path


def test_columns_may_stand_in_any_order_beside_others_with_blank_lines_at_the_end(csv):
    rows = [",".join([*reversed(row.split(",")), "x"]) for row in ROWS]
    file = read_bars(csv([*rows, "", ""], header=",".join([*reversed(COLUMNS), "note"])), "close")
    assert file.bars.equals(read_bars(csv(ROWS), "close").bars)


BAD_ROWS = [
    (3, "2025-09-15T13:30:00Z,6600,6601,6599,6600,1", "line 3: timestamp 2025-09-15T13:30:00Z is a duplicate of line 2"),
    (4, "2025-09-15T13:29:00Z,6600,6601,6599,6600,1", "line 4: timestamp 2025-09-15T13:29:00Z comes after 2025-09-15T13:31:00Z of line 3"),
    (3, "2025-09-15T13:31:30Z,6600,6601,6599,6600,1", "line 3: timestamp 2025-09-15T13:31:30Z is not on a whole minute"),
    (3, "2025-09-15T13:31:00,6600,6601,6599,6600,1", "line 3: timestamp '2025-09-15T13:31:00' has no time zone, and others have one"),
    (3, "2025-09-15,6600,6601,6599,6600,1", "line 3: timestamp '2025-09-15' has no time zone"),
    (3, "half past nine,6600,6601,6599,6600,1", "line 3: timestamp 'half past nine' is not readable as a time"),
    (3, ",6600,6601,6599,6600,1", "line 3: the timestamp is missing"),
    (3, ",,,,,", "line 3: the timestamp is missing"),
    (3, "2025-09-15T13:31:00Z,6600.30,6601,6599,6600,1", "line 3: open = 6600.3 is off the tick; prices are multiples of 0.25"),
    (5, "2025-09-15T13:33:00Z,6600,6601,6599,6600.24,1", "line 5: close = 6600.24 is off the tick"),
    (3, "2025-09-15T13:31:00Z,6600,,6599,6600,1", "line 3: high is empty, so it is not a price in points"),
    (3, "2025-09-15T13:31:00Z,6600,nan,6599,6600,1", "line 3: high is empty, so it is not a price in points"),
    (3, "2025-09-15T13:31:00Z,6600,inf,6599,6600,1", "line 3: high = inf is not a price in points"),
    (3, "2025-09-15T13:31:00Z,6600,lots,6599,6600,1", "line 3: high = lots is not a price in points"),
    (3, "2025-09-15T13:31:00Z,6600,1e300,6599,6600,1", "line 3: high = 1e+300 is not a price in points"),
    (3, "2025-09-15T13:31:00Z,0,6601,0,6600,1", "line 3: open = 0.0 is not above 0"),
    (3, "2025-09-15T13:31:00Z,-6600,6601,-6600,6600,1", "line 3: open = -6600.0 is not above 0"),
    (3, "2025-09-15T13:31:00Z,6601.25,6601,6599,6600,1", "line 3: open = 6601.25 lies outside low = 6599.0, high = 6601.0"),
    (3, "2025-09-15T13:31:00Z,6600,6601,6599,6598.75,1", "line 3: close = 6598.75 lies outside low = 6599.0, high = 6601.0"),
    (3, "2025-09-15T13:31:00Z,6600,6601,6599,6600,-1", "line 3: volume = -1 is not a whole number of contracts from 0 up"),
    (3, "2025-09-15T13:31:00Z,6600,6601,6599,6600,1.5", "line 3: volume = 1.5 is not a whole number of contracts from 0 up"),
    (3, "2025-09-15T13:31:00Z,6600,6601,6599,6600,", "line 3: volume is empty, so it is not a whole number of contracts"),
    (3, "2025-09-15T13:31:00Z,6600,6601", "line 3: low is empty"),
    (3, "2025-09-15T13:31:00Z,6600,6601,6599,6600,1,2,3", "is not readable as CSV (Expected 6 fields in line 3, saw 8)"),
]


@pytest.mark.parametrize(("line", "row", "sentence"), BAD_ROWS)
def test_a_bad_row_is_named_with_its_value_and_the_remedy(csv, line, row, sentence):
    path = csv(with_row(line, row))
    with pytest.raises(BarsFileError) as caught:
        read_bars(path, "close")
    text = str(caught.value)
    assert sentence in text
    assert text.startswith(str(path))
    assert "\n" not in text
    assert caught.value.exit_code == 2


BAD_HEADERS = [
    ("times,open,high,low,close,volume", "has no column 'timestamp' (nearest: 'times')"),
    ("timestamp,open,high,low,Clos,vol", "has no column 'close' (nearest: 'Clos'), 'volume' (nearest: 'vol')"),
    ("a,b,c,d,e,f", "has no column 'timestamp', 'open', 'high', 'low', 'close', 'volume'; found a, b, c, d, e, f: rename"),
]


@pytest.mark.parametrize(("header", "sentence"), BAD_HEADERS)
def test_missing_columns_are_named_with_the_nearest_one(csv, header, sentence):
    with pytest.raises(BarsFileError) as caught:
        read_bars(csv(ROWS, header), "close")
    assert sentence in str(caught.value)


def test_rows_all_longer_than_the_header_are_refused_rather_than_cut(csv):
    with pytest.raises(BarsFileError, match="rows have more values than the header"):
        read_bars(csv([row + ",7" for row in ROWS]), "close")


def test_zero_rows_are_refused(csv):
    with pytest.raises(BarsFileError, match="has a header but no rows"):
        read_bars(csv([]))


def test_bars_of_another_length_are_refused(csv):
    rows = [ROWS[0].replace("13:30", f"{13 + minute // 60}:{minute % 60:02d}") for minute in range(0, 55, 5)]
    with pytest.raises(BarsFileError, match=r"most rows are 5 minutes apart .*: one-minute bars are needed"):
        read_usable(csv(rows), CONTRACTS, Reading("close"))


def test_a_gap_is_not_another_length(csv):
    assert len(read_bars(csv([*ROWS, ROWS[0].replace("13:30", "19:30")]), "close").bars) == 5


BAD_FILES = [
    ("bars.csv", b"", "is empty; it needs the header timestamp,open"),
    ("bars.csv", bytes(range(256)), "is not text, so not CSV"),
    ("bars.csv.gz", gzip.compress("\n".join([HEADER, *ROWS]).encode())[:-12], "is not a whole gzip file"),
    ("bars.csv.gz", b"\x1f\x8b" + bytes(64), "is not a whole gzip file"),
    ("bars.parquet", b"PAR1 and no more", "is not a whole Parquet file"),
]


@pytest.mark.parametrize(("name", "content", "sentence"), BAD_FILES)
def test_an_unreadable_file_is_one_sentence(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BarsFileError) as caught:
        read_bars(path, "close")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(BarsFileError, match="there is no such file"):
        read_bars(tmp_path / "nowhere.csv")
    with pytest.raises(BarsFileError, match="is a folder"):
        read_bars(tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda times: times.dt.tz_localize(None), "row 1: timestamp '2025-09-15 13:30:00' has no time zone; say --zone"),
        (lambda times: times.astype("int64"), "is a number; write times as"),
        (lambda times: times.mask(times.index == 2), "row 3: the timestamp is missing"),
    ],
)
def test_times_in_parquet_need_their_zone_too(tmp_path, csv, change, sentence):
    frame = pd.read_csv(csv(ROWS))
    path = tmp_path / "bars.parquet"
    frame.assign(timestamp=change(pd.to_datetime(frame["timestamp"]))).to_parquet(path)
    with pytest.raises(BarsFileError) as caught:
        read_bars(path, "close")
    assert sentence in str(caught.value)


def test_fifty_thousand_rows_take_less_than_half_a_second(tmp_path):
    times = pd.date_range("2025-06-02 00:00", periods=50_000, freq="min", tz="UTC")
    frame = pd.DataFrame({"timestamp": times.strftime("%Y-%m-%dT%H:%M:%SZ"), "open": 6600.25, "high": 6600.25, "low": 6600.25})
    path = tmp_path / "long.csv"
    frame.assign(close=6600.25, volume=7).to_csv(path, index=False)
    started = time.process_time()
    assert len(read_bars(path, "close").bars) == 50_000
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "timestamp,open,high,low,close,volume\r" + 5000 * "2025-09-15T13:30:00Z,6700,6701,6699,6700,5\r",
        "timestamp,open,high,low,close,volume\n2400-09-15T13:30:00Z,6700,6701,6699,6700,5\n",
        "timestamp,symbol,open,high,low,close,volume,symbol\n2025-09-15T13:30:00Z,MES,6700,6701,6699,6700,5,MES\n",
    ],
    ids=["ends of lines as on an old Mac", "a year no clock holds", "two columns of one name"],
)
def test_a_file_of_a_kind_nobody_thought_of_is_a_sentence_too(tmp_path, text):
    path = tmp_path / "odd.csv"
    path.write_bytes(text.encode())
    with pytest.raises(BarsFileError, match=re.escape(str(path))):
        examined(path, CONTRACTS)
