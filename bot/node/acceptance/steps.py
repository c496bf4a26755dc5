"""The steps of an acceptance: each ends as ok, differs or failed, is told as it ends, and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from bot.masking import masked

Say = Callable[[str], None]


class Ended(StrEnum):
    """How a step ended. DIFFERS: it was done, and the gateway said something that the simulated one would not."""

    OK = "ok"
    DIFFERS = "differs"
    FAILED = "failed"


class Step(msgspec.Struct, frozen=True):
    """One step: what was found, accounts and hosts masked, and what a person does about it ("" if nothing)."""

    name: str
    ended: Ended
    found: str
    remedy: str = ""

    @property
    def line(self) -> str:
        """As it is told on the terminal."""
        return f"{self.ended:8}{self.name}: {self.found.rstrip('.')}.{f' {self.remedy}' if self.remedy else ''}"


class Steps:
    """The steps so far; `say` hears of each as it ends."""

    def __init__(self, say: Say) -> None:
        self.all: list[Step] = []
        self.say = say

    def ok(self, name: str, found: str) -> None:
        """It went as expected."""
        self._end(name, Ended.OK, found)

    def differs(self, name: str, found: str, remedy: str = "") -> None:
        """It was done, and something was said that is not expected."""
        self._end(name, Ended.DIFFERS, found, remedy)

    def failed(self, name: str, found: str, remedy: str) -> None:
        """It was not done, or not as it must be."""
        self._end(name, Ended.FAILED, found, remedy)

    def told(self, name: str, found: str, remarks: list[str]) -> None:
        """It was done: ok, or differs if the gateway remarked on it."""
        if remarks:
            self.differs(name, f"{found}; the gateway remarks: {'; '.join(dict.fromkeys(remarks))}")
        else:
            self.ok(name, found)

    def _end(self, name: str, ended: Ended, found: str, remedy: str = "") -> None:
        step = Step(name, ended, masked(found), masked(remedy))
        self.all.append(step)
        self.say(step.line)
