"""IB's pacing rules of historical and real-time bar requests, counted for real when switched on. Wall time.

An identical request within 15 s, a sixth for one contract within 2 s, or more than 60 in ten minutes is refused.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from bot.gateway.requests import Request

IDENTICAL_SECONDS = 15.0
BURST, BURST_SECONDS = 6, 2.0
WINDOW, WINDOW_SECONDS = 60, 600.0


class Pacing:
    """Remembers requests while `on`."""

    def __init__(self, wall: Callable[[], float] = time.monotonic) -> None:
        self.on = False
        self._wall = wall
        self._seen: deque[tuple[float, tuple[object, ...], tuple[object, ...]]] = deque()

    def refuses(self, request: Request) -> bool:
        """Whether a request violates a rule; counts it if not."""
        if not self.on:
            return False
        now = self._wall()
        while self._seen and now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()
        about = (request.kind, request.query)
        whole = (*about, *(value for name, value in sorted(request.values.items()) if name not in ("reqId", "contract")))
        identical = any(now - at < IDENTICAL_SECONDS and same == whole for at, _, same in self._seen)
        burst = sum(now - at < BURST_SECONDS and same == about for at, same, _ in self._seen) >= BURST - 1
        if identical or burst or len(self._seen) >= WINDOW:
            return True
        self._seen.append((now, about, whole))
        return False
