"""Runs the working orders through the market: fills, children, one-cancels-all groups, expiry.

Everything that happens to an order is told to a `Notices` in the order TWS tells it. Times are
market time, UTC ns. Order of a piece: market orders at its open; then stops, then limits (so a piece that
touches both stop and target is a stop), then the stops of entries it filled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.gateway import matching
from bot.gateway.account import Account
from bot.gateway.error_texts import text_of
from bot.gateway.orders import Execution, Order, Status
from bot.market.bar import Bar
from bot.units import SECOND_NS

PIECE_NS = 5 * SECOND_NS
REDUCE = frozenset({0, 2, 3})  # OCA types that take a sibling's fill off; 1 cancels


class Notices(Protocol):
    """Who is told what happens to orders; delivery.py sends it to clients."""

    def opened(self, order: Order, *, commission: bool = False) -> None:
        """openOrder."""

    def status(self, order: Order) -> None:
        """orderStatus."""

    def executed(self, execution: Execution) -> None:
        """execDetails."""

    def paid(self, execution: Execution) -> None:
        """commissionReport."""

    def order_error(self, order: Order, code: int, text: str) -> None:
        """An error on an order."""

    def position_changed(self, account: Account, execution: Execution) -> None:
        """position, and account values."""


class Exchange:
    """The orders that are not done yet, and what the market does to them."""

    def __init__(self, notices: Notices, accounts: dict[str, Account], clock: Callable[[], int], commission_cents: int) -> None:
        self.notices = notices
        self.accounts = accounts
        self.now_ns = clock
        self.commission_cents = commission_cents
        self.slippage_ticks = 1
        self.contracts_a_piece: int | None = None  # None: no limit to what a piece fills
        self.closed = False  # a fault: orders rest, cancels go unanswered
        self.arrived: Callable[[Order], None] = lambda _: None  # hears of each order that has come to the market
        self.open: list[Order] = []
        self.completed: list[Order] = []
        self.executions: list[Execution] = []

    @property
    def at_work(self) -> bool:
        """Whether an order works, or a position is held."""
        positions = [position for account in self.accounts.values() for position in account.positions.values()]
        return bool(self.open) or any(position.contracts for position in positions)

    # ------------------------------------------------------------------ the market

    def open_piece(self, opening: Bar, open_ns: int) -> None:
        """A piece begins at `open_ns`: market orders and triggered stops get its open."""
        for order in self._working(open_ns):
            if order.working and order.limit is None and not order.is_stop:
                self._fill_some(order, matching.market_price(order, opening.open + order.future.basis_ticks, self.slippage_ticks))

    def run_piece(self, piece: Bar, open_ns: int) -> None:
        """A piece has traded: stops, then limits, then the stops of what it filled."""
        resting = self._working(open_ns)
        for order in resting:
            if order.working and order.is_stop:
                self._stop(order, piece, young=False)
        for order in resting:
            if order.working and order.limit is not None and not order.is_stop:
                arriving = open_ns - max(order.from_ns, order.priced_ns) < PIECE_NS
                price = matching.limit_price(order, _shifted(piece, order), self.slippage_ticks, arriving=arriving)
                if price is not None:
                    self._fill_some(order, price)
        for order in list(self.open):
            if order.working and order.is_stop and order.parent is not None and order not in resting and order.from_ns >= piece.ts_ns:
                self._stop(order, piece, young=True)
        for order in resting:
            if order.request.tif == "IOC" and not order.done:
                self.cancel(order, "")

    def expire(self, now_ns: int) -> None:
        """Orders whose time is over are cancelled, with 202."""
        for order in list(self.open):
            if not order.done and order.transmitted and order.expires_ns is not None and order.expires_ns <= now_ns:
                self.cancel(order, "", completed_text="Order expired")

    def _working(self, open_ns: int) -> list[Order]:
        if self.closed:
            return []
        return [order for order in self.open if order.working and order.from_ns <= open_ns]

    def _stop(self, order: Order, piece: Bar, *, young: bool) -> None:
        touch = matching.stop_touch(order, _shifted(piece, order), self.slippage_ticks, young=young)
        if not touch.triggered:
            return
        order.triggered = True
        if touch.price is not None:
            self._fill_some(order, touch.price)
        else:
            self.announce(order)

    def _fill_some(self, order: Order, price: int) -> None:
        size = order.released - order.filled
        self.fill(order, price, size if self.contracts_a_piece is None else min(size, self.contracts_a_piece))

    # ----------------------------------------------------------------------- orders

    def announce(self, order: Order) -> None:
        """Tell where an order stands: openOrder, orderStatus."""
        if not order.done:
            order.status = order.resting_status
        self.notices.opened(order)
        self.notices.status(order)

    def fill(self, order: Order, price: int, size: int) -> Execution:
        """Fill `size` contracts at a price in ticks; everyone concerned is told, children wake up, the group is reduced."""
        order.filled += size
        order.value += size * price
        order.last_fill = price
        commission = self.commission_cents * size
        order.commission_cents = (order.commission_cents or 0) + commission
        account = self.accounts[order.account]
        realized = account.fill(order.future, size * order.side, price, commission)
        number = len(self.executions) + 1
        execution = Execution(
            exec_id=f"{order.perm_id // 1000:08x}.{number:08x}.01.01", ts_ns=self.now_ns(), order=order, shares=size, price=price,
            cumulative=order.filled, average=order.value / order.filled, commission_cents=commission, realized_cents=realized,
        )  # fmt: skip
        self.executions.append(execution)
        if order.filled >= order.quantity:
            self._complete(order, Status.FILLED, f"Filled Size: {order.filled}")
        else:
            order.status = order.resting_status
        self._tell_fill(execution, account)
        self._release(order, size)
        self._reduce_group(order, size)
        return execution

    def cancel(self, order: Order, reason: str, *, completed_text: str = "") -> None:
        """Cancel what is left of an order: 202, openOrder, orderStatus; then its children, or their size follows its fills."""
        self._complete(order, Status.CANCELLED, completed_text or f"Cancelled by Trader {reason}".strip())
        self.notices.order_error(order, 202, f"{text_of(202)}{reason}")
        self.notices.opened(order)
        self.notices.status(order)
        for child in order.children:
            if child.done:
                continue
            if child.released == 0:
                self.cancel(child, reason)
            elif child.quantity != child.released:
                child.quantity = child.released
                self.announce(child)

    def reject(self, order: Order, code: int, text: str) -> None:
        """The broker refuses an order it has taken: the error, then status Inactive; its children go with it."""
        self._complete(order, Status.INACTIVE, text)
        self.notices.order_error(order, code, text)
        self.notices.opened(order)
        self.notices.status(order)
        for child in order.children:
            if not child.done:
                self.cancel(child, "Parent order rejected")

    def remove(self, order: Order) -> None:
        """Forget an order without a word (a fault)."""
        self.open.remove(order)

    def _complete(self, order: Order, status: Status, text: str) -> None:
        order.status = status
        order.completed_ns, order.completed_text = self.now_ns(), text
        if order in self.open:
            self.open.remove(order)
        self.completed.append(order)

    def _tell_fill(self, execution: Execution, account: Account) -> None:
        """In the order recorded from a real TWS."""
        order = execution.order
        self.notices.executed(execution)
        self.notices.opened(order)
        self.notices.status(order)
        if order.done:
            self.notices.opened(order, commission=True)
        self.notices.paid(execution)
        self.notices.position_changed(account, execution)

    def _release(self, parent: Order, size: int) -> None:
        """Children come to life in the size of what their parent filled."""
        for child in parent.children:
            if not child.done and child.transmitted:
                if child.released == 0:
                    child.from_ns = self.now_ns()
                child.released = min(child.quantity, child.released + size)
                self.announce(child)

    def _reduce_group(self, order: Order, size: int) -> None:
        """One cancels all: siblings lose what was filled, or go."""
        for other in self._group(order):
            if order.request.oca_group and order.request.oca_type not in REDUCE:
                self.cancel(other, "")
                continue
            if other.remaining <= size:
                self.cancel(other, "")
                continue
            other.quantity -= size
            other.released = max(other.filled, min(other.quantity, other.released - size))
            self.announce(other)

    def _group(self, order: Order) -> list[Order]:
        if order.request.oca_group:
            same = [other for other in self.open if other.account == order.account and other.request.oca_group == order.request.oca_group]
        else:
            same = order.parent.children if order.parent is not None else []
        return [other for other in same if other is not order and not other.done and other.transmitted]


def _shifted(piece: Bar, order: Order) -> Bar:
    """The piece in the prices of the order's month."""
    basis = order.future.basis_ticks
    if not basis:
        return piece
    return Bar(piece.ts_ns, piece.open + basis, piece.high + basis, piece.low + basis, piece.close + basis, piece.volume)
