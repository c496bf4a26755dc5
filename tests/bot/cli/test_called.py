"""What the terminal tells a person to type can be typed there: the command as it was called, and nothing else of a sentence changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_mistakes import every_verb

from bot.cli.called import VERBS, as_called, called, unpadded
from bot.cli.main import cli

TYPED = ".venv/bin/mesbot"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets what was typed, on a machine whose PATH does not lead to it."""
    monkeypatch.setenv("PATH", "/nowhere")
    return lambda path: monkeypatch.setattr(sys, "argv", [path])


def test_the_verbs_of_sentences_are_those_of_the_command_line():
    assert set(VERBS) == set(cli.commands)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (TYPED, TYPED),
        ("/opt/bot/bin/mesbot", "/opt/bot/bin/mesbot"),
        ("my bots/mesbot", "'my bots/mesbot'"),
        ("mesbot", "mesbot"),
        (".venv/bin/pytest", "mesbot"),
        ("-c", "mesbot"),
    ],
)
def test_the_command_is_called_by_the_path_that_was_typed(typed, path, name):
    typed(path)
    assert called() == name


def test_a_command_that_the_path_leads_to_is_called_by_its_plain_name(typed, monkeypatch, tmp_path):
    program = tmp_path / "mesbot"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    typed(str(program))
    assert called() == "mesbot"
    typed("elsewhere/mesbot")
    assert called() == "elsewhere/mesbot", "another one of that name is on the PATH"


@pytest.mark.parametrize(
    ("sentence", "typed_sentence"),
    [
        ("run `mesbot backtest`, then mesbot why K1.", "run `.venv/bin/mesbot backtest`, then .venv/bin/mesbot why K1."),
        ("TWS_PORT=4002 mesbot paper", "TWS_PORT=4002 .venv/bin/mesbot paper"),
        ("See: mesbot data check --help", "See: .venv/bin/mesbot data check --help"),
        ("All verbs: mesbot --help", "All verbs: .venv/bin/mesbot --help"),
    ],
)
def test_a_command_within_a_sentence_is_as_it_was_typed_and_stays_so(typed, sentence, typed_sentence):
    typed(TYPED)
    assert as_called(sentence) == typed_sentence == as_called(typed_sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "mesbot trades MES",
        "refused while mesbot was away",
        "/home/me/mesbot why",
        "No such command: mesbot zzz",
        "mesbot whyever",
        "a mesbot",
    ],
)
def test_what_is_no_command_stays(typed, sentence):
    typed(TYPED)
    assert as_called(sentence) == sentence


def run(*words: str) -> tuple[int, str, str]:
    """A verb in an empty folder, called by a path: exit code and both streams."""
    result = CliRunner().invoke(cli, list(words), prog_name="mesbot")
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT", "NO_COLOR", "MESBOT_STRATEGIES"):
        monkeypatch.delenv(name, raising=False)
    typed(TYPED)


@pytest.mark.parametrize("words", ["", "--help", "backtest --help", "status", "why K1.net", "stop", "live", "runs", "data"])
def test_no_verb_tells_another_name_than_the_one_it_was_called_by(empty, words):
    _, out, err = run(*words.split())
    told = out + err
    assert TYPED in told
    assert told.replace(TYPED, "") == as_called(told.replace(TYPED, "")), "a command stands there by its plain name"


def test_a_document_for_a_program_is_the_same_however_it_was_called(empty, typed):
    asked = (("why", "K1.net", "--json"), ("completion", "fish"), ("completion", "bash"))
    by_path = [run(*words) for words in asked]
    typed("mesbot")
    assert by_path == [run(*words) for words in asked]
    assert "`mesbot backtest`" in json.loads(by_path[0][1])["error"]


@pytest.mark.parametrize("words", [words for words, _ in every_verb(cli)])
def test_every_help_fits_80_columns_as_a_fresh_clone_calls_it(empty, words):
    _, out, _ = run(*words.split()[1:], "--help")
    assert f"Usage: {words.replace('mesbot', TYPED)} " in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_first_words_fit_80_columns_too(empty):
    assert max(map(len, run()[1].splitlines())) <= 80


def test_the_module_is_called_by_the_python_that_was_typed(tmp_path):
    program = [sys.executable, "-m", "bot.cli", "stop"]
    environment = {**os.environ, "MESBOT_HOME": str(tmp_path)}
    done = subprocess.run(program, capture_output=True, text=True, env=environment)
    assert f"did you mean {sys.executable} -m bot.cli kill?" in done.stderr


BLANK_AT_END = [
    ("contracts",),
    ("strategies",),
    ("why", "--codes"),
    ("backtest", "--sessions", "1", "--no-report"),
    ("runs",),
    ("why", "--numbers"),
    ("journal", "verify"),
    ("compare", "latest", "latest"),
    ("check",),
    ("status",),
    ("--help",),
]


@pytest.mark.parametrize("columns", ["", "40", "80"])
def test_no_line_that_goes_into_a_pipe_ends_in_blanks(tmp_path, monkeypatch, columns):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", columns) if columns else monkeypatch.delenv("COLUMNS", raising=False)
    for words in BLANK_AT_END:
        told = CliRunner().invoke(cli, list(words))
        assert told.exit_code == 0 and told.output, (words, told.output)
        assert [line for line in told.output.splitlines() if line != line.rstrip()] == [], words


def test_a_question_keeps_the_blank_before_its_answer_and_what_a_terminal_shows_stays():
    assert unpadded("Remove 1 earlier run? [y/N]: ") == "Remove 1 earlier run? [y/N]: "
    assert unpadded(" K1   3   \n  \n K2\t\n") == " K1   3\n\n K2\n"
