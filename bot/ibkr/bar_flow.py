"""Minutes to whoever subscribed: in order, each once, gaps filled from history first.

A whole minute that follows the last one goes out at once. One with missing pieces, or after a
gap, waits until history has answered (or failed: then it goes out as it is, and the gap stays).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.ibkr.errors import BrokerError
from bot.ibkr.minutes import Minute
from bot.units import MINUTE_NS

Fetch = Callable[[int, int], Awaitable[list[Minute]]]


class BarFlow:
    """One contract's minutes. `publish` gets each minute, `fetch` asks history for those that close in (after, until].

    `gaps` counts minutes that went out incomplete because history could not be had.
    """

    def __init__(self, publish: Callable[[Minute], None], fetch: Fetch, failed: Callable[[BrokerError], None]) -> None:
        self.last_ns = 0
        self.gaps = 0
        self._publish, self._fetch, self._failed = publish, fetch, failed
        self._pending: deque[Minute] = deque()
        self._repair: asyncio.Task[None] | None = None

    async def begin(self, after_ns: int, until_ns: int) -> None:
        """Publish the history that closes in (after, until] and go on from there. Raises BrokerError.

        Minutes that close meanwhile wait: fetching for them too would ask the broker for the same days twice.
        """
        history = await self._fetch(after_ns, until_ns)
        self.last_ns = after_ns
        self._send(history, until_ns)
        self.last_ns = max(self.last_ns, until_ns // MINUTE_NS * MINUTE_NS)
        self._pump()

    def add(self, minute: Minute) -> None:
        """A minute has closed."""
        if minute.close_ns > self.last_ns:
            self._pending.append(minute)
            if self.last_ns:
                self._pump()

    def catch_up(self, until_ns: int) -> None:
        """Fetch what closed up to this moment and was not published: after a reconnect, before the next minute closes."""
        until = until_ns // MINUTE_NS * MINUTE_NS
        if self.last_ns and until > self.last_ns and self._repair is None and not self._pending:
            self._repair = asyncio.ensure_future(self._mend(None, until))

    def stop(self) -> None:
        """Let go of what waits."""
        if self._repair is not None:
            self._repair.cancel()
            self._repair = None
        self._pending.clear()

    def _pump(self) -> None:
        while self._pending and self._repair is None:
            minute = self._pending[0]
            if minute.close_ns <= self.last_ns:
                self._pending.popleft()
            elif minute.whole and minute.close_ns == self.last_ns + MINUTE_NS:
                self._pending.popleft()
                self._send([minute], minute.close_ns)
            else:
                self._repair = asyncio.ensure_future(self._mend(minute, minute.close_ns))

    async def _mend(self, minute: Minute | None, until_ns: int) -> None:
        found: list[Minute] = []
        try:
            found = await self._fetch(self.last_ns, until_ns)
        except BrokerError as error:
            self._failed(error)
        self._repair = None
        if minute is not None and not any(each.close_ns == minute.close_ns for each in found):
            self.gaps += not minute.whole
            found.append(minute)
        if minute is not None:
            with suppress(ValueError):
                self._pending.remove(minute)
        self._send(found, until_ns)
        self._pump()

    def _send(self, minutes: list[Minute], until_ns: int) -> None:
        for minute in minutes:
            if self.last_ns < minute.close_ns <= until_ns:
                self.last_ns = minute.close_ns
                self._publish(minute)
