"""Orders of ours that no cancel reaches while nothing is held: all is cancelled, and only if all that is open is ours and is to go."""

from __future__ import annotations

from ibkr_rig import Rig, bracket, on_a_loop, rig, until
from test_ibkr_doubts import working_bracket

from bot.ibkr import errors as e
from bot.ibkr.orders.order_state import Draft

CHILDREN = ["B-S", "B-T"]


async def closed(r: Rig) -> None:
    """A trade is over, and the broker has lost the ids of its stop and its target, which work on."""
    await working_bracket(r)
    await r.do("fill B-E")
    await until(lambda: r.ear.fills)
    await r.do("rollback-id 9 --reissue")
    r.place(Draft("X", "SELL", 1, "MKT"))
    await r.working("X")
    await r.do("fill X")
    await until(lambda: r.session.positions.flat)


def asked_of_all(r: Rig) -> list[int]:
    """How often everything was cancelled from now on."""
    found, cancel_all = [], r.gateway.broker.cancel_all

    def noted() -> None:
        found.append(1)
        cancel_all()

    r.gateway.broker.cancel_all = noted
    return found


async def cancelled(r: Rig) -> None:
    """Both are to go, and neither cancel reaches its order."""
    for ref in CHILDREN:
        r.session.orders.cancel(ref)
    await until(lambda: all("cancel_rejected" in r.ear.of(ref) for ref in CHILDREN), lambda: r.ear)


async def looked_for(r: Rig, seconds: float) -> None:
    """So many seconds of the adapter's patience pass, with looks at the broker."""
    until_then = r.session.link.seconds() + seconds
    while r.session.link.seconds() < until_then:
        await r.session.order_sync.check()
        await r.session.link.delay(0.3)


@on_a_loop
async def test_orders_that_no_cancel_reaches_go_with_everything_once_nothing_is_held():
    async with rig() as r:
        await closed(r)
        await cancelled(r)
        await until(lambda: r.refs() == [], lambda: r.refs(), seconds=6)
        await until(lambda: all(r.ear.of(ref)[-1] == "canceled" for ref in CHILDREN), lambda: r.ear)
        assert "no cancel reaches it" in r.ear.heard(e.StrayOrder).text


@on_a_loop
async def test_nothing_of_another_hand_is_cancelled_with_them():
    async with rig() as r:
        await closed(r)
        await r.do("manual sell 1 MES 6900")
        asked = asked_of_all(r)
        await cancelled(r)
        await looked_for(r, 5.0)
        assert not asked and len(r.truth()) == 3


@on_a_loop
async def test_an_order_that_is_wanted_is_not_cancelled_with_them():
    async with rig() as r:
        await closed(r)
        asked = asked_of_all(r)
        r.place(*bracket(r.price - 9, "C"))
        await r.working("C-E")
        await cancelled(r)
        await looked_for(r, 5.0)
        assert not asked and "C-E" in r.refs()


@on_a_loop
async def test_while_something_is_held_what_covers_it_stays():
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        await r.do("rollback-id 9 --reissue")
        asked = asked_of_all(r)
        await cancelled(r)
        await looked_for(r, 5.0)
        assert not asked and set(CHILDREN) <= set(r.refs())


@on_a_loop
async def test_whoever_only_looks_on_cancels_nothing():
    async with rig() as r:
        await closed(r)
        await cancelled(r)
        r.session.orders.observe = True
        asked = asked_of_all(r)
        await looked_for(r, 5.0)
        assert not asked
