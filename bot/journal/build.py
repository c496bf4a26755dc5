"""From the core's types to the bodies of journal records, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import msgspec

from bot.decision.euc import Euc, EucInputs
from bot.decision.evaluate import Judgement
from bot.decision.intent import Intent
from bot.decision.moment import Moment
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis
from bot.decision.snapshot import Snapshot
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
_SIGNALS_OF, _POINTS_OF = attrgetter(*SIGNALS), attrgetter(*POINTS)


def signals_of(state: MarketState) -> dict[str, float]:
    """The signals of a bar by name; prices and ranges in points, nan where undefined."""
    values = dict(zip(SIGNALS, _SIGNALS_OF(state), strict=True))
    values.update(zip(POINTS, map(to_points, _POINTS_OF(state)), strict=True))
    values["climax"], values["lunch_void"] = float(state.climax), float(state.lunch_void)
    values["spread_ticks"], values["slippage_ticks"] = float(state.spread_ticks), float(state.slippage_ticks)
    return values


def moment_of(now: Snapshot, judgement: Judgement, trading_day: str) -> Moment:
    """What was true when a plan was judged at this moment."""
    return Moment(
        trading_day=trading_day,
        ts_ns=now.ts_ns,
        slippage_ticks=now.market.slippage_ticks,
        dvs=now.dvs,
        eqs=now.eqs,
        euc=judgement.euc,
        inputs=judgement.inputs,
        regime=now.market.regime.value,
        session_phase=now.market.session_phase,
        signals=signals_of(now.market),
    )


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
    return msgspec.convert(nan_again(body) | {"euc": nan_again(body["euc"])}, kind)


def nan_again(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a record's null was before it was written."""
    return {name: math.nan if value is None else value for name, value in values.items()}


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
    decided = intent.decided
    return IntentRecord(
        intent_id=intent.intent_id,
        strategy=intent.plan.strategy,
        trading_day=decided.trading_day,
        plan=plan_record(intent.plan),
        decided_ns=decided.ts_ns,
        expires_ns=intent.expires_ns,
        slippage_ticks=decided.slippage_ticks,
        dvs=decided.dvs,
        eqs=decided.eqs,
        euc=msgspec.structs.asdict(decided.euc),
        euc_inputs=msgspec.structs.asdict(decided.inputs),
        regime=decided.regime,
        session_phase=decided.session_phase,
        signals=decided.signals,
    )


def intent_of(record: IntentRecord) -> Intent:
    """The intent a record was made from."""
    decided = Moment(
        trading_day=record.trading_day,
        ts_ns=record.decided_ns,
        slippage_ticks=record.slippage_ticks,
        dvs=record.dvs,
        eqs=record.eqs,
        euc=Euc(**record.euc),
        inputs=EucInputs(**record.euc_inputs),
        regime=record.regime,
        session_phase=record.session_phase,
        signals=nan_again(record.signals),
    )
    return Intent(record.intent_id, plan_of(record.strategy, record.plan), record.expires_ns, decided)
