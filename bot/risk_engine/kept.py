"""What Nautilus' cache must hold for us, kept beside it: the cache is everybody's, and what is not in it cannot be traded or left.

Every part with the cache may put another thing in the place of ours, take it away, empty it or its index, or write into an order or a
position. What is gone or written is put right, and that it was needed is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from operator import is_, is_not
from typing import Any

from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, Venue
from nautilus_trader.model.position import Position

from bot.risk_engine.account import accounts_in

WHEN = frozenset({"ts_event", "ts_init"})  # what two equal instruments may differ in


class Kept:
    """`lost` is told, in words, of what had to be put back into `cache`; by then it is there again.

    `tracked` gives the client order ids that are ours now, `foreign` the kind of an event that another hand has applied to an order.
    `clean` gives the order to hold instead, without it: the same one where the venue holds the very object (a simulated one). `heard`
    says whether a fill came through the venue's door.
    """

    def __init__(
        self,
        cache: Any,
        instrument_id: InstrumentId,
        tracked: Callable[[], Iterable[str]],
        foreign: Callable[[Any], str],
        lost: Callable[[str], None],
        clean: Callable[[Any], Any],
        heard: Callable[[Any], bool],
    ) -> None:
        self._cache, self._instrument_id = cache, instrument_id
        self._tracked, self._foreign, self._lost, self._clean, self._heard = tracked, foreign, lost, clean, heard
        self._instrument: Any = None
        self._accounts: list[Any] = []
        self._looked_at: list[Any] = []  # what the cache held of accounts at the last whole look, ours and others
        self._venues: list[Venue] = []  # by which Nautilus finds ours
        self._orders: dict[str, Any] = {}
        self._links: dict[str, list[Any]] = {}
        self._positions: list[Any] = []

    def look(self) -> None:
        """Put back what is missing or another. What is seen first is right: the instrument, the accounts, each order by its first event."""
        if self._at_rest():
            return
        words = [self._instrument_back(), *self._accounts_back(), self._index_back(), *self._orders_back()]
        self._tell([*words, *self._positions_back(emptied=any(words))])

    def _at_rest(self) -> bool:
        """Whether nothing of ours works or is held, nor was at the last look, and the rest are the very objects of then, found as then."""
        if self._orders or self._positions or self._tracked() or self._cache.position_open_ids():
            return False
        found = self._cache.accounts()
        if len(found) != len(self._looked_at) or not all(map(is_, found, self._looked_at)):
            return False
        return self._cache.instrument(self._instrument_id) is self._instrument and self._indexed()

    def mend(self, event: Any) -> None:
        """An answer about an order comes: what Nautilus takes it by is right before it goes on."""
        order = self._orders.get(str(getattr(event, "client_order_id", None)))
        if order is None:
            return
        words = [self._hand(order.client_order_id.value, order)]
        words += self._fills() if type(event) is OrderFilled else []
        if (name := getattr(event, "venue_order_id", None)) is not None:
            self._cache.add_venue_order_id(order.client_order_id, name, overwrite=True)
        self._tell(words)

    def _tell(self, words: Iterable[str]) -> None:
        if told := ", ".join(word for word in words if word):
            self._lost(told)

    def _hand(self, name: str, order: Any) -> str:
        """What another hand has applied to an order, in words; "" if nothing. By then it is as if it had not been."""
        kind = self._foreign(order)
        if kind and (clean := self._clean(order)) is not order:
            self._orders[name] = clean
            self._put(clean)
        return f"another hand has applied {kind} to {name}" if kind else ""

    def _instrument_back(self) -> str:
        found = self._cache.instrument(self._instrument_id)
        if self._instrument is None:
            self._instrument = found
        if found is self._instrument or _same(found, self._instrument):
            return ""
        self._cache.add_instrument(self._instrument)
        return f"{self._instrument_id} was {'taken away' if found is None else 'replaced'}"

    def _accounts_back(self) -> list[str]:
        self._looked_at, found = self._cache.accounts(), accounts_in(self._cache)
        gone = [account for account in self._accounts if not any(each is account for each in found)]
        for account in gone:
            if self._cache.account(account.id) is None:
                self._cache.add_account(account)
        self._accounts += [account for account in found if not any(each is account for each in self._accounts)]
        self._venues = [Venue(account.id.get_issuer()) for account in self._accounts]
        return [f"{account.id} was taken away" for account in gone]

    def _index_back(self) -> str:
        """By which Nautilus finds what it holds; one that was emptied knows no account's venue any more."""
        if self._indexed():
            return ""
        self._cache.build_index()
        return "the index was emptied"

    def _indexed(self) -> bool:
        return all(map(is_not, map(self._cache.account_for_venue, self._venues), repeat(None)))

    def _orders_back(self) -> list[str]:
        words, before, self._orders = [], self._orders, {}
        linked, self._links = self._links, {}
        for name in self._tracked():
            found = self._cache.order(ClientOrderId(name))
            order = before.get(name, found)
            if order is None:
                continue
            self._orders[name] = order
            if found is not order:
                self._put(order)
                words.append(f"{name} was {'taken away' if found is None else 'replaced'}")
            words.append(self._hand(name, order) or self._place_back(order))
            words.append(self._links_back(name, order, linked.get(name)))
        return words

    def _links_back(self, name: str, order: Any, before: list[Any] | None) -> str:
        """Which orders end with it: a list in everybody's hands, and a venue may go by it."""
        found = [] if order.linked_order_ids is None else order.linked_order_ids
        self._links[name] = right = list(found) if before is None else before
        if found == right:
            return ""
        found[:] = right
        return f"another hand has changed what {name} is linked with"

    def _place_back(self, order: Any) -> str:
        """Where Nautilus looks for it: by its state, and by the venue's name for it."""
        name, venue = order.client_order_id, order.venue_order_id
        known = venue is None or (self._cache.venue_order_id(name) == venue and self._cache.client_order_id(venue) == name)
        if known and self._cache.is_order_open(name) == order.is_open:
            return ""
        self._put(order)
        return f"{name} was not where it is looked for"

    def _put(self, order: Any) -> None:
        self._cache.add_order(order, order.position_id, overwrite=True)
        if order.venue_order_id is not None:
            self._cache.add_venue_order_id(order.client_order_id, order.venue_order_id, overwrite=True)
        self._cache.update_order(order)  # by its state

    def _positions_back(self, *, emptied: bool) -> list[str]:
        """Open ones; one that has closed meanwhile is gone rightly."""
        words = self._fills()
        gone = [position for position in self._positions if emptied and position.is_open and self._cache.position(position.id) is None]
        for position in gone:
            self._cache.add_position(position, OmsType.NETTING)
        self._positions = self._cache.positions_open(instrument_id=self._instrument_id)
        return [*words, *(f"{position.id} was taken away" for position in gone)]

    def _fills(self) -> list[str]:
        """Where Nautilus' index says open, for that no hand has changed by writing into a position."""
        return [self._fills_back(position) for position in self._cache.positions_open(instrument_id=self._instrument_id)]

    def _fills_back(self, position: Any) -> str:
        """A position as the fills make it that came through the venue's door; one of which none did is left as it is."""
        fills = position.events
        right = [fill for fill in fills if self._heard(fill)]
        if len(right) == len(fills) and not position.adjustments:
            return ""
        if right:
            made = Position(self._instrument, right[0])
            for fill in right[1:]:
                made.apply(fill)
            self._cache.add_position(made, OmsType.NETTING)
        return f"another hand has written into {position.id}"


def _same(found: Any, right: Any) -> bool:
    """Whether they differ in nothing but when they were told."""
    if type(found) is not type(right):
        return False
    said, wanted = type(right).to_dict(found), type(right).to_dict(right)
    return {name: value for name, value in said.items() if name not in WHEN} == {
        name: value for name, value in wanted.items() if name not in WHEN
    }
