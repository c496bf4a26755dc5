"""Situations 38-49 of the table: signal in over the socket, action and error out."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from ibkr_rig import DAY, Ear, Rig, Situations, bracket, gateway_config, new_session, on_a_loop, rig, until

from bot.gateway import messages
from bot.gateway.account import Account
from bot.gateway.gateway import Gateway
from bot.ibkr import errors as e
from bot.trading_hours import clock_ns
from bot.units import SECOND_NS

situation = Situations()
DAYS_75 = "clock +75d"  # 2025-12-16: after the roll of MESZ5, before its end


async def failed_start(kind: type[e.BrokerError], *script: str, **changes: Any) -> Any:
    """A start that must fail with this error; the error."""
    async with Gateway(gateway_config()) as gateway:
        ear = Ear()
        rigged = Rig(gateway, new_session(gateway.port, ear, **changes), ear)
        for words in script:
            await rigged.do(words)
        with pytest.raises(kind) as caught:
            await rigged.session.start()
        return caught.value


@situation(38)
async def a_contract_that_ends_while_we_run_takes_no_entries() -> None:
    async with rig() as r:
        await r.do("expire MESZ5")
        await until(lambda: r.ear.heard(e.ContractNotFound))
        assert isinstance(r.session.entry_block(), e.ContractNotFound)


@situation(38)
async def the_front_month_is_the_first_before_its_roll_never_a_guess() -> None:
    async with rig(script=(DAYS_75,)) as r:
        assert r.session.provider.front.local_symbol == "MESH6"


@situation(38)
async def no_month_before_its_roll_fails_the_start_with_what_is_listed() -> None:
    error = await failed_start(e.ContractExpired, DAYS_75, "expire MESH6", "expire MESM6")
    assert "MESZ5" in error.text


@situation(38)
async def an_unknown_symbol_fails_the_start() -> None:
    await failed_start(e.ContractNotFound, broker={"symbol": "MEX"})


@situation(39)
async def after_the_roll_the_old_month_has_a_name_of_its_own_and_is_exit_only() -> None:
    async with rig(script=(DAYS_75,)) as r:
        provider = r.session.provider
        names = {month.local_symbol: str(provider.instrument_id_of(month.con_id)) for month in provider.months.values()}
        assert names["MESH6"] == "MES.CME" and names["MESZ5"] == "MESZ5.CME"
        assert r.session.entry_block() is None


@situation(39)
async def a_roll_that_comes_while_we_run_stops_entries() -> None:
    async with rig() as r:
        assert r.session.provider.next_month() is None
        r.session.clock.saw(clock_ns(dt.date(2025, 12, 15), dt.time(10)))
        assert isinstance(r.session.entry_block(), e.ContractExpired)
        assert r.session.provider.next_month().local_symbol == "MESH6"


@situation(38)
async def the_last_trade_is_the_exchanges_day_whatever_time_zone_it_is_written_in() -> None:
    async with rig() as plain:
        months = {month.local_symbol: month.last_trade_date for month in plain.session.provider.months.values()}
    for zone in ("Australia/Sydney", "Pacific/Honolulu", "Asia/Hong_Kong"):
        async with rig(script=(f"contract-zone {zone}",)) as r:
            assert {month.local_symbol: month.last_trade_date for month in r.session.provider.months.values()} == months
            assert r.session.provider.front.local_symbol == "MESZ5"


@situation(46)
async def a_master_account_fails_the_start_and_a_client_of_it_does_not() -> None:
    error = await failed_start(e.MasterAccount, "accounts DF1234567")
    assert "DF***567" in error.text
    async with rig(script=("accounts DF1234567,DU2",), account="DU2") as r:
        assert r.session.link.account == "DU2"


@situation(49)
async def a_step_of_this_machines_clock_is_told_and_moves_no_market_time() -> None:
    async with rig(replay=False) as r:
        clock, before = r.session.clock, r.session.clock.now_ns()
        clock._wall_ns = lambda: time.time_ns() + 30 * SECOND_NS
        assert 0 <= clock.now_ns() - before < 2 * SECOND_NS
        await until(lambda: [error for error in r.ear.errors if "was set by +30.0 s" in error.text])
        assert 0 <= clock.now_ns() - before < 5 * SECOND_NS


def denied(code: int) -> Callable[[], Coroutine[Any, Any, None]]:
    async def show() -> None:
        error = await failed_start(e.MarketDataNotSubscribed, f"deny md {code}")
        assert error.code == code

    show.__name__ = f"code_{code}_fails_the_start"
    return show


for _code in (354, 10089, 10090, 10168, 10167):
    situation(40)(denied(_code))


@situation(40)
async def data_that_become_delayed_while_we_run_are_not_believed() -> None:
    async with rig() as r:
        session = r.gateway.delivery.sessions[0]
        session.send(["58", "1", str(next(iter(session.subscriptions.quotes))), "3"])
        await until(lambda: r.session.entry_block())
        assert isinstance(r.session.entry_block(), e.MarketDataNotSubscribed)
        assert [event.kind for event in r.ear.quality] == ["untrusted_feed"]


@situation(41)
async def a_competing_session_halts_entries_and_is_asked_about_every_minute() -> None:
    async with rig(pace=60.0) as r:
        await r.do("compete on")
        await until(lambda: r.ear.heard(e.CompetingSession))
        assert isinstance(r.session.entry_block(), e.CompetingSession)
        assert [event.kind for event in r.ear.quality] == ["untrusted_feed"]
        await r.do("compete off")
        wanted = r.gateway.delivery.sessions[0].subscriptions.bars
        before = set(wanted)
        await until(lambda: set(wanted) != before)
        await r.do("step 1")
        await until(lambda: r.session.entry_block() is None)
        assert "trusted_feed" in [event.kind for event in r.ear.quality]


@situation(41)
async def a_competing_session_fails_the_start() -> None:
    error = await failed_start(e.CompetingSession, "compete on")
    assert "Log out" in error.hint


@situation(42)
async def a_bust_subscribes_anew_at_once() -> None:
    async with rig() as r:
        await r.session.feed.begin(0)
        await r.do("step 14")
        await r.do("bust")
        await until(lambda: r.gateway.delivery.sessions[0].subscriptions.bars)
        await r.do("step 10")
        await until(lambda: len(r.ear.minutes) >= 3)
        assert all(minute.whole for minute in r.ear.minutes)


@situation(43)
async def a_refusal_for_pacing_is_asked_again_later_and_later() -> None:
    async with rig(pace=50.0) as r:
        wanted = r.gateway.delivery.sessions[0].subscriptions.bars
        for _ in range(2):
            before = set(wanted)
            r.tell(next(iter(before)), 420)
            await until(lambda: set(wanted) != before)  # noqa: B023 - awaited here
            assert r.session.entry_block().code == 420, "the broker's own words, whatever they say"


@situation(43)
async def history_is_asked_within_the_rules_the_gateway_counts() -> None:
    async with rig(pace=100.0) as r:
        await r.do("pace on")
        feed, now = r.session.feed, r.gateway.now_ns
        for hours in range(1, 5):
            assert await feed.past(now - hours * 3_600_000_000_000, now)
        assert r.ear.heard(e.PacingViolation) is None


@situation(44)
async def we_never_send_more_than_forty_messages_a_second() -> None:
    async with rig(pace=1.0, request_timeout_seconds=5.0) as r:
        for _ in range(110):
            r.session.link.connection.send("reqIds", 1)
        await r.session.link.connection.ask_named("reqCurrentTime", "currentTime")
        assert r.ear.errors == []
        assert r.session.link.generation == 1


@situation(44)
async def the_rate_message_alarms() -> None:
    async with rig() as r:
        await r.do("err 100")
        await until(lambda: r.ear.heard(e.PacingViolation))


@situation(45)
async def a_read_only_api_fails_the_start_without_waiting_for_a_timeout() -> None:
    error = await failed_start(e.ReadOnlyApi, "readonly on", request_timeout_seconds=30.0)
    assert "Read-Only" in error.hint


@situation(45)
async def an_api_that_becomes_read_only_rejects_the_order_and_halts() -> None:
    async with rig() as r:
        await r.do("readonly on")
        r.place(*bracket(r.price - 5))
        await until(lambda: r.ear.of("B-E") == ["rejected"])
        assert isinstance(r.ear.reasons["B-E"], e.ReadOnlyApi)
        assert isinstance(r.session.entry_block(), e.ReadOnlyApi)
        assert r.session.link.allows_entries, "fills and prices are still heard"


@situation(46)
async def an_account_in_another_currency_fails_the_start_at_once_and_names_it() -> None:
    values = Account.values
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "values", lambda account: [(tag, value, currency and "EUR") for tag, value, currency in values(account)])
        async with asyncio.timeout(15.0):
            error = await failed_start(e.WrongBaseCurrency, broker={"start_timeout_seconds": 60.0})
    assert "DU***567" in error.text and "EUR" in error.text
    assert "base currency" in error.hint


@situation(46)
async def several_accounts_need_a_choice() -> None:
    error = await failed_start(e.AccountNotFound, "accounts DU1,DU2")
    assert "DU1, DU2" in error.text


@situation(46)
async def other_accounts_messages_are_dropped() -> None:
    async with rig(script=("accounts DU1,DU2",), account="DU2") as r:
        for session in r.gateway.delivery.sessions:
            session.send(messages.account_value("NetLiquidation", "5.00", "USD", "DU1"))
            session.send(messages.position(r.gateway.instruments.front, "DU1", 3, 100.0))
        await r.session.link.connection.ask_named("reqCurrentTime", "currentTime")
        assert r.session.account.get_position_snapshot("MESZ5")["position"] == 0
        assert r.session.account.get_account_snapshot()["equity"] == 10_000.0


@situation(46)
async def paper_refuses_a_live_account_and_live_a_paper_one() -> None:
    await failed_start(e.WrongAccountKind, "accounts U1")
    await failed_start(e.WrongAccountKind, "accounts DU1", paper=False)


@situation(47)
async def a_message_that_cannot_be_read_alarms_and_is_asked_for_again() -> None:
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        await r.do("garble execDetails")
        await r.do("fill B-E")
        await until(lambda: r.ear.heard(e.ProtocolError))
        await until(lambda: r.ear.of("B-E") == ["accepted", "filled"])


@situation(47)
async def an_execution_in_a_time_zone_that_nobody_knows_alarms_once_and_is_not_lost() -> None:
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        await r.do("zone Nowhere/Land")
        await r.do("fill B-E")
        error = await until(lambda: r.ear.heard(e.ProtocolError))
        assert "tzdata" in error.hint and "Nowhere/Land" in error.text
        await until(lambda: r.ear.of("B-E") == ["accepted", "filled"])
        assert r.ear.fills[0].ts_ns == r.gateway.now_ns
        await r.session.order_sync.check()
        await r.do("drop")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
        assert len(r.ear.fills) == 1 and r.session.positions.agrees
        assert len([error for error in r.ear.errors if isinstance(error, e.ProtocolError)]) == 2, "once a connection"


@situation(47)
async def a_time_without_a_zone_is_utc() -> None:
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        await r.do("zone utc")
        await r.do("fill B-E")
        await until(lambda: r.ear.fills)
        assert r.ear.fills[0].ts_ns == r.gateway.now_ns


@situation(48)
async def while_the_market_is_shut_an_unanswered_cancel_is_no_error() -> None:
    half_past_five = clock_ns(DAY, dt.time(17, 30))
    async with rig({"start_ns": half_past_five, "end_ns": half_past_five + 10**12}, pace=50.0) as r:
        r.place(*bracket(r.price - 5, seconds=12 * 3600))
        await r.working("B-E", "B-S", "B-T")
        await r.do("session closed")
        r.session.orders.cancel("B-E")
        await r.session.link.delay(15.0)
        assert r.ear.charges == [] and r.ear.of("B-E") == ["accepted"]


@situation(48)
async def while_it_is_open_an_unanswered_cancel_is_an_unknown_order() -> None:
    async with rig(pace=50.0) as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        await r.do("session closed")
        r.session.orders.cancel("B-E")
        await until(lambda: "order_unknown" in r.ear.charges)


@situation(49)
async def clock_skew_alarms_and_market_time_is_the_brokers() -> None:
    async with Gateway(gateway_config()) as gateway:
        ear = Ear()
        session = new_session(gateway.port, ear, replay=False)
        await session.start()
        try:
            assert ear.heard(e.ClockSkew)
            assert abs(session.clock.now_ns() - gateway.now_ns) < 2_000_000_000
        finally:
            await session.stop()


@situation(49)
async def a_replay_has_no_skew() -> None:
    async with rig() as r:
        await until(lambda: r.session.link.allows_entries)
        assert r.ear.heard(e.ClockSkew) is None
        assert r.session.clock.now_ns() == r.gateway.now_ns


@situation.parametrize()
@on_a_loop
async def test_situation(show: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await show()
