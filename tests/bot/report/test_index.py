"""The index bought and held: closes from bar to bar, without what nobody earns."""

from __future__ import annotations

import pytest
import small_journal
from msgspec.structs import replace

from bot.journal.read import Record
from bot.journal.records import Kind
from bot.report.index import index_gains, index_growth
from bot.report.run import Run
from bot.report.summary import Summary


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run.read(small_journal.write(tmp_path_factory.mktemp("index") / "journal.sqlite", days=small_journal.DAYS[:3], bars=60))


def closes(run, *prices, opens=None):
    """The run's first bars with these closes, and nothing else in it."""
    bars = [replace(bar, close=close, open=open_) for bar, close, open_ in zip(run.bars, prices, opens or prices, strict=False)]
    return replace(run, bars=bars, quality=[])


def net_cents(run):
    return round(sum(gain for _, gain in index_gains(run)))


def jump(run, place, event):
    run.quality.append(Record(1, run.bars[place].ts_ns, Kind.QUALITY, None, {"score": "DVS", "event": event, "penalty": 0.0}))
    return run


def test_it_grows_as_the_closes_do(run):
    held = closes(run, 100.0, 110.0, 99.0)
    assert [growth for _, growth in index_growth(held)] == pytest.approx([1.0, 1.1, 0.99])
    assert net_cents(held) == -10_000


@pytest.mark.parametrize(("event", "expected"), [("roll", 6_667), ("new_level", 6_667), ("thin", 510_000)])
def test_a_step_to_another_price_level_is_nobodys_gain(run, event, expected):
    assert net_cents(jump(closes(run, 100.0, 150.0, 151.0), 1, event)) == expected
    assert net_cents(jump(closes(run, 100.0, 151.0, opens=[100.0, 149.5]), 1, "roll")) == round(1_000_000 * (151 / 149.5 - 1))


def test_a_rejected_bar_is_left_out(run):
    held = closes(run, 100.0, 900.0, 101.0)
    held.bars[1] = replace(held.bars[1], rejected=True)
    assert net_cents(held) == 10_000


def test_without_bars_nothing_was_earned(run):
    assert net_cents(replace(run, bars=[])) == 0


def test_its_number_is_the_sum_over_all_bars_that_were_used(run):
    summary = Summary.of(run)
    used = [bar for bar in run.bars if not bar.rejected]
    assert [source.seq for source in summary["index.net"].sources()] == [bar.seq for bar in used]
    assert summary.single("index.net") == pytest.approx(1_000_000 * (used[-1].close / used[0].close - 1))
