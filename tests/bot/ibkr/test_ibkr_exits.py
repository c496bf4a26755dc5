"""Closing orders against what the broker holds: nothing in doubt holds one up for long, and nothing unknown lets one go."""

from __future__ import annotations

import asyncio

import pytest
from ibkr_rig import Rig, on_a_loop, rig, until
from test_ibkr_doubts import sent_to
from test_ibkr_order_doubt import EXIT, STOP, TRADE, held

from bot.ibkr import errors as e
from bot.ibkr import exits
from bot.ibkr.exits import Exits
from bot.ibkr.orders.order_state import Draft

NEXT = f"{TRADE}-1X1"


def another(r: Rig, *, anew: bool = False, withdrawn: list[bool] | None = None) -> asyncio.Future[None]:
    """One more closing order asks whether it may leave."""
    wants = Exits(None, r.session, None).require_held(
        r.session.provider.front.con_id, Draft(NEXT, "SELL", 1, "MKT"), anew=anew, withdrawn=lambda: bool(withdrawn)
    )
    return asyncio.ensure_future(wants)


@on_a_loop
async def test_a_closing_order_in_doubt_holds_up_no_other_for_longer_than_two_seconds():
    async with rig() as r:
        await held(r)
        await r.do("swallow placeOrder 1")
        r.place(Draft(EXIT, "SELL", 1, "MKT"))
        sent_at = r.session.link.seconds()
        await another(r)
        assert 2.0 < r.session.link.seconds() - sent_at < 4.0


@on_a_loop
async def test_of_a_closing_order_that_a_break_of_the_link_made_doubtful_and_the_next_one_only_one_reaches_the_broker():
    async with rig() as r:
        await held(r)
        await r.do("drop-after-place lost")
        r.place(Draft(EXIT, "SELL", 1, "MKT"))
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_way_out)
        sent = sent_to(r)
        try:
            await another(r)
            r.place(Draft(NEXT, "SELL", 1, "MKT"))
        except e.PositionMismatch:
            pass  # the first one was sent again in time
        await until(lambda: sum("accepted" in r.ear.of(ref) for ref in (EXIT, NEXT)) == 1, lambda: r.ear)
        await until(lambda: not r.session.orders.orders[EXIT].in_doubt)
        assert len(sent) == 1 and r.refs() == [STOP, *sent]


@on_a_loop
async def test_a_closing_order_that_works_is_waited_for_and_then_the_other_is_refused():
    async with rig(pace=50.0) as r:
        await held(r)
        r.place(Draft(EXIT, "SELL", 1, "LMT", limit=r.price + 50))
        await r.working(EXIT)
        with pytest.raises(e.PositionMismatch) as refused:
            await another(r)
        assert (refused.value.expected, refused.value.broker) == (1, 0)


@on_a_loop
async def test_a_closing_order_waits_while_nobody_says_what_is_held_and_the_stop_stays(monkeypatch):
    monkeypatch.setattr(exits, "DOUBT_SECONDS", 0.05)
    async with rig(pace=20.0, request_timeout_seconds=0.1) as r:
        await held(r)
        for message in ("position", "positionEnd", "updatePortfolio"):
            await r.do(f"swallow {message} all")
        await r.do("drop")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_way_out)
        asked = another(r, anew=True)
        opened_at = r.session.link.seconds()
        await until(lambda: r.session.link.seconds() - opened_at > 30.0)
        assert not asked.done() and r.session.account.holdings, "what was known before the link broke may be over"
        assert r.refs() == [STOP]
        await r.do("calm")
        await asyncio.wait_for(asked, 5)


@on_a_loop
async def test_a_closing_order_that_is_withdrawn_asks_no_longer(monkeypatch):
    monkeypatch.setattr(exits, "DOUBT_SECONDS", 0.05)
    async with rig(pace=50.0, request_timeout_seconds=0.1) as r:
        await held(r)
        for message in ("position", "positionEnd"):
            await r.do(f"swallow {message} all")
        await r.do("drop")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_way_out)
        withdrawn: list[bool] = []
        asked = another(r, anew=True, withdrawn=withdrawn)
        await asyncio.sleep(0)
        withdrawn.append(True)
        await asyncio.wait_for(asked, 5)
