"""Which sessions a year is, and what happens in it and when: all of it by the calendar, so that two runs tell one story.

Times are market time, UTC ns.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from bot.calendar import Session, SessionCalendar, clock_ns, expiries_from, new_york
from bot.contracts import Contracts
from bot.errors import CalendarError
from bot.gateway.bridge import PIECE_NS
from bot.units import HOUR_NS, MINUTE_NS

NIGHTLY = "23:45"  # the gateway's own restart, as an unattended one is set
DOWN_NS, LOGGED_OUT_NS = 2 * MINUTE_NS, 2 * HOUR_NS  # of trading that the bot does not see
HISTORY_SESSIONS = 25  # before the first that is played
MEASURED_NS = 10 * MINUTE_NS  # after a session's close


class What(StrEnum):
    """What happens. TURN: the bot's own next node is due; EXPIRE: a month has had its last trade; MEASURE: a session is over."""

    RESTART = "restart"
    LOGOUT = "logout"
    TURN = "turn"
    KILL = "kill"
    STOP = "stop"
    EXPIRE = "expire"
    MEASURE = "measure"


class Happening(NamedTuple):
    """One thing that is done, or waited for, when market time has come there; it lasts until `until_ns`."""

    ts_ns: int
    what: What
    until_ns: int = 0
    name: str = ""


@dataclass(frozen=True)
class Plan:
    """`sessions` are played; `history` is the date of the first one before them. `happenings` are in order."""

    sessions: tuple[Session, ...]
    calendar: SessionCalendar
    history: dt.date
    happenings: tuple[Happening, ...]

    @property
    def start_ns(self) -> int:
        """Ten minutes before the first open."""
        return self.sessions[0].open_ns - 10 * MINUTE_NS

    @property
    def end_ns(self) -> int:
        """Half an hour after the last close."""
        return self.sessions[-1].close_ns + 30 * MINUTE_NS


def plan_of(contracts: Contracts, first: dt.date, count: int) -> Plan:
    """So many sessions from a date on."""
    ends = first + dt.timedelta(days=count * 2 + 14)
    calendar = SessionCalendar(contracts.session, first - dt.timedelta(days=60), ends + dt.timedelta(days=200))
    at = next(index for index, session in enumerate(calendar.sessions) if session.date >= first.isoformat())
    sessions = tuple(calendar.sessions[at : at + count])
    bare = Plan(sessions, calendar, dt.date.fromisoformat(calendar.sessions[at - HISTORY_SESSIONS].date), ())
    made = [
        *_gateway(bare),
        *_turns(bare),
        *_bot(bare),
        *(Happening(each.close_ns + MEASURED_NS, What.MEASURE, 0, each.date) for each in sessions),
    ]
    inside = sorted(each for each in made if bare.start_ns < each.ts_ns < bare.end_ns)
    return Plan(sessions, calendar, bare.history, tuple(inside))


def _gateway(plan: Plan) -> list[Happening]:
    """A restart every night in which there is trading, and a logout every weekend: from the last close to an evening's login."""
    hours, minutes = map(int, NIGHTLY.split(":"))
    found = []
    for (_, end), (start, stop) in pairwise(plan.calendar.globex_hours):
        days = (new_york(start).date() - new_york(end).date()).days
        if days > 1:
            found.append(Happening(end, What.LOGOUT, start + LOGGED_OUT_NS))
        night = clock_ns(new_york(start).date(), dt.time(hours, minutes))
        if start < night < stop:
            found.append(Happening(night, What.RESTART, night + DOWN_NS))
    return found


def _turns(plan: Plan) -> list[Happening]:
    """When the bot's next node is due: with the first trading after midnight of a roll, and after the year's last trading day."""
    first, last = (new_york(each).date() for each in (plan.start_ns, plan.end_ns))
    found = []
    for expiry in expiries_from(first):
        try:
            roll = plan.calendar.roll_date(expiry)
        except CalendarError:
            break
        if roll > last:
            break
        if roll > first:
            found.append(Happening(_traded(plan, clock_ns(roll, dt.time())), What.TURN, 0, f"roll of {roll}"))
        found.append(Happening(clock_ns(expiry, dt.time(20)), What.EXPIRE, 0, f"{expiry:%Y-%m}"))
    for year in range(first.year, last.year):
        eve = clock_ns(dt.date(year, 12, 31), dt.time(18))
        found.append(Happening(_traded(plan, eve), What.TURN, 0, f"the journal of {year + 1}"))
    return found


def _traded(plan: Plan, ts_ns: int) -> int:
    """The end of the first piece that trades from a moment on: then the bot knows that it has come."""
    return next(max(start, ts_ns) for start, end in plan.calendar.globex_hours if end > ts_ns) + PIECE_NS


def _bot(plan: Plan) -> list[Happening]:
    """The bot itself: killed hard early on and before the end stopped in order; between the two one process goes on."""
    sessions = plan.sessions
    found = [Happening(sessions[min(2, len(sessions) - 1)].open_ns + 30 * MINUTE_NS, What.KILL)]
    if len(sessions) > 5:
        found += [Happening(_evening(sessions[3]), What.STOP), Happening(_evening(sessions[-2]), What.STOP)]
    return found


def _evening(session: Session) -> int:
    """20:30 after a session, when it is traded."""
    return clock_ns(dt.date.fromisoformat(session.date), dt.time(20, 30))
