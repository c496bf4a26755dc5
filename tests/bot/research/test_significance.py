"""The formulas of Bailey and López de Prado, against their paper's own example and against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from bot.research import significance

PAPER = {"sharpe": 2.5 / math.sqrt(250), "observations": 1250, "skewness": -3.0, "kurtosis": 10.0}  # 2.5 a year, five years of days
VARIANCE = 0.5 / 250  # of the trials' ratios: a half a year


@pytest.mark.parametrize(("trials", "expected", "deflated"), [(100, 0.1132, 0.9004), (46, 0.1004, 0.9505)])
def test_the_example_of_the_paper(trials, expected, deflated):
    best = significance.expected_best_sharpe(VARIANCE, trials)
    assert best == pytest.approx(expected, abs=5e-5)
    found = significance.probabilistic_sharpe_ratio(PAPER["sharpe"], best, PAPER["observations"], PAPER["skewness"], PAPER["kurtosis"])
    assert found == pytest.approx(deflated, abs=5e-5)


def test_a_ratio_by_hand():
    assert significance.sharpe_ratio([1.0, 2.0, 3.0]) == pytest.approx(2.0)  # mean 2, deviation 1
    assert significance.sharpe_ratio([3.0, -1.0]) == pytest.approx(1 / math.sqrt(8))


@pytest.mark.parametrize("results", [[], [5.0], [0.0, 0.0, 0.0], [0.1, 0.1, 0.1]])
def test_what_does_not_vary_has_no_ratio(results):
    assert significance.sharpe_ratio(results) == 0.0
    assert significance.moments(results) == (0.0, 3.0)


def test_moments_by_hand():
    skewness, kurtosis = significance.moments([0.0, 0.0, 0.0, 4.0])  # mean 1, variance 3: third moment 6, fourth 21
    assert skewness == pytest.approx(6 / 3**1.5)
    assert kurtosis == pytest.approx(21 / 9)


def test_normal_results_against_zero_by_hand():
    # (0.2 - 0) sqrt(100) / sqrt(1 + 0.5 * 0.04) = 1.98030, of which the normal distribution makes 0.97617
    assert significance.probabilistic_sharpe_ratio(0.2, 0.0, 101, 0.0, 3.0) == pytest.approx(0.97617, abs=1e-5)


def test_fat_left_tails_make_less_sure():
    normal, tailed = (significance.probabilistic_sharpe_ratio(0.2, 0.0, 101, *each) for each in ((0.0, 3.0), (-2.0, 12.0)))
    assert tailed < normal


def test_one_trial_expects_nothing_of_luck_and_more_trials_more():
    assert significance.expected_best_sharpe(1.0, 1) == 0.0
    bests = [significance.expected_best_sharpe(1.0, trials) for trials in (2, 10, 100, 1000)]
    assert bests == sorted(bests) and bests[0] > 0


def test_the_expected_best_is_what_draws_come_to():
    import numpy as np

    draws = np.random.default_rng(1).normal(size=(20_000, 50)).max(axis=1).mean()
    assert significance.expected_best_sharpe(1.0, 50) == pytest.approx(draws, rel=0.02)


def test_the_same_results_are_worth_less_the_more_was_tried():
    results = [1.0, -0.5, 0.8, 0.4, -0.2, 0.9, 0.1, -0.3, 0.7, 0.5]
    own = significance.sharpe_ratio(results)
    alone = significance.deflated_sharpe_ratio(results, [own])
    among = significance.deflated_sharpe_ratio(results, [own, *([0.0, 0.2, -0.2, 0.1] * 10)])
    assert among < alone
    assert alone == significance.probabilistic_sharpe_ratio(own, 0.0, len(results), *significance.moments(results))


def test_fewer_than_two_results_say_nothing():
    assert math.isnan(significance.deflated_sharpe_ratio([1.0], [0.0, 0.0]))
