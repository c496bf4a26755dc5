"""What is asked of the broker before entries: which questions are open, for what reason, since when, and how often in vain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.ibkr.errors import BrokerError, ConnectionLost, ProtocolError
from bot.ibkr.link.link_state import SyncReason

TRIES = 3  # then the question counts as missing; it is asked on, but rarely
_DEMAND = list(SyncReason)
Ask = Callable[[SyncReason], Awaitable[None]]


@dataclass(eq=False)
class Open:
    """A question that is not answered: why and since when (market time, UTC ns) it is asked, how often in vain, and what came of it."""

    reason: SyncReason
    since_ns: int
    tries: int = 0
    error: BrokerError | None = None


class Questions:
    """The questions by name, asked in the order in which they were added; `now_ns` is market time."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._asks: dict[str, Ask] = {}
        self._open: dict[str, Open] = {}

    def add(self, name: str, ask: Ask) -> None:
        """A question; `ask` returns once it is answered, and raises BrokerError if it is not."""
        self._asks[name] = ask

    @property
    def open(self) -> dict[str, Open]:
        """Those that are not answered, in the order in which they are asked."""
        return {name: self._open[name] for name in self._asks if name in self._open}

    @property
    def missing(self) -> dict[str, Open]:
        """Those that were asked in vain often enough."""
        return {name: question for name, question in self.open.items() if question.tries >= TRIES}

    def owe(self, reason: SyncReason, *names: str) -> None:
        """These are to be asked (none named: all), from now on or again; a reason that demands more stays."""
        for name in names or self._asks:
            before = self._open.get(name)
            demand = reason if before is None else min(reason, before.reason, key=_DEMAND.index)
            self._open[name] = Open(demand, self._now_ns() if before is None else before.since_ns)

    def unanswered(self, name: str, error: BrokerError) -> None:
        """Somebody has asked this in vain."""
        if name not in self._open:
            self.owe(SyncReason.UNANSWERED, name)
        self._open[name].tries += 1
        self._open[name].error = error

    async def ask(self, *, in_order: bool) -> None:
        """Ask each open one once; `in_order`: none while one before it, on which it may rest, is not answered. Raises ConnectionLost."""
        for name, question in self.open.items():
            try:
                await self._asks[name](question.reason)
            except ConnectionLost:
                raise
            except Exception as error:  # whatever it is, the others are asked too
                question.tries += 1
                question.error = error if isinstance(error, BrokerError) else ProtocolError(f"{name}: {type(error).__name__}: {error}")
                if in_order:
                    return
            else:
                if self._open.get(name) is question:  # nobody has asked for it anew meanwhile
                    del self._open[name]
