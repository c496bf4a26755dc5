"""JournalActor: owns the journal file; everybody else sends it records.

The records of (t - 1 min, t] are links of the chain of that minute, so that what an order answers to a bar's decision
belongs to that bar and what happens between two bars to the next (bot/journal/chain.py says where a link ends).

An entry waits until its intent is on the disk; nothing else does. What cannot be written now is kept in its order, in
memory, and goes with the next transaction that works; until then every entry is refused. What the memory holds when the
process dies is lost, but for the kill switch's state: the latch has that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nautilus_trader.common.actor import Actor

from actors.config import RuntimeActorConfig
from bot.errors import JournalBroken, JournalError
from bot.journal.records import IntentRecord, Kind, OrderRecord, ReconcileRecord
from bot.journal.store import Journal
from bot.journal.times import minute_end
from bot.messages import ENDPOINT_JOURNAL, ENDPOINT_JOURNAL_AHEAD, JournalEntry

PROMPT_SECONDS = 0.05
KILL_SECONDS = 0.005  # the event loop has put cancels and exits on the wire by then; the disk may be slow
RETRY_SECONDS = 1.0
DURABLE = (Kind.KILL, Kind.OPERATOR)


class JournalActor(Actor):
    """Writes records in the order they are sent. `open_journal` makes the file when the run starts.

    Kill and operator records are durable at once, intents before their endpoint returns. With `prompt` nothing but an
    intent is written while somebody waits: kill and operator records a few milliseconds later, when what follows from them
    is on the wire, the rest after those, so that a killed process loses only what it had just said. Without it, the rest is
    written with the links.
    """

    def __init__(self, config: RuntimeActorConfig, open_journal: Callable[[], Journal], *, prompt: bool = False) -> None:
        super().__init__(config)
        self._open = open_journal
        self._prompt, self._closed = prompt, False
        self._due: asyncio.TimerHandle | None = None
        self._journal: Journal | None = None
        self._link_ns = self._last_ns = 0
        self._waiting: list[JournalEntry] = []  # what the journal did not even take
        self._failure: Exception | None = None

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
        self._journal.close_link(self._link_ns, flush=False)
        if self._prompt:
            self._flush()
        else:
            self._journal.flush()

    def close(self) -> str:
        """Close the file; returns the head hash. Raises JournalError if it cannot be written."""
        self._take_waiting()
        self._journal.close_link(self._link_ns, flush=False)
        head = self._journal.head
        self._closed = True
        self._journal.close()
        if self._waiting:
            raise JournalError(f"{self._journal.path} did not take {len(self._waiting)} records ({self._failure}); they are lost.")
        return head

    # ------------------------------------------------------------- what does not wait

    def _add(self, entry: JournalEntry) -> None:
        """Take a record; whoever sent it goes on, whatever becomes of it. Without `prompt` a run that cannot be written ends with the bar.

        Raises JournalBroken where a resumed run re-derives something else.
        """
        self._last_ns = entry.ts_ns
        self._waiting.append(entry)
        self._take_waiting()
        if self._failure is not None and entry.kind is Kind.BAR and not self._prompt:
            raise self._failure
        if self._prompt:
            self._flush_in(KILL_SECONDS if entry.kind in DURABLE else PROMPT_SECONDS)
        elif entry.kind in DURABLE:
            self._flush()

    def _take_waiting(self) -> None:
        """Into the journal, in order. What it does not take waits; what comes after waits with it if the journal is the reason."""
        waiting, self._waiting = self._waiting, []
        for number, entry in enumerate(waiting):
            try:
                self._turn(entry.ts_ns, flush=not self._prompt)
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
            self._journal.flush(durable=True, hurried=self._prompt)
            self._written()
        except JournalBroken:
            raise
        except JournalError as error:
            self._failed(error)
            if self._prompt:
                self._flush_in(RETRY_SECONDS)

    # ------------------------------------------------------------------- what waits

    def _write_ahead(self, entry: JournalEntry) -> None:
        """An intent, and all before it: durable when this returns. Raises JournalError if it is not; then no entry may follow."""
        self._take_waiting()
        if self._waiting:
            raise JournalError(f"The journal does not take {len(self._waiting)} earlier records ({self._failure}); no entry is possible.")
        self._last_ns = entry.ts_ns
        self._turn(entry.ts_ns, flush=False)
        try:
            self._journal.write_ahead(entry.kind, entry.ts_ns, entry.body, entry.strategy)
        except JournalBroken:
            raise
        except JournalError as error:
            self._failed(error)
            self._never_left(entry, error)
            raise
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

    def _written(self) -> None:
        if self._failure is not None and not self._waiting:
            self._failure = None
            self.log.warning("The journal is written again; nothing that was kept is lost.")

    def _turn(self, ts_ns: int, *, flush: bool) -> None:
        """Begin a new link when the minute of a record lies after the open one."""
        if ts_ns > self._link_ns:
            if self._link_ns:
                self._journal.close_link(self._link_ns, flush=flush)
            self._link_ns = minute_end(ts_ns)
