"""The requests of a recording asked again, of a simulated gateway, over a true socket; what that answers, as frames.

The simulation stands at the recording's hour and price, under its own account and contract numbers, which take the place of the masks.
What the market did is an input as the requests are: where the recording has an execution, the simulation is told to fill the same order
at the same price. Its clock stands otherwise, so nothing else happens by itself. A request goes out once all before it are answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Callable

from bot.calendar import new_york
from bot.contracts import Contracts
from bot.gateway.config import GatewayConfig
from bot.gateway.errors import GatewayError
from bot.gateway.gateway import Gateway
from bot.gateway.wire import MAGIC, encode_frame, read_frame
from bot.node.acceptance.frames import Frame, kind_out
from bot.node.acceptance.hand import until
from bot.node.acceptance.place import config_at
from bot.units import MINUTE_NS, SECOND_NS, to_ticks

ACCOUNT = "DU1234567"
CASH_USD = 100_000.0
HOUR_NS = 60 * MINUTE_NS
ANSWER_SECONDS = 5.0
PING, PING_ANSWER = ["49", "1"], "currentTime"


async def asked_again(frames: list[Frame], law: Contracts) -> list[Frame]:
    """What the simulated gateway answers to the requests of these frames, connection by connection, in the order of arrival."""
    async with Gateway(_config(frames, law)) as gateway:
        asker = _Asker(gateway, frames)
        try:
            for place in range(len(frames)):
                await asker.play(place)
        finally:
            await asker.close()
        return asker.answers


def _config(frames: list[Frame], law: Contracts) -> GatewayConfig:
    """The simulation at the hour and the price of the recording."""
    told = [int(frame.named["time"]) for frame in frames if frame.kind == PING_ANSWER and frame.named.get("time", "").isdecimal()]
    start_ns = (told[0] if told else int(frames[0].wall)) * SECOND_NS // MINUTE_NS * MINUTE_NS
    date = new_york(start_ns).date()
    options = {"begin": "told", "speed": float("inf"), "side_port": None, "limit_rate": False, "accounts": (ACCOUNT,), "cash_usd": CASH_USD}
    prices = [float(frame.named["close"]) for frame in frames if frame.kind == "realtimeBar"]
    price = round(to_ticks(prices[0])) if prices else None
    return config_at(law, date, price, start_ns=start_ns, end_ns=start_ns + HOUR_NS, **options)


class _Peer:
    """One connection to the simulation; answers to our own questions whether it is done are left out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, answers: list[Frame]) -> None:
        self.client: int | None = None
        self.ended = False
        self._reader, self._writer, self._number, self._answers = reader, writer, number, answers
        self._asked: deque[bool] = deque()  # of each question for the time: whether it is ours
        self._greeted = False
        self._heard = asyncio.Event()
        self._task = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionError):
            while (fields := await read_frame(self._reader)) is not None:
                kind = kind_out(fields) if self._greeted else "version"
                self._greeted = True
                if kind != PING_ANSWER or not self._asked or not self._asked.popleft():
                    self._answers.append(Frame(0.0, self._number, self.client, "out", kind, fields))
                self._heard.set()
        self.ended = True
        self._heard.set()

    async def _until(self, reached: Callable[[], bool]) -> None:
        """Wait until this is true, the peer has ended, or nothing is heard for so long that nothing will be."""
        with contextlib.suppress(TimeoutError):
            while not (reached() or self.ended):
                self._heard.clear()
                await asyncio.wait_for(self._heard.wait(), ANSWER_SECONDS)

    def greet(self, offer: str) -> None:
        self._writer.write(MAGIC + struct.pack(">I", len(offer)) + offer.encode())

    async def greeted(self) -> None:
        await self._until(lambda: self._greeted)

    def send(self, fields: list[str], *, ours: bool = False) -> None:
        if fields == PING:
            self._asked.append(ours)
        self._writer.write(encode_frame(fields))

    async def rest(self) -> None:
        """Wait until everything that was sent is answered: the gateway answers in order."""
        if not self.ended and self.client is not None:
            self.send(PING, ours=True)
            await self._until(lambda: not self._asked)

    async def close(self) -> None:
        self._writer.close()
        await asyncio.gather(self._task, return_exceptions=True)


class _Asker:
    """Goes through a recording."""

    def __init__(self, gateway: Gateway, frames: list[Frame]) -> None:
        self.answers: list[Frame] = []
        self._gateway, self._frames = gateway, frames
        self._open: dict[int, _Peer] = {}
        self._last = {frame.session: place for place, frame in enumerate(frames)}
        self._masks = _masks(frames, gateway)
        self._executed: set[str] = set()
        self._stepped: set[int] = set()

    async def play(self, place: int) -> None:
        """One frame of the recording."""
        frame = self._frames[place]
        if frame.way == "in":
            await self._ask(frame)
        elif frame.kind == "execDetails" and frame.named.get("reqId") == "-1":
            await self._fill(frame.named)
        elif frame.kind == "realtimeBar" and frame.session not in self._stepped and not self._gateway.broker.open_orders():
            self._stepped.add(frame.session)
            await self._gateway.replay.step()
            await self._rest()
        if place == self._last[frame.session]:
            await self._hang_up(frame.session)

    async def _ask(self, frame: Frame) -> None:
        if frame.kind == "hello":
            reader, writer = await asyncio.open_connection("127.0.0.1", self._gateway.port)
            peer = self._open[frame.session] = _Peer(reader, writer, frame.session, self.answers)
            peer.greet(frame.fields[0])
            await peer.greeted()
            return
        peer = self._open[frame.session]
        peer.send([self._masks.get(field, field) for field in frame.fields])
        if frame.kind == "startApi":
            peer.client = frame.client
        await peer.rest()

    async def _fill(self, told: dict[str, str]) -> None:
        """Once for each execution; an order that the simulation does not know shows as a difference."""
        if told["execId"] in self._executed or self._gateway.broker.known(told["orderRef"]) is None:
            return
        self._executed.add(told["execId"])
        with contextlib.suppress(GatewayError):
            self._gateway.side.verbs.do(f"fill {told['orderRef']} {float(told['shares']):.0f} at {float(told['price']):.2f}")
        await self._rest()

    async def _rest(self) -> None:
        for peer in self._open.values():
            await peer.rest()

    async def _hang_up(self, session: int) -> None:
        peer = self._open.pop(session, None)
        if peer is not None:
            await peer.rest()
            await peer.close()
            await until(lambda: not self._gateway.clients(str(peer.client or 0)), ANSWER_SECONDS)

    async def close(self) -> None:
        """End what is open."""
        for session in list(self._open):
            await self._hang_up(session)


def _masks(frames: list[Frame], gateway: Gateway) -> dict[str, str]:
    """What stands in the recording, and what it is in the simulation: the account, and the contract numbers of its months."""
    masks = {name: ACCOUNT for frame in frames if frame.kind == "managedAccounts" for name in frame.named["accounts"].split(",") if name}
    for frame in frames:
        if frame.kind == "contractDetails" and (future := gateway.instruments.by_symbol(frame.named["localSymbol"])) is not None:
            masks[frame.named["conId"]] = str(future.con_id)
    return masks
