"""The supervisor's limits of a trade are those it was opened under, whatever is in force."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from builders import LIMITS, calendar, k4_plan, plan
from changed_contracts import changed
from test_recover import RUNTIME, Played, intent

from bot.contracts import Contracts
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import KillState
from bot.runtime.law import TradeLaw
from bot.runtime.runtime import Runtime
from bot.supervision.orders import Role
from bot.units import SECOND_NS

STRICT = changed(
    ("constitution.kill_switch.bars_below_kill", 1),
    ("constitution.quality_gates.dvs", {"enter": 0.8, "hold": 0.7, "kill": 0.5}),
    ("data_contract.dvs.gates", {"enter": 0.8, "hold": 0.7, "kill": 0.5}),
    ("constitution.position.max_contracts", 1),
    ("strategies.K4.contracts", 1),
    ("strategies.K4.leg_targets_r", [2.0]),
    ("risk_model.fee_per_side_usd", "5"),
    ("execution_contract.exit.flatten_limit_ticks", 3),
    ("execution_contract.entry.partial_fill_patience_seconds", 5.0),
)


def law(contracts: Contracts) -> TradeLaw:
    return TradeLaw(contracts, calendar(), Limits.of(contracts))


def played(chosen: EntryPlan, opened_under: Contracts, in_force: Contracts) -> Played:
    """A trade under one law in a run under another."""
    runtime = Runtime(RUNTIME.spec, in_force, calendar(), Limits.of(in_force), RUNTIME.past, {intent(chosen).intent_id: law(opened_under)})
    return Played(chosen, runtime)


def opened(made: Played) -> Played:
    """Every entry is filled and every stop and target works."""
    for role in (Role.ENTRY, Role.STOP, Role.TARGET):
        for each in [order for order in made.orders if order.role is role]:
            made.tell(each, "OrderSubmitted")
            made.tell(each, "OrderAccepted")
            if role is Role.ENTRY:
                made.fill(each, each.quantity, 1000)
    return made


def below_kill(made: Played, own_dvs: float) -> KillState:
    """After one bar with such a score."""
    quality = SimpleNamespace(bar=None, ts_ns=made.hands.now_ns + SECOND_NS, own_dvs=own_dvs, eqs=1.0, hole=False, new_level=0.0)
    made.supervisor.judge_from_ns = 0
    made.supervisor.on_market(SimpleNamespace(quality=quality))
    return made.supervisor.kill_state


SHIPPED = RUNTIME.contracts


@pytest.mark.parametrize(("opened_under", "in_force", "killed"), [(STRICT, SHIPPED, True), (SHIPPED, STRICT, False)])
def test_it_is_killed_by_its_own_scores_and_bars(opened_under, in_force, killed):
    assert (below_kill(opened(played(plan(), opened_under, in_force)), 0.4) is not KillState.ARMED) is killed


def test_its_size_is_measured_by_its_own_law():
    assert opened(played(k4_plan(), SHIPPED, STRICT)).supervisor.kill_state is KillState.ARMED
    assert opened(played(k4_plan(), STRICT, SHIPPED)).supervisor.kill_state is not KillState.ARMED


@pytest.mark.parametrize(("opened_under", "in_force"), [(STRICT, SHIPPED), (SHIPPED, STRICT)])
def test_its_worst_case_is_worked_out_by_its_own_law(opened_under, in_force):
    made, chosen = played(plan(), opened_under, in_force), plan()
    slippage_ticks = made.intent.decided.slippage_ticks
    assert made.trade.worst_case_cents == Limits.of(opened_under).worst_case_cents(chosen.risk_cents, chosen.quantity, slippage_ticks)
    assert made.trade.worst_case_cents != Limits.of(in_force).worst_case_cents(chosen.risk_cents, chosen.quantity, slippage_ticks)


@pytest.mark.parametrize(("opened_under", "seconds"), [(STRICT, 5), (SHIPPED, 30)])
def test_an_entry_filled_in_part_has_the_patience_of_its_own_law(opened_under, seconds):
    made = played(plan(legs=((2, 6, 12),), strategy="K4"), opened_under, STRICT if opened_under is SHIPPED else SHIPPED)
    (entry,) = [order for order in made.orders if order.role is Role.ENTRY]
    made.tell(entry, "OrderSubmitted")
    made.tell(entry, "OrderAccepted")
    made.fill(entry, 1, 1000)
    begun = made.hands.now_ns
    made.hands.market.advance(begun + (seconds - 1) * SECOND_NS)
    assert not entry.cancel_requested
    made.hands.market.advance(begun + seconds * SECOND_NS)
    assert entry.cancel_requested


def test_any_other_trade_is_under_the_law_in_force():
    runtime = Runtime(RUNTIME.spec, SHIPPED, calendar(), LIMITS, RUNTIME.past, {"20250916-K1-1041": law(STRICT)})
    assert runtime.law_of("20250916-K2-1100").limits is LIMITS and runtime.law_of("20250916-K1-1041").contracts is STRICT
