"""The contracts' numbers in whole cents, ticks and nanoseconds, and the one arithmetic of limits.

The gates refuse by it, and `mesbot contracts` and `mesbot check` show it. Source: spec 2, "Derived".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

import msgspec

from bot.contracts.models import Contracts, EucLaw
from bot.units import MINUTE_NS, SECOND_NS, TICK_CENTS, round_trip_fees_cents, to_cents

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stop_ticks_for(cents: int, quantity: int) -> int:
    """How wide a stop, in ticks, an amount of planned risk buys `quantity` (>= 1) contracts, rounded down."""
    return cents // (TICK_CENTS * quantity)


class Binding(StrEnum):
    """Which limit sets a stop cap."""

    CONSTITUTION = "constitution"
    TIER = "tier"
    RISK_CAP = "risk cap"


class StopCap(msgspec.Struct, frozen=True):
    """The widest stop in ticks a contract, and every limit that sets it (several when they tie)."""

    ticks: int
    binding: tuple[Binding, ...]


class TierLimits(msgspec.Struct, frozen=True):
    """One capital tier (constitution.yaml: tiers)."""

    name: str
    min_equity_cents: int
    strategies: frozenset[str]
    max_stop_ticks: int
    max_risk_cents: int

    def widest_stop_ticks(self, quantity: int) -> int:
        """Widest stop in ticks that this tier's stop and risk let `quantity` (>= 1) contracts have; may be 0."""
        return min(self.max_stop_ticks, stop_ticks_for(self.max_risk_cents, quantity))


class BlackoutLimits(msgspec.Struct, frozen=True):
    """Entries are refused in [start_ns, end_ns)."""

    start_ns: int
    end_ns: int
    reason: str


class Limits(msgspec.Struct, frozen=True):
    """Every limit an entry is held against, EUC's weights among them. Built by `Limits.of(contracts)`.

    Sources: constitution.yaml; risk_model.yaml for sizes, fee and margin buffer;
    execution_contract.yaml for the form of orders; strategies.yaml: euc.
    """

    max_contracts: int
    contracts_of: Mapping[str, int]
    max_risk_cents: int
    max_stop_ticks: int
    min_stop_ticks: int
    day_cents: int
    week_cents: int
    month_cents: int
    max_losses: int
    loss_r: float
    max_trades: int
    max_hour_entries: int
    spacing_ns: int
    max_submissions: int
    dvs_enter: float
    dvs_hold: float
    dvs_kill: float
    eqs_enter: float
    eqs_hold: float
    eqs_kill: float
    kill_bars: int
    friction_share: float
    volatility_ns: int
    execution_ns: int
    execution_spread_ticks: int
    execution_slippage_ticks: int
    news_ns: int
    blackouts: tuple[BlackoutLimits, ...]
    tiers: tuple[TierLimits, ...]
    initial_margin_cents: int
    margin_buffer: Decimal
    fee_cents: int
    entry_types: frozenset[str]
    ttl_ns: int
    max_stop_changes: int
    euc: EucLaw

    @classmethod
    def of(cls, contracts: Contracts) -> Limits:
        """The limits of these contracts."""
        constitution, lockouts, execution = contracts.constitution, contracts.constitution.lockouts, contracts.execution_contract
        gates = constitution.quality_gates
        return cls(
            max_contracts=constitution.position.max_contracts,
            contracts_of=MappingProxyType({name: contracts.trader(name).contracts for name in contracts.traders}),
            max_risk_cents=to_cents(constitution.risk_per_trade.max_risk_usd),
            max_stop_ticks=constitution.risk_per_trade.max_stop_ticks,
            min_stop_ticks=constitution.risk_per_trade.min_stop_ticks,
            day_cents=to_cents(constitution.loss_limits.day_usd),
            week_cents=to_cents(constitution.loss_limits.week_usd),
            month_cents=to_cents(constitution.loss_limits.month_usd),
            max_losses=constitution.losing_streak.max_losses,
            loss_r=constitution.outcome.loss_at_or_below_r,
            max_trades=constitution.frequency.max_trades_per_day,
            max_hour_entries=constitution.frequency.max_entries_per_hour,
            spacing_ns=constitution.frequency.min_spacing_minutes * MINUTE_NS,
            max_submissions=constitution.frequency.max_submissions_per_day,
            dvs_enter=gates.dvs.enter,
            dvs_hold=gates.dvs.hold,
            dvs_kill=gates.dvs.kill,
            eqs_enter=gates.eqs.enter,
            eqs_hold=gates.eqs.hold,
            eqs_kill=gates.eqs.kill,
            kill_bars=constitution.kill_switch.bars_below_kill,
            friction_share=constitution.friction.max_share_of_target,
            volatility_ns=lockouts.volatility_shock.minutes * MINUTE_NS,
            execution_ns=lockouts.execution_danger.minutes * MINUTE_NS,
            execution_spread_ticks=lockouts.execution_danger.spread_ticks,
            execution_slippage_ticks=lockouts.execution_danger.slippage_ticks,
            news_ns=lockouts.news_shock.minutes * MINUTE_NS,
            blackouts=tuple(BlackoutLimits(_ns(item.start), _ns(item.end), item.reason) for item in lockouts.blackouts),
            tiers=tuple(
                TierLimits(
                    tier.name,
                    to_cents(tier.min_equity_usd),
                    contracts.allowed_in(tier.name),
                    tier.max_stop_ticks,
                    to_cents(tier.max_risk_usd),
                )
                for tier in constitution.tiers
            ),
            initial_margin_cents=to_cents(constitution.instrument.backtest_initial_margin_usd),
            margin_buffer=Decimal(str(contracts.risk_model.margin_buffer)),
            fee_cents=to_cents(contracts.risk_model.fee_per_side_usd),
            entry_types=frozenset(execution.entry.order_types),
            ttl_ns=round(execution.entry.ttl_seconds * SECOND_NS),
            max_stop_changes=execution.exit.max_stop_changes,
            euc=contracts.strategies.euc,
        )

    def tier(self, equity_cents: int) -> TierLimits | None:
        """The highest tier whose floor this equity reaches; None if it is below every tier, and then nothing is allowed."""
        reached = (tier for tier in self.tiers if equity_cents >= tier.min_equity_cents)
        return max(reached, key=lambda tier: tier.min_equity_cents, default=None)

    def widest_stop_ticks(self, quantity: int) -> int:
        """Widest stop in ticks that risk_per_trade lets `quantity` (>= 1) contracts have, whatever the tier; may be 0."""
        return min(self.max_stop_ticks, stop_ticks_for(self.max_risk_cents, quantity))

    def risk_cap_cents(self, tier: TierLimits) -> int:
        """Most planned risk of one trade in this tier, all legs together."""
        return min(self.max_risk_cents, tier.max_risk_cents)

    def stop_cap(self, tier: TierLimits, quantity: int) -> StopCap:
        """Widest stop that constitution and tier both let `quantity` (>= 1) contracts have; may be 0 ticks."""
        ticks = min(self.widest_stop_ticks(quantity), tier.widest_stop_ticks(quantity))
        limits = {
            Binding.CONSTITUTION: self.max_stop_ticks,
            Binding.TIER: tier.max_stop_ticks,
            Binding.RISK_CAP: stop_ticks_for(self.risk_cap_cents(tier), quantity),
        }
        return StopCap(ticks, tuple(name for name, limit in limits.items() if limit == ticks))

    def friction_cents(self, quantity: int, slippage_ticks: int) -> int:
        """Pessimistic round-trip friction: fees both ways, and slippage of the stop (`slippage_ticks` a contract)."""
        return round_trip_fees_cents(self.fee_cents, quantity) + slippage_ticks * TICK_CENTS * quantity

    def worst_case_cents(self, risk_cents: int, quantity: int, slippage_ticks: int) -> int:
        """What a plan can lose at worst: planned risk and friction."""
        return risk_cents + self.friction_cents(quantity, slippage_ticks)

    def stop_within_ticks(self, budget_cents: int, quantity: int, slippage_ticks: int) -> int:
        """Widest stop in ticks whose worst case still fits a loss budget; 0 if none does. The caps are another question."""
        return max(0, stop_ticks_for(budget_cents - self.friction_cents(quantity, slippage_ticks), quantity))

    def min_target_ticks(self, slippage_ticks: int) -> int | None:
        """Nearest target in ticks of which friction is no more than its allowed share (constitution.yaml: friction); None: none is."""
        friction_cents = self.friction_cents(1, slippage_ticks)
        if not friction_cents:
            return 1
        return math.ceil(friction_cents / (Decimal(str(self.friction_share)) * TICK_CENTS)) if self.friction_share else None

    def required_funds_cents(self, quantity: int, broker_margin_cents: int = 0) -> int:
        """Funds that must be available before an entry: buffer x initial margin x contracts, rounded up to the cent.

        The buffer is risk_model.yaml: margin_buffer. The margin is constitution.yaml: instrument.backtest_initial_margin_usd, or
        what the broker itself asks for one contract if that is more; 0 where there is none to ask.
        """
        return math.ceil(self.margin_buffer * max(self.initial_margin_cents, broker_margin_cents) * quantity)

    def margin_opens_at_cents(self, tier: TierLimits, quantity: int) -> int | None:
        """Lowest equity within the tier that can hold the required funds of `quantity` contracts; None if none can."""
        opens_at = max(tier.min_equity_cents, self.required_funds_cents(quantity))
        return opens_at if self.tier(opens_at) == tier else None


def _ns(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
