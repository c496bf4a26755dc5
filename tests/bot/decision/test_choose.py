"""The choice among the plans of a bar."""

from __future__ import annotations

from itertools import permutations

import pytest
from builders import LIMITS, MOMENT, TrustStub, market, plan, snapshot, with_beliefs

from bot.decision.choose import choose, no_answer
from bot.decision.codes import Layer
from bot.decision.evaluate import bar_failures
from bot.decision.plan import NoSetup, Thesis


def of(strategy: str, belief: str | None = None, **other):
    return plan(strategy=strategy, thesis=Thesis(belief or "F1", 0.9), **other)


def picked(plans, now=None):
    now = now or snapshot()
    return choose(plans, now, LIMITS, bar_failures(now, LIMITS))


def test_nothing_to_choose_from_is_nothing():
    assert picked([]) == ([], None)


def test_the_higher_euc_wins_and_the_other_is_outranked_with_both_numbers():
    now = snapshot(market=market(beliefs=with_beliefs(F2=(0.8, 0.8))))
    plans = [of("K2", "F2"), of("K1")]
    candidates, winner = picked(plans, now)
    assert winner is plans[1]
    (loser,) = [candidate for candidate in candidates if candidate.failures]
    (refusal,) = loser.failures
    assert (refusal.code, refusal.layer, refusal.observed_name, refusal.limit_name, refusal.unit) == ("OUTRANKED", 7, "euc", "K1_euc", "R")
    assert refusal.observed == loser.euc.total < refusal.limit


@pytest.mark.parametrize("order", [1, -1])
def test_a_higher_euc_wins_over_a_lower_k(order):
    now = snapshot(market=market(beliefs=with_beliefs(F1=(0.8, 0.8))))
    plans = [of("K1"), of("K2", "F2"), of("K3")][::order]
    candidates, winner = picked(plans, now)
    assert winner.strategy == "K2"
    assert [candidate.plan for candidate in candidates] == plans
    assert {candidate.plan.strategy for candidate in candidates if candidate.failures} == {"K1", "K3"}


@pytest.mark.parametrize("order", list(permutations(["K1", "K2", "K3"])))
def test_ties_go_to_the_lower_k_whatever_the_order_of_asking(order):
    _, winner = picked([of(name) for name in order])
    assert winner.strategy == "K1"


def test_a_refused_plan_never_wins_and_keeps_its_own_refusal():
    now = snapshot(trust={"K1": TrustStub("QUARANTINED"), "K2": TrustStub()})
    candidates, winner = picked([of("K1"), of("K2")], now)
    assert winner.strategy == "K2"
    assert [failure.code for failure in candidates[0].failures] == ["QUARANTINED"]


def test_when_the_moment_refuses_nobody_wins_and_nobody_is_outranked():
    candidates, winner = picked([of("K1"), of("K2")], snapshot(lockouts={"news_ns": MOMENT}))
    assert winner is None
    assert [[failure.code for failure in candidate.failures] for candidate in candidates] == [["NEWS_SHOCK"]] * 2


def test_silence_and_a_missing_setup_read_like_refusals():
    assert no_answer("K3", "silence").text == "NO_ANSWER: K3=silence, required=an answer"
    assert no_answer("K3", "silence").layer == 6
    said = NoSetup("VWAP_Z", "abs_z", 0.83, "minimum", 1.5).refused_by(Layer.TEMPLATE)
    assert (said.text, said.layer) == ("VWAP_Z: abs_z=0.83, minimum=1.50", 8)
