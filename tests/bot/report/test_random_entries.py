import math

import pytest
import small_journal

from bot.report.random_entries import BOOK, RandomEntries, tape_of
from bot.report.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run.read(small_journal.write(tmp_path_factory.mktemp("random") / "journal.sqlite", bars=200))


def test_a_thousand_draws_stand_beside_each_strategy_that_traded(run):
    baseline = RandomEntries(run).of("K1")
    assert len(baseline.net_cents) == 1000
    assert baseline.real_net_cents == 3 * 1376 - 3 * 1249
    assert 0 <= baseline.percentile <= 100


def test_the_books_draw_is_the_sum_of_the_strategies(run):
    run = Run.read(run.path)
    run.trades = [*run.trades, *(small_journal.other(trade, "K2") for trade in run.trades[:2])]
    run.intents |= {("K2", trade.decided_ns): run.intent_of(trade) for trade in run.trades[:2]}
    entries = RandomEntries(run)
    k1, k2, book = entries.of("K1"), entries.of("K2"), entries.of(BOOK)
    assert book.net_cents == [a + b for a, b in zip(k1.net_cents, k2.net_cents, strict=True)]
    assert book.real_net_cents == sum(trade.net_cents for trade in run.trades)
    below = sum((net < book.real_net_cents) + (net == book.real_net_cents) / 2 for net in book.net_cents)
    assert entries.below(BOOK) == pytest.approx(below / 1000)
    assert entries.quantile(BOOK, 0.0) == min(book.net_cents)


def test_the_strategies_streams_are_not_the_same(run):
    entries = RandomEntries(run)
    assert entries.seed("K1") != entries.seed("K2")


def test_the_same_journal_gives_the_same_draws(run):
    again = Run.read(run.path)
    assert RandomEntries(again).of("K1") == RandomEntries(Run.read(run.path)).of("K1")


def test_no_trade_is_a_sentence(tmp_path):
    entries = RandomEntries(Run.read(small_journal.write(tmp_path / "empty.sqlite", days=())))
    assert entries.of(BOOK) == "There are no random entries to compare with: no trade was made."
    assert math.isnan(entries.below(BOOK)) and math.isnan(entries.quantile(BOOK, 0.5))


def test_where_no_entry_is_allowed_it_says_so(tmp_path):
    early = Run.read(small_journal.write(tmp_path / "early.sqlite", days=small_journal.DAYS[:1], bars=70))
    early.bars = [bar for bar in early.bars if bar.ts_ns <= small_journal.open_ns(small_journal.DAYS[0]) + 4 * 60_000_000_000]
    entries = RandomEntries(early)
    assert "no eligible bar" in entries.of("K1")
    assert entries.of(BOOK) == entries.of("K1")


def unseen(run):
    """Which of the believed bars nobody saw the way to, by their place among all bars."""
    places = [place for place, bar in enumerate(run.bars) if not bar.rejected]
    return [place for place, said in zip(places, tape_of(run).unseen, strict=True) if said]


def test_the_first_bar_after_a_hole_is_unseen_and_a_pause_that_is_only_a_gap_is_not(run):
    again = Run.read(run.path)
    overnight = unseen(again)
    assert len(overnight) == len(small_journal.DAYS) - 1
    again.bars = [bar for place, bar in enumerate(again.bars) if place not in (20, *range(60, 65))]
    assert unseen(again) == [59, *(place - 6 for place in overnight)]


def test_a_bar_after_too_many_rejected_ones_is_unseen_and_one_rejected_bar_changes_nothing(run):
    again = Run.read(run.path)
    overnight = unseen(again)
    for bar in again.bars[20:22] + again.bars[60:63]:
        bar.rejected = True
    assert unseen(again) == [63, *overnight]


def test_a_level_that_no_market_reaches_in_a_day_is_void(run):
    again = Run.read(run.path)
    assert not any(tape_of(again).void)
    again.bars[10].open *= 1.25
    assert [place for place, said in enumerate(tape_of(again).void) if said] == [10]
