"""Failed breaks and sweeps, told as rows of bars; every story is also told in the mirror."""

from __future__ import annotations

import pytest
from builders import mirrored

from bot.contracts import Contracts
from bot.market.bar import Bar
from bot.market.levels import LevelBook, SweepTracker
from bot.market.rolling import Extremes
from bot.market.state import FailedBreak, Sweep

Story = list[tuple[int, int, int]]  # high, low, close of each bar; the level is at 100
PIVOT = 90

FAILED: dict[str, tuple[Story, tuple[int, float, int] | None]] = {  # side, strength, extreme
    "three ticks beyond is no break": ([(103, 95, 98)], None),
    "beyond and back in one bar": ([(104, 95, 98)], (-1, 1.0, 104)),
    "a close at the level is not inside": ([(104, 95, 100)], None),
    "back on the third bar after": ([(105, 95, 103), (106, 101, 104), (107, 101, 102), (103, 95, 99)], (-1, 1.0, 107)),
    "too late on the fourth": ([(105, 95, 103), (106, 101, 104), (107, 101, 102), (104, 101, 102), (103, 95, 99)], None),
    "halved each bar after": ([(104, 95, 98), (99, 95, 96), (99, 95, 96)], (-1, 0.25, 104)),
    "gone when faint": ([(104, 95, 98)] + [(99, 95, 96)] * 7, None),
    "newest wins": ([(104, 95, 98), (99, 95, 96), (106, 95, 98)], (-1, 1.0, 106)),
    "a break that held must be won back before it can fail": (
        [(105, 95, 103)] + [(106, 101, 104)] * 4 + [(108, 98, 103), (103, 95, 99), (104, 95, 99)],
        (-1, 1.0, 104),
    ),
}


def told(story: Story, mirror: bool) -> list[Bar]:
    bars = [Bar(index, close, high, low, close, 100) for index, (high, low, close) in enumerate(story, start=1)]
    return [mirrored(bar, PIVOT) for bar in bars] if mirror else bars


def book_at(contracts: Contracts, high: int, low: int, close: int) -> LevelBook:
    book = LevelBook(contracts.strategies.signals)
    book.restart(Extremes(Bar(0, close, high, low, close, 1)), None, close)
    return book


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("name", FAILED)
def test_a_level_broken_and_won_back_in_time_fails(contracts: Contracts, name: str, mirror: bool) -> None:
    story, expected = FAILED[name]
    book = book_at(contracts, 2 * PIVOT - 20, 80, 90) if mirror else book_at(contracts, 100, 20, 90)
    found: FailedBreak | None = None
    for bar in told(story, mirror):
        found = book.update(bar)
    if expected is None:
        assert found is None
        return
    side, strength, extreme = expected
    if mirror:
        assert found == FailedBreak(-side, strength, "prior_low", 80, 2 * PIVOT - extreme)
    else:
        assert found == FailedBreak(side, strength, "prior_high", 100, extreme)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_session_that_opens_beyond_a_level_has_not_broken_it(contracts: Contracts, mirror: bool) -> None:
    book = book_at(contracts, 2 * PIVOT - 20, 80, 2 * PIVOT - 110) if mirror else book_at(contracts, 100, 20, 110)
    events = [book.update(bar) for bar in told([(112, 104, 108), (109, 96, 98)], mirror)]
    assert events == [None, None]


def test_of_two_levels_that_fail_the_deeper_wins_and_equals_on_both_sides_cancel(contracts: Contracts) -> None:
    book = book_at(contracts, 100, 80, 90)
    assert book.update(Bar(1, 90, 106, 75, 90, 1)) == FailedBreak(-1, 1.0, "prior_high", 100, 106)
    assert book_at(contracts, 100, 80, 90).update(Bar(1, 90, 106, 74, 90, 1)) is None


def test_a_moving_band_stands_still_while_its_break_is_under_way(contracts: Contracts) -> None:
    book = LevelBook(contracts.strategies.signals)
    book.restart(None, None, 90)
    book.move_bands(anchor=80, offset=10.0, sigma=20 / 3, close=90)
    assert book.prices == {"vwap_upper": 100, "vwap_lower": 80}
    handed_out = book.prices
    assert book.update(Bar(1, 90, 105, 90, 103, 1)) is None
    book.move_bands(anchor=80, offset=16.0, sigma=20 / 3, close=103)
    assert handed_out == {"vwap_upper": 100, "vwap_lower": 80}, "a dict once handed out is never changed"
    assert book.prices == {"vwap_upper": 106, "vwap_lower": 86}
    assert book.update(Bar(2, 103, 104, 99, 101, 1)) is None, "101 is inside the moved band but outside the price that was broken"
    assert book.update(Bar(3, 101, 102, 97, 99, 1)) == FailedBreak(-1, 1.0, "vwap_upper", 100, 105)


def test_a_level_keeps_its_touches_and_its_last_break(contracts: Contracts) -> None:
    book = book_at(contracts, 100, 20, 90)
    for ts_ns, high in ((1, 97), (2, 98), (3, 104), (4, 90)):
        book.update(Bar(ts_ns, 90, high, 85, 90, 1))
    assert (book["prior_high"].touches, book["prior_high"].last_break_ns) == (2, 3)
    assert (book["prior_low"].touches, book["prior_low"].last_break_ns) == (0, 0)


SWEPT: dict[str, tuple[Story, float, tuple[int, float, int] | None]] = {  # last volume_z; side, strength, extreme
    "run and rejected in one bar": ([(106, 94, 97)], 1.5, (-1, 1.0, 106)),
    "five ticks are too few": ([(105, 94, 97)], 1.5, None),
    "without volume": ([(106, 94, 97)], 1.0, None),
    "unknown volume": ([(106, 94, 97)], float("nan"), None),
    "closed in the middle": ([(106, 94, 99)], 1.5, None),
    "closed outside": ([(106, 100, 100)], 1.5, None),
    "run in one bar, rejected in the next": ([(107, 99, 104), (105, 94, 97)], 1.5, (-1, 1.0, 107)),
    "rejected a bar too late": ([(107, 99, 104), (105, 101, 104), (104, 94, 97)], 1.5, None),
    "already back inside": ([(107, 94, 99), (99, 93, 94)], 1.5, None),
    "halved the bar after": ([(106, 94, 97), (98, 95, 97)], 1.5, (-1, 0.5, 106)),
}


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("name", SWEPT)
def test_an_extreme_that_is_run_and_rejected_is_a_sweep(contracts: Contracts, name: str, mirror: bool) -> None:
    story, volume_z, expected = SWEPT[name]
    tracker = SweepTracker(contracts.strategies.signals.sweep)
    for bar in told([(100, 80, 90)] * 20, mirror):
        tracker.observe(bar)
    tracker.restart()
    found: Sweep | None = None
    for index, bar in enumerate(told(story, mirror), start=1):
        decisive = index == len(story) or (expected is not None and expected[1] < 1.0)
        found = tracker.update(bar, volume_z if decisive else 0.0)
    if expected is None:
        assert found is None
        return
    side, strength, extreme = expected
    if mirror:
        assert found == Sweep(-side, strength, 80, 2 * PIVOT - extreme)
    else:
        assert found == Sweep(side, strength, 100, extreme)


def test_without_a_whole_lookback_there_is_no_sweep(contracts: Contracts) -> None:
    tracker = SweepTracker(contracts.strategies.signals.sweep)
    for bar in told([(100, 80, 90)] * 19, mirror=False):
        tracker.observe(bar)
    assert tracker.update(Bar(20, 90, 106, 94, 97, 1), 2.0) is None
