"""ContractStrategy: the plumbing every strategy shares, so that its file holds its rules and nothing else.

A strategy does not subscribe to bars. It is asked (`Ask`) with the MarketState that everybody
shares, and told (`Intent`) to submit at most one plan. It promises nothing about limits:
whatever it sends is judged by the contract risk engine.
"""

from __future__ import annotations

from typing import Any

import msgspec
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from bot.contracts.declaration import Declaration
from bot.decision.answers import raised, usable_action, where_raised
from bot.decision.intent import Intent
from bot.decision.management import ManagementLimits, manage
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import Act, EntryPlan, ExitPlan, ManagementAction, NoSetup, Setup, TradeView, Veto
from bot.market.state import MarketState
from bot.messages import ENDPOINT_RISK_ALARM, ENDPOINT_RISK_CLOSE, TOPIC_BOOK, Ask, CloseTrade, TradeClosed, ask_endpoint, submit_endpoint
from bot.risk_engine.brackets import OrderOrigin, bracket_orders, price_of
from bot.risk_engine.parts import require_risk_engine
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.units import TOLERANCE


class ContractStrategyConfig(StrategyConfig, frozen=True):
    """Configuration of any strategy: where its contracts are, and its instrument. Its ids follow from its name."""

    runtime: RuntimeSpec
    instrument_id: InstrumentId = InstrumentId.from_str("MES.CME")


class ContractStrategy(Strategy, Declaration):
    """Base of every strategy. `rules` is its block, as its `rules_model`, and `contracts` are all: those in force, or, while it is
    asked about an open trade, those that the trade was opened under.
    """

    def __init__(self, config: ContractStrategyConfig) -> None:
        super().__init__(msgspec.structs.replace(config, strategy_id=self.name, order_id_tag=self.name))
        self._runtime = runtime = runtime_of(config.runtime)
        self.calendar = runtime.calendar
        self.contracts = runtime.contracts
        self.rules = runtime.contracts.rules[self.name]
        self._ttl_seconds = runtime.contracts.execution_contract.entry.ttl_seconds
        self._past = runtime.past
        self._book = runtime.said.only(TOPIC_BOOK, self._on_book)

    # ------------------------------------------------------ what a strategy says

    def detect(self, state: MarketState) -> Setup | Veto | NoSetup:
        """Is the setup here, and for which side; else the first failing condition, for the nearer side."""
        raise NotImplementedError

    def plan_entry(self, setup: Setup, state: MarketState) -> EntryPlan | NoSetup:
        """The plan for a setup, or why there is none after all."""
        raise NotImplementedError

    def plan_management(self, trade: TradeView, state: MarketState) -> ManagementAction:
        """Hold, tighten or leave an open trade, on this bar."""
        flatten_due = self._runtime.flatten_due(trade.trade_id, state.session, state.ts_ns)
        return manage(trade, state, flatten_due, self.plan_exit(trade, state), ManagementLimits.of(self.contracts))

    def plan_exit(self, trade: TradeView, state: MarketState) -> ExitPlan | None:
        """The strategy's own reason to leave now, if it has one."""
        raise NotImplementedError

    def post_trade_update(self, outcome: TradeOutcome) -> None:
        """A trade of the book ended; may only raise the strategy's own bar to entry."""

    # ----------------------------------------------------------------- plumbing

    def on_start(self) -> None:
        """Take questions, and past trades in; refuse to start without the contract risk engine on the path."""
        require_risk_engine(self.name, self.msgbus)
        self.msgbus.register(ask_endpoint(self.name), self._on_ask)
        self.msgbus.register(submit_endpoint(self.name), self._on_submit)
        self.msgbus.subscribe(TOPIC_BOOK, self._book)
        for outcome in self._past.outcomes:
            self.post_trade_update(outcome)

    def on_stop(self) -> None:
        """Take no more questions. Orders are left to the risk engine."""
        self.msgbus.deregister(ask_endpoint(self.name), self._on_ask)
        self.msgbus.deregister(submit_endpoint(self.name), self._on_submit)
        self.msgbus.unsubscribe(TOPIC_BOOK, self._book)

    def handle_event(self, event: Any) -> None:
        """Nautilus' own way to a strategy's event methods; what one of them raises trips the kill switch and ends no engine."""
        try:
            super().handle_event(event)
        except (Exception, SystemExit) as error:
            self.log.error(f"{self.name} raised on {type(event).__name__}: {raised(error)}\n{where_raised(error)}")
            self.msgbus.send(ENDPOINT_RISK_ALARM, f"{self.name} raised on {type(event).__name__}: {raised(error)}")

    def cancel_all_orders(self, *args: object, **kwargs: object) -> None:
        """Nothing: Nautilus would cancel the other strategies' orders too; the risk engine cancels by trade."""

    def _on_ask(self, ask: Ask) -> None:
        managed = "" if ask.trade is None or ask.trade.closing else ask.trade.trade_id
        self.contracts = self._runtime.law_of(managed).contracts
        self.rules = self.contracts.rules[self.name]
        if managed:
            action = usable_action(self.plan_management(ask.trade, ask.state))  # if it raises, the library leaves the trade
            ask.answer = action
            self._act(ask.trade, action)
            return
        setup = self.detect(ask.state)
        ask.answer = self.plan_entry(setup, ask.state) if isinstance(setup, Setup) else setup

    def _on_submit(self, intent: Intent) -> None:
        origin = OrderOrigin(self.trader_id, self.id, self.config.instrument_id, self.clock.timestamp_ns())
        self.submit_order_list(bracket_orders(intent, origin))

    def _act(self, trade: TradeView, action: ManagementAction) -> None:
        if action.act is Act.EXIT:
            self.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(trade.trade_id, action.reason, action.why))
        elif action.act is Act.TIGHTEN:
            price = price_of(action.stop)
            for stop in trade.stop_order_ids:
                self.modify_order(self.cache.order(ClientOrderId(stop)), trigger_price=price, params={"cause": action.cause})

    def _on_book(self, event: object) -> None:
        if isinstance(event, TradeClosed):
            self.post_trade_update(event.outcome)

    # ------------------------------------------------------ what several say

    def _phase(self, state: MarketState) -> NoSetup | None:
        if state.session_phase in self.rules.phases:
            return None
        return NoSetup("PHASE", "phase", state.session_phase, "allowed", " ".join(map(str, self.rules.phases)))

    def _exceeded(self, state: MarketState, side: int, extreme: int) -> NoSetup | None:
        """The bar has gone beyond the extreme that a plan's stop would lie behind: what failed there has not failed."""
        beyond = (extreme - (state.bar.low if side > 0 else state.bar.high)) * side
        return NoSetup("EXTREME_EXCEEDED", "beyond_ticks", beyond, "maximum", 0) if beyond > 0 else None

    def _belief(self, state: MarketState, side: int) -> NoSetup | None:
        value = state.belief(self.belief, side).effective
        if value >= self.rules.min_belief - TOLERANCE:
            return None
        return NoSetup(self.belief, "belief", value, "minimum", self.rules.min_belief)
