"""A drill in a running node: one contract is opened, the kill is asked for by the same file as a person's, and its latch is cleared.

Each step is an operator record, so that whoever asked follows it in the journal. What goes wrong leaves the kill switch latched: that
is a person's to look at. A node that ends in the middle leaves a bracket at the broker, which the next start closes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.errors import MesbotError
from bot.journal.records import Kind, OperatorRecord
from bot.messages import ENDPOINT_RISK_DRILL, ENDPOINT_RISK_KILL, DrillOver, DrillRequest, Standing
from bot.node.kill_request import DRILL, leave_request, waiting_request, withdraw_request

ACTION = "drill"  # of its operator records
REFUSED, OPENED, ASKED, OVER, LATCHED = "refused", "opened", "kill asked for", "over", "over, but latched"  # how their details begin
OPEN_SECONDS, CLOSE_SECONDS, POLL_SECONDS = 15.0, 600.0, 0.01


def taken_drill(journal: Path) -> str | None:
    """The reason of a drill that was asked for, once; None if there is none. What cannot be removed would come back, so it is none.

    Unlike a kill's, its file goes first: a drill opens a trade, and rather none is opened than one that nobody waits for any more.
    """
    reason = waiting_request(journal, DRILL)
    if reason is not None:
        try:
            withdraw_request(journal, DRILL)
        except MesbotError:
            return None
    return reason


class Drills:
    """`desk` is the part of the node that asks (bot.node.desk_actor); `standing` what the risk engine says of trades and orders."""

    def __init__(self, desk: Any, journal: Path, standing: Callable[[], Standing]) -> None:
        self._desk, self._journal, self._standing = desk, journal, standing
        self._one = asyncio.Lock()

    async def run(self, reason: str) -> None:
        """Have one, unless one is under way."""
        if self._one.locked():
            self._tell(reason, f"{REFUSED}: one is under way already; wait for its end.")
            return
        async with self._one:
            await self._run(reason)

    async def _run(self, reason: str) -> None:
        request = DrillRequest()
        self._send(request)
        if not request.trade_id:
            self._tell(reason, f"{REFUSED}: {request.refused or 'nobody answers for it in this run.'}")
            return
        self._tell(reason, f"{OPENED} {request.trade_id}")
        await self._until(OPEN_SECONDS, lambda: self._holds(request.trade_id))
        self._kill(reason, f"drill {request.trade_id}")
        over = DrillOver(f"drill {request.trade_id}")
        await self._until(CLOSE_SECONDS, lambda: self._at_rest(over))
        self._tell(reason, f"{LATCHED}: {over.latched}" if over.latched else OVER)

    def _kill(self, reason: str, kill: str) -> None:
        """By the file that `mesbot kill` leaves; where none can be written, at once."""
        self._tell(reason, ASKED)
        try:
            leave_request(self._journal, kill)
        except MesbotError:
            self._desk.msgbus.send(ENDPOINT_RISK_KILL, kill)

    def _holds(self, trade_id: str) -> bool:
        """Whether it is filled, covered and answered for; or has ended already."""
        standing = self._standing()
        covered = any(trade.trade_id == trade_id and trade.stop_order_ids for trade in standing.open_trades)
        return standing.at_rest or (standing.idle and covered)

    def _at_rest(self, over: DrillOver) -> bool:
        """Whether the kill is through; then its latch is cleared, or the request says why not."""
        if self._desk.kill_waits or not self._standing().at_rest:
            over.latched = "it was not flat in time"
            return False
        self._send(over)
        return "has not ended" not in over.latched

    async def _until(self, seconds: float, reached: Callable[[], bool]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not reached():
                    await asyncio.sleep(POLL_SECONDS)

    def _send(self, request: DrillRequest | DrillOver) -> None:
        if ENDPOINT_RISK_DRILL in self._desk.msgbus.endpoints():
            self._desk.said.send(self._desk.msgbus, ENDPOINT_RISK_DRILL, request)

    def _tell(self, reason: str, detail: str) -> None:
        self._desk.record(Kind.OPERATOR, self._desk.session.clock.now_ns(), OperatorRecord(ACTION, reason, detail))
