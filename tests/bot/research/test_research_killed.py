"""The command itself, killed (SIGKILL) in the middle and resumed, finds what one finds that nobody disturbed; the report is whole."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.research.extra import LIBRARIES

if missing := [name for name in LIBRARIES if find_spec(name) is None]:
    pytest.skip(f"the extra research is not installed: {', '.join(missing)}", allow_module_level=True)

from small_research import RUN, called, descendants

from bot.journal.verify import verify

pytestmark = pytest.mark.slow
SETS = 6


def command(verb: str, out: Path, *more: str) -> list[str]:
    words = ["K1.max_minutes", "K1.min_abs_vwap_z", "--seed", RUN["seed"], "--sessions", RUN["sessions"], "--trials", SETS, "--batch", 3]
    return [sys.executable, "-m", "bot.cli", verb, *map(str, words), "--workers", "2", "--out", str(out), "--json", *more]


def done(*words: str, code: int = 0) -> dict:
    """What a command that ends by itself found."""
    found = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    assert found.returncode == code, found.stdout + found.stderr
    return json.loads(found.stdout)


def finished(database: Path) -> int:
    """How many sets are finished in a study."""
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").fetchone()[0]
    except sqlite3.OperationalError:  # it is being made
        return 0


def compared(facts: dict) -> dict:
    """What must be the same: all but where it lies and how long it took."""
    sets = [{key: value for key, value in each.items() if key != "seconds"} for each in facts.pop("sets", [])]
    return {key: value for key, value in facts.items() if key not in ("folder", "storage")} | {"sets": sets}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes by /proc")
def test_a_sweep_that_was_killed_goes_on_to_the_same_report(tmp_path):
    undisturbed = done(*command("sweep", tmp_path / "whole"))
    database = tmp_path / "cut" / "sweep" / "study.sqlite"
    running = subprocess.Popen(command("sweep", tmp_path / "cut"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 600
    while not 0 < finished(database) < SETS:
        assert running.poll() is None and time.monotonic() < until, "it ended before it could be killed"
        time.sleep(0.05)
    workers = descendants(running.pid)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = finished(database)
    assert 0 < before < SETS
    refused = done(*command("sweep", tmp_path / "cut"), code=2)
    assert "sets already; --resume goes on with it" in refused["error"] or "1 set" in refused["error"], refused
    resumed = done(*command("sweep", tmp_path / "cut", "--resume"))
    assert compared(resumed) == compared(undisturbed)
    assert resumed["tried"] == SETS and resumed["verdict"][0].startswith("Nothing here: ")
    until = time.monotonic() + 120  # a worker sees by and by that whoever began it has gone
    while left := [pid for pid in workers if "ray" in called(pid)]:
        assert time.monotonic() < until, f"workers outlived the process that began them: {left}"
        time.sleep(0.2)


@pytest.mark.parametrize(("verb", "more", "at"), [("sweep", (), "work"), ("walk-forward", ("--train", "4", "--test", "2"), "start")])
def test_sigterm_ends_it_with_one_sentence_and_its_own_exit_code(tmp_path, verb, more, at):
    words = [word for word in command(verb, tmp_path / "cut", *more) if word != "--json"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    database, until = tmp_path / "cut" / verb / "study.sqlite", time.monotonic() + 600
    while not (finished(database) if at == "work" else database.exists()):
        assert running.poll() is None and time.monotonic() < until, "it ended before it could be asked to"
        time.sleep(0.05)
    running.terminate()
    out, told = running.communicate(timeout=120)
    last = told.splitlines()[-1]
    assert (running.returncode, out) == (143, ""), told
    assert last.startswith("Interrupted after " if at == "work" else "Interrupted before "), told
    assert "Traceback" not in told and "SIGTERM" not in told and "***" not in told
    assert at == "start" or "the same command with --resume goes on with it." in last


def test_a_walk_forward_reports_every_step_and_keeps_what_it_looked_at(tmp_path):
    facts = done(*command("walk-forward", tmp_path / "out", "--train", "4", "--test", "2"))
    folder = tmp_path / "out" / "walk-forward"
    assert json.loads((folder / "walk-forward.json").read_text()) == facts
    lines = (folder / "walk-forward.txt").read_text().splitlines()
    assert lines[0].startswith("Nothing here: ") and max(map(len, lines[:-3])) < 80
    assert len(facts["steps"]) == 2 and facts["sessions"] == 4
    for number, step in enumerate(facts["steps"], 1):
        part = step["chosen"]["out_of_sample"]
        assert verify(folder / f"step-{number}" / "journal.sqlite").head
        assert len(part["results"]) == 2 and step["tried"] == SETS
    assert facts["chosen"]["results"] == [result for step in facts["steps"] for result in step["chosen"]["out_of_sample"]["results"]]
