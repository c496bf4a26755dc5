"""Each limit comes from its own key of the contracts: a key that changes moves its limit and no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from builders import CONTRACTS, LIMITS
from pydantic import BaseModel

from bot.contracts import Contracts
from bot.decision.limits import Binding, BlackoutLimits, Limits, TierLimits
from bot.units import MINUTE_NS, SECOND_NS


def changed(part: Any, keys: list[str], value: Any) -> Any:
    """The same contract with one key of it changed."""
    if not keys:
        return value
    assert isinstance(part, BaseModel) and keys[0] in type(part).model_fields, keys
    return part.model_copy(update={keys[0]: changed(getattr(part, keys[0]), keys[1:], value)})


def with_key(key: str, value: Any) -> Contracts:
    """The contracts with the key `file.section.key` changed; a strategy's block stands for its file."""
    file, *keys = key.split(".")
    if file in CONTRACTS.rules:
        return CONTRACTS.model_copy(update={"rules": CONTRACTS.rules | {file: changed(CONTRACTS.rules[file], keys, value)}})
    return changed(CONTRACTS, [file, *keys], value)


NEW_YORK = timezone(timedelta(hours=-5))
FOMC = SimpleNamespace(start=datetime(2025, 12, 10, 13, 55, tzinfo=NEW_YORK), end=datetime(2025, 12, 10, 20, 0, tzinfo=UTC), reason="FOMC")
FOMC_NS = 1_765_392_900 * SECOND_NS  # 18:55 UTC
TIER = SimpleNamespace(name="A", min_equity_usd=Decimal("12.34"), max_stop_ticks=7, max_risk_usd=Decimal("5.67"))
WEIGHTS = CONTRACTS.strategies.euc.model_copy(update={"prior_weight": 21.0})

KEYS = [  # key of the contracts, its new value, the limit that moves, where to
    ("constitution.position.max_contracts", 7, "max_contracts", 7),
    ("constitution.risk_per_trade.max_risk_usd", Decimal("15.01"), "max_risk_cents", 1501),
    ("constitution.risk_per_trade.max_stop_ticks", 31, "max_stop_ticks", 31),
    ("constitution.risk_per_trade.min_stop_ticks", 5, "min_stop_ticks", 5),
    ("constitution.loss_limits.day_usd", Decimal("30.01"), "day_cents", 3001),
    ("constitution.loss_limits.week_usd", Decimal("75.01"), "week_cents", 7501),
    ("constitution.loss_limits.month_usd", Decimal("150.01"), "month_cents", 15001),
    ("constitution.losing_streak.max_losses", 5, "max_losses", 5),
    ("constitution.outcome.loss_at_or_below_r", -0.5, "loss_r", -0.5),
    ("constitution.frequency.max_trades_per_day", 9, "max_trades", 9),
    ("constitution.frequency.max_entries_per_hour", 4, "max_hour_entries", 4),
    ("constitution.frequency.min_spacing_minutes", 11, "spacing_ns", 11 * MINUTE_NS),
    ("constitution.frequency.max_submissions_per_day", 8, "max_submissions", 8),
    ("constitution.quality_gates.dvs.enter", 0.91, "dvs_enter", 0.91),
    ("constitution.quality_gates.dvs.hold", 0.62, "dvs_hold", 0.62),
    ("constitution.quality_gates.dvs.kill", 0.33, "dvs_kill", 0.33),
    ("constitution.quality_gates.eqs.enter", 0.84, "eqs_enter", 0.84),
    ("constitution.quality_gates.eqs.hold", 0.65, "eqs_hold", 0.65),
    ("constitution.quality_gates.eqs.kill", 0.36, "eqs_kill", 0.36),
    ("constitution.kill_switch.bars_below_kill", 4, "kill_bars", 4),
    ("constitution.friction.max_share_of_target", 0.21, "friction_share", 0.21),
    ("constitution.lockouts.volatility_shock.minutes", 61, "volatility_ns", 61 * MINUTE_NS),
    ("constitution.lockouts.execution_danger.minutes", 31, "execution_ns", 31 * MINUTE_NS),
    ("constitution.lockouts.execution_danger.spread_ticks", 5, "execution_spread_ticks", 5),
    ("constitution.lockouts.execution_danger.slippage_ticks", 6, "execution_slippage_ticks", 6),
    ("constitution.lockouts.news_shock.minutes", 91, "news_ns", 91 * MINUTE_NS),
    ("constitution.lockouts.blackouts", [FOMC], "blackouts", (BlackoutLimits(FOMC_NS, FOMC_NS + 65 * MINUTE_NS, "FOMC"),)),
    ("constitution.tiers", [TIER], "tiers", (TierLimits("A", 1234, CONTRACTS.allowed_in("A"), 7, 567),)),
    ("constitution.instrument.backtest_initial_margin_usd", Decimal("2400.01"), "initial_margin_cents", 240_001),
    ("K2.contracts", 3, "contracts_of", LIMITS.contracts_of | {"K2": 3}),
    ("risk_model.margin_buffer", 1.75, "margin_buffer", Decimal("1.75")),
    ("risk_model.fee_per_side_usd", Decimal("0.63"), "fee_cents", 63),
    ("execution_contract.entry.order_types", ["LIMIT"], "entry_types", frozenset({"LIMIT"})),
    ("execution_contract.entry.ttl_seconds", 90.5, "ttl_ns", 90_500_000_000),
    ("execution_contract.exit.max_stop_changes", 3, "max_stop_changes", 3),
    ("strategies.euc", WEIGHTS, "euc", WEIGHTS),
]


@pytest.mark.parametrize(("key", "value", "limit", "moved"), KEYS, ids=lambda given: given if isinstance(given, str) else "")
def test_a_key_moves_its_own_limit_and_no_other(key, value, limit, moved):
    assert getattr(LIMITS, limit) != moved
    assert Limits.of(with_key(key, value)) == msgspec.structs.replace(LIMITS, **{limit: moved})


def test_every_limit_has_its_key():
    assert {limit for _, _, limit, _ in KEYS} == set(Limits.__struct_fields__)


def test_a_time_to_live_is_rounded_to_the_nanosecond():
    assert Limits.of(with_key("execution_contract.entry.ttl_seconds", 0.3)).ttl_ns == 300_000_000
    assert Limits.of(with_key("execution_contract.entry.ttl_seconds", 1.0000000006)).ttl_ns == 1_000_000_001


def test_a_blackout_is_known_to_the_microsecond():
    start = datetime(1970, 1, 1, 0, 0, 0, 7, tzinfo=UTC)
    blackout = SimpleNamespace(start=start, end=start + timedelta(microseconds=1), reason="a moment")
    assert Limits.of(with_key("constitution.lockouts.blackouts", [blackout])).blackouts == (BlackoutLimits(7_000, 8_000, "a moment"),)


@pytest.mark.parametrize(("equity_cents", "name"), [(0, "S"), (249_999, "S"), (250_000, "A"), (749_999, "A"), (750_000, "B"), (10**9, "B")])
@pytest.mark.parametrize("order", [1, -1])
def test_the_highest_tier_that_is_reached_is_in_force_however_they_are_listed(order, equity_cents, name):
    limits = msgspec.structs.replace(LIMITS, tiers=LIMITS.tiers[::order])
    assert limits.tier(equity_cents).name == name


@pytest.mark.parametrize(
    ("quantity", "slippage_ticks", "friction_cents"), [(1, 0, 124), (1, 1, 249), (1, 6, 874), (2, 0, 248), (2, 1, 498), (3, 5, 2247)]
)
def test_friction_is_fees_both_ways_and_slippage_on_every_contract(quantity, slippage_ticks, friction_cents):
    assert LIMITS.friction_cents(quantity, slippage_ticks) == friction_cents
    assert LIMITS.worst_case_cents(1000, quantity, slippage_ticks) == 1000 + friction_cents


def test_what_sets_a_stop_cap_has_the_words_of_the_contracts():
    assert [binding.value for binding in Binding] == ["constitution", "tier", "risk cap"]


def test_what_a_strategy_may_hold_cannot_be_changed_by_who_reads_it():
    with pytest.raises(TypeError):
        Limits.of(CONTRACTS).contracts_of["K1"] = 2
