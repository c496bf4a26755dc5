"""How fast we may talk: messages a second, and requests for history (IBKR: historical limitations)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class MessageLimiter:
    """At most `limit` messages in any second, in the order they were asked for; later ones wait.

    `now` and `call_later` are the event loop's. It does not promise that the broker's own count agrees: 40 leaves a margin to 50.
    """

    def __init__(self, limit: int, now: Callable[[], float], call_later: Callable[[float, Callable[[], None]], object]) -> None:
        self._limit, self._now, self._call_later = limit, now, call_later
        self._sent: deque[float] = deque()
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()  # what to send, and how many messages that is
        self._armed = False

    @property
    def waiting(self) -> int:
        """Messages that wait for their turn."""
        return sum(size for _, size in self._waiting)

    def send(self, message: Callable[[], None], size: int = 1) -> None:
        """Send now if there is room and nobody waits; else when there is. `size` messages that go together have room for all of them."""
        self._waiting.append((message, size))
        if not self._armed:
            self._drain()

    def clear(self) -> None:
        """Forget what waits: its connection is gone."""
        self._waiting.clear()

    def _drain(self) -> None:
        self._armed = False
        now = self._now()
        while self._sent and now - self._sent[0] >= 1.0:
            self._sent.popleft()
        while self._waiting and (not self._sent or len(self._sent) + self._waiting[0][1] <= self._limit):
            message, size = self._waiting.popleft()
            self._sent.extend([now] * size)
            message()
        if self._waiting:
            self._armed = True
            self._call_later(max(0.0, self._sent[0] + 1.0 - now), self._drain)


class HistoryPacer:
    """When the next request for history may go: 60 in ten minutes, 5 of one contract in two seconds, the same again after 15 s.

    Times are seconds of one steady clock. Asking never raises; it says how long to wait.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._sent: deque[tuple[float, str]] = deque()

    def wait_seconds(self, request: str) -> float:
        """Seconds until a request with this text may be sent; 0 means now."""
        now = self._now()
        while self._sent and now - self._sent[0][0] >= 600.0:
            self._sent.popleft()
        waits = [0.0]
        if len(self._sent) >= 60:
            waits.append(self._sent[-60][0] + 600.0 - now)
        if len(self._sent) >= 5:
            waits.append(self._sent[-5][0] + 2.0 - now)
        waits += [at + 15.0 - now for at, text in self._sent if text == request]
        return max(waits)

    def note(self, request: str) -> None:
        """A request has been sent."""
        self._sent.append((self._now(), request))
