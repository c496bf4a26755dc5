"""More of the situations about the feed: outages that last, lost pieces and history, quotes that have died."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine

import pytest
from builders import CONTRACTS, calendar
from ibkr_rig import Rig, Situations, on_a_loop, rig, until

from bot.gateway import messages
from bot.gateway import session as gateway_session
from bot.gateway.bridge import PIECE_NS
from bot.gateway.messages import Candle
from bot.ibkr import errors as e
from bot.ibkr.data import bar_flow
from bot.market.bar import RawBar
from bot.market.rolling import MinuteMedians
from bot.quality.dvs import DvsResult, DvsScorer

situation = Situations()


def lasting_outage(start: str, end: str, kind: type[e.BrokerError]) -> Callable[[], Coroutine[None, None, None]]:
    async def show() -> None:
        async with rig(pace=100.0) as r:
            await r.session.feed.begin(0)
            await r.do("step 14")
            await r.do(start)
            await r.session.link.delay(400.0)
            assert r.session.link.generation == 1 and r.session.link.allows_entries
            assert r.ear.charges == [], "trouble with the data costs no execution quality"
            assert isinstance(r.session.entry_block(), kind)
            wanted = r.gateway.delivery.sessions[0].subscriptions.bars
            await r.do(end)
            await until(lambda: wanted)
            await r.do("step 24")
            await until(lambda: len(r.ear.minutes) >= 4)
            assert not isinstance(r.session.entry_block(), kind)

    show.__name__ = f"the_socket_outlives_{start.replace(' ', '_')}"
    return show


situation(7)(lasting_outage("farm down usfuture", "farm up usfuture", e.MarketDataDegraded))
situation(41)(lasting_outage("compete on", "compete off", e.CompetingSession))


@situation(7)
async def a_farm_stays_broken_when_the_link_to_ibkr_is_back() -> None:
    async with rig() as r:
        await r.do("farm down usfuture silent")
        for restored in ("err 1102", "err 1101"):
            await r.do("err 1100")
            await until(lambda: r.session.link.state == "CUT")
            await r.do(restored)
            await until(lambda: r.session.link.allows_entries)
            assert isinstance(r.session.entry_block(), e.MarketDataDegraded)
        await r.do("farm up usfuture silent")
        await until(lambda: r.session.entry_block() is None)


@situation(7)
async def a_farm_that_is_broken_at_the_connect_stops_entries_until_a_new_socket_says_otherwise() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway_session, "START_NOTICES", (2103, 2106, 2158))
        async with rig() as r:
            assert isinstance(r.session.entry_block(), e.MarketDataDegraded)
            patch.undo()
            await r.do("drop")
            await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
            assert r.session.entry_block() is None


def idle_farm(name: str) -> Callable[[], Coroutine[None, None, None]]:
    async def show() -> None:
        async with rig() as r:
            await r.do(f"farm down {name} silent")
            await until(r.session.entry_block)
            await r.do(f"farm inactive {name}")
            await until(lambda: r.session.entry_block() is None)

    show.__name__ = f"{name}_that_comes_on_demand_is_not_broken"
    return show


for _name in ("usfuture", "ushmds"):
    situation(8)(idle_farm(_name))


# ---------------------------------------------------------------------- lost pieces


def scored(r: Rig) -> DvsResult:
    """The last minute's score, after all that the feed has told of itself."""
    scorer = DvsScorer(CONTRACTS.data_contract, calendar(), MinuteMedians(20, 5))
    before, last = (RawBar(*minute[:-1], received_ns=minute.close_ns) for minute in r.ear.minutes[-2:])
    scorer.score(before)
    for event in r.ear.quality:
        scorer.on_event(event)
    return scorer.score(last)


@situation(8)
async def a_minute_of_which_history_knows_nothing_is_marked_so_that_no_entry_rests_on_it() -> None:
    async with rig() as r:
        await r.session.feed.begin(0)
        await r.do("step 12")
        await r.do("farm down ushmds")
        await r.do("farm up ushmds silent")
        await r.do("swallow realtimeBar 9")
        await r.do("step 12")
        await until(lambda: len(r.ear.minutes) >= 3)
        assert not r.ear.minutes[-1].whole
        assert "pieces missing" in (await until(lambda: r.ear.heard(e.IncompleteBars))).text
        result = scored(r)
        assert [name for name, _ in result.events] == ["stale"]
        gates = CONTRACTS.data_contract.dvs.gates
        assert gates.hold < result.own < gates.enter, "no entry, and a position stays as it is"


def lost_history(fault: str) -> Callable[[], Coroutine[None, None, None]]:
    async def show() -> None:
        async with rig() as r:
            await r.session.feed.begin(0)
            await r.do("step 12")
            await until(lambda: len(r.ear.minutes) >= 2)
            await r.do(fault)
            await r.do("swallow realtimeBar 1")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(bar_flow, "PATIENCE_SECONDS", 0.2)
                await r.do("step 36")
                await until(lambda: len(r.ear.minutes) >= 5, seconds=5.0)
            await r.session.link.delay(15.0)
            stamps = [minute.close_ns for minute in r.ear.minutes]
            assert stamps == sorted(set(stamps)), "each once"
            assert [minute.whole for minute in r.ear.minutes[-3:]] == [False, True, True]
            assert r.ear.heard(e.IncompleteBars)
            assert "stale" in [event.kind for event in r.ear.quality]

    show.__name__ = f"minutes_go_on_with_one_piece_lost_and_{fault.split()[0]}_history"
    return show


for _fault in ("swallow reqHistoricalData 1", "delay reqHistoricalData 1.5 1"):
    situation(43)(lost_history(_fault))


# ----------------------------------------------------------------------- dead quotes


@situation(11)
async def quotes_that_have_died_are_unknown_and_asked_for_again() -> None:
    async with rig() as r:
        await r.session.feed.begin(0)
        await r.do("step 12")
        await until(lambda: r.session.feed.spread_ticks == 1.0)
        subscribed = r.gateway.delivery.sessions[0].subscriptions
        quotes, bars = set(subscribed.quotes), set(subscribed.bars)
        await r.do("mute quotes")
        await r.do("spread 40")
        await r.do("step 12")
        error = await until(lambda: r.ear.heard(e.StaleQuotes))
        assert "no quote for 30 s" in error.text
        assert math.isnan(r.session.feed.spread_ticks)
        assert isinstance(r.session.entry_block(), e.StaleQuotes)
        await until(lambda: subscribed.quotes and not quotes & set(subscribed.quotes))
        assert set(subscribed.bars) == bars, "no piece is lost for it"
        await r.do("unmute quotes")
        await r.do("step 12")
        await until(lambda: r.session.feed.spread_ticks == 40.0)
        assert r.session.entry_block() is None
        await until(lambda: len(r.ear.minutes) >= 4)
        assert all(minute.whole for minute in r.ear.minutes)


@situation(11)
async def old_quotes_are_believed_where_nothing_is_traded() -> None:
    async with rig() as r:
        await r.do("step 1")
        await until(lambda: r.session.feed.spread_ticks == 1.0)
        await r.do("mute quotes")
        session = r.gateway.delivery.sessions[0]
        (bars,) = session.subscriptions.bars.values()
        for number in range(1, 25):
            price = r.gateway.marks[bars.future.con_id]
            still = Candle(r.gateway.now_ns + number * PIECE_NS, price, price, price, price, 0)
            session.send(messages.realtime_bar(bars.request_id, still, 0))
        await until(lambda: r.session.feed.pieces == 25)
        assert r.session.feed.spread_ticks == 1.0 and r.ear.errors == []


@situation.parametrize()
@on_a_loop
async def test_situation(show: Callable[[], Coroutine[None, None, None]]) -> None:
    await show()
