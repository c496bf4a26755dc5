"""Limits that follow from the contracts: pure arithmetic on whole cents and whole ticks.

Nothing here is a limit of its own; every number comes from the models (spec 2, "Derived").
"""

from __future__ import annotations

import math
from datetime import date as Date
from datetime import datetime as DateTime
from datetime import time as Time
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from bot.contracts.models import Constitution, Contracts, RiskModel, Tier
from bot.units import TICK_CENTS, to_cents


class Binding(StrEnum):
    """Which limit sets a stop cap."""

    CONSTITUTION = "constitution"
    TIER = "tier"
    RISK_CAP = "risk cap"


class Window(NamedTuple):
    """[start, end) on the clock of New York."""

    start: Time
    end: Time


class StrategyLimits(NamedTuple):
    """What one strategy may do in one tier. Money in cents, stops in ticks a contract.

    `binding` names every limit that sets `stop_cap_ticks` (several when they tie).
    `worst_case_cents` is that of a plan at the stop cap in the mildest slippage.
    `required_funds_cents` is what the margin rule wants free before an entry.
    """

    strategy: str
    tier: str
    allowed: bool
    quantity: int
    risk_cap_cents: int
    stop_cap_ticks: int
    binding: tuple[Binding, ...]
    worst_case_cents: int
    required_funds_cents: int


def tier_of(constitution: Constitution, equity_cents: int | None) -> Tier | None:
    """The capital tier of an equity in cents; None if it is unknown (None) or below every tier."""
    if equity_cents is None:
        return None
    reached = [tier for tier in constitution.tiers if equity_cents >= to_cents(tier.min_equity_usd)]
    return reached[-1] if reached else None


def risk_cap_cents(constitution: Constitution, tier: Tier) -> int:
    """Most planned risk of one trade in this tier, all legs together, in cents."""
    return min(to_cents(constitution.risk_per_trade.max_risk_usd), to_cents(tier.max_risk_usd))


def stop_cap_ticks(constitution: Constitution, tier: Tier, quantity: int) -> int:
    """Widest stop in ticks of a plan of `quantity` (>= 1) contracts in this tier; may be 0.

    The lowest of the constitution's, the tier's, and what the risk cap buys, rounded down.
    """
    return min(_stop_limits(constitution, tier, quantity).values())


def worst_case_cents(risk_cents: int, quantity: int, slippage_ticks: int, fee_cents: int) -> int:
    """What a plan can cost in cents: planned risk, fees of both sides, and slippage of its stops.

    `fee_cents` is a side and contract, `slippage_ticks` a contract.
    """
    return risk_cents + 2 * fee_cents * quantity + slippage_ticks * TICK_CENTS * quantity


def largest_stop_ticks(budget_cents: int, quantity: int, slippage_ticks: int, fee_cents: int) -> int:
    """Widest stop whose worst case still fits a loss budget in cents; 0 if none does."""
    free_cents = budget_cents - worst_case_cents(0, quantity, slippage_ticks, fee_cents)
    return max(0, free_cents // (TICK_CENTS * quantity))


def required_funds_cents(risk_model: RiskModel, initial_margin_cents: int, quantity: int) -> int:
    """Funds in cents that must be available before an entry, rounded up: buffer x margin x contracts."""
    return math.ceil(Decimal(str(risk_model.margin_buffer)) * initial_margin_cents * quantity)


def margin_opens_at_cents(constitution: Constitution, tier: Tier, required_cents: int) -> int | None:
    """Lowest equity in cents within the tier that can hold `required_cents` of free funds; None if none can."""
    floors = [to_cents(each.min_equity_usd) for each in constitution.tiers]
    floor = to_cents(tier.min_equity_usd)
    ceiling = next((other for other in floors if other > floor), None)
    opens_at = max(floor, required_cents)
    return opens_at if ceiling is None or opens_at < ceiling else None


def min_target_ticks(contracts: Contracts, slippage_ticks: int) -> int:
    """Nearest target in ticks whose friction (fees of both sides, slippage of the stop) is within its allowed share."""
    friction_cents = worst_case_cents(0, 1, slippage_ticks, to_cents(contracts.risk_model.fee_per_side_usd))
    share = Decimal(str(contracts.constitution.friction.max_share_of_target))
    return math.ceil(friction_cents / (share * TICK_CENTS))


def minutes_before(clock: Time, minutes: int) -> Time:
    """The time of day some minutes (less than a day) before another."""
    return (DateTime.combine(Date.min, clock) - timedelta(minutes=minutes)).time()


def entry_windows(contracts: Contracts, strategy: str) -> list[Window]:
    """When a strategy that orders may decide an entry on a full day: half-open [start, end) in New York, in order.

    Its phases and its own earliest time, less the session's no-entry windows and the day's end.
    """
    session, law = contracts.session, contracts.trader(strategy)
    starts = [phase.start for phase in session.phases]
    spans = {phase.code: Window(phase.start, end) for phase, end in zip(session.phases, [*starts[1:], session.rth.close], strict=True)}
    windows = [spans[code] for code in sorted(law.phases)]
    last = minutes_before(session.rth.close, session.last_entry_minutes_before_close)
    closed = [Window(Time.min, getattr(law, "not_before", Time.min)), Window(last, Time.max)]
    for hole in [*(Window(law.start, law.end) for law in session.no_entry), *closed]:
        windows = [part for window in windows for part in _without(window, hole)]
    return _joined(windows)


def strategy_limits(contracts: Contracts, tier: Tier) -> list[StrategyLimits]:
    """The derived limits of every strategy that orders in one tier, those that the tier forbids included."""
    return [_limits_of(contracts, tier, name) for name in contracts.traders]


def _limits_of(contracts: Contracts, tier: Tier, strategy: str) -> StrategyLimits:
    constitution, risk_model = contracts.constitution, contracts.risk_model
    quantity = contracts.trader(strategy).contracts
    stops = _stop_limits(constitution, tier, quantity)
    cap_ticks = min(stops.values())
    slippage_ticks = contracts.execution_contract.slippage.base_ticks
    fee_cents = to_cents(risk_model.fee_per_side_usd)
    margin_cents = to_cents(constitution.instrument.backtest_initial_margin_usd)
    return StrategyLimits(
        strategy=strategy,
        tier=tier.name,
        allowed=tier.name in contracts.trader(strategy).tiers,
        quantity=quantity,
        risk_cap_cents=risk_cap_cents(constitution, tier),
        stop_cap_ticks=cap_ticks,
        binding=tuple(name for name, ticks in stops.items() if ticks == cap_ticks),
        worst_case_cents=worst_case_cents(cap_ticks * TICK_CENTS * quantity, quantity, slippage_ticks, fee_cents),
        required_funds_cents=required_funds_cents(risk_model, margin_cents, quantity),
    )


def _stop_limits(constitution: Constitution, tier: Tier, quantity: int) -> dict[Binding, int]:
    return {
        Binding.CONSTITUTION: constitution.risk_per_trade.max_stop_ticks,
        Binding.TIER: tier.max_stop_ticks,
        Binding.RISK_CAP: risk_cap_cents(constitution, tier) // (TICK_CENTS * quantity),
    }


def _without(window: Window, hole: Window) -> list[Window]:
    """What is left of a window around a hole: nothing, one part or two."""
    parts = (Window(window.start, min(window.end, hole.start)), Window(max(window.start, hole.end), window.end))
    return [part for part in parts if part.start < part.end]


def _joined(windows: list[Window]) -> list[Window]:
    """Windows in order, those that touch made one."""
    joined: list[Window] = []
    for window in windows:
        if joined and joined[-1].end == window.start:
            joined[-1] = Window(joined[-1].start, window.end)
        else:
            joined.append(window)
    return joined
