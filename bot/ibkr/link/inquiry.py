"""Asks the open questions in rounds while a connection lives: soon again while they are new, each minute once they are missing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.calendar import new_york
from bot.ibkr.errors import BrokerError, ConnectionLost, ContractNotFound, NotSynced
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.link.questions import Open, Questions

SOON_SECONDS, MISSING_SECONDS = 2.0, 60.0


class Asked(Protocol):
    """The link whose questions these are, as far as it is needed here (bot.ibkr.link.link.Link)."""

    state: LinkState
    was_synced: bool
    questions: Questions

    async def keep(self, loop: Callable[[], Awaitable[None]]) -> None: ...
    async def until(self, condition: Callable[[], bool]) -> None: ...
    async def delay(self, seconds: float) -> None: ...
    def ends_start(self, error: BrokerError) -> bool: ...
    def reconnect(self, error: BrokerError) -> None: ...
    def report(self, error: BrokerError) -> None: ...
    def questions_changed(self) -> None: ...


class Inquiry:
    """Of one link. It asks nothing while the gateway has lost IBKR."""

    def __init__(self, link: Asked) -> None:
        self._link, self._questions = link, link.questions
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Ask from now on what is open, all anew: what was asked before a cut may never be answered."""
        self.end()
        self._task = asyncio.get_running_loop().create_task(self._link.keep(self._ask))

    def end(self) -> None:
        """The connection is over."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def not_synced(self) -> NotSynced:
        """What is not known, since when, and what came of asking for it."""
        missing = self._questions.missing
        wanted = missing or self._questions.open
        since = clock_text(min((question.since_ns for question in wanted.values()), default=0))
        causes = [question.error.text for question in missing.values() if question.error is not None]
        return NotSynced("; ".join((f"the link is {self._link.state}: {', '.join(wanted)} not known since {since}", *causes)))

    async def _ask(self) -> None:
        link = self._link
        while True:
            await link.until(lambda: link.state.allows_way_out and bool(self._questions.open))
            with contextlib.suppress(ConnectionLost):  # the link hears of that by itself
                await self._questions.ask(in_order=not link.was_synced)
            if link.state.allows_way_out:
                self._asked()
            if self._questions.open:
                await link.delay(MISSING_SECONDS if link.state is LinkState.DEGRADED else SOON_SECONDS)

    def _asked(self) -> None:
        """A round is over: say what was not told. A start waits for no missing answer, and may end of an error at once."""
        unanswered = [question for question in self._questions.open.values() if question.error is not None]
        if not self._link.was_synced and (end := next((each.error for each in unanswered if self._ends_start(each)), None)) is not None:
            self._link.reconnect(end)
            return
        for question in unanswered:
            self._link.report(question.error)
        self._link.questions_changed()

    def _ends_start(self, question: Open) -> bool:
        """One 200 may pass: the broker says it of a contract also while it cannot look it up."""
        passing = isinstance(question.error, ContractNotFound) and question.error.code
        return question in self._questions.missing.values() or (self._link.ends_start(question.error) and not passing)


def clock_text(ts_ns: int) -> str:
    """A moment (UTC ns) for a person."""
    return f"{new_york(ts_ns):%H:%M:%S} New York" if ts_ns else "the start"
