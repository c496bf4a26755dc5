"""What a file of bars is: facts, and findings that refuse, warn or note."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Literal

import msgspec

from bot.plural import counted

SHOWN = 3  # sentences of a run


class Severity(StrEnum):
    """What a finding does to a file."""

    REFUSE = "refuse"
    WARN = "warn"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """One thing found: a clause without its full stop, and what a person can do about it ("" if nothing)."""

    code: str
    severity: Severity
    sentence: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """The finding as a sentence."""
        return f"{self.sentence}{': ' + self.remedy if self.remedy else ''}."


class Stretch(msgspec.Struct, frozen=True):
    """Sessions on one side of a clock change of New York, and what their marks say.

    `first` and `last` are dates, ISO. `opens` and `closes` are the sessions whose marks say that times name the open or the
    close of a minute; `others` maps minutes by which the marks stand late (negative: early) to sessions, as text.
    """

    first: str
    last: str
    sessions: int
    opens: int
    closes: int
    others: dict[str, int]


class SessionCount(msgspec.Struct, frozen=True):
    """A regular session: minutes that the file holds of those there are, and minutes between most of its rows (0: none)."""

    date: str
    minutes: int
    expected: int
    interval_minutes: int


class Passport(msgspec.Struct, frozen=True):
    """The facts of one file and its findings, the worst first. Prices in points, times New York, shares 0..1.

    `first` and `last` are the times at which the first and the last bar open; of a file that is refused because nobody knows what
    its times name, those times themselves.
    `bars_sha256` is the hash of the bars as they are used: times in UTC ns, prices in ticks.
    """

    rows: int
    first: str
    last: str
    format: str
    zone: str
    stamp: Literal["open", "close"] | None
    stamp_reason: str
    stretches: list[Stretch]
    sessions: list[SessionCount]
    missing: list[str]
    outside_hours: int
    zero_volume: int
    repeated: int
    lowest: float
    highest: float
    instruments: list[str]
    bars_sha256: str
    findings: list[Finding]

    @property
    def usable(self) -> bool:
        """Whether nothing refuses the file."""
        return not self.of(Severity.REFUSE)

    @property
    def sha256(self) -> str:
        """The passport's own hash, hex."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of one severity."""
        return [each for each in self.findings if each.severity is severity]

    @property
    def summary(self) -> str:
        """The file in one sentence."""
        held, there_are = len(self.sessions) - len(self.missing), len(self.sessions)
        opening, named = ("opening ", f"times name the {self.stamp}") if self.stamp else ("", "what its times name is not known")
        return (
            f"{counted(self.rows, 'minute')}, {opening}{self.first} to {self.last} New York, {held} of {there_are} sessions; "
            f"{self.format}, zone {self.zone}, {named}."
        )

    def lines(self) -> list[str]:
        """At most three sentences for a run: the file, and what to know of it, refusals and warnings first; each finding stands once."""
        told = [*self.of(Severity.REFUSE), *self.of(Severity.WARN)]
        first, more = [each.text for each in told[: SHOWN - 1]], told[SHOWN - 1 :]
        if more:
            first[-1] += f" Also: {'; '.join(each.sentence for each in more)}."
        return [f"Data: {self.summary}", *(f"Data: {text}" for text in first)]
