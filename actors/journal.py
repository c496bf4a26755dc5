"""JournalActor: owns the journal file; everybody else sends it records.

The records of (t - 1 min, t] are one link of the chain, so that what an order answers to a
bar's decision belongs to that bar and what happens between two bars to the next.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from actors.config import JournalActorConfig
from actors.part import Part
from bot.errors import JournalError
from bot.journal.folder import fresh_journal
from bot.journal.records import Kind, OperatorRecord
from bot.journal.run_lock import RunLock, held_by
from bot.journal.store import Journal
from bot.messages import ENDPOINT_JOURNAL, ENDPOINT_JOURNAL_AHEAD, JournalEntry
from bot.runtime.runtime import runtime_of
from bot.units import MINUTE_NS

PROMPT_SECONDS = 0.05
DURABLE = (Kind.KILL, Kind.OPERATOR)


class JournalActor(Part):
    """Writes records in the order they are sent, into the file that its configuration names.

    What must not be lost is durable at once (kill and operator records; intents by their own endpoint). With
    `prompt` the rest reaches the file a moment later, off the way of an order, so that a killed process loses only what
    it had just said; without it, with the links. No other process writes to the file meanwhile (bot.journal.run_lock).
    """

    part = "JOURNAL"

    def __init__(self, config: JournalActorConfig) -> None:
        super().__init__(config)
        self._config = config
        self._due = self._stopped = self._closed = False
        self._lock: RunLock | None = None
        self._journal: Journal | None = None
        self._link_ns = 0

    @property
    def head(self) -> str:
        """The chain's head after the last closed link, hex; "" before the run has started."""
        return "" if self._journal is None else self._journal.head

    def register_base(self, portfolio: Any, msgbus: Any, cache: Any, clock: Any) -> None:
        """Open the file and take records from now on, before anybody starts. Raises JournalError or JournalInUse."""
        super().register_base(portfolio, msgbus, cache, clock)
        self._lock = _taken_lock(Path(self._config.runtime.journal_path))
        self._journal = opened_journal(self._config)
        if self._config.prompt:
            self._journal.reserve()
        self.msgbus.register(ENDPOINT_JOURNAL, self._add)
        self.msgbus.register(ENDPOINT_JOURNAL_AHEAD, self._write_ahead)

    def on_stop(self) -> None:
        """Close the last link and flush; the file stays open until `close`, for what other components still say."""
        self._stopped = True
        self._journal.close_link(self._link_ns)
        self._journal.flush()

    def on_dispose(self) -> None:
        """Close the file, if whoever owns the run has not. A run that broke off keeps its last minute without a link, to be resumed."""
        if self._closed or self._journal is None:
            return
        if self._stopped:
            self.close()
        else:
            self._let_go()

    def close(self) -> str:
        """Close the file; returns the head hash. Raises JournalError if it cannot be written."""
        self._journal.close_link(self._link_ns)
        head = self._journal.head
        self._let_go()
        return head

    def _let_go(self) -> None:
        self._closed = True
        self._journal.close()
        if self._lock is not None:
            self._lock.__exit__()

    def _add(self, entry: JournalEntry) -> None:
        if entry.kind in DURABLE:
            self._durable(entry)
            return
        self._turn(entry.ts_ns, flush=not self._config.prompt)
        self._journal.add(entry.kind, entry.ts_ns, entry.body, entry.strategy)
        if self._config.prompt and not self._due:
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


def _taken_lock(path: Path) -> RunLock | None:
    """The lock of the journal; None if whoever started this process's run holds it already."""
    if held_by(path) == os.getpid():
        return None
    lock = RunLock(path)
    lock.__enter__()
    return lock


def opened_journal(config: JournalActorConfig) -> Journal:
    """The journal of a run, begun as its configuration says. Raises JournalError."""
    path, contracts = Path(config.runtime.journal_path), runtime_of(config.runtime).contracts
    if config.begin == "append":
        return _continued(config, path)
    if config.begin == "fresh":
        fresh_journal(path.parent)
    flush = {"resume": config.begin == "resume", "flush_every_links": config.flush_every_links}
    return Journal.create(path, config.mode, contracts, config.header, time.time_ns, **flush)


def _continued(config: JournalActorConfig, path: Path) -> Journal:
    """What was not folded into the start must not be continued: its counters and open trades would be forgotten."""
    if path.exists() and str(path) not in config.runtime.earlier:
        raise JournalError(f"{path} holds runs that this configuration does not begin from; make the configuration again.")
    journal = Journal.append(path, config.mode, runtime_of(config.runtime).contracts, config.header, time.time_ns)
    if config.confirmed:
        said = OperatorRecord("live", config.confirmed, "typed to trade real money")
        journal.write_ahead(Kind.OPERATOR, config.confirmed_ns, said)
    return journal
