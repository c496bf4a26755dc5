"""What a strategy answers is looked at before anything is done with it: nonsense is told and goes no further."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from builders import plan, trade_view

from bot.decision.answers import raised, short, usable, usable_action
from bot.decision.codes import Code
from bot.decision.plan import Act, EntryPlan, EntryType, ExitReason, Leg, ManagementAction, NoSetup, Setup, Thesis, Veto

NO_SETUP = NoSetup("VWAP_Z", "abs_z", 0.5, "minimum", 1.5)
HOLD = ManagementAction(Act.HOLD, "nothing to do")


def changed(**changes: Any) -> EntryPlan:
    return msgspec.structs.replace(plan(), **changes)


def unusable(answer: Any, *asked: Any, **how: Any) -> str:
    """Why an answer cannot be used, "" if it can; then what is used says the same and is not the answer itself."""
    try:
        used = usable(answer, *asked, **how)
    except ValueError as fault:
        return str(fault)
    assert used is not answer and type(used) is type(answer)
    assert msgspec.json.encode(used) == msgspec.json.encode(answer)  # there nan is null, and equal
    return ""


class Liar(EntryPlan, frozen=True):
    """A plan that says of itself what is not so."""

    @property
    def quantity(self) -> int:
        return 0


class Unshown:
    def __repr__(self) -> str:
        raise RuntimeError("no")


USABLE = {
    "no setup": (NO_SETUP, None, False),
    "no setup for want of a number": (NoSetup("VWAP_Z", "abs_z", math.nan, "minimum", 1.5), None, False),
    "a plan": (plan(), None, False),
    "a stop-limit plan": (plan(trigger=1), None, False),
    "holding": (HOLD, trade_view(), False),
    "leaving": (ManagementAction(Act.EXIT, "time", reason=ExitReason.TIME), trade_view(), False),
    "tightening": (ManagementAction(Act.TIGHTEN, "one R", stop=1000, cause="protect"), trade_view(), False),
    "a veto of the filter": (Veto(Code.K5_NOISE, "noise", 0.8, "below", 0.7), None, True),
}


@pytest.mark.parametrize("answer, trade, vetoes", USABLE.values(), ids=USABLE)
def test_what_a_strategy_may_answer_is_used(answer, trade, vetoes):
    assert unusable(answer, "K1", "F1", trade, vetoes=vetoes) == ""


NONSENSE = {
    "words": ("buy", "answered 'buy', of str"),
    "a setup": (Setup(1), "answered Setup(side=1), of Setup"),
    "what cannot be shown": (Unshown(), "answered what cannot be shown (RuntimeError), of Unshown"),
    "a long text": ("x" * 100, "xxx..., of str"),
    "a veto of one that orders": (Veto("NO", "a", 1, "b", 2), "of Veto"),
    "managing what it does not hold": (HOLD, "of ManagementAction"),
    "a number without its type": (NoSetup("A", "b", np.float64(1.0), "c", 2), "of float64; allowed are int, float and str"),
    "a list for a number": (NoSetup("A", "b", [1], "c", 2), "a NoSetup with [1], of list"),
    "a huge number": (NoSetup("A", "b", 2**70, "c", 2), "of int"),
    "a code that is none": (NoSetup(None, "b", 1, "c", 2), "a NoSetup with None, of NoneType, where a word must be"),
    "a plan for another": (plan(strategy="K2"), "a plan for K2"),
    "a plan on another's belief": (changed(thesis=Thesis("F2", 0.9)), "a plan that stands on F2, where it declares F1"),
    "a plan that lies": (Liar(**msgspec.structs.asdict(plan())), "of Liar"),
    "a price that is none": (changed(limit=math.nan), "its EntryPlan cannot be read: Expected `int`, got `float` - at `$.limit`"),
    "a price between two ticks": (changed(limit=1000.5), "its EntryPlan cannot be read: Expected `int`, got `float`"),
    "a price below zero": (changed(limit=-1000), "a plan with a price, quantity or time that no market has"),
    "a price beyond all": (changed(limit=2**40), "a plan with a price, quantity or time that no market has"),
    "a stop that is none": (changed(legs=(Leg(1, math.nan, 1016),)), "its EntryPlan cannot be read: Expected `int`, got `float`"),
    "no legs": (changed(legs=()), "a plan without legs"),
    "a leg of nothing": (changed(legs=(Leg(0, 992, 1016),)), "a plan without legs, or with one of no contract"),
    "a side that is none": (changed(side=0), "a plan of side 0; allowed are 1 and -1"),
    "a type that is none": (changed(entry_type="MARKET"), "its EntryPlan cannot be read: Invalid enum value 'MARKET'"),
    "a stop-limit without a trigger": (changed(entry_type=EntryType.STOP_LIMIT), "a STOP_LIMIT plan with trigger None"),
    "a limit with a trigger": (changed(trigger=999), "a LIMIT plan with trigger 999"),
    "a life that is none": (changed(ttl_seconds=math.nan), "a plan with a number that is none"),
    "a life without end": (changed(ttl_seconds=math.inf), "a plan with a number that is none"),
    "a thesis that is none": (changed(thesis=None), "its EntryPlan cannot be read"),
    "a belief that is none": (changed(thesis=Thesis("F1", math.nan)), "a plan with a number that is none"),
}


@pytest.mark.parametrize("answer, words", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_named(answer, words):
    found = unusable(answer, "K1", "F1", None)
    assert words in found and len(found) < 250, found


@pytest.mark.parametrize(
    "action, words",
    [
        (ManagementAction(Act.EXIT, "why not"), "wants to leave for no reason"),
        (ManagementAction(Act.EXIT, "why not", reason="BOREDOM"), "its ManagementAction cannot be read: Invalid enum value 'BOREDOM'"),
        (ManagementAction(Act.TIGHTEN, "why not"), "wants its stop at None ticks"),
        (ManagementAction(Act.TIGHTEN, "why not", stop=math.nan), "its ManagementAction cannot be read"),
        (ManagementAction("dance", "why not"), "its ManagementAction cannot be read"),
        ("stay", "answered 'stay', of str"),
    ],
)
def test_an_action_that_is_none_is_named(action, words):
    assert words in unusable(action, "K1", "F1", trade_view())


def test_the_filter_never_has_a_plan():
    assert "of EntryPlan" in unusable(plan(), "K5", "F5", None, vetoes=True)


WORDS = "a strategy's own words \ud800"


@pytest.mark.parametrize(
    ("answer", "trade"),
    [
        (NoSetup(WORDS, "b", 1, "c", 2), None),
        (NoSetup("A", "b", WORDS, "c", 2), None),
        (changed(strategy=WORDS), None),
        (ManagementAction(Act.HOLD, WORDS), trade_view()),
        (ManagementAction(Act.EXIT, "out", reason=WORDS), trade_view()),
    ],
)
def test_words_that_no_record_can_hold_are_no_answer(answer, trade):
    assert "cannot be read" in unusable(answer, "K1", "F1", trade)


def test_a_word_for_an_enum_becomes_the_enum_that_everybody_reads():
    action = usable_action(ManagementAction("exit", "out", reason="THESIS"))
    assert (action.act, action.reason) == (Act.EXIT, ExitReason.THESIS)
    assert (type(action.act), type(action.reason)) == (Act, ExitReason)


def test_a_number_of_a_strangers_type_becomes_none_that_it_can_change():
    class Whole(int):
        pass

    assert "cannot be read" in unusable(ManagementAction(Act.TIGHTEN, "closer", stop=Whole(1000)), "K1", "F1", trade_view())


class Quits(Exception):
    def __str__(self) -> str:
        raise SystemExit


def test_an_exception_is_one_line_whatever_its_text_does():
    assert raised(ValueError("a\nb")) == "ValueError: a b"
    assert raised(Quits()) == "Quits: what cannot be shown (SystemExit)"
    assert raised(ValueError("\ud800")) == "ValueError: ?"


def test_a_long_value_is_cut():
    assert (short("x" * 58), short("x" * 59)) == (repr("x" * 58), repr("x" * 59)[:57] + "...")
