"""Puts this folder on the path, so that every test can import `builders`; hypothesis runs the same examples each time; long files first.

At the end of a run stands what its tests have measured, if they have.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings
from measured import lines

WHOLE_RUNS = ("e2e", "integration", "campaign", "year")

os.environ.pop("COLUMNS", None)  # which the workers of xdist set: what a pipe prints would be folded to it

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs come first: a file of them that is begun last has all other workers wait for it."""
    items.sort(key=lambda item: item.path.parent.name not in WHOLE_RUNS)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell it."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    for line in lines(found for report in reports for found in report.user_properties):
        terminalreporter.write_line(line)
