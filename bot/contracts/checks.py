"""Rules that no single file can hold: what must agree across the contracts, and between them and the strategies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.contracts.declaration import Declared
from bot.contracts.models import OwnBelief, Rules, TraderRules

EVIDENCE = {  # what the core weighs for each of its beliefs, in the order in which it does (bot/market/beliefs.py)
    "F1": ("vwap_z", "rejection_wick", "close_location", "micro_trend", "efficiency"),
    "F2": ("failed_break", "rejection_wick", "close_location", "volume_z"),
    "F3": ("sweep", "rejection_wick", "close_location", "climax"),
    "F4": ("trend_strength", "micro_trend", "body_impulse", "range_expansion", "participation"),
}
NOISE = "F5"  # the one that has no side and no weights
CORE_BELIEFS = (*EVIDENCE, NOISE)


def cross_file_faults(parsed: dict[str, Any]) -> list[str]:
    """Every disagreement between the files, as sentences that name both places."""
    return [
        *_gates(parsed["constitution"], parsed["data_contract"], parsed["execution_contract"]),
        *_limits(parsed["constitution"]),
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


def _beliefs(strategies: Any) -> Iterator[str]:
    for name, known in EVIDENCE.items():
        weights = getattr(strategies.beliefs, name).weights
        if set(weights) != set(known):
            yield f"strategies.yaml: beliefs.{name}.weights = {', '.join(sorted(weights))} must name exactly {', '.join(sorted(known))}"
        yield from _sum(f"strategies.yaml: beliefs.{name}.weights", weights)
    euc = strategies.euc
    if euc.probability_floor >= euc.probability_ceiling:
        yield f"strategies.yaml: euc.probability_floor = {euc.probability_floor} must be < probability_ceiling = {euc.probability_ceiling}"


def _sum(where: str, weights: Mapping[str, float]) -> Iterator[str]:
    if abs(sum(weights.values()) - 1.0) > 1e-9:
        yield f"{where} = {sum(weights.values()):.4f} in all must be 1"


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


def strategy_faults(parsed: Mapping[str, Any], declared: Mapping[str, Declared], rules: Mapping[str, Rules]) -> list[str]:
    """Every disagreement between the contracts, the strategies' blocks and what the strategies declare."""
    constitution, beliefs = parsed["constitution"], parsed["strategies"].beliefs
    traders = {name: each for name, each in rules.items() if isinstance(each, TraderRules)}
    return [
        *(fault for name, each in traders.items() for fault in _size(declared[name], each, constitution)),
        *_filter([each for each in declared.values() if not issubclass(each.rules_model, TraderRules)]),
        *_owners(beliefs, declared),
        *(fault for each in declared.values() for fault in _belief(each, rules.get(each.name), declared)),
    ]


def _size(strategy: Declared, rules: TraderRules, constitution: Any) -> Iterator[str]:
    where, most = f"{strategy.block_file}: {strategy.name}", constitution.position.max_contracts
    if rules.contracts > most:
        yield f"{where}.contracts = {rules.contracts} must be <= constitution.yaml: position.max_contracts = {most}"
    known = [tier.name for tier in constitution.tiers]
    for tier in rules.tiers:
        if tier not in known:
            yield f"{where}.tiers = {tier} must be a tier of constitution.yaml: one of {', '.join(known)}"


def _filter(filters: list[Declared]) -> Iterator[str]:
    if len(filters) != 1:
        found = " and ".join(f"{each.name} in {each.file}" for each in filters) or "none"
        yield f"strategies/: {found} found that never orders; there must be one, the filter, whose rules derive from Rules"


def _owners(beliefs: Any, declared: Mapping[str, Declared]) -> Iterator[str]:
    """A belief of the core applies in its owner's phases, so that the owner must stand on it."""
    for name in CORE_BELIEFS:
        owner = getattr(beliefs, name).owner
        stands = [each.name for each in declared.values() if each.belief == name and each.shipped]
        if owner not in stands:
            known = " or ".join(stands) or "none does"
            yield f"strategies.yaml: beliefs.{name}.owner = {owner} must be a strategy that stands on it: {known}"


def _belief(strategy: Declared, rules: Rules | None, declared: Mapping[str, Declared]) -> Iterator[str]:
    """A belief is the core's, or one strategy's own: with an evidence function in its file and numbers in its block."""
    name, belief = strategy.name, strategy.belief
    numbers = rules.belief if isinstance(rules, TraderRules) else None
    where = f"{strategy.block_file}: {name}.belief"
    if belief in CORE_BELIEFS:
        if strategy.evidence is not None:
            yield f"{strategy.file}: {name} has evidence and stands on {belief}, which the core weighs; give it a belief of its own"
        if numbers is not None:
            yield f"{where}: {name} stands on {belief}, whose numbers are in strategies.yaml: beliefs; remove these"
    elif strategy.evidence is not None:
        yield from _own_belief(strategy, rules, numbers, [each for each in declared.values() if each.belief == belief and each.evidence])
    elif numbers is not None:
        yield f"{where}: {name} has numbers for {belief}, and {strategy.file.name} no function evidence(state, side, weights)"
    elif not any(each.belief == belief and each.evidence for each in declared.values()):
        known = sorted({*CORE_BELIEFS, *(each.belief for each in declared.values() if each.evidence)})
        yield f"{strategy.file}: {name} stands on {belief}, which nobody declares; known are {', '.join(known)}"


def _own_belief(strategy: Declared, rules: Rules | None, numbers: OwnBelief | None, owners: Iterable[Declared]) -> Iterator[str]:
    name, belief = strategy.name, strategy.belief
    first = next(iter(owners))
    if first is not strategy:
        yield f"{strategy.file}: {name} and {first.name} both have an evidence function for {belief}; give one of them another belief"
    if numbers is not None:
        yield from _sum(f"{strategy.block_file}: {name}.belief.weights", numbers.weights)
    elif rules is not None:  # a block that does not hold is told already
        found = f"{strategy.file.name} has evidence for {belief}"
        yield f"{strategy.block_file}: {name}.belief is missing; {found}, so that its weights, a, b and half_life_bars stand here"
