"""From the core's types to the bodies of journal records, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bot.decision.euc import Euc, EucInputs
from bot.decision.intent import Intent
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis
from bot.decision.verdict import Refused
from bot.journal.records import GateRecord, IntentRecord, PlanRecord
from bot.market.state import MarketState
from bot.units import nearest_tick, to_points

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
    values.update((name, to_points(getattr(state, name))) for name in POINTS)
    values["climax"], values["lunch_void"] = float(state.climax), float(state.lunch_void)
    values["spread_ticks"], values["slippage_ticks"] = float(state.spread_ticks), float(state.slippage_ticks)
    return values


def plan_record(plan: EntryPlan) -> PlanRecord:
    """A plan as journaled: prices in points."""
    return PlanRecord(
        side=plan.side,
        entry_type=plan.entry_type.value,
        limit=to_points(plan.limit),
        trigger=None if plan.trigger is None else to_points(plan.trigger),
        legs=[(leg.quantity, to_points(leg.stop), to_points(leg.target)) for leg in plan.legs],
        stop_ticks=plan.stop_ticks,
        risk_cents=plan.risk_cents,
        reward_ratio=plan.reward_ratio if plan.risk_cents > 0 else float("nan"),
        max_minutes=plan.max_minutes,
        ttl_seconds=plan.ttl_seconds,
        belief=plan.thesis.belief,
        entry_value=plan.thesis.entry_value,
        exit_belief=plan.thesis.exit_belief,
        level=None if plan.thesis.level is None else to_points(plan.thesis.level),
    )


def plan_of(strategy: str, record: PlanRecord) -> EntryPlan:
    """The plan a record was made from."""
    return EntryPlan(
        strategy=strategy,
        side=record.side,
        entry_type=EntryType(record.entry_type),
        limit=nearest_tick(record.limit),
        trigger=None if record.trigger is None else nearest_tick(record.trigger),
        legs=tuple(Leg(quantity, nearest_tick(stop), nearest_tick(target)) for quantity, stop, target in record.legs),
        ttl_seconds=record.ttl_seconds,
        max_minutes=record.max_minutes,
        thesis=Thesis(
            record.belief,
            record.entry_value,
            record.exit_belief,
            None if record.level is None else nearest_tick(record.level),
        ),
    )


def journaled_outcome[Outcome: TradeOutcome](body: Mapping[str, Any], kind: type[Outcome] = TradeOutcome) -> Outcome:
    """The outcome a record's body was made from: null is nan again, but for a signal, which may be unknown."""
    known = {name: math.nan if value is None else value for name, value in body.items()}
    parts = {name: math.nan if value is None else value for name, value in body["euc"].items()}
    return msgspec.convert(known | {"euc": parts}, kind)


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


def gate_records(refusals: Sequence[Refused]) -> list[GateRecord]:
    """Refusals as journaled, in their order."""
    return [gate_record(refusal) for refusal in refusals]


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
