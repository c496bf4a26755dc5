"""The clock, the lockstep, and that a run is the same at every speed."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

    def rest() -> asyncio.Task[bool]:
        return asyncio.create_task(lockstep.rest(["minute"], lambda reasons: {"ts_ns": 5, "reasons": reasons}, lambda *_: True))

    assert await rest()  # nobody is attached: no barrier
    one, other = lockstep.attach(told.append), lockstep.attach(told.append)
    waiting = rest()
    await until(lambda: len(told) == 2)
    lockstep.ready(one, 1, {})
    await asyncio.sleep(0)
    assert not waiting.done()
    lockstep.ready(other, 1, {})
    assert await waiting
    assert (lockstep.barriers, lockstep.timeouts) == (1, 0)
    assert not await rest()
    assert (lockstep.barriers, lockstep.timeouts) == (2, 1)
    waiting = rest()
    await until(lambda: len(told) == 6)
    lockstep.detach(one)
    lockstep.detach(other)
    assert await waiting
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


class Counting:
    """An attached node that counts its requests and waits for no answer; `contract` is what it trades."""

    def __init__(self, ib: Any, node: Any, contract: Any) -> None:
        self.ib, self.node, self.contract = ib, node, contract
        self.seen: list[tuple[int, list[str]]] = []  # market time and reasons of each barrier

    async def next_barrier(self) -> list[str]:
        """The reasons of the next, once what was sent before it is read; none at the end."""
        event = await self.node.next_event()
        if event["event"] != "barrier":
            return []
        await until(lambda: self.ib.client.connectionStats().numMsgRecv >= event["frames"]["1"], "the frames")
        self.seen.append((event["ts_ns"], event["reasons"]))
        self._number = event["barrier"]
        return event["reasons"]

    def answers(self) -> None:
        """Done with it; hello and startApi are no requests."""
        self.node.send(ready=self._number, requests={"1": self.ib.client.connectionStats().numMsgSent - 2})


@asynccontextmanager
async def counting(**changes: Any) -> AsyncIterator[tuple[Any, Any, Counting]]:
    """A gateway before its market goes, its side channel, and a node on it."""
    async with running(**changes) as gateway, side_of(gateway) as node, side_of(gateway) as control, insync(gateway) as ib:
        from ib_insync import Future

        [contract] = await ib.qualifyContractsAsync(Future("MES", "202512", "CME"))
        await node.ask(attach="minute")
        yield gateway, control, Counting(ib, node, contract)


@on_a_loop
async def test_the_market_stands_until_questions_and_answers_have_come_to_rest():
    from ib_insync import LimitOrder, MarketOrder

    async with counting(end_ns=clock_ns(DAY, dt.time(10, 3)), cash_usd=100_000.0) as (gateway, control, bot):
        resting, taking = bot.ib.placeOrder(bot.contract, LimitOrder("BUY", 1, 1000.0)), None
        await until(lambda: resting.orderStatus.permId, "the acknowledgement")
        await control.do("go")
        while reasons := await bot.next_barrier():
            if "minute" in reasons and taking is None:
                bot.ib.cancelOrder(resting.order)
            elif resting.orderStatus.status == "Cancelled" and taking is None:
                taking = bot.ib.placeOrder(bot.contract, MarketOrder("BUY", 1))
            bot.answers()
        [execution] = gateway.broker.exchange.executions
        first = gateway.config.start_ns + 60 * SECOND_NS
        assert execution.ts_ns == first, "the market order gets the open of the very next piece"
        assert {ts_ns for ts_ns, reasons in bot.seen if reasons == ["answers"]} == {first}
        assert gateway.lockstep.timeouts == 0


@on_a_loop
async def test_pieces_are_waited_for_while_an_order_works_or_a_position_is_held():
    from ib_insync import MarketOrder

    async with counting(end_ns=clock_ns(DAY, dt.time(10, 5)), cash_usd=100_000.0) as (gateway, control, bot):
        await control.do("go")
        sides = iter([(), ("BUY",), ("SELL",), ()])
        while reasons := await bot.next_barrier():
            if "minute" in reasons:
                for side in next(sides, ()):
                    bot.ib.placeOrder(bot.contract, MarketOrder(side, 1))
            bot.answers()
        pieces = [(ts_ns - gateway.config.start_ns) // SECOND_NS for ts_ns, reasons in bot.seen if "piece" in reasons]
        assert pieces == [*range(125, 180, 5)]
        assert [each.ts_ns for each in gateway.broker.exchange.executions] == [clock_ns(DAY, dt.time(10, 2)), clock_ns(DAY, dt.time(10, 3))]


@pytest.mark.parametrize("fault", ["swallow cancelOrder all", "freeze 1"])
@on_a_loop
async def test_a_question_that_is_never_answered_holds_nothing_up(fault):
    from ib_insync import LimitOrder

    async with counting(end_ns=clock_ns(DAY, dt.time(10, 2))) as (gateway, control, bot):
        resting = bot.ib.placeOrder(bot.contract, LimitOrder("BUY", 1, 1000.0))
        await until(lambda: resting.orderStatus.permId, "the acknowledgement")
        await control.do(fault)
        await control.do("go")
        while await bot.next_barrier():
            if resting.orderStatus.status != "PendingCancel":
                bot.ib.cancelOrder(resting.order)
            bot.answers()
        assert gateway.replay.ended.is_set() and gateway.lockstep.timeouts == 0


@on_a_loop
async def test_who_was_passed_over_is_not_waited_for_after_single_pieces():
    from ib_insync import LimitOrder

    async with counting(end_ns=clock_ns(DAY, dt.time(10, 2)), lockstep_seconds=0.02) as (gateway, control, bot):
        trade = bot.ib.placeOrder(bot.contract, LimitOrder("BUY", 1, 1000.0))
        await until(lambda: trade.orderStatus.permId, "the acknowledgement")
        await control.do("go")
        await asyncio.wait_for(gateway.replay.ended.wait(), 5)
        assert gateway.lockstep.timeouts == 3  # the first that told of the order, and two minutes


@pytest.mark.parametrize("requests", [["1"], {"1": "many"}, {"1": True}, 3])
@on_a_loop
async def test_requests_that_are_not_counted_are_refused_in_one_sentence(requests):
    async with running() as gateway, side_of(gateway) as node:
        await node.ask(attach="minute")
        answer = await node.ask(ready=1, requests=requests)
        assert not answer["ok"] and answer["error"].endswith("a client id, and how many it has sent.")


@on_a_loop
async def test_what_the_replay_dies_of_is_told_when_the_gateway_stops():
    with pytest.raises(RuntimeError, match="a bug"):
        async with running() as gateway, side_of(gateway) as side:

            def buggy(piece):
                raise RuntimeError("a bug")

            gateway.feed.publish = buggy
            await side.do("go")
            await until(lambda: gateway.broken, "the replay's end")
