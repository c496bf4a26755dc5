"""The one arithmetic of limits: exact by example, and the same as the gates' for any contracts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from builders import CONTRACTS, LIMITS, market, plan, snapshot
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.contracts.checks import cross_file_faults
from bot.contracts.load import FILES
from bot.decision.codes import Code, Layer
from bot.decision.evaluate import evaluate
from bot.decision.limits import Binding, Limits, TierLimits
from bot.decision.plan import EntryPlan
from bot.decision.verdict import Refused
from bot.units import TICK_CENTS, to_usd

TIERS = {tier.name: tier for tier in LIMITS.tiers}
RICH = 10**9  # cents: no budget and no margin stands in the way

# ------------------------------------------------------------------ by example


@pytest.mark.parametrize(
    ("equity_cents", "name"),
    [(0, "S"), (249_999, "S"), (250_000, "A"), (749_999, "A"), (750_000, "B"), (1_000_000, "B"), (10**12, "B")],
)
def test_a_tier_begins_at_its_own_cent(equity_cents, name):
    assert LIMITS.tier(equity_cents).name == name


def test_an_equity_below_every_tier_has_no_tier():
    assert LIMITS.tier(-1) is None


@pytest.mark.parametrize(("name", "cents"), [("S", 1200), ("A", 1500), ("B", 1500)])
def test_the_risk_cap_is_the_lower_of_constitution_and_tier(name, cents):
    assert LIMITS.risk_cap_cents(TIERS[name]) == cents


@pytest.mark.parametrize(
    ("name", "quantity", "ticks", "binding"),
    [
        ("S", 1, 9, {Binding.RISK_CAP}),
        ("S", 2, 4, {Binding.RISK_CAP}),
        ("A", 1, 12, {Binding.CONSTITUTION, Binding.RISK_CAP}),
        ("A", 2, 6, {Binding.RISK_CAP}),
        ("B", 1, 12, {Binding.CONSTITUTION, Binding.RISK_CAP}),
        ("B", 2, 6, {Binding.RISK_CAP}),
    ],
)
def test_the_stop_cap_is_the_lowest_of_three_and_says_which(name, quantity, ticks, binding):
    cap = LIMITS.stop_cap(TIERS[name], quantity)
    assert (cap.ticks, set(cap.binding)) == (ticks, binding)


@pytest.mark.parametrize(("risk_cents", "ticks"), [(1124, 8), (1125, 9), (1126, 9), (1249, 9), (1250, 10), (1500, 10)])
def test_a_cent_of_risk_moves_the_stop_cap_exactly_where_it_should(risk_cents, ticks):
    assert LIMITS.stop_cap(msgspec.structs.replace(TIERS["S"], max_risk_cents=risk_cents), 1).ticks == ticks


@pytest.mark.parametrize(
    ("risk_cents", "quantity", "slippage_ticks", "cents"),
    [(1500, 1, 1, 1749), (875, 1, 1, 1124), (1125, 1, 1, 1374), (1500, 2, 1, 1998), (1500, 1, 6, 2374), (0, 1, 0, 124)],
)
def test_the_worst_case_is_risk_plus_fees_plus_slippage(risk_cents, quantity, slippage_ticks, cents):
    assert LIMITS.worst_case_cents(risk_cents, quantity, slippage_ticks) == cents


@pytest.mark.parametrize(("budget_cents", "ticks"), [(1251, 8), (1249, 8), (1248, 7), (1124, 7), (1123, 6), (249, 0), (0, 0), (-500, 0)])
def test_the_stop_within_a_budget_is_the_last_whose_worst_case_fits(budget_cents, ticks):
    assert LIMITS.stop_within_ticks(budget_cents, 1, 1) == ticks


@pytest.mark.parametrize(
    ("buffer", "margin_cents", "quantity", "cents"),
    [("1.5", 240_000, 1, 360_000), ("1.5", 240_000, 2, 720_000), ("1.5", 1, 1, 2), ("1.1", 240_000, 1, 264_000), ("1.5", 0, 1, 0)],
)
def test_required_funds_round_up_to_the_cent_and_know_no_float_dust(buffer, margin_cents, quantity, cents):
    limits = msgspec.structs.replace(LIMITS, margin_buffer=Decimal(buffer), initial_margin_cents=margin_cents)
    assert limits.required_funds_cents(quantity) == cents


@pytest.mark.parametrize(
    ("tier", "margin_cents", "opens_at"),
    [
        ("S", 249_999, 249_999),
        ("S", 250_000, None),
        ("A", 250_000, 250_000),
        ("A", 749_999, 749_999),
        ("A", 750_000, None),
        ("B", 720_000, 750_000),
        ("B", 9_000_000, 9_000_000),
    ],
)
def test_margin_opens_a_tier_where_its_equity_can_hold_it(tier, margin_cents, opens_at):
    limits = msgspec.structs.replace(LIMITS, margin_buffer=Decimal(1), initial_margin_cents=margin_cents)
    assert limits.margin_opens_at_cents(TIERS[tier], 1) == opens_at


@pytest.mark.parametrize(("slippage_ticks", "ticks"), [(0, 4), (1, 7), (2, 10), (6, 24)])
def test_the_nearest_target_is_the_first_whose_friction_share_fits(slippage_ticks, ticks):
    assert LIMITS.min_target_ticks(slippage_ticks) == ticks


@pytest.mark.parametrize(("fee_cents", "nearest"), [(62, None), (0, 1)])
def test_where_friction_may_have_no_share_a_target_is_near_enough_only_without_friction(fee_cents, nearest):
    assert msgspec.structs.replace(LIMITS, friction_share=0.0, fee_cents=fee_cents).min_target_ticks(0) == nearest


# ------------------------------------------------------------------ the gates say the same, whatever the contracts

cents = st.integers(1, 20_000)
quantities = st.integers(1, 2)
slippages = st.integers(0, 6)


@st.composite
def contracts_limits(draw: st.DrawFn) -> Limits:
    """The limits of valid contracts: every number of these limits is drawn, then read as the loader reads it."""
    old, risk = CONTRACTS.constitution, CONTRACTS.risk_model
    max_stop, max_risk = draw(st.integers(1, 60)), draw(cents)
    day = max_risk + draw(st.integers(0, 20_000))
    floors = [0, *sorted(draw(st.sets(st.integers(1, 2_000_000), max_size=3)))]
    tiers = [
        old.tiers[-1].model_dump()
        | {"name": f"T{number}", "min_equity_usd": usd(floor), "max_stop_ticks": draw(st.integers(1, 60)), "max_risk_usd": usd(draw(cents))}
        for number, floor in enumerate(floors)
    ]
    changes = {
        "risk_per_trade": {"max_risk_usd": usd(max_risk), "max_stop_ticks": max_stop, "min_stop_ticks": draw(st.integers(1, max_stop))},
        "loss_limits": {"day_usd": usd(day), "week_usd": usd(day), "month_usd": usd(day)},
        "tiers": tiers,
        "friction": {"max_share_of_target": draw(st.integers(1, 100)) / 100},
        "instrument": old.instrument.model_dump() | {"backtest_initial_margin_usd": usd(draw(st.integers(1, 1_000_000)))},
    }
    changed_risk = {"fee_per_side_usd": usd(draw(st.integers(0, 500))), "margin_buffer": draw(st.integers(100, 1000)) / 100}
    everywhere = {"tiers": [tier["name"] for tier in tiers]}
    contracts = CONTRACTS.model_copy(
        update={
            "rules": CONTRACTS.rules | {name: CONTRACTS.trader(name).model_copy(update=everywhere) for name in CONTRACTS.traders},
            "constitution": type(old).model_validate(old.model_dump() | changes),
            "risk_model": type(risk).model_validate(risk.model_dump() | changed_risk),
        }
    )
    assert cross_file_faults({name: getattr(contracts, name) for name in FILES}) == []
    return Limits.of(contracts)


def usd(amount: int) -> Decimal:
    return Decimal(amount) / 100


def of_quantity(limits: Limits, quantity: int, **changes: Any) -> Limits:
    """A strategy may trade this quantity, and the loss budgets are out of the way unless changed."""
    wide = {"contracts_of": {"K1": quantity}, "max_contracts": quantity, "day_cents": RICH, "week_cents": RICH, "month_cents": RICH}
    return msgspec.structs.replace(limits, **(wide | changes))


def refusals(limits: Limits, chosen: EntryPlan, **moment: Any) -> dict[str, Refused]:
    now = snapshot(**({"equity_cents": RICH, "available_cents": RICH} | moment))
    return {failure.code: failure for failure in evaluate(chosen, now, limits).failures}


def inside(limits: Limits, tier: TierLimits) -> int:
    """An equity of this tier."""
    equity_cents = tier.min_equity_cents
    assert limits.tier(equity_cents) == tier
    return equity_cents


@given(contracts_limits(), st.data(), quantities, slippages)
def test_the_stop_cap_is_the_widest_stop_that_layers_1_and_5_let_pass(drawn, data, quantity, slippage_ticks):
    tier = data.draw(st.sampled_from(drawn.tiers))
    limits, cap = of_quantity(drawn, quantity), drawn.stop_cap(tier, quantity)
    legs = data.draw(st.lists(st.integers(1, cap.ticks + 2), min_size=quantity, max_size=quantity))
    for stops in ([cap.ticks] * quantity, [cap.ticks + 1] * quantity, legs):
        if 0 in stops:
            continue
        chosen = plan(legs=tuple((1, stop, 500) for stop in stops))
        found = refusals(limits, chosen, equity_cents=inside(limits, tier), market=market(slippage_ticks=slippage_ticks))
        stands = {code for code, failure in found.items() if failure.layer in (Layer.CONSTITUTION, Layer.TIER)}
        assert bool(stands & {Code.STOP_TOO_WIDE, Code.TIER_STOP}) is (max(stops) > cap.ticks)
        assert stands <= {Code.STOP_TOO_WIDE, Code.TIER_STOP, Code.RISK_PER_TRADE, Code.TIER_RISK, Code.STOP_TOO_NARROW}
        assert bool(stands) is not (limits.min_stop_ticks <= min(stops) and max(stops) <= cap.ticks)


@given(contracts_limits(), st.data(), quantities)
def test_what_binds_the_stop_cap_is_what_a_tick_more_would_need(limits, data, quantity):
    tier = data.draw(st.sampled_from(limits.tiers))
    cap = limits.stop_cap(tier, quantity)
    wider = {
        Binding.CONSTITUTION: cap.ticks + 1 > limits.max_stop_ticks,
        Binding.TIER: cap.ticks + 1 > tier.max_stop_ticks,
        Binding.RISK_CAP: (cap.ticks + 1) * TICK_CENTS * quantity > limits.risk_cap_cents(tier),
    }
    assert cap.binding and set(cap.binding) == {name for name, refuses in wider.items() if refuses}


@given(contracts_limits(), st.integers(1, 80), quantities, slippages, st.sampled_from(["day", "week", "month"]))
def test_the_worst_case_is_the_number_that_each_budget_gate_uses(drawn, stop, quantity, slippage_ticks, span):
    chosen = plan(legs=((1, stop, 500),) * quantity)
    worst = drawn.worst_case_cents(stop * TICK_CENTS * quantity, quantity, slippage_ticks)
    code = {"day": Code.DAILY_LOSS_BUDGET, "week": Code.WEEKLY_LOSS_BUDGET, "month": Code.MONTHLY_LOSS_BUDGET}[span]
    moment = {"market": market(slippage_ticks=slippage_ticks)}
    assert code not in refusals(of_quantity(drawn, quantity, **{f"{span}_cents": worst}), chosen, **moment)
    refused = refusals(of_quantity(drawn, quantity, **{f"{span}_cents": worst - 1}), chosen, **moment)[code]
    assert (refused.observed, refused.limit) == (to_usd(worst), to_usd(worst - 1))


@given(contracts_limits(), st.integers(-5_000, 30_000), quantities, slippages)
def test_a_stop_within_a_budget_passes_the_budget_gate_and_a_tick_more_does_not(drawn, budget_cents, quantity, slippage_ticks):
    limits = of_quantity(drawn, quantity, day_cents=budget_cents)
    widest = limits.stop_within_ticks(budget_cents, quantity, slippage_ticks)
    for stop in {widest, widest + 1} - {0}:
        found = refusals(limits, plan(legs=((1, stop, 500),) * quantity), market=market(slippage_ticks=slippage_ticks))
        assert (Code.DAILY_LOSS_BUDGET in found) is (stop > widest)


@given(contracts_limits(), quantities)
def test_the_required_funds_are_the_number_that_the_margin_gate_uses(drawn, quantity):
    limits, chosen = of_quantity(drawn, quantity), plan(legs=((1, 8, 500),) * quantity)
    needed = limits.required_funds_cents(quantity)
    assert Code.MARGIN_BUFFER not in refusals(limits, chosen, available_cents=needed)
    refused = refusals(limits, chosen, available_cents=needed - 1)[Code.MARGIN_BUFFER]
    assert (refused.observed, refused.limit) == (to_usd(needed - 1), to_usd(needed))


@given(contracts_limits(), st.data(), quantities)
def test_where_margin_opens_a_tier_the_margin_gate_lets_pass_and_a_cent_below_it_does_not(drawn, data, quantity):
    limits, chosen = of_quantity(drawn, quantity), plan(legs=((1, 8, 500),) * quantity)
    place = data.draw(st.integers(0, len(limits.tiers) - 1))
    tier, above = limits.tiers[place], limits.tiers[place + 1 :]
    opens_at = limits.margin_opens_at_cents(tier, quantity)

    def refuses(equity_cents: int) -> bool:
        assert limits.tier(equity_cents) == tier
        return Code.MARGIN_BUFFER in refusals(limits, chosen, equity_cents=equity_cents, available_cents=equity_cents)

    if opens_at is None:
        assert refuses(above[0].min_equity_cents - 1)
    else:
        assert not refuses(opens_at)
        assert opens_at == tier.min_equity_cents or refuses(opens_at - 1)


@given(contracts_limits(), slippages, quantities)
def test_the_nearest_target_is_the_first_that_the_friction_gate_lets_pass(drawn, slippage_ticks, quantity):
    limits, moment = of_quantity(drawn, quantity), {"market": market(slippage_ticks=slippage_ticks)}
    nearest = limits.min_target_ticks(slippage_ticks)
    assume(nearest < 10_000)
    assert Code.FRICTION_SHARE not in refusals(limits, plan(legs=((1, 8, nearest),) * quantity), **moment)
    assert Code.FRICTION_SHARE in refusals(limits, plan(legs=((1, 8, nearest - 1),) * quantity), **moment)


@given(contracts_limits(), st.integers(-(10**9), -1))
def test_nothing_is_allowed_below_every_tier(limits, equity_cents):
    assert limits.tier(equity_cents) is None
    for strategy in limits.contracts_of:
        found = refusals(limits, plan(strategy=strategy), equity_cents=equity_cents)
        assert found[Code.TIER_STRATEGY].observed == to_usd(equity_cents)
        assert not {Code.TIER_STOP, Code.TIER_RISK, Code.GUARD_ERROR} & set(found)
