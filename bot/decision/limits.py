"""The contracts' numbers as the gates use them: whole cents, ticks and nanoseconds, worked out once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from bot.contracts.models import Contracts
from bot.units import MINUTE_NS, SECOND_NS, TICK_CENTS, to_cents

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TierLimits(msgspec.Struct, frozen=True):
    """One capital tier."""

    name: str
    min_equity_cents: int
    strategies: frozenset[str]
    max_stop_ticks: int
    max_risk_cents: int


class BlackoutLimits(msgspec.Struct, frozen=True):
    """Entries are refused in [start_ns, end_ns)."""

    start_ns: int
    end_ns: int
    reason: str


class Limits(msgspec.Struct, frozen=True):
    """Every limit an entry is held against. Built by `Limits.of(contracts)`."""

    max_contracts: int
    contracts_of: dict[str, int]
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
    margin_buffer: float
    fee_cents: int
    entry_types: frozenset[str]
    ttl_ns: int
    max_stop_changes: int

    @classmethod
    def of(cls, contracts: Contracts) -> Limits:
        """The limits of these contracts."""
        law, lockouts, execution = contracts.constitution, contracts.constitution.lockouts, contracts.execution_contract
        gates = law.quality_gates
        return cls(
            max_contracts=law.position.max_contracts,
            contracts_of={name: contracts.trader(name).contracts for name in contracts.traders},
            max_risk_cents=to_cents(law.risk_per_trade.max_risk_usd),
            max_stop_ticks=law.risk_per_trade.max_stop_ticks,
            min_stop_ticks=law.risk_per_trade.min_stop_ticks,
            day_cents=to_cents(law.loss_limits.day_usd),
            week_cents=to_cents(law.loss_limits.week_usd),
            month_cents=to_cents(law.loss_limits.month_usd),
            max_losses=law.losing_streak.max_losses,
            loss_r=law.outcome.loss_at_or_below_r,
            max_trades=law.frequency.max_trades_per_day,
            max_hour_entries=law.frequency.max_entries_per_hour,
            spacing_ns=law.frequency.min_spacing_minutes * MINUTE_NS,
            max_submissions=law.frequency.max_submissions_per_day,
            dvs_enter=gates.dvs.enter,
            dvs_hold=gates.dvs.hold,
            dvs_kill=gates.dvs.kill,
            eqs_enter=gates.eqs.enter,
            eqs_hold=gates.eqs.hold,
            eqs_kill=gates.eqs.kill,
            kill_bars=law.kill_switch.bars_below_kill,
            friction_share=law.friction.max_share_of_target,
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
                for tier in law.tiers
            ),
            initial_margin_cents=to_cents(law.instrument.backtest_initial_margin_usd),
            margin_buffer=contracts.risk_model.margin_buffer,
            fee_cents=to_cents(contracts.risk_model.fee_per_side_usd),
            entry_types=frozenset(execution.entry.order_types),
            ttl_ns=round(execution.entry.ttl_seconds * SECOND_NS),
            max_stop_changes=execution.exit.max_stop_changes,
        )

    def tier(self, equity_cents: int) -> TierLimits:
        """The highest tier whose floor this equity reaches; the lowest if it is below them all (then the margin gate refuses)."""
        reached = (tier for tier in self.tiers if equity_cents >= tier.min_equity_cents)
        return max(reached, key=lambda tier: tier.min_equity_cents, default=self.tiers[0])

    def fees_cents(self, quantity: int) -> int:
        """Commission and fees both ways."""
        return 2 * self.fee_cents * quantity

    def friction_cents(self, quantity: int, slippage_ticks: int) -> int:
        """Pessimistic round-trip friction: fees both ways and slippage on the stop."""
        return self.fees_cents(quantity) + slippage_ticks * TICK_CENTS * quantity

    def worst_case_cents(self, risk_cents: int, quantity: int, slippage_ticks: int) -> int:
        """What a plan can lose at worst: planned risk and friction."""
        return risk_cents + self.friction_cents(quantity, slippage_ticks)


def _ns(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
