"""The choice among the plans of one bar: the highest EUC of those that no gate refuses."""

from __future__ import annotations

import itertools

import pytest
from builders import LAW, TrustStub, k4_plan, market, plan, snapshot, with_beliefs

from bot.decision.choose import choose, no_answer, no_setup
from bot.decision.evaluate import bar_failures, evaluate
from bot.decision.plan import EntryPlan, NoSetup, Thesis
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused


def of(strategy: str, **shape: object) -> EntryPlan:
    return plan(strategy=strategy, thesis=Thesis(f"F{strategy[1]}", 0.9), **shape)


def chosen(plans: list[EntryPlan], now: Snapshot):
    candidates, winner = choose(plans, now, LAW, bar_failures(now, LAW.limits))
    return {candidate.plan.strategy: candidate for candidate in candidates}, winner


def euc_of(entry_plan: EntryPlan, now: Snapshot) -> float:
    return evaluate(entry_plan, now, LAW).euc.total


@pytest.mark.parametrize("order", list(itertools.permutations(("K1", "K2", "K3"))), ids="".join)
@pytest.mark.parametrize("best", ["K1", "K2", "K3"])
def test_the_highest_euc_wins_whatever_the_order(best, order):
    beliefs = {name: (0.95 if name[1] == best[1] else 0.9, 0.0) for name in ("F1", "F2", "F3")}
    _, winner = chosen([of(name) for name in order], snapshot(market=market(beliefs=with_beliefs(**beliefs))))
    assert winner.strategy == best


@pytest.mark.parametrize("order", list(itertools.permutations(("K1", "K2", "K3"))), ids="".join)
def test_a_tie_goes_to_the_lower_k(order):
    judged, winner = chosen([of(name) for name in order], snapshot())
    assert len({candidate.judgement.euc.total for candidate in judged.values()}) == 1
    assert winner.strategy == "K1"


def test_the_others_are_outranked_with_both_numbers():
    now = snapshot(market=market(beliefs=with_beliefs(F1=(0.8, 0.0), F2=(0.95, 0.0), F3=(0.7, 0.0))))
    plans = [of("K1"), of("K2"), of("K3")]
    judged, winner = chosen(plans, now)
    best = euc_of(plans[1], now)
    assert winner is plans[1]
    assert judged["K2"].failures == ()
    for loser, own in (("K1", euc_of(plans[0], now)), ("K3", euc_of(plans[2], now))):
        assert judged[loser].failures == (Refused("OUTRANKED", 7, "euc", own, "K2_euc", best, "R"),)
        assert judged[loser].failures[0].text == f"OUTRANKED: euc={own:.2f}, K2_euc={best:.2f}"
        assert own < best


def test_a_refused_plan_neither_wins_nor_is_outranked_however_good():
    """K1's plan has the best EUC but a stop of 13 ticks, one too many."""
    now = snapshot(market=market(beliefs=with_beliefs(F1=(1.0, 0.0), F2=(0.8, 0.0))))
    wide = of("K1", legs=((1, 13, 39),))
    judged, winner = chosen([wide, of("K2")], now)
    assert euc_of(wide, now) > euc_of(of("K2"), now)
    assert winner.strategy == "K2"
    codes = [failure.code for failure in judged["K1"].failures]
    assert codes[0] == "RISK_PER_TRADE" and "OUTRANKED" not in codes


def test_nothing_is_chosen_when_the_bar_refuses_all():
    judged, winner = chosen([of("K1"), of("K2"), k4_plan()], snapshot(dvs=0.79))
    assert winner is None
    assert {name: [failure.code for failure in candidate.failures] for name, candidate in judged.items()} == {
        name: ["DVS_BELOW_MINIMUM"] for name in ("K1", "K2", "K4")
    }


def test_nothing_is_chosen_when_each_plan_is_refused_for_itself():
    trust = {"K1": TrustStub("QUARANTINED"), "K2": TrustStub("ARCHIVED")}
    judged, winner = chosen([of("K1"), of("K2")], snapshot(trust=trust))
    assert winner is None
    assert [judged[name].judgement.verdict.code for name in ("K1", "K2")] == ["QUARANTINED", "ARCHIVED"]


def test_nothing_is_chosen_when_every_euc_is_negative():
    """A belief below one half has a negative edge before anything is subtracted."""
    beliefs = with_beliefs(F1=(0.4, 0.0), F2=(0.45, 0.0))
    judged, winner = chosen([of("K1"), of("K2")], snapshot(market=market(beliefs=beliefs)))
    assert winner is None
    assert {candidate.judgement.verdict.code for candidate in judged.values()} == {"EUC_BELOW_MINIMUM"}


def test_no_plans_no_candidates():
    assert chosen([], snapshot()) == ({}, None)


def test_a_lone_plan_wins_with_no_failure():
    judged, winner = chosen([of("K1")], snapshot())
    assert (winner.strategy, judged["K1"].failures) == ("K1", ())


def test_every_plan_is_judged_in_the_order_given():
    candidates, _ = choose([of("K3"), of("K1")], snapshot(), LAW, ())
    assert [candidate.plan.strategy for candidate in candidates] == ["K3", "K1"]
    assert candidates[0].judgement == evaluate(of("K3"), snapshot(), LAW)


def test_what_was_not_answered_reads_like_a_refusal_of_layer_6():
    refusal = no_answer("K3", "ValueError: no bars")
    assert (refusal.layer, refusal.text) == (6, "NO_ANSWER: K3=ValueError: no bars, required=an answer")


def test_a_missing_setup_reads_like_a_refusal_of_the_last_layer():
    refusal = no_setup(NoSetup("TARGET_TICKS", "ticks_to_vwap", 9, "minimum", 10, "ticks"))
    assert refusal == Refused("TARGET_TICKS", 8, "ticks_to_vwap", 9, "minimum", 10, "ticks")
    assert refusal.text == "TARGET_TICKS: ticks_to_vwap=9, minimum=10"
