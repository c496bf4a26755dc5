"""Which sessions are chosen on and which are looked at: never one of both, none before its time, and too few is a sentence."""

from __future__ import annotations

from datetime import date
from importlib.util import find_spec

import pytest

from bot.research.extra import LIBRARIES

if missing := [name for name in LIBRARIES if find_spec(name) is None]:
    pytest.skip(f"the extra research is not installed: {', '.join(missing)}", allow_module_level=True)

from bot.errors import UsageError
from bot.research.sweep import halves
from bot.research.walk_forward import windows

DAYS = tuple(f"2025-03-{day:02}" for day in range(10, 22))


def test_two_thirds_are_in_sample_where_nobody_says():
    inside, outside = halves(DAYS, None)
    assert inside + outside == DAYS and len(inside) == 8


def test_a_day_splits_itself_out_of_sample():
    inside, outside = halves(DAYS, date(2025, 3, 15))
    assert (inside[-1], outside[0]) == ("2025-03-14", "2025-03-15")


@pytest.mark.parametrize("split", [date(2025, 3, 11), date(2025, 3, 9), date(2025, 4, 1)])
def test_a_split_that_leaves_too_few_is_a_sentence(split):
    with pytest.raises(UsageError, match=f"--split {split}: leaves .* two and one are needed"):
        halves(DAYS, split)


def test_steps_choose_on_what_came_before_and_look_at_each_session_once():
    steps = windows(DAYS, 5, 3)
    assert [outside for _, outside in steps] == [DAYS[5:8], DAYS[8:11]]
    for inside, outside in steps:
        assert len(inside) == 5 and max(inside) < min(outside)
        assert DAYS.index(outside[0]) == DAYS.index(inside[-1]) + 1


def test_too_few_sessions_to_walk_are_a_sentence():
    with pytest.raises(UsageError, match="--train 10 and --test 5 need 15 sessions, and there are 12"):
        windows(DAYS, 10, 5)
