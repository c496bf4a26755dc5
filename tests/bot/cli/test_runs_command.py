"""`mesbot runs`, `runs prune`, `report` and `compare` as a person types them."""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import sqlite3
import sys
import webbrowser
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from builders import CONTRACTS
from click.testing import CliRunner, Result
from rich.console import Console

from bot.cli.backtest import show_run
from bot.cli.journal import newest_journal
from bot.cli.main import cli
from bot.contracts import load_contracts
from bot.contracts.load import packaged_directory
from bot.dashboard.target import path_to_show
from bot.journal.folder import fresh_journal
from bot.journal.run_end import DEMO
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.report.html import write_report
from bot.report.runs import runs_in
from bot.state_folder import remember_run

sys.path.append(str(Path(__file__).parents[1] / "report"))
import small_journal


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    return lambda *words, **more: CliRunner().invoke(cli, [str(word) for word in words], **more)


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """Four runs in out/, each with a report; earlier ones are 1, 2 and 3."""
    for number in range(4):
        journal = small_journal.write(fresh_journal(tmp_path / "out"), days=(), passport=f"passport-{number}")
        journal.with_name("report.html").write_text(f"report {number}", encoding="utf-8")
    return tmp_path / "out"


def kept(out: Path) -> set[str]:
    return {each.name for each in (out / "earlier").iterdir()}


def test_runs_lists_all_of_them_the_latest_first(run, four):
    shown = run("runs")
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.output.splitlines() if line[0] != " "] == ["run", "latest", "3", "2", "1"]
    assert shown.output.count("\n        backtest of bars.csv, no bar") == 4


def test_the_list_fits_80_columns_and_cuts_nothing_however_long_the_name_of_a_file_of_bars_is(run, four, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    long = {"bars": f"{'many words ' * 30}.csv", "trades": 1_000_000, "net_cents": -(10**9)}
    named = [msgspec.structs.replace(line, **long) for line in runs_in(four)[:1]]
    monkeypatch.setattr("bot.report.runs.runs_in", lambda *_: named)
    lines = run("runs").output.splitlines()
    assert max(map(len, lines)) <= 80 and "…" not in "".join(lines)
    assert " ".join(" ".join(lines).split()).count("many words") == 30


def test_the_end_of_a_run_says_that_earlier_ones_are_kept(run, four, tmp_path):
    console = Console(file=io.StringIO(), width=80)
    show_run(four / "journal.sqlite", console, report=False)
    assert console.file.getvalue().rstrip().endswith("journal.sqlite (and 3 earlier: mesbot runs)")
    alone = Console(file=io.StringIO(), width=80)
    show_run(small_journal.write(tmp_path / "paper-DU1-2025.sqlite", days=()), alone, report=False)
    assert alone.file.getvalue().rstrip().endswith("paper-DU1-2025.sqlite")


@pytest.mark.parametrize(
    ("stands", "out", "typed"),
    [
        (".", "out", "mesbot runs"),
        (".", "out/paper", "mesbot runs"),
        (".", "mine", "mesbot runs --out mine"),
        (".", "my runs", "mesbot runs --out 'my runs'"),
        ("elsewhere", "../out", "mesbot runs --out ../out"),
    ],
)
def test_the_command_that_it_names_lists_the_earlier_one_from_where_one_stands(run, tmp_path, monkeypatch, stands, out, typed):
    (tmp_path / stands).mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path / stands)
    for number in range(2):
        journal = small_journal.write(fresh_journal(Path(out)), days=(), passport=f"passport-{number}")
    console = Console(file=io.StringIO(), width=200)
    show_run(journal, console, report=False)
    assert console.file.getvalue().rstrip().endswith(f"(and 1 earlier: {typed})")
    listed = json.loads(run(*shlex.split(typed)[1:], "--json").output)
    assert len(listed) == 2 and {Path(row["path"]).resolve().parents[0] for row in listed} >= {journal.parent.resolve()}


def test_a_demo_is_called_one(run, tmp_path):
    small_journal.write(fresh_journal(tmp_path / "out"), days=small_journal.DAYS[:1], bars=90)
    header = {"bars": "7 synthetic sessions, seed 4", DEMO: "a K1 win and a K2 loss"}
    Journal.create(fresh_journal(tmp_path / "out" / "demo"), "paper", CONTRACTS, header, lambda: 10**18).close()
    assert "        demo of synthetic sessions, no bar; out/demo/journal.sqlite\n" in run("runs").output
    assert [row["mode"] for row in json.loads(run("runs", "--json").output)] == ["demo", "backtest"]


def test_runs_as_json_has_every_field(run, four):
    rows = json.loads(run("runs", "--json").output)
    assert [(row["id"], row["bars"], row["end"]) for row in rows][:2] == [("latest", "bars.csv", "whole"), ("3", "bars.csv", "whole")]
    assert {"started_ns", "mode", "contracts", "trades", "net_cents", "head", "path"} <= rows[0].keys()


def test_no_run_is_one_sentence_and_no_failure(run):
    shown = run("runs", "--out", "elsewhere")
    assert (shown.exit_code, shown.output) == (0, "No run in elsewhere; `mesbot backtest --out elsewhere` begins one.\n")
    assert json.loads(run("runs", "--json").output) == []


def test_prune_asks_and_a_no_removes_nothing(run, four):
    shown = run("runs", "prune", "--keep", "1", input="n\n")
    assert shown.exit_code == 1 and "Remove 2 earlier runs, journal and report, for good?" in shown.output
    assert kept(four) == {"1", "2", "3"}


def test_prune_keeps_the_newest_of_the_earlier_ones_and_always_the_latest(run, four):
    assert run("runs", "prune", "--keep", "1", input="y\n").exit_code == 0
    assert kept(four) == {"3"}
    assert run("runs", "prune", "--keep", "0", "--yes").output.endswith("Removed 1 earlier run from out.\n")
    assert kept(four) == set() and (four / "journal.sqlite").exists() and (four / "report.html").exists()


def test_nobody_who_does_not_answer_says_yes(run, four):
    assert run("runs", "prune", "--keep", "0").exit_code == 2
    assert kept(four) == {"1", "2", "3"}


def test_prune_leaves_what_runs_what_cannot_be_read_and_what_was_a_brokers(run, four):
    (four / "earlier" / "2" / "journal.sqlite").write_bytes(b"no journal" * 1000)
    account = four / "earlier" / "3" / "journal.sqlite"
    account.unlink()
    small_journal.write(account, days=(), account="DU1234567")
    with RunLock(four / "earlier" / "1" / "journal.sqlite"):
        shown = run("runs", "prune", "--keep", "0", "--yes")
    assert shown.exit_code == 0
    assert (
        "3 stays: it traded a broker's account.\n2 stays: what it is cannot be told" in shown.output and "1 stays: it runs." in shown.output
    )
    assert kept(four) == {"1", "2", "3"}


def test_prune_leaves_a_persons_own_files(run, four):
    (four / "earlier" / "1" / "notes.txt").write_text("mine")
    (four / "earlier" / "mine").mkdir()
    shown = run("runs", "prune", "--keep", "0", "--yes")
    assert "what else is in it stays" in shown.output
    assert kept(four) == {"1", "mine"} and [each.name for each in (four / "earlier" / "1").iterdir()] == ["notes.txt"]


def test_prune_of_fewer_runs_than_may_stay_does_nothing(run, four):
    shown = run("runs", "prune")
    assert shown.exit_code == 0 and "Nothing to remove" in shown.output
    assert kept(four) == {"1", "2", "3"}


@pytest.mark.parametrize("words", [("runs", "prune", "--keep", "-1"), ("runs", "prune", "--keep", "few"), ("runs", "--json", "prune")])
def test_a_wrong_use_is_told_and_removes_nothing(run, four, words):
    assert run(*words).exit_code == 2
    assert kept(four) == {"1", "2", "3"}


def test_the_report_is_made_again_byte_for_byte(run, tmp_path):
    Path("out").mkdir()
    small_journal.write(Path("out/journal.sqlite"), days=small_journal.DAYS[:1], bars=90)
    write_report("out/journal.sqlite", "first.html")
    shown = run("report")
    assert shown.exit_code == 0 and "Report:  out/report.html" in shown.output
    assert Path("out/report.html").read_bytes() == Path("first.html").read_bytes()


def test_a_report_that_no_browser_opens_is_still_made_and_says_where(run, four, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url)))
    shown = run("report", "--journal", "out/earlier/1/journal.sqlite", "--open")
    assert shown.exit_code == 0 and "No browser could be opened" in shown.output
    assert opened == [(four / "earlier" / "1" / "report.html").resolve().as_uri()]
    assert "report 0" not in (four / "earlier" / "1" / "report.html").read_text(encoding="utf-8")


def test_a_report_of_no_journal_is_one_sentence(run):
    shown = run("report", "--journal", "none.sqlite")
    assert shown.exit_code == 2 and "no such journal" in shown.output


def test_what_is_no_journal_is_wrong_usage_of_every_verb_that_reads_one(run, four):
    Path("text.sqlite").write_text("no journal " * 500)
    for words in (("report", "--journal"), ("why", "K1.net", "--journal"), ("journal", "verify", "--journal"), ("compare", "latest")):
        shown = run(*words, "text.sqlite")
        assert shown.exit_code == 2 and "text.sqlite cannot be read as a journal" in shown.output, words


def test_a_bar_that_does_not_exist_is_told_and_ends_with_1_and_one_that_does_with_0(run, four):
    assert run("why", "2019-01-02 10:31").exit_code == 1
    journal = Path("whole.sqlite")
    small_journal.write(journal, days=small_journal.DAYS[:1], bars=90)
    for words, code in ((("2025-10-01 10:31",), 0), (("2019-01-02 10:31",), 1), (("2019-01-02 10:31", "--json"), 1)):
        assert run("why", *words, "--journal", str(journal)).exit_code == code, words


def test_a_journal_is_found_by_its_path_as_it_is_printed_with_the_account_masked(run):
    for account in ("DU1234567", "DU7654321"):
        small_journal.write(Path(f"paper-{account}-2025.sqlite"), days=small_journal.DAYS[:1], bars=90)
    shown = run("report", "--journal", "paper-DU***567-2025.sqlite")
    assert shown.exit_code == 0 and list(Path().glob("*1234567*.html")), shown.output
    Path("paper-DU1111567-2025.sqlite").touch()
    assert run("report", "--journal", "paper-DU***567-2025.sqlite").exit_code == 2, "two are shown so: which is meant is not known"


def test_compare_ends_with_0_if_nothing_differs_and_1_if_something_does(run, four):
    assert run("compare", "latest", "out").exit_code == 0
    shown = run("compare", "3", "2")
    assert shown.exit_code == 1
    assert "data        DIFFER: passport: passport-2 against passport-1" in shown.output
    assert shown.output.endswith("Not the same: data.\n")


def test_a_journal_that_was_changed_is_compared_with_nothing_and_its_report_says_so(run, four, tmp_path):
    changed = tmp_path / "changed.sqlite"
    changed.write_bytes(Path("out/journal.sqlite").read_bytes())
    with closing(sqlite3.connect(changed)) as db, db:
        db.execute("DROP TRIGGER records_no_update")
    told = run("compare", "latest", changed)
    assert (told.exit_code, told.stdout) == (2, "") and "trigger records_no_update is missing" in told.stderr
    told = run("report", "--journal", changed)
    assert told.exit_code == 1 and told.stdout == f"Report:  {changed.with_suffix('.html')}\n"
    assert told.stderr.startswith("The report shows what the journal holds, and that is not what was written: ")


def test_compare_as_json_says_the_same(run, four):
    shown = run("compare", "latest", "1", "--json")
    found = json.loads(shown.output)
    assert shown.exit_code == 1 and found["same"] is False
    assert [part["name"] for part in found["parts"] if not part["same"]] == ["data"]


def test_compare_of_a_run_that_does_not_exist_is_one_sentence(run, four):
    shown = run("compare", "latest", "17")
    assert shown.exit_code == 2 and '"17" is neither a run' in shown.output


def test_one_run_is_the_latest_for_every_verb(run, four, monkeypatch):
    demo = small_journal.write(fresh_journal(four / "demo"), days=small_journal.DAYS[:1], bars=90, wall_ns=10**18)
    assert [line.split()[0] for line in run("runs").output.splitlines() if line[0] != " "] == ["run", "latest", "top", "3", "2", "1"]
    assert "demo/journal.sqlite" in run("runs").output.splitlines()[2]
    assert newest_journal() == demo.relative_to(Path.cwd()) == path_to_show(None, newest_journal)
    for words in (("report",), ("journal", "verify"), ("why", "book.net")):
        assert run(*words).output.startswith("Journal: out/demo/journal.sqlite\n"), words
    assert run("compare", "latest", "demo").output.startswith("A: out/demo/journal.sqlite")
    elsewhere = small_journal.write(fresh_journal(Path("mine")), days=(), wall_ns=2 * 10**18)
    remember_run(elsewhere, load_contracts(packaged_directory()))
    assert newest_journal() == elsewhere.resolve()
    assert run("runs").output.splitlines()[2].endswith("mine/journal.sqlite")
    assert run("compare", "latest", "demo").output.startswith(f"A: {elsewhere.resolve()}")
    assert run("runs", "--out", "out").output.splitlines()[2].endswith("out/demo/journal.sqlite")


def test_prune_removes_only_what_was_put_aside_on_top_of_the_folder_itself(run, four):
    for number in range(2):
        small_journal.write(fresh_journal(four / "paper"), days=(), wall_ns=10**18 + number)
    assert run("runs", "prune", "--keep", "0", "--yes").output.endswith("Removed 3 earlier runs from out.\n")
    assert (four / "journal.sqlite").exists() and kept(four / "paper") == {"1"}


def test_a_folder_beneath_that_one_may_not_look_into_is_told_beside_the_list(run, four, monkeypatch):
    looked = os.scandir
    (four / "theirs").mkdir()

    def refused(path):
        if Path(path).name == "theirs":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return looked(path)

    monkeypatch.setattr(os, "scandir", refused)
    for words in (("runs",), ("runs", "--json")):
        told = run(*words)
        assert told.exit_code == 0 and "latest" in told.stdout
        assert told.stderr == "out/theirs: cannot be looked into (Permission denied); runs beneath it are not listed.\n"


@pytest.mark.parametrize("hidden", ["out", "out/earlier"])
@pytest.mark.parametrize("words", [("runs",), ("runs", "prune", "--keep", "0", "--yes"), ("compare", "latest", "1")])
def test_a_folder_that_one_may_not_look_into_is_not_told_as_empty(run, four, monkeypatch, hidden, words):
    looked = os.scandir

    def refused(path):
        if Path(path) == Path(hidden):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return looked(path)

    monkeypatch.setattr(os, "scandir", refused)  # whoever is root may look into every folder
    told = run(*words)
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr == "--out out: cannot be used (Permission denied); name another place.\n"
