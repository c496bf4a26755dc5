"""What the journals of earlier runs say: everything a restart begins with, as one fold over their records.

Counters, learning, execution quality, the kill latch and unfinished trades are never trusted from
memory. What the fold cannot know is what happened after the last record; the broker is asked for that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bot.decision.intent import Intent
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import OPERATOR
from bot.decision.snapshot import EntryLock, KillState
from bot.journal import schema
from bot.journal.build import intent_of, journaled_outcome, nan_again
from bot.journal.kill_state import KillStanding, require_link, standing
from bot.journal.latch import read_latch, state_of
from bot.journal.read import Record, opened, read
from bot.journal.records import LOCK, UNLOCK, DayRecord, FillRecord, IntentRecord, Kind, OrderRecord, ShadowRecord, StateRecord
from bot.learning.restored import RESTORE, Restored
from bot.messages import BookEvent, EntryEnded, IntentSubmitted, TradeClosed
from bot.runtime.open_shadows import OpenShadow, SeenBar, seen_bars
from bot.runtime.recover import Story, recovered, take
from bot.supervision.orders import Role
from bot.supervision.trade import Trade
from bot.units import HOUR_NS

_KINDS = (Kind.INTENT, Kind.ORDER, Kind.FILL, Kind.OUTCOME, Kind.STATE, Kind.QUALITY, Kind.KILL, Kind.SHADOW, Kind.DAY, Kind.OPERATOR)
UTC_DAY_NS = 24 * HOUR_NS
# One record a UTC day is enough to know that there was a session: no regular session crosses UTC midnight. The first of a session is
# its DAY, or the bar of one in which nobody ran at first; a bar and its decisions are one write.
_SESSIONS = f"""SELECT min(seq), min(ts_ns), max(ts_ns) FILTER (WHERE kind = 'bar') FROM records
WHERE kind IN ('day', 'bar') GROUP BY ts_ns / {UTC_DAY_NS} ORDER BY 1"""
_SPAN = "SELECT coalesce(min(ts_ns), 0), coalesce(max(ts_ns), 0) FROM records WHERE ts_ns > 0"


class Past(msgspec.Struct, frozen=True):
    """State of a restart; all empty for a new journal. Times are market time, UTC ns.

    `events` are what the book counts, each with its time; `learning` holds the close of the first bar of each session, the outcomes,
    real and shadow, and whom a person has brought back, in order, `states` each strategy's last change of state; `charges` are EQS
    events; `day` the last trading day that began. `unfinished` are intents that may still have orders or a position,
    `open_shadows` shadow trades nobody follows any more, `seen_bars` the bars from that of the first of them on, `shadows_begun`
    when each strategy's last on each side (1, -1) was. `intent_ids` are all that were ever decided, `undecided` those that no bar's
    decisions tell of, because the run ended first; without any that was denied. `kill_state` is the
    stricter of the journals' and their latches', `told` what a person must know of the latches, as sentences. `decided_ns` is the
    newest bar that has its decisions, `first_ns` the oldest record's time; 0 if there is none. `entry_lock` is a person's that was
    not ended.
    """

    first_ns: int = 0
    last_ns: int = 0
    decided_ns: int = 0
    events: tuple[tuple[int, BookEvent], ...] = ()
    learning: tuple[int | TradeOutcome | Restored, ...] = ()
    states: dict[str, StateRecord] = {}
    charges: tuple[tuple[str, int], ...] = ()
    kill_state: KillState = KillState.ARMED
    kill_reason: str = ""
    told: tuple[str, ...] = ()
    day: DayRecord | None = None
    unfinished: tuple[Story, ...] = ()
    open_shadows: tuple[OpenShadow, ...] = ()
    seen_bars: tuple[SeenBar, ...] = ()
    shadows_begun: tuple[tuple[str, int, int], ...] = ()
    intent_ids: frozenset[str] = frozenset()
    undecided: tuple[Intent, ...] = ()
    entry_lock: EntryLock | None = None

    @property
    def outcomes(self) -> list[TradeOutcome]:
        """Outcomes of real trades, oldest first."""
        return [each for each in self.learning if isinstance(each, TradeOutcome) and not each.shadow]

    def filled(self) -> dict[str, int]:
        """Signed contracts that each order of an unfinished trade has filled, by client order id."""
        filled: dict[str, int] = {}
        for story in self.unfinished:
            for fill in (record for record in story.records if isinstance(record, FillRecord)):
                filled[fill.client_order_id] = filled.get(fill.client_order_id, 0) + fill.side * fill.quantity
        return filled


def past_of(paths: Sequence[str | Path]) -> Past:
    """Fold the journals of these files, oldest first, each with its latch.

    Raises JournalError if one cannot be read, JournalBroken if its latch is not of this journal.
    """
    fold = _Fold()
    for path in map(Path, paths):
        said = read_latch(path)  # before the file: what it names is in the file already
        with opened(path) as db:
            require_link(path, db, said)
            if not schema.is_empty(db):
                fold.records(db)
            fold.kill = standing(path, db, said, fold.kill)
    return fold.past()


class _Intent:
    """One intent while it is folded."""

    def __init__(self, record: IntentRecord) -> None:
        self.intent = intent_of(record)
        self.records: list[OrderRecord | FillRecord] = []
        self.trade: Trade = recovered(Story(self.intent, ()))
        self.submitted = self.denied = self.entry_ended = self.closed = False

    @property
    def finished(self) -> bool:
        """Nothing of it can still be anywhere."""
        never_left = self.denied and not self.submitted
        never_filled = self.entry_ended and not self.trade.opened_ns and not self.trade.unknown
        return never_left or self.closed or never_filled


class _Fold:
    def __init__(self) -> None:
        self.first_ns = self.last_ns = self.decided_ns = 0
        self._events: list[tuple[int, BookEvent]] = []
        self._learning: list[int | TradeOutcome | Restored] = []
        self._utc_day = 0  # of the newest session
        self._states: dict[str, StateRecord] = {}
        self._charges: list[tuple[str, int]] = []
        self._intents: dict[str, _Intent] = {}
        self._shadows: dict[str, OpenShadow] = {}
        self._opened: dict[str, int] = {}  # the sequence of its record, of those that this file has opened
        self._seen_bars: list[SeenBar] = []
        self._begun: dict[tuple[str, int], int] = {}
        self.kill = KillStanding(KillState.ARMED, "")
        self._day: DayRecord | None = None
        self._entry_lock: EntryLock | None = None

    def records(self, db: sqlite3.Connection) -> None:
        """Fold all records of a file in."""
        sessions = list(db.execute(_SESSIONS))
        self.decided_ns = max([self.decided_ns, *(decided_ns or 0 for _, _, decided_ns in sessions)])
        for record in read(db, *_KINDS):
            while sessions and sessions[0][0] < record.seq:
                self.session(sessions.pop(0)[1])
            self.take(record)
        for _, ts_ns, _ in sessions:
            self.session(ts_ns)
        first_ns, last_ns = db.execute(_SPAN).fetchone()
        self.first_ns, self.last_ns = self.first_ns or first_ns, max(self.last_ns, last_ns)
        self._open_shadows(db)

    def session(self, ts_ns: int) -> None:
        """A session had its first bar; one that goes on in the next file began in the one before."""
        utc_day = ts_ns // UTC_DAY_NS
        if utc_day != self._utc_day:
            self._utc_day = utc_day
            self._learning.append(ts_ns)

    def take(self, record: Record) -> None:
        """Fold one record in."""
        body, ts_ns = record.body, record.ts_ns
        match record.kind:
            case Kind.INTENT:
                self._intent(msgspec.convert(body, IntentRecord))
            case Kind.ORDER:
                self._order(msgspec.convert(body, OrderRecord), ts_ns)
            case Kind.FILL:
                self._fill(msgspec.convert(body, FillRecord), ts_ns)
            case Kind.OUTCOME:
                self._outcome(journaled_outcome(body), ts_ns)
            case Kind.STATE:
                self._states[body["strategy"]] = msgspec.convert(nan_again(body), StateRecord)
            case Kind.QUALITY if body["score"] == "EQS":
                self._charges.append((body["event"], ts_ns))
            case Kind.KILL:
                self.kill = self.kill._replace(state=state_of(body["state"]), reason=body["reason"])
            case Kind.SHADOW:
                self._shadow(msgspec.convert(body, ShadowRecord), record)
            case Kind.OPERATOR if body["action"] == RESTORE and record.strategy is not None:
                self._learning.append(Restored(record.strategy, body["reason"]))
            case Kind.OPERATOR if body["action"] == LOCK:
                self._entry_lock = EntryLock(body["reason"], ts_ns)
            case Kind.OPERATOR if body["action"] == UNLOCK:
                self._entry_lock = None
            case Kind.DAY:
                self._day = msgspec.convert(body, DayRecord)

    def past(self) -> Past:
        """What all records together say."""
        unfinished = [each for each in self._intents.values() if not each.finished]
        for each in unfinished:
            self._submit(each)  # it may have left in the moment the process ended
        oldest_ns = min((shadow.decided_ns for shadow in self._shadows.values()), default=self.last_ns)
        return Past(
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            decided_ns=self.decided_ns,
            events=tuple(self._events),
            learning=tuple(self._learning),
            states=self._states,
            charges=tuple(self._charges),
            kill_state=self.kill.state,
            kill_reason=self.kill.reason,
            told=self.kill.told,
            day=self._day,
            unfinished=tuple(Story(each.intent, tuple(each.records)) for each in unfinished),
            open_shadows=tuple(self._shadows.values()),
            seen_bars=tuple(each for each in self._seen_bars if each.ts_ns >= oldest_ns),
            shadows_begun=tuple((strategy, side, ts_ns) for (strategy, side), ts_ns in self._begun.items()),
            intent_ids=frozenset(self._intents),
            undecided=tuple(self._undecided()),
            entry_lock=self._entry_lock,
        )

    def _undecided(self) -> Iterator[Intent]:
        for each in self._intents.values():
            later = each.intent.decided.ts_ns > self.decided_ns
            if later and each.submitted and each.intent.plan.strategy != OPERATOR:
                yield each.intent

    def _intent(self, record: IntentRecord) -> None:
        """An intent whose orders have left is not replaced by one of the same bar: that one was refused as a duplicate."""
        known = self._intents.get(record.intent_id)
        if known is None or not known.submitted:
            self._intents[record.intent_id] = _Intent(record)

    def _order(self, record: OrderRecord, ts_ns: int) -> None:
        each = self._intents.get(record.intent_id)
        if each is None:
            return
        if record.event == "Denied":  # the risk engine's word on the whole list: nothing left, unless it was let through some other time
            each.denied |= record.role == "SubmitOrderList"
            return
        self._submit(each)
        each.records.append(record)
        take(each.trade, record)
        self._entries(each, ts_ns)

    def _fill(self, record: FillRecord, ts_ns: int) -> None:
        each = self._intents.get(record.intent_id)
        if each is None:
            return
        self._submit(each)
        self._late(each, ts_ns)
        each.records.append(record)
        take(each.trade, record)
        self._entries(each, ts_ns)

    def _submit(self, each: _Intent) -> None:
        if not each.submitted:
            each.submitted = True
            intent = each.intent
            ts_ns = intent.decided.ts_ns
            self._count(ts_ns, IntentSubmitted(intent.intent_id, intent.plan.strategy, ts_ns))

    def _entries(self, each: _Intent, ts_ns: int) -> None:
        """Whether the last entry has just ended."""
        if not each.entry_ended and not any(leg.live(Role.ENTRY) for leg in each.trade.legs):
            each.entry_ended = True
            intent = each.intent
            self._count(ts_ns, EntryEnded(intent.intent_id, intent.plan.strategy, bool(each.trade.opened_ns)))

    def _late(self, each: _Intent, ts_ns: int) -> None:
        """Whether an entry that was told as not filled has just been filled after all."""
        if each.entry_ended and not each.trade.opened_ns:
            self._count(ts_ns, EntryEnded(each.intent.intent_id, each.intent.plan.strategy, filled=True, late=True))

    def _count(self, ts_ns: int, event: IntentSubmitted | EntryEnded) -> None:
        """What the book counts; a drill it does not."""
        if event.strategy != OPERATOR:
            self._events.append((ts_ns, event))

    def _outcome(self, outcome: TradeOutcome, ts_ns: int) -> None:
        if outcome.strategy != OPERATOR:
            self._learning.append(outcome)
        if outcome.shadow:
            self._shadows.pop(outcome.trade_id, None)
            return
        if outcome.strategy != OPERATOR:
            self._events.append((ts_ns, TradeClosed(outcome)))
        if (each := self._intents.get(outcome.trade_id)) is not None:
            each.closed = True

    def _shadow(self, record: ShadowRecord, written: Record) -> None:
        if record.state != "OPENED":
            self._shadows.pop(record.trade_id, None)
            return
        self._shadows[record.trade_id] = OpenShadow(record, written.ts_ns)
        self._opened[record.trade_id] = written.seq
        if record.plan is not None:
            self._begun[record.strategy, record.plan.side] = written.ts_ns

    def _open_shadows(self, db: sqlite3.Connection) -> None:
        """What this file says of shadow trades that are open at its end, their bars included."""
        after_seqs = {name: self._opened.get(name, 0) for name in self._shadows}
        self._shadows = {name: shadow.found_in(db, after_seqs[name]) for name, shadow in self._shadows.items()}
        if after_seqs:
            self._seen_bars += seen_bars(db, min(after_seqs.values()))
        self._opened.clear()
