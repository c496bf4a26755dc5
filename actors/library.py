"""StrategyLibrary: asks every strategy about a bar, chooses at most one plan, writes down a decision of each."""
# long because: answers, the choice among them and the records of one bar meet here, and nowhere else

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.config import LibraryActorConfig
from actors.part import Part
from bot.calendar import new_york
from bot.decision.answers import beyond_block, raised, usable, where_raised
from bot.decision.choose import choose, no_answer
from bot.decision.codes import Code, Layer
from bot.decision.evaluate import Judgement, bar_failures
from bot.decision.gates.gate import refused
from bot.decision.intent import Intent, RefusedPlan, expiry_ns
from bot.decision.management import ManagementLimits, manage
from bot.decision.moment import Moment
from bot.decision.plan import Act, EntryPlan, ExitReason, ManagementAction, NoSetup, TradeView, Veto
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.journal.build import gate_record, intent_record, moment_of
from bot.journal.decisions import bar_record, decision, intent_decision, management_decision, veto_decision
from bot.journal.records import DayRecord, DecisionRecord, GateRecord, Kind
from bot.market.state import MarketState
from bot.market.update import MarketUpdate
from bot.messages import (
    ENDPOINT_JOURNAL_AHEAD,
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_CLOSE,
    NEVER,
    TOPIC_BEGIN,
    TOPIC_BOOK,
    TOPIC_BROKER,
    TOPIC_DECISIONS,
    TOPIC_ENTRY_LOCK,
    TOPIC_KILL,
    TOPIC_MARGIN,
    TOPIC_MARKET,
    TOPIC_REFUSED_PLAN,
    TOPIC_SESSION,
    TOPIC_TRUST,
    TOPIC_VETO,
    Ask,
    CloseTrade,
    Decisions,
    EntryLockUpdate,
    IntentDenied,
    IntentSubmitted,
    JournalEntry,
    KillUpdate,
    SessionBegan,
    TradeChanged,
    TradeClosed,
    TradeOpened,
    ask_endpoint,
    submit_endpoint,
)
from bot.risk_engine.account import cents_of, known_accounts
from bot.risk_engine.path import standing_at
from bot.runtime.runtime import runtime_of
from bot.runtime.situation import Situation


class LibraryActor(Part):
    """Hands out the MarketState, asks the filter and then those that order, and tells at most one to submit.

    With `live` it decides nothing before it is told that warm-up is over: how long history takes, nobody knows.
    """

    part = "LIBRARY"

    def __init__(self, config: LibraryActorConfig) -> None:
        super().__init__(config)
        self._runtime = runtime_of(config.runtime)
        self._limits = self._runtime.limits
        self._traders, self._filter = self._runtime.contracts.traders, self._runtime.contracts.filter
        self._belief_of = {name: declared.belief for name, declared in self._runtime.contracts.declared.items()}
        self._calendar = self._runtime.calendar
        self._situation = Situation(self._limits, self._calendar, observe=config.runtime.observe)
        self._situation.restore(self._runtime.past)
        self._from_ns = NEVER if config.live else config.runtime.decide_from_ns
        self._missed_from_ns = self._missed_since() if config.live else NEVER
        self._day = "" if self._runtime.past.day is None else self._runtime.past.day.trading_day
        self._session = ""
        self._trade: TradeView | None = None
        self._managed: TradeView | None = None
        self._filter_answer: Any = None
        self._denial: Refused | None = None
        self._asked_for = self._submitted = ""
        self._standing: Mapping[str, Any] = {}  # Nautilus' own table of endpoints
        self._silent: dict[str, str] = {}  # the trading day on which a strategy was chosen and submitted nothing

    def on_start(self) -> None:
        """Listen after everybody else (priority), so that state and trust are current when asked."""
        self._standing = standing_at(self.msgbus)
        self.listen(TOPIC_MARKET, self._on_market, priority=0)
        self.listen(TOPIC_BOOK, self._on_book)
        self.listen(TOPIC_TRUST, self._on_trust)
        self.listen(TOPIC_KILL, self._on_kill)
        self.listen(TOPIC_ENTRY_LOCK, self._on_entry_lock)
        self.listen(TOPIC_BEGIN, self._on_begin)
        self.listen(TOPIC_BROKER, self._on_broker)
        self.listen(TOPIC_MARGIN, self._on_margin)
        self.hear("events.account.*", self._on_account)
        for event in known_accounts(self.cache):
            self._on_account(event)

    # -------------------------------------------------------------- messages

    def _on_book(self, event: Any) -> None:
        self._situation.on_book(event)
        if isinstance(event, TradeOpened | TradeChanged):
            self._trade = event.trade
        elif isinstance(event, TradeClosed):
            self._trade = None
        elif isinstance(event, IntentSubmitted):
            self._submitted = event.intent_id
        elif isinstance(event, IntentDenied) and event.intent_id == self._asked_for != self._submitted:
            self._denial = event.refusal

    def _on_trust(self, trust: Mapping[str, Any]) -> None:
        self._situation.on_trust(trust)

    def _on_kill(self, update: KillUpdate) -> None:
        self._situation.kill_state = update.state

    def _on_entry_lock(self, update: EntryLockUpdate) -> None:
        self._situation.entry_lock = update.lock

    def _on_broker(self, block: str) -> None:
        self._situation.broker = block

    def _on_margin(self, cents: int) -> None:
        self._situation.margin_cents = cents

    def _on_begin(self, from_ns: int) -> None:
        self._from_ns = max(from_ns, self._runtime.spec.decide_from_ns)

    def _on_account(self, event: Any) -> None:
        balance, free = cents_of(event)
        self._situation.on_account(balance, free)

    def _on_market(self, update: MarketUpdate) -> None:
        self._situation.on_market(update)
        spec, ts_ns = self._runtime.spec, update.quality.ts_ns
        session = self._calendar.session_at(ts_ns)
        if session is not None and self._missed_from_ns < ts_ns < self._from_ns:
            self._note_missed(update)
            self._tell_session(session.date, ts_ns)
        if not self._from_ns <= ts_ns < spec.decide_until_ns or (session is None and self._trade is None):
            return
        if session is not None:
            self._note_day(ts_ns)
            self._tell_session(session.date, ts_ns)
        now = self._situation.snapshot()
        understood = now is not None and update.quality.bar is not None
        records = self._decide(update.state, now, update.faults) if understood else self._blind(update, now)
        if session is None:
            return
        self._write(update, records)
        self.tell(TOPIC_DECISIONS, Decisions(ts_ns, tuple(records)))

    def _write(self, update: MarketUpdate, records: list[DecisionRecord]) -> None:
        ts_ns = update.quality.ts_ns
        decisions = [JournalEntry(Kind.DECISION, ts_ns, record, record.strategy) for record in records]
        self.record_all((JournalEntry(Kind.BAR, ts_ns, bar_record(update)), *decisions))

    def _missed_since(self) -> int:
        """The newest bar that an earlier run has decided, or that run's beginning; the first run of an account has missed nothing."""
        past = self._runtime.past
        return past.decided_ns or past.first_ns or NEVER

    def _note_missed(self, update: MarketUpdate) -> None:
        """A bar that closed while nobody ran: history shows it, nobody is asked about it, and no plan of it is followed."""
        now, ts_ns = self._situation.snapshot(), update.quality.ts_ns
        self._write(update, [self._missed(name, now, ts_ns) for name in (*self._traders, self._filter)])

    def _missed(self, name: str, now: Snapshot | None, ts_ns: int) -> DecisionRecord:
        """An intent that was on the disk before its run ended is the one decision of its bar that is known."""
        for intent in self._runtime.past.undecided:
            if (intent.plan.strategy, intent.decided.ts_ns) == (name, ts_ns):
                return intent_decision(self._belief_of[name], now, intent)
        first = refused(Code.NOBODY_RAN, Layer.KILL_SWITCH, "running", "nobody", "required", "a bot that decides")
        return decision(name, self._belief_of[name], now, (first,))

    def _note_day(self, ts_ns: int) -> None:
        """The first decided bar of a trading day records the equity its limits are measured by."""
        if self._situation.trading_day != self._day:
            self._day = self._situation.trading_day
            self.record(Kind.DAY, ts_ns, DayRecord(self._day, self._situation.equity_cents), None)

    def _tell_session(self, trading_day: str, ts_ns: int) -> None:
        """Once a record of it is on its way into the journal, so that what follows from a session never stands there without one."""
        if trading_day != self._session:
            self._session = trading_day
            self.tell(TOPIC_SESSION, SessionBegan(trading_day, ts_ns))

    # -------------------------------------------------------------- one bar

    def _decide(self, state: MarketState, now: Snapshot, faults: Mapping[str, str]) -> list[DecisionRecord]:
        self._leave_orphan()
        veto = self._ask_filter(state)
        now = msgspec.structs.replace(now, veto=veto)
        self._situation.veto = veto
        if veto is not None:
            self.tell(TOPIC_VETO, veto)
        answers = {name: self._ask(name, state, faults.get(self._belief_of[name], "")) for name in self._traders}
        at_bar = bar_failures(now, self._limits)
        gates = [gate_record(failure) for failure in at_bar]
        plans = [answer for answer in answers.values() if isinstance(answer, EntryPlan)]
        judgements, winner = choose(plans, now, self._limits, at_bar)
        judged = {judgement.plan.strategy: judgement for judgement in judgements}
        self._alarm(at_bar, *(judgement.failures for judgement in judgements))
        intent_id = None if winner is None else self._submit(judged, winner, now)
        self._follow_refused(list(judged.values()), winner if intent_id else None, now)
        records = [
            self._record(name, answers[name], judged.get(name), gates, now, intent_id if winner and winner.strategy == name else None)
            for name in self._traders
        ]
        return [*records, veto_decision(self._filter, self._belief_of[self._filter], veto, self._filter_answer, now)]

    def _alarm(self, *failures: tuple[Refused, ...]) -> None:
        """A guard that failed has refused; it also alarms (constitution: kill switch triggers)."""
        broken = next((failure for group in failures for failure in group if failure.code == Code.GUARD_ERROR), None)
        if broken is not None:
            self.msgbus.send(ENDPOINT_RISK_ALARM, broken.text)

    def _record(
        self,
        name: str,
        answer: EntryPlan | NoSetup | ManagementAction | Refused,
        judgement: Judgement | None,
        at_bar: list[GateRecord],
        now: Snapshot,
        intent_id: str | None,
    ) -> DecisionRecord:
        if isinstance(answer, ManagementAction):
            return management_decision(name, self._belief_of[name], answer, self._managed, now)
        if judgement is not None:
            return decision(name, self._belief_of[name], now, judgement.failures, judgement.plan, judgement.euc, intent_id)
        first = answer if isinstance(answer, Refused) else answer.refused_by(Layer.TEMPLATE)
        return decision(name, self._belief_of[name], now, (first,), at_bar=at_bar)

    def _ask_filter(self, state: MarketState) -> Refused | None:
        """The filter's veto; a filter that does not answer vetoes."""
        self._filter_answer = answer = self._answer(self._filter, Ask(state, None))
        if isinstance(answer, Veto):
            return answer.refused_by(Layer.BELIEF)
        return None if isinstance(answer, NoSetup) else answer

    def _ask(self, name: str, state: MarketState, fault: str) -> EntryPlan | NoSetup | ManagementAction | Refused:
        """A strategy's answer. `fault` is what its belief's evidence did wrong: then it has no new plan, and still manages its trade."""
        own = self._trade if self._trade is not None and self._trade.plan.strategy == name else None
        if own is not None:
            self._managed = own
        elif fault:
            return no_answer(name, fault)
        elif self._silent.get(name) == self._situation.trading_day:
            return no_answer(name, "it was chosen today and submitted nothing")
        answer = self._answer(name, Ask(state, own))
        if own is not None and not own.closing:
            return self._managed_by_law(own, state, answer)
        if isinstance(answer, EntryPlan) and (fault := beyond_block(answer, self._runtime.contracts.trader(name), state)):
            return no_answer(name, fault)
        return answer if own is None else self._without_answer(own, answer)

    def _managed_by_law(self, own: TradeView, state: MarketState, answer: Any) -> Any:
        """A strategy manages its trade within the rules of all: what they end ends, whatever it says."""
        rules = ManagementLimits.of(self._runtime.law_of(own.trade_id).contracts)
        due = manage(own, state, self._runtime.flatten_due(own.trade_id, state.session, state.ts_ns), None, rules)
        leaves = isinstance(answer, ManagementAction) and answer.act is Act.EXIT
        if due.act is not Act.EXIT or leaves or isinstance(answer, Refused):
            return self._without_answer(own, answer)
        self._leave(own, due.reason, due.why)
        return due

    def _without_answer(self, own: TradeView, answer: Any) -> Any:
        if not isinstance(answer, Refused):
            return answer
        self._leave(own, ExitReason.THESIS, f"{own.plan.strategy} cannot answer for its own trade")
        return ManagementAction(Act.EXIT, answer.text, reason=ExitReason.THESIS)

    def _answer(self, name: str, ask: Ask) -> Any:
        endpoint, trade = ask_endpoint(name), ask.trade
        if endpoint not in self._standing:
            return no_answer(name, "not running")
        try:
            self.msgbus.send(endpoint, ask)
        except (Exception, SystemExit) as error:  # a strategy that exits answers nothing, like one that raises
            self.log.error(f"{name} raised on a bar: {raised(error)}\n{where_raised(error)}")
            return no_answer(name, raised(error))
        if ask.answer is None:
            return no_answer(name, "silence")
        try:
            return usable(ask.answer, name, self._belief_of[name], trade, vetoes=name == self._filter)
        except ValueError as fault:
            return no_answer(name, str(fault))

    def _leave_orphan(self) -> None:
        """A trade whose strategy is not here, after a start without its folder, or whose block it cannot read: nobody knows when it
        is void."""
        trade = self._trade
        if trade is None or trade.closing:
            return
        name, readable = trade.plan.strategy, self._runtime.law_of(trade.trade_id).contracts.declared
        if name not in self._traders or name not in readable:
            self._leave(trade, ExitReason.THESIS, f"{name} is not here to manage its trade")

    def _leave(self, trade: TradeView, reason: ExitReason, why: str) -> None:
        self.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(trade.trade_id, reason, why))

    def _blind(self, update: MarketUpdate, now: Snapshot | None) -> list[DecisionRecord]:
        """A bar that was rejected: nobody is asked; an open trade keeps its stop, and leaves if its time is up."""
        ts_ns, trade = update.quality.ts_ns, self._trade
        session = self._calendar.session_at(ts_ns)
        if trade is not None and self._runtime.flatten_due(trade.trade_id, session, ts_ns):
            self._leave(trade, ExitReason.SESSION, "the session's flatten time, on a rejected bar")
        failures = () if now is None else bar_failures(now, self._limits)
        first = refused(Code.BAR_REJECTED, Layer.QUALITY, "own_dvs", update.quality.own_dvs, "required", "an acceptable bar")
        return [decision(name, self._belief_of[name], now, (first, *failures)) for name in (*self._traders, self._filter)]

    # ---------------------------------------------------------------- intent

    def _submit(self, judged: dict[str, Judgement], winner: EntryPlan, now: Snapshot) -> str | None:
        """Write the intent ahead, then let the strategy submit; a denial becomes the plan's refusal."""
        judgement = judged[winner.strategy]
        intent = self._intent(judgement, now)
        self._denial, self._asked_for = None, intent.intent_id
        try:
            entry = JournalEntry(Kind.INTENT, now.ts_ns, intent_record(intent), winner.strategy)
            self.said.send(self.msgbus, ENDPOINT_JOURNAL_AHEAD, entry)
            self.msgbus.send(submit_endpoint(winner.strategy), intent)
        except (Exception, SystemExit) as error:
            self.log.error(f"{winner.strategy} could not submit: {raised(error)}\n{where_raised(error)}")
            self._denial = self._denial or no_answer(winner.strategy, raised(error))
        if self._denial is None and self._submitted == intent.intent_id:
            return intent.intent_id
        if self._denial is None:
            self._denial = no_answer(winner.strategy, "it was chosen and submitted nothing")
            self._silent[winner.strategy] = self._situation.trading_day
        judged[winner.strategy] = msgspec.structs.replace(judgement, failures=(self._denial,))
        return None

    def _intent(self, judgement: Judgement, now: Snapshot) -> Intent:
        plan, decided = judgement.plan, self._decided(judgement, now)
        intent_id = f"{decided.trading_day.replace('-', '')}-{plan.strategy}-{new_york(now.ts_ns):%H%M}"
        return Intent(intent_id, plan, self._expires_ns(plan, now), decided)

    def _decided(self, judgement: Judgement, now: Snapshot) -> Moment:
        return moment_of(now, judgement, self._calendar.trading_day(now.ts_ns).date)

    def _expires_ns(self, plan: EntryPlan, now: Snapshot) -> int:
        return expiry_ns(plan, now.ts_ns, now.entry_refusal, now.window_end_ns)

    def _follow_refused(self, judgements: list[Judgement], taken: EntryPlan | None, now: Snapshot) -> None:
        for judgement in judgements:
            if judgement.plan is taken:
                continue
            gates = tuple(dict.fromkeys(failure.code for failure in judgement.failures))
            refused_plan = RefusedPlan(judgement.plan, self._expires_ns(judgement.plan, now), gates, self._decided(judgement, now))
            self.tell(TOPIC_REFUSED_PLAN, refused_plan)
