"""JournalActor: owns the journal file; everybody else sends it records.

The records of (t - 1 min, t] are links of the chain of that minute, so that what an order answers to a bar's decision
belongs to that bar and what happens between two bars to the next (bot/journal/chain.py says where a link ends).

An entry waits until its intent is on the disk; nothing else does. What cannot be written now is kept in its order, in
memory, and goes with the next transaction that works; until then every entry is refused. What the memory holds when the
process dies is lost, but for the kill switch's state: the latch has that.
"""

# long because: all that may happen to a record between its sender and the disk stands here
from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from actors.config import JournalActorConfig
from actors.part import Part
from bot.errors import JournalBroken, JournalError
from bot.journal.folder import fresh_journal
from bot.journal.records import IntentRecord, Kind, OperatorRecord, OrderRecord, ReconcileRecord
from bot.journal.run_end import OPEN
from bot.journal.run_lock import RunLock, held_by
from bot.journal.store import Journal
from bot.journal.times import minute_end, new_york
from bot.messages import ENDPOINT_JOURNAL, ENDPOINT_JOURNAL_AHEAD, ENDPOINT_JOURNAL_WRITTEN, JournalEntry, Written
from bot.runtime.runtime import runtime_of

PROMPT_SECONDS = 0.05
KILL_SECONDS = 0.005  # the event loop has put cancels and exits on the wire by then; the disk may be slow
RETRY_SECONDS = 1.0
DURABLE = (Kind.KILL, Kind.OPERATOR)


class JournalActor(Part):
    """Writes records in the order they are sent, into the file that its configuration names.

    Kill and operator records are durable at once, intents before their endpoint returns. With `prompt` nothing but an
    intent is written while somebody waits: kill and operator records a few milliseconds later, when what follows from them
    is on the wire, the rest after those, so that a killed process loses only what it had just said. Without it, the rest is
    written with the links. No other process writes to the file meanwhile (bot.journal.run_lock).
    """

    part = "JOURNAL"

    def __init__(self, config: JournalActorConfig) -> None:
        super().__init__(config)
        self._config = config
        self._stopped = self._closed = False
        self._due: asyncio.TimerHandle | None = None
        self._lock: RunLock | None = None
        self._journal: Journal | None = None
        self._link_ns = self._last_ns = 0
        self._open_at_end: list[str] = []
        self._waiting: list[JournalEntry] = []  # what the journal did not even take
        self._failure: Exception | None = None
        self._told = self._durable = 0  # records of this run

    @property
    def head(self) -> str:
        """The chain's head after the last closed link, hex; "" before the run has started."""
        return "" if self._journal is None else self._journal.head

    def register_base(self, portfolio: Any, msgbus: Any, cache: Any, clock: Any) -> None:
        """Open the file and take records from now on, before anybody starts. Raises JournalError or JournalInUse."""
        super().register_base(portfolio, msgbus, cache, clock)
        self._open()
        for endpoint, take in ((ENDPOINT_JOURNAL, self._take), (ENDPOINT_JOURNAL_AHEAD, self._write_ahead)):
            self.answer(endpoint, self.said.only(endpoint, take, self._refuse))
        self.answer(ENDPOINT_JOURNAL_WRITTEN, self._on_written)

    def _open(self) -> None:
        """The file, under its lock; both are let go of again if that fails."""
        self._lock = _taken_lock(Path(self._config.runtime.journal_path))
        try:
            self._journal = opened_journal(self._config)
            if self._config.prompt:
                self._journal.reserve()
        except BaseException:
            self._closed = True
            if self._journal is not None:
                self._journal.close()
            self._unlock()
            raise

    def on_stop(self) -> None:
        """Close the last link and flush; the file stays open until `close`, for what other components still say."""
        self._stopped = True
        self._open_at_end = [self._still_open(position) for position in self.cache.positions_open()]
        self._journal.close_link(self._link_ns, flush=False)
        if self._config.prompt:
            self._flush()
        else:
            self._journal.flush()

    def on_dispose(self) -> None:
        """Close the file, if whoever owns the run has not. A run that broke off keeps its last minute without a link, to be resumed."""
        if self._closed or self._journal is None:
            return
        if self._stopped:
            self.close()
        else:
            self._take_waiting()
            self._let_go()

    def close(self) -> str:
        """Close the file; returns the head hash. Raises JournalError if it cannot be written."""
        self._take_waiting()
        self._journal.close_link(self._link_ns, flush=False)
        try:
            if not self._waiting:
                self._journal.end({OPEN: self._open_at_end} if self._open_at_end else {})
        finally:
            self._let_go()
        return self._journal.head

    def _still_open(self, position: Any) -> str:
        """A position that the run ends in, with what it would come to at the last close."""
        side, bar = "long" if position.signed_qty > 0 else "short", self.cache.bar(self._config.bar_type)
        told = f"The run ends in a trade: {position.strategy_id.get_tag()} {side} {position.quantity} at {position.avg_px_open:,.2f}"
        told += f" since {new_york(position.ts_opened)} New York"
        if bar is None:
            return f"{told}; it counts nowhere."
        result, close = position.unrealized_pnl(bar.close).as_double(), bar.close.as_double()
        return f"{told}, open result {'-' if result < 0 else '+'}${abs(result):,.2f} at the last close of {close:,.2f}; it counts nowhere."

    def _let_go(self) -> None:
        """Of the file and its lock, whatever fails."""
        self._closed = True
        try:
            self._journal.close()
        finally:
            self._unlock()
        if self._waiting:
            raise JournalError(f"{self._journal.path} did not take {len(self._waiting)} records ({self._failure}); they are lost.")

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.__exit__()

    # ------------------------------------------------------------- what does not wait

    def _take(self, said: JournalEntry | tuple[JournalEntry, ...]) -> None:
        """Take a record, or several that were sent in one word."""
        for entry in said if type(said) is tuple else (said,):
            self._add(entry)

    def _add(self, entry: JournalEntry) -> None:
        """Take a record; whoever sent it goes on, whatever becomes of it. Without `prompt` a run that cannot be written ends with the bar.

        Raises JournalBroken where a resumed run re-derives something else.
        """
        self._last_ns = entry.ts_ns
        self._told += 1
        self._waiting.append(entry)
        self._take_waiting()
        if self._failure is not None and entry.kind is Kind.BAR and not self._config.prompt:
            raise self._failure
        if self._config.prompt:
            self._flush_in(KILL_SECONDS if entry.kind in DURABLE else PROMPT_SECONDS)
        elif entry.kind in DURABLE:
            self._flush()

    def _take_waiting(self) -> None:
        """Into the journal, in order. What it does not take waits; what comes after waits with it if the journal is the reason."""
        waiting, self._waiting = self._waiting, []
        for number, entry in enumerate(waiting):
            try:
                self._turn(entry, flush=not self._config.prompt)
                self._journal.add(entry.kind, entry.ts_ns, entry.body, entry.strategy)
            except JournalBroken:
                raise
            except JournalError as error:
                self._waiting += waiting[number:]
                self._failed(error)
                return
            except Exception as error:
                self._waiting.append(entry)
                self._failed(error)

    def _flush_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._due is not None:
            if self._due.when() <= loop.time() + seconds:
                return
            self._due.cancel()
        self._due = loop.call_later(seconds, self._flush)

    def _flush(self) -> None:
        """Write down what is kept; durable, so that the next intent waits for its own pages only."""
        self._due = None
        if self._closed:
            return
        try:
            self._take_waiting()
            self._journal.flush(durable=True, hurried=self._config.prompt)
            self._written()
        except JournalBroken:
            raise
        except JournalError as error:
            self._failed(error)
            if self._config.prompt:
                self._flush_in(RETRY_SECONDS)

    def _refuse(self, entry: Any) -> None:
        """What no part of this run says did not happen, and a restart would believe it."""
        self.log.error(f"Not written: a {getattr(entry, 'kind', type(entry).__name__)} record that no part of this run has sent.")

    # ------------------------------------------------------------------- what waits

    def _write_ahead(self, entry: JournalEntry) -> None:
        """An intent, and all before it: durable when this returns. Raises JournalError if it is not; then no entry may follow."""
        self._take_waiting()
        if self._waiting:
            raise JournalError(f"The journal does not take {len(self._waiting)} earlier records ({self._failure}); no entry is possible.")
        self._last_ns = entry.ts_ns
        self._told += 1
        self._turn(entry, flush=False)
        try:
            self._journal.write_ahead(entry.kind, entry.ts_ns, entry.body, entry.strategy)
        except JournalBroken:
            raise
        except JournalError as error:
            self._failed(error)
            self._never_left(entry, error)
            raise
        if self._due is not None:  # what it was for is on the disk; the order is not to wait for it once more
            self._due.cancel()
            self._due = None
        self._written()

    def _never_left(self, entry: JournalEntry, error: JournalError) -> None:
        """The intent is kept like all else, and no restart may wonder where its orders are."""
        intent = entry.body
        if isinstance(intent, IntentRecord):
            name, orders = f"{intent.intent_id}-1E", 3 * sum(quantity for quantity, _, _ in intent.plan.legs)
            denied = OrderRecord(name, intent.intent_id, intent.strategy, "SubmitOrderList", "Denied", orders, reason=str(error))
            self._add(JournalEntry(Kind.ORDER, entry.ts_ns, denied, intent.strategy))

    # ---------------------------------------------------------------------- telling

    def _failed(self, error: Exception) -> None:
        """Tell it; and once, in the journal itself, for whoever asks when it works again."""
        if str(error) != str(self._failure):
            self.log.error(f"Kept, to be written later: {error}")
        first, self._failure = self._failure is None, error
        if not first:
            return
        text = "records could not be written when they were made; they were kept in their order and are written with this one"
        self._waiting.append(JournalEntry(Kind.RECONCILE, self._last_ns, ReconcileRecord("JournalBehind", text)))

    def _on_written(self, question: Any) -> None:
        if type(question) is Written:
            question.told, question.durable = self._told, self._durable

    def _written(self) -> None:
        if not self._waiting:
            self._durable = self._told
        if self._failure is not None and not self._waiting:
            self._failure = None
            self.log.warning("The journal is written again; nothing that was kept is lost.")

    def _turn(self, entry: JournalEntry, *, flush: bool) -> None:
        """Begin a new link when the minute of a record lies after the open one; of a bar that nobody has decided also when it lies before
        it, so that it is found by its minute."""
        link_ns = minute_end(entry.ts_ns)
        if link_ns > self._link_ns or (entry.kind is Kind.BAR and link_ns != self._link_ns):
            if self._link_ns:
                self._journal.close_link(self._link_ns, flush=flush)
            self._link_ns = link_ns


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
