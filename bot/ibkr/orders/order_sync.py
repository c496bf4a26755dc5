"""Asks the broker what is true of our orders: after every connect, 1101 and 1102, on doubt, and every minute.

What is not answered is looked for among open orders, completed orders and executions; what that makes of it, the table
says (`doubt`). This module only asks: when an answer is late, when something is in doubt, and whether what never arrived may
be sent once more.
"""
# long because: one look asks everything, and each part of its answer counts for the others

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from bot.ibkr.account import POSITIONS, AccountBook
from bot.ibkr.errors import BrokerError, ConnectionLost, ExecutionMissing, GatewayNotResponding, OrderRejectedByBroker, UnreadableAnswer
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import SyncReason
from bot.ibkr.orders.closable import closable
from bot.ibkr.orders.doubt import BARE_SECONDS, News, completed_news, status_news
from bot.ibkr.orders.judge import Judge
from bot.ibkr.orders.order_state import BrokerOrder, Phase
from bot.ibkr.orders.orders import OrderMonitor
from bot.ibkr.orders.position_check import PositionCheck
from bot.ibkr.orders.unshown import UnshownOrders
from bot.ibkr.orders.unwanted import MAY_FILL, UnwantedOrders
from bot.supervision.orders import Role, named_role
from bot.units import SECOND_NS

QUESTION = "orders and executions"
LATE_SECONDS = 2.0  # what is not answered for as long is asked about
IDLE_LOOK_SECONDS = 0.4  # what the broker calls over without an execution is looked at as often
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
        judge: Judge,
        account: AccountBook,
        times: SyncTimes,
        market_open: Callable[[], bool],
        charge: Callable[[str, str], None],
        positions: PositionCheck,
    ) -> None:
        self._link, self._monitor, self._judge, self._account, self.times = link, monitor, judge, account, times
        self._market_open, self._charge = market_open, charge
        self._positions, self._unwanted, self._unshown = positions, UnwantedOrders(link, monitor, positions), UnshownOrders()
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._checked_at = self._asked_before = 0.0
        monitor.doubtful = self._wake.set
        judge.why_not_again = self._why_not_again
        link.questions.add(QUESTION, self._sync, way_out=True)
        link.loops.append(self._watch)

    # ------------------------------------------------------------------- when

    async def _sync(self, _: SyncReason) -> None:
        monitor = self._monitor
        await self.check()
        if monitor.quiet:
            monitor.quiet = False
            self._positions.begin()

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
        self._hear_silence(now)
        asked = asked or self._wake.is_set()
        self._wake.clear()
        due = now - self._checked_at >= self.times.every_seconds and QUESTION not in self._link.questions.open  # else the link asks it
        due = due or (any(order.idle_at for order in self._live()) and now - self._checked_at >= IDLE_LOOK_SECONDS)
        due = due or ((bool(self._monitor.strays) or self._unwanted.there) and now - self._checked_at >= LATE_SECONDS)
        whole = told = True
        if asked or due or self._positions.undecided:
            whole = await self._told(QUESTION, self.check())
            told = await self._told(POSITIONS, self._account.positions())
        if told:
            self._positions.look(now)
            self._end_untold()
        if not (whole and told):
            await self._link.delay(IDLE_LOOK_SECONDS)  # whatever wakes it meanwhile: what came to nothing is not repeated at once

    async def _told(self, question: str, answer: Awaitable[Any]) -> bool:
        """Whether this was answered. If not, the link asks on, and what else is known counts all the same. Raises ConnectionLost."""
        try:
            await answer
        except ConnectionLost:
            raise
        except BrokerError as error:
            self._link.report(error)
            self._link.unanswered(question, error)
            return False
        return True

    def _hear_silence(self, now: float) -> None:
        """Answers that are late are asked about; after the order's own time it is unknown, which is charged once and begins anew."""
        for order in self._live():
            since = self._unanswered_since(order)
            if since is None or not self._market_open():
                continue
            if now - since > self.times.unknown_seconds:
                self._charge("order_unknown", order.ref)
                order.sent_at = order.asked_at = order.late_at = now
                self._judge.hear(order, News.SILENCE)
            elif now - max(since, order.late_at) > LATE_SECONDS:
                order.late_at = now
                self._judge.hear(order, News.LATE)

    @staticmethod
    def _unanswered_since(order: BrokerOrder) -> float | None:
        if not order.accepted:
            return order.sent_at
        return order.asked_at if order.cancel_asked or order.changes else None

    # ------------------------------------------------------------------- what

    async def check(self) -> None:
        """Look until no order is in doubt. Raises BrokerError."""
        async with self._lock:
            while True:
                try:
                    await self._snapshot()
                finally:
                    self._judge.settle()  # also of what a part of an answer has shown
                if not any(order.in_doubt for order in self._live()):
                    break
                await self._link.delay(self._pause())
            self._checked_at = self._link.seconds()

    def _pause(self) -> float:
        """Seconds until the next look; fewer where a position may be bare meanwhile."""
        roles = [(named_role(order.ref), order.accepted) for order in self._live() if order.in_doubt]
        bare = any(role is Role.EXIT or (role is Role.STOP and accepted) for role, accepted in roles)
        return min(BARE_SECONDS, self.times.again_seconds) if bare else self.times.again_seconds

    def _live(self) -> list[BrokerOrder]:
        return [order for order in self._monitor.orders.values() if order.live]

    async def _snapshot(self) -> None:
        """Ask, and say of each order what the answers show; of one that something was heard of meanwhile they say nothing.

        Raises BrokerError: of an answer that cannot be read, or does not come, once all was asked and what is known of it is said.
        """
        connection, asked_at = self._link.connection, self._link.seconds()
        orders = list(self._monitor.orders.values())
        live = [order for order in orders if order.live]
        for order in orders:
            order.seen = False
        unread: list[BrokerError] = []
        unshown: list[BrokerError] = []
        open_orders = connection.ask_named("reqAllOpenOrders", "openOrderEnd", anew=True)
        showing = asyncio.ensure_future(self._part(open_orders, unshown))
        try:
            await asyncio.sleep(0)  # that one is asked first
            await self._part(connection.ask("reqExecutions", connection.library.ExecutionFilter(acctCode=self._link.account)), unread)
            if executed := not unread:
                self._monitor.clear("unread")
            await self._at_most(showing, BARE_SECONDS)  # longer than that no end waits for it that is told otherwise
            done: list[Any] = []
            if executed and any(order.live and not order.seen for order in live):  # what ended is told after what it filled
                done = await self._part(connection.ask_named("reqCompletedOrders", "completedOrdersEnd", False, anew=True), unread)
            if not showing.done():
                self._tell_ended([order for order in live if order.since < asked_at], done)
            shown = await showing
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
        all_shown, unread = not unshown, [*unshown, *unread]
        for order in live:
            if order.live and order.since < asked_at:
                self._tell(order, done, whole=not unread, executed=executed)
        self._say_untold()
        for order in orders:
            if order not in live and order.seen and order.phase is not Phase.FILLED and status_news(order.status) in MAY_FILL:
                self._judge.hear(order, News.SHOWN)
        if all_shown:
            self._forget_strays(asked_at)
            self._unwanted.look(shown)
        if unread:
            raise unread[0]

    @staticmethod
    async def _part(answer: Awaitable[list[Any]], unread: list[BrokerError]) -> list[Any]:
        """One of the answers; one that does not come whole is noted, and the others are asked for all the same. Raises BrokerError."""
        try:
            return await answer
        except (UnreadableAnswer, GatewayNotResponding) as error:
            unread.append(error)
            return []

    async def _at_most(self, answer: asyncio.Future[Any], seconds: float) -> None:
        late = asyncio.ensure_future(self._link.delay(seconds))
        await asyncio.wait((answer, late), return_when=asyncio.FIRST_COMPLETED)
        late.cancel()

    def _tell_ended(self, orders: list[BrokerOrder], done: list[Any]) -> None:
        """Of those that are among the completed ones, before the answer about open orders has ended."""
        for order in orders:
            if order.live and not order.seen and any(self._monitor.same(order, told) for _, told, _ in done):
                self._tell(order, done, whole=False, executed=True)

    def _tell(self, order: BrokerOrder, done: list[Any], *, whole: bool, executed: bool) -> None:
        """What a snapshot shows of a live order; one that is not in it may be there or have filled all the same unless it is `whole`.
        `executed`: all executions were told."""
        ends = [state for _, told, state in done if self._monitor.same(order, told)]
        if order.seen:
            order.misses = order.untold = 0
            self._judge.hear(order, News.SHOWN)
        elif ends:
            news, text = completed_news(ends[-1].status), ends[-1].completedStatus or ends[-1].status
            refused = OrderRejectedByBroker(text, order_ref=order.ref) if news is News.DONE_REFUSED else None
            self._judge.hear(order, news, refused)
        elif executed and self._unshown.missing(order, whole=whole):
            order.misses, order.untold = order.misses + 1, 0
            self._judge.hear(order, News.MISSING if order.misses == 1 else News.MISSING_AGAIN)

    def _forget_strays(self, asked_at: float) -> None:
        """Orders that had to go: over once two snapshots did not show them."""
        strays = self._monitor.strays
        for order_id in [order_id for order_id, shown_at in strays.items() if shown_at < self._asked_before]:
            del strays[order_id]
        if not strays:
            self._monitor.clear("stray")
        self._asked_before = asked_at

    def _say_untold(self) -> None:
        """Orders that the broker calls filled and whose executions it has not told: no entry until it does."""
        if not any(order.idle_at for order in self._live()):
            self._monitor.clear("idle")
        late, now = [order for order in self._live() if order.idle_at], self._link.seconds()
        untold = [order.ref for order in late if order.untold or (self._filled(order) and now - order.idle_at >= IDLE_LOOK_SECONDS)]
        if not untold:
            self._monitor.clear("untold")
        elif "untold" not in self._monitor.halts:
            self._monitor.halt("untold", ExecutionMissing("over, as the broker says, without an execution", order_ref=", ".join(untold)))

    def _end_untold(self) -> None:
        """Such an order has filled if the account shows what that would have made, and is over if it does not; not before it was
        asked for a while. While nothing is known of the account it stays as it is, and so does an entry, whose stop goes with it,
        while there are executions that cannot be read."""
        apart, now = self._positions.apart, self._link.seconds()
        for order in [order for order in self._live() if order.idle_at and now - order.idle_at >= BARE_SECONDS]:
            side, rest = 1 if order.draft.side == "BUY" else -1, order.draft.quantity - order.filled
            if not (order.untold or self._filled(order)):
                if now - order.idle_at >= LATE_SECONDS:  # its second was over while there was no way out
                    self._judge.give_up(order)
            elif apart is None:
                continue
            elif apart * side < rest:
                if named_role(order.ref) is not Role.ENTRY or "unread" not in self._monitor.halts:
                    self._judge.give_up(order)
            elif self._monitor.book_untold(order):
                apart -= side * rest

    @staticmethod
    def _filled(order: BrokerOrder) -> bool:
        return status_news(order.status) is News.FILLED

    def _why_not_again(self, family: list[BrokerOrder]) -> str:
        """Why a family that never arrived is given up; "" if it is to be sent once more."""
        now = self._link.clock.now_ns()
        if any(order.cancel_asked for order in family):
            return "a cancel was asked meanwhile"
        if any(0 < order.draft.good_till_ns <= now + RESEND_MARGIN_NS for order in family):
            return "its time is nearly over"
        if any(order.resent for order in family):
            return "it did not arrive twice"
        if any(named_role(order.ref) is Role.EXIT and not self._held(order) for order in family):
            return "the account is not known to hold what it would close"
        parents = [self._monitor.orders.get(order.draft.parent_ref) for order in family]
        return "its entry has ended" if any(parent is not None and not parent.live for parent in parents) else ""

    def _held(self, order: BrokerOrder) -> bool:
        """Whether there is still to close what a closing order would: a stop or another one may have closed it meanwhile."""
        side, wanted = 1 if order.draft.side == "BUY" else -1, order.draft.quantity - order.filled
        known = self._account.told_since(order.con_id, self._monitor.opened_at)
        return known and closable(self._account, self._monitor, order.con_id, side, self._link.seconds(), besides=order) >= wanted
