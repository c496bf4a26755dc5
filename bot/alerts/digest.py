"""A day in a few sentences: what `mesbot report` says of it, and how things stand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from bot.alerts.alert import Event, Said
from bot.calendar import clock_ns, new_york
from bot.decision.snapshot import KillState
from bot.journal.read import opened
from bot.journal.records import Kind
from bot.node.journals import with_earlier
from bot.report.run import Run
from bot.report.summary import Summary
from bot.report.verdict import verdict
from bot.runtime.past import past_of
from bot.runtime.recover import recovered
from bot.units import HOUR_NS

_BEFORE = "SELECT coalesce(max(last_seq), 0) FROM links WHERE ts_ns <= ?"
_NEWEST_BAR = f"SELECT ts_ns FROM records WHERE kind = '{Kind.BAR}' ORDER BY seq DESC LIMIT 1"
NEXT = "Next:"  # how the verdict's advice to somebody who tries things begins


def digest(path: Path, date: dt.date) -> Said:
    """Of the newest session, which has this date. Raises JournalError if the journal cannot be read."""
    evening_ns = clock_ns(date, dt.time(0)) - 6 * HOUR_NS
    with opened(path) as db:
        (before,) = db.execute(_BEFORE, (evening_ns,)).fetchone()
    run = Run.read(path, before)
    run.bars = [bar for bar in run.bars if bar.day == date.isoformat()]
    if not run.bars:
        return Said(Event.HEALTH, f"{date:%A} {date} was a session, and no bar of it is in the journal: did the bot run?", f"no bar {date}")
    said = [sentence for sentence in verdict(Summary.of(run)) if not sentence.startswith(NEXT)]
    return Said(Event.DIGEST, " ".join((f"{date:%A} {date}.", *said, standing(path))))


def newest_day(path: Path) -> dt.date | None:
    """The date of the newest bar, New York; None if there is none. Raises JournalError."""
    with opened(path) as db:
        newest = db.execute(_NEWEST_BAR).fetchone()
    return None if newest is None else new_york(newest[0]).date()


def standing(path: Path) -> str:
    """What is open, and the kill switch, as sentences. Raises JournalError."""
    past = past_of(with_earlier(path))
    held = [f"{story.intent.intent_id} {net:+d}" for story in past.unfinished if (net := recovered(story).net)]
    kill = past.kill_state if past.kill_state is KillState.ARMED else f"{past.kill_state} ({past.kill_reason})"
    return f"{'Open: ' + ', '.join(held) if held else 'Nothing is open'}. Kill switch {kill}."
