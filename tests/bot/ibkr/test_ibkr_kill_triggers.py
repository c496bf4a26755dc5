"""What only the broker's side can see: it tells the risk engine, once and in time, and trips the kill switch while a position is held."""

from __future__ import annotations

import asyncio

from ibkr_rig import on_a_loop, rig, until

PACED = 30.0 / 10.0  # the contract's timeout, at the rig's pace, seconds of the wall


@on_a_loop
async def test_a_connection_that_comes_back_in_time_triggers_nothing():
    async with rig() as r:
        told = []
        r.session.trigger = lambda *what: told.append(what)
        await r.do("drop")
        await until(lambda: not r.session.link.ready)
        await until(lambda: r.session.link.ready)
        loop = asyncio.get_running_loop()
        later = loop.time() + PACED + 0.3
        await until(lambda: loop.time() > later, seconds=PACED + 5)
        assert not told


@on_a_loop
async def test_a_connection_lost_for_longer_than_the_contract_allows_triggers_once():
    async with rig() as r:
        told, loop = [], asyncio.get_running_loop()
        r.session.trigger = lambda *what: told.append((what, loop.time()))
        await r.do("refuse on")
        await r.do("drop")
        await until(lambda: not r.session.link.ready)
        lost = loop.time()
        await until(lambda: told, seconds=PACED + 5)
        (((reason, detail), when),) = told
        assert reason == "connection lost for too long" and detail.startswith("30 s")
        assert PACED - 0.2 <= when - lost <= PACED + 1.0


@on_a_loop
async def test_a_lost_link_behind_a_socket_that_stays_counts_as_well():
    async with rig() as r:
        told = []
        r.session.trigger = lambda *what: told.append(what)
        await r.do("err 1100")
        await until(lambda: told, seconds=PACED + 5)
        assert told[0][1] == "30 s, it is LINK_DOWN"


@on_a_loop
async def test_hanging_up_triggers_nothing():
    async with rig() as r:
        told, loop = [], asyncio.get_running_loop()
        r.session.trigger = lambda *what: told.append(what)
        await r.session.stop()
        later = loop.time() + PACED + 0.3
        await until(lambda: loop.time() > later, seconds=PACED + 5)
        assert not told


@on_a_loop
async def test_a_position_that_nothing_explains_is_told_with_both_numbers():
    async with rig() as r:
        told = []
        r.session.trigger = lambda *what: told.append(what)
        await r.do("position MESZ5 3")
        await until(lambda: told)
        assert told[0][0] == "a position that nothing explains" and "3" in told[0][1]
