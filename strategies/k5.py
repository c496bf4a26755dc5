"""K5: noise filter. It never orders; it vetoes every entry of a bar that is noise."""

from __future__ import annotations

from bot.contracts.models import Count, Rules, Share
from bot.contracts.strictness import Down
from bot.decision.codes import Code
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import EntryPlan, ExitPlan, ExitReason, NoSetup, Setup, TradeView, Veto
from bot.market.state import MarketState
from bot.units import TOLERANCE
from strategies.base import ContractStrategy, ContractStrategyConfig


class K5Rules(Rules):
    """The block K5: when noise, and stop-outs on both sides, veto."""

    veto_noise: Down[Share]
    veto_belief: Down[Share]
    opposite_stop_outs: Down[Count]


class NoiseFilter(ContractStrategy):
    """Noise filter: orders nothing, and vetoes every entry of a bar that is noise.

    Also in the lunch void, and after stop-outs on both sides of a session.
    """

    name = "K5"
    rules_model = K5Rules
    belief = "F5"

    def __init__(self, config: ContractStrategyConfig) -> None:
        super().__init__(config)
        self._stop_out_day = ""
        self._stop_out_sides: list[int] = []

    def detect(self, state: MarketState) -> Veto | NoSetup:
        rules = self.rules
        belief = state.belief(self.belief, 1).effective
        if state.noise >= rules.veto_noise - TOLERANCE and belief >= rules.veto_belief - TOLERANCE:
            return Veto(Code.K5_NOISE, "noise", state.noise, "below", rules.veto_noise)
        if state.lunch_void:
            return Veto(Code.K5_LUNCH_VOID, "phase", state.session_phase, "required", "not the lunch void")
        if len(stops := self._stop_outs(state)) >= rules.opposite_stop_outs and len(set(stops)) > 1:
            return Veto(Code.K5_OPPOSITE_STOPS, "stop_outs", len(stops), "below", rules.opposite_stop_outs)
        if not state.noise >= rules.veto_noise - TOLERANCE:
            return NoSetup("NOISE", "noise", state.noise, "minimum", rules.veto_noise)
        return NoSetup(self.belief, "belief", belief, "minimum", rules.veto_belief)

    def plan_entry(self, setup: Setup, state: MarketState) -> EntryPlan | NoSetup:
        return NoSetup("NEVER", "orders", 0, "maximum", 0)

    def plan_exit(self, trade: TradeView, state: MarketState) -> ExitPlan | None:
        return None

    def post_trade_update(self, outcome: TradeOutcome) -> None:
        if outcome.trading_day != self._stop_out_day:
            self._stop_out_day, self._stop_out_sides = outcome.trading_day, []
        if outcome.exit_reason == ExitReason.STOP:
            self._stop_out_sides.append(outcome.side)

    def _stop_outs(self, state: MarketState) -> list[int]:
        today = state.session is not None and state.session.date == self._stop_out_day
        return self._stop_out_sides if today else []
