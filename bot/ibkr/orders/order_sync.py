"""Asks the broker what is true of our orders: after every connect, 1101 and 1102, on doubt, and every minute.

Absence from one snapshot is not a cancel. An order under way when the link broke is looked for
among open orders, completed orders and executions; nowhere twice means that it never arrived, and
a whole bracket of which a part never arrived is taken back and sent once more, unless its cancel
was asked meanwhile or its entry has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec

from bot.ibkr.account import AccountBook
from bot.ibkr.errors import BrokerError, ConnectionLost, ExecutionMissing, ModifyRejected, OrderRejectedByBroker, UnknownOrder
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import LinkState, SyncReason
from bot.ibkr.orders.order_state import BrokerOrder, Phase
from bot.ibkr.orders.orders import OrderMonitor
from bot.ibkr.orders.position_check import PositionCheck
from bot.units import SECOND_NS

QUESTION = "orders and executions"
UNTOLD_LOOKS = 5  # looks at an order that is filled and has no execution, before it is given up
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
        self._opened_at = 0.0
        monitor.doubtful = self._wake.set
        link.questions.add(QUESTION, self._sync)
        link.state_changed.append(self._on_link)
        link.loops.append(self._watch)

    # ------------------------------------------------------------------- when

    def _on_link(self, state: LinkState, previous: LinkState) -> None:
        if state.allows_way_out and not previous.allows_way_out:
            self._opened_at = self._link.seconds()

    async def _sync(self, _: SyncReason) -> None:
        monitor = self._monitor
        await self.check()
        if monitor.quiet:
            monitor.quiet = False
            self._positions.begin()
        self._ask_again([order for order in self._live() if order.asked_at < self._opened_at])

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
            asked = await self._asked_for()
            try:
                if self._link.allows_way_out:
                    await self._look(asked)
            except ConnectionLost:
                pass  # the link asks once it is back
            except BrokerError as error:
                self._link.report(error)
                self._link.unanswered(QUESTION, error)

    async def _asked_for(self) -> bool:
        """Let a moment pass; whether a doubt has ended it. Each round gives way to everybody else, whatever wakes it."""
        await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self.times.watch_seconds)
        asked = self._wake.is_set()
        self._wake.clear()  # also if nobody can be asked now: the link asks everything once somebody can
        return asked

    async def _look(self, asked: bool) -> None:
        now = self._link.seconds()
        overdue = self._overdue(now)
        due = now - self._checked_at >= self.times.every_seconds and QUESTION not in self._link.questions.open  # else the link asks it
        if asked or overdue or due or self._positions.undecided:
            await self.check()
            await self._account.positions()
            self._ask_again(overdue)
        self._positions.look(now)
        self._end_untold()

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
                if not any(order.phase is Phase.DOUBT or (order.misses and order.accepted) for order in self._live()):
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
            if order.seen or not order.live:
                order.misses = order.untold = 0
        self._say_untold()

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
        elif ends[-1].status == "Filled":
            self._monitor.accept(order)
            order.untold += 1
        else:
            order.misses += 1

    def _say_untold(self) -> None:
        """Orders that the broker calls filled and whose executions it has not told: no entry until it does."""
        untold = [order.ref for order in self._live() if order.untold]
        if not untold:
            self._monitor.clear("untold")
        elif "untold" not in self._monitor.halts:
            self._monitor.halt("untold", ExecutionMissing("filled, as the broker says, and no execution came", order_ref=", ".join(untold)))

    def _end_untold(self) -> None:
        """Such an order is over once book and broker hold the same without its fill, and it was missed for long enough."""
        for order in self._live():
            if order.untold >= UNTOLD_LOOKS and self._positions.agrees:
                order.remarks.append("filled without an execution")
                self._monitor.end(order)

    # ---------------------------------------------------------------- verdicts

    def _settle(self) -> None:
        for order in self._live():
            if order.misses >= 2 and order.accepted:
                self._vanished(order)
        families: dict[str, list[BrokerOrder]] = defaultdict(list)
        for order in self._live():
            if not order.accepted or order.phase is Phase.DOUBT:
                families[order.draft.parent_ref or order.ref].append(order)
        for family in families.values():
            if any(order.phase is Phase.DOUBT for order in family):
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
        why_not = self._why_not_again(family)
        if not why_not:
            self._monitor.resend(family)
            return
        for order in family:
            if order.cancel_asked:
                self._monitor.end(order)
            else:
                self._monitor.reject(order, OrderRejectedByBroker(f"never reached the broker; {why_not}", order_ref=order.ref))

    def _why_not_again(self, family: list[BrokerOrder]) -> str:
        """Why a family that never arrived is given up; "" if it is to be sent once more."""
        now = self._link.clock.now_ns()
        if any(order.cancel_asked for order in family):
            return "a cancel was asked meanwhile"
        if any(0 < order.draft.good_till_ns <= now + RESEND_MARGIN_NS for order in family):
            return "its time is nearly over"
        if any(order.resent for order in family):
            return "it did not arrive twice"
        parents = [self._monitor.orders.get(order.draft.parent_ref) for order in family]
        return "its entry has ended" if any(parent is not None and not parent.live for parent in parents) else ""
