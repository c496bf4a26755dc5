"""An order of ours that the broker has twice: whichever of the two fills is ours, is told once, and under a name of its own."""

from __future__ import annotations

import pytest
from ibkr_rig import Rig, on_a_loop, rig, until
from test_ibkr_doubts import working_bracket
from test_ibkr_other_hands import closed_as, entered, ghost, goes_on, held
from test_ibkr_recovery import STOP, Stage, on_stage

from bot.ibkr import errors as e
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.runtime.past import past_of


async def doubled(r: Rig) -> tuple[int, int]:
    """Held, with a stop that a change has left twice: the permId that is followed and the other, whose cancels are lost."""
    await working_bracket(r)
    await r.do("fill B-E")
    await until(lambda: r.ear.fills)
    await r.do("ghost-modify")
    await r.do("swallow cancelOrder all")
    tracked = r.session.orders.orders["B-S"].perm_id
    r.session.orders.modify("B-S", 1, None, r.price - 6.0)
    await until(lambda: r.ear.heard(e.DuplicateLiveOrder))
    alone(r, tracked)
    (other,) = [order.perm_id for order in r.truth() if order.request.order_ref == "B-S" and order.perm_id != tracked]
    return tracked, other


def alone(r: Rig, perm_id: int) -> None:
    """The broker ends nothing with this one: it has lost what belongs to it."""
    next(order for order in r.truth() if order.perm_id == perm_id).parent = None


@on_a_loop
async def test_the_fill_of_the_one_that_is_not_followed_is_ours_once_under_a_name_of_its_own():
    async with rig() as r:
        _, other = await doubled(r)
        await r.do(f"fill {other}")
        await until(lambda: f"B-SD{other}" in [fill.ref for fill in r.ear.fills], lambda: r.ear)
        await r.do("resend execs")
        await r.session.order_sync.check()
        assert r.ear.of(f"B-SD{other}") == ["filled"] and "filled" not in r.ear.of("B-S")
        assert r.session.positions.apart == 0 and not r.ear.heard(e.ForeignOrder) and not r.ear.heard(e.PositionMismatch)
        assert r.session.orders.orders["B-S"].live, "what may still fill stays watched"


@on_a_loop
async def test_its_fill_is_ours_also_where_the_connection_was_lost_meanwhile():
    async with rig() as r:
        _, other = await doubled(r)
        await r.do("refuse on")
        await r.do("drop")
        await until(lambda: r.session.link.state == "DOWN")
        await r.do(f"fill {other}")
        await r.do("refuse off")
        await until(lambda: r.session.link.allows_entries and r.ear.of(f"B-SD{other}"), lambda: r.ear)
        assert r.ear.of(f"B-SD{other}") == ["filled"] and r.session.positions.apart == 0 and not r.ear.heard(e.ForeignOrder)


@on_a_loop
async def test_both_fill_and_both_are_told():
    async with rig() as r:
        tracked, other = await doubled(r)
        await r.do(f"fill {tracked}")
        await until(lambda: r.ear.of("B-S")[-1] == "filled", lambda: r.ear)
        await r.do(f"fill {other}")
        await until(lambda: r.ear.of(f"B-SD{other}") == ["filled"], lambda: r.ear)
        assert sum(fill.side * fill.quantity for fill in r.ear.fills) == -1
        await until(lambda: r.session.positions.apart == 0)


@on_a_loop
async def test_the_one_that_is_not_followed_is_cancelled_again_while_it_is_shown_also_after_the_other_has_filled():
    async with rig() as r:
        tracked, other = await doubled(r)
        await r.do(f"fill {tracked}")
        await until(lambda: r.ear.of("B-S")[-1] == "filled", lambda: r.ear)
        await r.do("calm")
        await r.session.link.delay(2.0)
        await r.session.order_sync.check()
        await until(lambda: [order for order in r.truth() if order.perm_id == other] == [], lambda: r.refs())


@on_a_loop
async def test_a_second_one_that_shows_up_after_the_first_has_filled_goes_too():
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        await r.do("swallow openOrder all")
        await r.do("ghost-modify")
        tracked = r.session.orders.orders["B-S"].perm_id
        r.session.orders.modify("B-S", 1, None, r.price - 6.0)
        await until(lambda: len([ref for ref in r.refs() if ref == "B-S"]) == 2)
        alone(r, tracked)
        await r.do(f"fill {tracked}")
        await until(lambda: r.ear.of("B-S")[-1] == "filled", lambda: r.ear)
        await r.do("calm")
        await r.session.order_sync.check()
        assert r.ear.heard(e.DuplicateLiveOrder)
        await until(lambda: "B-S" not in r.refs(), lambda: r.refs())


@on_a_loop
async def test_what_fills_under_an_id_that_was_given_up_is_ours():
    async with rig() as r:
        await working_bracket(r)
        first = r.session.orders.orders["B-E"].perm_id
        family = [r.session.orders.orders[ref] for ref in ("B-E", "B-S", "B-T")]
        r.session.orders.resend(family)
        await r.do(f"fill {first}")
        await until(lambda: r.ear.of(f"B-ED{first}") == ["filled"], lambda: r.ear)
        assert not r.ear.heard(e.ForeignOrder) and "filled" not in r.ear.of("B-E")


@on_a_loop
async def test_an_execution_of_our_reference_under_another_client_id_is_another_hands():
    async with rig() as r:
        _, other = await doubled(r)
        for order in r.truth():
            order.client_id = 99
        await r.do(f"fill {other}")
        await until(lambda: r.ear.heard(e.ForeignOrder), lambda: r.ear)
        assert [fill.ref for fill in r.ear.fills] == ["B-E"]


# ------------------------------------------------------------------ through the whole node


def fills_of(stage: Stage) -> list[tuple[str, str]]:
    """Name and role of each fill in the journal, in turn."""
    with opened(stage.path) as db:
        return [(record.body["client_order_id"], record.body["role"]) for record in read(db, Kind.FILL)]


def other_stop(stage: Stage, tracked: int) -> int:
    """The permId of the stop that is not followed."""
    stops = [order.perm_id for order in stage.gateway.broker.open_orders() if order.request.order_ref == STOP]
    return next(perm_id for perm_id in stops if perm_id != tracked)


@pytest.mark.parametrize("later", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["alone", "and then the other fills"])
def test_a_trade_that_the_twin_of_its_stop_closes_ends_by_its_stop(tmp_path, later):
    @on_stage
    async def run(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            stage.do("swallow cancelOrder all")
            tracked = await ghost(stage, node)
            other = other_stop(stage, tracked)
            stage.do(f"fill {other}")
            await until(lambda: not node.risk.open_trades(), lambda: (stage.working, stage.news()))
            await until(lambda: fills_of(stage)[1:] == [(f"{STOP}D{other}", "STOP")], lambda: fills_of(stage))
            assert held(stage) == 0
            if later:
                stage.do(f"fill {tracked}")
                await until(lambda: [ref for ref in stage.working if "-1X" in ref], lambda: (stage.working, stage.news()), seconds=6)
                await goes_on(stage, 1)
                await until(lambda: held(stage) == 0 and not node.risk.open_trades(), lambda: (stage.working, stage.news()))
        assert closed_as(stage) == ["STOP"] and (past_of([stage.path]).kill_state.value == "HALTED") is later

    run(tmp_path)


@on_stage
async def test_a_restart_finds_the_fill_of_a_twin_and_writes_it_once(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("swallow cancelOrder all")
        tracked = await ghost(stage, node)
    stage.do("calm")
    other = other_stop(stage, tracked)
    stage.do(f"fill {other}")
    async with stage.restarted() as node:
        await until(lambda: not node.risk.open_trades(), lambda: (stage.working, stage.news()))
    assert fills_of(stage)[1:] == [(f"{STOP}D{other}", "STOP")]
    assert closed_as(stage) == ["STOP"]
