"""ScreenActor: keeps the glance of the terminal view current."""

from __future__ import annotations

from typing import Any

from actors.config import RuntimeActorConfig
from actors.part import Part
from bot.decision.snapshot import KillState
from bot.journal.records import DecisionRecord
from bot.market.update import MarketUpdate
from bot.messages import (
    TOPIC_BOOK,
    TOPIC_DECISIONS,
    TOPIC_ENTRY_LOCK,
    TOPIC_KILL,
    TOPIC_MARKET,
    Decisions,
    EntryEnded,
    EntryLockUpdate,
    KillUpdate,
    TradeChanged,
    TradeClosed,
    TradeOpened,
)
from bot.node.kill_request import REPLAY_HALTED
from bot.node.screen import Glance
from bot.runtime.runtime import runtime_of
from bot.runtime.situation import Situation


class ScreenActorConfig(RuntimeActorConfig, frozen=True, kw_only=True):
    """`heading` says mode, account and source; `begins_anew` that it is a replay, whose halt nobody has to end.

    `warm_until_ns` as in DeskActorConfig, of a replay; else 0: what a broker's account holds is shown from the first bar on.
    """

    heading: str
    begins_anew: bool = False
    warm_until_ns: int = 0


class ScreenActor(Part):
    """Only looks: nothing depends on it. `glance` is drawn by whoever owns the terminal."""

    part = "SCREEN"

    def __init__(self, config: ScreenActorConfig) -> None:
        super().__init__(config)
        runtime = runtime_of(config.runtime)
        self._situation = Situation(runtime.limits, runtime.calendar)
        self._situation.restore(runtime.past)
        self._calendar, self._begins_anew = runtime.calendar, config.begins_anew
        self.glance = Glance(config.heading, runtime.limits.day_cents, kill_state=runtime.past.kill_state)
        self.glance.entry_lock = runtime.past.entry_lock
        self.glance.warm_until_ns = config.warm_until_ns

    def on_start(self) -> None:
        """Listen to everything that a glance shows."""
        self.listen(TOPIC_MARKET, self._on_market, priority=0)  # after the library, which was there first
        self.listen(TOPIC_BOOK, self._on_book)
        self.listen(TOPIC_KILL, self._on_kill)
        self.listen(TOPIC_ENTRY_LOCK, self._on_entry_lock)
        self.listen(TOPIC_DECISIONS, self._on_decisions)

    @property
    def last_bar_ns(self) -> int:
        """Close of the last bar that has been decided, UTC ns; 0 before the first."""
        return 0 if self.glance.update is None else self.glance.update.quality.ts_ns

    def _on_market(self, update: MarketUpdate) -> None:
        self._situation.on_market(update)
        self.glance.update = update
        self.glance.session = self._calendar.session_at(update.quality.ts_ns)
        self._count(update.quality.ts_ns)

    def _on_book(self, event: Any) -> None:
        self._situation.on_book(event)
        if isinstance(event, TradeOpened | TradeChanged):
            self.glance.holds(event.trade)
        elif isinstance(event, TradeClosed):
            self.glance.trade = None
            self.glance.closed(event.outcome)
            self._count(event.outcome.closed_ns)
        elif isinstance(event, EntryEnded):
            self.glance.entry_ended(event, self.last_bar_ns)

    def _on_kill(self, update: KillUpdate) -> None:
        self.glance.kill_state = update.state
        told = REPLAY_HALTED if self._begins_anew and update.state is KillState.HALTED else update.told
        self.glance.note(("kill", update.state), f"kill switch {update.state}: {told}", update.ts_ns)

    def _on_entry_lock(self, update: EntryLockUpdate) -> None:
        self.glance.entry_lock = update.lock
        said = "entries may pass again" if update.lock is None else f"entries are locked {update.lock.told}"
        self.glance.note(("entry lock", said), said, self.last_bar_ns)

    def _on_decisions(self, decisions: Decisions) -> None:
        record: DecisionRecord
        for record in decisions.records:
            self.glance.decided(record, decisions.ts_ns)

    def _count(self, ts_ns: int) -> None:
        book = self._situation.book.view(ts_ns)
        self.glance.realised_cents, self.glance.trades_today = book.realised_day_cents, book.trades_today
