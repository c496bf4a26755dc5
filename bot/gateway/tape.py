"""The market to replay: minute bars as pieces, and history out of the same bars up to a moment.

Times are UTC ns; prices are ticks of the front month. A moment in the middle of a minute knows only
the pieces that have ended by then.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from bot.calendar import SessionCalendar
from bot.gateway.bridge import PIECE_NS, pieces_of
from bot.gateway.messages import Candle
from bot.market.bar import Bar
from bot.units import MINUTE_NS, SECOND_NS

DAY_SECONDS = 86_400
DURATION_SECONDS = {"S": 1, "W": 7 * DAY_SECONDS, "M": 31 * DAY_SECONDS, "Y": 366 * DAY_SECONDS}
BAR_SECONDS = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30, "1 min": 60, "2 mins": 120, "3 mins": 180, "5 mins": 300,
    "10 mins": 600, "15 mins": 900, "20 mins": 1200, "30 mins": 1800, "1 hour": 3600, "2 hours": 7200, "4 hours": 14_400,
    "1 day": DAY_SECONDS,
}  # fmt: skip


class Tape:
    """Rising, close-stamped minute bars. Does not check them: bot.bars and bot.bars.synth do."""

    def __init__(self, bars: list[Bar], seed: int, calendar: SessionCalendar) -> None:
        self.bars = bars
        self.seed = seed
        self.calendar = calendar
        self._closes = [bar.ts_ns for bar in bars]

    def replay(self, start_ns: int, end_ns: int) -> Iterator[Candle]:
        """The pieces of all minutes that open in [start, end)."""
        first = bisect_left(self._closes, start_ns + MINUTE_NS)
        last = bisect_left(self._closes, end_ns + MINUTE_NS)
        for index in range(first, last):
            yield from pieces_of(self.bars[index], self.seed)

    def minute(self, close_ns: int) -> Bar:
        """The minute that closes at a moment at which one does."""
        return self.bars[bisect_left(self._closes, close_ns)]

    def price_at(self, ts_ns: int) -> int:
        """The last price known at a moment: the close of the last minute, or the first bar's open before all bars."""
        index = bisect_right(self._closes, ts_ns)
        return self.bars[index - 1].close if index else self.bars[0].open

    def history(self, start_ns: int, end_ns: int, bar_seconds: int, *, use_rth: bool) -> list[Candle]:
        """Bars of a size whose trading lies in [start, end), the last one partial if `end` cuts it.

        Hours and days are counted from midnight UTC and CME's trading day. Raises ValueError for one second.
        """
        if bar_seconds < 5:
            raise ValueError("bars below 5 secs are not served")
        candles = self._minutes(start_ns, end_ns) if bar_seconds % 60 == 0 else self._pieces(start_ns, end_ns)
        if use_rth:
            candles = [candle for candle in candles if self.in_rth(candle.open_ns)]
        return candles if bar_seconds in (5, 60) and end_ns % MINUTE_NS == 0 else self._grouped(candles, bar_seconds)

    def start_of(self, end_ns: int, duration: str) -> int:
        """Where a duration such as `2 D` or `3600 S` that ends at a moment begins. Days are trading days with bars. Raises ValueError."""
        count, _, unit = duration.partition(" ")
        if not count.isdecimal() or int(count) < 1 or (unit != "D" and unit not in DURATION_SECONDS):
            raise ValueError(f"duration {duration!r} is not a number and one of S D W M Y")
        if unit != "D":
            return end_ns - int(count) * DURATION_SECONDS[unit] * SECOND_NS
        start = end_ns
        for _day in range(int(count)):
            index = bisect_left(self._closes, start + 1) - 1
            if index < 0:
                break
            start = self.calendar.trading_day(self._closes[index] - MINUTE_NS).start_ns
        return start

    def in_rth(self, open_ns: int) -> bool:
        """Whether what opens at a moment lies in a regular session."""
        return self.calendar.session_at(open_ns + 1) is not None

    def bucket(self, open_ns: int, bar_seconds: int) -> int:
        """Where the bar of a size that holds this moment opens."""
        if bar_seconds == DAY_SECONDS:
            return self.calendar.trading_day(open_ns).start_ns
        return open_ns - open_ns % (bar_seconds * SECOND_NS)

    def day_name(self, open_ns: int) -> str:
        """yyyymmdd of the trading day that a day bar stands for."""
        return self.calendar.trading_day(open_ns).date.replace("-", "")

    def known(self, now_ns: int) -> int:
        """The moment up to which prices are known: the end of the last whole piece."""
        return now_ns - now_ns % PIECE_NS

    def _minutes(self, start_ns: int, end_ns: int) -> list[Candle]:
        """Whole minutes in the range, and what is known of the one that the end cuts."""
        first = bisect_left(self._closes, start_ns + MINUTE_NS)
        last = bisect_right(self._closes, end_ns)
        candles = [Candle(bar.ts_ns - MINUTE_NS, *bar[1:]) for bar in self.bars[first:last]]
        if last < len(self.bars) and self.bars[last].ts_ns - MINUTE_NS < end_ns and last >= first:
            candles += self._until(pieces_of(self.bars[last], self.seed), end_ns)
        return candles

    def _pieces(self, start_ns: int, end_ns: int) -> list[Candle]:
        first = bisect_right(self._closes, start_ns)
        last = bisect_left(self._closes, end_ns + MINUTE_NS)
        pieces = [piece for bar in self.bars[first:last] for piece in pieces_of(bar, self.seed)]
        return [piece for piece in self._until(pieces, end_ns) if piece.open_ns >= start_ns]

    @staticmethod
    def _until(pieces: list[Candle], end_ns: int) -> list[Candle]:
        return [piece for piece in pieces if piece.open_ns + PIECE_NS <= end_ns]

    def _grouped(self, candles: list[Candle], bar_seconds: int) -> list[Candle]:
        groups: dict[int, Candle] = {}
        for candle in candles:
            opening = self.bucket(candle.open_ns, bar_seconds)
            groups[opening] = merged(groups.get(opening), candle, opening)
        return list(groups.values())


def merged(group: Candle | None, candle: Candle, open_ns: int) -> Candle:
    """A bar and what has traded after it, as one bar that opens at `open_ns`."""
    if group is None:
        return candle._replace(open_ns=open_ns)
    high, low = max(group.high, candle.high), min(group.low, candle.low)
    return Candle(open_ns, group.open, high, low, candle.close, group.volume + candle.volume)
