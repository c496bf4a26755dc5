"""Between the bot and the gateway: a relay on this machine that keeps every frame both ways, and can end the connections.

The bytes pass as they are. It listens on the loopback and connects to the gateway from this machine, as the bot would. What it has kept
is in memory and unmasked until somebody writes it down (`hidden`).
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bot.gateway.requests import kind_of
from bot.gateway.wire import MAGIC
from bot.node.acceptance.frames import Frame, kind_out

LONGEST_FRAME = 1 << 26  # of a gateway's answer; anything longer is no frame
PIECE_BYTES = 1 << 16
CONNECT_SECONDS = 15.0


class Recorder:
    """`async with Recorder(host, port) as recorder`: connect to 127.0.0.1 at `recorder.port`; `frames` is what passed so far."""

    def __init__(self, host: str, port: int) -> None:
        self.frames: list[Frame] = []
        self.port = 0
        self._where = (host, port)
        self._sessions = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection, both ends of it, as a lost one ends."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._sessions += 1
        number = self._sessions
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                upstream, upward = await asyncio.open_connection(*self._where)
        except (OSError, TimeoutError):
            writer.transport.abort()
            self._tasks.discard(task)
            return
        self._writers |= {writer, upward}
        client = _Client()
        there = asyncio.ensure_future(_relay(reader, upward, _Cutter(lambda fields: self._keep(number, client, "in", fields))))
        back = asyncio.ensure_future(_relay(upstream, writer, _Cutter(lambda fields: self._keep(number, client, "out", fields))))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass
        finally:
            for half in (there, back):
                half.cancel()
            for end in (writer, upward):
                self._writers.discard(end)
                end.close()
            self._tasks.discard(task)

    def _keep(self, number: int, client: _Client, way: str, fields: list[str]) -> None:
        if way == "in":
            kind = "hello" if not client.greeted else kind_of(fields)
            client.greeted = True
            if kind == "startApi" and len(fields) > 2 and fields[2].isdecimal():
                client.id = int(fields[2])
        else:
            kind = "version" if not client.answered else kind_out(fields)
            client.answered = True
        self.frames.append(Frame(round(time.time(), 6), number, client.id, way, kind, fields))


class _Client:
    """How far a connection has come."""

    def __init__(self) -> None:
        self.id: int | None = None
        self.greeted = self.answered = False


class _Cutter:
    """Cuts a stream of bytes into frames; what is no frame ends the keeping, never the stream."""

    def __init__(self, keep: Callable[[list[str]], None]) -> None:
        self._keep = keep
        self._rest = b""
        self._lost = False

    def feed(self, piece: bytes) -> None:
        self._rest += piece
        if self._rest.startswith(MAGIC):
            self._rest = self._rest[len(MAGIC) :]
        while not self._lost and len(self._rest) >= 4:
            (length,) = struct.unpack(">I", self._rest[:4])
            self._lost = length > LONGEST_FRAME
            if self._lost or len(self._rest) < 4 + length:
                break
            payload, self._rest = self._rest[4 : 4 + length], self._rest[4 + length :]
            self._keep(_fields(payload))


def _fields(payload: bytes) -> list[str]:
    text = payload.decode("utf-8", "replace")
    return text.removesuffix("\0").split("\0")


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cutter: _Cutter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(PIECE_BYTES):
            cutter.feed(piece)
            writer.write(piece)
            await writer.drain()
