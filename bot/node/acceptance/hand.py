"""What sends the orders of an acceptance: the adapter's own orders monitor, in a process in which no node trades.

No engine of Nautilus and no strategy is here, so nothing can come in by this way but what `forms` makes; on the wire an order is
written where the bot's are (OrderMonitor). Every order has a reference of its own, and whatever is not ended at the end is taken back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from bot.ibkr.errors import BrokerError
from bot.ibkr.orders.order_state import BrokerOrder, OrderListener
from bot.ibkr.session import BrokerSession
from bot.node.acceptance.forms import Form, Forms, is_ours

ANSWER_SECONDS, TIDY_SECONDS, POLL_SECONDS = 15.0, 20.0, 0.02
CLOSINGS, SETTLE_SECONDS = 3, 3.0


class Hand(OrderListener):
    """Sends, changes and takes back orders of a session, and hears what becomes of them. Seconds are of the wall."""

    def __init__(self, session: BrokerSession) -> None:
        self.session = session
        self.refusals: dict[str, str] = {}
        session.orders.listener = self

    # ------------------------------------------------------------------ what is heard

    def rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        """See OrderListener."""
        self.refusals[order.ref] = error.text

    def modify_rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        """See OrderListener."""
        self.refusals[order.ref] = error.text

    def cancel_rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        """See OrderListener."""
        self.refusals[order.ref] = error.text

    # ------------------------------------------------------------------ what is sent

    async def send(self, form: Form) -> bool:
        """Send a form; whether every order of it is accepted in time. Raises BrokerError before anything has left."""
        self._requires_link()
        self.session.orders.place(self._con_id, list(form.drafts))
        await until(lambda: all(order.accepted or not order.live for order in self.orders(form)), ANSWER_SECONDS)
        return all(order.accepted and order.live for order in self.orders(form))

    async def change(self, ref: str, limit: float | None, stop: float | None) -> bool:
        """Give an order other prices (points); whether the broker shows them in time. Raises BrokerError if it cannot be asked."""
        self._requires_link()
        order = self.session.orders.orders[ref]
        self.refusals.pop(ref, None)
        self.session.orders.modify(ref, order.draft.quantity, limit, stop)
        await until(lambda: not order.changes or not order.live, ANSWER_SECONDS)
        return order.live and order.draft.terms == (order.draft.quantity, limit, stop)

    async def take_back(self, form: Form) -> tuple[bool, bool]:
        """Cancel the entries of a bracket, or each order of a form without one; whether all are gone, and of themselves the children."""
        orders = self.orders(form)
        for order in orders:
            if order.live and not order.draft.parent_ref:
                self.session.orders.cancel(order.ref)
        alone = await until(lambda: not any(order.live for order in orders), ANSWER_SECONDS)
        if not alone:
            await self.cancel_all()
        return not any(order.live for order in orders), alone

    async def cancel_all(self) -> None:
        """Cancel whatever is live, and wait for the broker's word; what cannot go now goes once the way is open."""
        for order in self.live:
            with contextlib.suppress(BrokerError):
                self.session.orders.cancel(order.ref)
        await until(lambda: not self.live, TIDY_SECONDS)

    async def tidy(self, forms: Forms | None) -> list[str]:
        """Cancel what was sent and close what is held by it; what is left all the same, as sentences."""
        if not self.live and not self.net:
            return []
        await until(lambda: self.session.link.allows_way_out, TIDY_SECONDS)
        await self.cancel_all()
        if self.net:
            await until(lambda: bool(self.held), SETTLE_SECONDS)
        for attempt in range(1, CLOSINGS + 1):
            if self.held and forms is not None and self.session.link.allows_way_out:
                await self._close(forms, attempt)
        left = [f"{order.ref} may still work at the broker; cancel it in TWS." for order in self.live]
        if self.held:
            left.append(f"{self.held:+d} contracts are held that an order of this acceptance has filled; close them in TWS.")
        return left

    async def _close(self, forms: Forms, attempt: int) -> None:
        """At the market, and no more than the account holds."""
        held = self.held
        form = forms.closing(attempt, -1 if held > 0 else 1, abs(held))
        with contextlib.suppress(BrokerError):
            self.session.orders.place(self._con_id, list(form.drafts))
            await until(lambda: not self.held or not any(order.live for order in self.orders(form)), ANSWER_SECONDS)

    # ------------------------------------------------------------------ what is known

    def orders(self, form: Form) -> list[BrokerOrder]:
        """The monitor's orders of a form."""
        return [self.session.orders.orders[ref] for ref in form.refs if ref in self.session.orders.orders]

    @property
    def net(self) -> int:
        """Contracts that orders of an acceptance and its drill have filled and not closed since midnight, signed."""
        own = self.session.link.settings.client_id
        fills = self.session.orders.ledger.fills.values()
        return sum(fill.side * fill.quantity for fill in fills if fill.client_id == own and is_ours(fill.ref))

    @property
    def held(self) -> int:
        """So many of those as the account shows: another hand may have closed them."""
        ours, shown = self.net, self.session.net()
        return (1 if ours > 0 else -1) * min(abs(ours), abs(shown)) if ours * shown > 0 else 0

    @property
    def live(self) -> list[BrokerOrder]:
        """What may still work of an acceptance and its drill."""
        return [order for order in self.session.orders.orders.values() if order.live and is_ours(order.ref)]

    def why(self, refs: Iterable[str]) -> str:
        """Why orders are not as they should be, in the broker's words."""
        orders = self.session.orders.orders
        told = []
        for ref in refs:
            order = orders.get(ref)
            state = "was not sent" if order is None else f"is {order.phase} ({order.status or 'no status'})"
            if order is None or not (order.accepted and order.live) or ref in self.refusals:
                told.append(f"{ref} {state}{f': {self.refusals[ref]}' if ref in self.refusals else ''}")
        return "; ".join(told) or "no order says why"

    def _requires_link(self) -> None:
        if (block := self.session.link.why_no_entries()) is not None:
            raise block

    @property
    def _con_id(self) -> int:
        front = self.session.provider.front
        assert front is not None, "a session that has synchronised knows its front month"
        return front.con_id


async def until(reached: Callable[[], bool], seconds: float) -> bool:
    """Wait until this is true; whether it is within so many seconds of the wall."""
    try:
        async with asyncio.timeout(seconds):
            while not reached():
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return reached()
    return True
