"""Shadow trades: what refused and quarantined plans would have come to (spec 7)."""

from __future__ import annotations

import msgspec

from bot.contracts.models import Learning, RiskModel
from bot.decision.intent import RefusedPlan
from bot.decision.outcome import TradeOutcome
from bot.journal.build import plan_record
from bot.journal.records import ShadowRecord
from bot.learning.follow import FollowedPlan, Stage
from bot.market.bar import Bar
from bot.units import MINUTE_NS, to_cents


class _Shadow(msgspec.Struct, gc=False):
    trade_id: str
    refused: RefusedPlan
    time_of_day: str
    followed: FollowedPlan


class ShadowBook:
    """Follows at most one refused plan per strategy and side; the next starts 30 min after the last one started.

    It fills by bot.fills, as real trades do in a backtest, and knows bracket, time and
    session exits only: a shadow's stop never moves and its thesis is not watched. It spends
    no budget, so it never marks a BUDGET_OVERRUN. It writes nothing down; a restart hands it what was open (`follow`).
    Source: learning.yaml: shadow; risk_model.yaml: fee_per_side_usd.
    """

    def __init__(self, learning: Learning, risk_model: RiskModel) -> None:
        self._spacing_ns = learning.shadow.min_spacing_minutes * MINUTE_NS
        self._fee_cents = to_cents(risk_model.fee_per_side_usd)
        self._shadows: dict[tuple[str, int], _Shadow] = {}
        self._started: dict[tuple[str, int], int] = {}

    def consider(self, refused: RefusedPlan, time_of_day: str) -> ShadowRecord | None:
        """Start to follow a refused plan; None if its strategy and side have one, or had one too recently.

        A plan with a stop at or beyond its entry has no R and is not followed either. `time_of_day` is the name of the
        session phase it was decided in.
        """
        plan, decided_ns = refused.plan, refused.decided.ts_ns
        if plan.min_stop_ticks <= 0:
            return None
        slot = (plan.strategy, plan.side)
        last = self._started.get(slot)
        if slot in self._shadows or (last is not None and decided_ns - last < self._spacing_ns):
            return None
        trade_id = f"shadow-{plan.strategy}-{'L' if plan.side > 0 else 'S'}-{decided_ns // MINUTE_NS}"
        self.follow(trade_id, refused, time_of_day)
        self.started(*slot, decided_ns)
        return ShadowRecord(trade_id, plan.strategy, "OPENED", list(refused.gates), plan_record(plan))

    def follow(self, trade_id: str, refused: RefusedPlan, time_of_day: str) -> None:
        """Follow a refused plan from its decision on, by the bars that come; of an earlier run one that was open when it ended."""
        plan = refused.plan
        followed = FollowedPlan(plan, refused.decided.ts_ns, refused.expires_ns, refused.decided.slippage_ticks)
        self._shadows[plan.strategy, plan.side] = _Shadow(trade_id, refused, time_of_day, followed)

    def started(self, strategy: str, side: int, decided_ns: int) -> None:
        """A strategy's newest shadow trade on a side (1, -1) was decided then (UTC ns); the next waits for its time."""
        self._started[strategy, side] = decided_ns

    def on_bar(self, bar: Bar, slippage_ticks_now: int, flatten: bool) -> list[ShadowRecord | TradeOutcome]:
        """Follow every shadow through one bar; what expired unfilled or closed, in the order they started.

        Pass `flatten` on the session's flatten bar and on every bar after it, so that nothing is
        carried overnight even if that bar is missing.
        """
        ended: list[ShadowRecord | TradeOutcome] = []
        for slot, shadow in list(self._shadows.items()):
            stage = shadow.followed.on_bar(bar, slippage_ticks_now, flatten)
            if stage is Stage.EXPIRED:
                ended.append(ShadowRecord(shadow.trade_id, slot[0], "EXPIRED", list(shadow.refused.gates)))
            elif stage is Stage.CLOSED:
                ended.append(_outcome(shadow, self._fee_cents))
            else:
                continue
            del self._shadows[slot]
        return ended


def _outcome(shadow: _Shadow, fee_cents: int) -> TradeOutcome:
    refused, followed = shadow.refused, shadow.followed
    plan, exits = refused.plan, followed.exits
    return TradeOutcome.of(
        shadow.trade_id,
        plan,
        refused.decided,
        shadow.time_of_day,
        exits[-1].reason,
        quantity=plan.quantity,
        opened_ns=followed.opened_ns,
        closed_ns=exits[-1].ts_ns,
        entry_ticks=plan.limit,
        exit_ticks=sum(leg.price * leg.quantity for leg in exits) / plan.quantity,
        gross_cents=followed.gross_cents(),
        net_cents=followed.net_cents(fee_cents),
        risk_cents=plan.risk_cents,
        slippage_ticks=float(sum(leg.slippage_ticks for leg in exits)),
        mae_ticks=followed.mae_ticks,
        mfe_ticks=followed.mfe_ticks,
        naked_seconds=0.0,
        budget_overrun=False,
        shadow=True,
        gates=refused.gates,
    )
