"""Situations 1-15 of the table: signal in over the socket, action and error out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from ibkr_rig import Ear, Rig, Situations, bracket, gateway_config, new_session, on_a_loop, rig, until

from bot.gateway.gateway import Gateway
from bot.ibkr import errors as e
from bot.ibkr.orders.order_state import Draft

situation = Situations()


async def refused_start(script: tuple[str, ...], kind: type[e.BrokerError], **changes: Any) -> Any:
    """A start that must fail with this error; the error."""
    async with Gateway(gateway_config()) as gateway:
        rigged = Rig(gateway, new_session(gateway.port, Ear(), broker={"start_timeout_seconds": 1.0}, **changes), Ear())
        for words in script:
            await rigged.do(words)
        with pytest.raises(kind) as caught:
            await rigged.session.start()
        assert not rigged.session.link.allows_entries
        return caught.value


@situation(1)
async def nothing_listens_fails_the_start_after_its_time_and_names_the_ports() -> None:
    error = await refused_start(("refuse on",), e.GatewayUnreachable)
    assert "4002" in error.hint and "127.0.0.1" in error.text


@situation(1)
async def a_gateway_that_comes_back_is_found() -> None:
    async with rig() as r:
        await r.do("refuse on")
        await r.do("drop")
        await until(lambda: r.ear.heard(e.GatewayUnreachable))
        assert isinstance(r.session.entry_block(), e.BrokerLinkLost)
        await r.do("refuse off")
        await until(lambda: r.session.link.allows_entries)
        assert r.session.entry_block() is None


@situation(2)
async def a_silent_gateway_is_not_hammered() -> None:
    async with Gateway(gateway_config()) as gateway:
        ear = Ear()
        session, attempts = new_session(gateway.port, ear, broker={"start_timeout_seconds": 1.5}), []
        session.link.opening.append(lambda: attempts.append(True))
        await Rig(gateway, session, ear).do("accept-silent on")
        with pytest.raises(e.GatewayNotResponding):
            await session.start()
        assert len(attempts) == 1, "30 s of patience are 3 s here: no second attempt in 1.5 s"


@situation(2)
async def a_gateway_that_only_tells_its_version_does_not_respond() -> None:
    await refused_start(("version-only on",), e.GatewayNotResponding)


@situation(2)
async def a_port_that_speaks_another_protocol_does_not_respond() -> None:
    await refused_start(("banner SSH-2.0-OpenSSH",), e.GatewayNotResponding)


@situation(2)
async def an_account_that_is_not_managed_here_fails_the_start_at_once_with_those_that_are() -> None:
    error = await refused_start((), e.AccountNotFound, account="DU999")
    assert "DU***567" in error.text


@situation(3)
async def a_client_id_in_use_is_asked_for_again_and_never_changed() -> None:
    async with rig(id_in_use_seconds=1.0) as r:
        await r.do("hold-id 0.3")
        await r.do("drop")
        error = await until(lambda: r.ear.heard(e.ClientIdInUse))
        assert error.code == 326
        await until(lambda: r.session.link.allows_entries)
        assert [session.client_id for session in r.gateway.delivery.sessions] == [7]


@situation(3)
async def a_client_id_that_stays_in_use_fails_the_start() -> None:
    async with rig() as r:
        second = new_session(r.gateway.port, Ear(), id_in_use_seconds=1.0, id_in_use_limit_seconds=5.0)
        with pytest.raises(e.ClientIdInUse):
            await second.start()
        assert r.session.link.allows_entries, "the first one is left alone"


@situation(4)
async def a_lost_link_refuses_orders_keeps_the_socket_and_holds_cancels() -> None:
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E")
        generation = r.session.link.generation
        await r.do("err 1100")
        await until(lambda: r.session.link.state == "CUT")
        with pytest.raises(e.BrokerLinkLost):
            r.place(*bracket(r.price - 6, "C"))
        with pytest.raises(e.BrokerLinkLost):
            r.session.orders.modify("B-S", 1, None, r.price - 6)
        r.session.orders.cancel("B-E")
        assert r.ear.heard(e.BrokerLinkLost).code == 1100
        assert r.ear.charges == ["connection_disrupted"]
        await r.do("err 1102")
        await until(lambda: "canceled" in r.ear.of("B-E"))
        assert r.session.link.generation == generation
        assert r.refs() == []


@situation(4)
async def broken_connectivity_2110_is_the_same() -> None:
    async with rig() as r:
        await r.do("err 2110")
        await until(lambda: r.session.link.state == "CUT")


@situation(5)
async def data_lost_subscribes_anew_and_fills_the_gap() -> None:
    async with rig() as r:
        await r.session.feed.begin(0)
        await r.do("step 14")
        await r.do("err 1100")
        await r.do("step 24")
        await r.do("err 1101")
        await until(lambda: r.session.link.allows_entries)
        await r.do("step 24")
        minutes = await until(lambda: len(r.ear.minutes) >= 6 and r.ear.minutes)
        assert [minute.close_ns // 60_000_000_000 % 60 for minute in minutes] == [0, 1, 2, 3, 4, 5]
        assert all(minute.whole for minute in minutes)


@situation(6)
async def data_kept_finds_the_fill_that_was_not_told() -> None:
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        await r.do("err 1100")
        await until(lambda: r.session.link.state == "CUT")
        await r.do("fill B-E")
        await r.do("err 1102")
        await until(lambda: r.session.link.allows_entries)
        assert r.ear.of("B-E") == ["accepted", "filled"]


@situation(7)
@situation(8)
async def a_broken_farm_stops_entries_not_exits_and_the_socket_stays() -> None:
    async with rig() as r:
        generation = r.session.link.generation
        await r.do("farm down usfuture")
        await until(lambda: r.ear.heard(e.MarketDataDegraded))
        assert isinstance(r.session.entry_block(), e.MarketDataDegraded)
        r.place(Draft("X", "SELL", 1, "LMT", limit=r.price + 50))
        await r.working("X")
        await r.do("farm up usfuture")
        await until(lambda: r.session.entry_block() is None)
        assert r.session.link.generation == generation


@situation(8)
async def a_farm_that_is_back_without_data_is_asked_again() -> None:
    async with rig(pace=50.0) as r:
        await r.session.feed.begin(0)
        await r.do("step 6")
        await r.do("farm down usfuture")
        await r.do("mute bars")
        await r.do("farm up usfuture")
        before = r.gateway.delivery.sessions[0].subscriptions.bars.copy()
        await until(lambda: r.gateway.delivery.sessions[0].subscriptions.bars.keys() != before.keys())
        await r.do("unmute")
        await r.do("step 18")
        await until(lambda: len(r.ear.minutes) >= 2)
        assert all(minute.whole for minute in r.ear.minutes)


@situation(9)
async def failed_live_updates_are_asked_for_again() -> None:
    async with rig(pace=50.0) as r:
        wanted = r.gateway.delivery.sessions[0].subscriptions.bars
        before = set(wanted)
        r.tell(next(iter(before)), 10182)
        await until(lambda: r.ear.heard(e.MarketDataDegraded))
        await until(lambda: set(wanted) != before)
        assert r.session.link.generation == 1


@situation(10)
async def the_notices_at_connect_are_no_news() -> None:
    async with rig() as r:
        await r.do("farm inactive usfuture")
        await r.do("farm inactive ushmds")
        await r.session.link.connection.ask_named("reqCurrentTime", "currentTime")
        assert r.ear.errors == []
        assert r.session.entry_block() is None


@situation(11)
async def stale_bars_are_asked_for_again_and_at_last_the_connection_is_made_anew() -> None:
    async with rig(pace=100.0) as r:
        await r.session.feed.begin(0)
        await r.do("step 14")
        await r.do("mute")
        error = await until(lambda: r.ear.heard(e.StaleBars))
        assert "no bar for" in error.text
        assert isinstance(r.session.entry_block(), e.StaleBars)
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
        assert any(event.kind == "stale" for event in r.ear.quality)
        await r.do("unmute")
        await r.do("step 12")
        await until(lambda: len(r.ear.minutes) >= 3)
        assert all(minute.whole for minute in r.ear.minutes)
        await until(lambda: r.session.entry_block() is None)


@situation(12)
async def a_half_open_socket_is_noticed_and_replaced() -> None:
    async with rig(request_timeout_seconds=0.2, heartbeat_seconds=0.05, id_in_use_seconds=1.0) as r:
        await r.do("freeze")
        await until(lambda: r.ear.heard(e.GatewayNotResponding))
        await r.do("thaw")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)


@situation(13)
async def a_closed_socket_leads_to_one_new_connection() -> None:
    async with rig() as r:
        await r.do("drop")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
        assert r.ear.heard(e.ConnectionLost)
        assert r.ear.states == ["CONNECTED", "SYNCED", "DOWN", "CONNECTED", "SYNCED"]
        assert r.ear.charges == ["connection_disrupted"]


@situation(13)
async def minutes_missed_while_away_come_before_the_next_one_closes() -> None:
    async with rig() as r:
        await r.session.feed.begin(0)
        await r.do("step 14")
        await r.do("refuse on")
        await r.do("drop")
        await r.do("step 30")
        await r.do("refuse off")
        await until(lambda: len(r.ear.minutes) == 4)
        assert [minute.close_ns // 60_000_000_000 % 60 for minute in r.ear.minutes] == [0, 1, 2, 3]
        await r.do("step 4")
        await until(lambda: len(r.ear.minutes) == 5)
        assert r.ear.minutes[-1].whole and r.session.feed.flow.gaps == 0
        assert "late" in [event.kind for event in r.ear.quality]


def drop_while_placing(verb: str) -> Callable[[], Coroutine[Any, Any, None]]:
    async def show() -> None:
        async with rig() as r:
            await r.do(verb)
            r.place(*bracket(r.price - 5))
            await r.working("B-E", "B-S", "B-T")
            await until(lambda: r.session.link.allows_entries)
            assert sorted(r.refs()) == ["B-E", "B-S", "B-T"], "one bracket, whole"
            assert all(order.transmitted for order in r.truth())
            assert r.ear.events == [("accepted", ref) for ref in ("B-E", "B-S", "B-T")]

    show.__name__ = verb.replace(" ", "_").replace("-", "_")
    return show


for _verb in ("drop-mid-bracket", "drop-after-place kept", "drop-after-place lost"):
    situation(13)(drop_while_placing(_verb))


@situation(13)
async def an_entry_whose_time_is_nearly_over_is_not_sent_again() -> None:
    async with rig() as r:
        await r.do("drop-after-place lost")
        r.place(*bracket(r.price - 5, seconds=4))
        await until(lambda: all(r.ear.of(f"B-{each}") == ["rejected"] for each in "EST"), lambda: r.ear)
        assert r.refs() == []


@situation(14)
async def a_reset_port_means_a_new_connection() -> None:
    async with rig() as r:
        await r.do("err 1300")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
        assert r.ear.heard(e.GatewayUnreachable).code == 1300


@situation(15)
async def a_nightly_restart_that_rolls_ids_back_reissues_none_of_ours() -> None:
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        used = {order.order_id for order in r.truth()}
        restart = asyncio.ensure_future(r.do("restart 0.2s --rollback-id 4"))
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
        await restart
        r.place(*bracket(r.price - 6, "C"))
        await r.working("C-E", "C-S", "C-T")
        assert not used & {order.order_id for order in r.truth() if order.request.order_ref.startswith("C")}
        assert len(r.refs()) == 6


@situation(15)
async def entries_stop_before_the_restart_and_its_loss_is_no_alarm() -> None:
    async with rig(broker={"nightly_restart": "10:01"}) as r:
        assert isinstance(r.session.entry_block(), e.ScheduledRestart)
        await r.do("drop")
        await until(lambda: r.ear.heard(e.ScheduledRestart))
        assert r.ear.heard(e.ConnectionLost) is None


@situation.parametrize()
@on_a_loop
async def test_situation(show: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await show()
