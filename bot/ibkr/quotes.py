"""Bid and ask of one subscription, and what is wrong with them."""

from __future__ import annotations

from typing import NamedTuple

from bot.contracts.models import DvsLaw
from bot.quality.feed import quote_fault
from bot.units import TICK_POINTS

BID, ASK, DELAYED = 1, 2, (66, 67, 68, 72, 73, 75, 76)


class Quote(NamedTuple):
    """Best bid and ask, prices in points, sizes in contracts."""

    bid: float
    ask: float
    bid_size: float
    ask_size: float

    @property
    def whole(self) -> bool:
        """Whether both sides are there and not crossed, as they are for the moment in which one side has moved."""
        return 0 < self.bid <= self.ask


class QuoteBook:
    """The last quote. Nothing is judged before both sides have been told once."""

    def __init__(self, law: DvsLaw) -> None:
        self._law = law
        self._sides: dict[int, tuple[float, float]] = {}

    @property
    def quote(self) -> Quote | None:
        """The quote as it stands; None before both sides were told."""
        if len(self._sides) < 2:
            return None
        (bid, bid_size), (ask, ask_size) = self._sides[BID], self._sides[ASK]
        return Quote(bid, ask, bid_size, ask_size)

    def take(self, kind: int, price: float, size: float) -> Quote | None:
        """A tick; the quote if both sides are known and it changed."""
        if kind not in (BID, ASK):
            return None
        before = self.quote
        self._sides[kind] = (price, size)
        return self.quote if self.quote != before else None

    def fault(self) -> str | None:
        """What is wrong with the quote (data_contract.yaml), or None."""
        quote = self.quote
        return None if quote is None else quote_fault(self._law, quote.bid / TICK_POINTS, quote.ask / TICK_POINTS)
