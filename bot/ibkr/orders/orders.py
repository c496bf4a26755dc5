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
    ObserveOnly,
    OrderCancelledByBroker,
)
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.orders.fills import FillLedger
from bot.ibkr.orders.order_state import BrokerOrder, Draft, OrderListener, Phase
from bot.ibkr.orders.order_wire import library_order
from bot.units import SECOND_NS

EXPIRY_SLACK_NS = 10 * SECOND_NS  # the clock we know may be two pieces behind the gateway's
Finder = Callable[[int], Any]  # conId -> the library's contract


class OrderMonitor:
    """All orders of ours. `contract_of` gives the contract to send for a conId; `listener` hears what happens.

    `halts` names why no new entries may be sent, until `clear` takes it back. With `observe` nothing
    is ever sent: not an order, not a change, not a cancel.
    """

    def __init__(self, link: Link, fee_usd: float, contract_of: Finder, *, observe: bool = False) -> None:
        self.ledger = FillLedger(fee_usd)
        self.orders: dict[str, BrokerOrder] = {}
        self.foreign: dict[int, str] = {}  # permId -> what it is
        self.halts: dict[str, BrokerError] = {}
        self.listener = OrderListener()
        self.quiet = True  # the first sync tells nothing: reconciliation reports do
        self.doubtful: Callable[[], None] = lambda: None
        self._link, self._contract_of, self._observe = link, contract_of, observe
        link.state_changed.append(self._on_link)
        self._by_id: dict[int, BrokerOrder] = {}
        self._by_perm: dict[int, BrokerOrder] = {}
        self._retired: set[int] = set()
        self.ghosts: set[int] = set()  # permIds that took the name of an order of ours

    # ------------------------------------------------------------------ sending

    def place(self, con_id: int, drafts: list[Draft]) -> None:
        """Send orders that belong together, all or none; those that set a family working go last.

        Raises BrokerError before anything has left.
        """
        self._may_send()
        if self._link.ids is None:
            raise BrokerLinkLost("the gateway has not been reached yet")
        orders = [BrokerOrder(draft, con_id, self._link.ids.order_id(), sent_at=self._link.seconds()) for draft in drafts]
        self.track(orders)
        self._transmit(orders)

    def modify(self, ref: str, quantity: int, limit: float | None, stop: float | None) -> None:
        """Ask for a change; the answer comes to the listener. Raises BrokerError if it cannot be asked."""
        self._may_send()
        order = self.orders[ref]
        order.change = msgspec.structs.replace(order.draft, quantity=quantity, limit=limit, stop=stop)
        order.asked_at = self._link.seconds()
        self._send(order, order.change, transmit=True)

    def cancel(self, ref: str) -> None:
        """Ask for a cancel; while there is no way out it waits, and is the first to go once there is one."""
        order = self.orders[ref]
        order.cancel_asked, order.asked_at = True, self._link.seconds()
        if self._link.allows_way_out:
            self.withdraw(order.order_id)

    def _on_link(self, state: LinkState, previous: LinkState) -> None:
        """The way out opens: what was sent before and not answered is in doubt, and the cancels that waited go."""
        if not state.allows_way_out or previous.allows_way_out:
            return
        for order in [order for order in self.orders.values() if order.live]:
            if order.phase is Phase.SENT:
                order.phase, order.misses = Phase.DOUBT, 0
            if order.cancel_asked:
                self.cancel(order.ref)

    def withdraw(self, order_id: int) -> None:
        """Send a cancel for this handle, whatever is known of the order."""
        if not self._observe:
            self._link.connection.send("cancelOrder", order_id, "")

    def resend(self, family: list[BrokerOrder]) -> None:
        """Send a family anew under fresh ids; messages about the old ids mean nothing any more."""
        assert self._link.ids is not None
        for order in family:
            self._retire(order)
            order.order_id, order.perm_id, order.phase = self._link.ids.order_id(), 0, Phase.SENT
            order.seen, order.misses, order.sent_at = False, 0, self._link.seconds()
            order.resent += 1
        self.track(family)
        self._transmit(family)

    def disown(self, perm_id: int, order_id: int) -> None:
        """An order that took the name and id of one of ours: nothing about this permId is ours, and the id alone says nothing any more."""
        self.ghosts.add(perm_id)
        self._by_id.pop(order_id, None)

    def _retire(self, order: BrokerOrder) -> None:
        """What the broker says about this incarnation from now on is about none of our orders."""
        self._retired.add(order.order_id)
        self._by_id.pop(order.order_id, None)
        self._by_perm.pop(order.perm_id, None)

    def _may_send(self) -> None:
        if self._observe:
            raise ObserveOnly("the run's mode is OBSERVE")
        self._link.require_way_out()

    def track(self, orders: list[BrokerOrder]) -> None:
        """Follow these orders from now on."""
        for order in orders:
            self.orders[order.ref] = order
            self._by_id[order.order_id] = order

    def _transmit(self, orders: list[BrokerOrder]) -> None:
        """An order waits (transmit False) only for one of the same sending: an entry for its last child, a child for the one after it."""
        here = {order.ref for order in orders}
        last_child = {order.draft.parent_ref: order for order in orders if order.draft.parent_ref in here}
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
        """The tracked order a message is about: by the broker's identity first. A ghost's or a retired id's is about none."""
        own = client_id == self._link.settings.client_id
        if perm_id in self._by_perm:
            return self._by_perm[perm_id]
        if perm_id in self.ghosts or (own and order_id in self._retired):
            return None
        return (self._by_id.get(order_id) if own and order_id > 0 else None) or (self.orders.get(ref) if own else None)

    def retired(self, order_id: int) -> bool:
        """Whether an id was given up."""
        return order_id in self._retired

    def identify(self, order: BrokerOrder, perm_id: int) -> None:
        """The broker's identity of an order is this."""
        if perm_id and order.live:
            order.perm_id = perm_id
            self._by_perm[perm_id] = order

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

    # ------------------------------------------------------------------ verdicts

    def accept(self, order: BrokerOrder) -> None:
        """It works; told once. An order that has ended stays ended."""
        if order.live:
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
