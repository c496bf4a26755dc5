"""Shadow trades: what refused and quarantined plans would have come to (spec 7)."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from bot.contracts.models import DataContract, Learning, RiskModel
from bot.decision.intent import RefusedPlan
from bot.decision.outcome import Mark, TradeOutcome
from bot.decision.plan import ExitReason
from bot.journal.build import plan_record
from bot.journal.records import ShadowRecord
from bot.learning.follow import FollowedPlan, Stage
from bot.market.bar import Bar
from bot.quality.dvs import hole_ns
from bot.quality.price_level import is_void
from bot.units import MINUTE_NS, to_cents


class _Shadow(msgspec.Struct, gc=False):
    trade_id: str
    refused: RefusedPlan
    time_of_day: str
    followed: FollowedPlan
    leaving: ExitReason | None = None  # with the next bar that is believed, at its open
    mark: Mark | None = None


class ShadowBook:
    """Follows at most one refused plan per strategy and side; the next starts 30 min after the last one started.

    It fills by bot.fills, as real trades do in a backtest, and knows bracket, time and
    session exits only: a shadow's stop never moves and its thesis is not watched. Where bars stop or are not believed it is
    left, and marked, as a real trade is: on the first bar after a hole, and after so many rejected ones in a row, at the open of the
    first that is believed. It spends no budget, so it never marks a BUDGET_OVERRUN. It writes nothing down; a restart hands it
    what was open (`follow`). Source: learning.yaml: shadow; risk_model.yaml: fee_per_side_usd; data_contract.yaml: price_level.
    """

    def __init__(self, learning: Learning, risk_model: RiskModel, data: DataContract) -> None:
        self._spacing_ns = learning.shadow.min_spacing_minutes * MINUTE_NS
        self._fee_cents = to_cents(risk_model.fee_per_side_usd)
        self._hole_ns, self._level = hole_ns(data), data.price_level
        self._came_ns = self._rejected = 0  # of the newest bar, believed or not; bars in a row that were not
        self._close: int | None = None  # the last that was believed
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

    @property
    def any_open(self) -> bool:
        """Whether any shadow is followed; while none is, `flatten` says nothing."""
        return bool(self._shadows)

    def on_bar(self, bar: Bar, slippage_ticks_now: int, flatten: bool) -> list[ShadowRecord | TradeOutcome]:
        """Follow every shadow through one bar; what expired unfilled or closed, in the order they started.

        Pass `flatten` on the session's flatten bar and on every bar after it, so that nothing is
        carried overnight even if that bar is missing.
        """
        ended: list[ShadowRecord | TradeOutcome] = []
        self._rejected = 0
        self._see(bar.ts_ns, None)
        before, self._close = self._close, bar.close
        for slot, shadow in list(self._shadows.items()):
            if (reason := shadow.leaving) is None:
                stage = shadow.followed.on_bar(bar, slippage_ticks_now, flatten)
            else:
                stage = self._leave(shadow, reason, bar, slippage_ticks_now, before)
            if stage is Stage.EXPIRED:
                ended.append(ShadowRecord(shadow.trade_id, slot[0], "EXPIRED", list(shadow.refused.gates)))
            elif stage is Stage.CLOSED:
                ended.append(_outcome(shadow, self._fee_cents))
            else:
                continue
            del self._shadows[slot]
        return ended

    def on_rejected(self, ts_ns: int, flatten: bool) -> None:
        """A bar came that is not believed (its close, UTC ns): it fills nothing. `flatten` as for `on_bar`."""
        self._rejected += 1
        reason = ExitReason.SESSION if flatten else None
        self._see(ts_ns, ExitReason.QUALITY if self._rejected >= self._level.close_after_rejected_bars else reason)

    def _see(self, ts_ns: int, reason: ExitReason | None) -> None:
        """Whatever is open and not being left yet is left for this reason, or because bars had stopped before this one."""
        for shadow in self._shadows.values():
            if shadow.followed.stage is not Stage.OPEN or shadow.leaving is not None:
                continue
            shadow.leaving = reason
            if ts_ns - max(self._came_ns, shadow.refused.decided.ts_ns) > self._hole_ns:
                shadow.leaving, shadow.mark = ExitReason.SESSION, Mark.HELD_OVER_GAP
        self._came_ns = max(self._came_ns, ts_ns)

    def _leave(self, shadow: _Shadow, reason: ExitReason, bar: Bar, slippage_ticks: int, close_before: int | None) -> Stage:
        """At the open; void if that is at a level which no market reaches in a day."""
        void = close_before is not None and is_void(bar.open / close_before, self._level)
        if void:
            shadow.mark = Mark.VOID
        return shadow.followed.leave(bar, slippage_ticks, reason, void=void)


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
        mark=shadow.mark or UNSET,
    )
