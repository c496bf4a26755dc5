"""When a node makes room for the next one: at the end of a trading day whose contracts wait, or whose journal's year is over; at a roll.

Nothing is changed under a running node: it ends when nothing is open and a new one begins, as after any restart. What it does
not promise: to be on the minute. While a trade or an order is open, or the link is down, contracts, journal and month stay
what they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from bot.calendar import SessionCalendar, clock_ns
from bot.contracts import Contracts, load_contracts
from bot.errors import CalendarError, ContractError
from bot.node.node import MesbotNode
from bot.node.request import BrokerRequest

NOON = dt.time(12)


class Turn:
    """Whether it is time for the contracts that a start has `read` and put off until `waits_until_ns` (market time, UTC ns; 0: none
    wait), for the journal of the year after `year`, or for the next month (IbkrInstrumentProvider.next_month)."""

    def __init__(
        self, request: BrokerRequest, read: Contracts, waits_until_ns: int, year: int, calendar: SessionCalendar, say: Callable[[str], None]
    ) -> None:
        self._request, self._read, self._calendar, self._say = request, read, calendar, say
        year_ns = year_end_ns(calendar, year)
        self._what = "The contracts that wait" if waits_until_ns and not 0 < year_ns < waits_until_ns else f"The journal of {year + 1}"
        self._at_ns = min((each for each in (waits_until_ns, year_ns) if each), default=0)
        self._not_before_ns = 0  # what was due within a session waits until its day has ended
        self._stays = False  # the files were changed: until the next start

    def due(self, node: MesbotNode) -> bool:
        """Whether the node should make room for the next one. Files that were changed since are not taken up."""
        now_ns, provider = node.session.clock.now_ns(), node.session.provider
        timed, month = 0 < self._at_ns <= now_ns, provider.next_month()
        if self._stays or now_ns < self._not_before_ns or not (timed or month) or not _at_rest(node):
            return False
        if timed and self._calendar.session_at(now_ns) is not None:  # the day is decided already, under the contracts in force
            self._not_before_ns = self._calendar.trading_day(now_ns).end_ns
            self._say(f"{self._what} could not be taken up before the session opened; until this trading day ends too all stays as it is.")
            return False
        if changed := self._changed():
            self._stays = True
            self._say(f"{changed}; the contracts in force stay until the next start, and so do the journal and the month.")
        elif month:
            self._say(f"The roll: {month.local_symbol} is traded from now on, and {provider.contract().localSymbol} no more.")
        return not changed

    def _changed(self) -> str:
        """What is wrong with the files, if they are not what the start has read."""
        try:
            now = load_contracts(self._request.contracts, self._request.strategies)
        except ContractError as error:
            return f"The contracts cannot be taken up: {error}"
        same = now.sha256 == self._read.sha256
        return "" if same else f"The contracts in {now.directory} were changed again since the start and are not taken up"


def year_end_ns(calendar: SessionCalendar, year: int) -> int:
    """When the last trading day of a year ends (UTC ns); 0 if the calendar does not reach so far."""
    try:
        day = calendar.trading_day(clock_ns(dt.date(year, 12, 31), NOON))
    except CalendarError:
        return 0
    return day.end_ns if day.date.startswith(str(year)) else day.start_ns


def _at_rest(node: MesbotNode) -> bool:
    """Nothing is held or works, every order is answered for, and the broker is there."""
    risk = node.risk
    return node.session.link.allows_entries and risk.idle() and not (risk.open_trades() or risk.unsettled_orders())
