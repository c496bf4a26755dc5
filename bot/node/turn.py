"""The end of the trading day for a node whose run has read contracts that wait for it.

Nothing is changed under a running node: it ends when nothing is open and a new one begins, as after any restart. What it does
not promise: to be on the minute. While a trade or an order is open, or the link is down, the contracts in force stay.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.calendar import SessionCalendar
from bot.contracts import Contracts, load_contracts
from bot.errors import ContractError
from bot.node.node import MesbotNode
from bot.node.request import BrokerRequest


class Turn:
    """Whether it is time for the contracts that a start has `read` and put off until `at_ns` (market time, UTC ns; 0: none wait)."""

    def __init__(self, request: BrokerRequest, read: Contracts, at_ns: int, calendar: SessionCalendar, say: Callable[[str], None]) -> None:
        self._request, self._read, self._at_ns, self._calendar, self._say = request, read, at_ns, calendar, say

    def due(self, node: MesbotNode) -> bool:
        """Whether the node should make room for one under those contracts. Files that were changed since are not taken up."""
        now_ns = node.session.clock.now_ns()
        if not self._at_ns or now_ns < self._at_ns or not _at_rest(node):
            return False
        if self._calendar.session_at(now_ns) is not None:  # the next day is decided already, under the contracts in force
            self._at_ns = self._calendar.trading_day(now_ns).end_ns
            self._say("The contracts that wait could not be taken up before the session opened; they wait until this trading day ends too.")
            return False
        changed = self._changed()
        if changed:
            self._at_ns = 0
            self._say(f"{changed}; the contracts in force stay until the next start.")
        return not changed

    def _changed(self) -> str:
        """What is wrong with the files, if they are not what the start has read."""
        try:
            now = load_contracts(self._request.contracts, self._request.strategies)
        except ContractError as error:
            return f"The contracts that waited cannot be taken up: {error}"
        same = now.sha256 == self._read.sha256
        return "" if same else f"The contracts in {now.directory} were changed again since the start and are not taken up"


def _at_rest(node: MesbotNode) -> bool:
    """Nothing is held or works, every order is answered for, and the broker is there."""
    risk = node.risk
    return node.session.link.allows_entries and risk.idle() and not (risk.open_trades() or risk.unsettled_orders())
