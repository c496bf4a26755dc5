"""Whether a run that writes a journal is alive: by the journal's lock, its signs of life, and the bars of a session that is open.

It does not say that trading goes well: a halted bot that follows the market is in good health. A restart does not mend what it cannot.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from bot.calendar import SessionCalendar, new_york
from bot.errors import CalendarError, JournalError
from bot.journal import schema
from bot.journal.contracts import newest_contracts
from bot.journal.read import headers, opened
from bot.journal.records import Kind
from bot.journal.run_end import END, interrupted
from bot.journal.run_lock import held_by, silent_seconds
from bot.units import MINUTE_NS

SILENT_NS = 3 * MINUTE_NS  # a bar comes every minute
STANDS_SECONDS = 15.0  # without a sign of life; a loop that hangs ends itself sooner
_NEWEST_BAR = f"SELECT wall_ns FROM records WHERE kind = '{Kind.BAR}' ORDER BY seq DESC LIMIT 1"


class Vital(NamedTuple):
    """What is wrong, as a sentence, "" if nothing is. `over`: nobody runs, and the last run came to its end. `replayed`: the market's
    time is not this machine's."""

    ill: str
    over: bool = False
    replayed: bool = False


class _Run(NamedTuple):
    began_ns: int
    bar_ns: int
    replayed: bool
    over: bool
    broken_off: str


class Health:
    """Of one journal; the calendar is worked out once a day."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._calendar: SessionCalendar | None = None
        self._date: dt.date | None = None

    def look(self, now_ns: int) -> Vital:
        """How it is at this moment of the wall (UTC ns). What cannot be looked at is wrong."""
        try:
            return self._look(now_ns)
        except (JournalError, CalendarError, OSError) as error:
            return Vital(f"Its health cannot be seen: {error}")

    def _look(self, now_ns: int) -> Vital:
        run = self._newest_run()
        replayed = run is not None and run.replayed
        if held_by(self.path) is None:
            over = run is None or run.over
            return Vital(f"No process writes {self.path.name}." if over else run.broken_off, over, replayed)
        if run is not None and (seconds := silent_seconds(self.path, run.began_ns, now_ns)) > STANDS_SECONDS:
            return Vital(
                f"The bot has given no sign of life for {seconds:,.0f} s: its process or this machine stood still.", replayed=replayed
            )
        if run is None or replayed or not (opened_ns := self._opened_ns(now_ns)):
            return Vital("", replayed=replayed)
        since_ns = max(run.bar_ns, run.began_ns, opened_ns)
        if now_ns - since_ns <= SILENT_NS:
            return Vital("")
        since = f"{new_york(since_ns):%H:%M} New York"
        return Vital(f"The session is open and no bar was journaled since {since}: no data, no link, or the bot stands still.")

    def _newest_run(self) -> _Run | None:
        with opened(self.path) as db:
            if schema.is_empty(db):
                return None
            said = headers(db)
            bar = db.execute(_NEWEST_BAR).fetchone()
            broken_off = interrupted(self.path, db, said)
        runs = [header for header in said if "verb" not in header]
        if not runs:
            return None
        newest = runs[-1]
        # A replay's journal names no account, or says so: its bars come at another pace.
        replayed = bool(newest.get("replayed_time")) or "account" not in newest
        return _Run(newest["wall_ns"], bar[0] if bar else 0, replayed, END in newest, broken_off)

    def _opened_ns(self, now_ns: int) -> int:
        """When the session that is open now opened; 0 if none is."""
        today = new_york(now_ns).date()
        if self._date != today:
            contracts = newest_contracts(self.path)
            if contracts is None:
                return 0
            self._calendar, self._date = SessionCalendar(contracts.session, today, today), today
        session = self._calendar.session_at(now_ns)
        return 0 if session is None else session.open_ns
