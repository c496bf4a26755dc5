"""Minutes of one month over many weeks, week by week, kept as they come. It asks for history alone and never for orders."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from itertools import groupby
from typing import Any

from bot.calendar import SessionCalendar, new_york
from bot.ibkr.data.front_month import Month, RollCalendar, front_month, month_of
from bot.ibkr.data.history import History
from bot.ibkr.data.minutes import Minute
from bot.ibkr.data.part_file import PartFile, Piece
from bot.ibkr.errors import BrokerError, ConnectionTrouble, ContractNotFound, DataRefused, GatewayNotResponding
from bot.ibkr.link.link import Link

AGAIN_SECONDS = 120.0  # after a refusal to the end; the pacing window is ten minutes
ROUNDS, ROUNDS_ONCE_ANSWERED = 2, 5
TROUBLE_SECONDS = 0.5  # after trouble with the connection
PATIENCE_SECONDS = 1800.0  # for one week, all waits and lost connections included
Span = tuple[int, int]  # (after, until], UTC ns
Say = Callable[[str], None]


def weeks_of(calendar: SessionCalendar, first: dt.date, last: dt.date) -> list[list[Span]]:
    """CME's trading hours of the trading days from `first` to `last`, by week."""
    hours = [(span, calendar.trading_day(span[0])) for span in calendar.globex_hours]
    inside = [(span, day.week) for span, day in hours if first.isoformat() <= day.date <= last.isoformat()]
    return [[span for span, _ in week] for _, week in groupby(inside, key=lambda each: each[1])]


async def chosen_month(link: Link, symbol: str, exchange: str, wanted: str, calendar: RollCalendar, now_ns: int) -> Month:
    """The month of a local symbol (MESZ5) or of its last trade's month (2025-12), expired ones included; "" means the front month
    at a moment (UTC ns).

    Raises ContractNotFound with those that there are.
    """
    connection = link.connection
    query = connection.library.Contract(secType="FUT", symbol=symbol, exchange=exchange, currency="USD")
    query.includeExpired = bool(wanted)
    months = [month_of(each) for each in await connection.ask("reqContractDetails", query)]
    if not wanted:
        return front_month(months, now_ns, calendar)
    found = [each for each in months if wanted in (each.local_symbol, f"{each.last_trade_date:%Y-%m}")]
    if not found:
        there = ", ".join(f"{each.local_symbol} ({each.last_trade_date:%Y-%m})" for each in months) or "nothing"
        raise ContractNotFound(f"no month {wanted} is listed; found {there}", hint="Name one of them with --month.")
    return found[0]


class Download:
    """Fetches weeks of a month; `say` hears of each week and of each wait."""

    def __init__(self, link: Link, calendar: SessionCalendar, contract: Any, part: PartFile, say: Say) -> None:
        self._link, self._contract, self._part, self._say = link, contract, part, say
        self._history = History(link, calendar.open_within)
        self._answered = False
        self._refusal: DataRefused | None = None  # the last one, of what is not answered yet

    async def all(self, weeks: list[list[Span]]) -> list[Piece]:
        """The pieces of all weeks, in order. Raises BrokerError; what has come until then is kept."""
        pieces = []
        for number, week in enumerate(weeks, start=1):
            after_ns, until_ns = week[0][0], week[-1][1]
            piece = self._part.get(after_ns, until_ns)
            held = piece is not None
            if piece is None:
                piece = self._part.add(after_ns, until_ns, await self._in_time(week))
            self._say(_progress(piece, number, len(weeks), held))
            pieces.append(piece)
        return pieces

    async def _until_told(self, week: list[Span]) -> list[Minute]:
        """Asked again after trouble with the connection, once the way out is open."""
        while True:
            try:
                return await self._patiently(week)
            except ConnectionTrouble as error:
                if self._link.allows_way_out:  # of a connection that is lost the link itself tells
                    self._link.report(error)
            await self._link.delay(TROUBLE_SECONDS)
            await self._link.until(lambda: self._link.allows_way_out)

    async def _in_time(self, week: list[Span]) -> list[Minute]:
        """One week, over lost connections, within PATIENCE_SECONDS."""
        asking = asyncio.ensure_future(self._until_told(week))
        patience = asyncio.ensure_future(self._link.delay(PATIENCE_SECONDS))
        try:
            await asyncio.wait({asking, patience}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise self._refusal or self._link.last_error or GatewayNotResponding(f"no answer within {PATIENCE_SECONDS:g} s")
            return asking.result()
        finally:
            asking.cancel()
            patience.cancel()

    async def _patiently(self, week: list[Span]) -> list[Minute]:
        """One week, asked for again after a wait if it is refused: one code says that we ask too often and that we may not."""
        rounds = 0
        while True:
            try:
                minutes = await self._week(week)
                self._answered, self._refusal = True, None
                return minutes
            except DataRefused as error:
                rounds, self._refusal = rounds + 1, error
                if rounds >= (ROUNDS_ONCE_ANSWERED if self._answered else ROUNDS):
                    raise
                self._say(f"Refused ({error.text.rstrip('.')}); asked again in {AGAIN_SECONDS:g} s.")
                await self._link.delay(AGAIN_SECONDS)

    async def _week(self, week: list[Span]) -> list[Minute]:
        """Its minutes. A day without any is asked for by itself: among others that are answered its refusal would not be seen."""
        minutes = await self._history.minutes(self._contract, week[0][0], week[-1][1])
        found = {each.close_ns: each for each in minutes}
        for after_ns, until_ns in week if len(week) > 1 else ():
            if not any(after_ns < each <= until_ns for each in found):
                found |= {each.close_ns: each for each in await self._history.minutes(self._contract, after_ns, until_ns)}
        return [found[each] for each in sorted(found)]


def no_minutes(month: Month, first: dt.date, last: dt.date) -> BrokerError:
    """That nothing came, as an error."""
    text = f"there are no minutes of {month.local_symbol} from {first} to {last}"
    return DataRefused(text, hint="Name days on which it was traded, or another --month; IB keeps expired months for two years.")


def _progress(piece: Piece, number: int, total: int, held: bool) -> str:
    first, last = (new_york(each).date() for each in (piece.after_ns, piece.until_ns))
    return f"{first} to {last}: {len(piece.minutes):,} minutes{' (there already)' if held else ''}, week {number} of {total}"
