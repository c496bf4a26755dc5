"""The running statistics that DVS needs: a median, Wilder's ATR, and mean with deviation."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Collection

NAN = float("nan")


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


class WilderAtr:
    """Wilder's average true range: the mean of the first `period` ranges, then smoothed by 1 / period."""

    __slots__ = ("_count", "_period", "_sum", "value")

    def __init__(self, period: int) -> None:
        self._period = period
        self._count = 0
        self._sum = 0
        self.value = NAN

    def add(self, true_range: int) -> float:
        """Take in a true range in ticks and return the average that counts it; nan before `period` ranges."""
        if self._count < self._period:
            self._count += 1
            self._sum += true_range
            if self._count == self._period:
                self.value = self._sum / self._period
        else:
            self.value += (true_range - self.value) / self._period
        return self.value


def mean_and_stdev(values: Collection[int]) -> tuple[float, float]:
    """Mean and population standard deviation of whole numbers, exact until the last step; nan of none."""
    count = len(values)
    if not count:
        return NAN, NAN
    total = sum(values)
    spread = count * sum(value * value for value in values) - total * total
    return total / count, math.sqrt(spread) / count
