"""Random entries: same trades, other moments."""

import pytest
from builders import mirrored
from outcome_makers import bar, plan

from bot.report.baseline import Tape, random_entries

FEE = 62


def tape(bars, eligible=None, flatten=None, slippage=1, unseen=None, void=None):
    never = [False] * len(bars)
    return Tape(bars, [slippage] * len(bars), flatten or never, eligible or [True] * len(bars), unseen or never, void or never)


# down a tick (the entry fills), then straight up through any target
RISING = [bar(minute, 1000 + 20 * (minute // 2), 1000 + 20 * (minute // 2) + 1, 998 + 20 * (minute // 2), 1000 + 20 * (minute // 2))
          for minute in range(40)]  # fmt: skip
FALLING = [mirrored(item, 1000) for item in RISING]


def test_in_a_market_that_only_rises_each_long_draw_wins_its_target():
    # entries fill on the even bars only: the odd ones are followed by a gap up
    found = random_entries([plan(), plan()], tape(RISING, [minute < 30 for minute in range(40)]), FEE, 2 * 1376, seed=3, draws=50)
    assert found.net_cents == [2 * (12 * 125 - 124)] * 50
    assert found.percentile == 50.0  # all are ties


def test_a_mirrored_market_gives_the_mirrored_plan_the_same_draws():
    eligible = [minute < 30 for minute in range(40)]
    long = random_entries([plan(), plan(legs=((1, 4, 30),))], tape(RISING, eligible), FEE, 0, seed=5, draws=80)
    short = random_entries([plan(-1), plan(-1, legs=((1, 4, 30),))], tape(FALLING, eligible), FEE, 0, seed=5, draws=80)
    assert long.net_cents == short.net_cents


def test_the_same_seed_draws_the_same_and_another_one_does_not():
    bars = [
        bar(minute, *prices) for minute, prices in enumerate([(1000, 1009, 991, 1003), (1003, 1006, 994, 996), (996, 1015, 990, 1008)] * 20)
    ]
    runs = [random_entries([plan(), plan(-1)], tape(bars), FEE, 0, seed=seed).net_cents for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert len(runs[0]) == 1000
    assert len(set(runs[0])) > 1


def test_the_percentile_counts_draws_below_the_real_result():
    bars = [bar(minute, *prices) for minute, prices in enumerate([(1000, 1009, 991, 1003), (1003, 1006, 994, 996)] * 20)]
    found = random_entries([plan(), plan(-1)], tape(bars), FEE, -500, seed=1)
    below = sum(net < -500 for net in found.net_cents) + sum(net == -500 for net in found.net_cents) / 2
    assert found.percentile == pytest.approx(below / 10)
    assert random_entries([plan()], tape(bars), FEE, -(10**6), seed=1).percentile == 0.0
    assert random_entries([plan()], tape(bars), FEE, 10**6, seed=1).percentile == 100.0


def test_only_eligible_bars_are_drawn_and_only_if_the_entry_fills():
    only = [minute == 6 for minute in range(40)]
    found = random_entries([plan()], tape(RISING, only), FEE, 0, seed=1, draws=5)
    assert found.net_cents == [1376] * 5
    with pytest.raises(ValueError, match=r"no eligible bar.*K1.*\+1"):
        random_entries([plan()], tape(RISING, [minute == 7 for minute in range(40)]), FEE, 0, seed=1)


def test_the_session_and_the_end_of_the_bars_close_what_is_open():
    still = [bar(minute, 1000, 1001, 999, 1000) for minute in range(10)]
    once = [minute == 2 for minute in range(10)]
    flatten = [minute == 5 for minute in range(10)]
    for ends in (flatten, None):
        assert random_entries([plan()], tape(still, once, ends, slippage=2), FEE, 0, seed=1, draws=3).net_cents == [-2 * 125 - 124] * 3


@pytest.mark.parametrize(("void", "net"), [(False, (1008 - 2 - 1000) * 125 - 124), (True, -124)])
def test_what_is_held_when_bars_stop_is_left_at_the_open_of_the_next_and_its_target_fills_no_more(void, net):
    bars = [bar(minute, 1000, 1001, 999, 1000) for minute in range(6)] + [bar(90, 1008, 1040, 960, 1030), bar(91, 1030, 1031, 1029, 1030)]
    hole = [minute == 6 for minute in range(8)]
    once = [minute == 2 for minute in range(8)]
    found = random_entries(
        [plan(minutes=500)], tape(bars, once, slippage=2, unseen=hole, void=[void and each for each in hole]), FEE, 0, seed=1, draws=3
    )
    assert found.net_cents == [net] * 3


def test_a_hole_before_an_entry_leaves_nothing():
    hole = [minute == 7 for minute in range(40)]
    only = [minute == 6 for minute in range(40)]
    assert random_entries([plan()], tape(RISING, only, unseen=hole), FEE, 0, seed=1, draws=5).net_cents == [1376] * 5


def test_no_plans_no_baseline():
    with pytest.raises(ValueError, match="at least one plan"):
        random_entries([], tape(RISING), FEE, 0, seed=1)
