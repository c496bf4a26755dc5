"""The broker's own initial margin of one contract, asked by an order that is only a question (what-if). Nothing is traded by it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from bot.ibkr.account import POSITIONS
from bot.ibkr.data.provider import QUESTION as MONTHS
from bot.ibkr.errors import NotSynced
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import SyncReason
from bot.units import to_cents

QUESTION = "initial margin"
MOST_USD = 1e9  # the library's word for "not told" is the largest double


class InitialMargin:
    """`cents`: of one contract of the front month, 0 until it is known. `net` is what is held of it: the question adds to that.

    A run that observes sends no order, not even this; what the backtest assumes counts there.
    """

    def __init__(self, link: Link, contract: Callable[[], Any], net: Callable[[], int], today: Callable[[], str], *, observe: bool) -> None:
        self.cents = 0
        self._link, self._contract, self._net, self._today = link, contract, net, today
        self._asked_on = ""
        if not observe:
            link.questions.add(QUESTION, self._ask, rests_on=(POSITIONS, MONTHS))

    async def _ask(self, _: SyncReason) -> None:
        """Once a trading day. Raises BrokerError."""
        if self._asked_on != self._today():
            await self.ask()

    async def ask(self) -> None:
        """Ask IBKR's order servers, which alone can answer. Raises BrokerError: what is said instead of a number, or that none is."""
        today, connection = self._today(), self._link.connection
        side, account = "BUY" if self._net() >= 0 else "SELL", self._link.account
        order = connection.library.Order(action=side, totalQuantity=1, orderType="MKT", tif="DAY", account=account, whatIf=True)
        state = await connection.what_if(self._contract(), order)
        usd = float(state.initMarginChange or "nan")
        if not (math.isfinite(usd) and 0 < usd < MOST_USD):
            raise NotSynced(f"the broker answers {state.initMarginChange!r} for the initial margin of one contract")
        self.cents, self._asked_on = to_cents(usd), today
