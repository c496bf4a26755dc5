import pytest
import small_journal

from bot.report.random_entries import baseline_of
from bot.report.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run.read(small_journal.write(tmp_path_factory.mktemp("random") / "journal.sqlite", bars=200))


def test_a_thousand_draws_stand_beside_the_real_net(run):
    baseline = baseline_of(run)
    assert len(baseline.net_cents) == 1000
    assert baseline.real_net_cents == 3 * 1376 - 3 * 1249
    assert 0 <= baseline.percentile <= 100


def test_the_same_journal_gives_the_same_draws(run):
    assert baseline_of(run) == baseline_of(Run.read(run.path))


def test_no_trade_is_a_sentence(tmp_path):
    run = Run.read(small_journal.write(tmp_path / "empty.sqlite", days=()))
    assert baseline_of(run) == "There are no random entries to compare with: no trade was made."


def test_where_no_entry_is_allowed_it_says_so(tmp_path):
    early = Run.read(small_journal.write(tmp_path / "early.sqlite", days=small_journal.DAYS[:1], bars=70))
    early.bars = [bar for bar in early.bars if bar.ts_ns <= small_journal.open_ns(small_journal.DAYS[0]) + 4 * 60_000_000_000]
    assert "no eligible bar" in baseline_of(early)
