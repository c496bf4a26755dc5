"""A state folder of the test's own; the builders of journals stand beside the tests of what folds them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "runtime")]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    return tmp_path / "state"
