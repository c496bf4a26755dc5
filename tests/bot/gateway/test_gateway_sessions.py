"""Clients come, go and meet, over real sockets with ib_insync."""

from __future__ import annotations

import asyncio
import json

import pytest
from gateway_harness import insync, new_ib, on_a_loop, running, side_of, until

from bot.gateway.errors import GatewayError
from bot.gateway.gateway import Gateway


async def resting_order(ib, ref="R", distance=50.0):
    from ib_insync import Future, LimitOrder

    [contract] = await ib.qualifyContractsAsync(Future("MES", "202512", "CME"))
    trade = ib.placeOrder(contract, LimitOrder("BUY", 1, 6400 - distance, tif="DAY", orderRef=ref))
    await until(lambda: trade.orderStatus.permId, "the acknowledgement")
    return trade


@on_a_loop
async def test_connecting_gives_accounts_ids_and_the_farms():
    async with running(accounts=("DU1", "DU2")) as gateway:
        ib, errors = new_ib(), []
        ib.errorEvent += lambda reference, code, *_: errors.append(code)
        await ib.connectAsync("127.0.0.1", gateway.port, clientId=3, timeout=5)
        assert ib.managedAccounts() == ["DU1", "DU2"]
        assert ib.client.serverVersion() == 176
        assert errors == [2104, 2106, 2158]
        assert (await ib.reqCurrentTimeAsync()).isoformat() == "2025-10-02T14:00:00+00:00"
        ib.disconnect()


@on_a_loop
async def test_a_client_id_in_use_is_326_and_a_close():
    async with running() as gateway, insync(gateway):
        second, errors = new_ib(), []
        second.errorEvent += lambda reference, code, text, *_: errors.append((reference, code))
        connecting = asyncio.create_task(second.connectAsync("127.0.0.1", gateway.port, clientId=1, timeout=5))
        await until(lambda: errors == [(-1, 326)], "326")
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting


@on_a_loop
async def test_orders_outlive_the_socket_and_come_back_to_their_client():
    async with running() as gateway:
        async with insync(gateway) as ib:
            trade = await resting_order(ib)
            placed = trade.order.orderId
        await until(lambda: not gateway.delivery.sessions)
        async with insync(gateway) as ib:
            [back] = ib.openTrades()
            assert (back.order.orderRef, back.order.orderId, back.orderStatus.status) == ("R", placed, "Submitted")
            assert ib.client.getReqId() > placed
            ib.cancelOrder(back.order)
            await until(lambda: back.orderStatus.status == "Cancelled")
        async with insync(gateway, client_id=2) as other:
            assert other.openTrades() == []
            [completed] = await other.reqCompletedOrdersAsync(False)
            assert (completed.order.orderRef, completed.orderStatus.status) == ("R", "Cancelled")


@on_a_loop
async def test_another_client_sees_an_order_only_when_it_asks_and_cannot_cancel_it():
    async with running() as gateway, insync(gateway) as one, insync(gateway, client_id=2) as two:
        trade = await resting_order(one)
        await two.reqCurrentTimeAsync()
        assert two.trades() == []
        [seen] = await two.reqAllOpenOrdersAsync()
        assert (seen.order.clientId, seen.order.orderId, seen.order.permId) == (1, trade.order.orderId, trade.order.permId)
        errors = []
        two.errorEvent += lambda reference, code, *_: errors.append((reference, code))
        two.client.cancelOrder(trade.order.orderId)
        await until(lambda: (trade.order.orderId, 10147) in errors)
        assert trade.orderStatus.status == "Submitted"


@on_a_loop
async def test_positions_go_to_everyone_and_executions_to_whoever_asks_but_commissions_only_to_the_owner():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as one, insync(gateway, client_id=2) as two:
        await resting_order(one)
        await side.do("fill R")
        await until(lambda: one.positions() and two.positions())
        assert two.fills() == []
        [execution] = await two.reqExecutionsAsync()
        assert (execution.execution.clientId, execution.commissionReport.execId) == (1, "")
        await one.reqExecutionsAsync()
        assert one.fills()[0].commissionReport.commission == 0.62


@on_a_loop
async def test_the_master_client_hears_everything():
    async with (
        running(master_client_id=9) as gateway,
        side_of(gateway) as side,
        insync(gateway) as one,
        insync(gateway, client_id=9) as master,
    ):
        await resting_order(one)
        await until(lambda: len(master.openTrades()) == 1)
        await side.do("fill R")
        await until(lambda: master.fills() and master.fills()[0].commissionReport.commission == 0.62)


@on_a_loop
async def test_each_client_has_its_own_next_id():
    async with running() as gateway:
        async with insync(gateway) as one:
            trade = await resting_order(one)
        async with insync(gateway, client_id=2) as two:
            assert (await resting_order(two)).order.orderId < trade.order.orderId + 2
        assert gateway.broker.next_id(1) == trade.order.orderId + 1
        assert gateway.broker.next_id(3) == 1


@on_a_loop
async def test_too_many_messages_end_the_connection_with_100():
    async with running() as gateway, insync(gateway) as ib:
        errors = []
        ib.errorEvent += lambda reference, code, *_: errors.append(code)
        ib.client.MaxRequests = 0  # the library's own limiter off
        for _ in range(300):
            ib.client.reqCurrentTime()
        await until(lambda: not ib.isConnected(), "the close")
        assert 100 in errors


@on_a_loop
async def test_a_taken_port_is_one_sentence():
    async with running() as gateway:
        with pytest.raises(GatewayError, match=rf"^Port {gateway.port} on 127.0.0.1 is taken .*choose another --port\.$"):
            async with running(port=gateway.port):
                pass


@on_a_loop
async def test_it_listens_on_the_loopback_only():
    async with running() as gateway:
        assert [address[0] for address in gateway.addresses()] == ["127.0.0.1", "127.0.0.1"]


@on_a_loop
async def test_every_frame_is_logged_both_ways(tmp_path):
    path = tmp_path / "frames.jsonl"
    async with running(frames=path) as gateway, insync(gateway) as ib:
        await resting_order(ib)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {line["way"] for line in lines} == {"in", "out"}
    [placed] = [line for line in lines if line["kind"] == "placeOrder"]
    assert len(placed["fields"]) == 115
    opened = next(line for line in lines if line["kind"] == "openOrder")
    assert (len(opened["fields"]), opened["client"], opened["market"]) == (136, 1, 1_759_413_600_000_000_000)


def test_a_gateway_needs_bars():
    from builders import CONTRACTS, calendar

    from bot.gateway.config import GatewayConfig

    with pytest.raises(GatewayError, match="no bars"):
        Gateway(GatewayConfig(bars=[], start_ns=0, end_ns=1, contracts=CONTRACTS, calendar=calendar()))
