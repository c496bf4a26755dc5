"""Installs the contract risk engine: a Nautilus Controller, made before any actor or strategy.

By configuration (`ImportableControllerConfig`) or, for notebooks and tests, by
`install(kernel, config)`. It takes both endpoints in `register_base`, so nothing can start in front of it.
"""
# long because: the doors, the ears and the hands of the risk engine are wired in one place.

from __future__ import annotations

from typing import Any

import msgspec
from nautilus_trader.common import Environment
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.controller import Controller
from nautilus_trader.trading.trader import Trader

from bot.decision.plan import ExitReason, TradeView
from bot.decision.snapshot import KillState
from bot.errors import RiskEngineError
from bot.journal.records import BY_A_PERSON, NOT_BELIEVED, Kind, OperatorRecord, OrderRecord, ReconcileRecord
from bot.market.update import MarketUpdate
from bot.messages import (
    ENDPOINT_HOLDINGS,
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_CLOSE,
    ENDPOINT_RISK_DRILL,
    ENDPOINT_RISK_FOUND,
    ENDPOINT_RISK_KILL,
    ENDPOINT_RISK_LEAVING,
    ENDPOINT_RISK_LOCK,
    ENDPOINT_RISK_PATH,
    ENDPOINT_RISK_POSITION,
    ENDPOINT_RISK_SEEDED,
    ENDPOINT_RISK_STANDING,
    ENDPOINT_RISK_UNLOCK,
    ENDPOINT_RISK_WITHDRAW,
    NEVER,
    TOPIC_BEGIN,
    TOPIC_BROKER,
    TOPIC_EQS_EVENT,
    TOPIC_KILL_TRIGGER,
    TOPIC_MARGIN,
    TOPIC_MARKET,
    TOPIC_TIME,
    TOPIC_TRUST,
    TOPIC_VETO,
    CloseTrade,
    KillTrigger,
    OnPath,
    Standing,
)
from bot.quality.feed import QualityEvent
from bot.risk_engine.account import OurAccount, cents_of, known_accounts
from bot.risk_engine.agreement import nobody
from bot.risk_engine.answers import PROCESS, Answers
from bot.risk_engine.approved import approved_in
from bot.risk_engine.clocks import ClockTime, StampTime, Timeline
from bot.risk_engine.denials import Denials
from bot.risk_engine.drill import Drill
from bot.risk_engine.engine import ContractRiskEngine
from bot.risk_engine.entry_lock import EntryLocking
from bot.risk_engine.guard import Guard, GuardedTime
from bot.risk_engine.hearing import Hearing
from bot.risk_engine.idle import all_answered, waiting_in
from bot.risk_engine.kept import Kept
from bot.risk_engine.look import Look
from bot.risk_engine.parts import parts_of, require_whole
from bot.risk_engine.path import Handler, Path
from bot.risk_engine.queues import Queues
from bot.risk_engine.recognise import unknown_command
from bot.risk_engine.shutdown import TOPIC as TOPIC_SHUTDOWN
from bot.risk_engine.shutdown import Shutdown
from bot.risk_engine.silence import Silence
from bot.risk_engine.supervisor import Supervisor
from bot.risk_engine.unsent import Unsent
from bot.risk_engine.voice import Voice
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.runtime.situation import Situation
from bot.supervision.orders import TrackedOrder
from bot.units import MINUTE_NS, to_usd

RISK, EXEC, CONTROL, EMULATOR = "RiskEngine.execute", "ExecEngine.execute", "Controller.execute", "OrderEmulator.execute"
WATCH_NS, WATCH_SIMULATED_NS = MINUTE_NS, 5 * MINUTE_NS  # a simulation looks with each bar, and time is dear there


class RiskControllerConfig(ActorConfig, frozen=True):
    """Configuration of the risk engine's installer. `time_from_stamps`: market time is not the clock's (live); `replayed`: it is
    recorded time, which may stand or go at any pace. `bar_type` are the bars that drive the run (None: nobody misses any).

    `paper`: it trades a paper account, so a person may ask for a drill. `parts` must stand behind it in this order (None: all of
    the run's, bot.risk_engine.parts); fewer are for the study of some.
    """

    runtime: RuntimeSpec
    time_from_stamps: bool = False
    replayed: bool = False
    bar_type: BarType | None = None
    instrument_id: InstrumentId = InstrumentId.from_str("MES.CME")
    parts: tuple[str, ...] | None = None
    paper: bool = False


class RiskController(Controller):
    """Puts ContractRiskEngine in front of Nautilus' endpoints and is its hands (bot.risk_engine.hands.Hands)."""

    def __init__(self, trader: Trader, config: RiskControllerConfig) -> None:
        super().__init__(trader, config)
        self._config = config
        self._runtime = runtime_of(config.runtime).own()
        self._supervisor = Supervisor(self._runtime, config.instrument_id, self)
        observe, kill = config.runtime.observe, lambda: self._supervisor.kill_state
        self._situation = Situation(self._runtime.limits, self._runtime.calendar, kill, observe=observe)
        self._situation.restore(self._runtime.past)
        self._entry_lock = EntryLocking(self._situation, self, self._supervisor.entries.withdraw)
        self._guard = Guard(self._supervisor.alarm, self.log.exception)
        self._hearing = Hearing(self._runtime.said, self._not_believed)
        self._silence = Silence(self._runtime.calendar)
        self._approved = approved_in(self._runtime.spec.journal_path)
        self._approved.kept = config.time_from_stamps  # a simulated venue takes the orders themselves, at once
        self._path: Path | None = None
        self._rests_until_ns = 0
        self._sending = False  # a command of the supervisor is on its way to Nautilus
        self._engine: ContractRiskEngine | None = None
        self.market: Timeline
        self.wall: Timeline
        self.last_close = self.slippage_ticks = 0

    # ---------------------------------------------------------- installation

    def register_base(self, portfolio: Any, msgbus: Any, cache: Any, clock: Any) -> None:
        """Take the endpoints. Raises RiskEngineError if Nautilus' own checks are bypassed, or something else was added before."""
        super().register_base(portfolio, msgbus, cache, clock)
        risk, execution = self._trader._risk_engine, self._trader._exec_engine
        if risk.is_bypassed:
            raise RiskEngineError("Nautilus' RiskEngineConfig.bypass is true: the contract risk engine refuses to start; set it to false.")
        if before := [*self._trader.actors(), *self._trader.strategies()]:
            raise RiskEngineError(f"The contract risk engine must be installed first, and {before[0].id} was added before it.")
        self._clock_time = ClockTime(clock)
        self._clock_time.use_running_loop()
        stamps = StampTime(self._runtime.spec.decide_from_ns)
        self.wall = GuardedTime(self._clock_time, self._guard)
        self.market = GuardedTime(stamps, self._guard) if self._config.time_from_stamps else self.wall
        self._supervisor.simulated = self._trader._environment == Environment.BACKTEST
        if self._config.time_from_stamps:
            self._supervisor.judge_from_ns = NEVER
            self._supervisor.way_out.agreement.ask(nobody)  # until its adapter says who answers for the account
        reports = getattr(execution, "reconcile_execution_report", None)  # a backtest's has none
        self._account = OurAccount(self._config.instrument_id.venue, cache)
        self._answers = Answers(
            cache, execution.process, self._account.door(portfolio.update_account), reports,
            self._guard.wrap(lambda event: self._kept.mend(event)),
        )  # fmt: skip
        self._voice = Voice(self._runtime.said, msgbus, self._situation.on_book, self._supervisor.resume, self._guard)
        self._denials = Denials(cache, clock, lambda event: self._runtime.said.send(msgbus, PROCESS, event))
        self._kept = Kept(
            cache, self._config.instrument_id, self._supervisor.register.tracked, self._answers.foreign,
            lambda words: self._supervisor.trip("Nautilus' cache was changed", words),
            self._answers.corrected if self._supervisor.simulated else self._answers.clean, self._answers.heard_fill,
        )  # fmt: skip
        self._unsent = Unsent(
            cache, lambda: self._supervisor.register.unfinished, lambda event: self._supervisor.on_order_event(event, ours=True)
        )
        self._shutdown = Shutdown(msgbus, self._runtime.said, self._supervisor.trip, lambda: not self._supervisor.register.unfinished)
        whose = (self._trader.id, self._config.instrument_id)
        self._engine = ContractRiskEngine(
            self._runtime, self._situation, self._supervisor, self._denials, cache, whose, risk.execute,
            self._leaving(execution.execute),
            paper=self._config.paper,
        )  # fmt: skip
        self._drill = Drill(
            self._runtime, self._situation, self._supervisor, self, self._config.instrument_id, self._voice.write_ahead, self._engine.drill,
            paper=self._config.paper,
        )  # fmt: skip
        self._path = Path(msgbus, self._endpoints(), self._topics(stamps), parts_of(self._trader))
        queues = Queues(
            (self._trader._data_engine, risk, execution), lambda words: self._supervisor.trip("a queue of Nautilus had ended", words),
            self._guard.wrap,
        )  # fmt: skip
        self._look = Look(
            self._path, self._kept, self._account, self._answers, queues, self._guard,
            trip=self._supervisor.trip, book=self._supervisor.on_order_event, settled=self._settled,
        )  # fmt: skip
        self._supervisor.way_out.halted = lambda: self._silence.may_be_halted(self._newest_bar_ns, self._time_of_liveness)
        self._path.take()
        self._supervisor.adopt()

    def _leaving(self, leave: Handler) -> Handler:
        """Nautilus' execution engine, for a command that has passed both doors. Where what the cache holds cannot be looked at, only the
        supervisor's leaves: an object that somebody has put there must not keep an exit from leaving.
        """

        def go(command: Any) -> None:
            if not self._guard.done(self._kept.look) and not self._sending:  # its orders are seen before others have them again
                return
            if self._approved.kept:
                self._approved.remember(command)
            leave(command)

        return go

    def _endpoints(self) -> dict[str, Handler]:
        supervisor = self._supervisor
        handlers = {
            RISK: self._engine.on_risk,
            EXEC: self._engine.on_exec,
            ENDPOINT_RISK_PATH: self._on_path,
            ENDPOINT_RISK_CLOSE: supervisor.close,
            ENDPOINT_RISK_ALARM: supervisor.alarm,
            ENDPOINT_RISK_KILL: self._on_manual_kill,
            ENDPOINT_RISK_LOCK: self._entry_lock.lock,
            ENDPOINT_RISK_UNLOCK: self._entry_lock.unlock,
            ENDPOINT_RISK_WITHDRAW: supervisor.entries.withdraw,
            ENDPOINT_RISK_LEAVING: supervisor.leaving,
            ENDPOINT_HOLDINGS: supervisor.way_out.agreement.ask,
            CONTROL: self.execute,
            EMULATOR: self._engine.refuse,  # it would answer for the venue without asking it
        }
        if self._config.time_from_stamps:  # what only an adapter may say, and what only a live node has to answer
            handlers |= {
                ENDPOINT_RISK_FOUND: self._on_found,
                ENDPOINT_RISK_POSITION: supervisor.reconciler.on_position,
                ENDPOINT_RISK_STANDING: self._on_standing,
                ENDPOINT_RISK_SEEDED: self._answers.known,
                ENDPOINT_RISK_DRILL: self._drill.ask,
            }
        else:  # anybody's quote would move the market of the simulated exchange
            handlers[f"SimulatedExchange.process_new_quote.{self._config.instrument_id.venue}"] = self.execute
        simulated, refuse = not self._config.time_from_stamps, self._guard.wrap(self.execute)
        answers = self._answers.doors(self._runtime.said, simulated=simulated, stopped=self._engine.stopped, refuse=refuse)
        if simulated:  # the portfolio counts, out of what these say
            portfolio = self.portfolio
            answers |= {
                f"Portfolio.{name}": self._account.counting(getattr(portfolio, name)) for name in ("update_order", "update_position")
            }
        return self._heard(handlers) | answers

    def _topics(self, stamps: StampTime) -> dict[str, Handler]:
        handlers = {
            "events.order.*": self._on_order_event,
            "events.account.*": self._on_account,
            TOPIC_MARKET: self._on_market,
            TOPIC_TRUST: self._situation.on_trust,
            TOPIC_VETO: self._situation.on_veto,
            TOPIC_BROKER: self._situation.on_broker,
            TOPIC_MARGIN: self._situation.on_margin,
            TOPIC_KILL_TRIGGER: self._on_trigger,
            TOPIC_EQS_EVENT: self._supervisor.unanswered.on_charge,
            TOPIC_SHUTDOWN: self._shutdown.hear,
        }
        if self._config.time_from_stamps:
            handlers |= {TOPIC_TIME: stamps.advance, TOPIC_BEGIN: self._on_begin}
        return self._heard(handlers)

    def _heard(self, handlers: dict[str, Handler]) -> dict[str, Handler]:
        return {where: self._guard.wrap(self._hearing.of(where, handler)) for where, handler in handlers.items()}

    def _not_believed(self, where: str, why: str) -> None:
        self.journal(Kind.RECONCILE, self.now_ns, ReconcileRecord(NOT_BELIEVED, f"{where}: {why}"))

    def on_start(self) -> None:
        """Note the event loop that timers come back to, and the accounts already known; see to what earlier runs left open.

        It is the first to start: raises RiskEngineError if another part is missing or in the wrong place, or if it does not stand
        on the path itself.
        """
        simulated = self._trader._environment == Environment.BACKTEST
        require_whole(self._trader, self._runtime, self._config.parts, self.msgbus if simulated else None, self._config.instrument_id.venue)
        self._clock_time.use_running_loop()
        if lost := self._path.lost():
            raise RiskEngineError(f"The contract risk engine does not stand at {', '.join(lost)}: something took its place; remove it.")
        self._engine.begin()
        self._shutdown.stand(self.wall)
        self._kept.look()
        self._watch()
        if self._config.time_from_stamps:  # as soon as everybody has started, not with the first bar: history may take minutes
            self.wall.call_at("catch-up", self.wall.now_ns, self._voice.catch_up)
        for event in known_accounts(self.cache):
            self._account.known(event)
            self._on_account(event)

    def execute(self, command: Any) -> None:
        """What Nautilus' controllers are asked for: to add, start, stop or remove a part. A run keeps the parts it has."""
        self._supervisor.denied(command, unknown_command(command))

    def on_stop(self) -> None:
        """Let go of the journal."""
        self._engine.close()

    def look(self) -> None:
        """See Hands."""
        self._look.look()

    def _watch(self) -> None:
        """A look that hangs on no ear: what another hand has taken away must be missed by somebody it cannot reach."""
        next_ns = self.wall.now_ns + (WATCH_NS if self._config.time_from_stamps else WATCH_SIMULATED_NS)
        self.wall.call_at("watch", max(next_ns, self._rests_until_ns), self._watch)
        self.look()
        if self._trader.is_running:  # before that nobody has been told what earlier runs left open
            self._supervisor.go_on()
        if self._silence.has_fallen(self._newest_bar_ns, self._time_of_liveness):
            self._leave_silent(trades=self._silence.is_deaf(self._newest_bar_ns))

    @property
    def _newest_bar_ns(self) -> int:
        """When the last bar closed that came into the system, told or not; 0 before one did."""
        newest = self.cache.bar(self._config.bar_type) if self._config.bar_type is not None else None
        return newest.ts_event if type(newest) is Bar else 0  # what derives from it may say anything, or raise

    def _leave_silent(self, *, trades: bool) -> None:
        """No bar is told: entries end. What is held is left while the market `trades`, and keeps its stop while that may be halted."""
        for trade in self._supervisor.register.unfinished:
            if trades or not trade.net:
                self._supervisor.close(CloseTrade(trade.intent_id, ExitReason.SESSION, "no bar is told any more"))
            else:
                self._supervisor.entries.end(trade)

    @property
    def _time_of_liveness(self) -> int:
        """The wall's; a simulation or a replay has none, for there no bar is late."""
        return self.wall.now_ns if self._config.time_from_stamps and not self._config.replayed else 0

    def _settled(self) -> bool:
        """Whether Nautilus has nothing to tell any more of what came; in a simulation it tells at once."""
        return not self._config.time_from_stamps or self._trader._exec_engine.evt_qsize() == 0

    @property
    def kill_state(self) -> KillState:
        """Of the kill switch, now."""
        return self._supervisor.kill_state

    @property
    def rests(self) -> bool:
        """Whether a simulation has nothing to look after: no trade, order or position, and no kill that goes on."""
        idle = not self._supervisor.register.unfinished and self._supervisor.kill_state is not KillState.TRIPPED
        return idle and not self.cache.positions_open_count() and not self.cache.orders_open_count()

    def rest(self, until_ns: int) -> None:
        """Nothing happens before that time (UTC ns), so nothing has to be looked at."""
        self._rests_until_ns = until_ns

    @property
    def entries_live(self) -> bool:
        """Whether any entry of ours may still fill."""
        return any(trade.entries_live for trade in self._supervisor.trades)

    def open_trades(self) -> list[TradeView]:
        """Trades that hold contracts now."""
        return [trade.view() for trade in self._supervisor.trades if trade.net]

    def unsettled_orders(self) -> list[TrackedOrder]:
        """Orders not known to have ended that may still open a position: entries, and what is left of a bracket that holds nothing."""
        return self._supervisor.register.unsettled_orders()

    def idle(self) -> bool:
        """Whether a live node has nothing under way: no queue of Nautilus holds anything, nothing is to be done in a moment, and the
        broker has answered for every order.
        """
        engines = self._trader._data_engine, self._trader._risk_engine, self._trader._exec_engine
        return waiting_in(*engines) == 0 and not self._clock_time.soon and all_answered(self.cache)

    def _on_path(self, answer: OnPath) -> None:
        answer.lost = tuple(self._path.lost())

    def _on_order_event(self, event: Any) -> None:
        if not self._answers.news(event):
            return
        self._supervisor.on_order_event(event, ours=self._denials.ours(event))

    def _on_account(self, event: AccountState) -> None:
        if not self._account.says(event):
            return
        balance, free = cents_of(event)
        self._situation.on_account(balance, free)
        if free is not None and free < 0:
            self._supervisor.trip("available funds below zero", f"{to_usd(free):.2f} USD")

    def _on_market(self, update: MarketUpdate) -> None:
        self.look()
        now_ns, quality, state = self.now_ns, update.quality, update.state
        if self._supervisor.simulated and self._supervisor.trades:
            self._unsent.look(now_ns)
        if quality.ts_ns > max(now_ns, now_ns if self.wall is self.market else self.wall.now_ns) + MINUTE_NS:
            return  # of a time that has not come: it would begin another trading day, with fresh counters
        self._voice.catch_up()
        if state is not None:  # who else has heard it holds the same one, and may write into it
            state = state.__copy__()
            update = MarketUpdate(quality, state, update.faults)
        self._situation.on_market(update)
        self._silence.heard(quality.ts_ns, self._time_of_liveness)
        if quality.bar is not None and state is not None:
            self.last_close, self.slippage_ticks = quality.bar.close, state.slippage_ticks
        self._supervisor.on_market(update)

    def _on_begin(self, from_ns: int) -> None:
        self._supervisor.judge_from_ns = max(from_ns, self._runtime.spec.decide_from_ns)

    def _on_found(self, record: OrderRecord) -> None:
        self.journal(Kind.ORDER, self.now_ns, self._supervisor.register.found(record), record.strategy)

    def _on_standing(self, standing: Standing) -> None:
        standing.open_trades, standing.idle, standing.unsettled = tuple(self.open_trades()), self.idle(), len(self.unsettled_orders())

    def _on_manual_kill(self, reason: str) -> None:
        try:
            self.journal(Kind.OPERATOR, self.now_ns, OperatorRecord("kill", reason))
        finally:
            self._supervisor.trip(BY_A_PERSON, reason)

    def _on_trigger(self, trigger: KillTrigger) -> None:
        if self._supervisor.net:
            self._supervisor.trip(trigger.reason, trigger.detail)

    @property
    def now_ns(self) -> int:
        """Market time, UTC ns."""
        return self.market.now_ns

    def send(self, command: Any, *, after_wait: bool = False) -> None:
        """See Hands."""
        self._guard.done(self._kept.look)
        before, self._sending = self._sending, True
        try:
            self._engine.send(command, after_wait=after_wait)
        finally:
            self._sending = before

    def publish(self, topic: str, message: object) -> None:
        """Tell everybody who listens; before the trader runs nobody does, and it waits for the first bar."""
        self._voice.publish(topic, message, wait=not self._trader.is_running)

    def journal(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None = None) -> None:
        """Record something."""
        self._voice.journal(kind, ts_ns, body, strategy)

    def charge(self, event: str, ts_ns: int, detail: str) -> None:
        """Something costs execution quality."""
        self._guard.done(self.msgbus.publish, TOPIC_EQS_EVENT, QualityEvent(event, ts_ns, detail))  # no listener cuts a step in two


def install(kernel: Any, config: RiskControllerConfig) -> RiskController:
    """Put the risk engine into a kernel (of a BacktestEngine or TradingNode) before anything else is added."""
    controller = RiskController(kernel.trader, config)
    kernel.trader.add_actor(controller)
    return controller
