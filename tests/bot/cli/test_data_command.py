"""`mesbot data check`, and what a run says of the file it was given: on the terminal, in its journal's header, in its report."""

from __future__ import annotations

import json
from pathlib import Path

import bar_files as files
import pytest
from bar_files import CONTRACTS, PRICES
from click.testing import CliRunner, Result

from bot.bars.files import Reading, examined
from bot.bars.formats import BY_NAME
from bot.bars.passport import SHOWN
from bot.cli.file_options import FORMATS
from bot.cli.main import cli
from bot.journal.read import headers, opened
from bot.units import MINUTE_NS


def mesbot(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "2000"}).invoke(cli, list(map(str, words)))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return files.write(tmp_path / "good.csv", files.synthetic("2025-06-09", 3, 21))


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    """An hour off."""
    frame = files.synthetic("2025-06-09", 3, 21)
    return files.write(tmp_path / "off.csv", frame, files.zoned(frame, minutes=60))


def with_a_hole(path: Path) -> Path:
    frame = files.synthetic("2025-06-09", 3, 21)
    return files.write(path, frame[files.trading_dates(frame) != "2025-06-10"])


def test_a_usable_file_is_shown_and_ends_with_0(good):
    result = mesbot("data", "check", good)
    assert result.exit_code == 0
    first, *_, last = result.output.splitlines()
    assert first.startswith(
        "Data: 4,140 minutes, opening 2025-06-08 18:00 to 2025-06-11 16:59 New York, 3 of 3 sessions; mesbot's own, zone UTC"
    )
    assert last.startswith(f"Usable: {good} (passport ")


def test_a_refused_file_ends_with_1_and_says_why_and_what_to_do(refused):
    result = mesbot("data", "check", refused)
    assert result.exit_code == 1
    assert "Refused: by the zone of its times, UTC as written" in result.output
    assert f"Not usable: {refused}" in result.output


def test_an_unreadable_file_ends_with_1_and_one_sentence(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text("timestamp,open\n")
    result = mesbot("data", "check", path)
    assert result.exit_code == 1
    assert result.output.startswith(f"Refused: {path}: has no column")
    assert len(result.output.splitlines()) == 1


def test_a_format_or_zone_that_is_not_known_is_a_usage_error(good):
    for option, value in (("--format", "excel97"), ("--zone", "America/New_Yrok")):
        result = mesbot("data", "check", good, option, value)
        assert result.exit_code != 0
        assert value in str(result.exception) + result.output


def test_json_holds_the_whole_passport_and_its_verdict(good, refused, tmp_path):
    facts = json.loads(mesbot("data", "check", good, "--json").output)
    assert (facts["usable"], facts["stamp"], facts["rows"], facts["findings"]) == (True, "open", 4140, [])
    assert facts["sha256"] == examined(good, CONTRACTS, Reading()).passport.sha256
    result = mesbot("data", "check", refused, "--json")
    facts = json.loads(result.output)
    assert (result.exit_code, facts["usable"]) == (1, False)
    assert {"code", "severity", "sentence", "remedy"} == set(facts["findings"][0])
    assert (facts["findings"][0]["code"], facts["findings"][0]["severity"]) == ("CLOCK", "refuse")
    gone = mesbot("data", "check", tmp_path / "gone.csv", "--json")
    assert gone.exit_code == 2 and "there is no such file" in json.loads(gone.output)["error"]


def test_many_warnings_are_three_lines_at_most(tmp_path):
    frame = files.synthetic("2025-06-09", 4, 21)
    frame = frame[files.trading_dates(frame) != "2025-06-10"]
    frame = frame.drop(frame.index[2000:2300])
    strange = frame.assign(**{name: (frame[name] * 14.8).round() / 4 for name in PRICES})
    strange["volume"] = strange["volume"].where(strange["open_ns"] // MINUTE_NS % 20 > 0, 0)
    months = ["MESM5" if number < 2000 else "MESU5" for number in range(len(strange))]
    passport = examined(files.write(tmp_path / "bars.csv", strange, symbol=months), CONTRACTS, Reading()).passport
    assert len(passport.findings) > SHOWN
    assert len(passport.lines()) == SHOWN
    for finding in passport.findings:
        assert any(finding.sentence in line for line in passport.lines())


def test_a_run_says_what_its_data_are_on_the_terminal_in_its_journal_and_in_its_report(tmp_path, monkeypatch):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    bars, out = with_a_hole(tmp_path / "bars.csv"), tmp_path / "out"
    result = mesbot("backtest", "--bars", bars, "--out", out)
    assert result.exit_code == 0, result.output
    passport = examined(bars, CONTRACTS, Reading()).passport
    lines = passport.lines()
    assert [line for line in result.output.splitlines() if line.startswith("Data: ")] == lines
    assert "Data: 1 session is missing (2025-06-10)." in lines
    with opened(out / "journal.sqlite") as journal:
        (header,) = headers(journal)
    assert header["passport"] == passport.sha256
    assert header["data"] == lines
    report = (out / "report.html").read_text(encoding="utf-8")
    assert all(line.replace("'", "&#x27;") in report for line in lines)
    assert passport.sha256 in report


def test_a_run_refuses_what_its_passport_refuses(refused, tmp_path):
    result = mesbot("backtest", "--bars", refused, "--out", tmp_path / "out")
    assert result.exit_code != 0
    assert "by the zone of its times" in str(result.exception) + result.output
    assert not (tmp_path / "out" / "journal.sqlite").exists()


def test_the_help_names_every_format_there_is():
    assert set(FORMATS.split(", ")) == set(BY_NAME) - {"mesbot"}
