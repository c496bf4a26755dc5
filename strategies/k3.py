"""K3: sweep-driven reversal. Aggressive; joins the reversal after a 20-bar extreme was run and rejected."""

from __future__ import annotations

import math

from bot.contracts.models import Positive, Share, Ticks, TraderRules
from bot.contracts.strictness import Neither, Up
from bot.decision.plan import EntryPlan, EntryType, ExitPlan, ExitReason, Leg, NoSetup, Setup, Thesis, TradeView
from bot.market.state import MarketState, Regime
from strategies.base import ContractStrategy


class K3Rules(TraderRules):
    """The block K3: how strong the sweep, and where entry, stop and target lie."""

    min_sweep: Up[Share]
    entry_beyond_ticks: Neither[Ticks]
    limit_beyond_ticks: Neither[Ticks]
    stop_beyond_ticks: Neither[Ticks]
    target_r: Neither[Positive]


class SweepReversal(ContractStrategy):
    """Sweep reversal: joins the turn after an extreme was run and rejected.

    A stop-limit beyond the sweep's bar, stop beyond the sweep, target a multiple of R.
    """

    name = "K3"
    rules_model = K3Rules
    belief = "F3"

    def detect(self, state: MarketState) -> Setup | NoSetup:
        rules, sweep = self.rules, state.sweep
        strength = 0.0 if sweep is None else sweep.strength
        if refusal := self._phase(state):
            return refusal
        if sweep is None or strength < rules.min_sweep:
            return NoSetup("SWEEP", "strength", strength, "minimum", rules.min_sweep)
        if exceeded := self._exceeded(state, sweep.side, sweep.extreme):
            return exceeded
        if state.regime in (Regime.CHOPPY, Regime.UNKNOWN):
            return NoSetup("CHOPPY", "regime", state.regime.value, "allowed", "not choppy")
        return self._belief(state, sweep.side) or Setup(sweep.side)

    def plan_entry(self, setup: Setup, state: MarketState) -> EntryPlan | NoSetup:
        side, bar, rules, sweep = setup.side, state.bar, self.rules, state.sweep
        trigger = (bar.high if side > 0 else bar.low) + side * rules.entry_beyond_ticks
        limit = trigger + side * rules.limit_beyond_ticks
        stop = sweep.extreme - side * rules.stop_beyond_ticks
        leg = Leg(rules.contracts, stop, limit + side * math.floor(rules.target_r * (limit - stop) * side))
        thesis = Thesis(self.belief, state.belief(self.belief, side).effective, level=sweep.level)
        return EntryPlan(self.name, side, EntryType.STOP_LIMIT, limit, trigger, (leg,), self._ttl_seconds, rules.max_minutes, thesis)

    def plan_exit(self, trade: TradeView, state: MarketState) -> ExitPlan | None:
        if (state.bar.close - trade.plan.thesis.level) * trade.side < 0:
            return ExitPlan(ExitReason.THESIS, "a close beyond the swept level")
        return None
