"""For the lockstep the adapter and the gateway count the same requests, whatever becomes of them and on each connection anew."""

from __future__ import annotations

import pytest
from ibkr_rig import Rig, bracket, on_a_loop, rig, until


async def require_same(r: Rig) -> None:
    def counts() -> tuple[int, int]:
        [client] = r.gateway.clients()
        return r.session.link.connection.requests_sent, client.requests_read

    await until(lambda: len(r.gateway.clients()) == 1 and counts()[0] == counts()[1] > 3, lambda: f"the same counts, not {counts()}")


@pytest.mark.parametrize("fault", ["thaw", "swallow placeOrder 2", "duplicate cancelOrder all"])
@on_a_loop
async def test_both_sides_count_the_same_requests(fault):
    async with rig() as r:
        await require_same(r)
        await r.do(fault)
        r.place(*bracket(r.price - 5))
        r.session.orders.cancel("B-E")
        await require_same(r)
        assert not r.session.link.connection.requests_waiting


@on_a_loop
async def test_a_new_connection_counts_anew():
    async with rig() as r:
        await require_same(r)
        await r.do("drop")
        await until(lambda: r.session.link.generation == 2)
        await require_same(r)


@on_a_loop
async def test_requests_that_the_limit_holds_back_are_waiting_and_not_sent():
    limit = 20  # above what a start sends at once: no answer of the start itself may wait past its time
    async with rig(messages_per_second=limit) as r:
        connection = r.session.link.connection
        await until(lambda: not connection.requests_waiting)
        before = connection.requests_sent
        for _ in range(3 * limit):
            connection.send("reqCurrentTime")
        assert connection.requests_waiting + connection.requests_sent - before == 3 * limit
        assert connection.requests_waiting >= 2 * limit
