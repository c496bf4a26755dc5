"""Market time: what every order event and bar is stamped with. UTC nanoseconds.

Live, it is this machine's clock corrected by what the broker's clock says. On a replay the
market runs at another speed than the wall, so it is the newest stamp any message carried: a
piece of a bar (its close) or an execution. Nothing of the wall enters there, so the same
messages give the same stamps at every speed.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.units import SECOND_NS


class MarketClock:
    """Tells market time. `wall_ns` is this machine's clock; `replay` says whose time counts."""

    def __init__(self, wall_ns: Callable[[], int], replay: bool) -> None:
        self._wall_ns = wall_ns
        self.replay = replay
        self.told: list[Callable[[int], None]] = []
        self._newest_ns = 0
        self._offset_ns = 0

    def now_ns(self) -> int:
        """Market time now. On a replay it is 0 before the first message."""
        return self._newest_ns if self.replay else self._wall_ns() + self._offset_ns

    def saw(self, ts_ns: int) -> None:
        """A message carried this market time; time never runs back. Those in `told` hear of every advance."""
        if ts_ns > self._newest_ns:
            self._newest_ns = ts_ns
            for listener in self.told:
                listener(ts_ns)

    def broker_says(self, epoch_seconds: int, at_connect: bool) -> float:
        """The broker's clock was read; returns our skew in seconds (positive: we are behind). Replays have none.

        The answer has whole seconds, so half a second is added and skews below a second are nothing.
        On a replay only the reading at a connect counts: later ones come at moments of the wall.
        """
        if self.replay:
            if at_connect:
                self.saw(epoch_seconds * SECOND_NS)
            return 0.0
        skew_ns = epoch_seconds * SECOND_NS + SECOND_NS // 2 - self._wall_ns()
        self._offset_ns = skew_ns if abs(skew_ns) > SECOND_NS else 0
        return skew_ns / SECOND_NS
