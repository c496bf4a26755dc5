"""The node's side of the lockstep tells the end of the tape from the end of the connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from bot.node.errors import NodeError
from bot.node.pace import ROUNDS, Pace

ENDED = b'{"event": "ended", "ts_ns": 1}\n'
BARRIER = b'{"event": "barrier", "barrier": 1}\n'


def paced(end: Callable[[asyncio.StreamWriter], None], is_done: Callable[[dict], bool] = lambda _: True) -> Pace:
    """A pace whose gateway sends a barrier, waits for the answer and then does this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"attach" in await reader.readline()
        writer.write(BARRIER)
        assert json.loads(await reader.readline()) == {"ready": 1, "requests": {"7": 311}}
        end(writer)
        writer.close()  # from Python 3.12.1 on a server ends only once its connections have

    async def run() -> Pace:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            pace = Pace(server.sockets[0].getsockname()[1], is_done, lambda: {"7": 311})
            await pace.attach()
            try:
                await asyncio.wait_for(pace.run(), 10)
            finally:
                assert pace.ended.is_set()
            return pace

    return asyncio.run(run())


def test_the_end_of_the_tape_is_a_good_end():
    paced(lambda writer: writer.write(ENDED))


def test_a_barrier_is_answered_only_once_it_has_been_dealt_with_for_some_rounds_of_the_loop():
    """What one task hands to another is in no queue for a moment."""
    looks = iter([True] * (ROUNDS - 1) + [False, False] + [True] * (ROUNDS + 1))
    paced(lambda writer: writer.write(ENDED), lambda _: next(looks))
    assert not list(looks)


@pytest.mark.parametrize(
    "end",
    [
        lambda writer: writer.close(),
        lambda writer: writer.transport.abort(),
        lambda writer: (writer.write(ENDED[:9]), writer.close()),
    ],
    ids=["closed", "reset", "cut off within a line"],
)
def test_a_connection_that_is_lost_before_is_an_error_in_one_sentence(end):
    with pytest.raises(NodeError, match=r"keeps step on 127\.0\.0\.1:\d+ was lost before its tape had ended; start the gateway") as caught:
        paced(end)
    assert "\n" not in str(caught.value)
