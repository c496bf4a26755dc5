"""Compares what the broker holds with the sum of our own fills. Two readings some seconds apart must differ before it matters."""

from __future__ import annotations

from bot.ibkr.account import AccountBook
from bot.ibkr.errors import PositionMismatch
from bot.ibkr.orders import OrderMonitor

APART_SECONDS = 5.0


class PositionCheck:
    """Halts entries while book and broker differ. What was held at the start counts as explained by those who started us."""

    def __init__(self, monitor: OrderMonitor, account: AccountBook, client_id: int) -> None:
        self._monitor, self._account, self._client_id = monitor, account, client_id
        self._before: dict[int, int] = {}
        self._since: float | None = None

    def begin(self) -> None:
        """What is held now and our fills so far do not explain is from before."""
        for con_id, holding in self._account.holdings.items():
            self._before[con_id] = holding.contracts - self._monitor.ledger.net(con_id, self._client_id)

    def look(self, now_seconds: float) -> None:
        """Compare; `now_seconds` is a steady clock of the wall."""
        ours = {fill.con_id for fill in self._monitor.ledger.fills.values()}
        for con_id in sorted(ours | set(self._account.holdings) | set(self._before)):
            expected = self._before.get(con_id, 0) + self._monitor.ledger.net(con_id, self._client_id)
            holding = self._account.holdings.get(con_id)
            held = holding.contracts if holding is not None else 0
            if expected != held:
                self._differs(expected, held, now_seconds)
                return
        self._since = None
        self._monitor.clear("position")

    def _differs(self, expected: int, held: int, now_seconds: float) -> None:
        if self._since is None:
            self._since = now_seconds
        elif now_seconds - self._since >= APART_SECONDS and "position" not in self._monitor.halts:
            self._monitor.halt("position", PositionMismatch(expected, held))
