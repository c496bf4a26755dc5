"""EQS: the formula, each event of the table, and the bounds of what makes an event."""

import math

import pytest
from bar_makers import contracts
from hypothesis import given
from hypothesis import strategies as st

from bot.quality.eqs import EqsScorer, fill_events, loss_events, naked_events

TABLE = {
    "order_rejected": (0.15, 20),
    "late_fill": (0.08, 15),
    "excess_slippage": (0.10, 15),
    "partial_fill": (0.10, 20),
    "change_rejected": (0.10, 15),
    "order_unknown": (0.25, 30),
    "connection_disrupted": (0.30, 40),
    "naked_time": (0.20, 30),
    "entry_expired": (0.05, 10),
}
LAW = contracts().execution_contract
EVENTS = st.lists(st.tuples(st.sampled_from(sorted(TABLE)), st.floats(0, 800)), max_size=25)


def scorer(events=()) -> EqsScorer:
    made = EqsScorer(LAW)
    for name, minute in events:
        made.on_event(name, minute)
    return made


def by_hand(events, minute) -> float:
    left = sum(TABLE[name][0] * 2 ** (-(minute - when) / TABLE[name][1]) for name, when in events)
    return min(1.0, max(0.0, 1.0 - left))


def test_eqs_starts_at_one():
    assert (scorer().score(0.0), scorer().parts(0.0)) == (1.0, [])


@pytest.mark.parametrize("name", TABLE)
def test_each_event_costs_its_penalty_and_half_of_it_after_its_half_life(name):
    penalty, half_life = TABLE[name]
    made = scorer([(name, 100.0)])
    assert made.score(100.0) == pytest.approx(1 - penalty, abs=1e-12)
    assert made.score(100.0 + half_life) == pytest.approx(1 - penalty / 2, abs=1e-12)
    assert made.parts(100.0 + 2 * half_life) == [(name, pytest.approx(penalty / 4, abs=1e-12))]


def test_penalties_add_up_and_the_score_stops_at_zero():
    made = scorer([("order_rejected", 0.0), ("partial_fill", 20.0)])
    assert made.score(20.0) == pytest.approx(1 - 0.075 - 0.10, abs=1e-12)
    assert scorer([("connection_disrupted", 0.0)] * 5).score(0.0) == 0.0


def test_an_event_too_small_to_see_is_forgotten():
    made = scorer([("entry_expired", 0.0)])  # 0.05 x 2^(-t / 10) is 1e-12 at t = 355.4
    assert len(made.parts(355.0)) == 1
    assert (made.parts(356.0), made.score(356.0)) == ([], 1.0)


def test_an_event_that_is_known_late_has_decayed_since_it_happened():
    made = scorer()
    made.score(30.0)
    made.on_event("excess_slippage", 15.0)
    assert made.score(30.0) == pytest.approx(0.95, abs=1e-12)


def test_an_event_from_ahead_of_the_clock_costs_no_more_than_its_penalty():
    assert scorer([("naked_time", 10.5)]).score(10.0) == pytest.approx(0.8, abs=1e-12)


def test_an_unknown_event_names_the_known_ones():
    with pytest.raises(ValueError, match=r"order_lost.*order_rejected"):
        scorer().on_event("order_lost", 0.0)


def test_time_must_be_known():
    with pytest.raises(ValueError, match="no time"):
        scorer().on_event("naked_time", math.nan)
    with pytest.raises(ValueError, match="nan"):
        scorer().score(math.nan)


def test_time_never_runs_backwards():
    made = scorer([("partial_fill", 0.0)])
    assert made.score(20.0) == made.score(5.0) == made.score(20.0) == pytest.approx(0.95, abs=1e-12)
    assert made.parts(5.0) == made.parts(20.0)


@given(EVENTS)
def test_the_score_is_the_formula_and_its_parts_explain_it(events):
    minute = 800.0
    score = scorer(events).score(minute)
    assert score == pytest.approx(by_hand(events, minute), abs=1e-9)
    assert score == pytest.approx(max(0.0, 1 - sum(penalty for _, penalty in scorer(events).parts(minute))), abs=1e-9)


@given(EVENTS, st.sampled_from(sorted(TABLE)), st.floats(0, 800))
def test_one_more_event_never_raises_the_score(events, name, minute):
    assert scorer([*events, (name, minute)]).score(800.0) <= scorer(events).score(800.0)


@given(EVENTS, st.floats(800, 2000), st.floats(0, 500))
def test_without_events_the_score_never_falls_and_comes_back_to_one(events, minute, later):
    made = scorer(events)
    assert 0.0 <= made.score(minute) <= made.score(minute + later) <= 1.0
    assert made.score(5000.0) == 1.0


@given(st.lists(st.tuples(st.sampled_from(sorted(TABLE)), st.floats(0, 400)), max_size=20).map(lambda e: sorted(e, key=lambda i: i[1])))
def test_a_rebuilt_score_is_the_same_to_the_bit_whatever_was_asked_before_and_in_any_order(events):
    lived = EqsScorer(LAW)
    for name, minute in events:
        lived.on_event(name, minute)
        lived.score(minute)
    for minute in (400.0, 800.0, 1200.0):
        assert lived.score(minute) == scorer(events).score(minute) == scorer(events[::-1]).score(minute)


@pytest.mark.parametrize(
    ("waited", "slipped", "modelled", "partial", "events"),
    [
        (60.0, 2.0, 1, False, []),
        (60.001, 2.0, 1, False, ["late_fill"]),
        (None, 2.0, 1, False, []),
        (0.0, 2.01, 1, False, ["excess_slippage"]),
        (0.0, 4.0, 2, False, []),
        (0.0, 5.0, 2, False, ["excess_slippage"]),
        (0.0, -3.0, 1, False, []),
        (0.0, 0.0, 1, True, ["partial_fill"]),
        (61.0, 3.0, 1, True, ["late_fill", "excess_slippage", "partial_fill"]),
    ],
)
def test_what_a_fill_costs(waited, slipped, modelled, partial, events):
    assert fill_events(LAW, waited, slipped, modelled, partial) == events


@pytest.mark.parametrize(("seconds", "events"), [(0.0, []), (1.0, []), (1.001, ["naked_time"])])
def test_naked_time_counts_past_one_second(seconds, events):
    assert naked_events(LAW, seconds) == events


@pytest.mark.parametrize("expected", [False, True])
@pytest.mark.parametrize("idle", [False, True])
@pytest.mark.parametrize("in_session", [False, True])
def test_a_loss_costs_unless_it_was_expected_and_nothing_can_have_felt_it(expected, idle, in_session):
    free = expected and idle and not in_session
    assert loss_events(expected=expected, idle=idle, in_session=in_session) == ([] if free else ["connection_disrupted"])


def test_the_helpers_speak_names_of_the_contract():
    lost = loss_events(expected=False, idle=False, in_session=True)
    names = {*fill_events(LAW, 99.0, 99.0, 1, True), *naked_events(LAW, 99.0), *lost}
    assert names <= set(TABLE) == set(type(LAW.eqs.events).model_fields)
