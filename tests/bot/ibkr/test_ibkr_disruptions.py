"""Which losses of the connection cost execution quality: each over a true socket, at an hour of its own."""

from __future__ import annotations

import datetime as dt

import pytest
from ibkr_rig import Rig, bracket, on_a_loop, rig, until

from bot.ibkr.errors import ScheduledRestart
from bot.ibkr.orders.order_state import Draft
from bot.trading_hours import clock_ns

CHARGE = ["connection_disrupted"]
NIGHT = "20:00"


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> dict:
    """A gateway that begins then, in October 2025, and can go on to the next afternoon."""
    start, end = dt.time(hour, minute, second), dt.time(16)
    return {"start_ns": clock_ns(dt.date(2025, 10, day), start), "end_ns": clock_ns(dt.date(2025, 10, 2), end)}


async def away(r: Rig, *, meanwhile: str = "") -> None:
    """The gateway hangs up, takes nobody while something passes, and is there again with all answered."""
    generation = r.session.link.generation
    await r.do("refuse on")
    await r.do("drop")
    await until(lambda: r.session.link.state == "DOWN")
    if meanwhile:
        await r.do(meanwhile)
    await r.do("refuse off")
    await until(lambda: r.session.link.generation > generation and r.session.link.allows_entries, lambda: r.ear)


@pytest.mark.parametrize(
    ("begins", "restart", "charges"),
    [
        (at(1, 20, 1), NIGHT, []),  # its own restart, and nothing of ours is there
        (at(1, 20, 1), "", CHARGE),  # nobody has said that it restarts then
        (at(1, 20, 30), NIGHT, CHARGE),  # half an hour after it
        (at(2, 10, 0), "10:00", CHARGE),  # in the session, whatever was said
        (at(1, 16, 59, 50), "", CHARGE),  # ten seconds before the exchange closes
    ],
    ids=["its own restart", "nobody said so", "long after it", "in the session", "before the close"],
)
@on_a_loop
async def test_a_lost_connection_costs_unless_it_is_the_gateways_own_restart_in_the_night(begins, restart, charges):
    async with rig(begins, broker={"nightly_restart": restart}) as r:
        await r.do("step 1")
        await away(r)
        assert r.ear.charges == charges


@on_a_loop
async def test_a_login_after_the_exchange_has_closed_costs_nothing():
    async with rig(at(1, 17)) as r:
        await away(r, meanwhile="step 24")  # 18:02
        assert r.ear.charges == []


@on_a_loop
async def test_1100_in_the_night_of_a_restart_is_one_loss_with_what_follows():
    async with rig(at(1, 20, 1), broker={"nightly_restart": NIGHT}) as r:
        await r.do("err 1100")
        await until(lambda: r.session.link.state == "CUT")
        await away(r)
        assert r.ear.charges == []
        assert r.ear.heard(ScheduledRestart)


@pytest.mark.parametrize("held", [False, True], ids=["an order works", "a contract is held"])
@on_a_loop
async def test_with_something_of_ours_at_the_broker_the_restart_is_a_disruption(held):
    async with rig(at(1, 20, 1), broker={"nightly_restart": NIGHT}) as r:
        await r.do("step 1")
        entry, stop, target = bracket(r.price - 50)
        r.place(*([Draft("B-E", "BUY", 1, "MKT")] if held else [entry, stop, target]))
        await r.working("B-E")
        if held:
            await r.do("step 1")
            await until(lambda: r.session.net() == 1, lambda: r.ear)
        await r.do("drop")
        await until(lambda: r.ear.charges)
        assert r.ear.charges == CHARGE


@on_a_loop
async def test_an_account_that_was_not_told_is_not_taken_for_a_flat_one():
    async with rig(at(1, 20, 1), broker={"nightly_restart": NIGHT}) as r:
        r.session.account._all_told_at = -1.0
        await r.do("drop")
        await until(lambda: r.ear.charges)
        assert r.ear.charges == CHARGE


@on_a_loop
async def test_a_restart_that_lasts_into_the_session_costs_once_it_is_over():
    async with rig(at(2, 9, 25), broker={"nightly_restart": "09:25"}) as r:
        await r.do("step 1")
        await away(r, meanwhile="step 70")  # 09:30:55
        assert r.ear.charges == CHARGE


@on_a_loop
async def test_each_loss_of_a_night_is_judged_by_itself():
    async with rig(at(1, 20, 1), broker={"nightly_restart": NIGHT}) as r:
        await r.do("step 1")
        await away(r, meanwhile="step 240")  # 20:21
        assert r.ear.charges == []
        await away(r)
        assert r.ear.charges == CHARGE
