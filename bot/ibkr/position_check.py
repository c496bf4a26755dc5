"""Compares what the broker holds with what our own fills explain. Two readings some seconds apart must differ before it matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.ibkr.account import AccountBook
from bot.ibkr.errors import PositionMismatch
from bot.ibkr.orders import OrderMonitor

APART_SECONDS = 5.0


class PositionCheck:
    """Halts entries while book and broker differ.

    `journaled` is what orders of earlier runs have filled (signed contracts by reference), also before the
    broker's midnight, which is as far as executions reach back. `is_front` names the contract that is traded:
    there everything must be explained. What is held of anything else at the start is nobody's business here;
    a change of it that our fills do not explain is.
    """

    def __init__(
        self, monitor: OrderMonitor, account: AccountBook, client_id: int, journaled: Mapping[str, int], is_front: Callable[[int], bool]
    ) -> None:
        self._monitor, self._account, self._client_id = monitor, account, client_id
        self._journaled, self._is_front = journaled, is_front
        self._before: dict[int, int] = {}
        self._since: float | None = None

    def begin(self) -> None:
        """The first sync has ended: note what is held and was not filled today."""
        for con_id, holding in self._account.holdings.items():
            if not self._is_front(con_id):
                self._before[con_id] = holding.contracts - self._monitor.ledger.net(con_id, self._client_id)

    def look(self, now_seconds: float) -> None:
        """Compare; `now_seconds` is a steady clock of the wall."""
        ours = {fill.con_id for fill in self._monitor.ledger.fills.values()}
        for con_id in sorted(ours | set(self._account.holdings) | set(self._before)):
            expected = self._expected(con_id)
            holding = self._account.holdings.get(con_id)
            held = holding.contracts if holding is not None else 0
            if expected != held:
                self._differs(expected, held, now_seconds)
                return
        self._since = None
        self._monitor.clear("position")

    def _expected(self, con_id: int) -> int:
        ledger = self._monitor.ledger
        expected = self._before.get(con_id, 0) + ledger.net(con_id, self._client_id)
        if self._is_front(con_id):  # fills of earlier days that the journal has and the broker does not tell any more
            expected += sum(filled for ref, filled in self._journaled.items() if not ledger.total(ref))
        return expected

    def _differs(self, expected: int, held: int, now_seconds: float) -> None:
        if self._since is None:
            self._since = now_seconds
        elif now_seconds - self._since >= APART_SECONDS and "position" not in self._monitor.halts:
            self._monitor.halt("position", PositionMismatch(expected, held))
