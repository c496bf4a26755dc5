"""What an outcome weighs, and when evidence has aged: by hand, at the bounds, and for any sample."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from outcome_makers import CONTRACTS

from bot.contracts.models import Learning
from bot.learning.evidence import Sessions, effective_sample, has_aged, sessions_until_aged, weight

LAW = CONTRACTS.learning
AGED = st.lists(st.tuples(st.floats(0, 1) | st.just(math.nan), st.integers(0, 400)), max_size=20)


def law(**changes: object) -> Learning:
    return LAW.model_copy(update={"evidence": LAW.evidence.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("dvs", "sessions", "expected"),
    [
        (1.0, 0, 1.0), (0.9, 0, 0.9), (1.0, 20, 0.5), (0.8, 20, 0.4), (1.0, 40, 0.25), (1.0, 10, math.sqrt(0.5)), (math.nan, 0, 0.0),
        (1.2, 0, 1.0), (-0.1, 5, 0.0), (1.0, 100_000, 0.0),
    ],
)  # fmt: skip
def test_dvs_at_entry_is_halved_every_twenty_sessions(dvs, sessions, expected):
    assert weight(dvs, sessions, LAW) == pytest.approx(expected, abs=1e-15)


def test_without_a_half_life_an_outcome_weighs_its_dvs_for_ever():
    assert weight(0.9, 5_000, law(half_life_sessions=None)) == 0.9


def test_a_session_is_counted_once_and_never_backwards():
    sessions = Sessions()
    assert [sessions.begin(day) for day in ("2025-12-30", "2025-12-30", "2025-12-29", "2026-01-02")] == [True, False, False, True]
    assert len(sessions) == 2
    assert [sessions.since(day) for day in ("2025-12-29", "2025-12-30", "2025-12-31", "2026-01-02", "2027-01-01")] == [2, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("sample", "since", "aged"),
    [(2.9, 20, True), (2.9, 19, False), (3.0, 20, False), (3.0 - 1e-10, 20, False), (3.1, 400, False), (0.0, 20, True), (0.0, 0, False),
     (math.nan, 400, False)],
)  # fmt: skip
def test_evidence_has_aged_below_three_and_from_the_twentieth_session_on(sample, since, aged):
    assert has_aged(sample, since, LAW) is aged


@pytest.mark.parametrize(
    ("outcomes", "since", "expected"),
    [
        ([], 0, 20),
        ([(1.0, 0)] * 3, 0, 20),
        ([(1.0, 0)] * 3, 19, 1),
        ([(1.0, 0)] * 3, 300, 1),
        ([(1.0, 0)] * 6, 0, 21),  # after 20 they weigh exactly 3, which is not below it
        ([(1.0, 0)] * 12, 0, 41),
        ([(1.0, 0)] * 20, 0, 55),  # 20 x log2(20 / 3) = 54.7: nothing rests longer
        ([(1.0, 0)] * 20, 100, 55),
    ],
)
def test_how_long_it_takes(outcomes, since, expected):
    assert sessions_until_aged(outcomes, since, LAW) == expected


@pytest.mark.parametrize("changes", [{"half_life_sessions": None}, {"aged_below_sample": 0.0}])
def test_where_evidence_never_ages_nothing_is_promised(changes):
    assert sessions_until_aged([(1.0, 0)] * 6, 50, law(**changes)) is None


@given(AGED, st.integers(0, 60), st.integers(1, 40), st.floats(0.001, 20))
def test_the_session_that_is_promised_is_the_first_that_lets_go(outcomes, since, half_life, below):
    rule = law(half_life_sessions=half_life, aged_below_sample=below)
    promised = sessions_until_aged(outcomes, since, rule)
    assume(promised is not None)
    found = [has_aged(effective_sample(outcomes, rule, later), since + later, rule) for later in range(1, promised + 1)]
    assert found == [False] * (promised - 1) + [True]


@given(AGED, st.integers(1, 400))
def test_a_sample_only_fades(outcomes, later):
    assert effective_sample(outcomes, LAW, later) <= effective_sample(outcomes, LAW)
