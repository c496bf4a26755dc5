"""From the core's types to the bodies of journal records, and back."""

from __future__ import annotations

import msgspec

from bot.decision.euc import Euc, EucInputs
from bot.decision.intent import Intent
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis
from bot.decision.verdict import Refused
from bot.journal.records import GateRecord, IntentRecord, PlanRecord
from bot.market.state import MarketState
from bot.units import TICK_POINTS

SIGNALS = (
    "vwap_z",
    "atr_norm",
    "trend_strength",
    "rejection_wick",
    "close_location",
    "micro_trend",
    "body_impulse",
    "efficiency",
    "volume_z",
    "range_expansion",
    "participation",
    "noise",
)
POINTS = ("vwap", "vwap_sigma", "true_range", "atr_14", "atr_30")


def signals_of(state: MarketState) -> dict[str, float]:
    """The signals of a bar by name; prices and ranges in points, nan where undefined."""
    values = {name: getattr(state, name) for name in SIGNALS}
    values.update((name, getattr(state, name) * TICK_POINTS) for name in POINTS)
    values["climax"], values["lunch_void"] = float(state.climax), float(state.lunch_void)
    values["spread_ticks"], values["slippage_ticks"] = float(state.spread_ticks), float(state.slippage_ticks)
    return values


def plan_record(plan: EntryPlan) -> PlanRecord:
    """A plan as journaled: prices in points."""
    return PlanRecord(
        side=plan.side,
        entry_type=plan.entry_type.value,
        limit=plan.limit * TICK_POINTS,
        trigger=None if plan.trigger is None else plan.trigger * TICK_POINTS,
        legs=[(leg.quantity, leg.stop * TICK_POINTS, leg.target * TICK_POINTS) for leg in plan.legs],
        stop_ticks=plan.stop_ticks,
        risk_cents=plan.risk_cents,
        reward_ratio=plan.reward_ratio if plan.risk_cents > 0 else float("nan"),
        max_minutes=plan.max_minutes,
        ttl_seconds=plan.ttl_seconds,
        belief=plan.thesis.belief,
        entry_value=plan.thesis.entry_value,
        exit_belief=plan.thesis.exit_belief,
        level=None if plan.thesis.level is None else plan.thesis.level * TICK_POINTS,
    )


def plan_of(strategy: str, record: PlanRecord) -> EntryPlan:
    """The plan a record was made from."""
    return EntryPlan(
        strategy=strategy,
        side=record.side,
        entry_type=EntryType(record.entry_type),
        limit=round(record.limit / TICK_POINTS),
        trigger=None if record.trigger is None else round(record.trigger / TICK_POINTS),
        legs=tuple(Leg(quantity, round(stop / TICK_POINTS), round(target / TICK_POINTS)) for quantity, stop, target in record.legs),
        ttl_seconds=record.ttl_seconds,
        max_minutes=record.max_minutes,
        thesis=Thesis(
            record.belief,
            record.entry_value,
            record.exit_belief,
            None if record.level is None else round(record.level / TICK_POINTS),
        ),
    )


def gate_record(refusal: Refused) -> GateRecord:
    """A refusal as journaled."""
    return GateRecord(
        refusal.code,
        refusal.layer,
        refusal.observed_name,
        refusal.observed,
        refusal.limit_name,
        refusal.limit,
        refusal.unit,
        refusal.distance,
    )


def intent_record(intent: Intent) -> IntentRecord:
    """An intent as it is written ahead of its orders."""
    return IntentRecord(
        intent_id=intent.intent_id,
        strategy=intent.plan.strategy,
        trading_day=intent.trading_day,
        plan=plan_record(intent.plan),
        decided_ns=intent.decided_ns,
        expires_ns=intent.expires_ns,
        slippage_ticks=intent.slippage_ticks,
        dvs=intent.dvs,
        eqs=intent.eqs,
        euc=msgspec.structs.asdict(intent.euc),
        euc_inputs=msgspec.structs.asdict(intent.inputs),
        regime=intent.regime,
        session_phase=intent.session_phase,
        signals=intent.signals,
    )


def intent_of(record: IntentRecord) -> Intent:
    """The intent a record was made from."""
    return Intent(
        intent_id=record.intent_id,
        trading_day=record.trading_day,
        decided_ns=record.decided_ns,
        expires_ns=record.expires_ns,
        slippage_ticks=record.slippage_ticks,
        plan=plan_of(record.strategy, record.plan),
        dvs=record.dvs,
        eqs=record.eqs,
        euc=Euc(**record.euc),
        inputs=EucInputs(**record.euc_inputs),
        regime=record.regime,
        session_phase=record.session_phase,
        signals={name: float("nan") if value is None else value for name, value in record.signals.items()},
    )
