"""The course of volume over a day: sessions that run minutes beside the others, and ends of a session that stand a minute beside.

Volume steps at the same minutes each day (the open, the last minute, round five minutes, news at 08:30 and 10:00). A session whose
steps fit those of the others at another minute, and not at its own, was written by another clock. Where volume has no such course
nothing is said.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bot.bars.marks import LAST, MIN_VOLUME, OPEN, SILENT, Volumes, usual
from bot.bars.zone import Ints

Floats = npt.NDArray[np.float64]
CERTAIN, MARGIN = 6.0, 3.0  # standard errors: the highest of a day by chance is 4 to 5
LEAST_SESSIONS, LEAST_MINUTES = 4, 120
STEP = 3.0  # log: no single minute decides
LEAPS, SPIKES, FALLS = 2.5, 2.0, 1 / 3  # of the minute before
LEADS = 3.5  # times the second minute: such a first one is the open
QUIET, HIGH = 1.25, 1.5  # of the session's median


class Course(NamedTuple):
    """Per day (since 1970): by how many minutes its volume runs beside that of the others, SILENT where that is not certain;
    `fits` where it runs as theirs for certain."""

    day: Ints
    minutes: Ints
    fits: npt.NDArray[np.bool_]


class Ends(NamedTuple):
    """Sessions whose first and second, or last two, minutes are there; those in which volume leaps in the second, or falls in the last.

    `bare` are all that have no rows beside them, `told` those of them that begin high and end with a spike, as the market does.
    """

    seen: int
    early: int
    late: int
    bare: int
    told: int


def course_of(volumes: Volumes, full_days: Collection[int]) -> Course:
    """The course of each whole session beside the mean of the others."""
    rows = np.flatnonzero(np.isin(volumes.days, np.asarray(sorted(full_days))))
    steps = _steps(volumes.table[rows])
    held = (steps != 0).sum(axis=1)
    rows, steps = rows[held >= LEAST_MINUTES], steps[held >= LEAST_MINUTES]
    if len(rows) < LEAST_SESSIONS:
        return Course(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_))
    scores = _scores(steps)
    best, here = scores.argmax(axis=1), scores[:, 0]
    highest = scores[np.arange(len(scores)), best]
    certain = (highest >= CERTAIN) & (highest >= here + MARGIN)
    half = scores.shape[1] // 2
    minutes = np.where(certain, (best + half) % scores.shape[1] - half, SILENT)
    return Course(volumes.days[rows], minutes, here >= CERTAIN)


def _steps(table: Floats) -> Floats:
    """Steps of log volume from minute to minute, 0 where either is missing."""
    there = table > 0
    size = np.log1p(table)
    return np.where(there[:, 1:] & there[:, :-1], np.clip(np.diff(size, axis=1), -STEP, STEP), 0.0)


def _scores(steps: Floats) -> Floats:
    """Standard errors of the correlation of each session with the mean of the others, by minutes it is moved (modulo the width)."""
    others = (steps.sum(axis=0) - steps) / (len(steps) - 1)
    width = 1 << (2 * steps.shape[1] - 1).bit_length()  # transforms of such lengths are fast
    product = np.fft.rfft(steps, width) * np.conj(np.fft.rfft(others, width))
    size = np.sqrt((steps**2).sum(axis=1) * (others**2).sum(axis=1))
    held = np.sqrt((steps != 0).sum(axis=1))
    return np.fft.irfft(product, width) * (held / np.maximum(size, 1e-12))[:, None]


def ends_of(volumes: Volumes, full_days: Collection[int], minutes: int) -> Ends:
    """Whether volume steps up one minute after the session's first, or down in its last, if its times are `minutes` late.

    So it does where a file was cut by the clock and its times name the other end of the minute.
    """
    table = volumes.table[:-1][np.isin(volumes.days, np.asarray(sorted(full_days)))]
    start, end = volumes.column(OPEN + minutes), volumes.column(LAST + minutes)
    inside = table[:, start : end + 1]
    middle = usual(inside)
    first, second, before, last = (inside[:, each] for each in (0, 1, -2, -1))
    starts, stops = (table[:, start - 1] == 0) & (first > 0), (table[:, end + 1] == 0) & (last > 0)  # with rows beside marks say it better
    opens, closes = starts & (second >= MIN_VOLUME), stops & (before >= MIN_VOLUME)
    spikes = last >= SPIKES * before  # then the last minute is the session's, whatever its first ones say
    early = opens & (second >= LEAPS * first) & (first < QUIET * middle) & ~spikes
    late = closes & (last <= FALLS * before) & (last < middle) & ~(first >= LEADS * second)
    bare = starts & stops
    told = bare & spikes & (last >= MIN_VOLUME) & (first >= second)
    return Ends(*(int(each.sum()) for each in (opens | closes, early, late, bare, told)))


def shows_sessions(volumes: Volumes, full_days: Collection[int]) -> bool:
    """Whether days are more than a block of rows as long as a session: rows around it, or volume high in its first and last minutes."""
    table = volumes.table[:-1][np.isin(volumes.days, np.asarray(sorted(full_days)))]
    inside = table[:, volumes.column(OPEN) : volumes.column(LAST) + 2]  # by either stamp
    around = (table > 0).sum(axis=1) - (inside > 0).sum(axis=1)
    middle = np.maximum(usual(inside), 1)
    first, last = (np.median(each.max(axis=1) / middle) for each in (inside[:, :2], inside[:, -2:]))
    return bool(2 * (around >= LEAST_MINUTES).sum() > len(table) or min(first, last) >= HIGH)
