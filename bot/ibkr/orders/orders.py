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
    ChangedElsewhere,
    FillNotBooked,
    ObserveOnly,
    OrderCancelledByBroker,
    UnknownOrder,
)
from bot.ibkr.link.connection import Connection
from bot.ibkr.link.link import Link
from bot.ibkr.orders.fills import FillLedger
from bot.ibkr.orders.order_state import BrokerOrder, Draft, Fill, OrderListener, Phase, Terms
from bot.ibkr.orders.order_wire import library_order
from bot.units import SECOND_NS

EXPIRY_SLACK_NS = 10 * SECOND_NS  # the clock we know may be two pieces behind the gateway's
AGAIN_SECONDS = 2.0  # a fill that could not be booked is asked for again
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
        self.filled_quietly: Callable[[], None] = lambda: None  # a fill came of which nothing was told: who put its order back tells it
        self.doubtful: Callable[[], None] = lambda: None
        self.sent: Callable[[list[BrokerOrder]], None] = lambda _: None  # these leave now
        self.book_untold: Callable[[BrokerOrder], bool] = lambda _: False  # a fill that the broker has told in every way but an execution
        self.alarm: Callable[[str, str], None] = lambda *_: None  # a kill trigger and its detail
        self._link, self._contract_of, self.observe = link, contract_of, observe
        self._by_id: dict[int, BrokerOrder] = {}
        self._by_perm: dict[int, BrokerOrder] = {}
        self.retired: dict[int, str] = {}  # order ids that were given up -> the reference that was sent under them
        self.retired_perms: dict[int, str] = {}
        self.strays: dict[int, float] = {}  # order ids that must go -> when they were shown last (seconds of the wall)
        self.opened_at = 0.0  # when the way out opened last (seconds of the wall)
        self.ghosts: dict[int, float] = {}  # permIds that took the name of an order of ours -> when it was to go last (seconds of the wall)

    # ------------------------------------------------------------------ sending

    def place(self, con_id: int, drafts: list[Draft]) -> None:
        """Send orders that belong together, all or none; those that set a family working go last.

        Raises BrokerError before anything has left.
        """
        self._may_send()
        if self._link.ids is None:
            raise BrokerLinkLost("the gateway has not been reached yet")
        self._transmit([BrokerOrder(draft, con_id, 0) for draft in drafts])

    def modify(self, ref: str, quantity: int, limit: float | None, stop: float | None) -> None:
        """Ask for a change; the answer comes to the listener. Raises BrokerError if it cannot be asked."""
        self._may_send()
        order, connection = self.orders[ref], self._link.connection
        if not order.order_id:
            raise UnknownOrder("what the broker calls it now was not told, so it cannot be changed", order_ref=ref)
        order.changes.append(msgspec.structs.replace(order.draft, quantity=quantity, limit=limit, stop=stop))
        order.asked_at = order.late_at = order.since = self._link.seconds()
        self._send(connection, [(order, order.changes[-1], True)])

    def cancel(self, ref: str) -> None:
        """Ask for a cancel; while there is no way out it waits, and is the first to go once there is one."""
        order = self.orders[ref]
        order.cancel_asked, order.asked_at = True, self._link.seconds()
        order.late_at = order.asked_at
        if self._link.allows_way_out:
            self.withdraw(order.order_id)

    def withdraw(self, order_id: int) -> None:
        """Send a cancel for this handle, whatever is known of the order; for none (0) it goes once it is told."""
        if order_id and not self.observe:
            self._link.connection.send("cancelOrder", order_id, "")

    def resend(self, family: list[BrokerOrder]) -> None:
        """Send a family anew under fresh ids; messages about the old ids mean nothing any more."""
        for order in family:
            self._retire(order)
            order.perm_id, order.phase, order.seen, order.misses, order.status = 0, Phase.SENT, False, 0, ""
            order.idle_at, order.average = 0.0, 0.0
            order.taken_back, order.trouble, order.resent = False, None, order.resent + 1
            order.doubts.clear()
        self._transmit(family)

    def _retire(self, order: BrokerOrder) -> None:
        """What the broker says about this incarnation from now on is about none of our orders."""
        self.retired[order.order_id] = self.retired_perms[order.perm_id] = order.ref
        self._by_id.pop(order.order_id, None)
        self._by_perm.pop(order.perm_id, None)

    def _may_send(self) -> None:
        if self.observe:
            raise ObserveOnly("the run's mode is OBSERVE")
        self._link.require_way_out()

    def track(self, orders: list[BrokerOrder]) -> None:
        """Follow these orders from now on."""
        for order in orders:
            self.orders[order.ref] = order
            if order.order_id:
                self._by_id[order.order_id] = order
            if order.perm_id:
                self._by_perm[order.perm_id] = order

    def _transmit(self, orders: list[BrokerOrder]) -> None:
        """Send in one piece. The broker takes no id below one that it has seen, so ids are given in the order of sending.

        An order waits (transmit False) only for one of the same sending: an entry for its last child, a child for the one after it.
        What sets a family working goes last, so that all of it is at the broker before any of it may trade.
        """
        connection, ids = self._link.connection, self._link.ids
        assert ids is not None
        here = {order.ref for order in orders}
        last_child = {order.draft.parent_ref: order for order in orders if order.draft.parent_ref in here}
        starts = [order for order in orders if order.ref not in last_child and last_child.get(order.draft.parent_ref, order) is order]
        in_turn = [order for order in orders if order not in starts] + starts
        for order in in_turn:
            order.order_id, order.sent_at = ids.order_id(), self._link.seconds()
            order.since = order.late_at = order.sent_at
        self.track(in_turn)
        self._send(connection, [(order, order.draft, order in starts) for order in in_turn])
        self.sent(in_turn)

    def _send(self, connection: Connection, orders: list[tuple[BrokerOrder, Draft, bool]]) -> None:
        """The one way of an order to the broker: each with what it is to be and whether it may work at once."""
        account, requests = self._link.account, []
        for order, draft, transmit in orders:
            parent = self.orders.get(draft.parent_ref)
            parent_id = parent.order_id if parent is not None and parent.live else 0
            wire = library_order(connection.library, draft, account, order.order_id, parent_id, transmit)
            requests.append(("placeOrder", order.order_id, self._contract_of(order.con_id), wire))
        connection.send_together(requests)

    # ------------------------------------------------------------------ finding

    def find(self, ref: str, perm_id: int, client_id: int, order_id: int) -> BrokerOrder | None:
        """The tracked order a message is about: by the broker's identity first. A ghost's or a retired id's is about none."""
        own = client_id == self._link.settings.client_id
        if perm_id in self._by_perm:
            return self._by_perm[perm_id]
        if perm_id in self.ghosts or (own and order_id in self.retired):
            return None
        return (self._by_id.get(order_id) if own and order_id > 0 else None) or (self.orders.get(ref) if own else None)

    def same(self, order: BrokerOrder, told: Any) -> bool:
        """Whether a completed order is this one, and no earlier sending of it."""
        return told.orderRef == order.ref and order.perm_id in (0, told.permId) and told.permId not in self.retired_perms

    def new_family(self, order: BrokerOrder) -> list[BrokerOrder]:
        """The other orders that were sent with this one and are not acknowledged either; none if it is."""
        known = [] if order.accepted else self.orders.values()
        return [each for each in known if each is not order and each.live and not each.accepted and each.family == order.family]

    def identify(self, order: BrokerOrder, perm_id: int) -> None:
        """The broker's identity of an order is this."""
        if perm_id and order.live:
            order.perm_id = perm_id
            self._by_perm[perm_id] = order

    def handled(self, order: BrokerOrder, order_id: int, client_id: int) -> None:
        """The handle of an order that was followed without one is this: a cancel that waited for it goes."""
        if order.order_id or order_id <= 0 or client_id != self._link.settings.client_id:
            return
        order.order_id = order_id
        self._by_id[order_id] = order
        if order.live and order.cancel_asked:
            self.cancel(order.ref)

    def add_twin(self, order: BrokerOrder) -> None:
        """Follow this one, too; its order id stays that of the order that it is the twin of."""
        self.orders[order.ref] = self._by_perm[order.perm_id] = order
        self.ghosts.pop(order.perm_id, None)

    def by_perm(self, perm_id: int) -> BrokerOrder | None:
        """The tracked order with this permId."""
        return self._by_perm.get(perm_id) if perm_id else None

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

    def offer(self, order: BrokerOrder, fill: Fill) -> bool:
        """Tell a fill of an order; whether it was taken. If not, that is an alarm and a kill, and it is asked for until it is."""
        halt = f"untaken {fill.base_id}"
        try:
            self.ledger.offer(fill, lambda fill: self.listener.filled(order, fill))
        except Exception as error:  # whatever it is: the broker has told this fill
            if halt not in self.halts:
                text = f"{fill.quantity} at {fill.price} ({fill.exec_id}): {type(error).__name__}: {error}"
                self.halt(halt, FillNotBooked(text, order_ref=fill.ref))
                self.alarm("a fill could not be booked", text)
            self._link.later(AGAIN_SECONDS, lambda: self.doubtful())
            return False
        self.clear(halt)
        return True

    def accept(self, order: BrokerOrder) -> None:
        """It works; told once. An order that has ended stays ended."""
        if order.live:
            order.phase, order.misses, order.taken_back = Phase.WORKING, 0, False
        if not order.accepted:
            order.accepted = True
            self.listener.accepted(order)

    def reject(self, order: BrokerOrder, error: BrokerError) -> None:
        """The broker refused it, and its children have no parent."""
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

    def changed_elsewhere(self, order: BrokerOrder, before: Terms) -> None:
        """Nobody here has asked for what an order is now: it is told, and other prices or more contracts lock entries for this run."""
        self.listener.updated(order)
        now = order.draft.terms
        if now[1:] != before[1:] or now[0] > before[0]:  # fewer are what a sibling's fill leaves
            text = f"{_in_words(before)} became {_in_words(now)}, and nobody here asked for it"
            self.halt("changed elsewhere", ChangedElsewhere(text, order_ref=order.ref))

    def halt(self, name: str, error: BrokerError) -> None:
        """No new entries, for this reason."""
        self.halts[name] = error
        self._link.report(error)

    def clear(self, name: str) -> None:
        """The reason is gone."""
        self.halts.pop(name, None)


def _in_words(terms: Terms) -> str:
    quantity, *prices = terms
    return f"{quantity} at {' and '.join(f'{price:,.2f}' for price in prices if price is not None)}"
