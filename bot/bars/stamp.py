"""What a file's times name, the open or the close of the minute, read from the session's shape.

Three marks, each giving a vote a day: volume jumps on the first minute after 09:30 New York
(stamped 09:30 by its open, 09:31 by its close); it spikes in the last minute before 16:00
(15:59 or 16:00); and the first bar after a break of the feed stands on the reopening minute
(18:00 or 18:01; 09:30 or 09:31 in files of RTH alone). The last bar *before* a break is no
mark: real files carry stray prints there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.bars.zone import NEW_YORK, Clock, check_zone, clock_of
from bot.errors import BarsFileError

OPEN_MINUTE = 9 * 60 + 30
LAST_MINUTE = 16 * 60 - 1
REOPENINGS = (OPEN_MINUTE, 18 * 60)
MIN_RATIO = 2.0
MIN_VOLUME = 50
MIN_AGREEMENT = 0.8


class Stamp(StrEnum):
    """Which end of its minute a bar's time names."""

    OPEN = "open"
    CLOSE = "close"


class Mark(NamedTuple):
    """Votes of one mark: days that say open, days that say close."""

    name: str
    open_stamp: str
    close_stamp: str
    opens: int
    closes: int

    @property
    def votes(self) -> int:
        """Days that show the mark at all."""
        return self.opens + self.closes

    @property
    def verdict(self) -> Stamp | None:
        """What at least 80 % of its votes say; None if there are none or they disagree."""
        if self.votes and self.opens >= MIN_AGREEMENT * self.votes:
            return Stamp.OPEN
        return Stamp.CLOSE if self.votes and self.closes >= MIN_AGREEMENT * self.votes else None

    @property
    def text(self) -> str:
        """The evidence as a clause: `volume jumps on the bar stamped 09:30 New York on 25 of 25 days`."""
        stamp = self.close_stamp if self.closes > self.opens else self.open_stamp
        return f"{self.name} {stamp} New York on {max(self.opens, self.closes)} of {self.votes} days"


def decide_stamp(
    name: str, ts_ns: npt.NDArray[np.int64], volume: npt.NDArray[np.int64], offset_ns: int, stated: str | None
) -> tuple[Stamp, str]:
    """What the stamps of a file name, and the reason as a clause for people.

    `ts_ns` are the stamps as written (UTC nanoseconds, rising), `offset_ns` the written offset
    from UTC, `stated` the person's word, which overrules the shape. Raises BarsFileError if
    the shape fits another time zone, or is ambiguous and nothing was stated.
    """
    clock = clock_of(pd.DatetimeIndex(ts_ns).tz_localize("UTC").tz_convert(NEW_YORK))
    check_zone(name, ts_ns, offset_ns, lambda other: _recognised(marks_of(other, volume)))
    found, evidence = _verdict(marks_of(clock, volume))
    if stated is not None:
        doubt = f", although {evidence}" if found not in (None, stated) else ""
        return Stamp(stated), f"stated with --stamp{doubt}"
    if found is None:
        what = f"cannot tell whether times name the open or the close of a minute ({evidence})"
        raise BarsFileError(f"{name}: {what}; say --stamp open or --stamp close.")
    return found, evidence


def marks_of(clock: Clock, volume: npt.NDArray[np.int64]) -> tuple[Mark, Mark, Mark]:
    """The votes of the three marks, on a New York clock."""
    days, day = np.unique(clock.day, return_inverse=True)
    table = np.zeros((len(days), 24 * 60))
    table[day, clock.minute] = volume
    first = clock.minute[clock.after_break]
    return (
        Mark("volume jumps on the bar stamped", "09:30", "09:31", _jumps(table, OPEN_MINUTE), _jumps(table, OPEN_MINUTE + 1)),
        Mark("volume spikes on the bar stamped", "15:59", "16:00", _spikes(table, LAST_MINUTE), _spikes(table, LAST_MINUTE + 1)),
        Mark(
            "trading resumes with the bar stamped",
            "18:00 or 09:30",
            "18:01 or 09:31",
            int(np.isin(first, REOPENINGS).sum()),
            int(np.isin(first - 1, REOPENINGS).sum()),
        ),
    )


def _jumps(table: npt.NDArray[np.float64], minute: int) -> int:
    """Days whose volume jumps at this minute more than at either neighbour."""
    before, here, after = table[:, minute - 1], table[:, minute], table[:, minute + 1]
    jump = np.divide(here, before, out=np.zeros_like(here), where=before > 0)
    climb = np.divide(after, here, out=np.zeros_like(here), where=here > 0)
    return int(((here >= MIN_VOLUME) & (jump >= MIN_RATIO) & (jump >= MIN_RATIO * climb)).sum())


def _spikes(table: npt.NDArray[np.float64], minute: int) -> int:
    """Days whose volume at this minute is at least twice that of both neighbours."""
    before, here, after = table[:, minute - 1], table[:, minute], table[:, minute + 1]
    return int(((here >= MIN_VOLUME) & (before > 0) & (after > 0) & (here >= MIN_RATIO * np.maximum(before, after))).sum())


def _recognised(marks: tuple[Mark, Mark, Mark]) -> int:
    """Votes of the marks that agree with themselves: how strongly a clock looks like New York's."""
    return sum(max(mark.opens, mark.closes) for mark in marks if mark.verdict is not None)


def _verdict(marks: tuple[Mark, Mark, Mark]) -> tuple[Stamp | None, str]:
    """The jump decides, unless the spike contradicts it; without a jump, spike and reopening decide together."""
    jump, spike, reopening = marks
    voted = [mark for mark in ((jump, spike) if jump.votes else (spike, reopening)) if mark.votes]
    decided = [mark for mark in voted if mark.verdict is not None]
    if len({mark.verdict for mark in decided}) == 1:
        return decided[0].verdict, decided[0].text
    return None, ", but ".join(mark.text for mark in voted) or "neither volume nor breaks show where a session starts"
