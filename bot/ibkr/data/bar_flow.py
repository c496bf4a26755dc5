"""Minutes to whoever subscribed: in order, each once, gaps filled from history first.

A whole minute that follows the last one goes out at once. One with missing pieces, or after a
gap, waits a moment for history. If that does not help it goes out as it is, and the gap stays: management
and the flattening at the session's end live on minutes, and a late answer is of no use to them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from itertools import batched

from bot.calendar import new_york
from bot.ibkr.data.minutes import Minute
from bot.ibkr.errors import BrokerError, IncompleteBars
from bot.units import MINUTE_NS

Fetch = Callable[[int, int], Awaitable[list[Minute]]]
PATIENCE_SECONDS = 4.0  # of the wall, for which a closed minute waits for history; longer would make it late as well
AT_ONCE = 500  # minutes of history: who takes them from a queue takes all that lie there before the loop has its next turn


class BarFlow:
    """One contract's minutes. `publish` gets each minute, `fetch` asks history for those that close in (after, until].

    `failed` hears what could not be completed; `gaps` counts minutes that went out incomplete.
    """

    def __init__(self, publish: Callable[[Minute], None], fetch: Fetch, failed: Callable[[BrokerError], None]) -> None:
        self.last_ns = 0
        self.gaps = 0
        self._publish, self._fetch, self._failed = publish, fetch, failed
        self._pending: deque[Minute] = deque()
        self._waiting = asyncio.Event()  # set while a closed minute waits
        self._repair: asyncio.Task[None] | None = None
        self._beginning = False

    async def begin(self, after_ns: int, until_ns: int) -> None:
        """Publish the history that closes in (after, until] and go on from there. Raises BrokerError.

        Minutes that close meanwhile wait: fetching for them too would ask the broker for the same days twice.
        """
        history = await self._fetch(after_ns, until_ns)
        self.last_ns, self._beginning = after_ns, True
        try:
            for part in batched(history, AT_ONCE):
                self._send(part, until_ns)
                await asyncio.sleep(0)
            self.last_ns = max(self.last_ns, until_ns // MINUTE_NS * MINUTE_NS)
        finally:
            self._beginning = False
        self._pump()

    def add(self, minute: Minute) -> None:
        """A minute has closed."""
        if minute.close_ns > self.last_ns:
            self._pending.append(minute)
            self._waiting.set()
            if self.last_ns and not self._beginning:
                self._pump()

    def catch_up(self, until_ns: int) -> None:
        """Fetch what closed up to this moment and was not published: after a reconnect, before the next minute closes."""
        until = until_ns // MINUTE_NS * MINUTE_NS
        if self.last_ns and until > self.last_ns and self._repair is None and not self._pending and not self._beginning:
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
        if not self._pending:
            self._waiting.clear()

    async def _mend(self, minute: Minute | None, until_ns: int) -> None:
        """Publish what history knows up to a moment, and then the minute that waits for it, as it is if history knows it not."""
        try:
            found, cause = await self._history(until_ns)
            if minute is None and cause:
                self._failed(IncompleteBars(f"minutes up to {_clock(until_ns)} are still missing; {cause}"))
            self._send(found, until_ns)
            if minute is not None and self.last_ns < minute.close_ns:
                await asyncio.sleep(0)  # who takes bars from a queue has now taken those before: the mark of this one is not theirs
                self._send_wanting(minute, cause or "history does not know it")
        finally:
            self._repair = None
            self._pump()

    async def _history(self, until_ns: int) -> tuple[list[Minute], str]:
        """What history knows, or why it is not told: failed, or not said before a closed minute has waited too long."""
        asking, waiting = asyncio.ensure_future(self._fetch(self.last_ns, until_ns)), asyncio.ensure_future(self._waiting.wait())
        try:
            await asyncio.wait({asking, waiting}, return_when=asyncio.FIRST_COMPLETED)
            return await asyncio.wait_for(asking, PATIENCE_SECONDS), ""
        except TimeoutError:
            return [], f"history has not answered within {PATIENCE_SECONDS:g} s"
        except BrokerError as error:
            return [], error.text
        except Exception as error:  # whatever it is, minutes must go on
            return [], f"{type(error).__name__}: {error}"
        finally:
            asking.cancel()
            waiting.cancel()

    def _send_wanting(self, minute: Minute, cause: str) -> None:
        wants = [] if minute.whole else ["has pieces missing"]
        if minute.close_ns > self.last_ns + MINUTE_NS:
            wants.append("comes after missing ones")
        self.gaps += not minute.whole
        self._send([minute], minute.close_ns)
        if wants:
            self._failed(IncompleteBars(f"the minute that closed at {_clock(minute.close_ns)} {' and '.join(wants)}; {cause}"))

    def _send(self, minutes: Iterable[Minute], until_ns: int) -> None:
        for minute in minutes:
            if self.last_ns < minute.close_ns <= until_ns:
                self.last_ns = minute.close_ns
                self._publish(minute)


def _clock(ts_ns: int) -> str:
    return f"{new_york(ts_ns):%H:%M} New York"
