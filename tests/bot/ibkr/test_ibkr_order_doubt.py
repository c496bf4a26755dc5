"""What the table of doubt makes of orders over the true socket: codes and statuses of every kind, silence, lost cancels, strays."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from ibkr_rig import Ear, Rig, bracket, gateway_config, new_session, on_a_loop, rig, until
from test_ibkr_doubts import ALL, sent_to, working_bracket

from bot.gateway.gateway import Gateway
from bot.ibkr import errors as e
from bot.ibkr.link.classify import ORDER
from bot.ibkr.orders.doubt import Asked, Doubt
from bot.ibkr.orders.order_state import Draft, Phase

TRADE = "20251002-K1-1001"
ENTRY, STOP, EXIT = (f"{TRADE}-1{letter}" for letter in "ESX")


class Words:
    """Stands between the wire and the session, and changes the status of some orders."""

    @staticmethod
    def of(r: Rig) -> dict[str, str]:
        taps = r.session.link.taps
        if hasattr(taps, "words"):
            return taps.words
        taps.words, tell = {}, taps.tell

        def told(message: str, *arguments: Any) -> bool:
            order = r.session.orders.by_id(arguments[0]) if message in ("openOrder", "orderStatus") else None
            word = taps.words.get(arguments[2].orderRef if message == "openOrder" else order.ref if order is not None else "")
            if word is not None and message == "openOrder":
                arguments[3].status = word
            elif word is not None:
                arguments = (arguments[0], word, *arguments[2:])
            return tell(message, *arguments)

        taps.tell = told
        return taps.words


async def held(r: Rig) -> None:
    """One contract is held, and its stop works."""
    r.place(Draft(ENTRY, "BUY", 1, "LMT", limit=r.price - 5))
    await r.working(ENTRY)
    await r.do(f"fill {ENTRY}")
    r.place(Draft(STOP, "SELL", 1, "STP", stop=r.price - 8))
    await r.working(STOP)
    await until(lambda: r.session.account.holdings)


# --------------------------------------------------------------------------- codes


@pytest.mark.parametrize("kind", ["STP", "LMT", "MKT"])
@on_a_loop
async def test_an_order_refused_with_a_code_that_is_in_no_list_is_rejected_in_the_brokers_words_and_sent_once(kind: str):
    async with rig() as r:
        random = Random(kind)
        drawn = [random.randrange(1, 20_000) for _ in range(12)] + [383, 154, 451, 387, 461]
        codes = [code for code in drawn if code not in ORDER and not 1100 <= code < 2200 and code != 326]
        sent = sent_to(r)
        for number, code in enumerate(codes):
            name = f"X{number}"
            await r.do(f"reject {name} code={code} the exchange will not have it")
            prices = {"STP": {"stop": r.price - 5}, "LMT": {"limit": r.price - 5}, "MKT": {}}[kind]
            r.place(Draft(name, "SELL", 1, kind, **prices))
            await until(lambda name=name: r.ear.of(name) == ["rejected"], lambda: r.ear, seconds=5)
            reason = r.ear.reasons[name]
            assert (reason.code, type(reason)) == (code, e.OrderRejectedByBroker) and "the exchange will not have it" in reason.text
        assert sent == [f"X{number}" for number in range(len(codes))] and r.refs() == [] and r.ear.charges == []


@on_a_loop
async def test_a_bracket_whose_entry_is_refused_with_an_unknown_code_ends_whole():
    async with rig() as r:
        await r.do("reject B-E code=383 size exceeds your limit")
        sent = sent_to(r)
        r.place(*bracket(r.price - 5))
        await until(lambda: all(r.ear.of(ref) == ["rejected"] for ref in ALL), lambda: r.ear, seconds=5)
        assert r.ear.reasons["B-E"].code == 383 and sent == ["B-E", "B-S", "B-T"] and r.refs() == []


@on_a_loop
async def test_a_stop_refused_with_an_unknown_code_is_told_at_once_and_the_rest_of_its_bracket_is_left_to_the_supervisor():
    async with rig() as r:
        await r.do("reject B-S code=154 not while the market is halted")
        r.place(*bracket(r.price - 5))
        await until(lambda: r.ear.of("B-S") == ["rejected"], lambda: r.ear, seconds=2)
        await r.working("B-E", "B-T")
        assert r.ear.reasons["B-S"].code == 154 and "B-S" not in r.refs()


@on_a_loop
async def test_an_unknown_code_on_an_order_that_is_there_refuses_nothing():
    async with rig() as r:
        await r.do("swallow openOrder all")
        await r.do("swallow orderStatus all")
        r.place(Draft("X", "SELL", 1, "LMT", limit=r.price + 50))
        await until(lambda: r.refs() == ["X"])
        await r.do("calm")
        await r.do("err 9999 X nobody knows")
        await r.working("X")
        assert r.ear.of("X") == ["accepted"] and r.ear.heard(e.UnclassifiedBrokerMessage).code == 9999


@on_a_loop
async def test_an_answer_to_what_was_asked_before_the_error_refuses_nothing():
    async with rig() as r:
        await r.do("delay openOrderEnd 0.2s 1")
        r.session.orders.doubtful()
        await until(lambda: r.session.order_sync._lock.locked())
        await r.do("swallow openOrder all")
        await r.do("swallow orderStatus all")
        r.place(Draft("X", "SELL", 1, "LMT", limit=r.price + 50))
        await until(lambda: r.refs() == ["X"])
        await r.do("err 9999 X nobody knows")
        await until(lambda: r.session.orders.orders["X"].doubts.get(Asked.ORDER) is Doubt.ERROR)
        await r.do("calm")
        await r.working("X")
        assert r.ear.of("X") == ["accepted"]


@on_a_loop
async def test_a_duplicate_id_is_answered_by_one_more_sending_and_never_by_a_third():
    async with rig() as r:
        r.gateway.broker.next_ids[7] = 5000
        await r.do("swallow reqIds all")
        sent = sent_to(r)
        r.place(*bracket(r.price - 5))
        await until(lambda: all(r.ear.of(ref)[-1:] == ["rejected"] for ref in ALL), lambda: r.ear)
        assert sorted(sent) == sorted(ALL * 2)


@on_a_loop
async def test_a_change_and_a_cancel_met_by_an_unknown_code_are_refused_when_the_order_is_shown_as_it_was():
    async with rig() as r:
        await working_bracket(r)
        await r.do("swallow placeOrder")
        r.session.orders.modify("B-S", 1, None, r.price - 8)
        await r.do("err 9998 B-S no change today")
        await until(lambda: "modify_rejected" in r.ear.of("B-S"), seconds=2)
        assert (r.ear.reasons["B-S"].code, r.ear.reasons["B-S"].text) == (9998, "no change today")
        await r.do("swallow cancelOrder")
        r.session.orders.cancel("B-T")
        await r.do("err 9997 B-T no cancel either")
        await until(lambda: "cancel_rejected" in r.ear.of("B-T"), seconds=2)
        assert r.ear.reasons["B-T"].code == 9997 and sorted(r.refs()) == list(ALL)
        assert all(r.session.orders.orders[ref].phase is Phase.WORKING for ref in ALL)


@on_a_loop
async def test_of_two_changes_that_are_not_answered_neither_is_another_hands():
    async with rig() as r:
        await working_bracket(r)
        for points in (8, 7.5):
            r.session.orders.modify("B-S", 1, None, r.price - points)
        await until(lambda: r.ear.of("B-S")[-2:] == ["updated", "updated"], lambda: r.ear.of("B-S"))
        stop = r.session.orders.orders["B-S"]
        assert (stop.draft.stop, stop.changes, r.session.orders.halts) == (r.price - 7.5, [], {})


@on_a_loop
async def test_of_two_changes_the_broker_refuses_the_first_in_words_and_the_second_by_showing_the_order_as_it_was():
    async with rig() as r:
        await working_bracket(r)
        was = r.session.orders.orders["B-S"].draft.stop
        await r.do("swallow placeOrder 2")
        for points in (8, 7.5):
            r.session.orders.modify("B-S", 1, None, r.price - points)
        await r.do("err 201 B-S not the first")
        await until(lambda: r.ear.of("B-S")[-1] == "modify_rejected")
        assert [change.stop for change in r.session.orders.orders["B-S"].changes] == [r.price - 7.5]
        await r.do("err 9998 B-S no change today")
        await until(lambda: r.ear.of("B-S")[-2:] == ["modify_rejected"] * 2, lambda: r.ear.of("B-S"), seconds=2)
        stop = r.session.orders.orders["B-S"]
        assert (stop.draft.stop, stop.changes, stop.phase, r.session.orders.halts) == (was, [], Phase.WORKING, {})


# ------------------------------------------------------------------------ statuses


@pytest.mark.parametrize("word", ["PendingSubmit", "ApiPending", "PendingCancel", "Reserved", "SubmittedForReview", ""])
@on_a_loop
async def test_a_status_that_does_not_say_that_it_works_never_makes_an_order_working(word: str):
    async with rig(pace=50.0) as r:
        words = Words.of(r)
        words["X"] = word
        r.place(Draft("X", "SELL", 1, "STP", stop=r.price - 2))
        await until(lambda: r.ear.charges == ["order_unknown"])
        await r.session.order_sync.check()
        assert r.ear.of("X") == [] and r.refs() == ["X"] and r.session.orders.orders["X"].live
        del words["X"]
        await r.working("X")
        words["X"] = word
        r.gateway.broker.exchange.announce(r.gateway.broker.find("X"))
        await r.session.order_sync.check()
        if word.startswith(("Pending", "Api")):
            await r.session.link.delay(3.0)
            assert r.ear.of("X") == ["accepted"] and r.session.orders.orders["X"].phase is Phase.WORKING, "it worked, and is on its way"
            del words["X"]
            r.session.orders.cancel("X")
        await until(lambda: r.ear.of("X") == ["accepted", "canceled"])


@on_a_loop
async def test_a_status_that_nobody_knows_is_asked_about_and_not_without_end():
    async with rig() as r:
        await working_bracket(r)
        asked: list[str] = []
        r.session.orders.doubtful = lambda: asked.append("")
        Words.of(r)["B-S"] = "Suspended"
        for _ in range(3):
            r.gateway.broker.exchange.announce(r.gateway.broker.find("B-S"))
            await r.session.order_sync.check()
        assert len(asked) == 1 and r.ear.of("B-S") == ["accepted"]


@on_a_loop
async def test_an_order_of_an_earlier_run_that_does_not_say_that_it_works_is_adopted_and_not_accepted():
    async with Gateway(gateway_config()) as gateway:
        first, ear = new_session(gateway.port, Ear()), Ear()
        await first.start()
        first.orders.place(first.provider.front.con_id, [Draft("X", "SELL", 1, "STP", stop=6000.0)])
        await until(lambda: gateway.broker.open_orders())
        await first.stop()
        second = Rig(gateway, new_session(gateway.port, ear), ear)
        Words.of(second)["X"] = "PendingSubmit"
        await second.session.start()
        try:
            assert not second.session.orders.orders["X"].accepted and second.session.orders.orders["X"].live
            del Words.of(second)["X"]
            await second.working("X")
        finally:
            await second.session.stop()


# ----------------------------------------------------------- what is left at the broker


@on_a_loop
async def test_what_is_held_back_of_a_bracket_is_cancelled_until_it_is_gone_and_only_then_sent_again():
    async with rig() as r:
        await r.do("drop-mid-bracket")
        await r.do("swallow cancelOrder 2")
        sent = sent_to(r)
        r.place(*bracket(r.price - 5))
        await until(lambda: r.session.orders.orders["B-E"].taken_back, lambda: r.ear)
        assert r.refs() == ["B-E"] and sent == ["B-E"] and all(r.session.orders.orders[ref].live for ref in ALL)
        await r.working(*ALL)
        assert sorted(r.refs()) == list(ALL) and sent == ["B-E", *ALL]
        assert r.ear.events == [("accepted", ref) for ref in ALL]


@on_a_loop
async def test_a_held_back_entry_that_is_given_up_is_live_until_the_broker_does_not_show_it():
    async with rig() as r:
        await r.do("drop-mid-bracket")
        await r.do("swallow cancelOrder 3")
        r.place(*bracket(r.price - 5))
        await until(lambda: r.session.link.state == "DOWN")
        r.session.orders.cancel("B-E")
        ended = await until(lambda: r.ear.events and (r.refs(), r.ear.events[0]), lambda: r.session.orders.orders)
        assert ended[0] == [], "nothing of it is told before it is gone"
        await until(lambda: [r.ear.of(ref) for ref in ALL] == [["canceled"], ["rejected"], ["rejected"]], lambda: r.ear)


@on_a_loop
async def test_an_order_that_arrives_after_it_was_refused_as_lost_is_cancelled_and_entries_wait_for_its_end():
    async with rig(pace=50.0) as r:
        await r.do("delay placeOrder 0.6s 1")
        await r.do("swallow cancelOrder 2")
        r.place(Draft("X", "SELL", 1, "LMT", limit=r.price + 50))
        await until(lambda: r.ear.of("X") == ["rejected"], lambda: r.ear)
        await until(lambda: r.refs() == ["X"])
        stray = await until(lambda: r.ear.heard(e.StrayOrder))
        assert stray.order_ref == "X" and isinstance(r.session.entry_block(), e.StrayOrder)
        await until(lambda: "stray" not in r.session.orders.halts, lambda: (r.refs(), r.session.orders.halts))
        assert r.refs() == [] and r.ear.of("X") == ["rejected"]


@on_a_loop
async def test_an_order_that_the_gateway_holds_and_never_shows_is_cancelled_when_it_is_given_up():
    async with rig(pace=50.0) as r:
        await r.do("swallow openOrder all")
        await r.do("swallow orderStatus all")
        r.place(*bracket(r.price - 5))
        await until(lambda: r.refs() == sorted(ALL), lambda: r.refs())
        await until(lambda: all(r.ear.of(ref) == ["rejected"] for ref in ALL), lambda: r.ear)
        await until(lambda: r.refs() == [], lambda: r.refs())
        assert [name for name, _ in r.ear.events] == ["rejected"] * 3 and not r.ear.heard(e.StrayOrder)


@on_a_loop
async def test_a_cancel_that_the_api_can_no_longer_do_is_told_as_refused_and_the_order_stays_watched():
    async with rig() as r:
        await held(r)
        await r.do("ghost-modify")
        tracked = r.session.orders.orders[STOP].perm_id
        r.session.orders.modify(STOP, 1, None, r.price - 6.0)
        await until(lambda: r.ear.heard(e.DuplicateLiveOrder))
        await until(lambda: [order.perm_id for order in r.truth()] == [tracked])
        r.session.orders.cancel(STOP)
        await until(lambda: "cancel_rejected" in r.ear.of(STOP), lambda: r.ear, seconds=0.2)
        assert r.ear.reasons[STOP].code == 10148 and r.session.orders.orders[STOP].live
        await r.do(f"fill {tracked}")
        await until(lambda: r.ear.of(STOP)[-1] == "filled")


@on_a_loop
async def test_an_order_that_an_error_was_said_of_is_refused_also_where_the_answer_about_open_orders_never_ends():
    async with rig() as r:
        await r.do("swallow openOrderEnd all")
        await r.do("reject X code=532 refused")
        r.place(Draft("X", "SELL", 1, "MKT"))
        await until(lambda: r.ear.of("X") == ["rejected"], lambda: r.ear, seconds=10)
        assert r.ear.reasons["X"].code == 532


@pytest.mark.slow
@on_a_loop
async def test_an_order_that_nothing_was_said_of_stays_in_doubt_while_that_answer_never_ends():
    async with rig() as r:
        await r.do("swallow openOrderEnd all")
        await r.do("swallow placeOrder 1")
        r.place(Draft("X", "SELL", 1, "MKT"))
        for _ in range(4):
            with pytest.raises(e.GatewayNotResponding):
                await r.session.order_sync.check()
        assert r.ear.of("X") == []


@on_a_loop
async def test_an_order_that_an_error_refuses_after_it_was_shown_at_work_is_looked_for_and_goes():
    async with rig() as r:
        r.place(Draft("X", "SELL", 1, "LMT", limit=r.price + 50))
        await r.working("X")
        order = r.session.orders.orders["X"]
        order.phase, order.accepted = Phase.SENT, False  # its answer was late, so what its status says did not count yet
        order.doubts[Asked.ORDER] = Doubt.LATE
        r.gateway.delivery.order_error(r.truth()[0], 203, "")
        await until(lambda: "rejected" in r.ear.of("X"), lambda: r.ear)
        await until(lambda: r.refs() == [], lambda: r.refs(), seconds=3)


# ---------------------------------------------------------------------- closing orders


@on_a_loop
async def test_a_closing_order_that_was_lost_with_the_link_is_not_sent_again_once_the_stop_has_closed_the_position():
    async with rig() as r:
        await held(r)
        await r.do("drop-after-place lost")
        r.place(Draft(EXIT, "SELL", 1, "MKT"))
        await until(lambda: r.session.link.state == "DOWN")
        await r.do(f"fill {STOP}")
        sent = sent_to(r)
        await until(lambda: r.ear.of(EXIT) == ["rejected"], lambda: r.ear)
        assert "not known to hold" in r.ear.reasons[EXIT].text and not sent and r.ear.of(STOP)[-1] == "filled"


@on_a_loop
async def test_a_closing_order_that_was_lost_with_the_link_is_sent_once_more_while_there_is_something_to_close():
    async with rig() as r:
        await held(r)
        await r.do("drop-after-place lost")
        r.place(Draft(EXIT, "SELL", 1, "MKT"))
        await r.working(EXIT)
        assert r.ear.of(EXIT) == ["accepted"]


@on_a_loop
async def test_what_is_held_back_does_not_work_while_the_one_that_sets_it_working_is_late_and_goes_when_that_is_lost():
    async with rig() as r:
        await r.do("swallow placeOrder 1 B-T")
        r.place(*bracket(r.price - 5))
        sent = sent_to(r)
        await until(lambda: r.session.orders.orders["B-E"].seen, lambda: r.ear)
        assert not r.ear.events
        await until(lambda: all(r.ear.of(ref) for ref in ALL), lambda: (r.ear, r.refs()))
        assert all(r.ear.of(ref) == ["rejected"] for ref in ALL) and r.refs() == [] and sent == ["B-E", "B-S"]
