"""Hours that do not show their clock: they stand at another time than a session or a day, or hold neither end of one.

Of many days as long as a session the marks say by how much the clock is off. Of one or a few nothing does: the rows may be a session by
another clock, or hours that somebody cut out. Of hours from the middle of a session nothing ever does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bot.bars.marks import (
    DAY_LAST,
    DAY_MINUTES,
    DAY_STARTS,
    LAST,
    LEAST_DAY,
    MARKS,
    OPEN,
    REGULAR,
    Says,
    Volumes,
    minutes_of,
    right,
    shown_by_volume,
)
from bot.bars.passport import Finding, Severity
from bot.bars.zone import Ints

FEW_SHOW = 0.2  # up to this share of sessions, marks may be there by chance
CLOSED, AROUND = (17 * 60, 18 * 60), 30  # the hour without trades; minutes of each hour beside it, of which a thin file has as many
RIGHT = "in a right file the day starts at 18:00 or the session at 09:30 New York, on both sides of a clock change"


class _Spans(NamedTuple):
    """Of each day of the file: its first and its last minute, and whether it is as long as a session, and as a whole day."""

    day: Ints
    first: Ints
    last: Ints
    session: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, wall_ns: Ints) -> _Spans:
        """The days of rows that rise in time."""
        minute, day = minutes_of(wall_ns)
        days, starts = np.unique(day, return_index=True)
        first, last = minute[starts], minute[np.append(starts[1:], len(minute)) - 1]
        span = last - first
        return cls(days, first, last, np.any([(low <= span) & (span <= high) for low, high in REGULAR], axis=0), span >= LEAST_DAY)

    @property
    def elsewhere(self) -> npt.NDArray[np.bool_]:
        """Days that begin and end where neither a day nor a session does, by either stamp."""
        starts = _at(self.first, DAY_STARTS) | (self.session & _at(self.first, OPEN))
        ends = np.where(self.session, _at(self.last, LAST), _at(self.last, DAY_LAST))
        return (self.session | self.whole) & ~starts & ~ends


def judge_unseen(wall_ns: Ints, volumes: Volumes, believed: bool) -> list[Finding]:
    """Refuses a file most of whose days are like this; `believed` (zone and stamp are a person's word, or a vendor's) warns."""
    spans = _Spans.of(wall_ns)
    elsewhere = spans.elsewhere
    unseen = elsewhere.copy()
    unseen[elsewhere] = ~shown_by_volume(volumes, spans.day[elsewhere])
    if 2 * unseen.sum() <= len(unseen):
        return []
    first, last = (f"{each[unseen][0] % DAY_MINUTES // 60:02d}:{each[unseen][0] % 60:02d}" for each in (spans.first, spans.last))
    which = "the one day of the file" if len(unseen) == 1 else f"{unseen.sum()} of {len(unseen)} days, the first"
    sentence = (
        f"the rows of {which} from {first} to {last} New York, are as long as a session or a day, but begin and end where none does, "
        f"and volume shows neither the open (09:30) nor the last minute (15:59), so that this may be another clock"
    )
    remedy = "" if believed else f"{RIGHT}; if these times are right, say so with --zone and --stamp"
    return [Finding("CLOCK", Severity.WARN if believed else Severity.REFUSE, sentence, remedy)]


def judge_ends(wall_ns: Ints, said: Says, zone: str, believed: bool) -> list[Finding]:
    """Refuses a file whose hours hold neither end of a session, and look alike by any clock; `believed` as above."""
    shown = int((np.isin(said.minutes, (0, 1)) | np.isin(said.single, (0, 1))).sum())
    if shown > FEW_SHOW * len(said.day) or _hours_show(wall_ns):
        return []
    sentence = f"{MARKS} stand on {shown} of {len(said.day)} sessions, so that nothing shows whether {zone} is the zone of its times"
    remedy = "compare a minute that you know with another source, then name the zone with --zone; or export whole days"
    return [Finding("CLOCK_UNSEEN", Severity.WARN if believed else Severity.REFUSE, sentence, remedy)]


def _hours_show(wall_ns: Ints) -> bool:
    """Whether the minutes of all days together leave out the closed hour and no other beside it, or are those of the regular session."""
    minute = np.unique(minutes_of(wall_ns)[0] % DAY_MINUTES)
    before, inside, after = (int(((minute >= low) & (minute < low + 60)).sum()) for low in (CLOSED[0] - 60, CLOSED[0] + 1, CLOSED[1] + 1))
    session = len(minute) > 0 and bool(_at(minute[:1], OPEN)[0] and _at(minute[-1:], LAST)[0])
    return session or (inside <= 1 and min(before, after) >= AROUND)


def _at(minute: Ints, of_day: int) -> npt.NDArray[np.bool_]:
    return right(minute % DAY_MINUTES - of_day)
