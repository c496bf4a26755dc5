"""What is typed beside a replay: `mesbot kill` ends it, with its sentence and exit code, and `mesbot status` shows it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from replay_watched import bars, replayed


@pytest.mark.slow
def test_a_killed_replay_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    journal, result, [killed] = replayed(tmp_path, monkeypatch, 600, ["kill", "--reason", "enough"])
    assert (killed.exit_code, "HALTED" in killed.output) == (0, True), killed.output
    assert result.exit_code == 1 and "The replay was killed (enough) and ended at" in result.output, result.output
    assert 3 <= bars(journal) < 380


@pytest.mark.slow
def test_a_replay_that_is_killed_before_its_first_bar_says_that_and_no_time_of_an_end(tmp_path, monkeypatch):
    journal, result, [killed] = replayed(tmp_path, monkeypatch, 1, ["kill", "--reason", "early"], after=0)
    assert killed.exit_code == 0, killed.output
    said = " ".join(result.output.split())
    assert "Stopped before the first bar of " in said and "It ended before the first bar of " in said, said
    assert "The replay was killed (early) before its first bar and ended, HALTED; the next one begins anew." in said
    assert result.exit_code == 1 and "data check FILE" not in said and bars(journal) == 0


@pytest.mark.slow
def test_status_beside_a_running_replay_shows_it_with_its_replayed_time_and_not_as_an_account(tmp_path, monkeypatch):
    words = ["status"], ["status", "--json"], ["status", "--mode", "paper"], ["kill", "--reason", "enough"]
    journal, _, [shown, facts, named, _] = replayed(tmp_path, monkeypatch, 600, *words)
    assert shown.exit_code == 0 and "\nPAPER replay\n" in shown.output, shown.output
    assert f"running, process {os.getpid()}\n" in shown.output and " New York, of replayed time\n" in shown.output
    [fact] = json.loads(facts.stdout)
    assert (fact["replayed"], fact["account"], Path(fact["path"]).resolve()) == (True, "", journal.resolve())
    assert named.exit_code == 2 and "No journal of PAPER" in named.stderr, "a replay is no journal of an account"
