"""The verdict: nothing is there unless every question is answered, and each answer that is missing is the sentence."""

from __future__ import annotations

import math

import msgspec
import pytest

from bot.research import findings
from bot.research.findings import Fold, Part, Sweep

GOOD = tuple([2.0, 1.0, 3.0, -0.5, 2.5, 1.5] * 10)
BAD = tuple([-2.0, 1.0, -3.0, 0.5, -2.5, -1.5] * 10)
NONE = tuple([0.0] * 60)


def part(results=GOOD, below=0.99, trades=20, why="") -> Part:
    return Part("2025-09-15", "2025-12-08", results, trades, trades, sum(results), below, why)


def sweep(**other) -> Sweep:
    """One that stands every question, but for what a test changes."""
    good = {
        "sharpes": tuple([0.9, 0.1, 0.0, -0.1] * 5), "failed": 0, "best_is_in_force": False, "best": (part(), part()),
        "in_force": (part(BAD), part(BAD)), "neighbours": (0.8, 0.7), "looks": 1, "unit": "usd",
    }  # fmt: skip
    return Sweep(**{**good, **other})


def test_what_stands_every_question_may_be_something_and_is_no_promise():
    (first,) = findings.sweep_verdict(sweep())
    assert first == "Something may be here: the best of 20 sets stands every question. Try it on bars that it has not seen, then in PAPER."


WITHOUT = "There are no random entries to compare with: no trade was made."
AGAINST = [
    ({"best_is_in_force": True}, "of 20 sets the one in force is the best"),
    ({"best": (part(NONE), part(NONE, math.nan, 0))}, "the best set is one that does nothing, for every other lost"),
    ({"best": (part(BAD), part())}, "even the best of 20 sets lost in sample"),
    (
        {"sharpes": tuple([3.0, -3.0] * 20)},
        "luck alone makes the best of 40 sets look as good (deflated significance 0.00; 0.95 is asked for)",
    ),
    ({"best": (part(), part(BAD))}, "the best set lost out of sample"),
    (
        {"best": (part(), part(NONE, math.nan, 0, WITHOUT))},
        "made nothing out of sample",
    ),
    ({"best": (part(), part(below=0.9))}, "out of sample its trades are not to be told from random entries (90 % of them were worse)"),
    ({"best": (part(), part(below=0.975))}, "not to be told from random entries"),
    ({"neighbours": (0.1, 0.2, 0.9)}, "the best set stands alone: its neighbours, a step away, come to 0.20 in the middle"),
]


@pytest.mark.parametrize(("other", "sentence"), AGAINST, ids=[sentence[:40] for _, sentence in AGAINST])
def test_each_question_alone_makes_it_nothing(other, sentence):
    first, *_ = findings.sweep_verdict(sweep(**other))
    assert first.startswith("Nothing here: ") and sentence in first


def test_sets_that_did_nothing_are_not_called_the_best():
    idle = sweep(sharpes=(0.0, 0.0, 0.0), best=(part(NONE), part(NONE)), best_is_in_force=True)
    assert findings.sweep_verdict(idle) == [
        "Nothing here: none of 3 sets did anything in sample; more sessions are needed to tell them apart."
    ]


def test_without_a_trade_there_is_nothing_to_compare():
    *_, last = findings.sweep_verdict(sweep(best=(part(), part(NONE, math.nan, 0, WITHOUT))))
    assert last == "Also: there are no random entries to compare it with out of sample, for it made no trade there."


def test_no_answer_is_no_yes():
    for best in ((part((1.0,)), part()), (part(), part(below=math.nan)), (part(), part((math.nan,) * 3))):
        assert findings.sweep_verdict(sweep(best=best))[0].startswith("Nothing here: ")


def test_the_other_answers_that_are_missing_follow():
    first, second, third, *rest = findings.sweep_verdict(sweep(best=(part(BAD), part(BAD, below=0.2)), looks=3, failed=2))
    assert first == "Nothing here: even the best of 20 sets lost in sample."
    assert second == "Also: the best set lost out of sample."
    assert third == "Also: out of sample its trades are not to be told from random entries (20 % of them were worse)."
    assert [each[:30] for each in rest] == ["The sessions out of sample wer", "2 sets could not be tried; swe"]


def step(results=GOOD[:6], kept=BAD[:6]) -> Fold:
    return Fold({"K1.a": 1}, 10, 0.5, (part(GOOD), part(results)), (part(GOOD), part(kept)))


def test_all_looks_are_judged_together():
    folds = [step(), step(), step()]
    assert findings.together(folds, "chosen") == GOOD[:6] * 3
    assert findings.walk_verdict(folds, 0.99)[0].startswith("Something may be here: what was chosen won in 18 sessions")
    assert findings.efficiency(folds) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("folds", "below", "sentence"),
    [
        ([step(BAD[:6])], 0.99, "Nothing here: what was chosen lost in 6 sessions that it had not seen."),
        ([step(NONE[:6])], 0.99, "Nothing here: what was chosen did nothing in 6 sessions that it had not seen."),
        ([step((1.0, -0.9, 0.2))], 0.99, "Nothing here: what was chosen won in 3 sessions by no more than chance would"),
        ([step(kept=GOOD[:6])], 0.99, "Nothing here: the numbers in force did as well there or better."),
        ([step()], 0.6, "Nothing here: its trades are not to be told from random entries (60 % of them were worse)."),
        ([step()], math.nan, "Nothing here: there are no random entries to compare with."),
    ],
)
def test_a_walk_that_answers_a_question_wrongly_is_nothing(folds, below, sentence):
    assert findings.walk_verdict(folds, below)[0].startswith(sentence)


def test_an_efficiency_of_no_gain_is_none():
    lost = msgspec.structs.replace(step(), chosen=(part(BAD), part()))
    assert math.isnan(findings.efficiency([lost]))
