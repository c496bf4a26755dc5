"""Where the command begins: streams that the caller has closed, and Ctrl-C while it is still imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[3]


def run(folder: Path, closing: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`mesbot WORDS` in a shell that closes a stream first, with a state of its own."""
    script = f'exec "$0" -m bot.cli "$@" {closing}'
    environment = {**os.environ, "MESBOT_HOME": str(folder / "state"), "PYTHONPATH": str(HERE)}
    return subprocess.run(["sh", "-c", script, sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True)


ALL = ">&- 2>&- <&-"


@pytest.mark.parametrize(
    ("closing", "words", "code"),
    [
        (">&-", ("why", "--codes"), 0),
        ("2>&-", ("status", "--mode", "mars"), 2),
        ("<&-", ("kill", "--reason", "x", "--include-foreign"), 2),
        (ALL, ("why", "--codes"), 0),
    ],
)
def test_a_closed_stream_changes_no_exit_code_and_prints_no_stack_trace(tmp_path, closing, words, code):
    done = run(tmp_path, closing, *words)
    assert done.returncode == code
    assert "Traceback" not in done.stdout + done.stderr


def test_a_letter_that_the_terminal_lacks_is_written_plainly_and_no_sign_is_lost():
    program = "from bot.cli.entry import write_every_letter as w; w(); print('−$77.31 ≤ 2 – ✓ 字')"
    environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stdout.decode("latin-1").strip() == "-$77.31 <= 2 - ok ?"


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path):
    program = "from bot.cli.entry import open_missing_streams as o; o(); f = open('number', 'w'); f.write(str(f.fileno()))"
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    subprocess.run(["sh", "-c", f'exec "$0" -c "$1" {ALL}', sys.executable, program], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "number").read_text() == "3", "what is printed would be written into it"


def test_ctrl_c_while_the_command_is_imported_is_a_sentence_and_130(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import builtins\nkept = builtins.__import__\n"
        "def asked(name, *rest, **named):\n"
        "    if name == 'click':\n        raise KeyboardInterrupt\n"
        "    return kept(name, *rest, **named)\n"
        "builtins.__import__ = asked\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{HERE}"}
    done = subprocess.run([sys.executable, "-m", "bot.cli", "--version"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted before it had begun: nothing was done.\n")
