"""The clock that EQS runs on: minutes of RTH market time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from bot.calendar import Session
from bot.units import MINUTE_NS


class RthClock:
    """Minutes of RTH market time since the opening of the first session covered; stands still outside RTH.

    `sessions` are all RTH sessions of the dates covered, in order (SessionCalendar.sessions). The minute is
    a function of the stamp alone, so it survives a restart and never runs backwards on a
    stream that does not. Before the first session it reads 0, after the last it stands still.
    """

    def __init__(self, sessions: Sequence[Session]) -> None:
        self._sessions = sessions
        self._opens = [session.open_ns for session in sessions]
        self._before_ns = list(accumulate((session.close_ns - session.open_ns for session in sessions), initial=0))

    def minute(self, ts_ns: int) -> float:
        """RTH minutes at a stamp (UTC ns); a bar's close reads whole minutes."""
        index = bisect_right(self._opens, ts_ns) - 1
        if index < 0:
            return 0.0
        session = self._sessions[index]
        return (self._before_ns[index] + min(ts_ns, session.close_ns) - session.open_ns) / MINUTE_NS
