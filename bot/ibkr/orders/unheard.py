"""Closing orders that nobody confirms: soon in doubt, and given up when a doubt is over, whatever the broker leaves unanswered.

One that works and does not fill is asked about, too: the broker may have forgotten it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bot.ibkr.errors import UnknownOrder
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.orders.closable import DOUBT_SECONDS, unheard_seconds
from bot.ibkr.orders.doubt import BARE_SECONDS
from bot.ibkr.orders.order_state import BrokerOrder
from bot.ibkr.orders.orders import OrderMonitor
from bot.supervision.orders import Role, named_role

MOST_SECONDS = 32 * DOUBT_SECONDS  # a broker that is slow is given twice as long with each order in a row that it was not heard of


class UnheardExits:
    """Of one monitor. What is not confirmed for BARE_SECONDS is asked about, for DOUBT_SECONDS more; then another closing order leaves, of
    what the account holds. `market_open` excuses silence: what is sent into a closed market is confirmed when it opens.

    It does not promise that what was given up never fills: it is cancelled and stays watched, and what is closed twice is bought back.
    """

    def __init__(self, link: Link, monitor: OrderMonitor, market_open: Callable[[], bool]) -> None:
        self._link, self._monitor, self._market_open = link, monitor, market_open
        self._asked = DOUBT_SECONDS
        monitor.sent = self._begin
        link.state_changed.append(self._on_link)

    def _on_link(self, state: LinkState, previous: LinkState) -> None:
        if state.allows_way_out and not previous.allows_way_out:
            self._begin([order for order in self._monitor.orders.values() if order.live])

    def _begin(self, orders: list[BrokerOrder]) -> None:
        for order in orders:
            if named_role(order.ref) is not Role.EXIT:
                continue
            self._link.later(DOUBT_SECONDS, partial(self._still_there, order, DOUBT_SECONDS))
            if not order.accepted:
                self._after(BARE_SECONDS, order, lambda _: self._monitor.doubtful())
                self._after(BARE_SECONDS + self._asked, order, self._give_up)

    def _still_there(self, order: BrokerOrder, seconds: float) -> None:
        """Asked again after twice as long each time, for a market that is closed fills nothing."""
        if not order.live or not self._link.allows_way_out:
            return
        if order.accepted:
            self._monitor.doubtful()
        longer = min(2 * seconds, MOST_SECONDS)
        self._link.later(longer, partial(self._still_there, order, longer))

    def _after(self, seconds: float, order: BrokerOrder, then: Callable[[BrokerOrder], None]) -> None:
        self._link.later(seconds, lambda: self._look(seconds, order, then))

    def _look(self, seconds: float, order: BrokerOrder, then: Callable[[BrokerOrder], None]) -> None:
        """Unless it was heard of, or sent anew, or the link broke meanwhile: then it counts from there."""
        if order.accepted:
            self._asked = DOUBT_SECONDS
        if order.accepted or not order.live or not self._link.allows_way_out:
            return
        if not self._market_open():
            self._after(seconds, order, then)
        elif self._waited(order) >= seconds:
            then(order)

    def _waited(self, order: BrokerOrder) -> float:
        return unheard_seconds(order, self._monitor, self._link.seconds())

    def _give_up(self, order: BrokerOrder) -> None:
        """Cancelled, which is no refusal: what it fills all the same is told as a fill of it."""
        text = f"nobody has confirmed it within {self._waited(order):.0f} seconds; another one takes its place"
        self._asked = min(2 * self._asked, MOST_SECONDS)
        self._link.report(UnknownOrder(text, order_ref=order.ref))
        order.given_up = True
        self._monitor.cancel(order.ref)
        self._monitor.end(order)
        self._monitor.doubtful()
