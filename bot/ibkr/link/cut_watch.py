"""Finds out that a cut is over when the word of it (1101, 1102) was lost: asks what only IBKR's own servers can answer.

It promises nothing for a run that observes, which asks no such question: its cut ends with that word, or with the socket.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from bot.ibkr.errors import BrokerError
from bot.ibkr.link.link import Link

ASK_SECONDS = 30.0  # a cut mostly ends sooner, and with a word


class CutWatch:
    """Of one link. `ask` returns only once IBKR itself has answered, and raises BrokerError otherwise."""

    def __init__(self, link: Link, ask: Callable[[], Awaitable[None]]) -> None:
        self._link, self._ask = link, ask
        link.loops.append(self._watch)

    async def _watch(self) -> None:
        link = self._link
        while True:
            await link.until(lambda: link.cut)
            await link.delay(ASK_SECONDS)
            with contextlib.suppress(BrokerError):
                if link.cut:
                    await self._ask()
                    link.found_back()
