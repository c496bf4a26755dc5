"""The clock, the lockstep, and that a run is the same at every speed."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from gateway_harness import DAY, insync, on_a_loop, running, side_of, until

from bot.gateway.clock import MAX_SPEED, Clock
from bot.gateway.lockstep import Lockstep
from bot.trading_hours import clock_ns
from bot.units import SECOND_NS


@on_a_loop
async def test_the_clock_keeps_its_pace():
    clock, loop = Clock(0, 100.0), asyncio.get_running_loop()
    started = loop.time()
    for second in range(1, 21):
        await clock.advance(second * SECOND_NS)
    assert clock.now_ns == 20 * SECOND_NS
    assert loop.time() - started == pytest.approx(0.2, abs=0.1)


@on_a_loop
async def test_the_clock_never_goes_back():
    clock = Clock(100, MAX_SPEED)
    await clock.advance(50)
    clock.jump(70)
    assert clock.now_ns == 100


@on_a_loop
async def test_a_barrier_waits_for_every_party_and_counts_who_does_not_come():
    told: list[dict[str, Any]] = []
    lockstep = Lockstep(timeout_seconds=0.05)
    await lockstep.wait({})  # nobody is attached: no barrier
    one, other = lockstep.attach(told.append), lockstep.attach(told.append)
    waiting = asyncio.create_task(lockstep.wait({"ts_ns": 5}))
    await until(lambda: len(told) == 2)
    lockstep.ready(one, 1)
    await asyncio.sleep(0)
    assert not waiting.done()
    lockstep.ready(other, 1)
    await waiting
    assert (lockstep.barriers, lockstep.timeouts) == (1, 0)
    await lockstep.wait({})
    assert (lockstep.barriers, lockstep.timeouts) == (2, 1)
    waiting = asyncio.create_task(lockstep.wait({}))
    await until(lambda: len(told) == 6)
    lockstep.detach(one)
    lockstep.detach(other)
    await waiting
    assert lockstep.timeouts == 1


async def trade_through(speed: float) -> tuple[list[Any], dict[str, Any]]:
    """Half an hour with a node that enters a bracket every five minutes, in lockstep; its executions and the last truth."""
    async with (
        running(speed=speed, end_ns=clock_ns(DAY, dt.time(10, 30)), cash_usd=100_000.0) as gateway,
        side_of(gateway) as node,
        side_of(gateway) as control,
        insync(gateway) as ib,
    ):
        from ib_insync import Future

        [contract] = await ib.qualifyContractsAsync(Future("MES", "202512", "CME"))
        bars = ib.reqRealTimeBars(contract, 5, "TRADES", False)
        await ib.reqCurrentTimeAsync()
        await node.ask(attach="minute")
        await control.do("go")
        minutes = 0
        while (event := await node.next_event())["event"] == "barrier":
            await until(lambda e=event: ib.client.connectionStats().numMsgRecv >= e["frames"]["1"], "the frames")
            if "minute" in event["reasons"]:
                minutes += 1
                if minutes % 5 == 0:
                    side, away = ("BUY", 1) if minutes % 10 else ("SELL", -1)
                    close = bars[-1].close
                    bracket = ib.bracketOrder(side, 1, close - away, close + 2 * away, close - 3 * away, tif="DAY")
                    for order in bracket:
                        order.orderRef = f"{minutes}-{order.orderType}"
                    trades = [ib.placeOrder(contract, order) for order in bracket]
                    await until(lambda t=trades: all(x.orderStatus.permId for x in t), "acknowledgements")
            node.send(ready=event["barrier"])
        truth = await control.truth()
        assert len(bars) == 360
        return truth["executions"], truth


def test_a_run_is_the_same_at_every_speed():
    (at_max, first), (at_6000, second), (again, third) = (asyncio.run(trade_through(speed)) for speed in (MAX_SPEED, 6000.0, MAX_SPEED))
    assert len(at_max) >= 4
    assert at_max == at_6000 == again
    assert first["completed"] == second["completed"] == third["completed"]
    assert first["lockstep_timeouts"] == second["lockstep_timeouts"] == 0
    assert first["ended"]


@on_a_loop
async def test_the_clock_begins_with_the_first_subscription():
    async with running(begin="subscribed") as gateway, insync(gateway) as ib:
        from ib_insync import Future

        [contract] = await ib.qualifyContractsAsync(Future("MES", "202512", "CME"))
        assert gateway.now_ns == gateway.config.start_ns
        ib.reqRealTimeBars(contract, 5, "TRADES", False)
        await until(lambda: gateway.now_ns > gateway.config.start_ns, "the clock")


@on_a_loop
async def test_a_node_that_does_not_answer_is_passed_over():
    end = clock_ns(DAY, dt.time(10, 2))
    async with running(end_ns=end, lockstep_seconds=0.02) as gateway, side_of(gateway) as node, side_of(gateway) as control:
        await node.ask(attach="minute")
        await control.do("go")
        await asyncio.wait_for(gateway.replay.ended.wait(), 5)
        assert (await control.truth())["lockstep_timeouts"] == 2


@on_a_loop
async def test_the_clock_stands_when_told():
    async with running(speed=1.0) as gateway, side_of(gateway) as side:
        await side.do("speed max")
        assert (await side.do("step 24"))["pieces"] == 24
        assert gateway.now_ns == gateway.config.start_ns + 120 * SECOND_NS
        await side.do("go")
        await side.do("stand")
        stood = (await side.truth())["clock_ns"]
        assert (await side.truth())["running"] is False
        assert stood >= gateway.config.start_ns + 120 * SECOND_NS


@on_a_loop
async def test_a_node_can_have_a_barrier_after_every_piece():
    end = clock_ns(DAY, dt.time(10, 2))
    async with running(end_ns=end) as gateway, side_of(gateway) as node, side_of(gateway) as control:
        await node.ask(attach="piece")
        await control.do("go")
        reasons = []
        while (event := await node.next_event())["event"] == "barrier":
            reasons.append(event["reasons"])
            node.send(ready=event["barrier"])
        assert reasons == ([["piece"]] * 11 + [["minute"]]) * 2


@on_a_loop
async def test_what_the_replay_dies_of_is_told_when_the_gateway_stops():
    with pytest.raises(RuntimeError, match="a bug"):
        async with running() as gateway, side_of(gateway) as side:

            def buggy(piece):
                raise RuntimeError("a bug")

            gateway.feed.publish = buggy
            await side.do("go")
            await until(lambda: gateway.broken, "the replay's end")
