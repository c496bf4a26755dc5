"""What `evaluate` itself does with its gates: whom it asks, how it orders them, and EUC's own gate."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest
from builders import LIMITS, TrustStub, market, plan, snapshot, with_beliefs

from bot.decision.euc import Euc, euc, euc_inputs
from bot.decision.evaluate import bar_failures, euc_failure, evaluate, guard_error
from bot.decision.plan import Leg
from bot.decision.verdict import APPROVED, Refused


def codes(failures: tuple[Refused, ...]) -> list[str]:
    return [failure.code for failure in failures]


def test_an_approved_plan_has_no_failures_and_its_euc_with_what_it_was_worked_out_from():
    now = snapshot(dvs=0.97, eqs=0.98, market=market(slippage_ticks=2))
    judgement = evaluate(plan(), now, LIMITS)
    assert (judgement.verdict, judgement.failures) == (APPROVED, ())
    assert judgement.inputs == euc_inputs(plan(), now, 124 + 250)
    assert judgement.euc == euc(judgement.inputs, LIMITS.euc)


def test_the_bars_failures_are_asked_for_only_if_they_are_not_given():
    now, given = snapshot(eqs=0.1), bar_failures(snapshot(dvs=0.1), LIMITS)
    assert codes(evaluate(plan(), now, LIMITS).failures) == ["EQS_BELOW_MINIMUM"]
    assert codes(evaluate(plan(), now, LIMITS, given).failures) == ["DVS_BELOW_MINIMUM"]
    assert evaluate(plan(), now, LIMITS, ()).verdict is APPROVED


def test_failures_stand_in_order_of_layers_and_within_one_in_order_of_the_gates():
    weak = market(beliefs=with_beliefs(F1=(0.1, 0.1)), warming_up=("vwap_z",))
    judgement = evaluate(plan(legs=((1, 13, 40),), ttl=91.0), snapshot(market=weak, trust={"K1": TrustStub("ARCHIVED")}), LIMITS)
    assert codes(judgement.failures) == [
        "RISK_PER_TRADE", "STOP_TOO_WIDE", "TIER_STOP", "TIER_RISK", "WARM_UP", "ARCHIVED", "EUC_BELOW_MINIMUM", "TIME_TO_LIVE",
    ]  # fmt: skip
    assert judgement.verdict is judgement.failures[0]


@pytest.mark.parametrize("stop", [1000, 1001])
def test_a_plan_without_risk_has_no_euc_and_the_gates_say_why(stop):
    judgement = evaluate(msgspec.structs.replace(plan(), legs=(Leg(1, stop, 1016),)), snapshot(), LIMITS)
    assert (judgement.inputs, judgement.euc) == (None, None)
    assert codes(judgement.failures) == ["STOP_TOO_NARROW", "BRACKET_INCOMPLETE"]


def test_one_tick_of_risk_has_a_euc():
    assert evaluate(msgspec.structs.replace(plan(), legs=(Leg(1, 999, 1016),)), snapshot(), LIMITS).euc is not None


@pytest.mark.parametrize(
    ("total", "refuses"), [(0.5, False), (0.5 - 1e-9, False), (0.5 - 1.1e-9, True), (0.25, True), (float("nan"), True)]
)
def test_eucs_gate_stands_at_its_minimum_less_the_tolerance(total, refuses):
    failure = euc_failure(Euc(0.0, 0.0, 0.0, 0.0, 0.0, total), LIMITS.euc.model_copy(update={"min_euc_r": 0.5}))
    assert (failure is not None) is refuses


def test_eucs_refusal_names_both_numbers():
    failure = euc_failure(Euc(0.0, 0.0, 0.0, 0.0, 0.0, 0.25), LIMITS.euc.model_copy(update={"min_euc_r": 0.5}))
    assert failure.text == "EUC_BELOW_MINIMUM: euc=0.25, minimum=0.50"
    assert (failure.layer, failure.unit) == (7, "R")


def test_a_euc_that_cannot_be_worked_out_is_a_refusal_that_says_so():
    judgement = evaluate(plan(), snapshot(trust={}), LIMITS)
    failure = judgement.failures[-1]
    assert (judgement.inputs, judgement.euc) == (None, None)
    assert failure.text == "GUARD_ERROR: guard=EUC: KeyError: 'K1', required=an answer"
    assert failure.layer == 7


def test_a_guard_that_failed_is_named_with_its_error():
    failure = guard_error("a gate", 3, ValueError("no"))
    assert (failure.text, failure.layer, failure.unit) == ("GUARD_ERROR: guard=a gate: ValueError: no, required=an answer", 3, "")


class Yes:
    """What a gate may never answer, made so that it would come first and say nothing."""

    layer, code, text = -1, "", ""


@pytest.mark.parametrize("answer", [Yes(), APPROVED, True, "", 0], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("gates", ["BAR_GATES", "PLAN_GATES"])
def test_a_gate_that_answers_anything_but_yes_or_a_refusal_refuses(monkeypatch, answer, gates):
    gate = SimpleNamespace(name="a gate", layer=3, check=lambda *_: answer)
    monkeypatch.setattr(f"bot.decision.evaluate.{gates}", (gate,))
    verdict = evaluate(plan(), snapshot(), LIMITS).verdict
    assert (type(verdict), verdict.code, verdict.layer) == (Refused, "GUARD_ERROR", 3)
    assert verdict.observed == f"a gate: TypeError: {type(answer).__name__}"


def test_a_veto_that_is_none_is_a_guard_that_failed():
    assert codes(evaluate(plan(), snapshot(veto=Yes()), LIMITS).failures) == ["GUARD_ERROR"]


def test_a_guard_that_fails_without_words_is_named_all_the_same():
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert guard_error("a gate", 3, Mute()).observed == "a gate: Mute: what cannot be shown (RuntimeError)"
