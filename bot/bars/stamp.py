"""Which end of a minute a file's times name: what most sessions say, what a person or a vendor says, and what volume says of it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from bot.bars.course import Ends, ends_of
from bot.bars.marks import MARKS, OPEN, Says, Volumes
from bot.bars.passport import Finding, Severity
from bot.bars.zone import Ints, shown_days
from bot.plural import counted
from bot.units import MINUTE_NS

FEW = 0.10  # share of sessions that may say the other end of the minute, by minutes that are missing
OTHERS = 0.25  # up to this share they are sessions of another kind, beyond it nothing can be told
CUT = 1 / 3  # of sessions
STRONG = 3  # marks: such a session is no accident
ROUND, CLEAR = 5, 6.0  # minutes; standard errors
SAY = "say --stamp open or --stamp close"
TAKE_AWAY = "take these sessions away, or fetch them anew"


class Stamp(StrEnum):
    """Which end of its minute a bar's time names."""

    OPEN = "open"
    CLOSE = "close"

    @property
    def other(self) -> Stamp:
        """The other end."""
        return Stamp.CLOSE if self is Stamp.OPEN else Stamp.OPEN

    @property
    def minutes(self) -> int:
        """By how many minutes times are late that name it, beside those that name the open."""
        return 0 if self is Stamp.OPEN else 1


class Stated(NamedTuple):
    """What is said of the stamp: by a person, by the vendor's documents, and who that is."""

    person: str | None
    documented: str | None
    vendor: str


class Heard(NamedTuple):
    """What sessions say of the stamp: it (None: nothing certain), the evidence, and a finding that speaks against it."""

    stamp: Stamp | None
    evidence: str
    against: Finding | None = None


def judge_stamp(
    said: Says, volumes: Volumes, ts_ns: Ints, volume: Ints, full_days: Collection[int], stated: Stated
) -> tuple[Stamp | None, str, list[Finding]]:
    """The stamp (None: refused), why, and what speaks against it."""
    heard = _majority(said)
    if heard.stamp is None and heard.against is None and not _holds_opens(volumes, full_days):
        heard = _by_round_minutes(ts_ns, volume, heard)
    if stated.person is not None:
        return _stated(heard, Stamp(stated.person))
    if heard.against is not None and heard.against.severity is Severity.REFUSE:
        return None, "", [heard.against]
    if heard.stamp is None and stated.documented is None:
        return None, "", [_untold(heard.evidence)]
    if heard.stamp is not None and stated.documented not in (None, heard.stamp):
        sentence = f"{stated.vendor} says that times name the {stated.documented}, but {heard.evidence}"
        return None, "", [Finding("STAMP", Severity.REFUSE, sentence, SAY)]
    stamp = heard.stamp or Stamp(stated.documented)
    ends = ends_of(volumes, full_days, stamp.minutes)
    cut = _cut_beside(ends, stamp)
    if cut is not None:
        return None, "", [cut]
    if heard.stamp is None:
        sentence = f"{heard.evidence}: that times name the {stamp} is {stated.vendor}'s word alone"
        return stamp, f"as {stated.vendor} writes them", [Finding("STAMP_UNSEEN", Severity.WARN, sentence)]
    unseen = [_ends_unseen(ends, stamp)] if stated.documented is None and ends.bare and not ends.told else []
    return stamp, heard.evidence, [*([heard.against] if heard.against else []), *unseen]


def _holds_opens(volumes: Volumes, full_days: Collection[int]) -> bool:
    """Whether most sessions have the minutes around 09:30: if these show no session, the rest of the day may be any hours."""
    table = volumes.table[:-1][np.isin(volumes.days, np.asarray(sorted(full_days)))]
    around = table[:, volumes.column(OPEN) - 1 : volumes.column(OPEN) + 2] > 0
    return bool(2 * around.all(axis=1).sum() > len(table))


def _stated(heard: Heard, stamp: Stamp) -> tuple[Stamp, str, list[Finding]]:
    """A person is believed; what speaks against it stays visible."""
    if heard.against is None and heard.stamp in (None, stamp):
        return stamp, f"stated with --stamp; {heard.evidence}", []
    reason = f"although {heard.evidence}" if heard.stamp is not stamp else f"although {heard.against.sentence}"
    return stamp, f"stated with --stamp, {reason}", [Finding("STAMP", Severity.WARN, f"--stamp {stamp} is believed, {reason}")]


def _untold(evidence: str) -> Finding:
    return Finding("STAMP", Severity.REFUSE, f"cannot tell whether times name the open or the close of a minute ({evidence})", SAY)


def _ends_unseen(ends: Ends, stamp: Stamp) -> Finding:
    """Where rows begin and end says nothing if a file was cut by the clock, and volume does not say it either."""
    which = "one session alone" if ends.bare == 1 else f"{ends.bare} sessions without rows around them"
    sentence = f"{which} cannot say whether times name the open or the close of a minute, for volume shows no last minute"
    beside = f"read as {stamp}s the first row is 09:30's; if they were cut by the clock they are a minute beside"
    return Finding("STAMP_UNSEEN", Severity.WARN, f"{sentence} ({beside})", f"{SAY}, or export whole days")


def _cut_beside(ends: Ends, stamp: Stamp) -> Finding | None:
    """A file that was cut by the clock starts at 09:30 whatever its times name: then volume steps a minute beside the session's ends."""
    if max(ends.early, ends.late) < max(CUT * ends.seen, 1):
        return None
    at = ("first", "after its first, as if that were not yet the session's") if ends.early >= ends.late else (
        "last", "before its last, as if that were no more the session's")  # fmt: skip
    sentence = (
        f"read as {stamp}s, sessions have their {at[0]} minute at their edge, but on {max(ends.early, ends.late)} of {ends.seen} volume "
        f"stands in the minute {at[1]}; read as {stamp.other}s they are cut a minute beside their edge"
    )
    return Finding("STAMP", Severity.REFUSE, f"cannot tell whether times name the open or the close of a minute ({sentence})", SAY)


def _majority(said: Says) -> Heard:
    """The stamp that most sessions say, the evidence, and any doubt."""
    opens, closes = said.minutes == 0, said.minutes == 1
    if not (opens | closes).any():
        return _by_single_marks(said)
    most, fewer, stamp = (opens, closes, Stamp.OPEN) if opens.sum() >= closes.sum() else (closes, opens, Stamp.CLOSE)
    evidence = f"{MARKS} say {stamp} on {int(most.sum())} of {len(said.day)} sessions"
    if not fewer.any():
        return Heard(stamp, evidence)
    doubt = f"on {counted(int(fewer.sum()), 'session')} ({shown_days(said.day[fewer])}) they say {stamp.other}"
    voices = fewer.sum() + most.sum()
    if fewer.sum() > OTHERS * voices:
        return Heard(None, f"{evidence}, and {doubt}", _untold(f"{evidence}, and {doubt}"))
    if (said.marks[fewer] >= STRONG).any() or fewer.sum() > FEW * voices:
        return Heard(stamp, evidence, Finding("STAMP", Severity.REFUSE, f"{evidence}, but {doubt}", f"{TAKE_AWAY}, or {SAY}"))
    return Heard(stamp, evidence, Finding("STAMP_DOUBT", Severity.WARN, doubt))


def _by_round_minutes(ts_ns: Ints, volume: Ints, heard: Heard) -> Heard:
    """Where a file has none of the marked minutes: many trade on round five minutes, so that volume peaks in the minute after."""
    minute, size = ts_ns // MINUTE_NS, np.log1p(volume)
    whole = (np.diff(minute)[:-1] == 1) & (np.diff(minute)[1:] == 1)
    excess, rest = (size[1:-1] - (size[:-2] + size[2:]) / 2)[whole], minute[1:-1][whole] % ROUND
    scores = [_score(excess[rest == each]) for each in range(ROUND)]
    for at, stamp in enumerate(Stamp):
        if scores[at] >= CLEAR and max(score for each, score in enumerate(scores) if each != at) < CLEAR / 2:
            return Heard(stamp, f"volume peaks in the minute that is stamped {at} after round five minutes")
    return heard


def _score(values: np.ndarray) -> float:
    """How many standard errors a mean lies above 0; 0 of few values."""
    return float(values.mean() / (values.std() / np.sqrt(len(values)))) if len(values) >= 100 and values.std() > 0 else 0.0


def _by_single_marks(said: Says) -> Heard:
    """Where no session has two marks, three that agree are enough."""
    counts = {stamp: int((said.single == stamp.minutes).sum()) for stamp in Stamp}
    stamp = max(counts, key=lambda each: counts[each])
    if counts[stamp] >= 3 and sum(counts.values()) == counts[stamp]:
        return Heard(stamp, f"one mark a session says {stamp} on {counts[stamp]} of {len(said.day)} sessions")
    return Heard(None, "neither volume nor breaks show where a session starts")
