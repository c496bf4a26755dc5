"""A history can only make entry harder: EUC is the smaller of the one with the evidence and the one without."""

from __future__ import annotations

import math

import msgspec
import pytest
from builders import INPUTS, LIMITS
from hypothesis import given
from hypothesis import strategies as st

from bot.decision.euc import EucInputs, euc

SCORE = st.floats(0, 1)


def of(**changes: float):
    return euc(msgspec.structs.replace(INPUTS, **changes), LIMITS.euc)


def test_without_a_history_both_are_the_same():
    found = of()
    assert found.total == found.other_total


@pytest.mark.parametrize("wins", [1.0, 5.0, 40.0])
def test_wins_make_nothing_easier_and_all_parts_are_those_without_them(wins):
    assert msgspec.structs.replace(of(wins=wins), other_total=0.0) == msgspec.structs.replace(of(), other_total=0.0)
    assert of(wins=wins).other_total > of().total


@pytest.mark.parametrize("history", [{"losses": 3.0}, {"cost_multiplier": 1.5}, {"wins": 1.0, "losses": 5.0}])
def test_a_bad_history_counts_and_the_other_total_is_the_one_without_it(history):
    found = of(**history)
    assert found.total < found.other_total == of().total


def test_a_higher_cost_counts_though_wins_speak_for_more():
    """The smaller total is looked for, not the smaller edge."""
    dear, fair = of(wins=1.0, cost_multiplier=3.0), of()
    assert (dear.cost, dear.other_total) == (pytest.approx(0.6), fair.total)
    assert dear.edge > fair.edge


def test_parts_and_total_are_of_one_calculation():
    for found in (of(wins=5.0), of(losses=5.0)):
        assert found.total == found.edge - found.uncertainty - found.cost


@pytest.mark.parametrize("name", ["wins", "losses", "cost_multiplier"])
def test_a_history_that_is_no_number_is_no_euc(name):
    found = of(**{name: math.nan})
    assert math.isnan(found.total)
    assert found.other_total == of().total


@pytest.mark.parametrize("name", ["belief", "dvs", "cost_r"])
def test_a_moment_that_is_no_number_is_no_euc_of_either_kind(name):
    found = of(**{name: math.nan})
    assert math.isnan(found.total) and math.isnan(found.other_total)
    learned = of(**{"cost_multiplier": 1.5, name: math.nan})
    assert str(learned.cost) == str(found.cost)  # told as if there were no history


HISTORY = st.fixed_dictionaries({"wins": st.floats(0, 40), "losses": st.floats(0, 40), "cost_multiplier": st.floats(0, 3)})
MOMENTS = st.builds(
    EucInputs, reward_ratio=st.floats(0.5, 4), belief=SCORE, instability=SCORE, dvs=SCORE, eqs=SCORE, wins=st.just(0.0),
    losses=st.just(0.0), cost_r=st.floats(0, 1), cost_multiplier=st.just(1.0),
)  # fmt: skip


@given(MOMENTS, HISTORY)
def test_no_history_brings_more_than_none(moment, history):
    fresh, found = euc(moment, LIMITS.euc), euc(msgspec.structs.replace(moment, **history), LIMITS.euc)
    assert found.total <= fresh.total
    assert fresh.total in (found.total, found.other_total)
