"""`mesbot data synth`: the bars of a seed as a file that reads back to the bit."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import CONTRACTS
from click.testing import CliRunner, Result

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.bars.files import read_bars
from bot.bars.source import synthetic_sessions
from bot.cli.main import cli
from bot.journal.verify import verify


def synth(*words: object) -> Result:
    return CliRunner().invoke(cli, ["data", "synth", *map(str, words)])


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz", "bars.parquet", "folder/to/make/BARS.CSV"])
def test_a_file_of_each_kind_reads_back_as_the_bars_of_the_seed(tmp_path: Path, name: str) -> None:
    result = synth("--sessions", 3, "--seed", 5, "--out", tmp_path / name)
    assert result.exit_code == 0, result.output
    made = synthetic_sessions(5, 3, CONTRACTS.session).frame
    assert f"{len(made):,} minutes, 3 synthetic sessions, seed 5" in result.output
    file = read_bars(tmp_path / name, CONTRACTS)
    assert file.bars.equals(made)
    assert file.passport.findings == []


def test_the_same_options_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a.csv.gz", 5), ("b.csv.gz", 5), ("c.csv.gz", 6)):
        assert synth("--sessions", 1, "--seed", seed, "--out", tmp_path / name).exit_code == 0
    one, same, other = ((tmp_path / name).read_bytes() for name in ("a.csv.gz", "b.csv.gz", "c.csv.gz"))
    assert one == same != other


def test_sessions_begin_on_the_day_named_over_a_clock_change_and_a_half_day(tmp_path: Path) -> None:
    assert synth("--sessions", 22, "--from", "2025-10-30", "--out", tmp_path / "bars.csv").exit_code == 0
    passport = read_bars(tmp_path / "bars.csv", CONTRACTS).passport
    assert (passport.sessions[0].date, passport.sessions[-1].date) == ("2025-10-30", "2025-12-01")
    assert {each.date: each.minutes for each in passport.sessions}["2025-11-28"] == 210


@pytest.mark.slow
def test_a_backtest_over_the_file_decides_what_the_backtest_of_the_seed_decides(tmp_path: Path) -> None:
    assert synth("--sessions", 8, "--out", tmp_path / "bars.csv.gz").exit_code == 0
    of_file = run_backtest(BacktestRequest(out=tmp_path / "file", bars=tmp_path / "bars.csv.gz"))
    of_seed = run_backtest(BacktestRequest(out=tmp_path / "seed", sessions=8))
    assert verify(of_file.journal).head == verify(of_seed.journal).head


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--out", "bars.txt"], 2, "--out bars.txt: its name must end in .csv, .csv.gz, .parquet, which says what is written."),
        (["--out", "taken.csv"], 2, "--out taken.csv: is there already and is not replaced; remove it, or name another file."),
        (["--sessions", "0", "--out", "bars.csv"], 2, "--sessions 0: must be from 1 to 2000."),
        (["--seed", "-1", "--out", "bars.csv"], 2, "--seed -1: must be 0 or more."),
        (["--from", "1900-01-01", "--out", "bars.csv"], 1, "there are some from 1997-09-09 on; name a later date."),
        (["--from", "9998-12-31", "--out", "bars.csv"], 1, "No calendar from 9998-12-31"),
        (["--out", "taken.csv/bars.csv"], 2, "taken.csv is a file, and a folder is needed there; name another place."),
        ([], 2, "Missing option '--out'"),
    ],
)
def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.csv").write_text("mine", encoding="utf-8")
    result = synth(*words)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["taken.csv"]
    assert (tmp_path / "taken.csv").read_text(encoding="utf-8") == "mine"
