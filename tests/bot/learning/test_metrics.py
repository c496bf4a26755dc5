"""Reliability metrics against hand-worked numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcome_makers import CONTRACTS, outcome

from bot.learning.evidence import weight
from bot.learning.intervals import wilson
from bot.learning.metrics import Result, max_drawdown, measure, result_of, streak

LAW = CONTRACTS.constitution.outcome
W, L, S = Result.WIN, Result.LOSS, Result.SCRATCH


def measured(trades):
    return measure(trades, [weight(trade.dvs, 0, CONTRACTS.learning) for trade in trades], LAW, 0.95)


@pytest.mark.parametrize(
    ("r", "result"),
    [(1.0, W), (0.001, W), (0.0, S), (-0.001, S), (-0.249, S), (-0.25, L), (-0.251, L), (-1.3, L)],
)
def test_a_win_is_above_zero_and_a_loss_at_or_below_a_quarter_r(r, result):
    assert result_of(outcome(r), LAW) is result


def test_four_trades_by_hand():
    trades = [outcome(r, minute=minute, opened_ns=0, slippage_ticks=slip) for r, minute, slip in
              ((1.5, 10, 0.0), (-1.0, 4, 1.0), (0.0, 6, 0.0), (0.5, 20, 2.0))]  # fmt: skip
    found = measured(trades)
    assert (found.trades, found.wins, found.losses, found.scratches) == (4, 2, 1, 1)
    assert (found.win_streak, found.loss_streak) == (1, 0)
    assert (found.weight, found.weighted_wins, found.weighted_losses) == (4.0, 2.0, 1.0)
    assert (found.win_rate, (found.win_rate_low, found.win_rate_high)) == (0.5, wilson(2, 4, 0.95))
    assert found.expectancy_r == pytest.approx(0.25)
    stdev = math.sqrt((1.25**2 + 1.25**2 + 0.25**2 + 0.25**2) / 3)
    assert found.expectancy_error_r == pytest.approx(stdev / 2)
    assert found.sharpe == pytest.approx(0.25 / stdev)
    assert found.max_drawdown_r == 1.0
    assert (found.average_duration_seconds, found.average_slippage_ticks, found.average_target_r) == (600.0, 0.75, 1.5)


def test_a_trade_weighs_what_its_data_were_worth():
    found = measured([outcome(1.0, dvs=0.9), outcome(-1.0, dvs=0.6), outcome(0.0, dvs=0.5)])
    assert (found.weight, found.weighted_wins, found.weighted_losses) == (pytest.approx(2.0), 0.9, 0.6)
    assert found.win_rate == pytest.approx(0.45)
    assert found.expectancy_r == pytest.approx(0.15)
    assert (found.trades, found.max_drawdown_r) == (3, 1.0)


def test_a_trade_on_unknown_data_weighs_nothing():
    found = measured([outcome(1.0, dvs=math.nan), outcome(-1.0, dvs=0.8)])
    assert (found.trades, found.wins, found.weighted_wins, found.weight) == (2, 1, 0.0, 0.8)
    assert found.expectancy_r == -1.0


def test_nothing_says_nothing():
    found = measured([])
    assert (found.trades, found.weight, found.max_drawdown_r, found.loss_streak) == (0, 0.0, 0.0, 0)
    assert all(math.isnan(value) for value in (found.win_rate, found.expectancy_r, found.sharpe, found.average_target_r))


def test_one_trade_has_no_error_and_equal_ones_no_sharpe():
    assert math.isnan(measured([outcome(1.0)]).expectancy_error_r)
    twins = measured([outcome(1.0), outcome(1.0)])
    assert (twins.expectancy_error_r, math.isnan(twins.sharpe)) == (0.0, True)


@pytest.mark.parametrize(
    ("results", "wins", "losses"),
    [([], 0, 0), ([W], 1, 0), ([L, L], 0, 2), ([L, S, L], 0, 2), ([L, W, L], 0, 1), ([L, W, S], 1, 0), ([S, S], 0, 0)],
)
def test_a_scratch_breaks_no_streak(results, wins, losses):
    assert (streak(results, W), streak(results, L)) == (wins, losses)


@pytest.mark.parametrize(
    ("values", "deepest"),
    [([], 0.0), ([1.0, 2.0], 0.0), ([-1.0], 1.0), ([2.0, -1.0, -1.0, 3.0, -1.5], 2.0), ([-1.0, -1.0, 5.0, -1.0], 2.0)],
)
def test_drawdown_is_the_deepest_fall_from_the_peak(values, deepest):
    assert max_drawdown(values) == deepest


@given(st.lists(st.tuples(st.floats(-2, 3), st.just(0.0) | st.floats(0.01, 1)), min_size=2, max_size=20))
def test_metrics_are_consistent(pairs):
    found = measured([outcome(r, dvs=dvs) for r, dvs in pairs])
    assert found.wins + found.losses + found.scratches == found.trades == len(pairs)
    assert found.weighted_wins + found.weighted_losses <= found.weight + 1e-9
    assert found.max_drawdown_r >= 0
    if found.weight:
        assert -1e-9 <= found.win_rate <= 1 + 1e-9
        assert min(r for r, _ in pairs) - 1e-3 <= found.expectancy_r <= max(r for r, _ in pairs) + 1e-3
