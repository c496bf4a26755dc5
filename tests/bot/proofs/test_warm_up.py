"""From which warm-up on a signal is the same: the first step after which it never differs again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from bot.proofs.warm_up import Need, WarmUp, need_of

STEPS = [0, 1, 2, 5]
FULL = {(60, "a"): 1.0, (120, "a"): 2.0, (60, "b"): math.nan, (120, "b"): 3.0}


def needed(name: str, *values: dict) -> Need:
    return need_of(name, FULL, [FULL | each for each in values], STEPS)


@pytest.mark.parametrize(
    ("values", "apart", "sessions"),
    [
        ([{}, {}, {}, {}], [0.0, 0.0, 0.0, 0.0], 0),
        ([{(60, "a"): 1.5}, {}, {}, {}], [0.5, 0.0, 0.0, 0.0], 1),
        ([{}, {}, {(120, "a"): 1.0}, {}], [0.0, 0.0, 1.0, 0.0], 5),  # that it was the same before was chance
        ([{}, {}, {}, {(120, "a"): 2.25}], [0.0, 0.0, 0.0, 0.25], None),
        ([{(60, "a"): 1.0 + 1e-12}, {}, {}, {}], [pytest.approx(1e-12, rel=0.1), 0.0, 0.0, 0.0], 0),
    ],
)
def test_a_signal_is_the_same_from_the_step_after_which_it_never_differs(values: Sequence[dict], apart, sessions):
    found = needed("a", *values)
    assert (found.apart, found.sessions) == (apart, sessions)


def test_one_that_is_not_defined_yet_is_infinitely_far_and_one_that_is_so_in_both_is_the_same():
    assert needed("b", {(120, "b"): math.nan}, {}, {}, {}).apart == [math.inf, 0.0, 0.0, 0.0]
    assert needed("b", {(60, "b"): 1.0}, {}, {}, {}).sessions == 1


def test_a_bar_that_was_not_decided_is_not_the_same():
    missing = {key: value for key, value in FULL.items() if key != (120, "a")}
    assert need_of("a", FULL, [missing], [0]).apart == [math.inf]


def test_the_sentence_names_the_last_signals_and_those_that_still_differ():
    needs = [Need("a", [0.0, 0.0], 0), Need("b", [math.inf, 0.0], 1)]
    table = WarmUp("2025-10-01", [0, 1], 3, needs)
    assert table.sentence == "Beside 3 sessions of warm-up, 2025-10-01: every signal is the same from 1 session on; the last to be: b."
    assert table.rows() == [("signal", "0", "1", "same from"), ("a", "=", "=", "0"), ("b", "–", "=", "1")]
    late = WarmUp("2025-10-01", [0, 1], 3, [*needs, Need("c", [0.5, 0.25], None)])
    assert late.sentence == "Beside 3 sessions of warm-up, 2025-10-01: c still differs after 1 session."
    assert late.rows()[-1] == ("c", "0.5", "0.25", "–")
