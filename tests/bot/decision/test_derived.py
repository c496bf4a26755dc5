"""The limits of each strategy in each tier, as they are shown."""

from __future__ import annotations

import pytest
from builders import LIMITS

from bot.decision.derived import StrategyLimits, strategy_limits
from bot.decision.limits import Binding

TIERS = {tier.name: tier for tier in LIMITS.tiers}


def shown(tier: str) -> dict[str, StrategyLimits]:
    return {each.strategy: each for each in strategy_limits(LIMITS, TIERS[tier], 1)}


@pytest.mark.parametrize(("tier", "allowed"), [("S", ["K1", "K2"]), ("A", ["K1", "K2", "K3"]), ("B", ["K1", "K2", "K3", "K4"])])
def test_every_strategy_is_shown_and_whether_the_tier_allows_it(tier, allowed):
    assert list(shown(tier)) == ["K1", "K2", "K3", "K4"]
    assert [name for name, each in shown(tier).items() if each.allowed] == allowed


def test_the_worst_case_is_that_of_a_plan_at_the_stop_cap():
    small, large = shown("S"), shown("B")
    assert (small["K1"].stop_cap.ticks, small["K1"].stop_cap.binding, small["K1"].worst_case_cents) == (9, (Binding.RISK_CAP,), 1374)
    assert large["K1"].stop_cap.binding == (Binding.CONSTITUTION, Binding.RISK_CAP)
    assert large["K1"].worst_case_cents == 1749
    assert (large["K4"].stop_cap.ticks, large["K4"].worst_case_cents) == (6, 1998)


@pytest.mark.parametrize(
    ("tier", "strategy", "opens_at"), [("S", "K1", None), ("A", "K1", 360_000), ("B", "K1", 750_000), ("B", "K4", 750_000)]
)
def test_margin_opens_a_tier_at_what_the_strategy_needs(tier, strategy, opens_at):
    each = shown(tier)[strategy]
    assert each.required_funds_cents == 360_000 * each.quantity
    assert each.margin_opens_at_cents == opens_at
