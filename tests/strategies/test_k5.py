"""K5 vetoes noise, the lunch void and a session that stopped us out on both sides; it never orders."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from builders import market, with_beliefs
from hypothesis import given
from kit import SPEC, in_a_mirror
from states import closed, mirror, new_strategy, random_states

from bot.decision.plan import NoSetup, Setup, Veto
from strategies.base import ContractStrategyConfig
from strategies.k5 import NoiseFilter


class Outcome(NamedTuple):
    """What K5 reads of a trade that ended."""

    side: int
    exit_reason: str
    trading_day: str


NOISY = with_beliefs(F5=(0.6, 0.6))


def filter_after(*stops: tuple[int, str, str]) -> NoiseFilter:
    """K5 after trades of (side, exit reason, trading day)."""
    made = NoiseFilter(ContractStrategyConfig(runtime=SPEC))
    for stop in stops:
        made.post_trade_update(Outcome(*stop))
    return made


@pytest.mark.parametrize(
    ("changes", "code", "observed"),
    [
        ({"noise": 0.70, "beliefs": NOISY}, "K5_NOISE", 0.70),
        ({"noise": 0.70 - 5e-10, "beliefs": NOISY}, "K5_NOISE", 0.70 - 5e-10),
        ({"noise": 0.9, "beliefs": NOISY, "lunch_void": True}, "K5_NOISE", 0.9),
        ({"lunch_void": True, "session_phase": 3}, "K5_LUNCH_VOID", 3),
    ],
)
def test_it_vetoes_noise_that_it_believes_in_and_the_lunch_void(changes, code, observed):
    for state in (market(**changes), in_a_mirror(market(**changes))):
        found = filter_after().detect(state)
        assert isinstance(found, Veto)
        assert (found.code, found.observed) == (code, observed)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"noise": 0.69, "beliefs": with_beliefs(F5=(0.9, 0.9))}, "NOISE"),
        ({"noise": 0.9, "beliefs": with_beliefs(F5=(0.59, 0.59))}, "F5"),
        ({"noise": float("nan")}, "NOISE"),
    ],
)
def test_else_it_says_which_condition_was_not_met(changes, code):
    found = filter_after().detect(market(**changes))
    assert isinstance(found, NoSetup)
    assert found.code == code


TODAY, YESTERDAY = "2025-09-16", "2025-09-15"


@pytest.mark.parametrize(
    ("stops", "vetoes"),
    [
        ([(1, "STOP", TODAY), (-1, "STOP", TODAY)], True),
        ([(-1, "STOP", TODAY), (1, "STOP", TODAY)], True),
        ([(1, "STOP", TODAY), (1, "STOP", TODAY)], False),  # one side
        ([(1, "STOP", TODAY)], False),
        ([(1, "STOP", TODAY), (-1, "THESIS", TODAY)], False),  # no stop-out
        ([(1, "STOP", YESTERDAY), (-1, "STOP", TODAY)], False),  # not in one session
        ([(1, "STOP", YESTERDAY), (-1, "STOP", YESTERDAY)], False),  # another session's
        ([(1, "STOP", TODAY), (1, "STOP", TODAY), (-1, "STOP", TODAY)], True),
    ],
)
def test_it_vetoes_after_stop_outs_on_both_sides_of_one_session(stops, vetoes):
    found = filter_after(*stops).detect(market())
    assert isinstance(found, Veto) is vetoes
    if vetoes:
        assert (found.code, found.observed, found.limit) == ("K5_OPPOSITE_STOPS", len(stops), 2)


def test_it_never_orders():
    made = filter_after()
    assert isinstance(made.plan_entry(Setup(1), market()), NoSetup)
    assert made.plan_exit(None, market()) is None


# ------------------------------------------------------------------ random states


@given(random_states())
def test_a_mirrored_state_gives_the_same_answer_whatever_it_is(state):
    filter_ = new_strategy("K5")
    for side in (1, -1):
        filter_.post_trade_update(closed(side))
    assert filter_.detect(mirror(state)) == filter_.detect(state)
