"""Puts this folder on the path, so that every test can import `builders`; hypothesis runs the same examples each time; long files first."""

from __future__ import annotations

import pytest
from hypothesis import settings

WHOLE_RUNS = ("e2e", "integration", "campaign")

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs come first: a file of them that is begun last has all other workers wait for it."""
    items.sort(key=lambda item: item.path.parent.name not in WHOLE_RUNS)
