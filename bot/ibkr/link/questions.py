"""What is asked of the broker before entries: which questions are open, for what reason, since when, and how often in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from bot.ibkr.errors import BrokerError, ConnectionLost, ProtocolError
from bot.ibkr.link.link_state import SyncReason

TRIES = 3  # then the question counts as missing; it is asked on, but rarely
_DEMAND = list(SyncReason)
Ask = Callable[[SyncReason], Awaitable[None]]
Known = Callable[[], bool]


@dataclass(eq=False)
class Open:
    """A question that is not answered: why and since when (market time, UTC ns) it is asked, how often in vain, and what came of it."""

    reason: SyncReason
    since_ns: int
    tries: int = 0
    error: BrokerError | None = None


class _Listed(NamedTuple):
    """A question: how it is asked, on whose answers it rests, whether what a start needs of it is known, and whether exits wait for it."""

    ask: Ask
    rests_on: tuple[str, ...]
    enough: Known
    way_out: bool


class Questions:
    """The questions by name: those of the way out, asked together, and the others, asked in the order in which they were added.

    `now_ns` is market time.

    Entries need the answer to every one. A start needs only those that say what they need (`enough`): without the others it goes
    on, and entries wait.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._listed: dict[str, _Listed] = {}
        self._open: dict[str, Open] = {}
        self._answered: set[str] = set()

    def add(self, name: str, ask: Ask, *, rests_on: tuple[str, ...] = (), enough: Known = lambda: True, way_out: bool = False) -> None:
        """A question; `ask` returns once it is answered, and raises BrokerError if it is not.

        It is not asked before those it `rests_on` have been answered once. `enough` says whether a start can go on although it
        is not answered, `way_out` that an exit may have to wait for the answer: no silence of another question holds it up.
        """
        self._listed[name] = _Listed(ask, rests_on, enough, way_out)

    @property
    def names(self) -> list[str]:
        """All of them, in the order in which they are asked."""
        return list(self._listed)

    @property
    def open(self) -> dict[str, Open]:
        """Those that are not answered, in the order in which they are asked."""
        return {name: self._open[name] for name in self._listed if name in self._open}

    @property
    def missing(self) -> dict[str, Open]:
        """Those that were asked in vain often enough."""
        return {name: question for name, question in self.open.items() if question.tries >= TRIES}

    @property
    def enough(self) -> bool:
        """Whether all that a start needs is known."""
        return all(self._listed[name].enough() for name in self.open)

    def stops_start(self, name: str) -> bool:
        """Whether a start cannot go on without this answer."""
        return not self._listed[name].enough()

    def give_up(self, error: BrokerError) -> None:
        """Those that are open have been waited for long enough: they are missing, for this reason where no other is known."""
        for question in self.open.values():
            question.tries, question.error = max(question.tries, TRIES), question.error or error

    def due(self, *, way_out: bool) -> bool:
        """Whether one of those that an exit waits for, or of the others, can be asked that is not missing."""
        found = self.open
        return any(found[name].tries < TRIES and self._may_ask(name) for name in self.among(found, way_out=way_out))

    def _may_ask(self, name: str) -> bool:
        return self._answered.issuperset(self._listed[name].rests_on)

    def owe(self, reason: SyncReason, *names: str) -> None:
        """These are to be asked (none named: all), from now on or again; a reason that demands more stays."""
        for name in names or self._listed:
            before = self._open.get(name)
            demand = reason if before is None else min(reason, before.reason, key=_DEMAND.index)
            self._open[name] = Open(demand, self._now_ns() if before is None else before.since_ns)

    def unanswered(self, name: str, error: BrokerError) -> None:
        """Somebody has asked this in vain."""
        if name not in self._open:
            self.owe(SyncReason.UNANSWERED, name)
        self._open[name].tries += 1
        self._open[name].error = error

    async def ask(self, *, way_out: bool, missing: bool) -> None:
        """Ask each open one once, of those that an exit waits for or of the others, the `missing` too or not.

        None that rests on what was never answered. The former are asked at once, the latter one after the other. Raises ConnectionLost.
        """
        names = self.among(self.open, way_out=way_out)
        if not way_out:
            for name in names:
                await self._ask(name, missing)
            return
        for ended in await asyncio.gather(*(self._ask(name, missing) for name in names), return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended

    def among(self, names: Iterable[str], *, way_out: bool) -> list[str]:
        """Those of them that an exit waits for, or the others."""
        return [name for name in names if self._listed[name].way_out == way_out]

    async def _ask(self, name: str, missing: bool) -> None:
        """One of them, if it is still open and its turn. Raises ConnectionLost."""
        question = self._open.get(name)
        if question is None or not self._may_ask(name) or (question.tries >= TRIES and not missing):
            return
        try:
            await self._listed[name].ask(question.reason)
        except ConnectionLost:
            raise
        except (Exception, asyncio.CancelledError) as error:  # whatever it is, the others are asked too
            if isinstance(error, asyncio.CancelledError) and asyncio.current_task().cancelling():
                raise  # nobody asks any more
            question.tries += 1
            question.error = error if isinstance(error, BrokerError) else ProtocolError(f"{name}: {type(error).__name__}: {error}")
        else:
            self._answered.add(name)
            if self._open.get(name) is question:  # nobody has asked for it anew meanwhile
                del self._open[name]
