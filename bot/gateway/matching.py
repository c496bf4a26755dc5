"""Whether an order fills in a five-second piece, and at what price: mesbot's one fill rule (bot.fills) on pieces.

Limits fill only if traded through, at their limit; a limit that is marketable when it arrives gets
the piece's open less slippage, no worse than its limit. Stops fill if touched, at their price or the
open if the piece gapped through it, less slippage. Market orders get the next piece's open less
slippage. Nothing here knows a queue or a book.
"""

from __future__ import annotations

from typing import NamedTuple

from bot import fills
from bot.decision.plan import EntryType
from bot.gateway.orders import Order
from bot.market.bar import Bar


class Touch(NamedTuple):
    """What a piece does to an order: its trigger is reached; the price it gets, None if it does not fill."""

    triggered: bool
    price: int | None


UNTOUCHED = Touch(False, None)


def market_price(order: Order, opening: int, slippage_ticks: int) -> int:
    """Price of a market order, or of a stop triggered before, at an opening price."""
    return opening + slippage_ticks * order.side


def stop_touch(order: Order, piece: Bar, slippage_ticks: int, *, young: bool) -> Touch:
    """An untriggered stop or stop-limit in a piece; `young`: it came to life inside this piece."""
    protected = -order.side  # a sell stop protects a long
    if order.stop is None or not fills.stop_touched(protected, order.stop, piece):
        return UNTOUCHED
    if order.limit is None:
        return Touch(True, fills.stop_price(protected, order.stop, piece, slippage_ticks, young))
    filled = fills.entry_fills(order.side, EntryType.STOP_LIMIT, order.limit, order.stop, piece)
    return Touch(True, order.limit if filled else None)


def limit_price(order: Order, piece: Bar, slippage_ticks: int, *, arriving: bool) -> int | None:
    """The price a working limit gets in a piece, None if the piece does not trade through it.

    `arriving`: the order or its price is younger than the piece before, so it may be marketable.
    """
    if order.limit is None or not fills.entry_fills(order.side, EntryType.LIMIT, order.limit, None, piece):
        return None
    if arriving and (order.limit - piece.open) * order.side > 0:
        worst = piece.open + slippage_ticks * order.side
        return min(order.limit, worst) if order.side > 0 else max(order.limit, worst)
    return order.limit
