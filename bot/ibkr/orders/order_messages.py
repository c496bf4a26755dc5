"""What the broker's messages make of our orders: openOrder, orderStatus, execDetails, commissionReport, as they come off the wire.

They may come in any order, twice, or not at all. An order is accepted once, by whichever of them
comes first; a fill is told once, on its execution; a commission is added when it comes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bot.ibkr.errors import (
    CommissionMissing,
    DuplicateLiveOrder,
    ExecutionCorrected,
    ExecutionMissing,
    ForeignOrder,
)
from bot.ibkr.link.link import Link
from bot.ibkr.orders.doubt import ACKNOWLEDGES, News, status_news
from bot.ibkr.orders.fills import MOST_POINTS
from bot.ibkr.orders.fills import News as FillNews
from bot.ibkr.orders.judge import Judge
from bot.ibkr.orders.order_state import BrokerOrder, Fill, Phase, Terms
from bot.ibkr.orders.order_wire import adopted_draft, told_terms
from bot.ibkr.orders.orders import OrderMonitor
from bot.ibkr.orders.twins import Twins
from bot.ibkr.orders.unwanted import MAY_FILL

HOLD_SECONDS = 2.0  # how long an execution waits for its order
COMMISSION_SECONDS = 60.0
CENT = 0.005
AGAIN_SECONDS = 2.0  # a cancel that came to nothing is sent again


class OrderMessages:
    """Listens on the taps and tells the judge."""

    def __init__(self, link: Link, monitor: OrderMonitor, judge: Judge, twins: Twins) -> None:
        self._link, self._monitor, self._judge, self._twins = link, monitor, judge, twins
        for name in ("openOrder", "orderStatus", "execDetails", "commissionReport"):
            link.taps.listen(name, getattr(self, f"_on_{name}"))
        link.taps.listen("unreadExecution", self._unread)
        monitor.book_untold = self._book_untold

    # ------------------------------------------------------------------- orders

    def _on_openOrder(self, order_id: int, contract: Any, told: Any, state: Any) -> None:
        if told.account != self._link.account or told.whatIf:
            return
        own = told.clientId == self._link.settings.client_id
        if own and self._link.ids is not None:
            self._link.ids.at_least(order_id + 1)
        order = self._monitor.find(told.orderRef, told.permId, told.clientId, order_id)
        if order is None:
            order = self._stranger(order_id, contract, told, state.status, own)
            if order is None:
                return
        other = told.permId not in (0, order.perm_id) and order.perm_id not in (0, order_id)  # an old journal may have the handle for it
        if other and (order.live or status_news(state.status) in MAY_FILL):
            self._doubled(order, order_id, told.permId)
            return
        self._monitor.identify(order, told.permId)
        self._monitor.handled(order, order_id, told.clientId)
        order.seen = True
        if status_news(state.status) not in (News.INACTIVE, News.FILLED):  # orderStatus alone says why, and how much
            self._follow(order, state.status, "")
        if order.live and order.accepted and told.totalQuantity:
            self._compare(order, told_terms(told, order.draft.kind))

    def _stranger(self, order_id: int, contract: Any, told: Any, status: str, own: bool) -> BrokerOrder | None:
        """An order of an earlier run of ours is adopted, one that was given up must go; anybody else's is only watched."""
        if told.permId in self._monitor.ghosts:
            if status_news(status) in MAY_FILL:
                self._away(order_id, told.permId)
            return None
        if own and order_id in self._monitor.retired:
            if status_news(status) in MAY_FILL:
                self._judge.stray(order_id, told.orderRef)
            return None
        if own and told.orderRef and order_id > 0:
            parent = self._monitor.by_id(told.parentId)
            draft = adopted_draft(told, parent.ref if parent is not None else "")
            order = BrokerOrder(draft, contract.conId, order_id, adopted=True, sent_at=self._link.seconds())
            order.accepted = self._monitor.quiet and status in ACKNOWLEDGES
            order.phase = Phase.WORKING if order.accepted else Phase.SENT
            self._monitor.track([order])
            return order
        if told.permId not in self._monitor.foreign:  # one of our own client id without a reference is none of ours either
            who = "a person in TWS" if order_id <= 0 else f"client {told.clientId}"
            self._monitor.foreign[told.permId] = f"{told.action} {told.totalQuantity:g} {contract.localSymbol} by {who}"
            self._link.report(ForeignOrder(f"{self._monitor.foreign[told.permId]}, permId {told.permId}", order_ref=told.orderRef))
        return None

    def _doubled(self, order: BrokerOrder, order_id: int, perm_id: int) -> None:
        error = DuplicateLiveOrder(f"permId {order.perm_id} and {perm_id} both live; cancelling {perm_id}", order_ref=order.ref)
        self._monitor.halt("duplicate", error)
        for _ in order.changes:
            self._monitor.listener.modify_rejected(order, error)
        order.changes = []
        self._away(order_id, perm_id)
        order.id_shared = True

    def _away(self, order_id: int, perm_id: int) -> None:
        """The one of two that is not followed goes; as long as it is shown it is cancelled again, when an answer would have come."""
        now = self._link.seconds()
        if now - self._monitor.ghosts.get(perm_id, -AGAIN_SECONDS) >= AGAIN_SECONDS:
            self._monitor.ghosts[perm_id] = now
            self._monitor.withdraw(order_id)

    def _on_orderStatus(
        self, order_id: int, status: str, _filled: float, _remaining: float, average: float, perm_id: int, _parent: int, _last: float,
        client_id: int, why_held: str, *_: Any,
    ) -> None:  # fmt: skip
        order = self._monitor.find("", perm_id, client_id, order_id)
        if order is None or (order.perm_id and perm_id and perm_id != order.perm_id):
            return
        self._monitor.identify(order, perm_id)
        self._monitor.handled(order, order_id, client_id)
        self._follow(order, status, why_held)
        if status_news(status) is News.FILLED and order.live:
            order.average = average or order.average
            self._judge.hear(order, News.FILLED)

    def _follow(self, order: BrokerOrder, status: str, why_held: str) -> None:
        """A status that nobody knows, and one of an order that has ended, is asked about once and not as often as it is told."""
        news, new = status_news(status, why_held), status != order.status
        order.status = status
        if news is not News.FILLED and (new or (order.live and news is not News.UNKNOWN_STATUS)) and order.phase is not Phase.FILLED:
            self._judge.hear(order, news)

    def _compare(self, order: BrokerOrder, told: Terms) -> None:
        """What the broker says the order is now, against what we asked and what it was."""
        asked = next((number for number, change in enumerate(order.changes) if change.terms == told), None)
        if asked is not None:
            order.changes = order.changes[asked:]  # it was made after those before it, or in their place
            self._judge.hear(order, News.AS_ASKED)
        elif told != order.draft.terms:
            before = order.draft.terms
            order.draft = msgspec.structs.replace(order.draft, quantity=told[0], limit=told[1], stop=told[2])
            self._monitor.changed_elsewhere(order, before)

    # -------------------------------------------------------------------- fills

    def _on_execDetails(self, request: int, contract: Any, execution: Any) -> None:
        if execution.acctNumber != self._link.account:
            return
        try:
            news, fill, before = self._monitor.ledger.take(execution, contract.conId)
        except Exception as error:  # whatever it is: something was traded
            self._unread(f"{execution.execId}: {error}", execution.orderRef)
            raise  # the answer that it is a part of is none
        self._link.clock.saw(fill.ts_ns)
        if news is FillNews.DUPLICATE:
            return
        order = self._order_of(fill) or self._twins.follow(execution.orderRef, fill)
        if news is FillNews.CORRECTION and before is not None:
            self._correct(order, before, fill)
        elif order is not None:
            self._fill(order, fill)
        else:
            self._monitor.filled_quietly()
            if not self._monitor.quiet and fill.base_id not in self._monitor.ledger.told:
                self._link.later(HOLD_SECONDS, lambda: self._homeless(fill))

    def _order_of(self, fill: Fill) -> BrokerOrder | None:
        """The tracked order that has filled; where a twin of it has, that one."""
        order = self._monitor.find(fill.ref, fill.perm_id, fill.client_id, fill.order_id)
        if order is not None and fill.ref in ("", order.ref):
            return order
        return self._monitor.orders.get(fill.ref) if fill.client_id == self._link.settings.client_id else None

    def _unread(self, text: str, ref: str = "") -> None:
        """An execution that nobody can read: what our orders have filled is not known; no entry until all can be read that are told."""
        if "unread" not in self._monitor.halts:
            self._monitor.halt("unread", ExecutionMissing(f"an execution cannot be read: {text}", order_ref=ref))
            self._monitor.doubtful()

    def _fill(self, order: BrokerOrder, fill: Fill) -> None:
        self._monitor.identify(order, fill.perm_id)
        if self._monitor.quiet and order.adopted:
            self._count(order, fill)
            self._monitor.filled_quietly()
            return
        self._judge.hear(order, News.EXECUTION)
        if not self._monitor.offer(order, fill):
            return
        self._count(order, fill)
        if not fill.commission_known:
            self._link.later(COMMISSION_SECONDS, lambda: self._commission_due(fill))

    @staticmethod
    def _count(order: BrokerOrder, fill: Fill) -> None:
        order.filled += fill.quantity
        if order.filled >= order.draft.quantity:
            order.phase = Phase.FILLED

    def _book_untold(self, order: BrokerOrder) -> bool:
        """Book an order that the broker calls filled and the account shows as filled; whether there is a price to book it at."""
        prices = (order.average, order.draft.stop, order.draft.limit)
        price = next((price for price in prices if price is not None and 0 < price <= MOST_POINTS), None)
        if price is not None:
            fill = self._monitor.ledger.on_word(order, self._link.settings.client_id, price, self._link.clock.now_ns())
            self._link.report(ExecutionMissing(f"booked at {price:,.2f}: status and account say that it filled", order_ref=order.ref))
            self._fill(order, fill)
        return price is not None

    def _homeless(self, fill: Fill) -> None:
        """A fill of an order nobody showed us, after its wait."""
        order = self._order_of(fill)
        if fill.base_id in self._monitor.ledger.told:
            return
        if order is not None:
            self._fill(order, fill)
        elif fill.perm_id not in self._monitor.foreign:
            self._monitor.foreign[fill.perm_id] = f"fill of {fill.quantity} at {fill.price} by client {fill.client_id}"
            self._link.report(ForeignOrder(f"{self._monitor.foreign[fill.perm_id]}, permId {fill.perm_id}", order_ref=fill.ref))

    def _correct(self, order: BrokerOrder | None, before: Fill, fill: Fill) -> None:
        text = f"{before.quantity} at {before.price} became {fill.quantity} at {fill.price} ({fill.exec_id})"
        self._monitor.halt("correction", ExecutionCorrected(text, order_ref=fill.ref))
        if order is not None:
            order.filled += fill.quantity - before.quantity
            self._monitor.listener.corrected(order, before, fill)

    def _on_commissionReport(self, report: Any) -> None:
        amended = self._monitor.ledger.commission(report.execId, report.commission)
        if amended is None:
            return
        fill, assumed = amended
        order = self._order_of(fill)
        if order is not None and abs(assumed - fill.commission_usd) > CENT:
            self._monitor.listener.commissioned(order, fill)

    def _commission_due(self, fill: Fill) -> None:
        now = self._monitor.ledger.fills.get(fill.base_id)
        if now is not None and not now.commission_known:
            self._link.report(CommissionMissing(f"fill {fill.exec_id} has no commission report", order_ref=fill.ref))
