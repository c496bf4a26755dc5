"""What only the broker's side can see: it tells the risk engine, once and in time, and trips the kill switch while a position is held."""

from __future__ import annotations

import asyncio

from ibkr_rig import bracket, on_a_loop, rig, until

PACED = 30.0 / 10.0  # the contract's timeout, at the rig's pace, seconds of the wall


@on_a_loop
async def test_a_connection_that_comes_back_in_time_triggers_nothing():
    async with rig() as r:
        told = []
        r.session.trigger = lambda *what: told.append(what)
        await r.do("drop")
        await until(lambda: not r.session.link.allows_entries)
        await until(lambda: r.session.link.allows_entries)
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
        await until(lambda: not r.session.link.allows_entries)
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
        assert told[0][1] == "30 s, it is CUT"


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
async def test_a_position_that_nothing_explains_is_told_once_with_both_numbers():
    async with rig() as r:
        told = []
        r.session.positions.differs = lambda *what: told.append(what)
        await r.do("position MESZ5 3")
        await until(lambda: told)
        assert told[0][:3] == (0, 3, False)
        await r.session.order_sync.check()
        await r.do("position MESZ5 2")
        await until(lambda: len(told) > 1)
        assert [each[:3] for each in told] == [(0, 3, False), (0, 2, False)]


@on_a_loop
async def test_what_another_hand_has_bought_is_told_as_explained_with_its_price():
    async with rig() as r:
        told = []
        r.session.positions.differs = lambda *what: told.append(what)
        await r.do("manual buy 1 MES")
        await until(lambda: told)
        expected, held, explained, price = told[0]
        assert (expected, held, explained) == (0, 1, True) and abs(price - r.price) < 5


@on_a_loop
async def test_what_others_did_before_the_book_is_known_still_explains_a_difference():
    async with rig() as r:
        told, positions = [], r.session.positions
        positions.differs = lambda *what: told.append(what)
        positions.book = None
        await r.do("manual sell 1 MES")
        await until(lambda: r.session.orders.ledger.fills and r.session.account.holdings)
        positions.look(0.0)
        positions.book = lambda: 0
        await until(lambda: told)
        assert told[0][:3] == (0, -1, True)


@on_a_loop
async def test_a_message_about_the_position_that_was_lost_is_asked_for_and_no_mismatch():
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        await r.do("swallow position 1")
        await r.do("swallow updatePortfolio 1")
        await r.do("fill B-E")
        await until(lambda: r.session.account.holdings)
        assert r.session.positions.agrees and r.session.entry_block() is None
