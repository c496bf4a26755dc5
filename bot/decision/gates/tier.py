"""Layer 5: the capital tier (equity at the trading day's start) and the margin buffer."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate, PlanGate, refused
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.units import TICK_CENTS, to_usd

L5 = Layer.TIER


def _equity(now: Snapshot, law: Limits) -> Refused | None:
    if now.equity_cents is None or now.available_cents is None:
        return refused(Code.EQUITY_UNKNOWN, L5, "equity", "unknown", "required", "known")
    return None


def _strategy(plan: EntryPlan, now: Snapshot, law: Limits) -> Refused | None:
    if now.equity_cents is None or plan.strategy in law.tier(now.equity_cents).strategies:
        return None
    floor = min((tier.min_equity_cents for tier in law.tiers if plan.strategy in tier.strategies), default=None)
    limit = "never" if floor is None else to_usd(floor)
    return refused(Code.TIER_STRATEGY, L5, "equity", to_usd(now.equity_cents), "minimum", limit, "USD")


def _stop(plan: EntryPlan, now: Snapshot, law: Limits) -> Refused | None:
    if now.equity_cents is None:
        return None
    tier = law.tier(now.equity_cents)
    limit = min(tier.max_stop_ticks, tier.max_risk_cents // (TICK_CENTS * plan.quantity))
    return refused(Code.TIER_STOP, L5, "stop_ticks", plan.stop_ticks, "maximum", limit, "ticks") if plan.stop_ticks > limit else None


def _risk(plan: EntryPlan, now: Snapshot, law: Limits) -> Refused | None:
    if now.equity_cents is None:
        return None
    limit = law.tier(now.equity_cents).max_risk_cents
    if plan.risk_cents <= limit:
        return None
    return refused(Code.TIER_RISK, L5, "risk", to_usd(plan.risk_cents), "maximum", to_usd(limit), "USD")


def _margin(plan: EntryPlan, now: Snapshot, law: Limits) -> Refused | None:
    if now.available_cents is None:
        return None
    needed = law.margin_buffer * law.initial_margin_cents * plan.quantity
    if now.available_cents >= needed:
        return None
    return refused(Code.MARGIN_BUFFER, L5, "available", to_usd(now.available_cents), "minimum", needed / 100, "USD")


BAR_GATES = (BarGate("equity known", L5, (Code.EQUITY_UNKNOWN,), _equity),)
PLAN_GATES = (
    PlanGate("tier's strategies", L5, (Code.TIER_STRATEGY,), _strategy),
    PlanGate("tier's stop", L5, (Code.TIER_STOP,), _stop),
    PlanGate("tier's risk", L5, (Code.TIER_RISK,), _risk),
    PlanGate("margin buffer", L5, (Code.MARGIN_BUFFER,), _margin),
)
