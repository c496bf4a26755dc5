"""Sessions that are written by another clock than the rest of their file, by hours, by minutes, or by the other end of the minute."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bot.bars.course import Course
from bot.bars.marks import MARKS, SILENT, Says
from bot.bars.passport import Finding, Severity
from bot.bars.stamp import OTHERS, TAKE_AWAY, Stamp
from bot.bars.zone import shown_days
from bot.plural import counted

CLEARLY = 2  # marks more than say the time of the others


class Odd(NamedTuple):
    """A session that stands `minutes` later than the others; it is `certain` if nothing of it stands where theirs do."""

    day: int
    minutes: int
    certain: bool


class OddSessions(NamedTuple):
    """The sessions that stand elsewhere, the stamp of the others, and how many sessions there are."""

    stamp: Stamp
    odd: list[Odd]
    sessions: int


def odd_sessions(said: Says, course: Course) -> OddSessions:
    """The sessions whose marks, or the course of whose volume, say another time than those of most."""
    stamp = Stamp.OPEN if (said.minutes == 0).sum() >= (said.minutes == 1).sum() else Stamp.CLOSE
    held = said.opens if stamp is Stamp.OPEN else said.closes
    fits = np.isin(said.day, course.day[course.fits])
    torn = min((said.minutes == each).sum() for each in (0, 1)) > OTHERS * len(said.day)  # then the stamp cannot be told
    other_end = (said.minutes == stamp.other.minutes) & (held == 0) & ~fits & ~torn
    wrong = ~np.isin(said.minutes, (SILENT, 0, 1)) | other_end
    certain = ~fits & ((held == 0) | (said.marks >= held + CLEARLY))  # one mark more is a piece of news
    found = {
        int(day): Odd(int(day), int(minutes) - stamp.minutes, bool(sure))
        for day, minutes, sure in zip(said.day[wrong], said.minutes[wrong], certain[wrong], strict=True)
    }
    moved = (course.minutes != SILENT) & ~(torn & (np.abs(course.minutes) == 1))
    found |= {int(day): Odd(int(day), int(each), True) for day, each in zip(course.day[moved], course.minutes[moved], strict=True)}
    return OddSessions(stamp, [found[day] for day in sorted(found)], len(said.day))


def judge_odd_sessions(found: OddSessions, zone_stated: bool, stamp_stated: bool) -> list[Finding]:
    """Certain ones refuse the file and are named, unless a person said how its times are meant; others are told."""
    other_end = found.stamp.other.minutes - found.stamp.minutes
    half = found.sessions / 2
    findings = []
    for name, stated, odd in (
        ("CLOCK", zone_stated, [each for each in found.odd if each.minutes != other_end]),
        ("STAMP", stamp_stated, [each for each in found.odd if each.minutes == other_end]),
    ):
        sure = [each for each in odd if each.certain]
        doubts = [each for each in odd if not each.certain]
        if sure and (name == "CLOCK" or len(sure) <= half):
            findings.append(_told(name, Severity.WARN if stated else Severity.REFUSE, sure, found))
        if doubts and name == "CLOCK":
            sentence = f"{MARKS} stand elsewhere on {counted(len(doubts), 'session')} alone ({_dates(doubts)})"
            findings.append(Finding("CLOCK_DOUBT", Severity.WARN, sentence))
    return findings


def _told(name: str, severity: Severity, odd: list[Odd], found: OddSessions) -> Finding:
    if name == "STAMP":
        say = f"say the {found.stamp.other} of a minute on {counted(len(odd), 'session')} ({_dates(odd)})"
    else:
        shifts = sorted({each.minutes for each in odd}, key=abs)
        shown = ", ".join(f"{abs(each)} min {'late' if each > 0 else 'early'}" for each in shifts[:3])
        say = f"stand elsewhere on {len(odd)} of {found.sessions} sessions ({_dates(odd)}: {shown})"
    sentence = f"{MARKS} and the course of volume {say}, beside the other sessions of the file, which name the {found.stamp}"
    return Finding(name, severity, sentence, TAKE_AWAY if severity is Severity.REFUSE else "")


def _dates(odd: list[Odd]) -> str:
    return shown_days(np.asarray([each.day for each in odd], dtype=np.int64))
