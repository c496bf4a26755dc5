"""Shadow trades: what refused and quarantined plans would have come to (spec 7)."""

from __future__ import annotations

import msgspec

from bot.contracts.models import Learning, RiskModel
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import EntryPlan
from bot.journal.build import plan_record
from bot.journal.records import ShadowRecord
from bot.learning.follow import FollowedPlan, Stage
from bot.market.bar import Bar
from bot.units import MINUTE_NS, to_cents, to_points


class ShadowContext(msgspec.Struct, frozen=True, gc=False):
    """The moment of the decision, as an outcome carries it. `slippage_ticks` is the model's value on that bar; `dvs` is 0 while UNKNOWN."""

    trading_day: str
    regime: str
    time_of_day: str
    belief: float
    euc: dict[str, float]
    dvs: float
    eqs: float
    signals: dict[str, float | None]
    spread_ticks: float
    slippage_ticks: int


class _Shadow(msgspec.Struct, gc=False):
    trade_id: str
    decided_ns: int
    gates: tuple[str, ...]
    context: ShadowContext
    followed: FollowedPlan


class ShadowBook:
    """Follows at most one refused plan per strategy and side; the next starts 30 min after the last one started.

    It fills by bot.fills, as real trades do in a backtest, and knows bracket, time and
    session exits only: a shadow's stop never moves and its thesis is not watched. It spends
    no budget, so it never marks a BUDGET_OVERRUN. What is open is lost with the process.
    Source: learning.yaml: shadow; risk_model.yaml: fee_per_side_usd.
    """

    def __init__(self, learning: Learning, risk_model: RiskModel) -> None:
        self._spacing_ns = learning.shadow.min_spacing_minutes * MINUTE_NS
        self._fee_cents = to_cents(risk_model.fee_per_side_usd)
        self._shadows: dict[tuple[str, int], _Shadow] = {}
        self._started: dict[tuple[str, int], int] = {}

    def consider(
        self, plan: EntryPlan, decided_ns: int, expires_ns: int, gates: tuple[str, ...], context: ShadowContext
    ) -> ShadowRecord | None:
        """Start to follow a plan that these gates refused; None if its strategy and side have one, or had one too recently.

        A plan with a stop at or beyond its entry has no R and is not followed either. Times
        are UTC ns: the bar that decided, and the end of the entry's time-to-live.
        """
        if plan.min_stop_ticks <= 0:
            return None
        slot = (plan.strategy, plan.side)
        last = self._started.get(slot)
        if slot in self._shadows or (last is not None and decided_ns - last < self._spacing_ns):
            return None
        trade_id = f"shadow-{plan.strategy}-{'L' if plan.side > 0 else 'S'}-{decided_ns // MINUTE_NS}"
        followed = FollowedPlan(plan, decided_ns, expires_ns, context.slippage_ticks)
        self._shadows[slot] = _Shadow(trade_id, decided_ns, gates, context, followed)
        self._started[slot] = decided_ns
        return ShadowRecord(trade_id, plan.strategy, "OPENED", list(gates), plan_record(plan))

    def on_bar(self, bar: Bar, slippage_ticks_now: int, flatten: bool) -> list[ShadowRecord | TradeOutcome]:
        """Follow every shadow through one bar; what expired unfilled or closed, in the order they started.

        Pass `flatten` on the session's flatten bar and on every bar after it, so that nothing is
        carried overnight even if that bar is missing.
        """
        ended: list[ShadowRecord | TradeOutcome] = []
        for slot, shadow in list(self._shadows.items()):
            stage = shadow.followed.on_bar(bar, slippage_ticks_now, flatten)
            if stage is Stage.EXPIRED:
                ended.append(ShadowRecord(shadow.trade_id, slot[0], "EXPIRED", list(shadow.gates)))
            elif stage is Stage.CLOSED:
                ended.append(_outcome(shadow, self._fee_cents))
            else:
                continue
            del self._shadows[slot]
        return ended


def _outcome(shadow: _Shadow, fee_cents: int) -> TradeOutcome:
    followed, context = shadow.followed, shadow.context
    plan, exits = followed.plan, followed.exits
    net_cents = followed.net_cents(fee_cents)
    return TradeOutcome(
        trade_id=shadow.trade_id,
        strategy=plan.strategy,
        side=plan.side,
        quantity=plan.quantity,
        legs=len(plan.legs),
        regime=context.regime,
        time_of_day=context.time_of_day,
        trading_day=context.trading_day,
        opened_ns=followed.opened_ns,
        closed_ns=exits[-1].ts_ns,
        decided_ns=shadow.decided_ns,
        entry_price=to_points(plan.limit),
        exit_price=to_points(sum(leg.price * leg.quantity for leg in exits) / plan.quantity),
        gross_cents=followed.gross_cents(),
        net_cents=net_cents,
        risk_cents=plan.risk_cents,
        r=net_cents / plan.risk_cents,
        target_r=plan.reward_ratio,
        exit_reason=exits[-1].reason.value,
        thesis_valid_at_exit=True,
        belief=context.belief,
        euc=context.euc,
        dvs=context.dvs,
        eqs=context.eqs,
        signals=context.signals,
        slippage_ticks=float(sum(leg.slippage_ticks for leg in exits)),
        spread_ticks=context.spread_ticks,
        mae_ticks=followed.mae_ticks,
        mfe_ticks=followed.mfe_ticks,
        naked_seconds=0.0,
        budget_overrun=False,
        shadow=True,
        gates=shadow.gates,
    )
