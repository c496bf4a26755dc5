"""Days as long as a session, or whole ones, that stand at another time, while volume shows no session where one should be.

Of many such days the marks say by how much the clock is off. Of one or a few nothing does: the rows may be a session by another clock,
or hours that somebody cut out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bot.bars.marks import DAY_LAST, DAY_MINUTES, DAY_STARTS, LAST, LEAST_DAY, OPEN, REGULAR, Volumes, minutes_of, right, shown_by_volume
from bot.bars.passport import Finding, Severity
from bot.bars.zone import Ints

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


def _at(minute: Ints, of_day: int) -> npt.NDArray[np.bool_]:
    return right(minute % DAY_MINUTES - of_day)
