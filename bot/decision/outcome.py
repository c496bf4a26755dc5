"""TradeOutcome: what one closed trade, real or shadow, was and came to."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

import msgspec

from bot.decision.moment import Moment
from bot.decision.plan import EntryPlan, ExitReason
from bot.units import to_points


class Result(StrEnum):
    """How a trade counts (spec 2, "Counting")."""

    WIN = "win"
    LOSS = "loss"
    SCRATCH = "scratch"


def result_at(net_cents: int, r: float, loss_at_or_below_r: float) -> Result:
    """Loss: net at or below so many R (below 0); win: above 0; between: a scratch, which breaks no streak (constitution.yaml: outcome)."""
    if r <= loss_at_or_below_r:
        return Result.LOSS
    return Result.WIN if net_cents > 0 else Result.SCRATCH


class Mark(StrEnum):
    """Why a trade says nothing of its strategy: its bars stopped while it was held, or the prices it was closed at were another level's.

    It counts for money, limits and streaks as it is booked; not for win rates, nor for learning.
    """

    HELD_OVER_GAP = "HELD_OVER_GAP"
    VOID = "VOID"


class TradeOutcome(msgspec.Struct, frozen=True, gc=False):
    """A closed trade. Prices are quantity-weighted means in points; money is whole cents; times UTC ns.

    `r` is net P&L over planned risk. `mae_ticks` and `mfe_ticks` are the worst and best
    excursion from the entry price, >= 0, per contract. `slippage_ticks` is the exit's, summed over legs
    (0 for targets). `gates` are the refusal codes a shadow trade carries (empty for a
    real trade). `exit_reason` is an ExitReason; a trade whose legs ended differently has
    the last leg's. `closed_ns` is the market time of the last exit. `dvs` is 0 if it was UNKNOWN.
    `naked_seconds` are of market time, as a backtest counts them; nan in a live node, which counts them on the wall.
    `mark` is there only if the trade has one.
    """

    trade_id: str
    strategy: str
    side: int
    quantity: int
    legs: int
    regime: str
    time_of_day: str
    trading_day: str
    opened_ns: int
    closed_ns: int
    decided_ns: int
    entry_price: float
    exit_price: float
    gross_cents: int
    net_cents: int
    risk_cents: int
    r: float
    target_r: float
    exit_reason: str
    thesis_valid_at_exit: bool
    belief: float
    euc: dict[str, float | None]
    dvs: float
    eqs: float
    signals: dict[str, float | None]
    slippage_ticks: float
    spread_ticks: float
    mae_ticks: int
    mfe_ticks: int
    naked_seconds: float
    budget_overrun: bool
    shadow: bool
    gates: tuple[str, ...] = ()
    mark: Mark | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(
        cls,
        trade_id: str,
        plan: EntryPlan,
        decided: Moment,
        time_of_day: str,
        reason: ExitReason,
        *,
        entry_ticks: float,
        exit_ticks: float,
        **came_to: Any,
    ) -> TradeOutcome:
        """The outcome of a plan that was decided at a moment, real or shadow; `time_of_day` is the name of its session phase.

        Mean prices come in ticks; `came_to` are the fields that only the trade's end knows, by their names here.
        """
        return cls(
            trade_id=trade_id,
            strategy=plan.strategy,
            side=plan.side,
            legs=len(plan.legs),
            regime=decided.regime,
            time_of_day=time_of_day,
            trading_day=decided.trading_day,
            decided_ns=decided.ts_ns,
            entry_price=to_points(entry_ticks),
            exit_price=to_points(exit_ticks),
            r=came_to["net_cents"] / came_to["risk_cents"],
            target_r=plan.reward_ratio,
            exit_reason=reason.value,
            thesis_valid_at_exit=reason is not ExitReason.THESIS,
            belief=plan.thesis.entry_value,
            euc={} if decided.euc is None else msgspec.structs.asdict(decided.euc),
            dvs=0.0 if math.isnan(decided.dvs) else decided.dvs,
            eqs=decided.eqs,
            signals=decided.signals,
            spread_ticks=decided.spread_ticks,
            **came_to,
        )

    @property
    def duration_seconds(self) -> float:
        """From entry fill to last exit, seconds."""
        return (self.closed_ns - self.opened_ns) / 1e9
