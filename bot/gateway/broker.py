"""The broker's desk: takes, modifies and cancels orders of all clients; refuses as TWS refuses.

Owns the orders, the accounts and every client's next id. Its state lives as long as the gateway,
whatever becomes of sockets and clients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.gateway.account import Account
from bot.gateway.error_texts import text_of
from bot.gateway.errors import GatewayError
from bot.gateway.exchange import Exchange, Notices
from bot.gateway.instruments import Future
from bot.gateway.order_request import OrderRequest
from bot.gateway.orders import Order, Status, Terms, terms_of

Key = tuple[int, int]  # client id, order id


class Refusal(Exception):
    """The desk's answer to a request it does not do: error code, text, and the JSON some rejections carry."""

    def __init__(self, code: int, text: str, advanced_json: str = "") -> None:
        super().__init__(code, text)
        self.code, self.text, self.advanced_json = code, text, advanced_json


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer to a what-if order: the order as it would be, and margins before and after in cents."""

    order: Order
    before_cents: int
    after_cents: int
    equity_cents: int


@dataclass
class Desk:
    """What faults have told the desk to do differently with orders still to come."""

    rejections: dict[str, tuple[int, str]] = field(default_factory=dict)  # orderRef or * -> code, text
    ghost_modify: bool = False  # the next modification leaves a second live order behind


class Broker:
    """Requests of clients about orders. Raises Refusal where TWS answers with an error."""

    def __init__(
        self,
        notices: Notices,
        accounts: dict[str, Account],
        clock: Callable[[], int],
        *,
        commission_cents: int,
        first_perm_id: int,
        day_end_ns: Callable[[int], int],
    ) -> None:
        self.notices = notices
        self.accounts = accounts
        self.now_ns = clock
        self.day_end_ns = day_end_ns
        self.exchange = Exchange(notices, accounts, clock, commission_cents)
        self.desk = Desk()
        self.orders: dict[Key, Order] = {}
        self.next_ids: dict[int, int] = {}
        self._first_id = 1
        self._next_perm_id = first_perm_id

    # ------------------------------------------------------------------------- ids

    def next_id(self, client_id: int) -> int:
        """The next order id of a client."""
        return self.next_ids.setdefault(client_id, self._first_id)

    def begin_ids_at(self, number: int) -> None:
        """A fault: the next id of every client is this one."""
        self._first_id, self.next_ids = number, {}

    def roll_back_ids(self, count: int, *, reissue: bool) -> None:
        """A fault: next ids fall behind; with `reissue` the desk also forgets that the ids were used."""
        for client_id, next_id in self.next_ids.items():
            self.next_ids[client_id] = max(1, next_id - count)
            if reissue:
                for order_id in range(self.next_ids[client_id], next_id):
                    self.orders.pop((client_id, order_id), None)

    def new_perm_id(self) -> int:
        """A permId nobody has."""
        self._next_perm_id += 1
        return self._next_perm_id

    # ---------------------------------------------------------------------- looking

    def known(self, name: str) -> Order | None:
        """The order a person means: by permId, `client/id`, or orderRef (the youngest, live ones first); None if there is none."""
        everything = [*self.exchange.completed, *(order for order in self.orders.values() if not order.done), *self.exchange.open]
        for order in reversed(everything):
            if name in (str(order.perm_id), f"{order.client_id}/{order.order_id}", order.request.order_ref):
                return order
        return None

    def find(self, name: str) -> Order:
        """As known. Raises GatewayError, one sentence, if there is no such order."""
        order = self.known(name)
        if order is None:
            raise GatewayError(
                f"no order is called {name!r}; name its orderRef, its permId or client/orderId of one that was placed before."
            )
        return order

    def open_orders(self, client_id: int | None = None) -> list[Order]:
        """Orders that are not done, of one client or of all, held back ones included, in order of permId."""
        live = {order.perm_id: order for order in [*self.orders.values(), *self.exchange.open] if not order.done}
        chosen = (order for order in live.values() if client_id is None or order.client_id == client_id)
        return sorted(chosen, key=lambda order: order.perm_id)

    # ----------------------------------------------------------------------- placing

    def place(self, client_id: int, order_id: int, future: Future, request: OrderRequest) -> WhatIf | None:
        """A new order, a modification of a live one (same id), or a what-if. Raises Refusal."""
        account = self._account(request)
        terms = _terms(request)
        existing = self.orders.get((client_id, order_id))
        if request.what_if:
            return self._what_if(self._build((client_id, order_id), future, account, request, terms, 0), account)
        if existing is not None:
            self._modify(existing, future, request, terms)
            return None
        if order_id < self.next_id(client_id):
            raise Refusal(103, text_of(103))
        parent = self._parent(client_id, request)
        told = self._told_to_refuse(request)
        order = self._build((client_id, order_id), future, account, request, terms, self.new_perm_id())
        order.parent = parent
        self._keep(order)
        if told is not None:
            self.exchange.reject(order, *told)
        elif request.transmit:
            self._transmit_family(order)
        return None

    def _account(self, request: OrderRequest) -> Account:
        name = request.account or (next(iter(self.accounts)) if len(self.accounts) == 1 else "")
        if not name:
            raise Refusal(435, "You must specify an account.")
        if name not in self.accounts:
            raise Refusal(436, "You must specify an allocation (either a single account, group, or profile).")
        return self.accounts[name]

    def _parent(self, client_id: int, request: OrderRequest) -> Order | None:
        if not request.parent_id:
            return None
        parent = self.orders.get((client_id, request.parent_id))
        if parent is None or parent.done:
            raise Refusal(135, f"{text_of(135)}{request.parent_id}")
        return parent

    def _told_to_refuse(self, request: OrderRequest) -> tuple[int, str] | None:
        """A fault's refusal of this order. One before acceptance (not 201) leaves no order behind."""
        told = self.desk.rejections.pop(request.order_ref, None) or self.desk.rejections.pop("*", None)
        if told is not None and told[0] != 201:
            raise Refusal(*told)
        return told

    def _build(self, key: Key, future: Future, account: Account, request: OrderRequest, terms: Terms, perm_id: int) -> Order:
        return Order(
            *key, perm_id, account.name, future, request, terms.quantity, terms.limit, terms.stop, expires_ns=terms.expires_ns,
        )  # fmt: skip

    def _keep(self, order: Order) -> None:
        self.orders[order.client_id, order.order_id] = order
        self.next_ids[order.client_id] = max(self.next_id(order.client_id), order.order_id + 1)
        if order.parent is not None:
            order.parent.children.append(order)

    def _transmit_family(self, order: Order) -> None:
        """The order goes to the market, and with it what was held back for it: its parent and siblings."""
        family = [order]
        if order.parent is not None and not order.parent.transmitted:
            family = [order.parent, *order.parent.children]
        for member in family:
            if not member.transmitted and not member.done:
                self._transmit(member)

    def _transmit(self, order: Order) -> None:
        order.transmitted = True
        order.from_ns = order.priced_ns = self.now_ns()
        if order.expires_ns is None and (order.request.tif or "DAY") in ("DAY", "IOC"):
            order.expires_ns = self.day_end_ns(self.now_ns())
        if order.parent is None:
            order.released = order.quantity
        elif order.parent.filled:
            order.released = min(order.quantity, order.parent.filled)
        if order.expires_ns is not None and order.expires_ns <= self.now_ns():
            self.exchange.reject(order, 201, f"{text_of(201)}The good till date has already passed")
        elif order.parent is None and (shortage := self._margin_shortage(order)):
            self.exchange.reject(order, 201, f"{text_of(201)}{shortage}")
        elif not order.done:
            self.exchange.open.append(order)
            self.exchange.announce(order)
            self.exchange.arrived(order)

    # --------------------------------------------------------------------- modifying

    def _modify(self, order: Order, future: Future, request: OrderRequest, terms: Terms) -> None:
        if order.status is Status.FILLED:
            raise Refusal(104, text_of(104))
        if order.done:
            raise Refusal(103, text_of(103))
        if request.oca_group != order.request.oca_group:
            raise Refusal(10326, text_of(10326))
        if future is not order.future or request.action != order.request.action:
            raise Refusal(105, "Order being modified does not match original order")
        if request.parent_id and (order.parent is None or order.parent.done):
            raise Refusal(135, f"{text_of(135)}{request.parent_id}")
        if terms.quantity < max(order.filled, 1):
            raise Refusal(105, "Order being modified does not match original order: its size is below what has been filled")
        if self.desk.ghost_modify:
            self.desk.ghost_modify = False
            self._leave_ghost(order)
        if order.parent is None or order.released == order.quantity:
            order.released = terms.quantity
        order.request, order.quantity = request, terms.quantity
        order.limit, order.stop = terms.limit, terms.stop
        if terms.expires_ns is not None:
            order.expires_ns = terms.expires_ns
        order.priced_ns = self.now_ns()
        if order.transmitted:
            self.exchange.announce(order)
        elif request.transmit:
            self._transmit_family(order)

    def _leave_ghost(self, order: Order) -> None:
        """The old order stays alive under its permId; the id now means a new one (seen when modifying during 1100)."""
        ghost = Order(
            order.client_id, order.order_id, order.perm_id, order.account, order.future, order.request, order.quantity, order.limit,
            order.stop, order.expires_ns, order.status, order.transmitted, order.triggered, order.filled, order.value, order.last_fill,
            order.released, order.from_ns, order.priced_ns, parent=order.parent,
        )  # fmt: skip
        self.exchange.open.append(ghost)
        order.perm_id = self.new_perm_id()

    # --------------------------------------------------------------------- cancelling

    def cancel(self, client_id: int, order_id: int) -> None:
        """A client cancels its own order. Raises Refusal: 10147 not known, 10148 or 161 not cancellable."""
        order = self.orders.get((client_id, order_id))
        if order is None:
            raise Refusal(10147, text_of(10147).format(id=order_id))
        if order.done and order not in self.exchange.open:  # an Inactive order may still be there
            raise Refusal(10148, text_of(10148).format(id=order_id, state=order.status.value))
        if self.exchange.closed:
            return  # TWS answers when the market opens
        self.exchange.cancel(order, "")

    def cancel_all(self) -> None:
        """Cancel every live order of every client."""
        for order in self.open_orders():
            if not order.done:
                self.exchange.cancel(order, "")

    # ------------------------------------------------------------------------- margin

    def _margin_shortage(self, order: Order) -> str:
        """Why the account cannot carry the order; '' if it can."""
        account = self.accounts[order.account]
        now, then = self._worst_position(account, None), self._worst_position(account, order)
        needed = then * account.initial_margin_cents
        if then <= now or needed <= account.equity_cents:
            return ""
        return (
            "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
            f"[{account.equity_cents / 100:.2f} USD] MUST EXCEED THE INITIAL MARGIN [{needed / 100:.2f} USD]"
        )

    def _worst_position(self, account: Account, order: Order | None) -> int:
        """The most contracts the account could hold if its entries, and this order, were filled."""
        held = sum(position.contracts for position in account.positions.values())
        resting = [other for other in self.exchange.open if other.account == account.name and other.parent is None]
        entries = resting if order is None else [*resting, order]
        bought = sum(other.remaining for other in entries if other.side > 0)
        sold = sum(other.remaining for other in entries if other.side < 0)
        return max(abs(held + bought), abs(held - sold))

    def _what_if(self, order: Order, account: Account) -> WhatIf:
        held = sum(position.contracts for position in account.positions.values())
        before, after = (abs(each) * account.initial_margin_cents for each in (held, held + order.side * order.quantity))
        order.commission_cents = self.exchange.commission_cents * order.quantity
        return WhatIf(order, before, after, account.equity_cents)


def _terms(request: OrderRequest) -> Terms:
    try:
        return terms_of(request)
    except ValueError as error:
        raise Refusal(*error.args) from None
