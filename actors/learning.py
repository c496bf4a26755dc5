"""LearningActor: folds outcomes into trust, follows refused plans as shadow trades, publishes what is in force."""

from __future__ import annotations

from types import MappingProxyType

from actors.config import RuntimeActorConfig
from actors.part import Part
from bot.decision.intent import RefusedPlan
from bot.decision.outcome import TradeOutcome
from bot.journal.records import Kind, ShadowRecord, StateRecord
from bot.learning.shadow import ShadowBook
from bot.learning.states import LearningLoop, LearningView
from bot.market.bar import Bar
from bot.market.update import MarketUpdate
from bot.messages import TOPIC_BOOK, TOPIC_MARKET, TOPIC_REFUSED_PLAN, TOPIC_SESSION, TOPIC_TRUST, SessionBegan, TradeClosed
from bot.runtime.runtime import runtime_of


class LearningActor(Part):
    """State is a fold over outcomes and sessions; with learning off it stays what it is at the start and shadows still run."""

    part = "LEARNING"

    def __init__(self, config: RuntimeActorConfig) -> None:
        super().__init__(config)
        runtime = runtime_of(config.runtime)
        self._learning = runtime.spec.learning
        self._calendar = runtime.calendar
        self._traders = runtime.contracts.traders
        self._loop = LearningLoop(runtime.contracts)
        self._shadows = ShadowBook(runtime.contracts.learning, runtime.contracts.risk_model, runtime.contracts.data_contract)
        self._past = runtime.past
        self._seen_ns = 0  # up to here shadow trades have been followed through the bars of earlier runs
        self._untold: list[StateRecord] = []
        if self._learning:  # the changes of state that this makes are in the journal already, unless the rules were others
            self._untold = self._loop.refold(self._past.learning, lambda ts_ns: self._calendar.trading_day(ts_ns).date, self._past.states)

    def on_start(self) -> None:
        """Publish the trust at the start, go on with the shadow trades of earlier runs, then listen."""
        self.listen(TOPIC_MARKET, self._on_market, priority=10)
        self.listen(TOPIC_SESSION, self._on_session)
        self.listen(TOPIC_BOOK, self._on_book)
        self.listen(TOPIC_REFUSED_PLAN, self._on_refused)
        self._tell_changes(self._untold, self._past.last_ns)
        self._resume_shadows()

    def trust(self) -> dict[str, LearningView]:
        """What is in force for each strategy."""
        return {name: self._loop.view(name) for name in self._traders}

    @property
    def follows(self) -> bool:
        """Whether any shadow trade is followed."""
        return self._shadows.any_open

    def _on_market(self, update: MarketUpdate) -> None:
        quality, state = update.quality, update.state
        if quality.ts_ns > self._seen_ns:
            self._follow(quality.ts_ns, quality.bar, 0 if state is None else state.slippage_ticks)

    def _on_session(self, began: SessionBegan) -> None:
        if self._learning:
            self._tell_changes(self._loop.on_session(began.trading_day), began.ts_ns)

    def _resume_shadows(self) -> None:
        """From the bar that they had reached; those of which the journal does not say enough are told LOST, once."""
        for strategy, side, decided_ns in self._past.shadows_begun:
            self._shadows.started(strategy, side, decided_ns)
        for shadow in self._past.open_shadows:
            record, refused = shadow.record, shadow.refused(self._calendar)
            if refused is not None:
                self._shadows.follow(record.trade_id, refused, self._calendar.phase_name(refused.decided.session_phase))
            else:
                lost = ShadowRecord(record.trade_id, record.strategy, "LOST", record.gates)
                self.record(Kind.SHADOW, self._past.last_ns, lost, record.strategy)
        for seen in self._past.seen_bars:
            self._follow(*seen)
        self._seen_ns = self._past.decided_ns

    def _follow(self, ts_ns: int, bar: Bar | None, slippage_ticks: int) -> None:
        flatten = self._shadows.any_open and self._calendar.flatten_due(self._calendar.session_at(ts_ns), ts_ns)
        if bar is None:
            self._shadows.on_rejected(ts_ns, flatten)
            return
        for ended in self._shadows.on_bar(bar, slippage_ticks, flatten):
            if isinstance(ended, ShadowRecord):
                self.record(Kind.SHADOW, bar.ts_ns, ended, ended.strategy)
            else:
                self._on_outcome(ended, bar)

    def _on_outcome(self, outcome: TradeOutcome, bar: Bar | None) -> None:
        if outcome.shadow:
            self.record(Kind.OUTCOME, bar.ts_ns if bar else outcome.closed_ns, outcome, outcome.strategy)
        if not self._learning:
            return
        self._tell_changes(self._loop.on_outcome(outcome), outcome.closed_ns)

    def _on_book(self, event: object) -> None:
        if isinstance(event, TradeClosed):
            self._on_outcome(event.outcome, None)

    def _on_refused(self, refused: RefusedPlan) -> None:
        decided = refused.decided
        if self._calendar.flatten_due(self._calendar.session_at(decided.ts_ns), decided.ts_ns):
            return  # it would be left before it could be entered
        record = self._shadows.consider(refused, self._calendar.phase_name(decided.session_phase))
        if record is not None:
            self.record(Kind.SHADOW, decided.ts_ns, record, record.strategy)

    def _tell_changes(self, changes: list[StateRecord], ts_ns: int) -> None:
        """Journal what changed, and say what is in force now."""
        for change in changes:
            self.record(Kind.STATE, ts_ns, change, change.strategy)
        self.tell(TOPIC_TRUST, MappingProxyType(self.trust()))
