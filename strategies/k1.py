"""K1: VWAP mean reversion. Conservative; fades a stretched price back to the session VWAP."""

from __future__ import annotations

import math
from datetime import date

from bot.calendar import clock_ns
from bot.contracts.models import ClockTime, Positive, Share, Ticks, TraderRules
from bot.contracts.strictness import Down, Neither, Up
from bot.decision.plan import EntryPlan, EntryType, ExitPlan, ExitReason, Leg, NoSetup, Setup, Thesis, TradeView
from bot.market.state import MarketState
from bot.units import TOLERANCE
from strategies.base import ContractStrategy


class K1Rules(TraderRules):
    """The block K1: how far from VWAP, how calm, where stop and target may lie, and when the thesis is void."""

    not_before: Up[ClockTime]
    min_abs_vwap_z: Up[Positive]
    max_abs_micro_trend: Down[Share]
    max_opposite_f2: Down[Share]
    stop_beyond_ticks: Neither[Ticks]
    min_target_ticks: Up[Ticks]
    max_target_ticks: Neither[Ticks]
    exit_belief: Up[Share]
    exit_past_vwap_sigma: Down[Positive]


class VwapReversion(ContractStrategy):
    """VWAP mean reversion: fades a stretched price back to the session VWAP.

    A limit at the close, stop beyond the last bars' extreme, target VWAP.
    """

    name = "K1"
    rules_model = K1Rules
    belief = "F1"

    def detect(self, state: MarketState) -> Setup | NoSetup:
        rules = self.rules
        side = -1 if state.vwap_z > 0 else 1
        if refusal := self._phase(state) or self._too_early(state):
            return refusal
        if not abs(state.vwap_z) >= rules.min_abs_vwap_z:
            return NoSetup("VWAP_Z", "abs_z", abs(state.vwap_z), "minimum", rules.min_abs_vwap_z)
        if not abs(state.micro_trend) < rules.max_abs_micro_trend:
            return NoSetup("MICRO_TREND", "abs_trend", abs(state.micro_trend), "below", rules.max_abs_micro_trend)
        if not side * state.close_location > 0:
            return NoSetup("CLOSE_LOCATION", "toward_vwap", side * state.close_location, "above", 0.0)
        if refusal := self._belief(state, side):
            return refusal
        opposite = state.belief("F2", -side).effective
        if not opposite <= rules.max_opposite_f2 + TOLERANCE:
            return NoSetup("OPPOSITE_F2", "belief", opposite, "maximum", rules.max_opposite_f2)
        return Setup(side)

    def plan_entry(self, setup: Setup, state: MarketState) -> EntryPlan | NoSetup:
        side, close, rules = setup.side, state.bar.close, self.rules
        room = math.floor(side * (state.vwap_offset - (close - state.vwap_anchor)))
        if room < rules.min_target_ticks:
            return NoSetup("TARGET_TICKS", "ticks_to_vwap", room, "minimum", rules.min_target_ticks, "ticks")
        target = close + side * min(room, rules.max_target_ticks)
        extreme = state.low_5 if side > 0 else state.high_5
        leg = Leg(rules.contracts, extreme - side * rules.stop_beyond_ticks, target)
        thesis = Thesis(self.belief, state.belief(self.belief, side).effective, exit_belief=rules.exit_belief)
        return EntryPlan(self.name, side, EntryType.LIMIT, close, None, (leg,), self._ttl_seconds, rules.max_minutes, thesis)

    def plan_exit(self, trade: TradeView, state: MarketState) -> ExitPlan | None:
        past = trade.side * state.vwap_z
        if past >= self.rules.exit_past_vwap_sigma:
            return ExitPlan(ExitReason.THESIS, f"price {past:.2f} sigma past VWAP")
        return None

    def _too_early(self, state: MarketState) -> NoSetup | None:
        if state.session is None:
            return None
        minutes = self.calendar.minute_of_session(state.session, clock_ns(date.fromisoformat(state.session.date), self.rules.not_before))
        if state.minute_of_session >= minutes:
            return None
        return NoSetup("NOT_BEFORE", "minutes_since_open", state.minute_of_session, "minimum", minutes, "minutes")
