"""The gates that an entry went through, a line a group: what was observed beside its limit, as journal and contracts have them.

A record of an entry names no gate, for none said no. What they looked at stands in it and in its intent, and the limits in the contracts.
Gates that answer yes or no have no figure and share the last line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from bot.contracts import Contracts
from bot.decision.limits import Limits
from bot.report.wording import balance, decimal
from bot.units import TICK_CENTS, to_ticks

Body = dict[str, Any]
FILTER = "K5"


class Today(NamedTuple):
    """A trading day before an entry: the account at its beginning and realised so far, in cents, and the trades that are over."""

    equity_cents: int
    realised_cents: int = 0
    trades: int = 0


def gates_asked(decision: Body, intent: Body, state: str, today: Today, contracts: Contracts) -> Iterator[str]:
    """The groups in order of authority. `decision` is an ENTER's record, `intent` its intent's, `state` the strategy's."""
    limits, plan = Limits.of(contracts), decision["plan"]
    quantity = sum(leg[0] for leg in plan["legs"])
    yield from _constitution(plan, quantity, intent["slippage_ticks"], today, limits)
    yield f"quality: DVS {decimal(decision['dvs'])} ≥ {limits.dvs_enter:.2f}, EQS {decimal(decision['eqs'])} ≥ {limits.eqs_enter:.2f}"
    yield from _tier(plan, quantity, today, limits)
    yield _belief(decision, intent, state, contracts)
    yield _friction(decision, intent, limits)
    ttl = limits.ttl_ns // 1_000_000_000
    yield f"template: {plan['entry_type']}, {plan['ttl_seconds']:g} ≤ {ttl:g} s to live, a stop and a target to each leg"
    yield "kill switch, session, regime lockout: nothing stood against it"


def _constitution(plan: Body, quantity: int, slippage_ticks: int, today: Today, limits: Limits) -> Iterator[str]:
    worst, left = limits.worst_case_cents(plan["risk_cents"], quantity, slippage_ticks), limits.day_cents + today.realised_cents
    yield (
        f"constitution: risk {balance(plan['risk_cents'])} ≤ {balance(limits.max_risk_cents)}, "
        f"stop {limits.min_stop_ticks} ≤ {plan['stop_ticks']} ≤ {limits.widest_stop_ticks(quantity)} ticks"
    )
    yield f"budgets: worst case {balance(worst)} ≤ {balance(left)} left today, trade {today.trades + 1} ≤ {limits.max_trades} today"


def _tier(plan: Body, quantity: int, today: Today, limits: Limits) -> Iterator[str]:
    tier = limits.tier(today.equity_cents + today.realised_cents)
    if tier is not None:
        risk, stop = balance(limits.risk_cap_cents(tier)), tier.widest_stop_ticks(quantity)
        yield f"capital tier {tier.name}: risk {balance(plan['risk_cents'])} ≤ {risk}, stop {plan['stop_ticks']} ≤ {stop} ticks"


def _belief(decision: Body, intent: Body, state: str, contracts: Contracts) -> str:
    plan, name, rules = decision["plan"], decision["strategy"], contracts.rules[FILTER]
    noise, limit = intent["signals"]["noise"], rules.veto_noise
    veto = f"noise {decimal(noise)} < {limit:.2f} ({FILTER})" if noise < limit else f"no veto of {FILTER}"
    return f"belief: {plan['belief']} {decimal(plan['entry_value'])} ≥ {contracts.trader(name).min_belief:.2f}, {veto}, {name} is {state}"


def _friction(decision: Body, intent: Body, limits: Limits) -> str:
    plan = decision["plan"]
    target = sum(quantity * abs(to_ticks(to) - to_ticks(plan["limit"])) for quantity, _, to in plan["legs"]) * TICK_CENTS
    share = intent["euc_inputs"]["cost_r"] * plan["risk_cents"] / target
    euc = f"EUC {decimal(decision['euc']['total'], sign=True)} ≥ {decimal(limits.euc.min_euc_r)} R"
    return f"friction and EUC: cost {decimal(share)} ≤ {decimal(limits.friction_share)} of the target, {euc}"
