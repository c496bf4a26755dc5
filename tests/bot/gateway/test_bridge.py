"""Minutes as five-second pieces."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from builders import calendar
from gateway_harness import DAY, synthetic
from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.bridge import PIECE_NS, pieces_of
from bot.gateway.tape import Tape
from bot.market.bar import Bar
from bot.trading_hours import clock_ns
from bot.units import MINUTE_NS

CLOSE = clock_ns(DAY, dt.time(10, 31))


@st.composite
def bars(draw):
    low = draw(st.integers(1000, 30_000))
    high = low + draw(st.integers(0, 200))
    opening, close = draw(st.integers(low, high)), draw(st.integers(low, high))
    return Bar(draw(st.integers(1, 10_000)) * MINUTE_NS, opening, high, low, close, draw(st.integers(0, 5000)))


@given(bars(), st.integers(0, 2**31))
def test_twelve_pieces_are_exactly_their_minute(bar, seed):
    pieces = pieces_of(bar, seed)
    assert [piece.open_ns for piece in pieces] == [bar.ts_ns - MINUTE_NS + index * PIECE_NS for index in range(12)]
    assert (pieces[0].open, pieces[-1].close) == (bar.open, bar.close)
    assert (max(piece.high for piece in pieces), min(piece.low for piece in pieces)) == (bar.high, bar.low)
    assert sum(piece.volume for piece in pieces) == bar.volume
    assert all(piece.volume >= 0 for piece in pieces)
    assert all(piece.low <= min(piece.open, piece.close) <= max(piece.open, piece.close) <= piece.high for piece in pieces)
    assert all(before.close == after.open for before, after in pairwise(pieces))


def test_a_seed_gives_one_path_and_another_seed_another():
    bar = Bar(CLOSE, 100, 120, 90, 110, 500)
    assert pieces_of(bar, 1) == pieces_of(bar, 1)
    assert pieces_of(bar, 1) != pieces_of(bar, 2)


@pytest.fixture(scope="module")
def tape() -> Tape:
    return Tape(synthetic(), 1, calendar())


def test_history_of_minutes_is_the_bars_themselves(tape):
    found = tape.history(CLOSE - 10 * MINUTE_NS, CLOSE, 60, use_rth=False)
    expected = [bar for bar in synthetic() if CLOSE - 10 * MINUTE_NS < bar.ts_ns <= CLOSE]
    assert [(candle.open_ns + MINUTE_NS, *candle[1:]) for candle in found] == [tuple(bar) for bar in expected]


def test_history_in_the_middle_of_a_minute_knows_only_what_has_traded(tape):
    now = CLOSE + 3 * PIECE_NS
    *_, partial = tape.history(CLOSE - MINUTE_NS, now, 60, use_rth=False)
    three = tape.history(CLOSE, now, 5, use_rth=False)
    assert len(three) == 3
    assert partial.open_ns == CLOSE
    assert (partial.open, partial.close, partial.volume) == (three[0].open, three[-1].close, sum(piece.volume for piece in three))


def test_five_minutes_are_made_of_five(tape):
    [five] = tape.history(CLOSE - MINUTE_NS, CLOSE + 4 * MINUTE_NS, 300, use_rth=False)
    minutes = tape.history(CLOSE - MINUTE_NS, CLOSE + 4 * MINUTE_NS, 60, use_rth=False)
    assert (five.open, five.high, five.low) == (minutes[0].open, max(m.high for m in minutes), min(m.low for m in minutes))
    assert five.volume == sum(minute.volume for minute in minutes)


def test_a_day_is_a_trading_day_and_rth_is_its_session(tape):
    end = clock_ns(DAY, dt.time(16))
    assert tape.start_of(end, "1 D") == clock_ns(DAY - dt.timedelta(days=1), dt.time(18))
    regular = tape.history(tape.start_of(end, "1 D"), end, 60, use_rth=True)
    assert len(regular) == 390
    assert regular[0].open_ns == clock_ns(DAY, dt.time(9, 30))
    assert len(tape.history(tape.start_of(end, "2 D"), end, 86_400, use_rth=False)) == 2


@pytest.mark.parametrize("duration", ["", "1", "D 1", "0 D", "1 H", "-1 D"])
def test_a_duration_that_is_none_is_refused(tape, duration):
    with pytest.raises(ValueError, match="duration"):
        tape.start_of(CLOSE, duration)
