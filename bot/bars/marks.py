"""Marks of a session, by which a clock is recognised: where its day starts and ends, and where its volume jumps.

Each session has up to four: the first bar after a break of the feed (18:00 New York; 09:30 in files of the regular session
alone), the last bar before one (16:59; 15:59), volume that jumps at the open (09:30) and that spikes in the last minute
(15:59). A mark votes for the minutes by which the clock is off: 0 says that times are right and name the open of a minute,
1 that they name its close, anything else that the clock is another one. A session says what at least two of its marks
say, if nothing else has as many.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bot.bars.zone import Ints
from bot.units import MINUTE_NS

DAY_MINUTES = 1440
DAY_STARTS, DAY_LAST = 18 * 60, 16 * 60 + 59
OPEN, LAST = 9 * 60 + 30, 15 * 60 + 59
EVENING = 17 * 60 + 30  # in the middle of the daily break: sessions are parted here
BREAK = 45  # minutes of silence
NIGHT = 8 * 60  # a silence as long as this on both sides: the regular session alone
LONGEST_REGULAR = 410
FAR = 60  # minutes: a clock that is further off is off by quarters of an hour
MANY_BLOCKS = 3  # a day in more pieces than these is thin, and where it breaks off is no mark
REGULAR = ((200, 215), (380, 395))  # minutes of a half day and of a full one, more or less
LEAST_DAY = 1200
WHOLE = (389, 390, 449, 450, 1379, 1380)  # minutes from the first to the last row of a whole day (449: 09:30 to 16:59), or one more
MIN_RATIO, MIN_VOLUME, MIN_MARKS = 2.0, 50, 2
LEAP = 4.0  # such a jump of volume is worth two marks, if volume stays high
STAYS = 10  # minutes
CERTAIN_SPIKE = 3.0  # two minutes of most sessions are no longer like this by chance
SILENT = 10_000
MARKS = "the session's marks (18:00 or 09:30, 15:59 or 16:59 New York)"


class Says(NamedTuple):
    """Per session: its date (days since 1970), the minutes its marks say (SILENT: nothing), and how many marks say so.

    `single` is what its only marks say, where fewer than two agree and no other disagrees. `opens` and `closes` are how many
    marks say 0 and 1.
    """

    day: Ints
    minutes: Ints
    marks: Ints
    single: Ints
    opens: Ints
    closes: Ints

    @property
    def right(self) -> Ints:
        """How many marks say that the clock is right, whichever end of a minute it names."""
        return np.maximum(self.opens, self.closes)


class Volumes(NamedTuple):
    """Volume by session and minute of a New York wall clock: `days` (since 1970) and their rows; one more row is empty."""

    days: Ints
    table: npt.NDArray[np.float64]

    @classmethod
    def of(cls, wall_ns: Ints, volume: Ints) -> Volumes:
        """The volumes of rows; a day begins at 17:30."""
        minute, day = minutes_of(wall_ns)
        days = np.unique(day)
        table = np.zeros((len(days) + 1, DAY_MINUTES + 2))
        table[np.searchsorted(days, day), (minute - EVENING) % DAY_MINUTES + 1] = volume
        return cls(days, table)

    @staticmethod
    def column(minute: Ints | int) -> Ints | int:
        """The column of a minute of the day."""
        return (minute - EVENING) % DAY_MINUTES + 1

    def rows(self, wanted: Ints) -> Ints:
        """The rows of days; the empty one for a day without bars."""
        at = np.searchsorted(self.days, wanted)
        return np.where((at < len(self.days)) & (self.days[np.minimum(at, len(self.days) - 1)] == wanted), at, len(self.days))


def usual(volumes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The median of the minutes that are there in each row, 0 where none is."""
    ordered = np.sort(volumes, axis=1)
    missing = (volumes <= 0).sum(axis=1)
    middle = np.minimum((missing + volumes.shape[1]) // 2, volumes.shape[1] - 1)
    return ordered[np.arange(len(ordered)), middle]


def minutes_of(wall_ns: Ints) -> tuple[Ints, Ints]:
    """Minutes since 1970 and the day of each, which begins in the middle of the daily break."""
    minute = wall_ns // MINUTE_NS
    return minute, (minute - EVENING) // DAY_MINUTES + 1


def says(wall_ns: Ints, volumes: Volumes, regular_days: Collection[int], full_days: Collection[int]) -> Says:
    """What the sessions of a New York wall clock say. Rows rise in time.

    `regular_days` are the dates with a regular session, `full_days` those without an early close, as days since 1970.
    """
    minute, day = minutes_of(wall_ns)
    full = np.asarray(sorted(full_days))
    edges, of_session = _edges(minute, day, full)
    cut = of_session & ~np.isin(edges[:, 1], (0, 1)) & np.isin(edges[:, 0], full)
    if _cut_by_the_clock(edges[cut], volumes):
        edges = edges[~of_session]
    votes = np.concatenate([edges, _always(day)])
    votes = votes[np.isin(votes[:, 0], np.asarray(sorted(regular_days)))]
    pairs, counts = _counted(votes)
    on_full = np.isin(pairs[:, 0], full)
    rows = volumes.rows(pairs[:, 0])
    counts += _jumps(volumes.table, rows, OPEN + pairs[:, 1]) * on_full
    counts += _spikes(volumes.table, rows, LAST + pairs[:, 1]) & on_full
    return _verdicts(pairs, counts)


def _cut_by_the_clock(edges: Ints, volumes: Volumes) -> bool:
    """Whether blocks as long as a session, at another time, are parts of days whose volume shows the session where it should be.

    Another clock moves the volume with the edges; who cuts a file at hours of his own leaves it where it is.
    """
    if not len(edges):
        return False
    return bool(2 * shown_by_volume(volumes, edges[:, 0]).sum() > len(edges))


def shown_by_volume(volumes: Volumes, days: Ints) -> npt.NDArray[np.bool_]:
    """Whether volume leaps at the open of each day, or spikes in its last minute, by either stamp."""
    rows = volumes.rows(days)
    told = [_jumps(volumes.table, rows, OPEN + each) >= MIN_MARKS for each in (0, 1)]
    told += [_spikes(volumes.table, rows, LAST + each, CERTAIN_SPIKE) for each in (0, 1)]
    return np.any(told, axis=0)


class _Blocks(NamedTuple):
    """Rows between two breaks, in order: day and minute of the first and of the last, and whether they are as long as a session."""

    first_day: Ints
    first: Ints
    last_day: Ints
    last: Ints
    regular: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, minute: Ints, day: Ints) -> _Blocks:
        """The blocks of rows that rise in time."""
        step = np.diff(minute)
        cut = np.flatnonzero(step >= BREAK)
        starts, ends = np.concatenate(([0], cut + 1)), np.concatenate((cut, [len(minute) - 1]))
        silence = np.concatenate(([NIGHT], step[cut], [NIGHT]))
        span = minute[ends] - minute[starts]
        alone = (span <= LONGEST_REGULAR) & (silence[:-1] >= NIGHT) & (silence[1:] >= NIGHT)
        as_long = np.any([(low <= span) & (span <= high) for low, high in REGULAR], axis=0)
        return cls(day[starts], minute[starts], day[ends], minute[ends], alone & as_long)


def _edges(minute: Ints, day: Ints, full_days: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """(day, minutes) for each start and end of a block of rows between two breaks, and whether that is as long as a session."""
    blocks = _Blocks.of(minute, day)
    cut_off = ~blocks.regular & (blocks.last - blocks.first < LEAST_DAY)  # may be a part of either: votes for both, unless right as one
    real_start, real_end = _are_marks(blocks, full_days)
    votes, of_session = [], []
    for days, at, session, whole_day, real in (
        (blocks.first_day, blocks.first, OPEN, DAY_STARTS, real_start),
        (blocks.last_day, blocks.last, LAST, DAY_LAST, real_end),
    ):
        vote, other = _around(at - np.where(blocks.regular, session, whole_day)), _around(at - session)
        for minutes, chosen in ((vote, real & ~(cut_off & right(other))), (other, real & cut_off & ~right(vote))):
            votes.append(np.column_stack((days, minutes))[chosen])
            of_session.append(blocks.regular[chosen])
    return np.concatenate(votes), np.concatenate(of_session)


def _are_marks(blocks: _Blocks, full_days: Ints) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether a block's start, and its end, is a mark: not where a file begins or ends, a half day ends, or a thin day breaks off."""
    first, last = (np.searchsorted(blocks.first_day, blocks.first_day, side) for side in ("left", "right"))
    day_span = blocks.last[last - 1] - blocks.first[first]  # over the holes of a day
    start = _around(blocks.first - np.where(blocks.regular, OPEN, DAY_STARTS))
    whole = np.isin(day_span, WHOLE) & right(start[first] % 15)
    real_start, real_end = whole.copy(), whole.copy()
    real_start[1:] = True  # where a file begins or ends is no mark, unless that is a whole day
    real_end[:-1] = True
    real_end &= np.isin(blocks.last_day, full_days)
    inner = np.append(blocks.first_day[1:] == blocks.last_day[:-1], False)  # a day goes on after this block
    thin = np.isin(blocks.first_day, _in_pieces(blocks.first_day))
    real_end &= ~(thin & inner)
    real_start &= ~(thin & np.concatenate(([False], inner[:-1])))
    return real_start, real_end


def right(minutes: Ints) -> npt.NDArray[np.bool_]:
    """Whether a mark stands where it should, by either stamp."""
    return np.isin(minutes, (0, 1))


def _in_pieces(days: Ints) -> Ints:
    """The days of more blocks than a few."""
    dates, counts = np.unique(days, return_counts=True)
    return dates[counts > MANY_BLOCKS]


def _around(minutes: Ints) -> Ints:
    """Within half a day of 0."""
    return (minutes + DAY_MINUTES // 2) % DAY_MINUTES - DAY_MINUTES // 2


def _always(day: Ints) -> Ints:
    """Each session is looked at with a clock that is right, whatever its edges say; these are no votes."""
    days = np.unique(day)
    return np.concatenate([np.column_stack((days, np.full(len(days), -SILENT + each))) for each in (0, 1)])


def _counted(votes: Ints) -> tuple[Ints, Ints]:
    """The distinct (day, minutes) and the votes of each."""
    real = votes[:, 1] > -SILENT // 2
    votes = votes.copy()
    votes[~real, 1] += SILENT
    pairs, inverse = np.unique(votes, axis=0, return_inverse=True)
    return pairs, np.bincount(inverse.ravel(), weights=real, minlength=len(pairs)).astype(np.int64)


def _around_minute(table: npt.NDArray[np.float64], rows: Ints, minute: Ints) -> tuple[npt.NDArray[np.float64], ...]:
    column = Volumes.column(minute)
    return table[rows, column - 1], table[rows, column], table[rows, column + 1]


def _jumps(table: npt.NDArray[np.float64], rows: Ints, minute: Ints) -> Ints:
    """1 where volume jumps at a minute more than at either neighbour, 2 where it leaps, else 0."""
    before, here, after = _around_minute(table, rows, minute)
    jump = np.divide(here, before, out=np.zeros_like(here), where=before > 0)
    climb = np.divide(after, here, out=np.zeros_like(here), where=here > 0)
    jumps = (here >= MIN_VOLUME) & (jump >= MIN_RATIO) & (jump >= MIN_RATIO * climb)
    earlier = table[rows, (minute - 2 - EVENING) % DAY_MINUTES + 1]  # the second row of a block leaps from no night
    leaps = jumps & (jump >= LEAP) & (earlier > 0)
    return jumps.astype(np.int64) + (leaps & _stays_high(table, rows, minute))


def _stays_high(table: npt.NDArray[np.float64], rows: Ints, minute: Ints | int) -> npt.NDArray[np.bool_]:
    """Whether the minutes from one on have more volume than those before it: an open is no single peak."""
    at = np.broadcast_to(minute, np.shape(rows))[:, None]
    before, after = (usual(table[rows[:, None], Volumes.column(at + np.arange(first, first + STAYS))]) for first in (-STAYS, 0))
    return after >= MIN_RATIO * before


def _spikes(table: npt.NDArray[np.float64], rows: Ints, minute: Ints, ratio: float = MIN_RATIO) -> npt.NDArray[np.bool_]:
    """Whether volume at a minute is at least so many times that of both neighbours."""
    before, here, after = _around_minute(table, rows, minute)
    return (here >= MIN_VOLUME) & (before > 0) & (after > 0) & (here >= ratio * np.maximum(before, after))


def _verdicts(pairs: Ints, counts: Ints) -> Says:
    """The best of each day, if it has two marks and no other has as many that a clock may be off by."""
    accident = (np.abs(pairs[:, 1]) > FAR) & ~np.isin(pairs[:, 1] % 15, (0, 1))
    order = np.lexsort((accident, -counts, pairs[:, 0]))
    pairs, counts, accident = pairs[order], counts[order], accident[order]
    first = np.flatnonzero(np.diff(pairs[:, 0], prepend=-SILENT * DAY_MINUTES) != 0)
    second = np.minimum(first + 1, len(counts) - 1)
    rival = np.where((second > first) & (pairs[second, 0] == pairs[first, 0]), counts[second] - (accident[second] & ~accident[first]), 0)
    clear = (counts[first] >= MIN_MARKS) & (counts[first] > rival)
    single = (counts[first] == 1) & (rival == 0)
    minutes = np.where(clear, pairs[first, 1], SILENT)
    said = [np.maximum.reduceat(np.where(pairs[:, 1] == each, counts, 0), first) if len(first) else first for each in (0, 1)]
    return Says(pairs[first, 0], minutes, counts[first], np.where(single, pairs[first, 1], SILENT), *said)
