"""Five-second pieces into one-minute bars, by the stamps the market put on them; never by counting pieces.

A minute closes when its last piece has come, or a piece of a later minute, or when market time has
passed its end by a grace. Times are UTC ns, prices points.
"""

from __future__ import annotations

from typing import NamedTuple

from bot.units import MINUTE_NS, SECOND_NS

PIECE_NS = 5 * SECOND_NS
PIECES = MINUTE_NS // PIECE_NS


class Piece(NamedTuple):
    """A five-second bar, named by its open."""

    open_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Minute(NamedTuple):
    """A one-minute bar, named by its close. `whole` is False if pieces are missing, so that history must be asked."""

    close_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    whole: bool = True


class MinuteBuilder:
    """Builds the minute that is running. A piece that comes for a closed minute is dropped and counted in `late`."""

    def __init__(self) -> None:
        self.late = 0
        self._pieces: dict[int, Piece] = {}
        self._start_ns = 0  # of the running minute; 0: none
        self._closed_ns = 0  # end of the last closed one

    def add(self, piece: Piece) -> list[Minute]:
        """Take a piece in; the minutes it closes, at most two."""
        start = piece.open_ns // MINUTE_NS * MINUTE_NS
        if start < self._closed_ns or (self._start_ns and start < self._start_ns):
            self.late += 1
            return []
        closed = self._close() if self._start_ns and start > self._start_ns else []
        self._start_ns = start
        self._pieces.setdefault(piece.open_ns, piece)
        if piece.open_ns + PIECE_NS == start + MINUTE_NS:
            closed += self._close()
        return closed

    def tick(self, now_ns: int, grace_ns: int) -> list[Minute]:
        """Market time is this: close the running minute if its end is more than the grace ago."""
        return self._close() if self._start_ns and now_ns >= self._start_ns + MINUTE_NS + grace_ns else []

    def _close(self) -> list[Minute]:
        pieces = [self._pieces[open_ns] for open_ns in sorted(self._pieces)]
        end = self._start_ns + MINUTE_NS
        self._pieces, self._start_ns, self._closed_ns = {}, 0, end
        return [
            Minute(
                end,
                pieces[0].open,
                max(piece.high for piece in pieces),
                min(piece.low for piece in pieces),
                pieces[-1].close,
                sum(piece.volume for piece in pieces),
                len(pieces) == PIECES,
            )
        ]
