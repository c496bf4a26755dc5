"""Which losses of the connection execution quality is charged for: all but those of which nothing of ours could have felt anything.

A restart that the gateway makes every night, and its login while the exchange is closed, are no fault of execution. What is not known
counts: an account that was not told, a date without a calendar, a clock in doubt.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.calendar import SessionCalendar, new_york
from bot.ibkr.errors import BrokerError, ConnectionLost, ScheduledRestart
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import LinkState
from bot.quality.eqs import loss_events
from bot.quality.rth_clock import RthClock

RESTART_BEFORE_MINUTES, RESTART_AFTER_MINUTES = 2, 10


class Disruptions:
    """Hears of every change of the link. `idle`: nothing of ours is known to be at the broker; `nightly_restart` is "HH:MM" New York or "";
    `charge` takes an EQS event and its detail.

    A loss that seemed to be none is charged after all once the link is back, if RTH has gone on meanwhile.
    """

    def __init__(
        self,
        link: Link,
        idle: Callable[[], bool],
        calendar: SessionCalendar,
        nightly_restart: str,
        charge: Callable[[str, str], None],
    ) -> None:
        self._link, self._idle, self._calendar = link, idle, calendar
        self._restart, self._charge = nightly_restart, charge
        self._rth = RthClock(calendar.sessions)
        self._excused: float | None = None  # RTH minutes at a loss that was not charged
        link.state_changed.append(self._on_state)

    def near_restart(self) -> bool:
        """Whether the gateway's own restart is near."""
        if not self._restart:
            return False
        hours, minutes = map(int, self._restart.split(":"))
        now = new_york(self._link.clock.now_ns())
        since = (now.hour * 60 + now.minute - hours * 60 - minutes + 720) % 1440 - 720
        return -RESTART_BEFORE_MINUTES <= since < RESTART_AFTER_MINUTES

    def lost(self) -> BrokerError:
        """What to call a connection that has just closed."""
        return ScheduledRestart("the gateway restarts") if self.near_restart() else ConnectionLost("the gateway closed the connection")

    def _on_state(self, state: LinkState, previous: LinkState) -> None:
        now = self._link.clock.now_ns()
        if previous.allows_way_out and not state.allows_way_out:
            in_session = self._calendar.session_at(now) is not None
            events = loss_events(expected=self._expected(now), idle=self._idle(), in_session=in_session)
            self._excused = None if events else self._rth.minute(now)
        elif state in (LinkState.SYNCED, LinkState.DEGRADED) and self._excused is not None:  # before that the broker's clock is not read
            events = loss_events(expected=True, idle=True, in_session=self._rth.minute(now) > self._excused)
            self._excused = None
        else:
            events = []
        for event in events:
            self._charge(event, str(state))

    def _expected(self, now_ns: int) -> bool:
        """Whether the gateway restarts at this hour, or the exchange is closed, by a clock that nobody doubts."""
        closed = not self._calendar.open_within(now_ns, now_ns + 1)
        return (closed or self.near_restart()) and self._link.why_no_time() is None
