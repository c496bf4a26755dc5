"""Situations 16-37 of the table: signal in over the socket, action and error out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from ibkr_rig import Rig, Situations, bracket, on_a_loop, rig, until

from bot.ibkr import errors as e
from bot.ibkr.orders.order_state import Draft, Phase

situation = Situations()
ALL = ("B-E", "B-S", "B-T")


async def working_bracket(r: Rig, quantity: int = 1) -> None:
    """One bracket that works at the broker."""
    r.place(*bracket(r.price - 5, quantity=quantity))
    await r.working(*ALL)


async def settled(r: Rig) -> None:
    """Everything the gateway has said so far has been heard."""
    await r.session.link.connection.ask_named("reqCurrentTime", "currentTime")


def rejection(code: int) -> Callable[[], Coroutine[Any, Any, None]]:
    async def show() -> None:
        async with rig() as r:
            await r.do(f"reject B-E code={code} no permission")
            r.place(*bracket(r.price - 5))
            await until(lambda: all(r.ear.of(ref)[-1:] in (["rejected"], ["canceled"]) for ref in ALL), lambda: r.ear)
            assert r.ear.of("B-E") == ["rejected"]
            assert (r.ear.reasons["B-E"].code, type(r.ear.reasons["B-E"])) == (code, e.OrderRejectedByBroker)
            assert r.refs() == [], "no child survives its parent"

    show.__name__ = f"code_{code}_rejects_the_entry_and_its_children"
    return show


for _code in (201, 203, 200, 460, 321, 10289, 10293):
    situation(16)(rejection(_code))


@situation(17)
async def too_little_margin_is_named() -> None:
    async with rig({"cash_usd": 1000.0}) as r:
        r.place(*bracket(r.price - 5))
        await until(lambda: r.ear.of("B-E") == ["rejected"])
        assert isinstance(r.ear.reasons["B-E"], e.MarginRejected)
        await until(lambda: all(r.ear.of(ref)[-1:] in (["rejected"], ["canceled"]) for ref in ALL))


@situation(18)
async def inactive_without_a_text_is_rejected_after_a_wait_and_cancelled() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("status Inactive B-E")
        await until(lambda: "rejected" in r.ear.of("B-E"))
        assert "Inactive" in r.ear.reasons["B-E"].text


@situation(18)
async def inactive_that_is_held_lives_for_a_second_and_then_goes() -> None:
    async with rig(pace=50.0) as r:
        await working_bracket(r)
        await r.do("status Inactive B-E locate")
        await until(lambda: "canceled" in r.ear.of("B-E"), lambda: r.ear, seconds=5)
        await until(lambda: "B-E" not in r.refs(), lambda: r.refs(), seconds=5)
        assert r.ear.of("B-E") == ["accepted", "canceled"]


@situation(18)
async def inactive_that_works_again_within_its_second_lives() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("status Inactive B-E locate")
        await r.do("status Submitted B-E")
        await r.session.link.delay(3.0)
        await settled(r)
        assert r.ear.of("B-E") == ["accepted"]


@situation(19)
async def a_cancel_that_crosses_a_fill_ends_in_the_fill() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill-on-cancel")
        r.session.orders.cancel("B-E")
        await until(lambda: r.ear.heard(e.CancelRejected))
        assert r.ear.of("B-E") == ["accepted", "filled"]
        assert r.ear.heard(e.CancelRejected).code == 10148


@situation(19)
async def a_cancel_refused_while_the_order_lives_is_told() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("err 161 B-S")
        await until(lambda: "cancel_rejected" in r.ear.of("B-S"))
        assert r.session.orders.orders["B-S"].phase is Phase.WORKING


@situation(20)
async def an_order_that_is_nowhere_twice_is_canceled_as_unknown() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("forget B-E")
        r.session.orders.cancel("B-E")
        await until(lambda: "canceled" in r.ear.of("B-E"))
        assert r.ear.heard(e.UnknownOrder).code == 10147
        assert r.ear.of("B-E") == ["accepted", "canceled"]


@situation(20)
async def an_order_that_is_found_after_all_stays() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("err 135 B-S")
        await until(lambda: r.ear.heard(e.UnknownOrder))
        await until(lambda: r.session.orders.orders["B-S"].phase is Phase.WORKING)
        assert r.ear.of("B-S") == ["accepted"]


@situation(21)
async def an_order_the_broker_cancels_is_canceled_once_and_alarms() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("kill B-E margin call")
        await until(lambda: all(r.ear.of(ref)[-1] == "canceled" for ref in ALL))
        await settled(r)
        assert [event for event in r.ear.events if event[0] == "canceled"] == [("canceled", ref) for ref in ALL]
        alarms = [error for error in r.ear.errors if isinstance(error, e.OrderCancelledByBroker)]
        assert [error.order_ref for error in alarms] == ["B-E"]
        assert "margin call" in alarms[0].text


@situation(22)
async def a_change_that_crosses_a_fill_is_refused_and_the_fill_stands() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        await r.do("fill-on-modify")
        r.session.orders.modify("B-S", 1, None, r.price - 6)
        await until(lambda: "modify_rejected" in r.ear.of("B-S"))
        assert r.ear.reasons["B-S"].code in (103, 104)
        assert "filled" in r.ear.of("B-S") and "canceled" not in r.ear.of("B-S")


@situation(23)
async def an_off_tick_change_is_refused_and_the_old_price_stands() -> None:
    async with rig() as r:
        await working_bracket(r)
        old = r.session.orders.orders["B-S"].draft.stop
        r.session.orders.modify("B-S", 1, None, old + 0.1)
        await until(lambda: "modify_rejected" in r.ear.of("B-S"))
        assert isinstance(r.ear.reasons["B-S"], e.ModifyRejected) and "tick" in r.ear.reasons["B-S"].hint
        assert r.session.orders.orders["B-S"].draft.stop == old
        r.session.orders.modify("B-S", 1, None, old + 0.25)
        await until(lambda: r.ear.of("B-S")[-1] == "updated")


@situation(24)
async def an_off_tick_order_is_rejected() -> None:
    async with rig() as r:
        r.place(Draft("X", "BUY", 1, "LMT", limit=r.price - 5.1))
        await until(lambda: r.ear.of("X") == ["rejected"])
        assert isinstance(r.ear.reasons["X"], e.InvalidPrice)
        assert r.refs() == []


@situation(25)
async def a_duplicate_id_leads_to_one_more_attempt_under_a_fresh_one() -> None:
    async with rig() as r:
        r.gateway.broker.next_ids[7] = 5000
        r.place(*bracket(r.price - 5))
        await r.working(*ALL)
        assert r.ear.heard(e.DuplicateOrderId).code == 103
        assert sorted(r.refs()) == list(ALL)
        assert min(order.order_id for order in r.truth()) >= 5000


@situation(25)
async def a_duplicate_id_that_repeats_rejects_the_order() -> None:
    async with rig() as r:
        r.gateway.broker.next_ids[7] = 5000
        await r.do("swallow reqIds all")
        r.place(*bracket(r.price - 5))
        await until(lambda: all(r.ear.of(ref)[-1:] == ["rejected"] for ref in ALL), lambda: r.ear)
        assert isinstance(r.ear.reasons["B-E"], e.DuplicateOrderId)
        assert r.refs() == []


@situation(26)
async def remarks_change_nothing_and_the_order_fills() -> None:
    async with rig() as r:
        await working_bracket(r)
        for code in (399, 404, 10167, 10349, 2109, 165, 434, 492):
            await r.do(f"err {code} B-E")
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        assert r.ear.of("B-E") == ["accepted", "filled"]
        assert len([error for error in r.ear.errors if isinstance(error, e.OrderWarning)]) == 8


@situation(27)
async def an_unknown_code_changes_nothing_asks_and_alarms() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("err 9999 B-E")
        error = await until(lambda: r.ear.heard(e.UnclassifiedBrokerMessage))
        assert (error.code, error.order_ref) == (9999, "B-E")
        await settled(r)
        assert r.ear.of("B-E") == ["accepted"]


@situation(28)
async def a_partial_fill_is_told_by_its_own_quantity_and_children_follow() -> None:
    async with rig() as r:
        await working_bracket(r, quantity=3)
        await r.do("fill B-E 1 of 3")
        await until(lambda: len(r.ear.fills) == 1)
        await r.do("fill B-E 2 of 3")
        await until(lambda: len(r.ear.fills) == 2)
        assert [fill.quantity for fill in r.ear.fills] == [1, 2]
        assert r.session.orders.orders["B-E"].phase is Phase.FILLED
        assert len({fill.base_id for fill in r.ear.fills}) == 2


@situation(29)
async def a_fill_that_comes_before_the_order_accepts_and_fills_it() -> None:
    async with rig() as r:
        await r.do("order exec-first B-E")
        r.place(*bracket(r.price - 5))
        await until(lambda: "B-E" in r.refs())
        await r.do("fill B-E")
        await until(lambda: r.ear.of("B-E") == ["accepted", "filled"])
        assert r.session.orders.orders["B-E"].perm_id


@situation(29)
async def without_any_open_order_message_the_fill_still_counts() -> None:
    async with rig() as r:
        await r.do("swallow openOrder all")
        r.place(*bracket(r.price - 5))
        await until(lambda: "B-E" in r.refs())
        await r.do("fill B-E")
        await until(lambda: r.ear.of("B-E") == ["accepted", "filled"])


@situation(30)
async def without_any_order_status_executions_fill_the_order() -> None:
    async with rig() as r:
        await r.do("swallow orderStatus all")
        r.place(*bracket(r.price - 5))
        await r.working(*ALL)
        await r.do("fill B-E")
        await until(lambda: r.session.orders.orders["B-E"].phase is Phase.FILLED)


@situation(31)
async def a_repeated_execution_is_told_once() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        await r.do("resend execs")
        await r.session.order_sync.check()
        await r.do("drop")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
        assert len(r.ear.fills) == 1


@situation(32)
async def a_corrected_fill_alarms_halts_entries_and_is_not_a_second_fill() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        price = r.ear.fills[0].price
        await r.do(f"correct B-E {price + 0.25}")
        await until(lambda: r.ear.heard(e.ExecutionCorrected))
        assert r.ear.of("B-E") == ["accepted", "filled", "corrected"]
        assert isinstance(r.session.entry_block(), e.ExecutionCorrected)
        assert r.session.orders.ledger.total("B-E") == 1
        assert r.session.orders.ledger.average_price("B-E") == price + 0.25


@situation(33)
async def a_late_commission_amends_a_fill_that_was_told_at_once() -> None:
    async with rig() as r:
        await r.do("commission delay 0.2")
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        assert (r.ear.fills[0].commission_known, r.ear.fills[0].commission_usd) == (False, 0.62)
        await until(lambda: next(iter(r.session.orders.ledger.fills.values())).commission_known)


@situation(33)
async def a_commission_that_never_comes_is_missed_after_a_minute() -> None:
    async with rig(pace=200.0) as r:
        await r.do("commission drop")
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.heard(e.CommissionMissing))
        assert len(r.ear.fills) == 1


@situation(33)
async def a_commission_that_comes_first_is_used() -> None:
    async with rig() as r:
        await r.do("commission first")
        await working_bracket(r)
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        assert r.ear.fills[0].commission_known


@situation(34)
async def a_position_that_no_fill_explains_halts_entries_with_both_numbers_until_it_is_gone() -> None:
    async with rig() as r:
        await r.do("position MES 3")
        error = await until(lambda: r.ear.heard(e.PositionMismatch))
        assert (error.expected, error.broker) == (0, 3)
        assert isinstance(r.session.entry_block(), e.PositionMismatch)
        await r.do("position MES 0")
        await until(lambda: r.session.entry_block() is None)


@situation(35)
async def an_order_by_hand_is_foreign_and_its_fill_a_mismatch() -> None:
    async with rig() as r:
        await r.do("manual buy 1 MES")
        r.session.orders.doubtful()
        await until(lambda: r.ear.heard(e.ForeignOrder))
        await until(lambda: r.ear.heard(e.PositionMismatch))
        assert r.ear.fills == []


@situation(35)
async def a_resting_order_by_hand_is_seen_and_left_alone() -> None:
    async with rig() as r:
        await r.do(f"manual buy 1 MES {r.price - 20}")
        r.session.orders.doubtful()
        error = await until(lambda: r.ear.heard(e.ForeignOrder))
        assert "a person in TWS" in error.text
        assert len(r.truth()) == 1
        assert isinstance(r.session.entry_block(), e.ForeignOrder) and "BUY 1 MES" in r.session.entry_block().text


@situation(35)
async def a_foreign_order_locks_entries_until_it_is_gone() -> None:
    async with rig() as r:
        await r.do(f"manual buy 1 MES {r.price - 20}")
        await r.do(f"manual sell 1 MES {r.price + 20}")
        first, second = r.truth()
        r.session.orders.doubtful()
        await until(lambda: isinstance(r.session.entry_block(), e.ForeignOrder))
        await r.do(f"tws-cancel {first.perm_id}")
        await r.session.order_sync.check()
        await r.session.order_sync.check()
        assert isinstance(r.session.entry_block(), e.ForeignOrder), "another one still works"
        await r.do(f"tws-cancel {second.perm_id}")
        r.session.orders.doubtful()
        await until(lambda: r.session.entry_block() is None)
        assert [type(error) for error in r.ear.errors].count(e.ForeignOrder) == 2, "each is told once"


@situation(35)
async def a_foreign_order_that_one_look_does_not_show_is_not_gone() -> None:
    async with rig() as r:
        await r.do(f"manual buy 1 MES {r.price - 20}")
        r.session.orders.doubtful()
        await until(lambda: isinstance(r.session.entry_block(), e.ForeignOrder))
        await r.do("swallow openOrder 1")
        await r.session.order_sync.check()
        assert isinstance(r.session.entry_block(), e.ForeignOrder)
        await r.session.order_sync.check()
        await r.session.order_sync.check()
        assert isinstance(r.session.entry_block(), e.ForeignOrder)


@situation(36)
async def a_cancel_by_hand_is_told_and_alarms() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("tws-cancel B-S")
        await until(lambda: "canceled" in r.ear.of("B-S"))
        assert r.ear.heard(e.OrderCancelledByBroker).order_ref == "B-S"


@situation(36)
async def a_change_by_hand_is_told_and_alarms() -> None:
    async with rig() as r:
        await working_bracket(r)
        price = r.session.orders.orders["B-S"].draft.stop - 1
        await r.do(f"tws-modify B-S {price}")
        await until(lambda: "updated" in r.ear.of("B-S"))
        assert r.session.orders.orders["B-S"].draft.stop == price
        alarm = r.ear.heard(e.ChangedElsewhere)
        assert alarm.order_ref == "B-S" and f"became 1 at {price:,.2f}, and nobody here asked for it" in alarm.text
        assert isinstance(r.session.entry_block(), e.ChangedElsewhere)


@situation(37)
async def two_live_orders_of_one_reference_halt_entries_and_the_stranger_is_cancelled() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("ghost-modify")
        tracked = r.session.orders.orders["B-S"].perm_id
        r.session.orders.modify("B-S", 1, None, r.price - 8)
        await until(lambda: r.ear.heard(e.DuplicateLiveOrder))
        assert isinstance(r.session.entry_block(), e.DuplicateLiveOrder)
        assert "modify_rejected" in r.ear.of("B-S")
        await until(lambda: [order.perm_id for order in r.truth() if order.request.order_ref == "B-S"] == [tracked])


@situation(18)
async def inactive_in_an_open_order_message_alone_decides_nothing() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("status Inactive B-E locate")
        r.gateway.delivery.opened(r.gateway.broker.find("B-E"))
        await r.do("status Submitted B-E")
        await settled(r)
        await r.session.link.delay(3.0)
        assert r.ear.of("B-E") == ["accepted"]


@situation(20)
async def missing_from_one_snapshot_is_not_a_cancel() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("swallow openOrder 1 B-S")
        await r.session.order_sync.check()
        assert r.ear.of("B-S") == ["accepted"]
        assert r.session.orders.orders["B-S"].phase is Phase.WORKING


@situation(27)
async def a_cancel_that_is_not_answered_is_sent_again_after_asking() -> None:
    async with rig() as r:
        await working_bracket(r)
        await r.do("swallow cancelOrder")
        r.session.orders.cancel("B-E")
        await until(lambda: "canceled" in r.ear.of("B-E"), seconds=0.9)
        assert r.ear.charges == [], "it waited for two seconds, not for ten"


@situation(27)
async def requests_that_are_never_answered_are_charged() -> None:
    async with rig(pace=50.0) as r:
        await working_bracket(r)
        await r.do("swallow cancelOrder all")
        r.session.orders.cancel("B-E")
        await until(lambda: r.ear.charges == ["order_unknown"])
        await r.do("calm")
        await until(lambda: "canceled" in r.ear.of("B-E"))


@situation(27)
async def a_change_that_is_never_answered_is_refused_after_asking() -> None:
    async with rig(pace=50.0) as r:
        await working_bracket(r)
        await r.do("swallow placeOrder")
        r.session.orders.modify("B-S", 1, None, r.price - 8)
        await until(lambda: "modify_rejected" in r.ear.of("B-S"))
        assert r.ear.charges == ["order_unknown"]


@situation(21)
async def a_fill_after_the_cancel_is_told_and_the_order_stays_ended() -> None:
    async with rig() as r:
        await working_bracket(r, quantity=3)
        order = r.gateway.broker.find("B-E")
        await r.do("kill B-E late")
        await until(lambda: "canceled" in r.ear.of("B-E"))
        r.gateway.broker.exchange.fill(order, order.limit, 1)
        await until(lambda: r.ear.fills)
        assert r.ear.of("B-E") == ["accepted", "canceled", "filled"]
        assert not r.session.orders.orders["B-E"].live


@situation.parametrize()
@on_a_loop
async def test_situation(show: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await show()


@pytest.mark.parametrize("quantity", [1, 3])
@on_a_loop
async def test_a_burst_of_fills_over_a_lost_connection_is_told_exactly_once(quantity: int) -> None:
    async with rig({"cash_usd": 1_000_000.0}) as r:
        for number in range(4):
            r.place(*bracket(r.price - 5, f"F{number}", quantity))
        await r.working(*(f"F{number}-{each}" for number in range(4) for each in "EST"))
        for number in range(4):
            for _ in range(quantity):
                await r.do(f"fill F{number}-E 1")
            if number == 1:
                await r.do("drop")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
        await until(lambda: len(r.ear.fills) == 4 * quantity)
        await r.session.order_sync.check()
        truth = [execution.exec_id for execution in r.gateway.broker.exchange.executions]
        assert sorted(fill.exec_id for fill in r.ear.fills) == sorted(truth)
