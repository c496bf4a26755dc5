"""Installs the contract risk engine: a Nautilus Controller, made before any actor or strategy.

By configuration (`ImportableControllerConfig`) or, for notebooks and tests, by
`install(kernel, config)`. It takes both endpoints in `register_base`, so nothing can start in front of it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from nautilus_trader.common import Environment
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.controller import Controller
from nautilus_trader.trading.trader import Trader

from bot.decision.plan import TradeView
from bot.errors import RiskEngineError
from bot.journal.records import Kind, OperatorRecord, OrderRecord
from bot.market.update import MarketUpdate
from bot.messages import (
    ENDPOINT_JOURNAL,
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_CLOSE,
    ENDPOINT_RISK_FOUND,
    ENDPOINT_RISK_KILL,
    ENDPOINT_RISK_POSITION,
    ENDPOINT_RISK_STANDING,
    ENDPOINT_RISK_WITHDRAW,
    NEVER,
    TOPIC_BEGIN,
    TOPIC_BOOK,
    TOPIC_BROKER,
    TOPIC_EQS_EVENT,
    TOPIC_KILL,
    TOPIC_KILL_TRIGGER,
    TOPIC_MARKET,
    TOPIC_TIME,
    TOPIC_TRUST,
    TOPIC_VETO,
    JournalEntry,
    KillTrigger,
    KillUpdate,
    Standing,
)
from bot.quality.feed import QualityEvent
from bot.risk_engine.account import cents_of, known_accounts
from bot.risk_engine.clocks import ClockTime, StampTime, Timeline
from bot.risk_engine.engine import ContractRiskEngine, deny_rest
from bot.risk_engine.idle import answered_for, waiting_in
from bot.risk_engine.parts import LIVE_PARTS, PARTS, require_one_runtime, require_parts, require_strategies, require_venue
from bot.risk_engine.supervisor import Supervisor
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.runtime.situation import Situation
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.units import to_usd

RISK, EXEC = "RiskEngine.execute", "ExecEngine.execute"
FIRST = 20  # priority on the bus: the risk engine hears everything before anybody acts on it


class RiskControllerConfig(ActorConfig, frozen=True):
    """Configuration of the risk engine's installer. `time_from_stamps`: market time is not the clock's (live).

    `parts` must stand behind it in this order (None: all of the run's, bot.risk_engine.parts); fewer are for the study of some.
    """

    runtime: RuntimeSpec
    time_from_stamps: bool = False
    instrument_id: InstrumentId = InstrumentId.from_str("MES.CME")
    parts: tuple[str, ...] | None = None


class RiskController(Controller):
    """Puts ContractRiskEngine in front of both endpoints and is its hands (bot.risk_engine.hands.Hands)."""

    def __init__(self, trader: Trader, config: RiskControllerConfig) -> None:
        super().__init__(trader, config)
        self._config = config
        self._runtime = runtime_of(config.runtime)
        self._situation = Situation(self._runtime.limits, self._runtime.calendar, observe=config.runtime.observe)
        self._situation.restore(self._runtime.past)
        self._supervisor = Supervisor(self._runtime, config.instrument_id, self)
        self._engine: ContractRiskEngine | None = None
        self._early: list[tuple[str, object]] = []  # said before everybody listened
        self._caught_up = False
        self.market: Timeline
        self.wall: ClockTime
        self.last_close = 0
        self.slippage_ticks = 0

    # ---------------------------------------------------------- installation

    def register_base(self, portfolio: Any, msgbus: Any, cache: Any, clock: Any) -> None:
        """Take the endpoints. Raises RiskEngineError if Nautilus' own checks are bypassed, or something else was added before."""
        super().register_base(portfolio, msgbus, cache, clock)
        risk, execution = self._trader._risk_engine, self._trader._exec_engine
        if risk.is_bypassed:
            raise RiskEngineError("Nautilus' RiskEngineConfig.bypass is true: the contract risk engine refuses to start; set it to false.")
        if before := [*self._trader.actors(), *self._trader.strategies()]:
            raise RiskEngineError(f"The contract risk engine must be installed first, and {before[0].id} was added before it.")
        self.wall = ClockTime(clock)
        self.wall.use_running_loop()
        if self._config.time_from_stamps:
            self.market = StampTime(self._runtime.spec.decide_from_ns)
            self._supervisor.judge_from_ns = NEVER
            msgbus.subscribe(TOPIC_TIME, self.market.advance, priority=FIRST)
            msgbus.subscribe(TOPIC_BEGIN, self._on_begin, priority=FIRST)
        else:
            self.market = self.wall
        self._engine = ContractRiskEngine(self._runtime, self._situation, self._supervisor, cache, clock, msgbus)
        self._engine.stand_in_front(self._pass_risk, execution.execute)
        for endpoint, old, new in ((RISK, risk.execute, self._engine.on_risk), (EXEC, execution.execute, self._engine.on_exec)):
            msgbus.deregister(endpoint, old)
            msgbus.register(endpoint, new)
        msgbus.register(ENDPOINT_RISK_CLOSE, self._supervisor.close)
        msgbus.register(ENDPOINT_RISK_ALARM, self._supervisor.alarm)
        msgbus.register(ENDPOINT_RISK_FOUND, self._on_found)
        msgbus.register(ENDPOINT_RISK_KILL, self._on_manual_kill)
        msgbus.register(ENDPOINT_RISK_WITHDRAW, self._supervisor.entries.withdraw)
        msgbus.register(ENDPOINT_RISK_POSITION, self._supervisor.reconciler.on_position)
        msgbus.register(ENDPOINT_RISK_STANDING, self._on_standing)
        msgbus.subscribe("events.order.*", self._on_order_event, priority=FIRST)
        msgbus.subscribe("events.account.*", self._on_account, priority=FIRST)
        msgbus.subscribe(TOPIC_MARKET, self._on_market, priority=FIRST)
        msgbus.subscribe(TOPIC_BOOK, self._situation.on_book, priority=FIRST)
        msgbus.subscribe(TOPIC_TRUST, self._on_trust, priority=FIRST)
        msgbus.subscribe(TOPIC_VETO, self._on_veto, priority=FIRST)
        msgbus.subscribe(TOPIC_KILL, self._on_kill, priority=FIRST)
        msgbus.subscribe(TOPIC_BROKER, self._on_broker, priority=FIRST)
        msgbus.subscribe(TOPIC_KILL_TRIGGER, self._on_trigger, priority=FIRST)
        self._supervisor.adopt()

    def on_start(self) -> None:
        """Note the event loop that timers come back to, and the accounts already known; see to what earlier runs left open.

        It is the first to start: raises RiskEngineError if another part is missing or in the wrong place.
        """
        self._require_whole()
        self.wall.use_running_loop()
        self._engine.begin()
        if self._config.time_from_stamps:  # as soon as everybody has started, not with the first bar: history may take minutes
            self.wall.call_at("catch-up", self.wall.now_ns, self._catch_up)
        for event in known_accounts(self.cache):
            self._on_account(event)

    def _require_whole(self) -> None:
        simulated = self._trader._environment == Environment.BACKTEST
        wanted = self._config.parts if self._config.parts is not None else PARTS if simulated else LIVE_PARTS
        require_parts((getattr(actor, "part", "") for actor in self._trader.actors()), wanted)
        if "LIBRARY" in wanted:
            standing = (getattr(strategy, "name", "") for strategy in self._trader.strategies())
            require_strategies(standing, self._runtime.contracts.declared)
        require_one_runtime(self._config.runtime, [*self._trader.actors(), *self._trader.strategies()])
        if simulated:
            require_venue(self._config.instrument_id.venue.value, self.msgbus)

    def on_stop(self) -> None:
        """Let go of the journal."""
        self._engine.close()

    def _pass_risk(self, command: Any) -> None:
        self._supervisor.passing(command)
        self._trader._risk_engine.execute(command)
        listed = getattr(command, "order_list", None)
        if listed is not None:
            deny_rest(listed.orders, self._engine.deny_order)

    @property
    def entries_live(self) -> bool:
        """Whether any entry of ours may still fill."""
        return any(trade.entries_live for trade in self._supervisor.trades)

    def open_trades(self) -> list[TradeView]:
        """Trades that hold contracts now."""
        return self._supervisor.register.open_trades()

    def unsettled_orders(self) -> list[TrackedOrder]:
        """Orders not known to have ended that may still open a position: entries, and what is left of a bracket that holds nothing."""
        legs = [leg for trade in self._supervisor.trades for leg in trade.legs]
        orders = [order for leg in legs for order in leg.orders if order.role is Role.ENTRY or not (leg.open or leg.live(Role.ENTRY))]
        return [order for order in orders if order.live or (order.state is OrderState.UNKNOWN and order.filled < order.quantity)]

    def idle(self) -> bool:
        """Whether a live node has nothing under way: no queue of Nautilus holds anything, and the broker has answered for every order."""
        engines = self._trader._data_engine, self._trader._risk_engine, self._trader._exec_engine
        return waiting_in(*engines) == 0 and all(answered_for(order) for order in self.cache.orders())

    # ------------------------------------------------------------- the senses

    def _on_order_event(self, event: Any) -> None:
        try:
            self._supervisor.on_order_event(event)
        except Exception as error:
            self.log.exception("supervisor failed on an order event", error)
            self._supervisor.alarm(f"{type(error).__name__}: {error}")

    def _on_account(self, event: AccountState) -> None:
        balance, free = cents_of(event)
        if balance is not None and free is not None:
            self._situation.on_account(balance, free)
            if free < 0:
                self._supervisor.trip("available funds below zero", f"{to_usd(free):.2f} USD")

    def _on_market(self, update: MarketUpdate) -> None:
        self._catch_up()
        self._situation.on_market(update)
        if update.quality.bar is not None and update.state is not None:
            self.last_close, self.slippage_ticks = update.quality.bar.close, update.state.slippage_ticks
        self._supervisor.on_market(update)

    def _on_begin(self, from_ns: int) -> None:
        self._supervisor.judge_from_ns = max(from_ns, self._runtime.spec.decide_from_ns)

    def _on_trust(self, trust: dict[str, Any]) -> None:
        self._situation.trust = trust

    def _on_veto(self, veto: Any) -> None:
        self._situation.veto = veto

    def _on_found(self, record: OrderRecord) -> None:
        self._supervisor.register.found(record)
        self.journal(Kind.ORDER, self.now_ns, record, record.strategy)

    def _on_standing(self, standing: Standing) -> None:
        standing.open_trades, standing.idle = tuple(self.open_trades()), self.idle()

    def _on_manual_kill(self, reason: str) -> None:
        self.journal(Kind.OPERATOR, self.now_ns, OperatorRecord("kill", reason))
        self._supervisor.trip("manual", reason)

    def _on_trigger(self, trigger: KillTrigger) -> None:
        if self._supervisor.net:
            self._supervisor.trip(trigger.reason, trigger.detail)

    def _on_broker(self, block: str) -> None:
        self._situation.broker = block

    def _on_kill(self, update: KillUpdate) -> None:
        self._situation.kill_state = update.state

    # -------------------------------------------------------------- the hands

    @property
    def now_ns(self) -> int:
        """Market time, UTC ns."""
        return self.market.now_ns

    def send(self, command: Any) -> None:
        """Put a command of the supervisor on its way, through the risk engine."""
        self._engine.send(command)

    def publish(self, topic: str, message: object) -> None:
        """Tell everybody who listens; before the trader runs nobody does, and it waits for the first bar."""
        if not self._caught_up and not self._trader.is_running:
            self._early.append((topic, message))
            return
        self._catch_up()
        self.msgbus.publish(topic, message)

    def _catch_up(self) -> None:
        """Everybody listens: once, tell what was said before and what earlier runs left open."""
        if self._caught_up:
            return
        self._caught_up = True
        for topic, message in self._early:
            self.msgbus.publish(topic, message)
        self._early.clear()
        self._supervisor.resume()

    def journal(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None = None) -> None:
        """Record something."""
        self.msgbus.send(ENDPOINT_JOURNAL, JournalEntry(kind, ts_ns, body, strategy))

    def charge(self, event: str, ts_ns: int, detail: str) -> None:
        """Something costs execution quality."""
        self.msgbus.publish(TOPIC_EQS_EVENT, QualityEvent(event, ts_ns, detail))


def install(kernel: Any, config: RiskControllerConfig) -> RiskController:
    """Put the risk engine into a kernel (of a BacktestEngine or TradingNode) before anything else is added."""
    controller = RiskController(kernel.trader, config)
    kernel.trader.add_actor(controller)
    return controller
