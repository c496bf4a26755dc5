"""Which end of a minute a file's times name, and whether its clock is the one it says: judged by most sessions' marks."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bot.bars.marks import SILENT, Says, says
from bot.bars.passport import Finding, Severity, Stretch
from bot.bars.times import Times
from bot.bars.zone import CANDIDATES, Ints, from_wall, new_york_wall, offset_name
from bot.calendar import SessionCalendar
from bot.units import HOUR_NS, MINUTE_NS

NEARLY_ALL = 0.95
SOME_WRONG = 0.2  # share of sessions of one side of a clock change
FEW = 0.10  # share of sessions that may say the other end of the minute, by minutes that are missing
ROUND, CLEAR = 5, 6.0  # minutes; standard errors
STRONG = 3  # marks: such a session is no accident
EPOCH = dt.date(1970, 1, 1)
RIGHT = "in a right file the day starts at 18:00 or the session at 09:30 New York, on both sides of a clock change"
MARKS = "the session's marks (18:00 or 09:30, 15:59 or 16:59 New York)"


class Stamp(StrEnum):
    """Which end of its minute a bar's time names."""

    OPEN = "open"
    CLOSE = "close"


class Clock(NamedTuple):
    """What is known of a file's clock: the stamp (None: refused), why, stretches, and findings."""

    stamp: Stamp | None
    reason: str
    stretches: list[Stretch]
    findings: list[Finding]


class Days(NamedTuple):
    """The calendar's regular sessions as days since 1970: all, and those without an early close."""

    regular: Collection[int]
    full: Collection[int]

    @classmethod
    def of(cls, calendar: SessionCalendar) -> Days:
        """The days of a calendar."""
        day = {session.date: (dt.date.fromisoformat(session.date) - EPOCH).days for session in calendar.sessions}
        return cls(set(day.values()), {day[session.date] for session in calendar.sessions if not session.half_day})


def judge_clock(times: Times, volume: Ints, days: Days, stated: str | None, documented: str | None, vendor: str) -> Clock:
    """The stamp and what speaks against the clock. `stated` is the person's word, `documented` the vendor's."""
    said = says(new_york_wall(times.ts_ns), volume, days.regular, days.full)
    stretches = _stretches(said)
    findings = _off(times, volume, days, said, stretches)
    if any(each.severity is Severity.REFUSE for each in findings):
        return Clock(None, "", stretches, findings)
    stamp, reason, more = _stamp(said, times, volume, stated, documented, vendor)
    return Clock(stamp, reason, stretches, [*findings, *more])


def _stretches(said: Says) -> list[Stretch]:
    """One for each side of a clock change."""
    if not len(said.day):
        return []
    noon = (said.day * 24 + 17) * HOUR_NS
    offset = new_york_wall(noon) - noon
    cuts = np.flatnonzero(np.diff(offset)) + 1
    made = []
    for part in np.split(np.arange(len(said.day)), cuts):
        counted = Counter(said.minutes[part].tolist())
        opens, closes, _ = counted.pop(0, 0), counted.pop(1, 0), counted.pop(SILENT, 0)
        others = {str(minutes): count for minutes, count in counted.most_common()}
        made.append(Stretch(date_of(said.day[part[0]]), date_of(said.day[part[-1]]), len(part), opens, closes, others))
    return made


def date_of(day: int) -> str:
    """ISO date of a day since 1970."""
    return (EPOCH + dt.timedelta(days=int(day))).isoformat()


def _off(times: Times, volume: Ints, days: Days, said: Says, stretches: list[Stretch]) -> list[Finding]:
    """Sessions whose marks stand elsewhere: the clock is not the one that is written."""
    wrong = (said.minutes != SILENT) & (said.minutes != 0) & (said.minutes != 1)
    if not wrong.any():
        return []
    if not _no_accident(said, wrong, stretches):
        dates = ", ".join(date_of(day) for day in said.day[wrong][:3])
        return [Finding("CLOCK_DOUBT", Severity.WARN, f"{MARKS} stand elsewhere on {int(wrong.sum())} sessions alone ({dates})")]
    minutes = Counter(said.minutes[wrong].tolist()).most_common(2)
    shown = " and ".join(f"{_off_by(each)} on {count} of {len(said.day)} sessions" for each, count in minutes)
    span = f"{date_of(said.day[wrong][0])} to {date_of(said.day[wrong][-1])}"
    changed = _changes(stretches)
    sentence = f"by the zone of its times, {times.zone}, {MARKS} stand {shown} ({span}){changed}"
    severity = Severity.WARN if times.stated else Severity.REFUSE
    return [Finding("CLOCK", severity, sentence, "" if times.stated else _remedy(times, volume, days, minutes[0][0]))]


def _no_accident(said: Says, wrong: np.ndarray, stretches: list[Stretch]) -> bool:
    """Whether sessions stand elsewhere by hours and nothing of them stands right, or two in a row do, or many of one side."""
    speaking = np.flatnonzero(said.minutes != SILENT)
    minutes = said.minutes[speaking]
    hours = wrong[speaking] & np.isin(minutes % 15, (0, 1))
    if (hours & (said.right[speaking] == 0)).any() or ((minutes[1:] == minutes[:-1]) & hours[1:]).any():
        return True
    days = [date_of(day) for day in said.day[speaking]]
    for stretch in stretches:
        inside = np.asarray([stretch.first <= day <= stretch.last for day in days])
        least = max(SOME_WRONG * inside.sum(), 1 if inside.sum() > 2 else 0)  # one of several may be an accident
        if (hours & inside).sum() > least or (wrong[speaking] & inside).sum() > inside.sum() / 2:
            return True
    return False


def _off_by(minutes: int) -> str:
    word = "late" if minutes > 0 else "early"
    size = abs(minutes - 1) if minutes % 15 == 1 else abs(minutes)
    return f"{size / 60:g} h {word}" if size % 15 == 0 else f"{size} min {word}"


def _changes(stretches: list[Stretch]) -> str:
    """Where the clock of New York changed, if the sides differ."""
    if len(stretches) < 2:
        return ""
    said = [f"before {_sunday(after.first)} {_side(before)}, after it {_side(after)}" for before, after in pairwise(stretches)]
    return f"; New York's clock changed: {'; '.join(said)}"


def _sunday(date: str) -> str:
    day = dt.date.fromisoformat(date)
    return (day - dt.timedelta(days=(day.weekday() + 1) % 7)).isoformat()


def _side(stretch: Stretch) -> str:
    right = stretch.opens + stretch.closes
    return f"they hold on {right} of {stretch.sessions}"


def _remedy(times: Times, volume: Ints, days: Days, most: int) -> str:
    """A zone is named only if the marks then hold on nearly all sessions."""
    for zone in CANDIDATES:
        held, sessions = _holds(from_wall(times.wall_ns, zone), volume, days)
        if held:
            return (
                f"as the wall clock of {zone} they hold on {held} of {sessions} sessions, so say --zone {zone} or write that zone's offset"
            )
    offset_ns = int(times.wall_ns[0] - times.ts_ns[0]) + (most - most % 15) * MINUTE_NS
    held, sessions = _holds(times.wall_ns - offset_ns, volume, days)
    if held:
        return f"a clock of {offset_name(offset_ns)} would fit on {held} of {sessions} sessions; if that is yours, name it with --zone"
    return f"no one zone makes them hold; {RIGHT}: export it anew with times in UTC"


def _holds(ts_ns: Ints, volume: Ints, days: Days) -> tuple[int, int]:
    """On how many of the sessions that say anything the marks hold; 0 unless nearly all of them on each side of a clock change."""
    order = np.argsort(ts_ns, kind="stable")
    said = says(new_york_wall(ts_ns[order]), volume[order], days.regular, days.full)
    right, speaking = int(((said.minutes == 0) | (said.minutes == 1)).sum()), int((said.minutes != SILENT).sum())
    wrong = (said.minutes != SILENT) & (said.minutes != 0) & (said.minutes != 1)
    fits = right >= NEARLY_ALL * speaking and not (wrong.any() and _no_accident(said, wrong, _stretches(said)))
    return (right if fits else 0), speaking


def _stamp(
    said: Says, times: Times, volume: Ints, stated: str | None, documented: str | None, vendor: str
) -> tuple[Stamp | None, str, list[Finding]]:
    found, evidence, doubt = _majority(said)
    if found is None and not doubt:
        found, evidence = _by_round_minutes(times.ts_ns, volume, evidence)
    if stated is not None:
        if found is not None and found != stated:
            return (
                Stamp(stated),
                f"stated with --stamp, although {evidence}",
                [Finding("STAMP", Severity.WARN, f"--stamp {stated} is believed, although {evidence}")],
            )
        return Stamp(stated), f"stated with --stamp; {evidence}", []
    remedy = "say --stamp open or --stamp close"
    if found is None and documented is not None and not doubt:
        told = Finding("STAMP_UNSEEN", Severity.WARN, f"{evidence}: that times name the {documented} is {vendor}'s word alone")
        return Stamp(documented), f"as {vendor} writes them", [told]
    if found is None:
        sentence = f"cannot tell whether times name the open or the close of a minute ({evidence})"
        return None, "", [Finding("STAMP", Severity.REFUSE, sentence, remedy)]
    if documented is not None and found != documented:
        sentence = f"{vendor} says that times name the {documented}, but {evidence}"
        return None, "", [Finding("STAMP", Severity.REFUSE, sentence, remedy)]
    notes = [Finding("STAMP_DOUBT", Severity.NOTE, doubt)] if doubt else []
    return found, evidence, notes


def _majority(said: Says) -> tuple[Stamp | None, str, str]:
    """The stamp that most sessions say, the evidence, and any doubt."""
    opens, closes = said.minutes == 0, said.minutes == 1
    if not (opens | closes).any():
        return _by_single_marks(said)
    most, fewer, stamp = (opens, closes, Stamp.OPEN) if opens.sum() >= closes.sum() else (closes, opens, Stamp.CLOSE)
    evidence = f"{MARKS} say {stamp} on {int(most.sum())} of {len(said.day)} sessions"
    if not fewer.any():
        return stamp, evidence, ""
    other = Stamp.CLOSE if stamp is Stamp.OPEN else Stamp.OPEN
    dates = ", ".join(date_of(day) for day in said.day[fewer][:3])
    doubt = f"on {int(fewer.sum())} sessions ({dates}) they say {other}"
    if (said.marks[fewer] >= STRONG).any() or fewer.sum() > FEW * (fewer.sum() + most.sum()):
        return None, f"{evidence}, and {doubt}", doubt
    return stamp, evidence, doubt


def _by_round_minutes(ts_ns: Ints, volume: Ints, evidence: str) -> tuple[Stamp | None, str]:
    """Where a file has none of the marked minutes: many trade on round five minutes, so that volume peaks in the minute after."""
    minute, size = ts_ns // MINUTE_NS, np.log1p(volume)
    whole = (np.diff(minute)[:-1] == 1) & (np.diff(minute)[1:] == 1)
    excess, rest = (size[1:-1] - (size[:-2] + size[2:]) / 2)[whole], minute[1:-1][whole] % ROUND
    scores = [_score(excess[rest == each]) for each in range(ROUND)]
    for at, stamp in enumerate(Stamp):
        if scores[at] >= CLEAR and max(score for each, score in enumerate(scores) if each != at) < CLEAR / 2:
            return stamp, f"volume peaks in the minute that is stamped {at} after round five minutes"
    return None, evidence


def _score(values: np.ndarray) -> float:
    """How many standard errors a mean lies above 0; 0 of few values."""
    return float(values.mean() / (values.std() / np.sqrt(len(values)))) if len(values) >= 100 and values.std() > 0 else 0.0


def _by_single_marks(said: Says) -> tuple[Stamp | None, str, str]:
    """Where no session has two marks, three that agree are enough."""
    counts = {stamp: int((said.single == minutes).sum()) for minutes, stamp in enumerate(Stamp)}
    stamp = max(counts, key=lambda each: counts[each])
    if counts[stamp] >= 3 and sum(counts.values()) == counts[stamp]:
        return stamp, f"one mark a session says {stamp} on {counts[stamp]} of {len(said.day)} sessions", ""
    return None, "neither volume nor breaks show where a session starts", ""
