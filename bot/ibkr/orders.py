"""The orders monitor: sends orders, and follows them by the broker's raw messages with its own state machine.

An order is known by its reference (our client order id) and the broker's permId; its order id is
only a handle. What is unknown is not failed: nothing ends an order but the broker's word. It does
not promise that the broker's word comes in time; `order_sync` asks when it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from bot.ibkr.errors import (
    BrokerError,
    BrokerLinkLost,
    CommissionMissing,
    DuplicateLiveOrder,
    ExecutionCorrected,
    ForeignOrder,
    OrderCancelledByBroker,
    OrderRejectedByBroker,
)
from bot.ibkr.fills import FillLedger, News
from bot.ibkr.link import Link
from bot.ibkr.link_state import LinkState
from bot.ibkr.order_state import BrokerOrder, Draft, Fill, OrderListener, Phase
from bot.ibkr.order_wire import adopted_draft, library_order, told_terms
from bot.units import SECOND_NS

HOLD_SECONDS = 2.0  # how long an Inactive waits for its reason, and an execution for its order
COMMISSION_SECONDS = 60.0
EXPIRY_SLACK_NS = 10 * SECOND_NS  # the clock we know may be two pieces behind the gateway's
LIVE_STATUSES = ("PreSubmitted", "Submitted")
Finder = Callable[[int], Any]  # conId -> the library's contract


class OrderMonitor:
    """All orders of ours. `contract_of` gives the contract to send for a conId; `listener` hears what happens.

    `halts` names why no new entries may be sent, until `clear` takes it back.
    """

    def __init__(self, link: Link, fee_usd: float, contract_of: Finder) -> None:
        self.ledger = FillLedger(fee_usd)
        self.orders: dict[str, BrokerOrder] = {}
        self.foreign: dict[int, str] = {}  # permId -> what it is
        self.halts: dict[str, BrokerError] = {}
        self.listener = OrderListener()
        self.quiet = True  # the first sync tells nothing: reconciliation reports do
        self.doubtful: Callable[[], None] = lambda: None
        self._link, self._contract_of = link, contract_of
        self._by_id: dict[int, BrokerOrder] = {}
        self._by_perm: dict[int, BrokerOrder] = {}
        self._retired: set[int] = set()
        self._waiting_cancels: set[str] = set()
        for name in ("openOrder", "orderStatus", "execDetails", "commissionReport"):
            link.taps.listen(name, getattr(self, f"_on_{name}"))

    # ------------------------------------------------------------------ sending

    def place(self, con_id: int, drafts: list[Draft]) -> None:
        """Send orders that belong together, all or none; those that set a family working go last.

        Raises BrokerError before anything has left.
        """
        self._may_send()
        if self._link.ids is None:
            raise BrokerLinkLost("the gateway has not been reached yet")
        orders = [BrokerOrder(draft, con_id, self._link.ids.order_id(), sent_at=self._link.seconds()) for draft in drafts]
        self._track(orders)
        self._transmit(orders)

    def modify(self, ref: str, quantity: int, limit: float | None, stop: float | None) -> None:
        """Ask for a change; the answer comes to the listener. Raises BrokerError if it cannot be asked."""
        self._may_send()
        order = self.orders[ref]
        order.change = msgspec.structs.replace(order.draft, quantity=quantity, limit=limit, stop=stop)
        order.asked_at = self._link.seconds()
        self._send(order, order.change, transmit=True)

    def cancel(self, ref: str) -> None:
        """Ask for a cancel; while the link is down it waits for the link."""
        order = self.orders[ref]
        order.cancel_asked, order.asked_at = True, self._link.seconds()
        if self._link.state in (LinkState.READY, LinkState.SYNCING):
            self._link.connection.send("cancelOrder", order.order_id, "")
        else:
            self._waiting_cancels.add(ref)

    def send_waiting_cancels(self) -> None:
        """The link is back: the cancels that waited, as far as their orders still live."""
        waiting, self._waiting_cancels = self._waiting_cancels, set()
        for ref in sorted(waiting):
            if self.orders[ref].live:
                self.cancel(ref)

    def resend(self, family: list[BrokerOrder]) -> None:
        """Send a family anew under fresh ids; messages about the old ids mean nothing any more."""
        assert self._link.ids is not None
        for order in family:
            self._retired.add(order.order_id)
            self._by_id.pop(order.order_id, None)
            order.order_id, order.perm_id, order.phase = self._link.ids.order_id(), 0, Phase.SENT
            order.seen, order.misses, order.sent_at = False, 0, self._link.seconds()
            order.resent += 1
        self._track(family)
        self._transmit(family)

    def _may_send(self) -> None:
        if not self._link.ready:
            raise BrokerLinkLost(f"the connection is {self._link.state}")

    def _track(self, orders: list[BrokerOrder]) -> None:
        for order in orders:
            self.orders[order.ref] = order
            self._by_id[order.order_id] = order

    def _transmit(self, orders: list[BrokerOrder]) -> None:
        last_child = {order.draft.parent_ref: order for order in orders if order.draft.parent_ref}
        starts = [order for order in orders if order.ref not in last_child and last_child.get(order.draft.parent_ref, order) is order]
        for order in [order for order in orders if order not in starts]:
            self._send(order, order.draft, transmit=False)
        for order in starts:
            self._send(order, order.draft, transmit=True)

    def _send(self, order: BrokerOrder, draft: Draft, *, transmit: bool) -> None:
        parent = self.orders.get(draft.parent_ref)
        parent_id = parent.order_id if parent is not None and parent.live else 0
        connection = self._link.connection
        wire = library_order(connection.library, draft, self._link.account, order.order_id, parent_id, transmit)
        connection.send("placeOrder", order.order_id, self._contract_of(order.con_id), wire)

    # ------------------------------------------------------------------ finding

    def find(self, ref: str, perm_id: int, client_id: int, order_id: int) -> BrokerOrder | None:
        """The tracked order a message is about; a retired id is about none."""
        own = client_id == self._link.settings.client_id
        if own and order_id in self._retired:
            return None
        return (
            (self._by_id.get(order_id) if own and order_id > 0 else None)
            or self._by_perm.get(perm_id)
            or (self.orders.get(ref) if own else None)
        )

    def by_id(self, order_id: int) -> BrokerOrder | None:
        """The tracked order with this handle."""
        return self._by_id.get(order_id)

    def is_own(self, ref: str) -> bool:
        """Whether an order with this reference was sent by this client id, as far as orders and fills tell."""
        client_id = self._link.settings.client_id
        return ref in self.orders or any(fill.ref == ref and fill.client_id == client_id for fill in self.ledger.fills.values())

    def children(self, ref: str) -> list[BrokerOrder]:
        """The orders that belong to an entry."""
        return [order for order in self.orders.values() if order.draft.parent_ref == ref]

    # ----------------------------------------------------------------- messages

    def _on_openOrder(self, order_id: int, contract: Any, told: Any, state: Any) -> None:
        if told.account != self._link.account or told.whatIf:
            return
        own = told.clientId == self._link.settings.client_id
        if own and self._link.ids is not None:
            self._link.ids.at_least(order_id + 1)
        order = self.find(told.orderRef, told.permId, told.clientId, order_id)
        if order is None:
            order = self._stranger(order_id, contract, told, own)
            if order is None:
                return
        if order.perm_id and told.permId and told.permId != order.perm_id and order.live:
            self._doubled(order, order_id, told.permId)
            return
        self._identify(order, told.permId)
        order.seen = True
        self._follow(order, state.status, "")
        if order.live and order.accepted and told.totalQuantity:
            self._compare(order, told_terms(told, order.draft.kind))

    def _stranger(self, order_id: int, contract: Any, told: Any, own: bool) -> BrokerOrder | None:
        """An order of an earlier run of ours is adopted; anybody else's is only watched."""
        if own and told.orderRef and order_id not in self._retired and order_id > 0:
            parent = self._by_id.get(told.parentId)
            draft = adopted_draft(told, parent.ref if parent is not None else "")
            order = BrokerOrder(draft, contract.conId, order_id, adopted=True, accepted=self.quiet)
            order.phase = Phase.WORKING if self.quiet else Phase.SENT
            self._track([order])
            return order
        if (not own or order_id <= 0) and told.permId not in self.foreign:
            who = "a person in TWS" if order_id <= 0 else f"client {told.clientId}"
            self.foreign[told.permId] = f"{told.action} {told.totalQuantity:g} {contract.localSymbol} by {who}"
            self._link.report(ForeignOrder(f"{self.foreign[told.permId]}, permId {told.permId}", order_ref=told.orderRef))
        return None

    def _identify(self, order: BrokerOrder, perm_id: int) -> None:
        if perm_id and order.live:
            order.perm_id = perm_id
            self._by_perm[perm_id] = order

    def _doubled(self, order: BrokerOrder, order_id: int, perm_id: int) -> None:
        if "double" in order.remarks:
            return
        order.remarks.append("double")
        error = DuplicateLiveOrder(f"permId {order.perm_id} and {perm_id} both live; cancelling {perm_id}", order_ref=order.ref)
        self.halt("duplicate", error)
        if order.change is not None:
            order.change = None
            self.listener.modify_rejected(order, error)
        self._link.connection.send("cancelOrder", order_id, "")
        self._by_id.pop(order_id, None)
        self._retired.add(order_id)

    def _on_orderStatus(
        self, order_id: int, status: str, filled: float, _remaining: float, _average: float, perm_id: int, _parent: int, _last: float,
        client_id: int, why_held: str, *_: Any,
    ) -> None:  # fmt: skip
        order = self.find("", perm_id, client_id, order_id)
        if order is None or (order.perm_id and perm_id and perm_id != order.perm_id):
            return
        self._identify(order, perm_id)
        self._follow(order, status, why_held)
        if status == "Filled" and order.filled < round(filled):
            self.doubtful()

    def _follow(self, order: BrokerOrder, status: str, why_held: str) -> None:
        order.status = status
        if not order.live:
            return
        if status in LIVE_STATUSES:
            if order.phase is not Phase.DOUBT:
                self.accept(order)
        elif status in ("Cancelled", "ApiCancelled"):
            self.end(order)
        elif status == "Inactive" and why_held != "locate":
            self._link.later(HOLD_SECONDS, lambda: self._still_inactive(order))

    def _still_inactive(self, order: BrokerOrder) -> None:
        """No reason came: rejected; still cancelled, because an inactive order may come back."""
        if order.live and order.status == "Inactive":
            reason = "; ".join(order.remarks) or "Inactive without a reason"
            self.reject(order, OrderRejectedByBroker(reason, order_ref=order.ref))
            self._link.connection.send("cancelOrder", order.order_id, "")

    def _compare(self, order: BrokerOrder, told: tuple[int, float | None, float | None]) -> None:
        """What the broker says the order is now, against what we asked and what it was."""
        if order.change is not None and told == order.change.terms:
            order.draft, order.change = order.change, None
            self.listener.updated(order)
        elif told != order.draft.terms:
            moved = told[1:] != order.draft.terms[1:]
            order.draft = msgspec.structs.replace(order.draft, quantity=told[0], limit=told[1], stop=told[2])
            self.listener.updated(order)
            if moved:
                self._link.report(OrderCancelledByBroker("its price was changed elsewhere", order_ref=order.ref))

    # -------------------------------------------------------------------- fills

    def _on_execDetails(self, request: int, contract: Any, execution: Any) -> None:
        if execution.acctNumber != self._link.account:
            return
        news, fill, before = self.ledger.take(execution, contract.conId)
        self._link.clock.saw(fill.ts_ns)
        if news is News.DUPLICATE:
            return
        order = self.find(fill.ref, fill.perm_id, fill.client_id, fill.order_id)
        if news is News.CORRECTION and before is not None:
            self._correct(order, before, fill)
        elif order is not None:
            self._fill(order, fill)
        elif not self.quiet:
            self._link.later(HOLD_SECONDS, lambda: self._homeless(fill))

    def _fill(self, order: BrokerOrder, fill: Fill) -> None:
        self._identify(order, fill.perm_id)
        order.filled += fill.quantity
        if self.quiet and order.adopted:
            return
        if order.phase is Phase.DOUBT:
            order.phase = Phase.SENT
        self.accept(order)
        if order.filled >= order.draft.quantity:
            order.phase = Phase.FILLED
        self.listener.filled(order, fill)
        if not fill.commission_known:
            self._link.later(COMMISSION_SECONDS, lambda: self._commission_due(fill))

    def _homeless(self, fill: Fill) -> None:
        """A fill of an order nobody showed us, after its wait."""
        order = self.find(fill.ref, fill.perm_id, fill.client_id, fill.order_id)
        if order is not None:
            self._fill(order, fill)
        elif fill.perm_id not in self.foreign:
            self.foreign[fill.perm_id] = f"fill of {fill.quantity} at {fill.price} by client {fill.client_id}"
            self._link.report(ForeignOrder(f"{self.foreign[fill.perm_id]}, permId {fill.perm_id}", order_ref=fill.ref))

    def _correct(self, order: BrokerOrder | None, before: Fill, fill: Fill) -> None:
        text = f"{before.quantity} at {before.price} became {fill.quantity} at {fill.price} ({fill.exec_id})"
        self.halt("correction", ExecutionCorrected(text, order_ref=fill.ref))
        if order is not None:
            order.filled += fill.quantity - before.quantity
            self.listener.corrected(order, before, fill)

    def _on_commissionReport(self, report: Any) -> None:
        amended = self.ledger.commission(report.execId, report.commission)
        if amended is None:
            return
        fill, assumed = amended
        order = self.find(fill.ref, fill.perm_id, fill.client_id, fill.order_id)
        if order is not None and abs(assumed - fill.commission_usd) > 0.005:
            self.listener.commissioned(order, fill)

    def _commission_due(self, fill: Fill) -> None:
        if not self.ledger.fills[fill.base_id].commission_known:
            self._link.report(CommissionMissing(f"fill {fill.exec_id} has no commission report", order_ref=fill.ref))

    # ------------------------------------------------------------------ verdicts

    def accept(self, order: BrokerOrder) -> None:
        """It works; told once."""
        order.phase, order.misses = Phase.WORKING, 0
        if not order.accepted:
            order.accepted = True
            self.listener.accepted(order)

    def reject(self, order: BrokerOrder, error: BrokerError) -> None:
        """The broker refused it: a change of it if one is under way, else the order, and then its children have no parent."""
        if order.change is not None:
            order.change = None
            self.listener.modify_rejected(order, error)
            return
        if not order.live:
            return
        order.phase = Phase.REJECTED
        self._link.report(error)
        self.listener.rejected(order, error)
        for child in self.children(order.ref):
            if child.live and not child.cancel_asked and child.accepted:
                self.cancel(child.ref)

    def end(self, order: BrokerOrder) -> None:
        """It was cancelled or ran out of time; told once. Unasked for and unexplained is an alarm."""
        if not order.live:
            return
        till = order.draft.good_till_ns
        if till and not order.cancel_asked and self._link.clock.now_ns() >= till - EXPIRY_SLACK_NS:
            order.phase = Phase.EXPIRED
            self.listener.expired(order)
            return
        explained = order.cancel_asked or self._explained(order)
        order.phase = Phase.CANCELED
        self.listener.canceled(order)
        if not explained:
            self._link.report(OrderCancelledByBroker("; ".join(order.remarks) or "no reason given", order_ref=order.ref))

    def _explained(self, order: BrokerOrder) -> bool:
        """Whether a filled sibling or an ended parent took it along."""
        draft = order.draft
        parent = self.orders.get(draft.parent_ref)
        if parent is not None and (not parent.live or parent.cancel_asked) and not parent.filled:
            return True
        family = [each for each in self.orders.values() if each is not order and self._siblings(each.draft, draft)]
        return any(each.filled or each.cancel_asked for each in family)

    @staticmethod
    def _siblings(one: Draft, other: Draft) -> bool:
        return (bool(one.parent_ref) and one.parent_ref == other.parent_ref) or (bool(one.oca_group) and one.oca_group == other.oca_group)

    def halt(self, name: str, error: BrokerError) -> None:
        """No new entries, for this reason."""
        self.halts[name] = error
        self._link.report(error)

    def clear(self, name: str) -> None:
        """The reason is gone."""
        self.halts.pop(name, None)
