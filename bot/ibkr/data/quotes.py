"""Bid and ask of one subscription, and what is wrong with them."""

from __future__ import annotations

import math
from typing import NamedTuple

from bot.contracts.models import DvsLaw
from bot.quality.feed import quote_fault
from bot.units import SECOND_NS, to_ticks

BID, ASK, DELAYED = 1, 2, (66, 67, 68, 72, 73, 75, 76)


class Quote(NamedTuple):
    """Best bid and ask, prices in points, sizes in contracts."""

    bid: float
    ask: float
    bid_size: float
    ask_size: float

    @property
    def both_sides(self) -> bool:
        """Whether somebody bids and somebody offers: the broker writes -1 or 0 for nobody."""
        return all(0 < price < math.inf for price in (self.bid, self.ask))

    @property
    def whole(self) -> bool:
        """Whether both sides are there and not crossed, as they are for the moment in which one side has moved."""
        return self.both_sides and self.bid <= self.ask


class QuoteBook:
    """The last quote. Nothing is judged before both sides have been told once.

    Quotes are told when they change, so an old one is not a wrong one. But where there are trades prices tick, and a
    subscription that says nothing, not even a size, for `stale_seconds` of market time through which pieces with volume come has died. The
    next one is `doubted`: what it says before the first trade may be remembered from the dead one.

    It does not promise to see a market in which trades go on and neither prices nor sizes change for that long: it is taken for
    dead too.
    """

    def __init__(self, limits: DvsLaw, *, doubted: bool = False) -> None:
        self.doubted = doubted
        self._limits = limits
        self._sides: dict[int, tuple[float, float]] = {}
        self._traded_ns = 0  # close of the first piece with volume since the last tick; 0: none

    @property
    def quote(self) -> Quote | None:
        """The quote as it stands; None before both sides were told, and while it is doubted."""
        if self.doubted or len(self._sides) < 2:
            return None
        (bid, bid_size), (ask, ask_size) = self._sides[BID], self._sides[ASK]
        return Quote(bid, ask, bid_size, ask_size)

    def take(self, kind: int, price: float, size: float) -> Quote | None:
        """A tick; the quote if both sides are known and it changed."""
        self.lives()
        if kind not in (BID, ASK):
            return None
        before = self.quote
        self._sides[kind] = (price, size)
        return self.quote if self.quote != before else None

    def lives(self) -> None:
        """The subscription has said something, be it only a size."""
        self.doubted = self.doubted and not self._traded_ns
        self._traded_ns = 0

    def traded(self, close_ns: int) -> bool:
        """A piece with volume has closed (market time); whether the subscription has died."""
        self._traded_ns = self._traded_ns or close_ns
        return close_ns - self._traded_ns > self._limits.stale_seconds * SECOND_NS

    def fault(self) -> str | None:
        """What is wrong with the quote (data_contract.yaml), or None."""
        quote = self.quote
        return None if quote is None else quote_fault(self._limits, to_ticks(quote.bid), to_ticks(quote.ask))
