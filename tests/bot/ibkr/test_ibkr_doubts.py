"""What was sent and not answered: nothing is told twice, sent twice, sent alone, or forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ibkr_rig import Rig, bracket, on_a_loop, rig, until

from bot.ibkr import errors as e
from bot.ibkr.link.link_state import SyncReason
from bot.ibkr.orders.order_state import Draft, Phase

ALL = ("B-E", "B-S", "B-T")


async def working_bracket(r: Rig) -> None:
    r.place(*bracket(r.price - 5))
    await r.working(*ALL)


def sent_to(r: Rig) -> list[str]:
    """References of orders that reach the broker from now on."""
    found: list[str] = []
    place = r.gateway.broker.place

    def noted(*arguments: Any) -> Any:
        found.append(arguments[3].order_ref)
        return place(*arguments)

    r.gateway.broker.place = noted
    return found


@on_a_loop
async def test_an_order_that_is_lost_on_a_link_that_never_broke_is_refused_and_not_sent_again():
    async with rig(pace=50.0) as r:
        await r.do("swallow placeOrder 1")
        r.place(Draft("X", "SELL", 1, "MKT"))
        r.session.orders.doubtful()
        sent = sent_to(r)
        await until(lambda: r.ear.of("X") == ["rejected"], lambda: r.session.orders.orders["X"], seconds=5)
        assert "never reached the broker" in r.ear.reasons["X"].text and not sent
        assert r.ear.charges == ["order_unknown"]


class Impatient(asyncio.Event):
    """A wish to look at once. Whoever asks for it again and again without giving others a turn is stopped."""

    asked = 0

    async def wait(self) -> bool:
        self.asked += 1
        if self.asked == 1:
            asyncio.get_running_loop().call_soon(self._next_turn)
        if self.asked > 1_000:
            raise AssertionError("nobody else has a turn")
        return await super().wait()

    def _next_turn(self) -> None:
        self.asked = 0


@on_a_loop
async def test_a_doubt_that_waits_for_the_link_lets_everybody_else_work():
    async with rig() as r:
        r.session.order_sync._wake = wish = Impatient()
        r.session.orders.doubtful = wish.set
        await r.do("err 1100")
        await until(lambda: not r.session.link.allows_entries)
        r.session.orders.doubtful()
        for _ in range(20):
            await asyncio.sleep(0.002)
        await r.do("err 1102")
        await until(lambda: r.session.link.allows_entries)
        assert r.ear.heard(e.ProtocolError) is None


@on_a_loop
async def test_the_order_that_is_tracked_stays_known_while_its_ghost_lives_and_its_fill_is_told():
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        await r.do("ghost-modify")
        tracked = r.session.orders.orders["B-S"].perm_id
        r.session.orders.modify("B-S", 1, None, r.price - 6.0)
        await until(lambda: r.ear.heard(e.DuplicateLiveOrder))
        await until(lambda: [order.perm_id for order in r.truth() if order.request.order_ref == "B-S"] == [tracked])
        await r.session.order_sync.check()
        assert "canceled" not in r.ear.of("B-S") and r.ear.heard(e.UnknownOrder) is None
        await r.do(f"fill {tracked}")
        await until(lambda: r.ear.of("B-S")[-1] == "filled", lambda: r.ear.of("B-S"))


@pytest.mark.parametrize("lost", ["openOrderEnd", "execDetailsEnd"])
@on_a_loop
async def test_a_question_that_is_never_answered_keeps_no_fill_from_being_told(lost: str):
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        await r.do("refuse on")
        await r.do("drop")
        await until(lambda: r.session.link.state == "DOWN")
        await r.do("fill B-S")
        await r.do(f"swallow {lost} all")
        await r.do("refuse off")
        await until(lambda: r.ear.of("B-S")[-1] == "filled", lambda: r.ear, seconds=6)


@on_a_loop
async def test_what_could_not_be_sent_is_refused_and_never_sent_later():
    async with rig() as r:
        link, refused = r.session.link, []
        closed = link._connection._on_closed

        def in_the_same_turn() -> None:
            closed()
            with pytest.raises(e.BrokerLinkLost):
                r.place(*bracket(r.price - 5))
            refused.append(True)

        link._connection._on_closed = in_the_same_turn
        await r.do("drop")
        await until(lambda: refused and link.generation == 2 and link.allows_entries)
        await r.session.order_sync.check()
        assert r.refs() == [] and r.ear.events == []


@on_a_loop
async def test_a_socket_that_closes_in_the_turn_in_which_a_sync_ends_is_noticed_at_once():
    async with rig(heartbeat_seconds=30.0) as r:
        link, hit = r.session.link, []

        async def last(_: SyncReason) -> None:
            if not hit:
                hit.append(True)
                asyncio.get_running_loop().call_soon(link._connection._closed)

        link.questions.add("the last", last)
        await r.do("err 1102")
        await until(lambda: hit and link.generation == 2 and link.allows_entries, seconds=5)


@on_a_loop
async def test_an_entry_whose_cancel_was_asked_while_its_fate_was_unknown_is_not_sent_again():
    async with rig() as r:
        await r.do("drop-after-place lost")
        r.place(*bracket(r.price - 5))
        await until(lambda: not r.session.link.allows_entries)
        r.session.orders.cancel("B-E")
        sent = sent_to(r)
        await until(lambda: all(r.ear.of(ref) for ref in ALL), lambda: r.ear)
        assert not sent and r.ear.of("B-E") == ["canceled"] and r.ear.of("B-S") == ["rejected"]


@on_a_loop
async def test_a_cancel_of_a_bracket_that_never_arrived_ends_all_of_it():
    async with rig() as r:
        await r.do("swallow placeOrder 3")
        r.place(*bracket(r.price - 5))
        sent = sent_to(r)
        r.session.orders.cancel("B-E")
        await until(lambda: all(r.ear.of(ref)[-1:] in (["canceled"], ["rejected"]) for ref in ALL), lambda: r.ear)
        assert not sent and r.refs() == []


@on_a_loop
async def test_children_of_a_rejected_entry_that_never_arrived_are_not_sent_alone():
    async with rig(pace=20.0) as r:
        await r.do("reject B-E code=201 no")
        await r.do("swallow placeOrder 1 B-S")
        await r.do("swallow placeOrder 1 B-T")
        r.place(*bracket(r.price - 5))
        sent = sent_to(r)
        await until(lambda: all(r.ear.of(ref) == ["rejected"] for ref in ALL), lambda: r.ear)
        assert sent == ["B-E"] and r.refs() == []


@on_a_loop
async def test_a_lost_stop_of_a_filled_entry_is_refused_and_not_sent_without_its_sibling():
    async with rig(pace=20.0) as r:
        await r.do("swallow placeOrder 1 B-S")
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-T")
        await r.do("fill B-E")
        sent = sent_to(r)
        await until(lambda: "rejected" in r.ear.of("B-S"), lambda: (r.ear, r.refs()))
        assert "filled" in r.ear.of("B-E") and not sent


@pytest.mark.parametrize("asked", [False, True])
@on_a_loop
async def test_a_refusal_that_is_about_a_request_does_not_end_an_order_that_works(asked: bool):
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        if asked:
            await r.do("readonly on")
            r.session.orders.cancel("B-T")
            await until(lambda: "cancel_rejected" in r.ear.of("B-T"), lambda: r.ear)
        else:
            await r.do("err 321 B-T Error validating request: whatever")
            await until(lambda: r.ear.heard(e.OrderRejectedByBroker))
            await r.session.order_sync.check()
        assert "rejected" not in r.ear.of("B-T") and "B-T" in r.refs()
        assert r.session.orders.orders["B-T"].phase is Phase.WORKING


@on_a_loop
async def test_a_question_that_nobody_answers_locks_entries_at_once_and_is_asked_on_over_the_same_socket():
    async with rig(pace=20.0, request_timeout_seconds=0.3) as r:
        await working_bracket(r)
        await r.do("swallow reqAllOpenOrders 2")
        r.session.orders.doubtful()
        await until(lambda: not r.session.link.allows_entries)
        assert r.session.link.allows_way_out
        await until(lambda: r.session.link.allows_entries, lambda: r.ear.states)
        assert r.session.link.generation == 1
        assert len([error for error in r.ear.errors if isinstance(error, e.GatewayNotResponding)]) == 2


@on_a_loop
async def test_a_watch_goes_on_after_what_nobody_foresaw():
    async with rig(pace=50.0) as r:
        look, hit = r.session.order_sync._look, []

        async def once(asked: bool) -> None:
            if not hit:
                hit.append(True)
                raise ValueError("surprise")
            hit.append(True)
            await look(asked)

        r.session.order_sync._look = once
        await until(lambda: len(hit) > 2)
        assert "surprise" in r.ear.heard(e.ProtocolError).text
