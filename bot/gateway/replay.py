"""Drives the market: takes piece after piece at the clock's pace through the exchange and to the subscribers.

One piece: the clock comes to its open, orders expire, market orders get the open; it comes to its end,
stops and limits are filled, the bar is sent, orders expire; then the lockstep, if a minute closed
or something was told about orders. Gaps of the tape longer than ten minutes are jumped over.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.gateway.bridge import PIECE_NS
from bot.gateway.feed import end_of
from bot.gateway.messages import Candle
from bot.market.bar import Bar
from bot.units import MINUTE_NS

if TYPE_CHECKING:
    from bot.gateway.gateway import Gateway

LONG_GAP_NS = 10 * MINUTE_NS


class Replay:
    """The run from start to end. It begins when `go` is set, and stands while `go` is clear."""

    def __init__(self, gateway: Gateway, start_ns: int, end_ns: int) -> None:
        self.gateway = gateway
        self.start_ns, self.end_ns = start_ns, end_ns
        self.go = asyncio.Event()
        self.ended = asyncio.Event()
        self.pieces_done = 0
        self._pieces = gateway.tape.replay(start_ns, end_ns)
        self._told = 0
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Until the tape or the range ends."""
        while True:
            await self.go.wait()
            if not await self.step():
                return

    async def step(self) -> bool:
        """One piece; False if there is none left."""
        async with self._turn:
            piece = next(self._pieces, None)
            if piece is None:
                self._finish()
                return False
            await self._through(piece)
            self.pieces_done += 1
            return True

    def start(self) -> None:
        """Let the clock run, from where it stands."""
        if not self.go.is_set():
            self.gateway.clock.resume()
            self.go.set()

    def _finish(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self.gateway.side.broadcast({"event": "ended", "ts_ns": self.gateway.now_ns})

    async def _through(self, piece: Candle) -> None:
        gateway, clock, exchange = self.gateway, self.gateway.clock, self.gateway.broker.exchange
        if piece.open_ns - clock.now_ns > LONG_GAP_NS:
            clock.jump(piece.open_ns)
        else:
            await clock.advance(piece.open_ns)
        gateway.run_script()
        exchange.expire(piece.open_ns)
        self._mark(piece.open)
        exchange.open_piece(_bar(piece), piece.open_ns)
        await self._settle(piece_ended=False, minute_closed=False)
        await clock.advance(end_of(piece))
        exchange.run_piece(_bar(piece), piece.open_ns)
        self._mark(piece.close)
        gateway.feed.publish(piece)
        exchange.expire(end_of(piece))
        gateway.run_script()
        await self._settle(piece_ended=True, minute_closed=end_of(piece) % MINUTE_NS == 0)

    def _mark(self, price: int) -> None:
        marks = self.gateway.marks
        for future in self.gateway.instruments.futures:
            marks[future.con_id] = price + future.basis_ticks

    async def _settle(self, *, piece_ended: bool, minute_closed: bool) -> None:
        """Let what was sent be taken; in lockstep wait for the answers."""
        gateway = self.gateway
        reasons = ["minute"] if minute_closed else ["piece"] if piece_ended and gateway.lockstep.every_piece else []
        if gateway.delivery.events != self._told:
            reasons.append("orders")
        if reasons:
            await gateway.drained()
            if gateway.clock.speed > 1:
                await gateway.lockstep.wait(gateway.barrier(reasons))
                gateway.clock.resume()
            self._told = gateway.delivery.events  # what was told meanwhile answers the node's own requests
        else:
            await asyncio.sleep(0)


def _bar(piece: Candle) -> Bar:
    return Bar(piece.open_ns + PIECE_NS, piece.open, piece.high, piece.low, piece.close, piece.volume)
