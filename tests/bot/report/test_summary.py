import math

import pytest
import small_journal

from bot.errors import JournalError
from bot.report.summary import Summary


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    return Summary.from_journal(small_journal.write(tmp_path_factory.mktemp("summary") / "journal.sqlite"))


def row(summary, name):
    return next(row for row in summary.strategies if row.strategy == name)


def test_every_strategy_has_a_row(summary):
    assert [row.strategy for row in summary.strategies] == ["K1", "K2", "K3", "K4", "K5"]


def test_plans_are_chosen_or_refused_by_layer(summary):
    k1, k2 = row(summary, "K1"), row(summary, "K2")
    assert (k1.plans, k1.long, k1.short, k1.chosen, k1.refused) == (6, 6, 0, 6, {})
    assert (k2.plans, k2.chosen, k2.refused) == (12, 0, {2: 12})


def test_trades_are_the_real_ones_with_net_and_r(summary):
    k1, k2 = row(summary, "K1"), row(summary, "K2")
    assert (k1.trades, k1.wins, k1.net_cents) == (6, 3, 3 * 1376 - 3 * 1249)
    assert k1.mean_r == pytest.approx((3 * 1.376 - 3 * 1.249) / 6)
    assert k2.trades == 0
    assert math.isnan(k2.mean_r)


def test_intervals_contain_what_was_found(summary):
    k1 = row(summary, "K1")
    assert k1.win_rate[0] < 0.5 < k1.win_rate[1]
    assert k1.mean_r_interval[0] < k1.mean_r < k1.mean_r_interval[1]
    assert k1.net_interval[0] < k1.net_cents < k1.net_interval[1]


def test_the_book_adds_the_strategies(summary):
    assert summary.book.plans == sum(row.plans for row in summary.strategies)
    assert summary.book.net_cents == sum(row.net_cents for row in summary.strategies)
    assert summary.trades_per_session == 1.0


def test_vetoes_are_counted_over_bars_that_had_a_plan(summary):
    assert (summary.planned_bars, summary.vetoed_planned_bars) == (12, 6)
    assert summary.veto_share == 0.5


def test_the_state_is_the_last_one(summary):
    assert row(summary, "K1").state == "THROTTLED"
    assert row(summary, "K2").state == "ACTIVE"


def test_days_tell_bars_scores_net_and_what_is_left_of_the_limits(summary):
    days = {day.day: day for day in summary.days}
    assert [day.bars for day in summary.days] == [390] * 6
    assert [day.rejected for day in summary.days] == [0, 0, 1, 0, 0, 0]
    assert (days["2025-10-02"].low_dvs_bars, days["2025-10-02"].lowest_dvs) == (10, 0.7)
    assert [day.left_day_cents for day in summary.days] == [3000, 1751, 3000, 1751, 3000, 1751]
    # the week begins anew on Monday, 2025-10-06; a day's worst moment counts, its win only from the next day on
    assert [day.left_week_cents for day in summary.days] == [
        7500,
        7500 + 1376 - 1249,
        7500 + 127,
        7500 - 1249,
        7500 - 1249,
        7500 + 127 - 1249,
    ]
    assert summary.days[-1].left_month_cents == 15000 + 3 * 1376 - 3 * 1249


def test_the_deepest_fall_is_measured_from_the_highest_point(summary):
    assert summary.max_drawdown_cents == 1249


def test_a_run_without_a_bar_sums_to_nothing(tmp_path):
    summary = Summary.from_journal(small_journal.write(tmp_path / "empty.sqlite", days=()))
    assert summary.sessions == 0
    assert math.isnan(summary.trades_per_session)
    assert math.isnan(summary.veto_share)
    assert summary.strategies == []


def test_a_missing_journal_gets_one_sentence(tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        Summary.from_journal(tmp_path / "none.sqlite")
