"""Past minutes from the broker, within its pacing rules. Times are UTC ns; a bar is named by its close."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from bot.ibkr.data.minutes import Minute
from bot.ibkr.errors import BrokerError, PacingViolation
from bot.ibkr.link.link import Link
from bot.ibkr.link.pacing import HistoryPacer
from bot.units import MINUTE_NS, SECOND_NS

DAY_SECONDS = 86_400
NO_DATA = "no data"
TIMEOUT_SECONDS = 60.0
BACK_OFF_SECONDS = 15.0
ATTEMPTS = 3


class History:
    """Asks for minutes, one day at most at a time, waiting its turn."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._pacer = HistoryPacer(link.seconds)
        self._turn = asyncio.Lock()

    async def minutes(self, contract: Any, after_ns: int, until_ns: int) -> list[Minute]:
        """The minutes that close in (after, until], oldest first; minutes without trades are not there. Raises BrokerError.

        Requests meet on whole minutes: a minute cut in two by them would be in neither, or in one with half its trades.
        """
        found: dict[int, Minute] = {}
        first, end = (moment // MINUTE_NS * MINUTE_NS for moment in (after_ns, until_ns))
        while end > first:
            start = max(first, end - DAY_SECONDS * SECOND_NS)
            for minute in await self._ask(contract, start, end):
                if after_ns < minute.close_ns <= until_ns:
                    found[minute.close_ns] = minute
            end = start
        return [found[close_ns] for close_ns in sorted(found)]

    async def _ask(self, contract: Any, start_ns: int, end_ns: int) -> list[Minute]:
        """One request, again after a growing wait if the broker says that we ask too often."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._ask_once(contract, start_ns, end_ns)
            except PacingViolation as error:
                if NO_DATA in error.text:
                    return []
                self._link.report(error)
                await self._link.delay(BACK_OFF_SECONDS * 2**attempt)
        raise PacingViolation("history was refused again and again")

    async def _ask_once(self, contract: Any, start_ns: int, end_ns: int) -> list[Minute]:
        end = dt.datetime.fromtimestamp(end_ns // SECOND_NS, dt.UTC)
        seconds = max(60, -(-(end_ns - start_ns) // SECOND_NS))
        duration = f"{seconds} S"  # "1 D" would mean the broker's trading day, which is not a day's minutes
        what = f"{contract.localSymbol} {end} {duration}"
        async with self._turn:
            await self._delay_if(self._pacer.wait_seconds(what))
            self._pacer.note(what)
            bars = await self._link.connection.ask(
                "reqHistoricalData", contract, f"{end:%Y%m%d-%H:%M:%S}", duration, "1 min", "TRADES", False, 2, False, [],
                timeout_seconds=TIMEOUT_SECONDS,
            )  # fmt: skip
        return [_minute(bar) for bar in bars]

    async def _delay_if(self, seconds: float) -> None:
        if seconds > 0:
            await self._link.delay(seconds)


def _minute(bar: Any) -> Minute:
    if not str(bar.date).isdigit():
        raise BrokerError(f"history is dated {bar.date!r} where epoch seconds were asked for")
    close_ns = int(bar.date) * SECOND_NS + MINUTE_NS
    return Minute(close_ns, bar.open, bar.high, bar.low, bar.close, max(bar.volume, 0.0))
