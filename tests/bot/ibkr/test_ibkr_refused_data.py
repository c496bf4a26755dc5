"""Data that are refused while we run or start: asked for again, entries locked, told in the broker's words, whatever code and language."""

from __future__ import annotations

import asyncio
import math

import pytest
from ibkr_rig import TEN, Ear, Rig, gateway_config, new_session, on_a_loop, rig, synthetic, until

from bot.gateway import messages
from bot.gateway.gateway import Gateway
from bot.ibkr import errors as e
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.orders.order_state import Draft
from bot.units import HOUR_NS

DENIED = [354, 200, 10089, 10090, 10168, 10167, 420, 321, 435, 10186, 99_999, 300]  # the last two are in no list
CHINESE = "\u5386\u53f2\u6570\u636e\u67e5\u8be2\u65e0\u7ed3\u679c"


async def refused_and_asked_again(r: Rig, code: int) -> None:
    """Data are refused when they are asked for anew, and served again later."""
    await r.do("step 3")
    await until(lambda: r.session.feed.pieces)
    await r.do(f"deny md {code} {CHINESE}")
    await r.do("bust")
    await until(lambda: r.session.feed.denied, lambda: r.ear.errors)


@pytest.mark.parametrize("code", DENIED)
def test_a_refusal_during_the_day_locks_entries_costs_the_score_and_is_asked_about_until_it_is_over(code: int):
    @on_a_loop
    async def run() -> None:
        async with rig(pace=100.0) as r:
            await refused_and_asked_again(r, code)
            block = r.session.entry_block()
            assert block.code == code and CHINESE in str(block) and "untrusted_feed" in [event.kind for event in r.ear.quality]
            r.place(Draft("A-X", "SELL", 1, "LMT", limit=r.price + 50))
            await r.working("A-X")
            await r.session.link.delay(100.0)
            assert r.session.entry_block().code == code and r.session.link.generation == 1 and r.session.link.allows_way_out
            await r.do("deny off")
            pieces, session = r.session.feed.pieces, r.gateway.delivery.sessions[0]
            await until(lambda: session.subscriptions.bars)
            await r.do("step 3")
            await until(lambda: r.session.feed.pieces > pieces)
            await until(lambda: r.session.entry_block() is None, lambda: r.session.entry_block())
            assert r.ear.quality[-1].kind == "trusted_feed"

    run()


@on_a_loop
async def test_a_refusal_is_asked_about_every_minute_and_no_more_often():
    async with rig(pace=100.0) as r:
        await refused_and_asked_again(r, 354)
        await until(lambda: r.session.link.state is LinkState.DEGRADED, lambda: r.ear.states)
        asked = len(r.ear.errors)
        await r.session.link.delay(200.0)
        refusals = [error for error in r.ear.errors[asked:] if error.code == 354]
        assert 2 <= len(refusals) <= 12
        assert "market data not known since" in r.session.link.why_no_entries().text


@on_a_loop
async def test_a_remark_about_a_subscription_refuses_nothing():
    async with rig() as r:
        r.tell(next(iter(r.gateway.delivery.sessions[0].subscriptions.bars)), 2176)
        await until(lambda: r.ear.heard(e.UnclassifiedBrokerMessage))
        assert r.session.entry_block() is None


@pytest.mark.parametrize(("verb", "kind"), [("contracts", e.ContractNotFound), ("md", e.ContractNotFound)])
def test_a_200_that_passes_does_not_end_the_start_and_one_that_stays_does(verb: str, kind: type[e.BrokerError]):
    async def start(passes: bool) -> None:
        async with Gateway(gateway_config()) as gateway:
            ear = Ear()
            session = new_session(gateway.port, ear)
            gateway.side.verbs.do(f"deny {verb} 200")
            starting = asyncio.ensure_future(session.start())
            await until(lambda: ear.heard(kind) or starting.done())
            if passes:
                gateway.side.verbs.do("deny off")
                await starting
                assert session.entry_block() is None
                await session.stop()
            else:
                with pytest.raises(kind):
                    await starting

    for passes in (True, False):
        asyncio.run(start(passes))


@pytest.mark.parametrize("price", [-1, 0])
def test_a_side_that_nobody_quotes_makes_no_spread(price: int):
    @on_a_loop
    async def run() -> None:
        async with rig() as r:
            await r.do("step 3")
            await until(lambda: not math.isnan(r.session.feed.spread_ticks))
            session = r.gateway.delivery.sessions[0]
            number = next(iter(session.subscriptions.quotes))
            for sides in ((1, 2), (1,), (2,)):
                await r.do("step 1")
                for side in sides:
                    message = messages.tick_price(number, side, 4, 0)
                    message[message.index("1.0")] = str(price)
                    session.send(message)
                await until(lambda: math.isnan(r.session.feed.spread_ticks), lambda: r.session.feed.spread_ticks)
            await r.do("step 1")
            assert "bad_quote" in [event.kind for event in r.ear.quality]
            await until(lambda: not math.isnan(r.session.feed.spread_ticks))

    run()


# -------------------------------------------------------------------------- history


def asked_of(r: Rig) -> list[tuple[str, str]]:
    """End and length of each request for history from now on."""
    found: list[tuple[str, str]] = []
    send = r.session.link.connection.send

    def noted(request: str, *arguments: object) -> None:
        if request == "reqHistoricalData":
            found.append((str(arguments[2]), str(arguments[3])))
        send(request, *arguments)

    r.session.link.connection.send = noted
    return found


@pytest.mark.parametrize(
    ("code", "text"), [(162, CHINESE), (162, "different IP address"), (420, "no permissions"), (99_999, "never heard of")]
)
def test_history_that_is_refused_altogether_is_told_in_the_brokers_words(code: int, text: str):
    @on_a_loop
    async def run() -> None:
        async with rig(pace=200.0) as r:
            await r.do(f"deny history {code} {text}")
            with pytest.raises(e.DataRefused, match=text) as caught:
                await r.session.feed.past(TEN - 30 * HOUR_NS, TEN)
            assert caught.value.code == code and "look whether this login has live data" in str(caught.value)

    run()


@on_a_loop
async def test_days_before_the_data_begin_are_not_asked_for_and_no_words_are_needed_for_that():
    async with rig(pace=200.0) as r:
        answer = r.gateway.delivery.sessions[0].send

        def in_chinese(fields: list[str]) -> None:
            answer([CHINESE if "no data" in field else field for field in fields])

        r.gateway.delivery.sessions[0].send = in_chinese
        asked = asked_of(r)
        found = await r.session.feed.past(TEN - 40 * 24 * HOUR_NS, TEN)
        wanted = [bar.ts_ns for bar in synthetic() if bar.ts_ns <= TEN]
        assert [minute.close_ns for minute in found] == wanted
        days = {end for end, _ in asked}
        assert len(days) <= 4, "two with data, two without"


@on_a_loop
async def test_a_weekend_is_not_asked_for():
    async with rig(pace=200.0) as r:
        asked = asked_of(r)
        saturday = TEN + 2 * 24 * HOUR_NS + 12 * HOUR_NS
        assert await r.session.feed.past(saturday - 20 * HOUR_NS, saturday) == []
        assert asked == []
