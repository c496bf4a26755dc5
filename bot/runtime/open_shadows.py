"""Shadow trades that were open when a run ended, as the journal tells them: enough to follow them on from the bar they had reached.

The record of a shadow's beginning holds its plan and its gates. What else was true then is in the records of that bar, and
how far it came follows from the bars since: so no record of its own is needed, and none could contradict them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from bot.calendar import SessionCalendar
from bot.decision.euc import Euc
from bot.decision.intent import RefusedPlan, expiry_ns
from bot.decision.moment import Moment
from bot.journal.build import nan_again, plan_of
from bot.journal.packs import WHOLE
from bot.journal.records import ShadowRecord
from bot.market.bar import Bar
from bot.units import nearest_tick

_OF_BAR = f"SELECT body FROM {WHOLE} WHERE kind = ? AND seq > ? AND ts_ns = ? AND strategy IS ? ORDER BY seq LIMIT 1"
_BARS = f"SELECT ts_ns, body FROM {WHOLE} WHERE kind = 'bar' AND seq > ? ORDER BY seq"


class OpenShadow(msgspec.Struct, frozen=True):
    """A shadow trade that nobody follows any more: its record, when it was decided (the close of its bar, UTC ns), and what the journal
    has of that bar and of its strategy's decision on it; None if it has not."""

    record: ShadowRecord
    decided_ns: int
    bar: Mapping[str, Any] | None = None
    decision: Mapping[str, Any] | None = None

    def found_in(self, db: sqlite3.Connection, after_seq: int) -> OpenShadow:
        """With what this journal has of its bar behind a record."""
        bar = self.bar or _body(db, "bar", after_seq, self.decided_ns, None)
        decision = self.decision or _body(db, "decision", after_seq, self.decided_ns, self.record.strategy)
        return OpenShadow(self.record, self.decided_ns, bar, decision)

    def refused(self, calendar: SessionCalendar) -> RefusedPlan | None:
        """The refused plan that is followed, as it was when it was decided; None if the journal does not say."""
        record, bar, decision = self.record, self.bar, self.decision
        if record.plan is None or bar is None or decision is None or not bar["signals"]:
            return None
        ts_ns, plan = self.decided_ns, plan_of(record.strategy, record.plan)
        said, euc = nan_again(bar), decision.get("euc")
        decided = Moment(
            trading_day=calendar.trading_day(ts_ns).date,
            ts_ns=ts_ns,
            slippage_ticks=round(bar["signals"]["slippage_ticks"]),
            dvs=said["dvs"],
            eqs=said["eqs"],
            euc=None if euc is None else Euc(**nan_again(euc)),
            inputs=None,
            regime=bar["regime"],
            session_phase=bar["session_phase"],
            signals=nan_again(bar["signals"]),
        )
        refusal, window_end_ns = calendar.entry_window(ts_ns)
        return RefusedPlan(plan, expiry_ns(plan, ts_ns, refusal, window_end_ns), tuple(record.gates), decided)


class SeenBar(NamedTuple):
    """A bar that an earlier run has seen: its close (UTC ns), what it was, None if it was rejected, and the slippage its model gave it."""

    ts_ns: int
    bar: Bar | None
    slippage_ticks: int


def seen_bars(db: sqlite3.Connection, after_seq: int) -> list[SeenBar]:
    """The bars behind a record of a journal, in the order they came."""
    return [_seen(ts_ns, msgspec.json.decode(body)) for ts_ns, body in db.execute(_BARS, (after_seq,))]


def _seen(ts_ns: int, body: Mapping[str, Any]) -> SeenBar:
    if not body["signals"]:  # it was rejected
        return SeenBar(ts_ns, None, 0)
    prices = (nearest_tick(body[name]) for name in ("open", "high", "low", "close"))
    return SeenBar(ts_ns, Bar(ts_ns, *prices, body["volume"]), round(body["signals"]["slippage_ticks"]))


def _body(db: sqlite3.Connection, kind: str, after_seq: int, ts_ns: int, strategy: str | None) -> Mapping[str, Any] | None:
    found = db.execute(_OF_BAR, (kind, after_seq, ts_ns, strategy)).fetchone()
    return None if found is None else msgspec.json.decode(found[0])
