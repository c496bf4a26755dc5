"""Watches that bars come while the market is open; asks again, and at last makes a new connection.

A silence that the broker has explained (a broken farm, another login with our data) is no fault of the socket, which orders
need: then the data are asked for now and then, and the connection stays as long as it answers.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from bot.calendar import Session
from bot.contracts.models import DvsLaw
from bot.ibkr.data.market_data import MarketData
from bot.ibkr.errors import ConnectionTrouble, StaleBars
from bot.ibkr.link.link import Link
from bot.quality.feed import stale_periods

TRIES = 3
EXCUSED_SECONDS = 90.0  # longer than the feed itself waits before it asks again


class FeedHours(Protocol):
    """What the watch asks of the calendar; bot.calendar.SessionCalendar gives it."""

    def globex_open(self, ts_ns: int) -> bool: ...

    def session_at(self, close_ts_ns: int) -> Session | None: ...


class FeedWatch:
    """A loop that lives as long as a connection. Silence is wall time; whether silence is odd is asked of market time.

    It promises nothing outside the calendar's hours, and cannot tell a halt from a dead feed.
    """

    def __init__(self, link: Link, feed: MarketData, limits: DvsLaw, calendar: FeedHours, look_every_seconds: float) -> None:
        self._link, self._feed, self._limits, self._calendar = link, feed, limits, calendar
        self._every = look_every_seconds
        self._told = self._tries = 0
        link.loops.append(self._watch)

    async def _watch(self) -> None:
        self._told = self._tries = 0
        while True:
            await asyncio.sleep(self._every)
            if self._link.allows_way_out:
                try:
                    self._feed.tick()
                    await self._look()
                except ConnectionTrouble:
                    pass  # the link notices by itself

    async def _look(self) -> None:
        now_ns, now = self._link.clock.now_ns(), self._link.seconds()
        if not self._calendar.globex_open(now_ns):
            self._told = self._tries = 0
            return
        if self._calendar.session_at(now_ns) is not None:
            self._tell(stale_periods(self._limits, now - self._feed.last_data_seconds))
        silent, excused = now - self._feed.last_piece_seconds, self._feed.excused
        if self._feed.stale is None or excused:
            self._tries = 0
        if silent > (EXCUSED_SECONDS if excused else self._limits.stale_seconds) and self._feed.denied is None:
            await self._wake(silent, excused)

    def _tell(self, periods: int) -> None:
        """STALE once when the feed has been silent too long and once more each further period."""
        for period in range(self._told, periods):
            self._feed.tell_stale(f"no data for {(period + 1) * self._limits.stale_seconds:.0f} s")
        self._told = periods

    async def _wake(self, silent: float, excused: bool) -> None:
        """Probe the socket, ask for the data again; after some tries without an excuse connect anew."""
        if not excused:
            self._feed.stale = error = StaleBars(f"no bar for {silent:.0f} s while the market is open")
            self._link.report(error)
            self._tries += 1
            if self._tries > TRIES:
                self._link.reconnect(error)
                return
        await self._link.connection.ask_named("reqCurrentTime", "currentTime")
        self._feed.subscribe()
