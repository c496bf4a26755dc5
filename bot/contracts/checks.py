"""Rules that no single file can hold: what must agree across the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

EVIDENCE = {
    "F1": {"vwap_z", "rejection_wick", "close_location", "micro_trend", "efficiency"},
    "F2": {"failed_break", "rejection_wick", "close_location", "volume_z"},
    "F3": {"sweep", "rejection_wick", "climax", "close_location"},
    "F4": {"trend_strength", "micro_trend", "body_impulse", "range_expansion", "participation"},
}


def cross_file_faults(parsed: dict[str, Any]) -> list[str]:
    """Every disagreement between the files, as sentences that name both places."""
    return [
        *_gates(parsed["constitution"], parsed["data_contract"], parsed["execution_contract"]),
        *_limits(parsed["constitution"]),
        *_sizes(parsed["constitution"], parsed["risk_model"], parsed["strategies"]),
        *_beliefs(parsed["strategies"]),
        *_session(parsed["session"]),
    ]


def _gates(constitution: Any, data: Any, execution: Any) -> Iterator[str]:
    for score, other, file, key in (
        ("dvs", data.dvs.gates, "data_contract.yaml", "dvs.gates"),
        ("eqs", execution.eqs.gates, "execution_contract.yaml", "eqs.gates"),
    ):
        law = getattr(constitution.quality_gates, score)
        for gate in ("enter", "hold", "kill"):
            found, allowed = getattr(other, gate), getattr(law, gate)
            if found != allowed:
                yield (f"{file}: {key}.{gate} = {found} must equal constitution.yaml: quality_gates.{score}.{gate} = {allowed}")
        if not law.kill < law.hold <= law.enter:
            yield (f"constitution.yaml: quality_gates.{score} = {law.enter}, {law.hold}, {law.kill} must fall: enter >= hold > kill")


def _limits(constitution: Any) -> Iterator[str]:
    loss = constitution.loss_limits
    if not loss.day_usd <= loss.week_usd <= loss.month_usd:
        yield f"constitution.yaml: loss_limits = {loss.day_usd}, {loss.week_usd}, {loss.month_usd} must not fall from day to week to month"
    risk = constitution.risk_per_trade
    if risk.min_stop_ticks > risk.max_stop_ticks:
        yield f"constitution.yaml: risk_per_trade.min_stop_ticks = {risk.min_stop_ticks} must be <= max_stop_ticks = {risk.max_stop_ticks}"
    if risk.max_risk_usd > loss.day_usd:
        yield f"constitution.yaml: risk_per_trade.max_risk_usd = {risk.max_risk_usd} must be <= loss_limits.day_usd = {loss.day_usd}"
    floors = [tier.min_equity_usd for tier in constitution.tiers]
    if floors != sorted(set(floors)) or floors[0] != 0:
        yield f"constitution.yaml: tiers.min_equity_usd = {', '.join(map(str, floors))} must start at 0 and rise"
    for index, blackout in enumerate(constitution.lockouts.blackouts):
        where = f"constitution.yaml: lockouts.blackouts.{index}"
        if blackout.start.tzinfo is None or blackout.end.tzinfo is None:
            yield f"{where}: start and end need an offset, e.g. 2025-12-10T13:55-05:00"
        elif blackout.start >= blackout.end:
            yield f"{where}: start = {blackout.start} must be before end = {blackout.end}"


def _sizes(constitution: Any, risk_model: Any, strategies: Any) -> Iterator[str]:
    for name in ("K1", "K2", "K3", "K4"):
        quantity = getattr(risk_model.contracts_per_strategy, name)
        if quantity > constitution.position.max_contracts:
            yield (
                f"risk_model.yaml: contracts_per_strategy.{name} = {quantity} "
                f"must be <= constitution.yaml: position.max_contracts = {constitution.position.max_contracts}"
            )
    quantity = risk_model.contracts_per_strategy.K4
    if len(strategies.K4.leg_targets_r) != quantity:
        yield (
            f"strategies.yaml: K4.leg_targets_r = {strategies.K4.leg_targets_r} must have one leg a contract, "
            f"as risk_model.yaml: contracts_per_strategy.K4 = {quantity}"
        )


def _beliefs(strategies: Any) -> Iterator[str]:
    for name, known in EVIDENCE.items():
        weights = getattr(strategies.beliefs, name).weights
        if set(weights) != known:
            yield f"strategies.yaml: beliefs.{name}.weights = {', '.join(sorted(weights))} must name exactly {', '.join(sorted(known))}"
        if abs(sum(weights.values()) - 1.0) > 1e-9:
            yield f"strategies.yaml: beliefs.{name}.weights = {sum(weights.values()):.4f} in all must be 1"
    euc = strategies.euc
    if euc.probability_floor >= euc.probability_ceiling:
        yield f"strategies.yaml: euc.probability_floor = {euc.probability_floor} must be < probability_ceiling = {euc.probability_ceiling}"


def _session(session: Any) -> Iterator[str]:
    if session.rth.open >= session.rth.close:
        yield f"session.yaml: rth.open = {session.rth.open} must be before rth.close = {session.rth.close}"
    for index, window in enumerate(session.no_entry):
        if window.start >= window.end:
            yield f"session.yaml: no_entry.{index}: start = {window.start} must be before end = {window.end}"
    starts = [phase.start for phase in session.phases]
    if starts != sorted(set(starts)) or starts[0] != session.rth.open:
        yield "session.yaml: phases must start at rth.open and rise"
    if session.flatten_minutes_before_close <= session.flat_minutes_before_close:
        yield (
            f"session.yaml: flatten_minutes_before_close = {session.flatten_minutes_before_close} "
            f"must be > flat_minutes_before_close = {session.flat_minutes_before_close}"
        )
