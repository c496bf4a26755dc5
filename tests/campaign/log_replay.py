"""Plays the frame log of a seed against our client side: the adapter's session on a true socket, and a peer that says what the log says.

    make campaign-log LOG=FRAMES.jsonl          PYTHONPATH=tests:. .venv/bin/python tests/campaign/log_replay.py FRAMES.jsonl [CUT.jsonl]

prints what the session made of each order. With a second file it writes what the replay needs of the log there, to be kept with a test.

Frames to the client go out as they did, lost ones not at all; before a frame of the client's the peer waits until the session has sent
one of its kind. What the session does not ask for by itself (orders, changes, cancels) is asked of it as the log has it. Market data is
left out. Of the bot's process only the adapter is there: where the log has a new process, the replay has a new connection, and what the
session in the replay does otherwise than the log is told in `strayed`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from builders import CONTRACTS, ROOT

from bot.gateway.order_request import OrderRequest
from bot.gateway.requests import KINDS, decode_request
from bot.gateway.wire import encode_frame, read_frame, read_hello
from bot.ibkr.config import BrokerConfig
from bot.ibkr.errors import BrokerError
from bot.ibkr.link.settings import LinkSettings
from bot.ibkr.orders.order_state import BrokerOrder, Draft
from bot.ibkr.orders.order_sync import SyncTimes
from bot.ibkr.orders.order_wire import moment_ns
from bot.ibkr.session import BrokerSession
from bot.runtime.runtime import RuntimeSpec

CLIENT, PACE = 7, 5.0
DATA = frozenset({
    "tickPrice", "tickSize", "tickReqParams", "realtimeBar", "historicalData", "historicalDataUpdate", "marketDataType",
    "updateAccountTime", "updatePortfolio", "tickSnapshotEnd", "reqMktData", "reqRealTimeBars", "reqHistoricalData",
    "reqMarketDataType", "cancelMktData", "cancelRealTimeBars", "cancelHistoricalData", "accountSummary", "accountSummaryEnd",
})  # fmt: skip
WORDS_OF_ORDERS = ("openOrder", "orderStatus", "execDetails", "placeOrder", "cancelOrder")
BEATS = ("reqCurrentTime", "currentTime")  # answered whenever they come: a heart beats in its own time
FIRST_REQUEST_ID = 1_000_000_000
# Until the session asks what it asked in the log; until it sends an order; until it has read the last frame.
ASK_SECONDS, ORDER_SECONDS, LAST_SECONDS = 1.5, 3.0, 0.3


class Frame(NamedTuple):
    """A line of the log."""

    session: int
    way: str
    kind: str
    fields: list[str]
    note: str


class Replayed(NamedTuple):
    """What the session made of it: orders by reference, signed contracts of each execution, the errors' texts, what went otherwise."""

    orders: dict[str, BrokerOrder]
    fills: list[tuple[str, int]]
    errors: list[str]
    strayed: list[str]


def read_log(path: Path) -> list[Frame]:
    """What of a log the replay needs."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    frames = [
        Frame(line["session"], line["way"], line["kind"], line["fields"], line.get("note", ""))
        for line in lines if line["client"] in (None, CLIENT) and line["kind"] not in DATA
    ]  # fmt: skip
    first_end = next((number for number, frame in enumerate(frames) if frame.kind == "accountDownloadEnd"), len(frames))
    return [frame for number, frame in enumerate(frames) if frame.kind != "updateAccountValue" or number < first_end]


def write_cut(frames: list[Frame], path: Path) -> None:
    """Keep what the replay needs, in the log's own form: nothing after the last word of an order."""
    frames = frames[: 1 + max((number for number, frame in enumerate(frames) if frame.kind in WORDS_OF_ORDERS), default=0)]
    lines = [json.dumps({**frame._asdict(), "client": CLIENT}, separators=(",", ":")) for frame in frames if frame.kind != BEATS[0]]
    path.write_text("\n".join(lines) + "\n")


def replay(frames: list[Frame]) -> Replayed:
    """Play a log to its end, and hear what the session made of it."""
    return asyncio.run(_replay(frames))


async def _replay(frames: list[Frame]) -> Replayed:
    peer = _Peer(next((frame.fields[2] for frame in frames if frame.kind == BEATS[1]), "0"))
    async with peer.listening() as port, _started(port) as (session, errors):
        script = _Script(peer, session)
        for number in range(len(frames)):
            await script.play(frames, number)
        await asyncio.sleep(LAST_SECONDS)
        fills = [(fill.ref, fill.side * fill.quantity) for fill in session.orders.ledger.fills.values()]
        return Replayed(dict(session.orders.orders), fills, errors, script.strayed)


@asynccontextmanager
async def _started(port: int) -> AsyncIterator[tuple[BrokerSession, list[str]]]:
    spec = RuntimeSpec(str(ROOT / "contracts"), CONTRACTS.sha256, "2025-09-01", "2025-10-31", "")
    link = LinkSettings(port=port, replay=True, client_id=CLIENT, request_timeout_seconds=1.0, heartbeat_seconds=0.5)
    session = BrokerSession(
        BrokerConfig(runtime=spec, link=link, ids_path=None, watch_seconds=0.05), random.Random(1), PACE,
        SyncTimes(unknown_seconds=1, again_seconds=1, watch_seconds=0.05),
    )  # fmt: skip
    errors: list[str] = []
    session.link.errors.append(lambda error: errors.append(error.text))
    starting = asyncio.ensure_future(session.start())
    try:
        yield session, errors
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await session.link.stop()


class _Peer:
    """Where the session connects to: what it has said and nobody has taken yet is in `said`, by kind; `now` is the gateway's clock."""

    def __init__(self, now: str) -> None:
        self.said: defaultdict[str, list[list[str]]] = defaultdict(list)
        self.heard = asyncio.Condition()
        self.writer: asyncio.StreamWriter | None = None
        self.now = now

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self.hang_up()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        if await read_hello(reader) is not None:
            await self._hear("hello", [])
        while (fields := await read_frame(reader)) is not None:
            kind = decode_request(fields).kind
            if kind == BEATS[0]:
                self.send(["49", "1", self.now])
            else:
                await self._hear(kind, fields)
        writer.close()

    async def _hear(self, kind: str, fields: list[str]) -> None:
        async with self.heard:
            self.said[kind].append(fields)
            self.heard.notify_all()

    async def take(self, kind: str, seconds: float) -> list[str] | None:
        """The next thing of that kind that it says; None if it says none in time."""
        try:
            async with asyncio.timeout(seconds), self.heard:
                await self.heard.wait_for(lambda: bool(self.said[kind]))
                return self.said[kind].pop(0)
        except TimeoutError:
            return None

    def send(self, fields: list[str]) -> None:
        """Say this to it; nobody hears if it is gone."""
        if self.writer is not None and not self.writer.is_closing():
            self.writer.write(encode_frame(fields))

    def hang_up(self) -> None:
        """The connection ends."""
        if self.writer is not None:
            self.writer.close()
        self.said.clear()


class _Script:
    """Goes through the log. The ids of requests are the session's own: those of the log become them on their way."""

    def __init__(self, peer: _Peer, session: BrokerSession) -> None:
        self.strayed: list[str] = []
        self._peer, self._session = peer, session
        self._numbers: dict[str, str] = {}
        self._connection = 0
        self._asked: Counter[str] = Counter()

    async def play(self, frames: list[Frame], number: int) -> None:
        """One frame of the log."""
        frame = frames[number]
        if frame.session != self._connection:
            if self._connection:
                self._peer.hang_up()
            self._connection = frame.session
        if frame.kind in BEATS:
            self._peer.now = frame.fields[2] if frame.way == "out" else self._peer.now
        elif frame.way == "out":
            if frame.note != "swallowed":
                self._peer.send([self._numbers.get(field, field) for field in frame.fields])
        elif frame.kind == "placeOrder":
            await self._placed(frames, number)
        elif frame.kind == "cancelOrder":
            await self._cancelled(frame)
        elif frame.kind == "hello" or frame.kind in KINDS:
            await self._expect(frame)

    async def _expect(self, frame: Frame) -> None:
        said = await self._peer.take(frame.kind, ORDER_SECONDS if frame.kind in WORDS_OF_ORDERS else ASK_SECONDS)
        if said is None:
            self.strayed.append(f"{frame.kind} was not sent")
            return
        for logged, own in zip(frame.fields, said, strict=False):
            if logged.isdecimal() and int(logged) > FIRST_REQUEST_ID:
                self._numbers[logged] = own

    async def _placed(self, frames: list[Frame], number: int) -> None:
        """Orders that came in one piece are placed in one; a known id is a change, a known reference the session's own second sending."""
        await asyncio.sleep(0.02)  # what was sent before it is read
        frame, orders = frames[number], self._session.orders
        order_id, wanted = int(frame.fields[1]), _order(frame)
        known = orders.orders.get(wanted.order_ref)
        if wanted.what_if:  # for the margin, of the session's own accord
            self._session.link.ids.at_least(order_id)
        elif known is None:
            together = [frame]
            for later in frames[number + 1 :]:
                if later.way != "in" or later.kind != "placeOrder":
                    break
                together.append(later)
            self._session.link.ids.at_least(order_id)
            self._do(wanted.order_ref, lambda: orders.place(int(frame.fields[2]), _drafts(together)))
        elif known.order_id == order_id and known.live:
            _, limit, stop = _terms(wanted)
            self._do(wanted.order_ref, lambda: orders.modify(wanted.order_ref, int(wanted.quantity), limit, stop))
        await self._expect(frame)

    async def _cancelled(self, frame: Frame) -> None:
        """The session may send a cancel by itself, of what is taken back or again; else it is asked to."""
        await asyncio.sleep(0.02)
        order = self._session.orders.by_id(int(frame.fields[2]))
        if order is not None and order.live and not order.cancel_asked and not order.taken_back:
            self._do(order.ref, lambda: self._session.orders.cancel(order.ref))
        await self._expect(frame)

    def _do(self, ref: str, what: Any) -> None:
        try:
            what()
        except (BrokerError, KeyError) as error:
            self.strayed.append(f"{ref}: {error}")


def _order(frame: Frame) -> OrderRequest:
    request = decode_request(frame.fields).order
    assert request is not None
    return request


def _terms(wanted: OrderRequest) -> tuple[int, float | None, float | None]:
    limit, stop = wanted.limit_price, wanted.aux_price
    return int(wanted.quantity), None if limit is None else float(limit), None if stop is None else float(stop)


def _drafts(frames: list[Frame]) -> list[Draft]:
    """The orders as they were asked for, entries first, as the risk engine lists them."""
    refs = {int(frame.fields[1]): _order(frame).order_ref for frame in frames}
    drafts = []
    for frame in frames:
        wanted = _order(frame)
        quantity, limit, stop = _terms(wanted)
        till = moment_ns(wanted.good_till_date) if wanted.tif == "GTD" else 0
        drafts.append(
            Draft(
                wanted.order_ref, wanted.action, quantity, wanted.order_type, limit, stop, till, refs.get(wanted.parent_id, ""),
                wanted.oca_group,
            )
        )  # fmt: skip
    return sorted(drafts, key=lambda draft: draft.ref)


def main(log: Path, cut: Path | None) -> None:
    """Play a log, print what became of it."""
    frames = read_log(log)
    if cut is not None:
        write_cut(frames, cut)
    told = replay(frames)
    for ref, order in told.orders.items():
        filled = sum(quantity for name, quantity in told.fills if name == ref)
        print(f"{ref}: {order.phase}, filled {filled:+d}{', ' if order.remarks else ''}{'; '.join(order.remarks)}")
    print("\n".join(f"otherwise than the log: {text}" for text in told.strayed) or "all as the log has it")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
