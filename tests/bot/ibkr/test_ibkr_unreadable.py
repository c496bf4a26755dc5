"""What cannot be read is not known: an answer with such a part is none, and nothing is taken for gone because it is not in it."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from ibkr_rig import Draft, Ear, Rig, bracket, gateway_config, new_session, on_a_loop, rig, until

from bot.gateway.gateway import Gateway
from bot.ibkr import errors as e
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.link.unreadable import spoiled
from bot.ibkr.orders import fills
from bot.ibkr.orders.fills import WORD
from bot.ibkr.orders.order_wire import told_terms

ALL = ("B-E", "B-S", "B-T")
AWAITED = [41, 1_000_000_007, "openOrderEnd", "positionEnd", "completedOrdersEnd", "currentTime", "accountDownloadEnd"]
LISTS = {"openOrderEnd", "positionEnd", "completedOrdersEnd"}


@pytest.mark.parametrize(
    ("fields", "meant"),
    [
        (["5", "3"], {"openOrderEnd"}),
        (["5", "41"], {"openOrderEnd", 41}),
        (["3", "3"], {"openOrderEnd"}),
        (["61", "3", "DU1234567"], {"positionEnd"}),
        (["101", "7"], {"completedOrdersEnd"}),
        (["11", "1000000007"], {1_000_000_007}),
        (["11", "-1"], set()),
        (["11", "x"], {41, 1_000_000_007}),
        (["50", "3", "1000000007"], set()),
        (["4711", "3"], LISTS | {41, 1_000_000_007}),
        (["x"], LISTS | {41, 1_000_000_007}),
        ([], LISTS | {41, 1_000_000_007}),
    ],
)
def test_a_message_spoils_each_answer_that_it_may_have_belonged_to(fields, meant):
    assert spoiled(fields, AWAITED) == meant


@on_a_loop
async def test_an_order_of_ours_that_cannot_be_read_is_not_gone_and_entries_wait_until_it_can():
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working(*ALL)
        await r.do("garble openOrder all B-S")
        r.session.orders.doubtful()
        await until(lambda: r.session.link.state is LinkState.DEGRADED)
        assert isinstance(r.session.entry_block(), e.NotSynced) and r.session.link.allows_way_out
        assert r.ear.of("B-S") == ["accepted"] and r.session.orders.orders["B-S"].live
        await r.do("calm")
        await until(lambda: r.session.link.state is LinkState.SYNCED)
        assert r.ear.of("B-S") == ["accepted"] and sorted(r.refs()) == list(ALL)


@on_a_loop
async def test_what_an_answer_with_an_unreadable_part_shows_is_there():
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working(*ALL)
        await r.do("garble openOrder all B-T")
        await r.do("swallow placeOrder")
        r.session.orders.modify("B-S", 1, None, r.price - 8)
        await r.do("err 9998 B-S no change today")
        await until(lambda: "modify_rejected" in r.ear.of("B-S"), seconds=5)


@on_a_loop
async def test_an_order_of_another_hand_that_cannot_be_read_locks_entries_and_is_asked_about_with_pauses():
    async with rig() as r:
        await r.do("garble openOrder all BUY")
        await r.do(f"manual buy 1 MESZ5 {r.price - 100}")
        r.session.orders.doubtful()
        await until(lambda: r.session.link.state is LinkState.DEGRADED)
        assert r.ear.heard(e.UnreadableAnswer) is not None
        asked = len([each for each in r.ear.errors if isinstance(each, e.UnreadableAnswer)])
        await asyncio.sleep(1.0)
        assert len([each for each in r.ear.errors if isinstance(each, e.UnreadableAnswer)]) <= asked + 4
        assert isinstance(r.session.entry_block(), e.NotSynced)


@on_a_loop
async def test_a_position_that_cannot_be_read_is_not_flat():
    async with rig() as r:
        r.place(Draft("X", "BUY", 1, "LMT", limit=r.price - 5))
        await r.working("X")
        await r.do("fill X")
        await until(lambda: r.session.net() == 1)
        await r.do("garble position all")
        with pytest.raises(e.UnreadableAnswer):
            await r.session.account.positions()
        assert r.session.net() == 1
        await r.do("calm")
        assert await r.session.account.positions() and r.session.net() == 1


@on_a_loop
async def test_an_execution_that_cannot_be_read_leaves_its_order_alive_until_it_can_or_the_account_says_what_it_made():
    async with rig() as r:
        r.place(Draft("X", "BUY", 1, "LMT", limit=r.price - 5))
        await r.working("X")
        for kind in ("execDetails", "position"):
            await r.do(f"garble {kind} all")
        await r.do("fill X")
        await until(lambda: r.session.link.state is LinkState.DEGRADED)
        assert r.ear.of("X") == ["accepted"] and r.session.orders.orders["X"].live
        await r.do("calm")
        await until(lambda: r.ear.of("X") == ["accepted", "filled"])


@on_a_loop
async def test_a_fill_that_was_not_told_is_asked_for_and_counts_while_an_order_of_another_hand_cannot_be_read():
    async with rig(pace=2.0) as r:
        r.place(Draft("X", "BUY", 1, "LMT", limit=r.price - 5))
        await r.working("X")
        await r.do("garble openOrder all BUY")
        await r.do(f"manual buy 1 MESZ5 {r.price - 100}")
        await r.do("swallow execDetails")
        await r.do("fill X")
        await until(lambda: r.ear.of("X") == ["accepted", "filled"])
        assert not r.ear.fills[0].exec_id.startswith(WORD)
        await until(lambda: r.ear.heard(e.UnreadableAnswer) is not None)


@pytest.mark.slow
@on_a_loop
async def test_an_execution_that_says_of_no_side_what_was_traded_locks_entries_until_a_whole_answer_came(monkeypatch):
    async with rig() as r:
        monkeypatch.setattr(fills, "SIDES", {})
        r.place(Draft("X", "BUY", 1, "LMT", limit=r.price - 5))
        await r.working("X")
        await r.do("garble position all")
        await r.do("fill X")
        await until(lambda: isinstance(r.session.entry_block(), e.ExecutionMissing) and r.session.link.state is LinkState.DEGRADED)
        monkeypatch.undo()
        await r.do("calm")
        await until(lambda: r.session.link.state is LinkState.SYNCED and not isinstance(r.session.entry_block(), e.ExecutionMissing))
        assert r.ear.of("X") == ["accepted", "filled"] and r.session.net() == 1


@on_a_loop
async def test_executions_that_cannot_be_read_are_asked_for_with_pauses():
    async with rig(pace=1.0) as r:
        r.place(Draft("X", "BUY", 1, "LMT", limit=r.price - 5))
        await r.working("X")
        for kind in ("execDetails", "position"):
            await r.do(f"garble {kind} all")
        await r.do("fill X")
        await until(lambda: r.ear.heard(e.UnreadableAnswer))
        looks: list[str] = []
        r.session.link.taps.listen("openOrderEnd", lambda: looks.append("open orders"))
        for _ in range(100):
            r.session.orders.doubtful()
            await asyncio.sleep(0.01)
        assert len(looks) <= 6


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1.7976931348623157E308", "", "much"])
@on_a_loop
async def test_a_value_of_the_account_that_is_no_amount_is_not_known_and_locks_entries_until_it_is(value):
    async with rig() as r:
        r.ear.states.clear()
        for session in r.gateway.delivery.sessions:
            session.send(["6", "2", "NetLiquidation", value, "USD", r.session.link.account])
        await until(lambda: r.ear.states == ["CONNECTED", "SYNCED"], seconds=5)
        assert r.session.account.get_account_snapshot()["equity"] > 0
        assert r.ear.heard(e.ProtocolError) is None


@on_a_loop
async def test_an_order_under_our_client_id_without_a_reference_is_none_of_ours_and_locks_entries():
    async with Gateway(gateway_config()) as gateway:
        first = Rig(gateway, new_session(gateway.port, ear := Ear()), ear)
        await first.session.start()
        first.place(Draft("X", "BUY", 3, "LMT", limit=first.price - 5))
        await first.working("X")
        await first.session.stop()
        (order,) = gateway.broker.open_orders()
        order.request = dataclasses.replace(order.request, order_ref="")
        second = Rig(gateway, new_session(gateway.port, later := Ear()), later)
        await second.session.start()
        await until(lambda: isinstance(second.session.entry_block(), e.ForeignOrder))
        assert later.heard(e.ForeignOrder) is not None and not second.session.orders.orders
        await second.session.stop()


@pytest.mark.parametrize(("kind", "limit", "stop"), [("STP", 0.0, 1.7976931348623157e308), ("LMT", float("nan"), 0.0)])
def test_an_order_without_the_price_of_its_kind_is_not_read(kind, limit, stop):
    class Told:
        totalQuantity, lmtPrice, auxPrice = 1, limit, stop

    with pytest.raises(ValueError, match="without its price"):
        told_terms(Told, kind)
    assert told_terms(Told, "MKT") == (1, None, None)


@pytest.mark.slow
@on_a_loop
async def test_an_account_that_says_flat_for_a_while_and_is_not_takes_nothing_away():
    async with Gateway(gateway_config()) as gateway:
        first = Rig(gateway, new_session(gateway.port, ear := Ear()), ear)
        await first.session.start()
        first.place(Draft("X", "BUY", 1, "LMT", limit=first.price - 5))
        await first.working("X")
        await first.do("fill X")
        await until(lambda: first.session.net() == 1)
        await first.session.stop()
        gateway.broker.exchange.executions.clear()
        await first.do("position MESZ5 0")
        session, told = new_session(gateway.port, later := Ear()), []
        session.positions.book = lambda: 1
        session.positions.differs = lambda *what: told.append(what)
        await session.start()
        await until(lambda: isinstance(session.entry_block(), e.PositionMismatch))
        await asyncio.sleep(4.0)  # 40 s at this pace
        assert not told and later.heard(e.PositionMismatch) is not None
        await until(lambda: told)
        assert told[0][:3] == (1, 0, True)
        await session.stop()
