"""The running median that DVS needs."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

from bot.market.state import NAN


class MedianWindow:
    """Median of the last `size` values, kept sorted; O(log size) search and a short move a value."""

    __slots__ = ("_arrived", "_size", "_sorted")

    def __init__(self, size: int) -> None:
        self._size = size
        self._arrived: deque[int] = deque()
        self._sorted: list[int] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, value: int) -> None:
        """Take in the newest value and let the oldest go."""
        if len(self._arrived) == self._size:
            del self._sorted[bisect_left(self._sorted, self._arrived.popleft())]
        self._arrived.append(value)
        insort(self._sorted, value)

    @property
    def median(self) -> float:
        """The median; the mean of the middle two of an even number; nan of none."""
        count = len(self._sorted)
        if not count:
            return NAN
        half = count // 2
        return self._sorted[half] if count % 2 else (self._sorted[half - 1] + self._sorted[half]) / 2
