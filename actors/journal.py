"""JournalActor: owns the journal file; everybody else sends it records.

The records of (t - 1 min, t] are one link of the chain, so that what an order answers to a
bar's decision belongs to that bar and what happens between two bars to the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nautilus_trader.common.actor import Actor

from actors.config import RuntimeActorConfig
from bot.errors import JournalError
from bot.journal.records import Kind
from bot.journal.store import Journal
from bot.messages import ENDPOINT_JOURNAL, ENDPOINT_JOURNAL_AHEAD, JournalEntry
from bot.units import MINUTE_NS

PROMPT_SECONDS = 0.05
DURABLE = (Kind.KILL, Kind.OPERATOR)


class JournalActor(Actor):
    """Writes records in the order they are sent. `open_journal` makes the file when the run starts.

    What must not be lost is durable at once (kill and operator records; intents by their own endpoint). With
    `prompt` the rest reaches the file a moment later, off the way of an order, so that a killed process loses only what
    it had just said; without it, with the links.
    """

    def __init__(self, config: RuntimeActorConfig, open_journal: Callable[[], Journal], *, prompt: bool = False) -> None:
        super().__init__(config)
        self._open = open_journal
        self._prompt, self._due, self._closed = prompt, False, False
        self._journal: Journal | None = None
        self._link_ns = 0

    @property
    def head(self) -> str:
        """The chain's head after the last closed link, hex; "" before the run has started."""
        return "" if self._journal is None else self._journal.head

    def register_base(self, portfolio: object, msgbus: object, cache: object, clock: object) -> None:
        """Open the file and take records from now on, before anybody starts."""
        super().register_base(portfolio, msgbus, cache, clock)
        self._journal = self._open()
        if self._prompt:
            self._journal.reserve()
        self.msgbus.register(ENDPOINT_JOURNAL, self._add)
        self.msgbus.register(ENDPOINT_JOURNAL_AHEAD, self._write_ahead)

    def on_stop(self) -> None:
        """Close the last link and flush; the file stays open until `close`, for what other components still say."""
        self._journal.close_link(self._link_ns)
        self._journal.flush()

    def close(self) -> str:
        """Close the file; returns the head hash. Raises JournalError if it cannot be written."""
        self._journal.close_link(self._link_ns)
        head = self._journal.head
        self._closed = True
        self._journal.close()
        return head

    def _add(self, entry: JournalEntry) -> None:
        if entry.kind in DURABLE:
            self._durable(entry)
            return
        self._turn(entry.ts_ns, flush=not self._prompt)
        self._journal.add(entry.kind, entry.ts_ns, entry.body, entry.strategy)
        if self._prompt and not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(PROMPT_SECONDS, self._flush)

    def _durable(self, entry: JournalEntry) -> None:
        """What cannot be written now is kept and goes with the next transaction: nobody who leaves a position waits for a disk."""
        try:
            self._write_ahead(entry)
        except JournalError as error:
            self.log.error(str(error))

    def _flush(self) -> None:
        self._due = False
        if self._closed:
            return
        try:
            self._journal.flush(durable=True)  # so that the next intent waits for its own pages only
        except JournalError as error:  # the next intent cannot be written either, so no entry follows
            self.log.error(str(error))

    def _write_ahead(self, entry: JournalEntry) -> None:
        """Durable when this returns; raises JournalError if it is not."""
        self._turn(entry.ts_ns, flush=False)
        self._journal.write_ahead(entry.kind, entry.ts_ns, entry.body, entry.strategy)

    def _turn(self, ts_ns: int, *, flush: bool = True) -> None:
        """Begin a new link when the minute of a record lies after the open one."""
        if ts_ns > self._link_ns:
            if self._link_ns:
                self._journal.close_link(self._link_ns, flush=flush)
            self._link_ns = -(-ts_ns // MINUTE_NS) * MINUTE_NS
