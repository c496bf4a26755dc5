"""Past minutes from the broker, within its pacing rules. Times are UTC ns; a bar is named by its close.

A long time is asked for in pieces of several trading days: the pacing rules count requests, and weeks a day at a time take most of a
start. A piece begins where the broker's trading day does, so the next one ends where it began. What refuses such a piece, for
whatever reason, is asked a day at a time.

One code says that there are no data, that we ask too often, and that this login may not have them, in words of many
languages. So it is told by what follows: a day that is refused again and again has no data if other days are answered,
and history is refused if none is. Two days of trading without data, and none after them, are no answer of a true market either.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

from bot.ibkr.data.minutes import Minute
from bot.ibkr.errors import BrokerError, DataRefused, GatewayNotResponding
from bot.ibkr.link.link import Link
from bot.ibkr.link.pacing import HistoryPacer
from bot.units import MINUTE_NS, SECOND_NS

DAY_SECONDS = 86_400
DAY_NS = DAY_SECONDS * SECOND_NS
LARGE_DAYS = 5  # of trading; IBKR's own examples ask for ten of minutes
NO_DATA = "no data"  # the broker's English words; they spare a wait, and nothing rests on them
TIMEOUT_SECONDS = 60.0
BACK_OFF_SECONDS = 15.0
ATTEMPTS, ATTEMPTS_ONCE_ANSWERED = 3, 2
EMPTY_DAYS = 2  # days of trading without data, one after the other, before which there are none


class History:
    """Asks for minutes, waiting its turn. `open_within` says whether the market was open in (after, until]."""

    def __init__(self, link: Link, open_within: Callable[[int, int], bool]) -> None:
        self._link, self._open_within = link, open_within
        self._pacer = HistoryPacer(link.seconds)
        self._turn = asyncio.Lock()

    async def minutes(self, contract: Any, after_ns: int, until_ns: int) -> list[Minute]:
        """The minutes that close in (after, until], oldest first; minutes without trades are not there. Raises BrokerError.

        Requests meet on whole minutes: a minute cut in two by them would be in neither, or in one with half its trades. Nothing is
        asked for while the market was shut, nor before the data begin.
        """
        found: dict[int, Minute] = {}
        refusal: BrokerError | None = None
        empty = 0
        first, end = (moment // MINUTE_NS * MINUTE_NS for moment in (after_ns, until_ns))
        async for minutes in self._large(contract, first, end):
            found |= {minute.close_ns: minute for minute in minutes if after_ns < minute.close_ns <= until_ns}
            end = minutes[0].close_ns - MINUTE_NS
        while end > first and empty < EMPTY_DAYS:
            start = max(first, end - DAY_NS)
            if self._open_within(start, end):
                minutes, refused = await self._ask(contract, start, end, ATTEMPTS_ONCE_ANSWERED if found else ATTEMPTS)
                refusal = refused or refusal
                found |= {minute.close_ns: minute for minute in minutes if after_ns < minute.close_ns <= until_ns}
                empty = 0 if minutes else empty + 1
            end = start
        unbelievable = empty >= EMPTY_DAYS and not self._link.settings.replay  # a tape may begin today
        if not found and (refusal is not None or unbelievable):
            raise refusal or DataRefused(f"history has no minute of the last {empty} days of trading")
        return [found[close_ns] for close_ns in sorted(found)]

    async def _large(self, contract: Any, first_ns: int, end_ns: int) -> AsyncIterator[list[Minute]]:
        """Pieces of several trading days, the newest first, for as long as more than a day is left and there is an answer."""
        while end_ns - first_ns > DAY_NS:
            days = min(LARGE_DAYS, -(-(end_ns - first_ns) // DAY_NS))
            try:
                minutes = await self._ask_once(contract, end_ns, f"{days} D")
            except (DataRefused, GatewayNotResponding) as error:
                if NO_DATA not in error.text:
                    self._link.report(error)
                return
            if not minutes or minutes[0].close_ns - MINUTE_NS >= end_ns:
                return
            yield minutes
            end_ns = minutes[0].close_ns - MINUTE_NS

    async def _ask(self, contract: Any, start_ns: int, end_ns: int, attempts: int) -> tuple[list[Minute], BrokerError | None]:
        """One request, again after a growing wait; its minutes, and why it was refused to the end, unless that is said to be no data."""
        refusal: BrokerError | None = None
        for attempt in range(attempts):
            if refusal is not None:
                self._link.report(refusal)
                await self._link.delay(BACK_OFF_SECONDS * 2 ** (attempt - 1))
            try:
                # "1 D" would mean the broker's trading day, which is not a day's minutes
                seconds = max(60, -(-(end_ns - start_ns) // SECOND_NS))
                return await self._ask_once(contract, end_ns, f"{seconds} S"), None
            except DataRefused as error:
                if NO_DATA in error.text:
                    return [], None
                refusal = error
        return [], refusal

    async def _ask_once(self, contract: Any, end_ns: int, duration: str) -> list[Minute]:
        """The minutes of one answer, oldest first. Raises BrokerError."""
        end = dt.datetime.fromtimestamp(end_ns // SECOND_NS, dt.UTC)
        what = f"{contract.localSymbol} {end} {duration}"
        async with self._turn:
            if not self._link.settings.replay:  # whose nights may pass in a second, and whose broker is ours
                await self._delay_if(self._pacer.wait_seconds(what))
            self._pacer.note(what)
            bars = await self._link.connection.ask(
                "reqHistoricalData", contract, f"{end:%Y%m%d-%H:%M:%S}", duration, "1 min", "TRADES", False, 2, False, [],
                timeout_seconds=TIMEOUT_SECONDS,
            )  # fmt: skip
        return sorted(_minute(bar) for bar in bars)

    async def _delay_if(self, seconds: float) -> None:
        if seconds > 0:
            await self._link.delay(seconds)


def _minute(bar: Any) -> Minute:
    if not str(bar.date).isdigit():
        raise BrokerError(f"history is dated {bar.date!r} where epoch seconds were asked for")
    close_ns = int(bar.date) * SECOND_NS + MINUTE_NS
    return Minute(close_ns, bar.open, bar.high, bar.low, bar.close, max(bar.volume, 0.0))
