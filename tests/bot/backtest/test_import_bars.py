"""`mesbot data import`: several files as one folder, whole or not at all, that decides as the files do."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from bar_files import VENDORS, regular, synthetic
from builders import CONTRACTS, ROOT
from click.testing import CliRunner, Result
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from bot.backtest import import_bars
from bot.backtest.databento import LOADERS
from bot.backtest.feed import nautilus_bars
from bot.backtest.instrument import mes_contract
from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.bars.files import Reading, read_bars
from bot.bars.own_format import write_bars
from bot.bars.source import Bars, synthetic_sessions
from bot.cli.main import cli
from bot.gateway.source import file_config
from bot.journal.verify import verify
from bot.node.paper import day_of
from bot.node.request import PaperRequest
from bot.units import MINUTE_NS

SESSIONS = 4
Write = Callable[..., Path]


@lru_cache
def whole() -> pd.DataFrame:
    return synthetic_sessions(1, SESSIONS, CONTRACTS.session).frame


def day(number: int) -> pd.DataFrame:
    """One CME trading day of the whole, by its place."""
    return whole().iloc[number * 1380 : (number + 1) * 1380].reset_index(drop=True)


def days(*numbers: int) -> pd.DataFrame:
    return pd.concat([day(number) for number in numbers], ignore_index=True)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, frame: pd.DataFrame) -> Path:
        write_bars("--out", tmp_path / name, frame)
        return tmp_path / name

    return write


def data_import(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "2000"}).invoke(cli, ["data", "import", *map(str, words)])


def read(path: Path) -> pd.DataFrame:
    return read_bars(path, CONTRACTS, Reading(), LOADERS).bars


def test_files_that_overlap_equally_are_joined_each_minute_once_in_order_of_time(tmp_path: Path, write: Write) -> None:
    late, early = write("late.csv.gz", days(1, 2, 3)), write("early.parquet", days(0, 1))
    result = data_import(late, early, "--to", tmp_path / "new" / "bars")
    assert result.exit_code == 0, result.output
    assert f"{late}: 4,140 minutes" in result.output
    assert (
        "Overlap: late.csv.gz and early.parquet hold 1,380 minutes both, from 2025-03-10 18:00 to 2025-03-11 16:59 New York, "
        "and tell them alike; each is taken once." in result.output
    )
    assert "Data: 5,520 minutes, opening 2025-03-09 18:00 to 2025-03-13 16:59 New York, 4 of 4 sessions" in result.output
    assert read(tmp_path / "new" / "bars").equals(whole())
    sources = json.loads((tmp_path / "new" / "bars" / "import.json").read_text(encoding="utf-8"))["sources"]
    assert [each["name"] for each in sources] == ["late.csv.gz", "early.parquet"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["bars"]


def test_a_notebook_finds_the_same_bars_in_the_folder_as_a_catalog(tmp_path: Path, write: Write) -> None:
    assert data_import(write("bars.csv", days(0)), "--to", tmp_path / "bars").exit_code == 0
    made = Bars(day(0), "", ())
    fed = [bar for chunk in nautilus_bars(made, mes_contract(CONTRACTS, *made.span_ns)) for bar in chunk]
    catalog = ParquetDataCatalog(tmp_path / "bars")
    assert catalog.bars() == fed
    assert [each.id.value for each in catalog.instruments()] == ["MES.CME"]
    frame = pd.read_parquet(tmp_path / "bars" / "bars.parquet")
    assert list(frame.columns) == ["timestamp", "open", "high", "low", "close", "volume"]


@pytest.mark.slow
def test_a_run_over_the_folder_decides_what_the_run_over_the_file_decides(tmp_path: Path, write: Write) -> None:
    file = write("bars.csv.gz", whole())
    assert data_import(file, "--to", tmp_path / "bars").exit_code == 0
    runs = [run_backtest(BacktestRequest(out=tmp_path / f"out {path.name}", bars=path)) for path in (file, tmp_path / "bars")]
    one, other = (verify(run.journal) for run in runs)
    assert one.head == other.head
    assert one.records == other.records


def test_a_replay_and_the_gateway_take_the_folder(tmp_path: Path, write: Write) -> None:
    file = write("bars.csv.gz", whole())
    assert data_import(file, "--to", tmp_path / "bars").exit_code == 0
    of_file, of_folder = (day_of(PaperRequest(out=tmp_path / "out", bars=path)) for path in (file, tmp_path / "bars"))
    assert of_file.bars == of_folder.bars
    assert of_file.session == of_folder.session
    assert file_config(tmp_path / "bars", CONTRACTS, Reading()).bars == of_file.bars


def test_files_that_differ_are_refused_with_the_first_minute(tmp_path: Path, write: Write) -> None:
    other = day(1).assign(volume=lambda frame: frame["volume"].where(frame.index < 100, 7))
    one, two = write("one.csv", days(0, 1)), write("two.csv", pd.concat([other, day(2)], ignore_index=True))
    result = data_import(one, two, "--to", tmp_path / "bars")
    assert result.exit_code == 1
    assert f"Refused, and nothing was written: {one} and {two} tell the minute that opens at 2025-03-10 19:40 New York" in result.stderr
    assert "where files overlap they must be equal" in result.stderr
    assert not (tmp_path / "bars").exists()


def test_a_day_that_is_left_out_stays_told_and_one_that_no_file_has_is_a_mistake(tmp_path: Path, write: Write) -> None:
    one, two = write("one.csv", days(0, 1)), write("two.csv", days(2, 3))
    result = data_import(one, two, "--without", "2025-03-12", "--to", tmp_path / "bars")
    assert result.exit_code == 0, result.output
    assert read(tmp_path / "bars").equals(days(0, 1, 3))
    (told,) = json.loads((tmp_path / "bars" / "import.json").read_text(encoding="utf-8"))["told"]
    assert told["sentence"] == "of two.csv, when it was imported: 1,380 rows of 2025-03-12 were left out, as --without says"
    absent = data_import(one, two, "--without", "2025-03-20", "--to", tmp_path / "other")
    assert absent.exit_code == 2
    assert "--without 2025-03-20: no file has a row of that day; there are rows from 2025-03-09 18:00 to 2025-03-13 16:59" in absent.stderr
    assert not (tmp_path / "other").exists()
    assert data_import(one, "--without", "yesterday", "--to", tmp_path / "other").exit_code == 2


def test_contracts_that_follow_one_another_keep_their_names(tmp_path: Path, write: Write) -> None:
    for number, symbol in enumerate(("MESH5", "MESM5")):
        frame = pd.read_csv(write(f"plain-{symbol}.csv", days(2 * number, 2 * number + 1)))
        frame.assign(symbol=symbol).to_csv(tmp_path / f"{symbol}.csv", index=False)
    result = data_import(tmp_path / "MESH5.csv", tmp_path / "MESM5.csv", "--to", tmp_path / "bars")
    assert result.exit_code == 0, result.output
    assert "the contract changes inside the file: MESM5 from row 2761 (column 'symbol')" in result.output
    passport = read_bars(tmp_path / "bars", CONTRACTS).passport
    assert passport.instruments == ["MESH5", "MESM5"]


def test_what_one_person_said_of_the_times_holds_and_its_doubt_stays_visible(tmp_path: Path, write: Write) -> None:
    file = write("bars.csv", whole())
    result = data_import(file, "--stamp", "close", "--to", tmp_path / "bars")
    assert result.exit_code == 0, result.output
    found = read_bars(tmp_path / "bars", CONTRACTS)
    assert found.bars["ts_ns"].tolist() == (whole()["ts_ns"] - MINUTE_NS).tolist()
    assert any("of bars.csv, when it was imported: --stamp close is believed, although" in line for line in found.passport.lines())


# ------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timestamp,open,high,low,close,volume\n2025-03-10T13:30:00Z,1,2,3\n", "bad.csv"),
        ("timestamp,open,high,low,close\n2025-03-10T13:30:00Z,1,1,1,1\n", "has no column 'volume'"),
        ("", "is empty"),
    ],
)
def test_one_file_that_is_refused_refuses_all(tmp_path: Path, write: Write, text: str, said: str) -> None:
    good = write("good.csv", days(0, 1))
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    result = data_import(good, tmp_path / "bad.csv", "--to", tmp_path / "bars")
    assert result.exit_code == 1
    assert "Refused, and nothing was written" in result.stderr
    assert said in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "good.csv"]


def test_a_file_whose_days_may_be_months_is_refused_with_both_and_nothing_is_written(tmp_path: Path) -> None:
    content, reading, suffix = VENDORS["kibot"](regular(synthetic("2025-03-11", 1, 3)))
    file = tmp_path / f"bars{suffix}"
    file.write_bytes(content)
    result = data_import(file, "--format", reading["format"], "--to", tmp_path / "bars")
    assert result.exit_code == 1
    assert "'03/11/2025 09:30' may be 11 March 2025 or 03 November 2025; write the year first" in " ".join(result.stderr.split())
    assert not (tmp_path / "bars").exists()


def test_a_whole_that_is_refused_leaves_nothing_although_each_file_is_usable(tmp_path: Path, write: Write) -> None:
    cheap = days(2, 3)
    cheap[["open", "high", "low", "close"]] //= 20
    cheap = cheap.assign(low=cheap[["open", "close", "low"]].min(axis=1), high=cheap[["open", "close", "high"]].max(axis=1))
    one, two = write("one.csv", days(0, 1)), write("two.csv", cheap)
    result = data_import(one, two, "--to", tmp_path / "bars")
    assert result.exit_code == 1, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.csv", "two.csv"]


def test_a_link_to_nowhere_is_refused_and_a_folder_below_new_ones_is_made(tmp_path: Path, write: Write) -> None:
    file, link = write("bars.csv", days(0, 1)), tmp_path / "link"
    link.symlink_to(tmp_path / "gone")
    result = data_import(file, "--to", link)
    assert (result.exit_code, f"--to {link}: is a link to {tmp_path / 'gone'}, which is not there" in result.stderr) == (2, True)
    assert data_import(file, "--to", tmp_path / "new" / "below" / "bars").exit_code == 0


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path, write: Write) -> None:
    file = write("bars.csv", days(0, 1))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    result = data_import(file, "--to", tmp_path / "mine")
    assert (result.exit_code, "holds something that is no import" in result.stderr) == (2, True)
    assert data_import(file, "--to", file).exit_code == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_an_empty_folder_is_filled_and_the_same_bars_again_are_left_and_others_refused(tmp_path: Path, write: Write) -> None:
    (tmp_path / "bars").mkdir()
    file = write("bars.csv", days(0, 1))
    assert data_import(file, "--to", tmp_path / "bars").exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "bars").rglob("*")}
    assert "holds these very bars already and was left as it is" in data_import(file, "--to", tmp_path / "bars").output
    result = data_import(write("other.csv", days(0, 1, 2)), "--to", tmp_path / "bars")
    assert (result.exit_code, "holds an import of other bars" in result.stderr) == (2, True)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "bars").rglob("*")} == before


def test_an_import_that_breaks_off_leaves_nothing(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "bars"))

    monkeypatch.setattr(import_bars, "write_catalog", full)
    result = data_import(write("bars.csv", days(0, 1)), "--to", tmp_path / "bars")
    assert (result.exit_code, "No space left on device" in result.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["bars.csv"]


@pytest.mark.parametrize("how", ["changed", "added", "missing", "record", "bars gone"])
def test_a_folder_that_is_not_as_it_was_written_is_refused_by_name(tmp_path: Path, write: Write, how: str) -> None:
    folder = tmp_path / "bars"
    assert data_import(write("bars.csv", days(0, 1)), "--to", folder).exit_code == 0
    data = next((folder / "data" / "bar").rglob("*.parquet"))
    said = data.relative_to(folder).as_posix()
    if how == "changed":
        data.write_bytes(data.read_bytes() + b"x")
    elif how == "added":
        (data.parent / "more.parquet").write_bytes(b"")
        said = "more.parquet was added"
    elif how == "missing":
        data.unlink()
    elif how == "record":
        (folder / "import.json").write_text("{", encoding="utf-8")
        said = "import.json cannot be read"
    else:
        (folder / "bars.parquet").unlink()
        said = "bars.parquet is missing since the import"
    result = CliRunner(env={"COLUMNS": "2000"}).invoke(cli, ["data", "check", str(folder)])
    assert result.exit_code == 1
    assert said in result.output
    assert "import the files anew into another folder" in result.output
    assert data_import(tmp_path / "bars.csv", "--to", folder).exit_code == 1


def test_the_record_says_what_the_folder_holds(tmp_path: Path, write: Write) -> None:
    assert data_import(write("bars.csv", days(0, 1)), "--to", tmp_path / "bars").exit_code == 0
    record = msgspec.json.decode((tmp_path / "bars" / "import.json").read_bytes())
    assert record["bars_sha256"] == read_bars(tmp_path / "bars", CONTRACTS).passport.bars_sha256
    assert str(ROOT) not in json.dumps(record)
    assert str(tmp_path) not in json.dumps(record)


def raised(frame: pd.DataFrame, ticks: int) -> pd.DataFrame:
    """As the next contract trades."""
    return frame.assign(**{name: frame[name] + ticks for name in ("open", "high", "low", "close")})


def of(path: Path, symbol: str) -> Path:
    """With a column that says whose bars they are."""
    pd.read_csv(path).assign(symbol=symbol).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("says", ["symbols", "names"])
@pytest.mark.parametrize("order", [1, -1])
def test_monthly_files_are_joined_and_the_roll_is_told_with_its_time_and_jump(tmp_path: Path, write: Write, says: str, order: int) -> None:
    old, new = ("old.csv", "new.csv") if says == "symbols" else ("MESH5_1min.csv", "mes 06-25.csv")
    files = [write(old, days(0, 1)), write(new, raised(days(2, 3), 264))]
    if says == "symbols":
        files = [of(files[0], "MESH5"), of(files[1], "MESM25")]
    result = data_import(*files[::order], "--to", tmp_path / "bars")
    assert result.exit_code == 0, result.output
    before, after = (int(each) * 0.25 for each in (day(1)["close"].iloc[-1], day(2)["open"].iloc[0] + 264))
    told = f"Roll: MESH5 goes over into MESM5 at 2025-03-11 18:00 New York, {before:,.2f} to {after:,.2f} ({after / before - 1:+.2%})"
    assert told in result.output and "Overlap" not in result.output
    assert read(tmp_path / "bars").equals(pd.concat([days(0, 1), raised(days(2, 3), 264)], ignore_index=True))
    assert "the contract changes inside the file: MES" in result.output


@pytest.mark.parametrize("says", ["symbols", "names"])
@pytest.mark.parametrize("shift", [0, 264])
def test_two_contracts_at_one_time_are_refused_with_the_times(tmp_path: Path, write: Write, says: str, shift: int) -> None:
    old, new = ("old.csv", "new.csv") if says == "symbols" else ("ESH5.csv", "ESM5.csv")
    files = [write(old, days(0, 1, 2)), write(new, raised(days(2, 3), shift))]
    if says == "symbols":
        files = [of(files[0], "ESH5"), of(files[1], "ESM5")]
    result = data_import(*files, "--to", tmp_path / "bars")
    assert result.exit_code == 1
    assert (
        f"ESH5 ({old}) and ESM5 ({new}) are there at one time, from 2025-03-11 18:00 to 2025-03-12 16:59 New York; "
        "one contract at a time is needed" in result.stderr
    )
    assert not (tmp_path / "bars").exists()


def test_files_of_one_month_by_their_names_are_joined_without_a_symbol(tmp_path: Path, write: Write) -> None:
    files = [write("ESH5-a.csv", days(0, 1)), write("ESH25-b.csv", days(2, 3))]
    result = data_import(*files, "--to", tmp_path / "bars")
    assert result.exit_code == 0 and "Roll" not in result.output
    assert read(tmp_path / "bars").equals(whole())


def test_where_one_file_names_no_month_the_others_say_nothing(tmp_path: Path, write: Write) -> None:
    files = [write("ESH5.csv", days(0, 1)), write("later.csv", days(2, 3))]
    result = data_import(*files, "--to", tmp_path / "bars")
    assert result.exit_code == 0 and "Roll" not in result.output
