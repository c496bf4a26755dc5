"""K4: momentum extension. Fast; two one-contract brackets on a break of the 20-bar range."""

from __future__ import annotations

import math

from pydantic import Field, ValidationInfo, field_validator

from bot.contracts.models import Count, Positive, Share, Ticks, TraderRules
from bot.contracts.strictness import Fewer, Neither, Up
from bot.decision.plan import EntryPlan, EntryType, ExitPlan, ExitReason, Leg, NoSetup, Setup, Thesis, TradeView
from bot.market.state import MarketState, Regime
from strategies.base import ContractStrategy


class K4Rules(TraderRules):
    """The block K4: how strong the impulse, where entry and stop lie, and a target for each leg of one contract."""

    min_body_impulse: Up[Share]
    min_volume_z: Up[float]
    min_micro_trend: Up[Share]
    entry_beyond_ticks: Neither[Ticks]
    limit_beyond_ticks: Neither[Ticks]
    stop_ticks: Neither[Count]
    leg_targets_r: Fewer[list[Positive]] = Field(min_length=1, max_length=2)

    @field_validator("leg_targets_r")
    @classmethod
    def _one_leg_a_contract(cls, targets: list[float], known: ValidationInfo) -> list[float]:
        if len(targets) != known.data.get("contracts", len(targets)):
            raise ValueError(f"must have one leg a contract, as K4.contracts = {known.data['contracts']}")
        return targets


class MomentumExtension(ContractStrategy):
    """Momentum extension: follows a break of the range.

    A stop-limit beyond the breaking bar; legs of one contract with one stop, and a target each in R.
    """

    name = "K4"
    rules_model = K4Rules
    belief = "F4"

    def detect(self, state: MarketState) -> Setup | NoSetup:
        if refusal := self._phase(state):
            return refusal
        above, below = state.bar.close - state.prior_high_20, state.prior_low_20 - state.bar.close
        side = 1 if above > below else -1
        if max(above, below) <= 0:
            return NoSetup("RANGE", "ticks_beyond", max(above, below), "minimum", 1, "ticks")
        return self._impulse(state, side) or self._context(state, side) or self._belief(state, side) or Setup(side)

    def plan_entry(self, setup: Setup, state: MarketState) -> EntryPlan | NoSetup:
        side, bar, rules = setup.side, state.bar, self.rules
        trigger = (bar.high if side > 0 else bar.low) + side * rules.entry_beyond_ticks
        limit = trigger + side * rules.limit_beyond_ticks
        stop = limit - side * rules.stop_ticks
        legs = tuple(Leg(1, stop, limit + side * math.floor(ratio * rules.stop_ticks)) for ratio in rules.leg_targets_r)
        thesis = Thesis(self.belief, state.belief(self.belief, side).effective)
        return EntryPlan(self.name, side, EntryType.STOP_LIMIT, limit, trigger, legs, self._ttl_seconds, rules.max_minutes, thesis)

    def plan_exit(self, trade: TradeView, state: MarketState) -> ExitPlan | None:
        if state.trend_strength * trade.side < 0:
            return ExitPlan(ExitReason.THESIS, f"trend strength {state.trend_strength:.2f} crossed zero")
        return None

    def _impulse(self, state: MarketState, side: int) -> NoSetup | None:
        rules = self.rules
        if not abs(state.body_impulse) >= rules.min_body_impulse:
            return NoSetup("BODY_IMPULSE", "abs_impulse", abs(state.body_impulse), "minimum", rules.min_body_impulse)
        if not state.volume_z > rules.min_volume_z:
            return NoSetup("VOLUME_Z", "volume_z", state.volume_z, "above", rules.min_volume_z)
        if not side * state.micro_trend > rules.min_micro_trend:
            return NoSetup("MICRO_TREND", "with_it", side * state.micro_trend, "above", rules.min_micro_trend)
        return None

    def _context(self, state: MarketState, side: int) -> NoSetup | None:
        if not side * state.vwap_z > 0:
            return NoSetup("VWAP_SIDE", "z_with_it", side * state.vwap_z, "above", 0.0)
        if state.regime not in (Regime.TRENDING, Regime.VOLATILE):
            return NoSetup("REGIME", "regime", state.regime.value, "allowed", "trending volatile")
        return None
