"""Market time: what every order event and bar is stamped with. UTC nanoseconds.

Live, it is what the broker's clock said last, carried on by a steady clock, so that setting this machine's clock moves nothing. One
reading that is far from it moves nothing either: two in a row must agree. On a
replay the market runs at another speed than the wall, so it is the newest stamp any message carried: a piece of a bar (its close) or an
execution. Nothing of the wall enters there, so the same messages give the same stamps at every speed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.units import SECOND_NS

STEP_SECONDS = 30.0  # market time moves by no more than this because of one reading of the broker's clock
AGREE_SECONDS = 2.0  # readings agree, and so do two clocks, that are no farther apart


class MarketClock:
    """Tells market time. `wall_ns` is this machine's clock, `steady_ns` one that nobody sets; `replay` says whose time counts."""

    def __init__(self, wall_ns: Callable[[], int], replay: bool, steady_ns: Callable[[], int] | None = None) -> None:
        self._wall_ns, self._steady_ns = wall_ns, steady_ns or uptime_ns
        self._base_ns, self._base_at_ns = wall_ns(), self._steady_ns()  # market time at a moment of the steady clock
        self._ahead_ns = self._base_ns - self._base_at_ns  # this machine's clock less the steady one, when it was last compared
        self.replay = replay
        self.told: list[Callable[[int], None]] = []
        self._newest_ns = 0
        self._heard = False  # a reading was believed in this run
        self._doubted: float | None = None  # seconds by which the last reading was off, if it was not believed
        self._moved = 0.0  # seconds by which market time was moved in steps that took two readings
        self._skew = 0.0

    def now_ns(self) -> int:
        """Market time now. On a replay it is 0 before the first message."""
        return self._newest_ns if self.replay else self._base_ns + self._steady_ns() - self._base_at_ns

    def saw(self, ts_ns: int) -> None:
        """A message carried this market time; time never runs back. Those in `told` hear of every advance."""
        if ts_ns > self._newest_ns:
            self._newest_ns = ts_ns
            for listener in self.told:
                listener(ts_ns)

    def broker_says(self, epoch_seconds: int, at_connect: bool) -> float:
        """The broker's clock was read; returns this machine's skew in seconds (positive: it is behind). Replays have none.

        One that is more than STEP_SECONDS from market time counts once the next agrees with it. The answer has whole seconds, so
        half a second is added and skews below a second are nothing.
        On a replay only the reading at a connect counts: later ones come at moments of the wall.
        """
        if self.replay:
            if at_connect:
                self.saw(epoch_seconds * SECOND_NS)
            return 0.0
        told_ns = epoch_seconds * SECOND_NS + SECOND_NS // 2
        off = (told_ns - self.now_ns()) / SECOND_NS
        agrees = self._doubted is not None and abs(off - self._doubted) <= AGREE_SECONDS
        if abs(off) > STEP_SECONDS and not agrees:
            self._doubted = off
        else:
            if abs(off) > 1:
                self._base_ns, self._base_at_ns = told_ns, self._steady_ns()
            self._moved += off if abs(off) > STEP_SECONDS and self._heard else 0.0
            self._heard, self._doubted = True, None
        self._skew = (told_ns - self._wall_ns()) / SECOND_NS
        return self._skew

    @property
    def doubted(self) -> bool:
        """Whether the last reading of the broker's clock is not believed before another one agrees."""
        return self._doubted is not None

    @property
    def astray_seconds(self) -> float:
        """By how much the broker's clock has jumped in this run; 0 where it has not, or where this machine's agrees with it."""
        jumped = self._moved + (self._doubted or 0.0)
        return jumped if abs(jumped) > AGREE_SECONDS and abs(self._skew) > AGREE_SECONDS else 0.0

    def step_seconds(self) -> float:
        """How far this machine's clock has been set since this was last asked; about 0 while it only runs."""
        before, self._ahead_ns = self._ahead_ns, self._wall_ns() - self._steady_ns()
        return (self._ahead_ns - before) / SECOND_NS


def uptime_ns() -> int:
    """A clock that nobody sets, and that counts the time in which the machine slept, where the system has one that does."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic_ns()
