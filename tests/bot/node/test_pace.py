"""The node's side of the lockstep tells the end of the tape from the end of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.node.errors import NodeError
from bot.node.pace import Pace

ENDED = b'{"event": "ended", "ts_ns": 1}\n'
BARRIER = b'{"event": "barrier", "barrier": 1}\n'


def paced(end: Callable[[asyncio.StreamWriter], None]) -> Pace:
    """A pace whose gateway sends a barrier, waits for the answer and then does this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"attach" in await reader.readline()
        writer.write(BARRIER)
        assert b'"ready": 1' in await reader.readline()
        end(writer)

    async def run() -> Pace:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            pace = Pace(server.sockets[0].getsockname()[1], lambda barrier: True)
            await pace.attach()
            try:
                await asyncio.wait_for(pace.run(), 10)
            finally:
                assert pace.ended.is_set()
            return pace

    return asyncio.run(run())


def test_the_end_of_the_tape_is_a_good_end():
    paced(lambda writer: writer.write(ENDED))


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
