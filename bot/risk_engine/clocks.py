"""Two times (spec 1): market time drives decisions, wall time drives liveness only.

In a backtest one clock is both. In a live node market time is what the stamps of messages
say, so that a replayed day decides as it did; wall time is the node's own clock.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol
from weakref import ref

from bot.units import SECOND_NS

Callback = Callable[[], None]
SOON_NS = SECOND_NS // 10


class Timeline(Protocol):
    """A time that can be read and waited for; UTC ns."""

    @property
    def now_ns(self) -> int:
        """The time."""

    def call_at(self, name: str, at_ns: int, callback: Callback) -> None:
        """Call back once the time is reached; at once, but not within this call, if it is past."""


class Once:
    """Callbacks by name: whoever asks for one again while it waits gets it with the first."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    def after(self, time: Timeline, name: str, after_ns: int, callback: Callback) -> None:
        """Call back so many nanoseconds from now; nothing if this name waits already."""
        if name not in self._waiting:
            time.call_at(name, time.now_ns + after_ns, lambda: self._over(name, callback))
            self._waiting.add(name)  # not before: what could not be asked for does not wait

    def _over(self, name: str, callback: Callback) -> None:
        self._waiting.discard(name)
        callback()


class ClockTime:
    """Nautilus' clock: the test clock of a backtest, the wall clock of a live node.

    Live timers fire on a foreign thread, so they come back through the event loop that was
    running when `use_running_loop` was called. `soon` counts those that were due within SOON_NS
    when they were asked for and have not come back: work under way, not patience.
    """

    def __init__(self, clock: Any) -> None:
        self.soon = 0
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._names = count(1)
        self._waiting: dict[str, tuple[Callback, bool]] = {}

    @property
    def now_ns(self) -> int:
        """The clock's time."""
        return self._clock.timestamp_ns()

    def use_running_loop(self) -> None:
        """Note the loop that callbacks come back to; there is none in a backtest."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def call_at(self, name: str, at_ns: int, callback: Callback) -> None:
        """See Timeline. `name` is for people; it need not be unique."""
        unique, soon = f"{name}-{next(self._names)}", at_ns - self.now_ns <= SOON_NS
        self._waiting[unique] = callback, soon
        self.soon += soon
        me = ref(self)  # a live clock keeps what it has called, and would keep the whole node that has asked

        def fire(_: Any) -> None:
            if (time := me()) is not None:
                time._fired(unique)

        self._clock.set_time_alert_ns(name=unique, alert_time_ns=at_ns, callback=fire)

    def _fired(self, unique: str) -> None:
        if self._loop is None:
            self._come_back(unique)
        else:
            self._loop.call_soon_threadsafe(self._come_back, unique)

    def _come_back(self, unique: str) -> None:
        callback, soon = self._waiting.pop(unique)
        self.soon -= soon
        callback()


class StampTime:
    """Market time as stamps tell it, from `start_ns` on: it stands still between messages and never runs backwards."""

    def __init__(self, start_ns: int = 0) -> None:
        self.now_ns = start_ns
        self._waiting: list[tuple[int, int, Callback]] = []
        self._order = count()

    def advance(self, ts_ns: int) -> None:
        """A message is stamped `ts_ns`: call back everyone whose time has come, in order of their times."""
        self.now_ns = max(self.now_ns, ts_ns)
        while self._waiting and self._waiting[0][0] <= self.now_ns:
            heapq.heappop(self._waiting)[2]()

    def call_at(self, name: str, at_ns: int, callback: Callback) -> None:
        """See Timeline."""
        heapq.heappush(self._waiting, (at_ns, next(self._order), callback))
