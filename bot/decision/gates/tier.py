"""Layer 5: the capital tier (equity at the trading day's start) and the margin buffer."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate, PlanGate, refused
from bot.decision.limits import Limits, TierLimits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.units import to_usd

L5 = Layer.TIER


def _equity(now: Snapshot, limits: Limits) -> Refused | None:
    if now.equity_cents is None or now.available_cents is None:
        return refused(Code.EQUITY_UNKNOWN, L5, "equity", "unknown", "required", "known")
    return None


def _tier(now: Snapshot, limits: Limits) -> TierLimits | None:
    """The tier of a known equity; what has none is refused as unknown, or because no tier has its strategy."""
    return None if now.equity_cents is None else limits.tier(now.equity_cents)


def _strategy(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    tier = _tier(now, limits)
    if now.equity_cents is None or (tier is not None and plan.strategy in tier.strategies):
        return None
    floor = min((tier.min_equity_cents for tier in limits.tiers if plan.strategy in tier.strategies), default=None)
    limit = "never" if floor is None else to_usd(floor)
    return refused(Code.TIER_STRATEGY, L5, "equity", to_usd(now.equity_cents), "minimum", limit, "USD")


def _stop(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    tier = _tier(now, limits)
    if tier is None:
        return None
    limit = tier.widest_stop_ticks(plan.quantity)
    return refused(Code.TIER_STOP, L5, "stop_ticks", plan.stop_ticks, "maximum", limit, "ticks") if plan.stop_ticks > limit else None


def _risk(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    tier = _tier(now, limits)
    if tier is None or plan.risk_cents <= tier.max_risk_cents:
        return None
    return refused(Code.TIER_RISK, L5, "risk", to_usd(plan.risk_cents), "maximum", to_usd(tier.max_risk_cents), "USD")


def _margin(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    needed = limits.required_funds_cents(plan.quantity, now.margin_cents)
    if now.available_cents is None or now.available_cents >= needed:
        return None
    return refused(Code.MARGIN_BUFFER, L5, "available", to_usd(now.available_cents), "minimum", to_usd(needed), "USD")


BAR_GATES = (BarGate("equity known", L5, (Code.EQUITY_UNKNOWN,), _equity),)
PLAN_GATES = (
    PlanGate("tier's strategies", L5, (Code.TIER_STRATEGY,), _strategy),
    PlanGate("tier's stop", L5, (Code.TIER_STOP,), _stop),
    PlanGate("tier's risk", L5, (Code.TIER_RISK,), _risk),
    PlanGate("margin buffer", L5, (Code.MARGIN_BUFFER,), _margin),
)
