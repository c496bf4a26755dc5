"""Orders that are sent together: they arrive together, and nothing of a family that did not arrive whole is left behind."""

from __future__ import annotations

import pytest
from ibkr_rig import Rig, bracket, on_a_loop, rig, until

from bot.ibkr import errors as e
from bot.ibkr.orders.order_state import Draft

LEGS = tuple(f"{leg}-{letter}" for leg in "AB" for letter in "EST")


def two_legs(r: Rig) -> list[Draft]:
    """The order list of a trade in two legs, as the risk engine gives it: leg by leg."""
    return [*bracket(r.price - 5, "A"), *bracket(r.price - 5, "B")]


def arrivals(r: Rig) -> list[tuple[str, bool]]:
    """Reference and transmit flag of each order that reaches the broker from now on."""
    found: list[tuple[str, bool]] = []
    place = r.gateway.broker.place

    def noted(*arguments):
        found.append((arguments[3].order_ref, arguments[3].transmit))
        return place(*arguments)

    r.gateway.broker.place = noted
    return found


@on_a_loop
async def test_both_legs_of_a_bracket_arrive_together_under_ids_that_rise_and_meet_no_error():
    async with rig() as r:
        came = arrivals(r)
        r.place(*two_legs(r))
        await r.working(*LEGS)
        assert [ref for ref, _ in came] == ["A-E", "A-S", "B-E", "B-S", "A-T", "B-T"]
        assert [transmit for _, transmit in came] == [False] * 4 + [True] * 2, "all of it is there before any of it may trade"
        ids = {order.ref: order.order_id for order in r.session.orders.orders.values()}
        assert [ids[ref] for ref, _ in came] == sorted(ids.values())
        assert r.ear.errors == [] and r.ear.charges == []


@on_a_loop
async def test_orders_that_belong_together_leave_in_one_piece():
    async with rig() as r:
        wire = r.session.link.connection._client.conn
        pieces, write = [], wire.sendMsg
        wire.sendMsg = lambda piece: (pieces.append(piece), write(piece))
        r.place(*two_legs(r))
        await r.working(*LEGS)
        assert len([piece for piece in pieces if b"A-E" in piece]) == 1
        assert all(ref.encode() in pieces[0] for ref in LEGS)


@pytest.mark.parametrize("arrived", range(1, 6))
@on_a_loop
async def test_a_connection_that_ends_between_the_orders_of_two_legs_leaves_no_half_of_them_working(arrived: int):
    async with rig() as r:
        came, cuts = arrivals(r), []
        place = r.gateway.broker.place

        def cut(*arguments):
            if len(came) == arrived and not cuts:
                cuts.append(r.gateway.side.verbs.do("drop"))
            return place(*arguments) if not cuts or r.session.link.generation > 1 else None

        r.gateway.broker.place = cut
        r.place(*two_legs(r))
        await until(lambda: cuts)
        trading = {order.request.order_ref[0] for order in r.truth() if order.transmitted}
        assert trading == (set() if arrived < 5 else {"A"}), "only the last two of a piece cannot be had together"
        await r.working(*LEGS)
        assert sorted(r.refs()) == sorted(LEGS) and all(order.transmitted for order in r.truth())
        assert r.ear.heard(e.DuplicateOrderId) is None
