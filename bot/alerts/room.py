"""That the disk which the journal lies on is nearly full: told without writing anything, for where it is full nothing can be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from bot.alerts.alert import Event, Said

LEAST_BYTES, ENOUGH_BYTES = 100_000_000, 150_000_000  # below the first it is told; at the second it is over


class Room:
    """Of the disk of one journal. What cannot be asked is told by whoever reads the journal."""

    def __init__(self, journal: Path) -> None:
        self._folder = journal.parent
        self._low = False

    def look(self) -> Iterator[Said]:
        """Once when it is nearly full, and once when there is room again."""
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:
            return
        if not self._low and free < LEAST_BYTES:
            self._low = True
            text = f"Only {free / 1e6:,.0f} MB are free on the disk of the journal: when it is full entries are refused; make room."
            yield Said(Event.HEALTH, text)
        elif self._low and free >= ENOUGH_BYTES:
            self._low = False
            yield Said(Event.HEALTH, f"There is room on the disk of the journal again: {free / 1e6:,.0f} MB.")
