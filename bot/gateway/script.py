"""A fault script: lines of `HH:MM[:SS] words`, New York time on the replayed date, in rising order. `#` starts a comment.

Example:
    10:31     err 1100
    10:31:30  err 1102
    11:05     fill MES-1 1 of 3
"""

from __future__ import annotations

import datetime as dt

from bot.gateway.errors import GatewayError
from bot.trading_hours import clock_ns


class Script:
    """What is to happen when. Raises GatewayError, naming the line, for what is no script."""

    def __init__(self, text: str, date: dt.date) -> None:
        self._lines: list[tuple[int, str]] = []
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split("#")[0].strip()
            if not words:
                continue
            moment, _, rest = words.partition(" ")
            try:
                at_ns = clock_ns(date, dt.time.fromisoformat(moment))
            except ValueError:
                raise GatewayError(f"Script line {number}: {moment!r} is no time; write HH:MM or HH:MM:SS, then the fault.") from None
            if not rest.strip():
                raise GatewayError(f"Script line {number}: there is no fault after {moment}.")
            if self._lines and at_ns < self._lines[-1][0]:
                raise GatewayError(f"Script line {number}: {moment} comes after a later time; put the lines in order.")
            self._lines.append((at_ns, rest.strip()))

    def due(self, now_ns: int) -> list[str]:
        """The words whose time has come, each once."""
        ready = [words for at_ns, words in self._lines if at_ns <= now_ns]
        del self._lines[: len(ready)]
        return ready
