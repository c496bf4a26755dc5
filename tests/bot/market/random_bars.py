"""Random but possible minute bars for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.market.bar import Bar
from bot.units import MINUTE_NS

_Move = tuple[int, int, int, int, int]


def _bars(start_ns: int, first: int, moves: list[_Move]) -> list[Bar]:
    bars, price = [], first
    for index, (gap, body, upper, lower, volume) in enumerate(moves):
        opening, close = price + gap, price + gap + body
        high, low = max(opening, close) + upper, min(opening, close) - lower
        bars.append(Bar(start_ns + (index + 1) * MINUTE_NS, opening, high, low, close, volume))
        price = close
    return bars


def random_bars(start_ns: int = 0, min_size: int = 1, max_size: int = 120) -> st.SearchStrategy[list[Bar]]:
    """Consecutive minutes with gaps, wicks, bars without range and minutes without volume."""
    move = st.tuples(
        st.integers(-3, 3), st.integers(-25, 25), st.integers(0, 12), st.integers(0, 12), st.sampled_from([0, 1, 40, 900, 1000, 7000])
    )
    return st.builds(_bars, st.just(start_ns), st.integers(20_000, 30_000), st.lists(move, min_size=min_size, max_size=max_size))
