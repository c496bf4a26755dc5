"""Book = broker: contracts that another hand has closed end their trades as RECONCILED; what nothing explains trips the kill switch."""

from __future__ import annotations

import math
from collections.abc import Callable

from bot.decision.plan import ExitReason
from bot.messages import PositionDiffers
from bot.risk_engine.hands import Hands
from bot.risk_engine.sender import Sender
from bot.supervision.orders import Role
from bot.supervision.trade import Trade
from bot.units import to_points


def closed_elsewhere(net: int, expected: int, held: int) -> int:
    """How many of our `net` contracts (signed) have left the account, where the book has `expected` and the broker `held`."""
    side = (net > 0) - (net < 0)
    return max(0, min(abs(net), side * (expected - held)))


class Reconciler:
    """Acts on what the adapter found. `act` carries out what a trade demands, `trip` trips the kill switch."""

    def __init__(
        self, hands: Hands, sender: Sender, trades: list[Trade], act: Callable[[Trade], None], trip: Callable[[str, str], None]
    ) -> None:
        self._hands, self._sender, self._trades, self._act, self._trip = hands, sender, trades, act, trip

    def on_position(self, found: PositionDiffers) -> None:
        """Book what is gone; a difference that neither journal nor executions explain is a kill, while we hold something.

        Contracts that are gone without an explanation may be there all the same, and their stop stays: nothing is sent that
        would leave them bare. Entries are locked either way.
        """
        net = sum(trade.net for trade in self._trades)
        gone = closed_elsewhere(net, found.expected, found.held)
        if net and not gone and not found.explained:
            self._trip("a position that nothing explains", f"the book has {found.expected}, the broker holds {found.held}")
        for trade in [trade for trade in self._trades if gone and found.explained and trade.net]:
            gone -= self._book(trade, gone, found.price)

    def _book(self, trade: Trade, gone: int, price: float) -> int:
        """Close so many contracts of a trade as they were closed; what is left of it is left at the market. How many it were.

        Without a `price` (points) they are booked at their stop: most likely it was that.
        """
        if trade.closing is None:
            trade.closing, trade.closing_since_ns = ExitReason.RECONCILED, self._hands.wall.now_ns
        booked = 0
        for leg in sorted(trade.legs, key=lambda leg: bool(leg.live(Role.EXIT))):  # a closing order under way closes what is left
            if size := min(abs(leg.open), gone - booked):
                at = to_points(leg.stop) if math.isnan(price) else price
                self._sender.closed_elsewhere(trade, leg, size if leg.open > 0 else -size, at)
                booked += size
        self._act(trade)
        return booked
