"""What would have had to be otherwise is said in sentences, for every gate and every condition of a setup."""

from __future__ import annotations

import math

import pytest

from bot.decision.codes import Code
from bot.decision.gates import BAR_GATES, PLAN_GATES
from bot.glossary import BELIEFS, SETUPS
from bot.journal import to_pass
from bot.journal.to_pass import what_had_to_change

ELSEWHERE = {
    Code.EUC_BELOW_MINIMUM,
    Code.OUTRANKED,
    Code.NO_ANSWER,
    Code.GUARD_ERROR,
    Code.NOBODY_RAN,
    Code.BAR_REJECTED,
}  # not gates of a table


def gate(code, observed, limit, unit="", name="some_thing", limit_name="minimum"):
    return {"code": code, "observed_name": name, "observed": observed, "limit_name": limit_name, "limit": limit, "unit": unit}


def test_every_gate_that_decides_and_every_condition_has_its_words_and_no_word_is_of_none():
    assert set(to_pass.GATES) == {Code(code) for each in (*BAR_GATES, *PLAN_GATES) for code in each.codes} | ELSEWHERE
    assert set(to_pass.SETUPS) == set(SETUPS) - {"NEVER"} | set(BELIEFS)


@pytest.mark.parametrize("code", [*to_pass.GATES, *to_pass.SETUPS])
@pytest.mark.parametrize(("observed", "limit"), [(3, 2.0), (1.5, 2), (2, 2), (math.nan, 2), (None, 2), ("opening", "2 3"), ("x", None)])
def test_whatever_a_gate_holds_it_is_one_clause_without_a_code(code, observed, limit):
    said = what_had_to_change([gate(str(code), observed, limit, "minutes")])
    assert " would have to " in said and said[0].islower() | said.startswith("VWAP") | said.startswith("EUC")
    assert "{" not in said and not {"nan", "None"} & set(said.split()), said


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        ([], ""),
        ([gate("VOLATILITY_SHOCK", 26.0, 60.0, "minutes")], "the last volatility shock would have to be 34 minutes longer ago"),
        ([gate("ENTRY_SPACING", 29.0, 30.0, "minutes")], "the last entry would have to be 1 minute longer ago"),
        (
            [gate("WARM_UP", "atr_norm volume_z", "all defined", name="undefined")],
            "signals that need more bars would have to be defined: atr_norm, volume_z",
        ),
        (
            [gate("LOSING_STREAK", 2, 2, "losses", limit_name="lock_at")],
            "losses in a row would have to be fewer than 2, as they are from the next session on",
        ),
        ([gate("PHASE", 3, "1 2 4")], "the session would have to be in its phase opening or mid-morning or afternoon"),
        ([gate("REGIME", "range", "trending volatile")], "the market's regime would have to be trending or volatile"),
        ([gate("CHOPPY", "choppy", "not choppy")], "the market's regime would have to be not choppy"),
        ([gate("K5_NOISE", 0.7, 0.7, limit_name="below")], "the market's noise would have to fall below 0.70"),
        ([gate("VOLUME_Z", 0.5, 0.5, limit_name="above")], "volume above its usual, in standard deviations, would have to rise above 0.50"),
        ([gate("MY_OWN", 1, 3, "ticks", name="my_gap")], "my gap would have to rise by 2 ticks"),
        ([gate("MY_OWN", 1, 3, "ticks", name="my {gap} of {0}")], "my {gap} of {0} would have to rise by 2 ticks"),
        ([gate("MY_OWN", "red", "green", name="my_lamp")], "my lamp would have to be green"),
        (
            [gate("STOP_TOO_WIDE", 14, 12, "ticks"), gate("DVS_BELOW_MINIMUM", 0.75, 0.8)],
            "the distance of the stop would have to fall by 2 ticks; and the data validity score (DVS) would have to rise by 0.05",
        ),
    ],
)  # fmt: skip
def test_the_clauses_say_what_of_what_and_how_much(failing, said):
    assert what_had_to_change(failing) == said


def test_the_names_of_phases_are_those_of_the_session_contract():
    from builders import CONTRACTS

    assert {phase.code: phase.name for phase in CONTRACTS.session.phases} == {
        code: name for code, name in enumerate(to_pass.PHASES) if 0 < code < 6
    }
