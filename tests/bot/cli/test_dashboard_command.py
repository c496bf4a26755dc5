"""`mesbot dashboard` before it serves: each mistake is one sentence, and nothing is begun."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable
from pathlib import Path
from sqlite3 import connect

import pytest
from builders import CONTRACTS
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.dashboard.token import NAME
from bot.journal.store import Journal

SECRET = "correct-horse-battery"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot dashboard ...` in an empty folder with its own state; what it would serve it only notes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in (NAME, f"{NAME}_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("bot.dashboard.serve.serve", lambda *words, **how: print("served", how["host"], how["read_only"]))
    return lambda *words: CliRunner().invoke(cli, ["dashboard", *map(str, words)])


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    Journal.create(path, "backtest", CONTRACTS, {}, lambda: 1).close()
    return path


def test_help_has_examples(run):
    assert "mesbot dashboard --host" in run("--help").output


def test_a_token_that_was_made_is_printed_once_and_one_that_was_given_never(run, journal, monkeypatch):
    made = run("--journal", journal)
    assert made.exit_code == 0 and "Token:" in made.output and "served 127.0.0.1 False" in made.output, made.output
    monkeypatch.setenv(NAME, SECRET)
    given = run("--journal", journal)
    assert "Token:" not in given.output and SECRET not in given.output


def test_who_only_reads_on_this_machine_needs_no_token(run, journal):
    assert "Token:" not in run("--journal", journal, "--read-only").output


def test_another_address_is_said_to_want_the_token(run, journal, monkeypatch):
    monkeypatch.setattr("bot.cli.dashboard._require_free", lambda *_: None)
    said = run("--journal", journal, "--host", "192.168.1.20", "--read-only").output
    assert "Token:" in said and "every page wants the token" in said


def test_before_the_first_journal_it_serves_and_the_pages_say_that_there_is_none(run):
    result = run()
    assert result.exit_code == 0 and "none yet" in result.output and "served 127.0.0.1 False" in result.output, result.output


@pytest.mark.parametrize("words", [("--journal", "nowhere.sqlite"), ("--port", "70000"), ("--host", "no such host")])
def test_what_cannot_be_is_one_sentence(run, words):
    result = run(*words)
    assert result.exit_code == 2 and "Traceback" not in result.output and "served" not in result.output


@pytest.mark.parametrize("kind", ["text", "foreign", "empty", "damaged"])
def test_a_file_that_is_no_journal_is_told_before_anything_is_served_as_every_verb_tells_it(run, journal, kind):
    spoiled = Path("spoiled.sqlite")
    if kind == "foreign":
        with connect(spoiled) as db:
            db.execute("CREATE TABLE t (x)")
    elif kind == "damaged":
        spoiled.write_bytes(journal.read_bytes())
        with connect(spoiled) as db:
            db.execute("DROP TRIGGER records_no_update")
    else:
        spoiled.write_text("no journal " * 500 if kind == "text" else "")
    told = run("--journal", spoiled)
    assert (told.exit_code, told.stdout, told.stderr.count("\n")) == (1 if kind == "damaged" else 2, "", 1), told.output
    other = CliRunner().invoke(cli, ["journal", "verify", "--journal", str(spoiled)])
    assert other.exit_code == told.exit_code and (kind == "damaged" or other.stderr == told.stderr), other.output
    assert kind == "damaged" or "name a .sqlite file that a run has written" in told.stderr


def test_ctrl_c_is_its_ordinary_end(run, journal, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.dashboard.serve.serve", interrupted)
    assert run("--journal", journal).exit_code == 0


def test_a_port_that_is_taken_is_said(run, journal):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(cli, ["dashboard", "--journal", str(journal), "--port", str(port)])
    assert result.exit_code == 2 and f"127.0.0.1 port {port} cannot be listened on" in result.stderr


def test_without_the_extra_it_says_how_to_get_it(run, journal, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    result = run("--journal", journal)
    assert (result.exit_code, 'pip install ".[dashboard]"' in result.stderr) == (2, True)
