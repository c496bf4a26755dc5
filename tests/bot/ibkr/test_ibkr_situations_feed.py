"""More of the situations about the feed: outages that last, lost pieces and history, quotes that have died."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

import pytest
from ibkr_rig import Situations, on_a_loop, rig, until

from bot.gateway import session as gateway_session
from bot.ibkr import errors as e

situation = Situations()


def lasting_outage(start: str, end: str, kind: type[e.BrokerError]) -> Callable[[], Coroutine[None, None, None]]:
    async def show() -> None:
        async with rig(pace=100.0) as r:
            await r.session.feed.begin(0)
            await r.do("step 14")
            await r.do(start)
            await r.session.link.delay(400.0)
            assert r.session.link.generation == 1 and r.session.link.ready
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
            await until(lambda: r.session.link.state == "LINK_DOWN")
            await r.do(restored)
            await until(lambda: r.session.link.ready)
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
            await until(lambda: r.session.link.generation == 2 and r.session.link.ready)
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


@situation.parametrize()
@on_a_loop
async def test_situation(show: Callable[[], Coroutine[None, None, None]]) -> None:
    await show()
