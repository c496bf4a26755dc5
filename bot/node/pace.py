"""The node's side of the lockstep: answers each barrier once everything before it has been dealt with.

Dealt with means: every frame the gateway has sent is read, Nautilus' queues are empty, the
minute that closed is decided, no order of ours is in flight, and nothing is to be done in a moment.
With its answer it says how many requests it has sent: while one of them is under way, or is
answered, the gateway asks again. It promises nothing about wall time; the gateway passes over a
node that takes longer than its limit, and counts that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from bot.errors import MesbotError
from bot.node.errors import NodeError

POLL_SECONDS = 0.0005
ROUNDS = 8  # of the event loop: what one task hands to another is in no queue meanwhile


class Pace:
    """One connection to the gateway's side channel.

    `is_done(barrier)` says whether the node has dealt with it, `requests` how many it has sent, by client id.
    """

    def __init__(self, port: int, is_done: Callable[[dict[str, Any]], bool], requests: Callable[[], dict[str, int]]) -> None:
        self.ended = asyncio.Event()  # there is nothing more to answer; `run` says why
        self._port = port
        self._is_done, self._requests = is_done, requests
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def attach(self) -> None:
        """Take part in the lockstep from now on. Raises MesbotError if nothing listens there."""
        try:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError as error:
            raise MesbotError(
                f"Nothing keeps step on 127.0.0.1:{self._port} ({error.strerror}); give the gateway this --side-port."
            ) from None
        self._say({"attach": "node"})

    def go(self) -> None:
        """Let the market begin."""
        self._say({"do": "go"})

    async def run(self) -> None:
        """Answer barriers until the tape ends. Raises NodeError if the gateway is gone before that."""
        try:
            while (event := await self._next()).get("event") != "ended":
                if event.get("event") == "barrier":
                    await self._deal_with(event)
        finally:
            self.ended.set()
            self._writer.close()

    async def _next(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):  # reset, or cut off within a line
            if line := await self._reader.readline():
                return json.loads(line)
        raise NodeError(
            f"The connection to the gateway that keeps step on 127.0.0.1:{self._port} was lost before its tape had ended; "
            "start the gateway and this run again."
        )

    async def _deal_with(self, barrier: dict[str, Any]) -> None:
        while not await self._stays_done(barrier):
            await asyncio.sleep(POLL_SECONDS)
        self._say({"ready": barrier["barrier"], "requests": self._requests()})

    async def _stays_done(self, barrier: dict[str, Any]) -> bool:
        for _ in range(ROUNDS):
            if not self._is_done(barrier):
                return False
            await asyncio.sleep(0)
        return self._is_done(barrier)

    def _say(self, value: dict[str, Any]) -> None:
        self._writer.write(json.dumps(value).encode() + b"\n")
