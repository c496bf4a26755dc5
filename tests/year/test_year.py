"""Ten sessions of a simulated year over a clock change and a roll, and three over a New Year's night. `make year` plays 250."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parent / "run.py"
ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a process takes is read from /proc"),
]


@pytest.mark.parametrize(("first", "sessions"), [("2026-03-04", "10"), ("2025-12-30", "3")])
def test_some_sessions_of_the_year_hold(tmp_path, first, sessions):
    words = (sys.executable, str(RUN), "--from", first, "--sessions", sessions, "--out", str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "tests" / "e2e", ROOT / "tests", ROOT)))}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
