"""A fault script: lines of `HH:MM[:SS] words`, New York time on the replayed date, in rising order. `#` starts a comment.

Everything that can be known before it runs is checked when it is read: the verb, the form of its words, the time.

Example:
    10:31     err 1100
    10:31:30  err 1102
    11:05     fill MES-1 1 of 3
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from bot.calendar import new_york
from bot.gateway.errors import GatewayError
from bot.gateway.words import read
from bot.trading_hours import clock_ns

ALWAYS = (0, 2**63)


class Line(NamedTuple):
    """What is to happen when (UTC ns), and where that is written."""

    at_ns: int
    words: str
    where: str


class Script:
    """What is to happen when, within the replay's span (UTC ns). Raises GatewayError, naming the line, for what is no script."""

    def __init__(self, text: str, date: dt.date, span: tuple[int, int] = ALWAYS, name: str = "Script") -> None:
        self._lines: list[Line] = []
        for number, written in enumerate(text.splitlines(), 1):
            words = written.split("#")[0].strip()
            if words:
                where = f"{name} line {number}"
                try:
                    self._lines.append(self._line(words, date, span, where))
                except GatewayError as error:
                    raise GatewayError(f"{where}: {error}") from None

    def _line(self, words: str, date: dt.date, span: tuple[int, int], where: str) -> Line:
        moment, _, rest = words.partition(" ")
        try:
            at_ns = clock_ns(date, dt.time.fromisoformat(moment))
        except ValueError:
            raise GatewayError(f"{moment!r} is no time; write HH:MM or HH:MM:SS, then the fault.") from None
        if not rest.strip():
            raise GatewayError(f"there is no fault after {moment}.")
        if not span[0] <= at_ns <= span[1]:
            start, end = map(new_york, span)
            raise GatewayError(
                f"{moment} is outside the replay, which goes from {start:%H:%M} to {end:%H:%M} New York; choose a time in it."
            )
        if self._lines and at_ns < self._lines[-1].at_ns:
            raise GatewayError(f"{moment} comes after a later time; put the lines in order.")
        read(rest)
        return Line(at_ns, rest.strip(), where)

    def due(self, now_ns: int) -> list[Line]:
        """The lines whose time has come, each once."""
        ready = [line for line in self._lines if line.at_ns <= now_ns]
        del self._lines[: len(ready)]
        return ready
