"""Drives the market: takes piece after piece at the clock's pace through the exchange and to the subscribers.

One piece: the clock comes to its open, orders expire, market orders get the open; it comes to its end,
stops and limits are filled, the bar is sent, orders expire; then the lockstep, if a minute closed, something was told about
orders, one works or a position is held. Gaps of the tape longer than ten minutes are jumped over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.gateway.bridge import PIECE_NS
from bot.gateway.feed import end_of
from bot.gateway.lockstep import Lockstep
from bot.gateway.messages import Candle
from bot.gateway.minutes import Minutes
from bot.gateway.simulation import Simulation
from bot.market.bar import Bar
from bot.units import MINUTE_NS

LONG_GAP_NS = 10 * MINUTE_NS


class Replay:
    """The run from start to end. It goes on by itself while the clock runs; else it takes a step when told.

    `on_time` is called when a piece opens and again when it has ended, `on_end` once, when none is left.
    """

    def __init__(self, simulation: Simulation, lockstep: Lockstep, *, on_time: Callable[[], None], on_end: Callable[[], None]) -> None:
        self.simulation, self.lockstep = simulation, lockstep
        self.ended = asyncio.Event()
        self.pieces_done = 0
        self._on_time, self._on_end = on_time, on_end
        self._pieces = simulation.tape.replay(simulation.config.start_ns, simulation.config.end_ns)
        rules, exchange = simulation.config.rules, simulation.broker.exchange
        self._minutes = None if rules is None else Minutes(exchange, rules)
        self._told = 0
        self._passed_over = False
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Until the tape or the range ends."""
        while True:
            await self.simulation.clock.running.wait()
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

    def _finish(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self._on_end()

    async def _through(self, piece: Candle) -> None:
        clock, exchange = self.simulation.clock, self.simulation.broker.exchange
        if piece.open_ns - clock.now_ns > LONG_GAP_NS:
            clock.jump(piece.open_ns)
        else:
            await clock.advance(piece.open_ns)
        self._on_time()
        exchange.expire(piece.open_ns)
        self._mark(piece.open)
        if self._minutes is None:
            exchange.open_piece(_bar(piece), piece.open_ns)
        await self._settle(piece_ended=False, minute_closed=False)
        await clock.advance(end_of(piece))
        await self._fill(piece)
        self._mark(piece.close)
        self.simulation.feed.publish(piece)
        exchange.expire(end_of(piece))
        self._on_time()
        await self._settle(piece_ended=True, minute_closed=_closes_minute(piece))

    async def _fill(self, piece: Candle) -> None:
        """What a piece that has ended fills; under a backtest's rules a whole minute, which its fills are told ahead of."""
        if self._minutes is None:
            self.simulation.broker.exchange.run_piece(_bar(piece), piece.open_ns)
        elif _closes_minute(piece):
            self._minutes.close(self.simulation.tape.minute(end_of(piece)))
            await self._settle(piece_ended=False, minute_closed=False)

    def _mark(self, price: int) -> None:
        marks = self.simulation.marks
        for future in self.simulation.instruments.futures:
            marks[future.con_id] = price + future.basis_ticks

    async def _settle(self, *, piece_ended: bool, minute_closed: bool) -> None:
        """Let what was sent be taken; in lockstep wait until what it leads to has come to rest."""
        clock, simulation = self.simulation.clock, self.simulation
        reasons = ["minute"] if minute_closed else ["piece"] if piece_ended and self._waits_for_pieces() else []
        if simulation.delivery.events != self._told:
            reasons.append("orders")
        if reasons:
            await simulation.drained()
            if clock.speed > 1:
                self._passed_over = not await self.lockstep.rest(reasons, simulation.barrier, simulation.is_rest)
                clock.resume()
            self._told = simulation.delivery.events
        else:
            await asyncio.sleep(0)

    def _waits_for_pieces(self) -> bool:
        """Whether a piece may lead to something that the market has to wait for."""
        return self.lockstep.every_piece or (self.simulation.broker.exchange.at_work and not self._passed_over)


def _closes_minute(piece: Candle) -> bool:
    return end_of(piece) % MINUTE_NS == 0


def _bar(piece: Candle) -> Bar:
    return Bar(piece.open_ns + PIECE_NS, piece.open, piece.high, piece.low, piece.close, piece.volume)
