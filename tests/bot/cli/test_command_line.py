"""The command line: verbs, exit codes, and no stack trace for a person's mistake."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import types
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
import pytest
from builders import CONTRACTS
from click.testing import CliRunner, Result
from rich.console import Console

from bot.backtest.request import BacktestRequest, BacktestResult
from bot.cli.backtest import show_run
from bot.cli.journal import newest_journal
from bot.cli.main import cli
from bot.contracts import load_contracts
from bot.contracts.load import packaged_directory
from bot.errors import JournalBroken
from bot.glossary import STRATEGIES
from bot.journal.folder import aside_folder
from bot.journal.store import Journal
from bot.state_folder import last_contracts, last_journal, remember_run, state_folder, values_of
from bot.units import SECOND_NS


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def backtests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[BacktestRequest]:
    """A stand-in for the engine, the summary and the report; holds what was asked for."""
    asked: list[BacktestRequest] = []
    journal = tmp_path / "out" / "journal.sqlite"

    def run_backtest(request: BacktestRequest, progress: Callable[[int, int], None], say: Callable[[str], None]) -> BacktestResult:
        say("Data: three sessions.")
        asked.append(request)
        progress(1, 2)
        progress(2, 2)
        journal.parent.mkdir(exist_ok=True)
        journal.touch()
        return BacktestResult(journal, notes=("Times name opens.",))

    def stand_in(name: str, **functions: Callable[..., object]) -> None:
        module = types.ModuleType(name)
        vars(module).update(functions)
        monkeypatch.setitem(sys.modules, name, module)

    stand_in("bot.backtest.run", run_backtest=run_backtest)
    stand_in("bot.report.terminal", print_summary=lambda path, console, spoken: console.print(f"summary of {path.name}"))
    stand_in("bot.report.html", write_report=lambda path, out: out.write_text("<html>", encoding="utf-8"))
    return asked


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder of contracts with two faults in two files."""
    folder = tmp_path / "broken"
    shutil.copytree(packaged_directory(), folder)
    for file, old, new in (("constitution", "max_contracts: 2", "max_contracts: 9"), ("learning", "shadow:", "shadows:")):
        path = folder / f"{file}.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return folder


# ------------------------------------------------------------------------ help


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["backtest", "--help"], ["contracts", "--help"], ["why", "--help"]])
def test_help_has_examples(run, words):
    result = run(*words)
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert "mesbot " in result.output


def test_alone_it_says_what_it_is_and_three_commands_to_begin_with(run):
    result = run()
    assert result.exit_code == 0 and result.output.startswith("mesbot trades MES")
    began = re.findall(r"^  mesbot (\w+)  ", result.output, re.MULTILINE)
    assert began == ["demo", "backtest", "check"] and set(began) <= set(cli.commands)


def test_the_readme_says_of_each_strategy_what_the_glossary_says():
    told = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert all(f"| {name} | {meaning} |" in told for name, meaning in STRATEGIES.items())


def test_help_is_quick_because_nothing_heavy_is_loaded():
    look = "import sys, bot.cli.main; print([name for name in ('pandas', 'pydantic', 'nautilus_trader') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


# ------------------------------------------------------------------ exit codes


def test_errors_are_red_on_a_terminal(run, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    result = CliRunner().invoke(cli, ["contracts", "--contracts", "nowhere"], color=True)
    assert result.stderr.startswith(click.style("x", fg="red").split("x")[0])


def test_out_may_not_be_a_file(run, tmp_path):
    (tmp_path / "taken").touch()
    assert "--out taken: is a file; name a folder." in run("backtest", "--out", "taken").stderr


def test_a_place_that_may_not_be_written_is_named(run, backtests, monkeypatch):
    def refuse(request, progress, say):
        raise PermissionError(13, "Permission denied", "/locked/out")

    monkeypatch.setattr(sys.modules["bot.backtest.run"], "run_backtest", refuse)
    result = run("backtest")
    told = "/locked/out cannot be used (Permission denied); look whose it is, or name another place.\n"
    assert (result.exit_code, result.stderr) == (1, told)


def test_a_folder_that_cannot_be_one_is_named(run, journal_file):
    result = run("journal", "export", "--journal", journal_file, "--out", "/dev/null/x")
    assert result.exit_code == 2
    assert result.stderr.startswith("--out /dev/null/x: /dev/null is a file; name a folder. See: ") and result.stderr.count("\n") == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["--help"], ["backtest", "--help"], ["contracts"], ["contracts", "--json"]])
def test_output_that_cannot_be_written_is_one_sentence(words, unbuffered, tmp_path):
    with open("/dev/full", "w") as full:
        environment = {**os.environ, "MESBOT_HOME": str(tmp_path), "PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run([sys.executable, "-m", "bot.cli", *words], stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    sentence = "The output cannot be written (No space left on device); make room, or send it elsewhere.\n"
    assert (done.returncode, done.stderr) == (1, sentence)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_is_told_nothing(unbuffered, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "MESBOT_HOME": str(tmp_path), "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([sys.executable, "-m", "bot.cli", "--help"], stdout=writing, stderr=subprocess.PIPE, text=True, env=environment)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_what_python_itself_raises_is_no_refusal_of_the_system(run, backtests, monkeypatch):
    def slow(request, progress, say):
        raise TimeoutError

    monkeypatch.setattr(sys.modules["bot.backtest.run"], "run_backtest", slow)
    assert isinstance(run("backtest").exception, TimeoutError)


def test_an_interrupt_ends_cleanly(run, backtests, monkeypatch):
    def interrupted(request, progress, say):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["bot.backtest.run"], "run_backtest", interrupted)
    result = run("backtest")
    assert (result.exit_code, result.stderr) == (130, "Interrupted before the first bars were through: nothing of the run is kept.\n")


def test_an_interrupted_backtest_says_how_far_it_came_and_how_it_goes_on(run, backtests, monkeypatch):
    def interrupted(request, progress, say):
        progress(2_000, 34_500)
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["bot.backtest.run"], "run_backtest", interrupted)
    result = run("backtest")
    far = "Interrupted after 2,000 of 34,500 bars: out/journal.sqlite holds the run so far"
    assert (result.exit_code, result.stderr) == (130, f"{far}, and the same command with --resume goes on with it.\n")


# -------------------------------------------------------------------- backtest


def test_a_backtest_passes_on_what_was_said(run, backtests):
    words = "--bars b.csv --from 2025-09-15 --to 2025-10-17 --equity $7,500.50 --out out --stamp close --learning off"
    result = run("backtest", *words.split())
    assert result.exit_code == 0, result.output
    assert backtests == [
        BacktestRequest(
            bars=Path("b.csv"),
            from_date=date(2025, 9, 15),
            to_date=date(2025, 10, 17),
            equity_usd=Decimal("7500.50"),
            out=Path("out"),
            stamp="close",
            learning=False,
        )
    ]


def test_a_backtest_says_contracts_notes_summary_and_paths(run, backtests, tmp_path):
    result = run("backtest")
    assert result.exit_code == 0, result.output
    sha256 = load_contracts(packaged_directory()).sha256
    for text in (sha256[:12], "Data: three sessions.", "Times name opens.", "summary of journal.sqlite", "Journal: ", "report.html"):
        assert text in result.output
    assert (tmp_path / "out" / "report.html").is_file()
    assert last_journal() == tmp_path / "out" / "journal.sqlite"


def test_the_report_can_be_left_out(run, backtests, tmp_path):
    assert "report.html" not in run("backtest", "--no-report").output
    assert not (tmp_path / "out" / "report.html").exists()


def test_broken_contracts_stop_a_backtest_before_it_starts(run, backtests, broken):
    result = run("backtest", "--contracts", broken)
    assert result.exit_code == 3
    assert backtests == []


def test_a_state_folder_that_cannot_be_written_fails_no_finished_run(run, backtests, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "file" / "below"))
    result = run("backtest")
    assert result.exit_code == 0
    assert "set MESBOT_HOME to a folder that can" in result.stderr


# ------------------------------------------------------------------- contracts


def test_contracts_are_shown_worked_out(run, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    result = run("contracts")
    assert result.exit_code == 0, result.output
    for row in (
        r"S +K1 +1 +\$12.00 +9 ticks +risk cap +\$13.74 +\$16.26 +<= 9 ticks",
        r"A +K3 +1 +\$15.00 +12 ticks +constitution, risk cap +\$17.49 +\$12.51 +<= 8 ticks",
        r"A +K4 +2 +not in tier",
        r"B +K4 +2 +\$15.00 +6 ticks +risk cap +\$19.98 +\$10.02 +none fits",
        r"targets from 7 ticks \(friction\)",
        r"K1 +\$3,600.00 +forbidden +from \$3,600.00 +free",
        r"K4 +\$7,200.00 +- +- +free",
        r"K1 +10:00-11:30 +13:30-15:54",
        r"K2 +09:35-11:30 +13:30-15:00",
        r"nor from 15:54; flatten on the bar stamped 15:54, flat by 15:55",
    ):
        assert re.search(row, result.output), row
    assert load_contracts(packaged_directory()).sha256 in result.output


def test_all_faults_are_shown_at_once_and_refused_by_contract(run, broken):
    result = run("contracts", "--contracts", broken)
    assert result.exit_code == 3
    assert "constitution.yaml: position.max_contracts = 9 must be a whole number from 1 to 2" in result.stderr
    assert "learning.yaml: shadow is missing" in result.stderr
    assert "(did you mean shadow?)" in result.stderr


def test_changes_since_the_last_run_are_shown(run, tmp_path):
    assert "no earlier run to compare with" in run("contracts").output
    remember_run(tmp_path / "journal.sqlite", load_contracts(packaged_directory()))
    assert "Changes since the last run: none." in run("contracts").output
    folder = tmp_path / "tighter"
    shutil.copytree(packaged_directory(), folder)
    path = folder / "constitution.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("day_usd: 30.00", "day_usd: 25.00"), encoding="utf-8")
    assert re.search(r"constitution.yaml: loss_limits.day_usd = .*25.* \(was .*30.*\)", run("contracts", "--contracts", folder).output)


# ----------------------------------------------------------------------- state


def test_the_state_folder_is_the_users_unless_mesbot_home_says_otherwise(monkeypatch, tmp_path):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))
    assert state_folder() == tmp_path
    monkeypatch.delenv("MESBOT_HOME")
    assert state_folder().name == "mesbot"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"journal": null, "contracts": {}}'])
def test_a_spoilt_note_is_forgotten(monkeypatch, tmp_path, text):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))
    (tmp_path / "last-run.json").write_text(text, encoding="utf-8")
    assert last_journal() is None
    assert last_contracts() is None


def test_values_are_named_by_file_and_key():
    values = values_of(load_contracts(packaged_directory()))
    assert values["strategies.yaml: K3.tiers"] == '["A", "B"]'
    assert values["session.yaml: rth.open"] == '"09:30:00"'
    assert not any("changelog" in key for key in values)


# --------------------------------------------------------------------- journal


@pytest.fixture
def journal_file(tmp_path: Path) -> Path:
    """A real journal of one link."""
    path = tmp_path / "real.sqlite"
    with Journal.create(path, "backtest", load_contracts(packaged_directory()), {}, lambda: 0) as journal:
        journal.close_link(0)
    return path


def test_verify_prints_the_head_and_how_much_it_covers(run, journal_file):
    result = run("journal", "verify", "--journal", journal_file)
    assert result.exit_code == 0, result.output
    assert re.search(r"Head: +[0-9a-f]{64}\nRecords: 1\nLinks: +1\n", result.output)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_export_names_the_files_it_wrote(run, journal_file, tmp_path, kind):
    result = run("journal", "export", "--journal", journal_file, "--out", tmp_path / "tables", "--format", kind)
    assert result.exit_code == 0, result.output
    files = [Path(line) for line in result.stdout.splitlines()]
    assert {file.suffix for file in files} == {f".{kind}"}
    assert all(file.is_file() for file in files)


def test_a_broken_journal_ends_with_its_sentence(run, monkeypatch, tmp_path):
    def broken_chain(path):
        raise JournalBroken("link 7 does not hold")

    monkeypatch.setattr("bot.journal.verify.verify", broken_chain)
    ended(tmp_path / "j.sqlite")
    result = run("journal", "verify", "--journal", tmp_path / "j.sqlite")
    assert (result.exit_code, result.stderr) == (1, "link 7 does not hold\n")


def test_the_newest_journal_in_out_is_the_default(run, monkeypatch, tmp_path):
    for age, name in enumerate(("new", "old")):
        path = tmp_path / "out" / name / "journal.sqlite"
        path.parent.mkdir(parents=True)
        path.touch()
        stamp = time.time() - 100 * age
        os.utime(path, (stamp, stamp))
    asked = []
    monkeypatch.setattr("bot.journal.why.why", lambda path, when, strategy: asked.append((path, when, strategy)) or "because\n")
    result = run("why", "2025-10-02 10:41", "--strategy", "K1")
    assert result.output == "Journal: out/new/journal.sqlite\nbecause\n"
    assert asked == [(Path("out/new/journal.sqlite"), "2025-10-02 10:41", "K1")]


def test_a_run_that_is_set_aside_is_read_only_by_whoever_names_it(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    cut = tmp_path / "out" / "a name that nobody knows" / "cut"
    aside_folder(cut)
    ended(cut / "journal.sqlite", 0), ended(cut / "beneath" / "journal.sqlite", 0)
    assert newest_journal() is None
    mine = ended(tmp_path / "out" / "journal.sqlite", 100)
    assert newest_journal() == mine.relative_to(tmp_path)


def ended(path: Path, seconds_ago: float = 0) -> Path:
    """A journal without a record whose run began so long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Journal.create(path, "backtest", CONTRACTS, {}, lambda: time.time_ns() - int(seconds_ago * SECOND_NS)).close()
    return path


@pytest.mark.parametrize(("backtest_ago", "broker_ago"), [(100, 10), (10, 100)])
def test_the_newer_of_out_and_the_last_run_is_asked_and_named(run, monkeypatch, tmp_path, backtest_ago, broker_ago):
    made = {backtest_ago: ended(Path("out/journal.sqlite"), backtest_ago)}
    made[broker_ago] = ended(tmp_path / "state" / "journals" / "paper-DU1-2025.sqlite", broker_ago)
    remember_run(made[broker_ago], load_contracts(packaged_directory()))
    monkeypatch.setattr("bot.journal.why.why", lambda path, when, strategy: f"of {path}\n")
    assert run("why", "2025-10-02 10:41").output == f"Journal: {made[10]}\nof {made[10]}\n"
    assert run("why", "2025-10-02 10:41", "--journal", made[100]).output == f"of {made[100]}\n"


def test_a_file_that_is_no_journal_is_told_with_what_to_name_instead(run, tmp_path):
    (tmp_path / "text.sqlite").write_text("no database " * 100, encoding="utf-8")
    told = run("journal", "verify", "--journal", "text.sqlite")
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.endswith("file is not a database; name a .sqlite file that a run has written, or a backup of this one.\n")


def test_a_run_says_when_another_journal_would_be_asked(run, backtests, monkeypatch, tmp_path):
    assert "unless" not in run("backtest").output
    ended(tmp_path / "out" / "later" / "journal.sqlite", -100)
    hint = f"ask out/later/journal.sqlite unless this one is named: --journal {tmp_path / 'out' / 'journal.sqlite'}\n"
    assert run("backtest").output.endswith(hint)


def test_a_brokers_run_has_its_journals_own_report(run, backtests, tmp_path):
    journal = ended(tmp_path / "state" / "journals" / "paper-DU1-2025.sqlite", 0)
    show_run(journal, Console(), report=True)
    assert [path.name for path in journal.parent.glob("*.html")] == ["paper-DU1-2025.html"]


def test_without_out_the_last_runs_journal_is_asked(run, tmp_path):
    journal = tmp_path / "elsewhere.sqlite"
    journal.touch()
    remember_run(journal, load_contracts(packaged_directory()))
    result = run("journal", "verify")
    assert result.exit_code == 1
    assert str(journal) in result.stderr
