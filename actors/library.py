"""StrategyLibrary: asks five strategies about a bar, chooses at most one plan, writes down five decisions."""

from __future__ import annotations

from typing import Any

import msgspec
from nautilus_trader.common.actor import Actor

from actors.config import RuntimeActorConfig
from bot.calendar import new_york
from bot.decision.choose import Candidate, choose, no_answer, no_setup
from bot.decision.codes import Code, Layer
from bot.decision.evaluate import bar_failures
from bot.decision.intent import Intent
from bot.decision.plan import Act, EntryPlan, ExitReason, ManagementAction, NoSetup, TradeView, Veto
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.journal.build import intent_record, signals_of
from bot.journal.decisions import bar_record, decision, management_decision, veto_decision
from bot.journal.records import DayRecord, DecisionRecord, Kind
from bot.market.state import MarketState
from bot.market.update import MarketUpdate
from bot.messages import (
    ENDPOINT_JOURNAL,
    ENDPOINT_JOURNAL_AHEAD,
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_CLOSE,
    NEVER,
    TOPIC_BEGIN,
    TOPIC_BOOK,
    TOPIC_BROKER,
    TOPIC_DECISIONS,
    TOPIC_KILL,
    TOPIC_MARKET,
    TOPIC_REFUSED_PLAN,
    TOPIC_TRUST,
    TOPIC_VETO,
    Ask,
    CloseTrade,
    Decisions,
    IntentDenied,
    JournalEntry,
    KillUpdate,
    RefusedPlan,
    TradeChanged,
    TradeClosed,
    TradeOpened,
    ask_endpoint,
    submit_endpoint,
)
from bot.risk_engine.account import cents_of, known_accounts
from bot.runtime.runtime import runtime_of
from bot.runtime.situation import Situation
from bot.units import SECOND_NS

TRADERS = ("K1", "K2", "K3", "K4")
FILTER = "K5"


class LibraryActor(Actor):
    """Hands out the MarketState, asks K5 and then K1-K4, and tells at most one to submit.

    With `live` it decides nothing before it is told that warm-up is over: how long history takes, nobody knows.
    """

    def __init__(self, config: RuntimeActorConfig, *, live: bool = False) -> None:
        super().__init__(config)
        self._runtime = runtime_of(config.runtime)
        self._law = self._runtime.law
        self._calendar = self._runtime.calendar
        self._situation = Situation(self._law.limits, self._calendar, observe=config.runtime.observe)
        self._situation.restore(self._runtime.past)
        self._from_ns = NEVER if live else config.runtime.decide_from_ns
        self._day = "" if self._runtime.past.day is None else self._runtime.past.day.trading_day
        self._trade: TradeView | None = None
        self._managed: TradeView | None = None
        self._filter_answer: Any = None
        self._denial: Refused | None = None

    def on_start(self) -> None:
        """Listen after everybody else (priority), so that state and trust are current when asked."""
        self.msgbus.subscribe(TOPIC_MARKET, self._on_market, priority=0)
        self.msgbus.subscribe(TOPIC_BOOK, self._on_book)
        self.msgbus.subscribe(TOPIC_TRUST, self._on_trust)
        self.msgbus.subscribe(TOPIC_KILL, self._on_kill)
        self.msgbus.subscribe(TOPIC_BEGIN, self._on_begin)
        self.msgbus.subscribe(TOPIC_BROKER, self._on_broker)
        self.msgbus.subscribe("events.account.*", self._on_account)
        for event in known_accounts(self.cache):
            self._on_account(event)

    # -------------------------------------------------------------- messages

    def _on_book(self, event: Any) -> None:
        self._situation.on_book(event)
        if isinstance(event, TradeOpened | TradeChanged):
            self._trade = event.trade
        elif isinstance(event, TradeClosed):
            self._trade = None
        elif isinstance(event, IntentDenied):
            self._denial = event.refusal

    def _on_trust(self, trust: dict[str, Any]) -> None:
        self._situation.trust = trust

    def _on_kill(self, update: KillUpdate) -> None:
        self._situation.kill_state = update.state

    def _on_broker(self, block: str) -> None:
        self._situation.broker = block

    def _on_begin(self, from_ns: int) -> None:
        self._from_ns = max(from_ns, self._runtime.spec.decide_from_ns)

    def _on_account(self, event: Any) -> None:
        balance, free = cents_of(event)
        self._situation.on_account(balance, free)

    def _on_market(self, update: MarketUpdate) -> None:
        self._situation.on_market(update)
        spec, ts_ns = self._runtime.spec, update.quality.ts_ns
        session = self._calendar.session_at(ts_ns)
        if not self._from_ns <= ts_ns < spec.decide_until_ns or (session is None and self._trade is None):
            return
        now = self._situation.snapshot()
        understood = now is not None and update.quality.bar is not None
        records = self._decide(update.state, now) if understood else self._blind(update, now)
        if session is None:
            return
        self._note_day(ts_ns)
        self._journal(Kind.BAR, ts_ns, bar_record(update), None)
        for record in records:
            self._journal(Kind.DECISION, ts_ns, record, record.strategy)
        self.msgbus.publish(TOPIC_DECISIONS, Decisions(ts_ns, tuple(records)))

    def _note_day(self, ts_ns: int) -> None:
        """The first decided bar of a trading day records the equity its limits are measured by."""
        if self._situation.trading_day != self._day:
            self._day = self._situation.trading_day
            self._journal(Kind.DAY, ts_ns, DayRecord(self._day, self._situation.equity_cents), None)

    # -------------------------------------------------------------- one bar

    def _decide(self, state: MarketState, now: Snapshot) -> list[DecisionRecord]:
        veto = self._ask_filter(state)
        now = msgspec.structs.replace(now, veto=veto)
        self._situation.veto = veto
        if veto is not None:
            self.msgbus.publish(TOPIC_VETO, veto)
        answers = {name: self._ask(name, state) for name in TRADERS}
        at_bar = bar_failures(now, self._law.limits)
        plans = [answer for answer in answers.values() if isinstance(answer, EntryPlan)]
        candidates, winner = choose(plans, now, self._law, at_bar)
        judged = {candidate.plan.strategy: candidate for candidate in candidates}
        self._alarm(at_bar, *(candidate.failures for candidate in candidates))
        intent_id = None if winner is None else self._submit(judged, winner, now)
        self._follow_refused(list(judged.values()), winner if intent_id else None, now)
        records = [
            self._record(name, answers[name], judged.get(name), at_bar, now, intent_id if winner and winner.strategy == name else None)
            for name in TRADERS
        ]
        return [*records, veto_decision(FILTER, veto, self._filter_answer, now)]

    def _alarm(self, *failures: tuple[Refused, ...]) -> None:
        """A guard that failed has refused; it also alarms (constitution: kill switch triggers)."""
        broken = next((failure for group in failures for failure in group if failure.code == Code.GUARD_ERROR), None)
        if broken is not None:
            self.msgbus.send(ENDPOINT_RISK_ALARM, broken.text)

    def _record(
        self,
        name: str,
        answer: EntryPlan | NoSetup | ManagementAction | Refused,
        candidate: Candidate | None,
        at_bar: tuple[Refused, ...],
        now: Snapshot,
        intent_id: str | None,
    ) -> DecisionRecord:
        if isinstance(answer, ManagementAction):
            return management_decision(name, answer, self._managed, now)
        if candidate is not None:
            return decision(name, now, candidate.failures, candidate.plan, candidate.judgement.euc, intent_id)
        first = answer if isinstance(answer, Refused) else no_setup(answer)
        return decision(name, now, (first, *at_bar))

    def _ask_filter(self, state: MarketState) -> Refused | None:
        """K5's veto; a filter that does not answer vetoes."""
        self._filter_answer = answer = self._answer(FILTER, Ask(state, None))
        if isinstance(answer, Veto):
            return Refused(
                answer.code, int(Layer.BELIEF), answer.observed_name, answer.observed, answer.limit_name, answer.limit, answer.unit
            )
        return None if isinstance(answer, NoSetup) else answer

    def _ask(self, name: str, state: MarketState) -> EntryPlan | NoSetup | ManagementAction | Refused:
        own = self._trade if self._trade is not None and self._trade.plan.strategy == name else None
        if own is not None:
            self._managed = own
        answer = self._answer(name, Ask(state, own))
        if isinstance(answer, Refused) and own is not None:
            self._leave(own, ExitReason.THESIS, f"{name} cannot answer for its own trade")
            return ManagementAction(Act.EXIT, answer.text, reason=ExitReason.THESIS)
        return answer

    def _answer(self, name: str, ask: Ask) -> Any:
        endpoint = ask_endpoint(name)
        if endpoint not in self.msgbus.endpoints():
            return no_answer(name, "not running")
        try:
            self.msgbus.send(endpoint, ask)
        except Exception as error:
            self.log.exception(f"{name} raised on a bar", error)
            return no_answer(name, f"{type(error).__name__}: {error}")
        return no_answer(name, "silence") if ask.answer is None else ask.answer

    def _leave(self, trade: TradeView, reason: ExitReason, why: str) -> None:
        self.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(trade.trade_id, reason, why))

    def _blind(self, update: MarketUpdate, now: Snapshot | None) -> list[DecisionRecord]:
        """A bar that was rejected: nobody is asked; an open trade keeps its stop, and leaves if its time is up."""
        ts_ns, trade = update.quality.ts_ns, self._trade
        session = self._calendar.session_at(ts_ns)
        if trade is not None and (session is None or ts_ns >= self._calendar.flatten_ns(session)):
            self._leave(trade, ExitReason.SESSION, "the session's flatten time, on a rejected bar")
        failures = () if now is None else bar_failures(now, self._law.limits)
        first = Refused(Code.BAR_REJECTED.value, int(Layer.QUALITY), "own_dvs", update.quality.own_dvs, "required", "an acceptable bar")
        return [decision(name, now, (first, *failures)) for name in (*TRADERS, FILTER)]

    # ---------------------------------------------------------------- intent

    def _submit(self, judged: dict[str, Candidate], winner: EntryPlan, now: Snapshot) -> str | None:
        """Write the intent ahead, then let the strategy submit; a denial becomes the plan's refusal."""
        candidate = judged[winner.strategy]
        intent = self._intent(candidate, now)
        self._denial = None
        try:
            self.msgbus.send(ENDPOINT_JOURNAL_AHEAD, JournalEntry(Kind.INTENT, now.ts_ns, intent_record(intent), winner.strategy))
            self.msgbus.send(submit_endpoint(winner.strategy), intent)
        except Exception as error:
            self.log.exception(f"{winner.strategy} could not submit", error)
            self._denial = self._denial or no_answer(winner.strategy, f"{type(error).__name__}: {error}")
        if self._denial is None:
            return intent.intent_id
        judged[winner.strategy] = Candidate(winner, candidate.judgement, (self._denial,))
        return None

    def _intent(self, candidate: Candidate, now: Snapshot) -> Intent:
        plan, judgement = candidate.plan, candidate.judgement
        local = new_york(now.ts_ns)
        day = self._calendar.trading_day(now.ts_ns).date
        return Intent(
            intent_id=f"{day.replace('-', '')}-{plan.strategy}-{local:%H%M}",
            trading_day=day,
            decided_ns=now.ts_ns,
            expires_ns=self._expires_ns(plan, now),
            slippage_ticks=now.market.slippage_ticks,
            plan=plan,
            dvs=now.dvs,
            eqs=now.eqs,
            euc=judgement.euc,
            inputs=judgement.inputs,
            regime=now.market.regime.value,
            session_phase=now.market.session_phase,
            signals=signals_of(now.market),
        )

    def _expires_ns(self, plan: EntryPlan, now: Snapshot) -> int:
        """The plan's time to live, or the end of the entry window if sooner (outside any window: the time to live)."""
        expires_ns = now.ts_ns + round(plan.ttl_seconds * SECOND_NS)
        return expires_ns if now.entry_refusal else min(expires_ns, now.window_end_ns)

    def _follow_refused(self, candidates: list[Candidate], taken: EntryPlan | None, now: Snapshot) -> None:
        for candidate in candidates:
            if candidate.plan is taken:
                continue
            gates = tuple(dict.fromkeys(failure.code for failure in candidate.failures))
            day = self._calendar.trading_day(now.ts_ns).date
            plan, parts = candidate.plan, candidate.judgement.euc
            message = RefusedPlan(now.ts_ns, self._expires_ns(plan, now), day, now.market, plan, gates, now.dvs, now.eqs, parts)
            self.msgbus.publish(TOPIC_REFUSED_PLAN, message)

    def _journal(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None) -> None:
        self.msgbus.send(ENDPOINT_JOURNAL, JournalEntry(kind, ts_ns, body, strategy))
