"""What the broker itself says of hours and margin counts where it is stricter; at the start, and with each trading day."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from ibkr_rig import DAY, SPEC, on_a_loop, rig, until

from bot.ibkr import errors as e
from bot.ibkr.data.liquid_hours import Span, liquid_spans
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.orders.order_state import Draft
from bot.trading_hours import clock_ns

HALF_PAST_NINE, FOUR = clock_ns(DAY, dt.time(9, 30)), clock_ns(DAY, dt.time(16))


@pytest.mark.parametrize(
    ("text", "zone", "spans"),
    [
        ("20251002:0830-20251002:1500", "US/Central", (Span(HALF_PAST_NINE, FOUR),)),
        ("20251002:0830-1500", "US/Central", (Span(HALF_PAST_NINE, FOUR),)),
        ("20251004:CLOSED;20251002:0930-20251002:1600", "America/New_York", (Span(HALF_PAST_NINE, FOUR),)),
        ("20251002:0830-20251002:1500", "US/Central (Central Standard Time)", (Span(HALF_PAST_NINE, FOUR),)),
        ("20251004:CLOSED", "US/Central", ()),
        ("", "US/Central", None),
        ("20251002:0830-20251002:1500", "Nowhere/Land", None),
        ("20251002:0830-20251002:1500", "", None),
        ("20251002:1500-20251002:0830", "US/Central", None),
        ("20251002:0830-20251002:1500;open all day", "US/Central", None),
        ("OPEN", "US/Central", None),
    ],
)
def test_liquid_hours_are_read_whole_or_not_at_all(text: str, zone: str, spans: tuple[Span, ...] | None):
    assert liquid_spans(text, zone) == spans


@pytest.mark.parametrize(
    ("hours", "kind", "close_ns"),
    [
        ("off", None, FOUR),
        ("20251002:0830-20251002:1200", None, clock_ns(DAY, dt.time(13))),
        ("20251002:0830-20251002:0906", e.MarketShut, clock_ns(DAY, dt.time(10, 6))),  # six minutes before the close entries end
        ("20251002:0830-20251002:0907", None, clock_ns(DAY, dt.time(10, 7))),
        ("20251002:CLOSED", e.MarketShut, clock_ns(DAY, dt.time(10))),
        ("20251002:0830-20251002:1700", None, FOUR),
        ("no hours at all", e.NotSynced, FOUR),
    ],
)
def test_the_shorter_of_calendar_and_broker_counts_and_hours_that_cannot_be_read_allow_nothing(hours, kind, close_ns):
    @on_a_loop
    async def run() -> None:
        async with rig(script=(f"liquid-hours {hours}",)) as r:
            block = r.session.entry_block()
            assert (block is None) if kind is None else isinstance(block, kind)
            assert r.session.close_ns() == close_ns
            r.place(Draft("A-X", "SELL", 1, "LMT", limit=r.price + 50))
            await r.working("A-X")

    run()


@on_a_loop
async def test_the_brokers_margin_is_asked_for_and_no_order_comes_of_it():
    async with rig(script=("margin 3100",)) as r:
        assert r.session.margin.cents == 310_000 and r.session.entry_block() is None
        assert r.refs() == [] and not r.gateway.broker.exchange.executions and r.ear.events == []


@pytest.mark.parametrize("held", [0, 1, -2])
def test_the_question_adds_to_what_is_held_so_that_the_answer_is_one_contracts(held: int):
    @on_a_loop
    async def run() -> None:
        async with rig(script=("margin 3100", f"position MESZ5 {held}")) as r:
            assert r.session.margin.cents == 310_000

    run()


@on_a_loop
async def test_a_margin_that_nobody_tells_locks_entries_once_we_run():
    async with rig(pace=50.0, request_timeout_seconds=0.2) as r:
        r.session.margin._asked_on = "another day"
        await r.do("margin 0")
        r.session.link.owe("initial margin")
        await until(lambda: r.session.link.state is LinkState.DEGRADED, lambda: r.ear.errors)
        assert "initial margin not known" in r.session.entry_block().text and r.session.link.allows_way_out
        await r.do("margin 2400")
        await until(lambda: r.session.link.allows_entries and r.session.margin.cents == 240_000, lambda: r.session.entry_block())


@on_a_loop
async def test_hours_and_margin_are_asked_for_again_with_each_trading_day():
    async with rig(pace=50.0) as r:
        asked: list[str] = []
        send = r.session.link.connection.send
        r.session.link.connection.send = lambda request, *arguments: (asked.append(request), send(request, *arguments))
        await r.do("margin 2500")
        await r.session.link.delay(30.0)
        assert "placeOrder" not in asked
        r.session.clock.saw(clock_ns(DAY, dt.time(18, 1)))
        await until(lambda: r.session.margin.cents == 250_000, lambda: asked)
        assert "reqContractDetails" in asked


@on_a_loop
async def test_a_run_that_observes_asks_for_no_margin():
    async with rig(broker={"runtime": msgspec.structs.replace(SPEC, observe=True)}) as r:
        assert r.session.margin.cents == 0 and r.session.link.allows_entries
