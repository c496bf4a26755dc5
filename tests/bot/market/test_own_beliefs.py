"""A belief that a strategy brings along: smoothed and bounded as the core's, and closed whatever its evidence does."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
from builders import CONTRACTS, calendar, new_york_ns
from foreign import with_own_belief

from bot.contracts import load_contracts
from bot.market.bar import Bar
from bot.market.core import MarketCore
from bot.market.signals import logistic
from bot.market.state import MarketState
from bot.units import MINUTE_NS

OPEN_NS = new_york_ns("2025-09-16 09:31")


def states(folder: Path, evidence: str, count: int = 40, **scores: float) -> tuple[list[MarketState], MarketCore]:
    """Bars of a session through a core with Z6, which stands on F6."""
    law = load_contracts(strategies=[with_own_belief(folder, f"\n\ndef evidence(state, side, weights):\n    {evidence}\n")])
    core = MarketCore(law, calendar())
    bars = [Bar(OPEN_NS + number * MINUTE_NS, 1000, 1004, 996, 1000 + number % 3, 1500) for number in range(count)]
    return [core.update(bar, scores.get("dvs", 1.0), scores.get("eqs", 1.0)) for bar in bars], core


def test_it_is_smoothed_with_its_own_numbers_for_each_side(tmp_path):
    found, core = states(tmp_path, 'return side * weights["wick"]')
    raw = logistic(5.0 * 0.4 - 1.0), logistic(5.0 * -0.4 - 1.0)
    for state in found:
        assert [belief.likelihood for belief in state.beliefs["F6"]] == pytest.approx(raw)
    assert core.faults == {}


def test_its_evidence_sees_the_cores_beliefs_and_not_its_own(tmp_path):
    found, core = states(tmp_path, 'assert sorted(state.beliefs) == ["F1", "F2", "F3", "F4", "F5"]; return 0.0')
    assert core.faults == {} and found[-1].belief("F6", 1).likelihood > 0


def test_it_applies_in_its_strategys_phases_as_far_as_quality_allows(tmp_path):
    found, _ = states(tmp_path, "return 0.5", count=389, dvs=0.40)
    applied = {state.session_phase: state.belief("F6", 1).applicability for state in found}
    assert applied == pytest.approx({1: 0.5, 2: 0.5, 3: 0.0, 4: 0.5, 5: 0.0})


def test_the_cores_beliefs_are_what_they_are_without_it(tmp_path):
    found, _ = states(tmp_path, "return 0.5")
    core = MarketCore(CONTRACTS, calendar())
    for state in found:
        plain = core.update(state.bar, 1.0, 1.0)
        # As texts: a nan equals no other, and each bar of the compiled core has its own.
        assert repr(dict(plain.beliefs)) == repr({name: pair for name, pair in state.beliefs.items() if name != "F6"})


def test_outside_the_session_it_rests(tmp_path):
    _, core = states(tmp_path, "return 0.5")
    state = core.update(Bar(new_york_ns("2025-09-16 18:30"), 1000, 1004, 996, 1000, 1500), 1.0, 1.0)
    assert state.belief("F6", 1).effective == 0.0 and math.isnan(state.belief("F6", 1).likelihood)


@pytest.mark.parametrize(
    ("evidence", "fault"),
    [
        ("return 1 / 0", "the evidence of F6 raised ZeroDivisionError: division by zero"),
        ("return 1.5", "the evidence of F6 gave 1.5, allowed is -1 to 1"),
        ("return -2", "the evidence of F6 gave -2, allowed is -1 to 1"),
        ("return float('inf')", "the evidence of F6 gave inf, allowed is -1 to 1"),
        ("return 'much'", "the evidence of F6 gave 'much', allowed is a number from -1 to 1"),
        ("return True", "the evidence of F6 gave True, allowed is a number from -1 to 1"),
        ("return None", "the evidence of F6 gave None, allowed is a number from -1 to 1"),
    ],
)
def test_whatever_its_evidence_does_it_is_closed_and_the_fault_is_said(tmp_path, evidence, fault):
    found, core = states(tmp_path, evidence)
    for state in found:
        for belief in state.beliefs["F6"]:
            assert math.isnan(belief.likelihood) and belief.effective == 0.0
    assert core.faults == {"F6": fault}


def test_nan_is_no_fault_while_signals_warm_up_and_one_after(tmp_path):
    found, core = states(tmp_path, "return float('nan')")
    assert found[-1].warming_up and core.faults == {}
    (brought,) = core._own._brought
    assert brought.evidence(found[-1], 1)[1] == ""
    assert brought.evidence(msgspec.structs.replace(found[-1], warming_up=()), 1)[1] == "gave nan, though every signal is defined"
