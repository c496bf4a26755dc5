"""The gateway's clock: market time that runs at a speed, stands still when held, and never runs ahead of the replay.

Times are UTC ns. Speed 1 is real time; MAX_SPEED does not wait at all. Wall time spent waiting for others
(lockstep) is not made up for: the clock goes on from where it stands.
"""

from __future__ import annotations

import asyncio
import math
import time

from bot.units import SECOND_NS

MAX_SPEED = math.inf
CATCH_UP_SECONDS = 0.05  # of lateness that is made up for, so that sleeping a little long does not add up


class Clock:
    """`now_ns` moves only between what `advance` has been asked to reach. `running`: whether the replay goes on by itself."""

    def __init__(self, start_ns: int, speed: float) -> None:
        self.speed = speed
        self.running = asyncio.Event()
        self._reached = self._target = start_ns
        self._wall = time.monotonic()

    @property
    def now_ns(self) -> int:
        """Market time. Above speed 1 it stands at the last reached moment, so that stamps do not hang on how fast this machine is."""
        if self.speed > 1 or self._target == self._reached:
            return self._reached
        gone = int((time.monotonic() - self._wall) * self.speed * SECOND_NS)
        return min(self._target, self._reached + gone)

    async def advance(self, target_ns: int) -> None:
        """Let time pass up to a moment; at once if it is past."""
        if target_ns <= self._reached:
            return
        self._target = target_ns
        if self.speed != MAX_SPEED:
            due = self._wall + (target_ns - self._reached) / SECOND_NS / self.speed
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            self._wall = max(due, time.monotonic() - CATCH_UP_SECONDS)
        self._reached = self._target = max(self._reached, target_ns)

    def jump(self, target_ns: int) -> None:
        """Be at a moment now, and let time run on from here."""
        self._reached = self._target = max(self._reached, target_ns)
        self.resume()

    def go(self) -> None:
        """Let time pass, from where it stands."""
        if not self.running.is_set():
            self.resume()
            self.running.set()

    def stand(self) -> None:
        """Let no more time pass than what has begun."""
        self.running.clear()

    def resume(self) -> None:
        """Time has stood still; run on from here."""
        self._wall = time.monotonic()
