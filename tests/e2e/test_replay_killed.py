"""`mesbot kill` during a replay ends the replay, with its sentence and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay_watched import bars, replayed


@pytest.mark.slow
def test_a_killed_replay_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    journal, result, [killed] = replayed(tmp_path, monkeypatch, 600, ["kill", "--reason", "enough"])
    assert (killed.exit_code, "HALTED" in killed.output) == (0, True), killed.output
    assert result.exit_code == 1 and "The replay was killed (enough) and ended at" in result.output, result.output
    assert 3 <= bars(journal) < 380
