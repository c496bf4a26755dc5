"""The rules of trust at their bounds, and their order."""

import pytest
from outcome_makers import CONTRACTS, outcome

from bot.learning.metrics import measure
from bot.learning.rules import cost_multiplier, min_win_rate, quarantine_finding, release_finding, throttle_level

LAW = CONTRACTS.learning


def sample(rs, target_r=1.5, dvs=1.0):
    trades = [outcome(r, target_r=target_r) for r in rs]
    return measure(trades, [dvs] * len(trades), CONTRACTS.constitution.outcome, LAW.wilson_confidence)


def found(rs, streak=0, target_r=1.5, dvs=1.0):
    finding = quarantine_finding(sample(rs, target_r, dvs), streak, LAW)
    return finding and (finding.statistic, finding.sample_size)


@pytest.mark.parametrize(
    ("rs", "streak", "statistic"),
    [
        ([-1], 1, None),
        ([-1, -1], 2, ("loss_streak", 2)),
        ([-1, -1, -1], 3, ("loss_streak", 3)),
        ([1, -1, 0.1, -1], 1, None),  # expectancy below 0, but only four trades
        ([1, -1, 0.1, -1, 0.1], 0, ("expectancy_r", 5)),
        ([1, -1, 0, -1, 1], 0, None),  # expectancy 0 is not below 0
        ([3, -0.2, -0.2, 3, -0.2, -0.2, 3, -0.2, -0.2], 0, None),  # win rate 33 %, but only nine trades
        ([3, -0.2, -0.2, 3, -0.2, -0.2, 3, -0.2, -0.2, -0.2], 0, ("win_rate", 10)),
        ([3, -0.2, -0.2, 3, -0.2, -0.2, 3, -0.2, -0.2, 3], 0, None),  # 40 % is enough
    ],
)
def test_what_quarantines(rs, streak, statistic):
    assert found(rs, streak) == statistic


@pytest.mark.parametrize("dvs", [1.0, 0.9, 0.83])
def test_a_win_rate_at_the_minimum_is_enough_whatever_the_weights(dvs):
    assert found([3, -0.2, -0.2, 3, -0.2, -0.2, 3, -0.2, -0.2, 3], dvs=dvs) is None


@pytest.mark.parametrize(("target_r", "minimum"), [(1.5, 0.40), (1.99, 0.40), (2.0, 1 / 3 + 0.05), (2.5, 1 / 3.5 + 0.05), (3.0, 0.30)])
def test_targets_of_two_r_or_more_need_break_even_and_five_points(target_r, minimum):
    assert min_win_rate(target_r, LAW) == pytest.approx(minimum)


def test_a_high_target_may_win_less_often():
    rs = [3, -0.2, -0.2] * 3 + [3, -0.2]  # 4 of 11: 36.4 %
    assert found(rs, target_r=1.5) == ("win_rate", 11)
    assert found(rs, target_r=2.0) == ("win_rate", 11)  # needs 38.3 %
    assert found(rs, target_r=2.5) is None  # needs 33.6 %


@pytest.mark.parametrize(
    ("rs", "level"),
    [
        ([], 0),
        ([-1, 0], 0),
        ([1, -1, -1], 1),  # 33 %
        ([0, 0, 0], 2),
        ([1, -1, 0, 1, 0], 0),  # 40 %
        ([1, -1, 0, 1, 0, 0], 1),
        ([1, 1, 1, -1, 0, -1, 0, -1, 0, 0], 1),  # 30 %
        ([1, -1, 0, -1], 2),  # 25 %
    ],
)
def test_the_win_rate_throttles_from_three_trades_on(rs, level):
    assert throttle_level(sample(rs), LAW) == level


def test_the_multipliers():
    assert [cost_multiplier(level, LAW) for level in (0, 1, 2)] == [1.0, 1.2, 1.5]


@pytest.mark.parametrize(
    ("rs", "streak", "statistic"),
    [
        ([1], 1, None),
        ([1, 1], 2, "shadow_win_streak"),
        ([3, -1], 0, None),
        ([3, -1, 0], 0, "shadow_expectancy_r"),
        ([1, -1, 0], 0, None),
        ([1, -1, -1], 0, None),
    ],
)
def test_what_releases(rs, streak, statistic):
    finding = release_finding(sample(rs), streak, LAW)
    assert (finding and finding.statistic) == statistic
