"""A market that falls silent: no closed bar is told any more while the exchange is open. Decisions wait for bars; this does not.

It says nothing before the first bar of a run (history may be missing, and a trade that was adopted keeps its stop), nor while the exchange
is closed. Where no bar comes at all the exchange may have halted: no order at the market can fill then, and a stop that was given up for
one may not be taken again. So what is held keeps stop and target until a bar comes, which leaves it (spec 5, a hole), or its time is over;
and whatever is left meanwhile, by the clock or by a kill, keeps its stop beside the closing order.

The three minutes are no contract: no plan is judged by them, and a set of contracts with one key more would be another law for every run.
"""

from __future__ import annotations

from bot.calendar import SessionCalendar
from bot.units import MINUTE_NS, SECOND_NS

PATIENCE_NS = 3 * MINUTE_NS
LATE_NS = MINUTE_NS + 5 * SECOND_NS  # a bar comes each minute; where the desk flattens because none came, it is later than this


class Silence:
    """Times are UTC ns: of bars their close by market time, of the wall any clock that goes on."""

    def __init__(self, calendar: SessionCalendar) -> None:
        self._calendar = calendar
        self._bar_ns = self._wall_ns = 0

    def heard(self, bar_ns: int, wall_ns: int) -> None:
        """A bar was told, scored or rejected."""
        self._bar_ns, self._wall_ns = bar_ns, wall_ns

    def has_fallen(self, newest_ns: int, wall_ns: int) -> bool:
        """Whether bars are missed by now: `newest_ns` is the close of the last one that came into the system, told or not; 0 if none did.

        While the wall's time is that of the last bar told, only those count.
        """
        if not self._bar_ns:
            return False
        now_ns = self._bar_ns + wall_ns - self._wall_ns
        silent = now_ns > self._bar_ns + PATIENCE_NS and self._is_open(now_ns)
        return silent or self.is_deaf(newest_ns)

    def may_be_halted(self, newest_ns: int, wall_ns: int) -> bool:
        """Whether the bar in course is late and has not come into the system either: what is left now keeps its stop until it has gone."""
        return bool(self._bar_ns) and wall_ns > self._wall_ns + LATE_NS and newest_ns <= self._bar_ns

    def is_deaf(self, newest_ns: int) -> bool:
        """Whether bars come and are not told: the market trades, and an order at the market can fill."""
        return newest_ns > self._bar_ns + PATIENCE_NS

    def _is_open(self, now_ns: int) -> bool:
        return self._calendar.globex_open(now_ns) and self._calendar.globex_open(now_ns - PATIENCE_NS)
