"""A kill that includes what is foreign: once ours is closed, the orders of others in the traded month, then what the account holds of it.

Each step is an operator record. It goes on until nothing is left, also over a lost link; what it may not cancel it names and leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bot.ibkr.errors import BrokerError
from bot.ibkr.foreign import ForeignHoldings
from bot.journal.records import Kind, OperatorRecord
from bot.messages import ENDPOINT_RISK_DRILL, ForeignPosition, Standing

STEP = "foreign"  # how the details of its operator records begin
NOTHING_LEFT, LEFT = f"{STEP}: nothing is left", f"{STEP}: left"  # how the last of them begins
AGAIN_SECONDS, POLL_SECONDS, CANCEL_TRIES = 1.0, 0.02, 10


class ForeignKill:
    """`desk` is the part of the node that asks (bot.node.desk_actor); `standing` what the risk engine says of trades and orders."""

    def __init__(self, desk: Any, standing: Callable[[], Standing], *, observe: bool) -> None:
        self._desk, self._standing, self._observe = desk, standing, observe
        self._one = asyncio.Lock()

    async def run(self, reason: str) -> None:
        """Until nothing foreign is left, or nothing that may be cancelled; one after the other."""
        async with self._one:
            await self._run(reason)

    async def _run(self, reason: str) -> None:
        if self._observe:
            self._tell(reason, f"{LEFT}: this run only observes, and sends nothing")
            return
        self._tell(reason, f"{STEP}: orders and positions go too, once ours are closed")
        left = await self._patiently(self._end_orders)
        while refused := await self._patiently(self._close_one):
            if refused.startswith("The kill switch"):
                left = refused
                break
            await asyncio.sleep(POLL_SECONDS)
        self._tell(reason, f"{LEFT}: {left}" if left else NOTHING_LEFT)

    async def _patiently(self, work: Callable[[], Any]) -> str:
        """Once nothing of ours is open; again when the broker was not there."""
        while True:
            try:
                while self._desk.kill_waits or not self._standing().at_rest:
                    await asyncio.sleep(POLL_SECONDS)
                await self._desk.session.link.until(lambda: self._desk.session.link.allows_way_out)
                return await work()
            except BrokerError:
                await asyncio.sleep(AGAIN_SECONDS)

    async def _end_orders(self) -> str:
        """What stays open, as a sentence; "" if nothing does."""
        broker = ForeignHoldings(self._desk.session)
        for _ in range(CANCEL_TRIES):
            orders = await broker.orders()
            meant, others = [each.text for each in orders if each.meant], [each.text for each in orders if not each.meant]
            if not meant:
                return ""
            if others:
                why = f"the API cancels either all or none, and {others[0]} is not of this kill"
                return f"{'; '.join(meant)}: {why}; cancel it in TWS"
            broker.cancel_everything()
            await asyncio.sleep(AGAIN_SECONDS / 4)
        return f"{'; '.join(meant)}: its cancel is not answered; look in TWS"

    async def _close_one(self) -> str:
        """Have one contract closed; "" once nothing is held, else why there is more to do."""
        contracts, price = await ForeignHoldings(self._desk.session).held()
        if not contracts:
            return ""
        found = ForeignPosition(contracts, price)
        self._desk.said.send(self._desk.msgbus, ENDPOINT_RISK_DRILL, found)
        return found.refused or f"{contracts:+d} were held"

    def _tell(self, reason: str, detail: str) -> None:
        self._desk.record(Kind.OPERATOR, self._desk.session.clock.now_ns(), OperatorRecord("kill", reason, detail))
