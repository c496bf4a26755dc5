"""Prints the coverage table of test_coverage_table.py after the tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rogue_day import day, law

__all__ = ["day", "law"]  # fixtures of every test that plays a rogue's day

_TABLE = pytest.StashKey[dict[str, list[str]]]()


@pytest.fixture
def record_coverage(request: pytest.FixtureRequest) -> Callable[[dict[str, list[str]]], None]:
    """Keep the table: what was reached, and by which scenarios."""

    def keep(table: dict[str, list[str]]) -> None:
        request.config.stash[_TABLE] = table

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    table = config.stash.get(_TABLE, None)
    if table is None:
        return
    terminalreporter.section("refusals and exits, and the bars that reached them")
    width = max(map(len, table))
    for item, scenarios in table.items():
        more = f" and {len(scenarios) - 1} more" if len(scenarios) > 1 else ""
        terminalreporter.write_line(f"{item:<{width}}  {scenarios[0] if scenarios else 'NOT REACHED'}{more}")
