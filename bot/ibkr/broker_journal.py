"""What a person must be able to read later of the broker's side: what is wrong with orders, fills and positions, and the link."""

from __future__ import annotations

from typing import Any

from bot.ibkr.errors import (
    BrokerError,
    ChangedElsewhere,
    ClosedElsewhere,
    DuplicateLiveOrder,
    ExecutionCorrected,
    ExecutionMissing,
    ForeignOrder,
    PositionMismatch,
    UnknownOrder,
)
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.session import BrokerSession
from bot.journal.records import LINK_FOUND, Kind, ReconcileRecord
from bot.messages import ENDPOINT_JOURNAL, JournalEntry
from bot.runtime.said import Said

UNRECONCILED = (
    PositionMismatch, ClosedElsewhere, ChangedElsewhere, ForeignOrder, DuplicateLiveOrder, ExecutionCorrected, ExecutionMissing,
    UnknownOrder,
)  # fmt: skip


class BrokerJournal:
    """Writes `reconcile` records of a session, where somebody keeps a journal."""

    def __init__(self, session: BrokerSession, msgbus: Any, said: Said) -> None:
        self._session, self._msgbus, self._said = session, msgbus, said
        self._link_told = ""
        session.link.errors.append(self._on_trouble)
        session.link.state_changed.append(self._on_link)

    def _on_trouble(self, error: BrokerError) -> None:
        if isinstance(error, UNRECONCILED):
            self._write(ReconcileRecord(type(error).__name__, error.text, error.order_ref))

    def _on_link(self, state: LinkState, _previous: LinkState) -> None:
        """That it is not as it should be, and since when; and that it is again. CONNECTED says nothing, but what it leads to does."""
        link = self._session.link
        if not link.begun or self._session.ended or state is LinkState.CONNECTED:
            return
        block = link.why_no_entries()
        text = block.text if block is not None else f"the link is {state} again"
        if self._link_told or block is not None:
            self._write(ReconcileRecord(LINK_FOUND, text))
        self._link_told = "" if block is None else text

    def _write(self, record: ReconcileRecord) -> None:
        if ENDPOINT_JOURNAL in self._msgbus.endpoints():
            entry = JournalEntry(Kind.RECONCILE, self._session.clock.now_ns(), record)
            self._said.send(self._msgbus, ENDPOINT_JOURNAL, entry)
