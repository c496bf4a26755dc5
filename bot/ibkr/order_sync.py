"""Asks the broker what is true of our orders: after every connect, on doubt, and every minute.

Absence from one snapshot is not a cancel. An order under way when the link broke is looked for
among open orders, completed orders and executions; nowhere twice means that it never arrived, and
a whole bracket of which a part never arrived is taken back and sent once more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec

from bot.ibkr.account import AccountBook
from bot.ibkr.errors import BrokerError, ConnectionTrouble, ModifyRejected, OrderRejectedByBroker, UnknownOrder
from bot.ibkr.link import Link
from bot.ibkr.link_state import SyncReason
from bot.ibkr.order_state import BrokerOrder, Phase
from bot.ibkr.orders import OrderMonitor
from bot.ibkr.position_check import PositionCheck
from bot.units import SECOND_NS

RESEND_MARGIN_NS = 5 * SECOND_NS  # an entry with less time left is not sent again


class SyncTimes(msgspec.Struct, frozen=True):
    """Seconds of the wall (execution_contract.yaml: timeouts)."""

    unknown_seconds: float = 10.0
    again_seconds: float = 2.0
    every_seconds: float = 60.0
    watch_seconds: float = 1.0


class OrderSync:
    """Keeps the monitor's picture true. `market_open` excuses silence, `charge` takes EQS events: name and order reference.

    `positions` compares book and broker whenever it has looked.
    """

    def __init__(
        self,
        link: Link,
        monitor: OrderMonitor,
        account: AccountBook,
        times: SyncTimes,
        market_open: Callable[[], bool],
        charge: Callable[[str, str], None],
        positions: PositionCheck,
    ) -> None:
        self._link, self._monitor, self._account, self.times = link, monitor, account, times
        self._market_open, self._charge = market_open, charge
        self._positions = positions
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._checked_at = 0.0
        monitor.doubtful = self._wake.set
        link.sync.append(self._sync)
        link.loops.append(self._watch)

    # ------------------------------------------------------------------- when

    async def _sync(self, reason: SyncReason) -> None:
        monitor = self._monitor
        for order in monitor.orders.values():
            if order.phase is Phase.SENT:
                order.phase, order.misses = Phase.DOUBT, 0
        await self.check()
        if monitor.quiet:
            monitor.quiet = False
            self._positions.begin()
        self._ask_again(self._live())

    def _ask_again(self, orders: list[BrokerOrder]) -> None:
        """Requests that were never answered: a change that did not take is refused, a cancel asked again."""
        for order in orders:
            if order.live and order.change is not None:
                order.change = None
                error = ModifyRejected("the broker does not know of it", order_ref=order.ref)
                self._monitor.listener.modify_rejected(order, error)
            if order.live and order.cancel_asked:
                self._monitor.cancel(order.ref)

    async def _watch(self) -> None:
        """Looks every moment whether an answer is overdue, and every minute at everything."""
        self._checked_at = self._link.seconds()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.times.watch_seconds)
            try:
                if self._link.ready:
                    await self._look()
            except ConnectionTrouble:
                pass  # the link deals with it, and syncs afterwards
            except BrokerError as error:
                self._link.report(error)

    async def _look(self) -> None:
        now = self._link.seconds()
        asked = self._wake.is_set()
        self._wake.clear()
        overdue = self._overdue(now)
        if asked or overdue or now - self._checked_at >= self.times.every_seconds:
            await self.check()
            await self._account.positions()
            self._ask_again(overdue)
        self._positions.look(now)

    def _overdue(self, now: float) -> list[BrokerOrder]:
        """Orders whose answer is overdue; each is charged once and has a new term."""
        late = []
        for order in self._monitor.orders.values():
            if not order.live or not self._market_open():
                continue
            sent = order.phase is Phase.SENT and now - order.sent_at > self.times.unknown_seconds
            asked = (order.cancel_asked or order.change is not None) and now - order.asked_at > self.times.unknown_seconds
            if sent or asked:
                self._charge("order_unknown", order.ref)
                order.sent_at = order.asked_at = now
                if sent:
                    order.phase = Phase.DOUBT
                late.append(order)
        return late

    # ------------------------------------------------------------------- what

    async def check(self) -> None:
        """Look until no order is in doubt. Raises BrokerError."""
        async with self._lock:
            while True:
                await self._snapshot()
                self._settle()
                if not any(order.phase is Phase.DOUBT or order.misses for order in self._live()):
                    break
                await self._link.delay(self.times.again_seconds)
            self._checked_at = self._link.seconds()

    def _live(self) -> list[BrokerOrder]:
        return [order for order in self._monitor.orders.values() if order.live]

    async def _snapshot(self) -> None:
        connection = self._link.connection
        asked = self._link.seconds()
        live = self._live()
        for order in live:
            order.seen = False
        await connection.ask_named("reqAllOpenOrders", "openOrderEnd")
        await connection.ask("reqExecutions", connection.library.ExecutionFilter(acctCode=self._link.account))
        missing = [order for order in live if order.live and not order.seen and order.sent_at < asked]
        if missing:
            done = await connection.ask_named("reqCompletedOrders", "completedOrdersEnd", False)
            for order in missing:
                self._absent(order, done)
        for order in live:
            if order.seen:
                order.misses = 0

    def _absent(self, order: BrokerOrder, done: list[Any]) -> None:
        """A live order that is not open: completed, or missed once more."""
        if not order.live:
            return
        ends = [state for _, told, state in done if told.orderRef == order.ref and order.perm_id in (0, told.permId)]
        if not ends:
            order.misses += 1
        elif ends[-1].status in ("Cancelled", "ApiCancelled"):
            self._monitor.end(order)
        elif ends[-1].status == "Inactive":
            text = ends[-1].completedStatus or "Inactive"
            self._monitor.reject(order, OrderRejectedByBroker(text, order_ref=order.ref))
        else:
            order.misses += 1  # filled: its executions tell

    # ---------------------------------------------------------------- verdicts

    def _settle(self) -> None:
        for order in self._live():
            if order.misses >= 2 and order.accepted:
                self._vanished(order)
        families: dict[str, list[BrokerOrder]] = defaultdict(list)
        for order in self._live():
            if order.phase is Phase.DOUBT:
                families[order.draft.parent_ref or order.ref].append(order)
        for family in families.values():
            self._settle_family(family)

    def _vanished(self, order: BrokerOrder) -> None:
        order.remarks.append("unknown to the broker")
        self._link.report(UnknownOrder("nowhere among open, completed and executed orders, twice", order_ref=order.ref))
        self._monitor.end(order)

    def _settle_family(self, family: list[BrokerOrder]) -> None:
        """Orders that were sent together and never heard of: all there, or not all there."""
        absent = [order for order in family if not order.seen]
        if not absent:
            for order in family:
                self._monitor.accept(order)
        elif all(order.misses >= 2 for order in absent):
            held_back = [order for order in family if order.seen]  # came without the one that sets them working
            for order in held_back:
                self._monitor.withdraw(order.order_id)
            self._send_again(family)

    def _send_again(self, family: list[BrokerOrder]) -> None:
        now = self._link.clock.now_ns()
        late = any(0 < order.draft.good_till_ns <= now + RESEND_MARGIN_NS for order in family)
        if not late and not any(order.resent for order in family):
            self._monitor.resend(family)
            return
        why = "its time is nearly over" if late else "it did not arrive twice"
        for order in family:
            self._monitor.reject(order, OrderRejectedByBroker(f"never reached the broker; {why}", order_ref=order.ref))
