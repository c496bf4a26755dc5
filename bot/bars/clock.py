"""Whether the clock of a file is the one it says: judged by the marks of most sessions, and each session beside the others."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bot.bars.course import course_of, shows_sessions
from bot.bars.marks import MARKS, SILENT, Says, Volumes, says
from bot.bars.odd_sessions import judge_odd_sessions, odd_sessions
from bot.bars.passport import Finding, Severity, Stretch
from bot.bars.stamp import Stamp, Stated, judge_stamp
from bot.bars.times import Times
from bot.bars.unseen import RIGHT, judge_ends, judge_unseen
from bot.bars.zone import CANDIDATES, EPOCH, Ints, date_of, from_wall, new_york_wall, offset_name
from bot.calendar import SessionCalendar
from bot.units import HOUR_NS, MINUTE_NS

NEARLY_ALL = 0.95
SOME_WRONG = 0.2  # share of sessions of one side of a clock change
CUT = "as long as a session, but volume does not show that they are one: this may be another clock, or a day that was cut there"


class Clock(NamedTuple):
    """What is known of a file's clock: the stamp (None: refused), why, stretches, and findings."""

    stamp: Stamp | None
    reason: str
    stretches: list[Stretch]
    findings: list[Finding]

    @property
    def holds(self) -> bool:
        """Whether sessions show that the clock is right, and nothing that it is not."""
        return any(each.opens + each.closes for each in self.stretches) and not any(each.code == "CLOCK" for each in self.findings)


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
    wall_ns = new_york_wall(times.ts_ns)
    volumes = Volumes.of(wall_ns, volume)
    said = says(wall_ns, volumes, days.regular, days.full)
    stretches = _stretches(said)
    findings = _off(times, volume, days, said, stretches)
    if not findings:
        odd = odd_sessions(said, course_of(volumes, days.full))
        findings = judge_odd_sessions(odd, times.stated, stated is not None)
    if not findings:
        findings = judge_unseen(wall_ns, volumes, documented is not None or (times.named and stated is not None))
    if not findings:
        findings = judge_ends(wall_ns, said, times.zone, documented is not None or times.named)
    if any(each.severity is Severity.REFUSE for each in findings):
        return Clock(None, "", stretches, findings)
    stamp, reason, more = judge_stamp(said, volumes, times.ts_ns, volume, days.full, Stated(stated, documented, vendor))
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


def _off(times: Times, volume: Ints, days: Days, said: Says, stretches: list[Stretch]) -> list[Finding]:
    """Sessions whose marks stand elsewhere, and no accident: the clock is not the one that is written."""
    wrong = (said.minutes != SILENT) & (said.minutes != 0) & (said.minutes != 1)
    if not (wrong.any() and _no_accident(said, wrong, stretches)):
        return []
    minutes = Counter(said.minutes[wrong].tolist()).most_common(2)
    shown = " and ".join(f"{_off_by(each)} on {count} of {len(said.day)} sessions" for each, count in minutes)
    span = f"{date_of(said.day[wrong][0])} to {date_of(said.day[wrong][-1])}"
    changed = _changes(stretches)
    sentence = f"by the zone of its times, {times.zone}, {MARKS} stand {shown} ({span}){changed}"
    severity = Severity.WARN if times.stated else Severity.REFUSE
    return [Finding("CLOCK", severity, sentence, "" if times.stated else _remedy(times, volume, days, minutes[0][0]))]


def _no_accident(said: Says, wrong: np.ndarray, stretches: list[Stretch]) -> bool:
    """Whether sessions stand elsewhere by hours and nothing of them stands right, or two in a row do, or many of one side."""
    hours = wrong & np.isin(said.minutes % 15, (0, 1))
    minutes = said.minutes[said.minutes != SILENT]
    in_a_row = (minutes[1:] == minutes[:-1]) & hours[said.minutes != SILENT][1:]
    if (hours & (said.right == 0)).any() or in_a_row.any():
        return True
    days = [date_of(day) for day in said.day]
    for stretch in stretches:
        inside = np.asarray([stretch.first <= day <= stretch.last for day in days])
        least = max(SOME_WRONG * inside.sum(), 1 if inside.sum() > 2 else 0)  # one of several may be an accident
        if (hours & inside).sum() > least or (wrong & inside).sum() > inside.sum() / 2:
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
    """A zone is named only if the marks then hold on nearly all sessions, volume included where the file holds nothing else."""
    tried = {zone: _holds(from_wall(times.wall_ns, zone), volume, days) for zone in CANDIDATES}
    zone = next((name for name, found in tried.items() if found.right and found.shown), None)
    if zone is not None:
        held = f"they hold on {tried[zone].right} of {tried[zone].speaking} sessions"
        return f"as the wall clock of {zone} {held}, so say --zone {zone} or write that zone's offset"
    offset_ns = int(times.wall_ns[0] - times.ts_ns[0]) + (most - most % 15) * MINUTE_NS
    found = _holds(times.wall_ns - offset_ns, volume, days)
    if found.right and found.shown:
        held = f"would fit on {found.right} of {found.speaking} sessions"
        return f"a clock of {offset_name(offset_ns)} {held}; if that is yours, name it with --zone"
    if found.right or any(each.right for each in tried.values()):
        return f"the rows of a day are {CUT}; export whole days with times in UTC"
    return f"no one zone makes them hold; {RIGHT}: export it anew with times in UTC"


class Holds(NamedTuple):
    """On how many sessions the marks hold by another clock (0 unless on nearly all that say anything, on each side of a clock change),
    how many say anything, and whether more than the edges of a day's rows says so."""

    right: int
    speaking: int
    shown: bool


def _holds(ts_ns: Ints, volume: Ints, days: Days) -> Holds:
    order = np.argsort(ts_ns, kind="stable")
    wall_ns = new_york_wall(ts_ns[order])
    volumes = Volumes.of(wall_ns, volume[order])
    said = says(wall_ns, volumes, days.regular, days.full)
    right, speaking = int(((said.minutes == 0) | (said.minutes == 1)).sum()), int((said.minutes != SILENT).sum())
    wrong = (said.minutes != SILENT) & (said.minutes != 0) & (said.minutes != 1)
    fits = right >= NEARLY_ALL * speaking and not (wrong.any() and _no_accident(said, wrong, _stretches(said)))
    return Holds(right if fits else 0, speaking, shows_sessions(volumes, days.full))
