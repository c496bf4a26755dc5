"""Closing orders that nobody confirms: given up as cancelled, each in a row after twice as long; other orders are not."""

from __future__ import annotations

import asyncio

from ibkr_rig import Draft, Rig, on_a_loop, rig, until

from bot.ibkr import errors as e
from bot.ibkr.orders.order_state import Phase

PACE, BROAD = 10.0, 4.0  # seconds of the link in one of the wall; what a busy machine may take more, of the link's
NAME = "20251002-K1-0959"


async def lost(r: Rig, attempt: int) -> float:
    """Send a closing order that never arrives; after how many seconds of the link it is given up."""
    ref, began = f"{NAME}-1X{attempt}", r.session.link.seconds()
    await r.do("swallow placeOrder 1")
    r.place(Draft(ref, "SELL", 1, "MKT"))
    await until(lambda: not r.session.orders.orders[ref].live, lambda: r.ear.events)
    assert r.session.orders.orders[ref].phase is Phase.CANCELED and r.ear.of(ref) == ["canceled"]
    return r.session.link.seconds() - began


@on_a_loop
async def test_each_in_a_row_is_given_twice_as_long_until_one_is_confirmed() -> None:
    async with rig(pace=PACE) as r:
        for attempt, due in ((1, 3.0), (2, 5.0), (3, 9.0)):
            assert due <= await lost(r, attempt) < due + BROAD
        r.place(Draft(f"{NAME}-1X4", "SELL", 1, "MKT"))
        await r.working(f"{NAME}-1X4")
        await asyncio.sleep(1.5 / PACE)
        assert 3.0 <= await lost(r, 5) < 3.0 + BROAD
        assert isinstance(r.ear.heard(e.UnknownOrder), e.UnknownOrder)


@on_a_loop
async def test_whoever_hears_of_trouble_and_fails_holds_nothing_up() -> None:
    def full(_: e.BrokerError) -> None:
        raise OSError("no space left on device")

    async with rig(pace=PACE) as r:
        complaints: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        r.session.link.errors.insert(0, full)
        await lost(r, 1)
        await r.do(f"reject {NAME}-1X2 code=201")
        r.place(Draft(f"{NAME}-1X2", "SELL", 1, "MKT"))
        await until(lambda: r.ear.of(f"{NAME}-1X2") == ["rejected"], lambda: r.ear.events)
        assert r.ear.heard(e.OrderRejectedByBroker) and complaints


@on_a_loop
async def test_an_entry_and_a_name_that_is_none_of_ours_are_not_given_up_so_soon() -> None:
    async with rig(pace=PACE) as r:
        refs = (f"{NAME}-1E", "NO-SUCH-NAME")
        for ref in refs:
            await r.do("swallow placeOrder 1")
            r.place(Draft(ref, "SELL", 1, "MKT"))
        await asyncio.sleep(5.0 / PACE)
        assert all(r.session.orders.orders[ref].live for ref in refs)
