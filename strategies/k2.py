"""K2: failed-break reversal. Growth; takes the other side of a level that was broken and won back."""

from __future__ import annotations

import math

from bot.contracts.models import Positive, Share, Ticks, TraderRules
from bot.contracts.strictness import Neither, Up
from bot.decision.plan import EntryPlan, EntryType, ExitPlan, ExitReason, Leg, NoSetup, Setup, Thesis, TradeView
from bot.market.state import MarketState, Regime
from strategies.base import ContractStrategy


class K2Rules(TraderRules):
    """The block K2: how strong the failed break, where the stop lies, and how far the target."""

    min_failed_break: Up[Share]
    stop_beyond_ticks: Neither[Ticks]
    min_vwap_target_ticks: Up[Ticks]
    target_r: Neither[Positive]


class FailedBreakReversal(ContractStrategy):
    """Failed-break reversal: takes the other side of a level won back.

    A limit at the close, stop beyond the break's extreme, target VWAP or a multiple of R.
    """

    name = "K2"
    rules_model = K2Rules
    belief = "F2"

    def detect(self, state: MarketState) -> Setup | NoSetup:
        rules, failed = self.rules, state.failed_break
        strength = 0.0 if failed is None else failed.strength
        if refusal := self._phase(state):
            return refusal
        if failed is None or strength < rules.min_failed_break:
            return NoSetup("FAILED_BREAK", "strength", strength, "minimum", rules.min_failed_break)
        if exceeded := self._exceeded(state, failed.side, failed.extreme):
            return exceeded
        if state.regime is Regime.UNKNOWN:
            return NoSetup("REGIME", "regime", state.regime.value, "required", "known")
        if state.regime is Regime.TRENDING and state.trend_strength * failed.side < 0:
            return NoSetup("TREND_AGAINST", "trend", state.trend_strength * failed.side, "minimum", 0.0)
        return self._belief(state, failed.side) or Setup(failed.side)

    def plan_entry(self, setup: Setup, state: MarketState) -> EntryPlan | NoSetup:
        side, close, rules, failed = setup.side, state.bar.close, self.rules, state.failed_break
        if math.isnan(state.vwap_offset):  # a session whose first minute was not seen
            return NoSetup("VWAP", "vwap", "unknown", "required", "known")
        stop = failed.extreme - side * rules.stop_beyond_ticks
        reward = math.floor(rules.target_r * (close - stop) * side)
        room = math.floor(side * (state.vwap_offset - (close - state.vwap_anchor)))
        if rules.min_vwap_target_ticks <= room < reward:
            reward = room
        leg = Leg(rules.contracts, stop, close + side * reward)
        thesis = Thesis(self.belief, state.belief(self.belief, side).effective, level=failed.level)
        return EntryPlan(self.name, side, EntryType.LIMIT, close, None, (leg,), self._ttl_seconds, rules.max_minutes, thesis)

    def plan_exit(self, trade: TradeView, state: MarketState) -> ExitPlan | None:
        if (state.bar.close - trade.plan.thesis.level) * trade.side < 0:
            return ExitPlan(ExitReason.THESIS, "the level is broken again on a close")
        return None
