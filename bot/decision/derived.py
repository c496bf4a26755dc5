"""The limits of each strategy in each tier, worked out for people: `mesbot contracts` and `mesbot check` (spec 2, "Derived")."""

from __future__ import annotations

from typing import NamedTuple

from bot.decision.limits import Limits, StopCap, TierLimits
from bot.units import TICK_CENTS


class StrategyLimits(NamedTuple):
    """What one strategy may do in one tier. Money in cents, stops in ticks a contract.

    `worst_case_cents` is that of a plan at the stop cap, `required_funds_cents` what the margin
    rule wants free before an entry, `margin_opens_at_cents` the lowest equity within the tier
    that can hold it (None: none can).
    """

    strategy: str
    tier: str
    allowed: bool
    quantity: int
    risk_cap_cents: int
    stop_cap: StopCap
    worst_case_cents: int
    required_funds_cents: int
    margin_opens_at_cents: int | None


def strategy_limits(limits: Limits, tier: TierLimits, slippage_ticks: int) -> list[StrategyLimits]:
    """The limits of every strategy that enters, in one tier, those that the tier forbids included; asked of the gates' arithmetic."""
    return [_limits_of(limits, tier, slippage_ticks, name) for name in limits.contracts_of]


def _limits_of(limits: Limits, tier: TierLimits, slippage_ticks: int, strategy: str) -> StrategyLimits:
    quantity = limits.contracts_of[strategy]
    cap = limits.stop_cap(tier, quantity)
    return StrategyLimits(
        strategy=strategy,
        tier=tier.name,
        allowed=strategy in tier.strategies,
        quantity=quantity,
        risk_cap_cents=limits.risk_cap_cents(tier),
        stop_cap=cap,
        worst_case_cents=limits.worst_case_cents(cap.ticks * TICK_CENTS * quantity, quantity, slippage_ticks),
        required_funds_cents=limits.required_funds_cents(quantity),
        margin_opens_at_cents=limits.margin_opens_at_cents(tier, quantity),
    )
