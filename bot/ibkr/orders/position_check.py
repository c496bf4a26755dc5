"""Compares what the broker holds with the book: what our own fills have made. It asks anew before it says that they differ."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from bot.ibkr.account import AccountBook
from bot.ibkr.errors import PositionMismatch
from bot.ibkr.orders.order_state import Fill
from bot.ibkr.orders.orders import OrderMonitor

APART_SECONDS = 5.0
OUTLAST_SECONDS = 60.0  # a gateway that has not loaded its account says for up to 40 s that it holds nothing


class Difference(msgspec.Struct, frozen=True):
    """Signed contracts of a month in the book and at the broker.

    `traded` says whether it is the month that is traded, `explained` whether executions of others there since both agreed make
    the difference, `carried` whether it may have come about before executions reach back: what is gone was bought or sold then.
    """

    expected: int
    held: int
    traded: bool
    explained: bool = False
    carried: bool = False


class PositionCheck:
    """Halts entries while book and broker differ. Tells `differs` of each difference in the traded month once: both numbers,
    whether it is explained (see Difference), and the price of the others' last execution (points; nan if there is none).

    `book` gives the signed contracts of the traded month that the book holds; None: it is not known yet, and nothing is
    compared; nor before executions and all positions were told once, for what is not told is not flat. `is_front` names that
    month. What is held of anything else at the start is nobody's business here; a change of it that our fills do not explain
    is. Two fresh readings some seconds apart must differ, unless an execution of somebody else says why. What is gone without any
    execution is told only once fresh answers have said so for OUTLAST_SECONDS on one way to the broker; entries wait meanwhile.
    """

    def __init__(self, monitor: OrderMonitor, account: AccountBook, client_id: int, is_front: Callable[[int], bool]) -> None:
        self.book: Callable[[], int] | None = None
        self.differs: Callable[[int, int, bool, float], None] = lambda *_: None
        self._monitor, self._account, self._client_id, self._is_front = monitor, account, client_id, is_front
        self._executions_told = False
        self._before: dict[int, int] | None = None
        self._seen: Difference | None = None
        self._since = 0.0
        self._halted: Difference | None = None
        self._told: Difference | None = None
        self._others_when_agreed = 0

    def begin(self) -> None:
        """Executions were told."""
        self._executions_told = True
        self._note()

    def _note(self) -> None:
        """Once all is told: what is held of other months and was not filled today."""
        if self._before is None and self._executions_told and self._account.all_told:
            net, others = self._monitor.ledger.net, [con_id for con_id in self._account.holdings if not self._is_front(con_id)]
            self._before = {con_id: self._account.holdings[con_id].contracts - net(con_id, self._client_id) for con_id in others}

    @property
    def agrees(self) -> bool:
        """Whether the last look found no difference."""
        return self.book is not None and self._before is not None and self._seen is None

    @property
    def flat(self) -> bool:
        """Whether book and broker, as last told, hold nothing of the traded month."""
        return self.book is not None and self.book() == 0 and self.apart == 0

    @property
    def apart(self) -> int | None:
        """Signed contracts of the traded month that the broker holds beyond the book, as last told; None while nothing is compared."""
        if self.book is None or self._before is None:
            return None
        return sum(each.contracts for con_id, each in self._account.holdings.items() if self._is_front(con_id)) - self.book()

    @property
    def undecided(self) -> bool:
        """Whether there is a difference that is not told yet: it is time to ask the broker again."""
        return self._difference() is not None and self._difference() != self._told

    def look(self, now_seconds: float) -> None:
        """Compare; `now_seconds` is a steady clock of the wall."""
        self._note()
        if self.book is None or self._before is None:
            return  # nothing agrees yet: what others did before the book is known still explains a difference
        found = self._difference()
        if found is None:
            self._seen = self._halted = self._told = None
            self._others_when_agreed = self._net(self._of_others())
            self._monitor.clear("position")
        elif found != self._seen and not found.explained:
            self._seen, self._since = found, now_seconds
        elif found != self._told:
            self._lasts(found, now_seconds - max(self._since, self._monitor.opened_at))

    def _lasts(self, found: Difference, seconds: float) -> None:
        """A difference that was there for so long by fresh answers."""
        if not found.explained and seconds < APART_SECONDS:
            return
        if found != self._halted:
            self._halted = found
            self._monitor.halt("position", PositionMismatch(found.expected, found.held))
        if found.explained or not found.carried or seconds >= OUTLAST_SECONDS:
            self._seen = self._told = found
            if found.traded:
                self.differs(found.expected, found.held, found.explained or found.carried, self._price(found))

    def _difference(self) -> Difference | None:
        if self.book is None or self._before is None:
            return None
        held = self._account.holdings
        front = sum(holding.contracts for con_id, holding in held.items() if self._is_front(con_id))
        book = self.book()
        if front != book:
            others = self._net(self._of_others()) - self._others_when_agreed
            carried = book - sum(self._monitor.ledger.net(con_id, self._client_id) for con_id in self._traded())
            gone = book - front
            return Difference(
                book, front, True, front == book + others, gone * book > 0 and gone * carried > 0 and abs(gone) <= abs(carried)
            )
        ours = {fill.con_id for fill in self._monitor.ledger.fills.values()}
        for con_id in sorted(each for each in ours | set(held) | set(self._before) if not self._is_front(each)):
            expected = self._before.get(con_id, 0) + self._monitor.ledger.net(con_id, self._client_id)
            contracts = held[con_id].contracts if con_id in held else 0
            if contracts != expected:
                return Difference(expected, contracts, traded=False)
        return None

    def _traded(self) -> set[int]:
        return {fill.con_id for fill in self._monitor.ledger.fills.values() if self._is_front(fill.con_id)}

    @staticmethod
    def _net(fills: list[Fill]) -> int:
        return sum(fill.side * fill.quantity for fill in fills)

    def _of_others(self) -> list[Fill]:
        """Executions in the traded month that are none of ours, oldest first."""
        fills = [fill for fill in self._monitor.ledger.fills.values() if self._is_front(fill.con_id)]
        strange = [fill for fill in fills if fill.client_id != self._client_id]
        return sorted(strange, key=lambda fill: fill.ts_ns)

    def _price(self, found: Difference) -> float:
        fills = self._of_others()
        return fills[-1].price if fills and found.explained else math.nan
