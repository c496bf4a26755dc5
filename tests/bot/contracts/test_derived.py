"""The derived limits of spec 2, exact, and one cent or tick either side."""

from __future__ import annotations

from datetime import time as Time
from decimal import Decimal

import pytest

from bot.contracts import Contracts, load_contracts
from bot.contracts.derived import (
    Binding,
    entry_windows,
    largest_stop_ticks,
    margin_opens_at_cents,
    min_target_ticks,
    required_funds_cents,
    risk_cap_cents,
    stop_cap_ticks,
    strategy_limits,
    tier_of,
    worst_case_cents,
)
from bot.contracts.load import packaged_directory
from bot.contracts.models import Constitution, Tier


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts(packaged_directory())


@pytest.fixture(scope="module")
def constitution(contracts: Contracts) -> Constitution:
    return contracts.constitution


@pytest.fixture(scope="module")
def tiers(constitution: Constitution) -> dict[str, Tier]:
    return {tier.name: tier for tier in constitution.tiers}


@pytest.mark.parametrize(
    ("equity_cents", "name"),
    [(0, "S"), (249_999, "S"), (250_000, "A"), (749_999, "A"), (750_000, "B"), (1_000_000, "B"), (10**12, "B")],
)
def test_a_tier_begins_at_its_own_cent(constitution, equity_cents, name):
    assert tier_of(constitution, equity_cents).name == name


@pytest.mark.parametrize("equity_cents", [None, -1])
def test_unknown_or_negative_equity_has_no_tier(constitution, equity_cents):
    assert tier_of(constitution, equity_cents) is None


@pytest.mark.parametrize(("name", "cents"), [("S", 1200), ("A", 1500), ("B", 1500)])
def test_the_risk_cap_is_the_lower_of_constitution_and_tier(constitution, tiers, name, cents):
    assert risk_cap_cents(constitution, tiers[name]) == cents


@pytest.mark.parametrize(
    ("name", "quantity", "ticks"),
    [("S", 1, 9), ("S", 2, 4), ("A", 1, 12), ("A", 2, 6), ("B", 1, 12), ("B", 2, 6)],
)
def test_the_stop_cap_is_the_lowest_of_three(constitution, tiers, name, quantity, ticks):
    assert stop_cap_ticks(constitution, tiers[name], quantity) == ticks


@pytest.mark.parametrize(("risk_usd", "ticks"), [("11.24", 8), ("11.25", 9), ("11.26", 9), ("12.49", 9), ("12.50", 10), ("15.00", 10)])
def test_a_cent_of_risk_moves_the_stop_cap_exactly_where_it_should(constitution, tiers, risk_usd, ticks):
    tier = tiers["S"].model_copy(update={"max_risk_usd": Decimal(risk_usd)})
    assert stop_cap_ticks(constitution, tier, 1) == ticks


@pytest.mark.parametrize(
    ("risk_cents", "quantity", "slippage_ticks", "cents"),
    [(1500, 1, 1, 1749), (875, 1, 1, 1124), (1125, 1, 1, 1374), (1500, 2, 1, 1998), (1500, 1, 6, 2374), (0, 1, 0, 124)],
)
def test_the_worst_case_is_risk_plus_fees_plus_slippage(risk_cents, quantity, slippage_ticks, cents):
    assert worst_case_cents(risk_cents, quantity, slippage_ticks, fee_cents=62) == cents


@pytest.mark.parametrize(("budget_cents", "ticks"), [(1251, 8), (1249, 8), (1248, 7), (1124, 7), (1123, 6), (249, 0), (0, 0), (-500, 0)])
def test_the_largest_stop_is_the_last_whose_worst_case_fits(budget_cents, ticks):
    assert largest_stop_ticks(budget_cents, 1, 1, 62) == ticks
    if ticks:
        assert worst_case_cents(ticks * 125, 1, 1, 62) <= budget_cents < worst_case_cents((ticks + 1) * 125, 1, 1, 62)


@pytest.mark.parametrize(("margin_cents", "quantity", "cents"), [(240_000, 1, 360_000), (240_000, 2, 720_000), (1, 1, 2)])
def test_required_funds_round_up_to_the_cent(contracts, margin_cents, quantity, cents):
    assert required_funds_cents(contracts.risk_model, margin_cents, quantity) == cents


def test_required_funds_know_no_float_dust(contracts):
    model = contracts.risk_model.model_copy(update={"margin_buffer": 1.1})
    assert required_funds_cents(model, 240_000, 1) == 264_000


def test_the_table_of_a_tier_names_what_binds(contracts, tiers):
    small = {limits.strategy: limits for limits in strategy_limits(contracts, tiers["S"])}
    large = {limits.strategy: limits for limits in strategy_limits(contracts, tiers["B"])}
    assert small["K1"].binding == (Binding.RISK_CAP,)
    assert not small["K4"].allowed
    assert large["K1"].binding == (Binding.CONSTITUTION, Binding.RISK_CAP)
    assert large["K1"].worst_case_cents == 1749
    assert (large["K4"].stop_cap_ticks, large["K4"].worst_case_cents, large["K4"].required_funds_cents) == (6, 1998, 720_000)


@pytest.mark.parametrize(
    ("tier", "required_cents", "opens_at"),
    [
        ("S", 249_999, 249_999),
        ("S", 250_000, None),
        ("A", 250_000, 250_000),
        ("A", 360_000, 360_000),
        ("A", 749_999, 749_999),
        ("A", 750_000, None),
        ("B", 720_000, 750_000),
        ("B", 9_000_000, 9_000_000),
    ],
)
def test_margin_opens_a_tier_where_its_equity_can_hold_it(constitution, tiers, tier, required_cents, opens_at):
    assert margin_opens_at_cents(constitution, tiers[tier], required_cents) == opens_at


@pytest.mark.parametrize(("slippage_ticks", "ticks"), [(0, 4), (1, 7), (2, 10), (6, 24)])
def test_the_nearest_target_is_the_first_whose_friction_share_fits(contracts, slippage_ticks, ticks):
    friction_cents = 124 + 125 * slippage_ticks
    assert min_target_ticks(contracts, slippage_ticks) == ticks
    assert friction_cents <= 0.30 * 125 * ticks
    assert friction_cents > 0.30 * 125 * (ticks - 1)


def test_entry_windows_are_the_phases_less_the_closed_hours(contracts):
    assert entry_windows(contracts, "K1") == [(Time(10), Time(11, 30)), (Time(13, 30), Time(15, 54))]
    assert entry_windows(contracts, "K4") == [(Time(9, 35), Time(11, 30)), (Time(13, 30), Time(15))]
