"""What must be true at the broker before a run goes on with trades of earlier runs; if it is not, the start fails and nothing is sent.

A start waits for their orders, which say whether they can be left from here at all. It does not wait for the position: until that
is told, entries wait.
"""

from __future__ import annotations

from typing import Any

from bot.ibkr.account import AccountBook
from bot.ibkr.data.provider import QUESTION as MONTHS
from bot.ibkr.data.provider import IbkrInstrumentProvider
from bot.ibkr.errors import NotSynced, OpenTradeClient, OpenTradeMonth, UnreadableAnswer
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import SyncReason
from bot.ibkr.orders.fills import FillLedger
from bot.runtime.past import Past

QUESTION = "trades of earlier runs"


class StartCheck:
    """Looks once the months are known. What it finds after the start keeps entries locked: there may be a position to look after."""

    def __init__(self, link: Link, ledger: FillLedger, account: AccountBook, provider: IbkrInstrumentProvider, past: Past) -> None:
        self._link, self._ledger, self._account, self._provider = link, ledger, account, provider
        self._names = tuple(f"{story.intent.intent_id}-" for story in past.unfinished)
        self._journaled = past.filled()
        self._within_reach = self._settled = not self._names
        link.questions.add(QUESTION, self._sync, rests_on=(MONTHS,), enough=lambda: self._within_reach)

    async def _sync(self, _: SyncReason) -> None:
        """Raises SetupError, NotSynced while positions are not told, or another BrokerError of a question that is not answered."""
        if self._settled:
            return
        try:
            told = await self._link.connection.ask_named("reqAllOpenOrders", "openOrderEnd")
        except UnreadableAnswer:
            self._within_reach = True  # nobody knows, and there may be a position to look after: entries wait
            raise
        here = [(contract, order) for _, contract, order, _ in told if order.account == self._link.account]
        ours = [each for each in here if self._is_ours(each[1].orderRef)]
        self._require_client([order for _, order in ours])
        self._require_month(ours)
        self._within_reach = True
        if not self._account.all_told:
            raise NotSynced("whether the account holds what the unfinished trades do is not known: its positions are not told")
        self._require_held()
        self._settled = True

    def _is_ours(self, ref: str) -> bool:
        return ref.startswith(self._names)

    def _require_client(self, ours: list[Any]) -> None:
        """Orders of the unfinished trades can be changed and cancelled from here."""
        own, clients = self._link.settings.client_id, sorted({order.clientId for order in ours})
        if clients in ([], [own]):
            return
        orders = ", ".join(f"{order.orderRef} under client id {order.clientId}" for order in ours)
        hint = f"Start with TWS_CLIENT_ID={clients[0]}." if len(clients) == 1 else None
        raise OpenTradeClient(f"this run has client id {own}, and orders of an unfinished trade are not all its own: {orders}", hint=hint)

    def _require_month(self, ours: list[tuple[Any, Any]]) -> None:
        """Orders of the unfinished trades are in the front month."""
        front = self._provider.contract()
        astray = [(contract, order) for contract, order in ours if contract.conId != front.conId]
        if astray:
            orders = ", ".join(f"{order.orderRef} in {contract.localSymbol}" for contract, order in astray)
            raise OpenTradeMonth(f"orders of an unfinished trade work in another month than {front.localSymbol}: {orders}")

    def _require_held(self) -> None:
        """The position of the unfinished trades is in the front month."""
        front, holdings = self._provider.contract(), self._account.holdings
        carried = self._carried()
        others = [each for each in holdings.values() if each.con_id in self._provider.months and each.contracts * carried > 0]
        if others and front.conId not in holdings:
            held = ", ".join(f"{each.contracts:+d} {each.local_symbol}" for each in others)
            raise OpenTradeMonth(f"unfinished trades hold {carried:+d} in {front.localSymbol}, the month to trade, and the account {held}")

    def _carried(self) -> int:
        """Signed contracts that the unfinished trades hold, as executions tell, and the journal where they reach no more."""
        told: dict[str, int] = {}
        for fill in self._ledger.fills.values():
            if self._is_ours(fill.ref):
                told[fill.ref] = told.get(fill.ref, 0) + fill.side * fill.quantity
        return sum((self._journaled | told).values())
