"""Puts this folder on the path, so that every test can import `builders`; hypothesis runs the same examples each time.

At the end of a run stands what its tests have measured, if they have.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from measured import lines

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell it."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    for line in lines(found for report in reports for found in report.user_properties):
        terminalreporter.write_line(line)
