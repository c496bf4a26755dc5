"""What was true when a plan was decided, and the outcome that carries it to the end."""

from __future__ import annotations

import math

import msgspec
import pytest
from builders import MOMENT, an_intent, decided_at, k4_plan

from bot.decision.outcome import TradeOutcome
from bot.decision.plan import ExitReason
from bot.journal.build import intent_of, intent_record

CAME_TO = dict(
    entry_ticks=1000.0, exit_ticks=996.5, quantity=2, opened_ns=MOMENT, closed_ns=MOMENT + 1, gross_cents=-875, net_cents=-1123,
    risk_cents=1500, slippage_ticks=1.0, mae_ticks=4, mfe_ticks=1, naked_seconds=0.0, budget_overrun=False, shadow=False,
)  # fmt: skip


def came_to(decided=None, reason: ExitReason = ExitReason.STOP, **changes: object) -> TradeOutcome:
    return TradeOutcome.of("T", k4_plan(), decided or decided_at(), "morning", reason, **(CAME_TO | changes))


def test_an_outcome_carries_its_plan_its_moment_and_what_they_came_to():
    decided = decided_at(dvs=0.95, eqs=0.9, regime="range", session_phase=2, signals={"spread_ticks": 1.0, "vwap_z": -1.6})
    found = came_to(decided)
    assert (found.strategy, found.side, found.legs, found.target_r, found.belief) == ("K4", 1, 2, 2.5, 0.9)
    assert (found.trading_day, found.decided_ns, found.regime, found.time_of_day) == ("2025-09-16", MOMENT, "range", "morning")
    assert (found.dvs, found.eqs, found.spread_ticks, found.signals) == (0.95, 0.9, 1.0, decided.signals)
    assert (found.entry_price, found.exit_price, found.r, found.exit_reason) == (250.0, 249.125, -1123 / 1500, "STOP")
    assert found.euc == msgspec.structs.asdict(decided.euc)


@pytest.mark.parametrize("reason", ExitReason)
def test_only_an_exit_for_the_thesis_says_that_it_did_not_hold(reason):
    assert came_to(reason=reason).thesis_valid_at_exit is (reason is not ExitReason.THESIS)


def test_what_was_unknown_at_the_decision_is_no_number():
    found = came_to(decided_at(dvs=math.nan, euc=None, inputs=None))
    assert (found.dvs, found.euc) == (0.0, {})
    assert math.isnan(found.spread_ticks) and math.isnan(decided_at().atr_ticks)


@pytest.mark.parametrize("name", ["quantity", "net_cents", "shadow", "exit_ticks"])
def test_an_outcome_that_leaves_something_out_is_none(name):
    told = {key: value for key, value in CAME_TO.items() if key != name}
    with pytest.raises((TypeError, KeyError), match=name):
        TradeOutcome.of("T", k4_plan(), decided_at(), "morning", ExitReason.STOP, **told)


def test_a_moment_comes_back_from_its_intents_record_as_it_was():
    intent = an_intent(k4_plan(), signals={"atr_14": 2.0, "spread_ticks": 1.0}, regime="trending", session_phase=3)
    assert intent_of(intent_record(intent)) == intent
    assert (intent.decided.atr_ticks, intent.decided.spread_ticks) == (8.0, 1.0)
