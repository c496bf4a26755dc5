"""Asks the open questions in rounds while a connection lives: soon again while they are new, each minute once they are missing.

Those that an exit waits for have rounds of their own, in which they are asked at once: nothing that the others do holds them up, nor
what is watched once they are known. The others are asked one after the other: one whose answer takes long holds up those after it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from bot.calendar import new_york
from bot.ibkr.errors import BrokerError, ConnectionLost, ContractNotFound, NotSynced
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.link.questions import Open, Questions

SOON_SECONDS, MISSING_SECONDS = 2.0, 60.0


class Asked(Protocol):
    """The link whose questions these are, as far as it is needed here (bot.ibkr.link.link.Link)."""

    state: LinkState
    begun: bool
    questions: Questions

    async def keep(self, loop: Callable[[], Awaitable[None]]) -> None: ...
    async def until(self, condition: Callable[[], bool]) -> None: ...
    async def delay(self, seconds: float) -> None: ...
    def seconds(self) -> float: ...
    def ends_start(self, error: BrokerError) -> bool: ...
    def reconnect(self, error: BrokerError) -> None: ...
    def report(self, error: BrokerError) -> None: ...
    def questions_changed(self) -> None: ...


class Inquiry:
    """Of one link. It asks nothing while the gateway has lost IBKR."""

    def __init__(self, link: Asked) -> None:
        self._link, self._questions = link, link.questions
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Ask from now on what is open, all anew: what was asked before a cut may never be answered."""
        self.end()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._link.keep(lambda way_out=way_out: self._ask(way_out))) for way_out in (True, False)]

    def end(self) -> None:
        """The connection is over."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def not_synced(self) -> NotSynced:
        """What is not known, since when, and what came of asking for it."""
        missing = self._questions.missing
        wanted = missing or self._questions.open
        since = clock_text(min((question.since_ns for question in wanted.values()), default=0))
        causes = [question.error.text for question in missing.values() if question.error is not None]
        return NotSynced("; ".join((f"the link is {self._link.state}: {', '.join(wanted)} not known since {since}", *causes)))

    async def _ask(self, way_out: bool) -> None:
        link, questions, again_at = self._link, self._questions, 0.0

        def due() -> bool:
            return questions.due(way_out=way_out)

        def among(names: Iterable[str]) -> set[str]:
            return set(questions.among(names, way_out=way_out))

        while True:
            await link.until(lambda: link.state.allows_way_out and bool(among(questions.open)))
            before, rarely = among(questions.missing), link.seconds() >= again_at
            with contextlib.suppress(ConnectionLost):  # the link hears of that by itself
                await questions.ask(way_out=way_out, missing=rarely)
            if link.state.allows_way_out:
                self._asked(among(questions.open))
            if rarely or among(questions.missing) - before:
                again_at = link.seconds() + MISSING_SECONDS
            if due():
                await link.delay(SOON_SECONDS)
            elif among(questions.open):
                await self._until(due, again_at - link.seconds())

    async def _until(self, due: Callable[[], bool], seconds: float) -> None:
        """Until so many have passed, or something new is to be asked."""
        waits = [asyncio.ensure_future(each) for each in (self._link.delay(seconds), self._link.until(due))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _asked(self, names: set[str]) -> None:
        """A round is over: say what was not told. A start waits for no missing answer that it needs, and may end of an error at once."""
        found = self._questions.open
        unanswered = {name: found[name] for name in found if name in names and found[name].error is not None}
        ends = (question.error for name, question in unanswered.items() if not self._link.begun and self._ends_start(name, question))
        if (end := next(ends, None)) is not None:
            self._link.reconnect(end)
            return
        for question in unanswered.values():
            self._link.report(question.error)
        self._link.questions_changed()

    def _ends_start(self, name: str, question: Open) -> bool:
        """One 200 may pass: the broker says it of a contract also while it cannot look it up."""
        passing = isinstance(question.error, ContractNotFound) and question.error.code
        missing = name in self._questions.missing
        return (missing and self._questions.stops_start(name)) or (self._link.ends_start(question.error) and (missing or not passing))


def clock_text(ts_ns: int) -> str:
    """A moment (UTC ns) for a person."""
    return f"{new_york(ts_ns):%H:%M:%S} New York" if ts_ns else "the start"
