"""Whose bars a file holds: MES or ES by their exact names, else it is refused and the name shown."""

from __future__ import annotations

from pathlib import Path

import bar_files as files
import pytest
from bar_files import CONTRACTS, VENDORS

from bot.bars.files import BarsFile, Reading, examined
from bot.bars.instruments import is_own, month_in
from bot.errors import BarsFileError
from bot.units import MINUTE_NS


def read(folder: Path, content: bytes) -> BarsFile:
    path = folder / "bars.csv"
    path.write_bytes(content)
    return examined(path, CONTRACTS)


@pytest.mark.parametrize(
    "name",
    ["MES", "ES", "MESZ5", "ESH26", "ESM2026", "ES=F", "MES1!", "CME_MINI:MES1!", "ES.c.0", "MES 12-25", "ESZ5.XCME", "42140"],
)
def test_names_of_mes_and_es_are_known(name):
    assert is_own(name)


@pytest.mark.parametrize(
    "name",
    [
        "ESTX50",
        "MESZ5-MESH6",
        "NQ=F",
        "ES.FUT",
        "MES.FUT",
        "ESG5",
        "ESZ5 C6700",
        "ESZ",
        "MNQZ5",
        "ESTR",
        "MESA",
        "",
        "nan",
        "MESZ123",
        "SES",
    ],
)
def test_others_are_not_however_they_begin(name):
    assert not is_own(name)


@pytest.mark.parametrize("name", ["ESTX50", "MESZ5-MESH6", "ES.FUT"])
def test_another_instrument_is_refused_and_named(tmp_path, name):
    content = VENDORS["databento"](files.synthetic("2025-06-09", 1, 3)).content.replace(b"MESZ5", name.encode())
    finding = read(tmp_path, content).passport.findings[0]
    assert (finding.code, finding.severity) == ("OTHER_INSTRUMENT", "refuse")
    assert f"says {name}, which is not MES or ES" in finding.sentence


@pytest.mark.parametrize(("ticker", "usable"), [("ES=F", True), ("NQ=F", False)])
def test_the_row_of_tickers_is_read(tmp_path, ticker, usable):
    body = VENDORS["yfinance"](files.synthetic("2025-06-09", 1, 3)).content.split(b"\n", 1)[1]
    header = f"Price,Open,High,Low,Close,Volume\nTicker,{ticker},{ticker},{ticker},{ticker},{ticker}\nDatetime,,,,,\n".encode()
    passport = read(tmp_path, header + body).passport
    assert passport.usable is usable
    assert passport.instruments == [ticker]


def test_rows_that_say_they_are_no_minutes_are_refused_at_the_first(tmp_path):
    content = VENDORS["databento"](files.synthetic("2025-06-09", 1, 3)).content
    with pytest.raises(BarsFileError, match=r"line 2: rtype = 32 is no one-minute bar \(33 or ohlcv-1m\)"):
        read(tmp_path, content.replace(b",33,", b",32,"))


@pytest.mark.parametrize("vendor", ["kibot", "multicharts"])
def test_one_day_that_may_be_of_two_months_is_refused_with_both(tmp_path, vendor):
    written = VENDORS[vendor](files.regular(files.synthetic("2025-03-11", 1, 3)))
    with pytest.raises(BarsFileError, match=r"'03/11/2025 .* may be 11 March 2025 or 03 November 2025; write the year first"):
        examined_as(tmp_path, written)


@pytest.mark.parametrize("day", ["2025-03-03", "2025-09-15", "2025-03-05"])  # the same; no such month; 3 May was a Saturday
def test_one_day_that_can_be_read_in_one_way_alone_is_read(tmp_path, day):
    frame = files.regular(files.synthetic(day, 1, 3))
    assert examined_as(tmp_path, VENDORS["kibot"](frame)).bars["ts_ns"].tolist() == (frame["open_ns"] + MINUTE_NS).tolist()


def examined_as(folder: Path, written: files.Written) -> BarsFile:
    path = folder / f"bars{written.suffix}"
    path.write_bytes(written.content)
    return examined(path, CONTRACTS, Reading(**written.reading))


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("ESZ5", "ESZ5"),
        ("mesz25", "MESZ5"),
        ("ESU2025_1min.csv.gz", "ESU5"),
        ("MES 12-25.txt", "MESZ5"),
        ("glbx-ESH6.dbn.zst", "ESH6"),
        ("ES_03-26.csv", "ESH6"),
        ("ESZ5_to_ESZ25.csv", "ESZ5"),
        ("ESU5-ESZ5.csv", None),
        ("NESZ5.csv", None),
        ("ESZ5A.csv", None),
        ("ESF5.csv", None),
        ("files2025.csv", None),
        ("ES=F", None),
        ("", None),
    ],
)
def test_a_month_is_read_from_a_symbol_or_a_files_name_and_from_nothing_else(text, month):
    assert month_in(text) == month
