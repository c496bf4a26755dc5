"""What Nautilus' cache must hold for us, kept beside it: the cache is everybody's, and what is not in it cannot be traded or left.

Every part with the cache may put another instrument in the place of ours, or take it away. It is put back, and that it was needed is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_trader.model.identifiers import InstrumentId

WHEN = frozenset({"ts_event", "ts_init"})  # what two equal instruments may differ in


class Kept:
    """`lost` is told, in words, of what had to be put back into `cache`; by then it is there again."""

    def __init__(self, cache: Any, instrument_id: InstrumentId, lost: Callable[[str], None]) -> None:
        self._cache, self._instrument_id, self._lost = cache, instrument_id, lost
        self._instrument: Any = None

    def look(self) -> None:
        """Put back what is missing or another. The first instrument that is seen is the one of the run."""
        if words := self._other_instrument():
            self._cache.add_instrument(self._instrument)
            self._lost(words)

    def _other_instrument(self) -> str:
        found = self._cache.instrument(self._instrument_id)
        if self._instrument is None:
            self._instrument = found
        if found is self._instrument or _same(found, self._instrument):
            return ""
        return f"{self._instrument_id} was {'taken away' if found is None else 'replaced'}"


def _same(found: Any, right: Any) -> bool:
    """Whether they differ in nothing but when they were told."""
    if type(found) is not type(right):
        return False
    said, wanted = type(right).to_dict(found), type(right).to_dict(right)
    return {name: value for name, value in said.items() if name not in WHEN} == {
        name: value for name, value in wanted.items() if name not in WHEN
    }
