import math

import pytest
import small_journal

from bot.errors import JournalError
from bot.report.summary import Summary


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    return Summary.from_journal(small_journal.write(tmp_path_factory.mktemp("summary") / "journal.sqlite"))


def values(summary, owner, *parts):
    return tuple(summary.value(f"{owner}.{part}") for part in parts)


def test_every_strategy_is_there(summary):
    assert summary.strategies == ["K1", "K2", "K3", "K4", "K5"]


def test_plans_are_chosen_or_refused_by_layer(summary):
    assert summary.layers == [2]
    assert values(summary, "K1", "plans", "plans.long", "plans.short", "chosen", "refused.2") == (6, 6, 0, 6, 0)
    assert values(summary, "K2", "plans", "chosen", "refused.2", "refused.DVS_BELOW_MINIMUM") == (12, 0, 12, 12)


def test_trades_are_the_real_ones_with_net_and_r(summary):
    assert values(summary, "K1", "trades", "won", "net") == (6, 0.5, 3 * 1376 - 3 * 1249)
    assert summary.value("K1.r") == pytest.approx((3 * 1.376 - 3 * 1.249) / 6)
    assert summary.value("K2.trades") == 0
    assert math.isnan(summary.value("K2.r"))


def test_intervals_contain_what_was_found(summary):
    for part in ("won", "r", "net"):
        low, high = summary.value(f"K1.{part}.interval")
        assert low < summary.value(f"K1.{part}") < high


def test_the_book_adds_the_strategies(summary):
    for part in ("plans", "net", "chosen", "trades"):
        assert summary.value(f"book.{part}") == sum(summary.value(f"{name}.{part}") for name in summary.strategies)
    assert summary.value("book.trades.per_session") == 1.0


def test_vetoes_are_counted_over_bars_that_had_a_plan(summary):
    assert (summary.value("bars.planned"), summary.value("K5.vetoed")) == (12, 6)
    assert summary.value("K5.vetoed.share") == 0.5


def test_the_state_is_the_last_one(summary):
    assert summary.state("K1") == "THROTTLED"
    assert summary.state("K2") == "QUARANTINED"
    assert summary.state("K3") == "ACTIVE"


def test_days_tell_bars_scores_net_and_what_is_left_of_the_limits(summary):
    def of_days(part):
        return [summary.value(f"days.{day.date}.{part}") for day in summary.days]

    assert of_days("bars") == [390] * 6
    assert of_days("rejected") == [0, 0, 1, 0, 0, 0]
    assert values(summary, "days.2025-10-02", "low_dvs", "lowest_dvs") == (10, 0.7)
    assert of_days("left.day") == [3000, 1751, 3000, 1751, 3000, 1751]
    # the week begins anew on Monday, 2025-10-06; a day's worst moment counts, its win only from the next day on
    assert of_days("left.week") == [7500, 7500 + 1376 - 1249, 7500 + 127, 7500 - 1249, 7500 - 1249, 7500 + 127 - 1249]
    assert of_days("left.month")[-1] == 15000 + 3 * 1376 - 3 * 1249


def test_the_deepest_fall_is_measured_from_the_highest_point(summary):
    assert summary.value("drawdown") == -1249


def test_a_run_without_a_bar_sums_to_nothing(tmp_path):
    summary = Summary.from_journal(small_journal.write(tmp_path / "empty.sqlite", days=()))
    assert summary.value("sessions") == 0
    assert math.isnan(summary.value("book.trades.per_session"))
    assert math.isnan(summary.value("K5.vetoed.share"))
    assert summary.strategies == []


def test_a_missing_journal_gets_one_sentence(tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        Summary.from_journal(tmp_path / "none.sqlite")
