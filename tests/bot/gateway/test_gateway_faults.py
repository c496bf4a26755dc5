"""Faults by name, over real sockets with ib_insync. The situations' numbers are those of the project's table of 49."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from gateway_harness import insync, new_ib, on_a_loop, running, side_of, until

from bot.gateway.errors import GatewayError
from bot.gateway.faults import FrameFault, FrameFaults
from bot.gateway.script import Script


async def front(ib):
    from ib_insync import Future

    [contract] = await ib.qualifyContractsAsync(Future("MES", "202512", "CME"))
    return contract


async def limit(ib, ref="R", price=6300.0, wait=True):
    from ib_insync import LimitOrder

    trade = ib.placeOrder(await front(ib), LimitOrder("BUY", 1, price, tif="DAY", orderRef=ref))
    if wait:
        await until(lambda: trade.orderStatus.permId, "the acknowledgement")
    return trade


def listen(ib):
    """Every error as (reference, code)."""
    errors = []
    ib.errorEvent += lambda reference, code, *_: errors.append((reference, code))
    return errors


def tapped(ib, name):
    """Every call of a wrapper method, as the wire brought it."""
    calls, original = [], getattr(ib.wrapper, name)
    setattr(ib.wrapper, name, lambda *args: (calls.append(args), original(*args)))
    return calls


# ---------------------------------------------------------------------------- connection


@on_a_loop
async def test_01_refused_and_back():
    async with running() as gateway, side_of(gateway) as side:
        await side.do("refuse on")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", gateway.port)
        await side.do("refuse off")
        async with insync(gateway) as ib:
            assert ib.isConnected()


@pytest.mark.parametrize("words", ["accept-silent on", "version-only on", "banner SSH-2.0-OpenSSH"])
@on_a_loop
async def test_02_a_wedged_gateway_lets_the_client_wait(words):
    async with running() as gateway, side_of(gateway) as side:
        await side.do(words)
        ib = new_ib()
        with pytest.raises(TimeoutError):
            await ib.connectAsync("127.0.0.1", gateway.port, clientId=1, timeout=0.1)


@on_a_loop
async def test_03_an_id_stays_in_use_after_a_drop():
    async with running() as gateway, side_of(gateway) as side:
        async with insync(gateway):
            await side.do("hold-id 60s")
        await until(lambda: not gateway.delivery.sessions)
        ib = new_ib()
        errors = listen(ib)
        with pytest.raises(TimeoutError):
            await ib.connectAsync("127.0.0.1", gateway.port, clientId=1, timeout=0.1)
        assert errors == [(-1, 326)]


@on_a_loop
async def test_04_05_06_the_broker_link_goes_and_orders_with_it():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        errors, bars = listen(ib), ib.reqRealTimeBars(await front(ib), 5, "TRADES", False)
        trade = await limit(ib)
        await side.do("err 1100")
        lost = await limit(ib, "L", wait=False)
        await side.do("fill R")
        await side.do("step")
        await side.do("err 1102")
        await until(lambda: (-1, 1102) in errors)
        assert not bars
        assert [t.orderStatus.status for t in (trade, lost)] == ["Submitted", "PendingSubmit"]
        assert [fill.execution.orderRef for fill in await ib.reqExecutionsAsync()] == ["R"]
        assert (await side.truth())["orders"] == []
        await side.do("err 1101")
        await side.do("step 2")
        await until(lambda: (-1, 1101) in errors)
        await ib.reqCurrentTimeAsync()
        assert not bars  # 1101 has dropped the subscription


@on_a_loop
async def test_07_08_a_farm_goes_down_and_up():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        errors, bars = listen(ib), ib.reqRealTimeBars(await front(ib), 5, "TRADES", False)
        await ib.reqCurrentTimeAsync()
        await side.do("farm down usfuture")
        await side.do("step")
        await side.do("farm up usfuture")
        await side.do("step")
        await until(lambda: len(bars) == 1)
        assert [code for _, code in errors if code in (2103, 2104)] == [2103, 2104]
        assert int(bars[0].time.timestamp()) * 10**9 == gateway.config.start_ns + 5 * 10**9


@on_a_loop
async def test_12_a_frozen_socket_says_nothing_and_takes_nothing():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        await side.do("freeze 1")
        asking = asyncio.ensure_future(ib.reqCurrentTimeAsync())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asking), 0.1)
        assert ib.isConnected()
        await side.do("thaw")
        await asyncio.wait_for(asking, 5)


@on_a_loop
async def test_13_drops_around_orders():
    async with running() as gateway, side_of(gateway) as side:
        for words, ref, known in (("drop-after-place kept", "K", True), ("drop-after-place lost", "L", False)):
            async with insync(gateway) as ib:
                await side.do(words)
                await limit(ib, ref, wait=False)
                await until(lambda ib=ib: not ib.isConnected(), "the drop")
            assert (ref in {order["ref"] for order in (await side.truth())["orders"]}) is known
        async with insync(gateway) as ib:
            assert [trade.order.orderRef for trade in ib.openTrades()] == ["K"]
            contract = await front(ib)
            await side.do("drop-mid-bracket")
            for order in ib.bracketOrder("BUY", 1, 6300, 6500, 6200, tif="DAY"):
                order.orderRef = "B"
                ib.placeOrder(contract, order)
            await until(lambda: not ib.isConnected(), "the drop")
        left = [order for order in (await side.truth())["orders"] if order["ref"] == "B"]
        assert [order["transmitted"] for order in left] == [False]


@on_a_loop
async def test_15_25_a_restart_rolls_ids_back_and_a_used_one_is_103():
    async with running() as gateway, side_of(gateway) as side:
        async with insync(gateway) as ib:
            trade, errors = await limit(ib), listen(ib)
            await side.do("restart 0.01s --rollback-id 1")
            await until(lambda: not ib.isConnected())
            assert (-1, 1100) in errors
        async with insync(gateway) as ib:
            assert gateway.broker.next_id(1) == trade.order.orderId
            errors = listen(ib)
            await side.do("kill R")
            ib.client.placeOrder(trade.order.orderId, trade.contract, trade.order)
            await until(lambda: (trade.order.orderId, 103) in errors)


# -------------------------------------------------------------------------------- orders


@on_a_loop
async def test_16_18_rejections_and_a_bare_inactive():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        errors, statuses = listen(ib), tapped(ib, "orderStatus")
        await side.do("reject ref=X code=201 No trading permissions")
        trade = await limit(ib, "X", wait=False)
        await until(lambda: (trade.order.orderId, 201) in errors)
        await side.do("reject * code=10289")
        other = await limit(ib, "Y", wait=False)
        await until(lambda: (other.order.orderId, 10289) in errors)
        held = await limit(ib, "Z")
        await side.do("status Inactive Z locate")
        await until(lambda: held.orderStatus.whyHeld == "locate")
        assert [status[1] for status in statuses] == ["Inactive", "Submitted", "Inactive"]
        ib.client.cancelOrder(held.order.orderId)
        await until(lambda: held.orderStatus.status == "Cancelled")


@on_a_loop
async def test_19_22_fills_that_cross_a_cancel_and_a_modification():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        errors = listen(ib)
        first, second = await limit(ib, "A"), await limit(ib, "B")
        await side.do("fill-on-cancel")
        ib.cancelOrder(first.order)
        await until(lambda: (first.order.orderId, 10148) in errors and first.fills)
        await side.do("fill-on-modify")
        second.order.lmtPrice = 6299.0
        ib.placeOrder(second.contract, second.order)
        await until(lambda: (second.order.orderId, 104) in errors and second.fills)


@on_a_loop
async def test_20_26_27_forgotten_warned_and_unknown():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        trade, errors = await limit(ib), listen(ib)
        await side.do("err 10349 R")
        await side.do("err 9999 R something new")
        await side.do("forget R")
        ib.cancelOrder(trade.order)
        await until(lambda: (trade.order.orderId, 10147) in errors)
        assert [code for _, code in errors] == [10349, 9999, 10147]


@on_a_loop
async def test_29_30_an_execution_before_anything_else_and_no_status_at_all():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        opened, executed = tapped(ib, "openOrder"), tapped(ib, "execDetails")
        await side.do("order exec-first R")
        trade = await limit(ib, wait=False)
        await ib.reqCurrentTimeAsync()
        assert opened == []
        await side.do("fill R")
        await until(lambda: executed and opened)
        assert trade.orderStatus.status == "Filled"
        statuses = tapped(ib, "orderStatus")
        await side.do("swallow orderStatus all")
        await limit(ib, "S", wait=False)
        await side.do("fill S")
        await until(lambda: len(executed) == 2)
        await ib.reqCurrentTimeAsync()
        assert statuses == []


@on_a_loop
async def test_31_32_repeated_and_corrected_executions():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        executed = tapped(ib, "execDetails")
        await limit(ib)
        await side.do("fill R")
        await side.do("resend execs")
        await side.do("correct R 6299.75")
        await until(lambda: len(executed) == 3)
        ids = [call[2].execId for call in executed]
        assert ids[0] == ids[1]
        assert (ids[0][:-2], ids[0][-2:], ids[2][:-2], ids[2][-2:]) == (ids[2][:-2], "01", ids[0][:-2], "02")
        account = (await side.truth())["accounts"]["DU1234567"]["positions"]["MESZ5"]
        assert (account["contracts"], account["average"]) == (1, 6299.75)


@on_a_loop
async def test_33_commissions_late_lost_and_early():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        order = []
        for name in ("execDetails", "commissionReport"):
            original = getattr(ib.wrapper, name)
            setattr(ib.wrapper, name, lambda *args, n=name, o=original: (order.append(n), o(*args)))
        for mode in ("drop", "delay 0.05s", "first"):
            order.clear()
            await side.do(f"commission {mode}")
            await limit(ib, mode[:4])
            await side.do(f"fill {mode[:4]}")
            await until(lambda m=mode: len(order) == (1 if m == "drop" else 2))
            first = "commissionReport" if mode == "first" else "execDetails"
            assert order[0] == first


@on_a_loop
async def test_34_35_36_the_broker_changes_what_we_did_not():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        await side.do("position MES 3")
        await until(lambda: [position.position for position in ib.positions()] == [3.0])
        await side.do("manual sell 1 MES")
        await until(lambda: [position.position for position in ib.positions()] == [2.0])
        assert ib.fills() == []
        [fill] = await ib.reqExecutionsAsync()
        assert (fill.execution.orderId, fill.execution.clientId, fill.execution.orderRef) == (0, 0, "")
        trade = await limit(ib)
        await side.do("tws-modify R 6290.25")
        await until(lambda: trade.order.lmtPrice == 6290.25)
        await side.do("tws-cancel R")
        await until(lambda: trade.orderStatus.status == "Cancelled")


@on_a_loop
async def test_35_client_zero_sees_orders_made_by_hand_and_binds_them():
    async with running() as gateway, side_of(gateway) as side, insync(gateway, client_id=0) as ib:
        opened = tapped(ib, "openOrder")
        await side.do("manual buy 1 MES 6300")
        await until(lambda: opened)
        assert opened[0][0] < 0


@on_a_loop
async def test_37_a_ghost_stays_alive_beside_the_modified_order():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        trade = await limit(ib)
        await side.do("ghost-modify")
        trade.order.lmtPrice = 6299.0
        ib.placeOrder(trade.contract, trade.order)
        await until(lambda: len(gateway.broker.open_orders()) == 2)
        orders = (await side.truth())["orders"]
        assert {order["ref"] for order in orders} == {"R"}
        assert len({order["perm_id"] for order in orders}) == 2
        assert sorted(order["limit"] for order in orders) == [6299.0, 6300.0]


@on_a_loop
async def test_48_a_shut_market_takes_orders_and_leaves_cancels_unanswered():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        trade = await limit(ib, price=6700.0)
        await side.do("session closed")
        await side.do("step 3")
        ib.cancelOrder(trade.order)
        await ib.reqCurrentTimeAsync()
        assert trade.orderStatus.status == "PendingCancel"
        await side.do("session open")
        await side.do("step")
        await until(lambda: trade.orderStatus.status == "Filled")


# ------------------------------------------------------------------------- data and others


@on_a_loop
async def test_38_an_expired_month_is_not_found():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import Future

        await side.do("clock +100d")
        assert await ib.reqContractDetailsAsync(Future("MES", "202512", "CME")) == []
        [expired] = await ib.reqContractDetailsAsync(Future("MES", "202512", "CME", includeExpired=True))
        assert expired.contract.localSymbol == "MESZ5"


@pytest.mark.parametrize("code", [354, 10089, 10168])
@on_a_loop
async def test_40_no_market_data_rights(code):
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        contract, errors = await front(ib), listen(ib)
        await side.do(f"deny md {code}")
        ib.reqRealTimeBars(contract, 5, "TRADES", False)
        await until(lambda: errors and errors[0][1] == code)


@on_a_loop
async def test_40_delayed_data_says_so():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        contract, types = await front(ib), tapped(ib, "marketDataType")
        await side.do("deny md 10167")
        ticks = tapped(ib, "priceSizeTick")
        ib.reqMktData(contract)
        await until(lambda: types and len(ticks) == 3)
        assert types[0][1] == 3
        assert {call[1] for call in ticks} == {66, 67, 68}


@on_a_loop
async def test_41_42_a_competing_session_and_a_bust():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        contract, errors = await front(ib), listen(ib)
        bars = ib.reqRealTimeBars(contract, 5, "TRADES", False)
        await ib.reqCurrentTimeAsync()
        await side.do("compete on")
        await side.do("step")
        await until(lambda: (bars.reqId, 10197) in errors)
        assert not bars
        await side.do("compete off")
        await side.do("bust")  # ib_insync asks again by itself
        await until(lambda: (bars.reqId, 10225) in errors)
        await ib.reqCurrentTimeAsync()
        await side.do("step")
        await until(lambda: len(bars) == 1)


@on_a_loop
async def test_43_pacing_is_counted():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        contract, errors = await front(ib), listen(ib)
        await side.do("pace on")
        assert await ib.reqHistoricalDataAsync(contract, "", "300 S", "1 min", "TRADES", False)
        assert not await ib.reqHistoricalDataAsync(contract, "", "300 S", "1 min", "TRADES", False)
        assert [code for _, code in errors] == [162]


@on_a_loop
async def test_45_a_read_only_api_refuses_everything_about_orders():
    async with running() as gateway, side_of(gateway) as side:
        await side.do("readonly on")
        ib = new_ib()
        errors = listen(ib)
        await ib.connectAsync("127.0.0.1", gateway.port, clientId=1, timeout=5, readonly=True)
        trade = await limit(ib, wait=False)
        ib.client.reqOpenOrders()
        await until(lambda: {(trade.order.orderId, 321), (-1, 321)} <= set(errors))
        ib.disconnect()


@on_a_loop
async def test_46_other_accounts():
    async with running() as gateway, side_of(gateway) as side:
        await side.do("accounts DU1,U2")
        async with insync(gateway) as ib:
            assert ib.managedAccounts() == ["DU1", "U2"]
            errors, trade = listen(ib), await limit(ib, wait=False)
            await until(lambda: (trade.order.orderId, 435) in errors)


@on_a_loop
async def test_47_messages_that_cannot_be_read(caplog):
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        executed = tapped(ib, "execDetails")
        await limit(ib, "A")
        await limit(ib, "B")
        await side.do("garble execDetails")
        await side.do("fill A")
        await side.do("zone Mars/Olympus")
        await side.do("fill B")
        await until(lambda: len([r for r in caplog.records if r.name == "ib_insync.Decoder"]) == 2)
        assert executed == []


@on_a_loop
async def test_49_a_skewed_clock():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        await side.do("clock +5s")
        assert (await ib.reqCurrentTimeAsync()).isoformat() == "2025-10-02T14:00:05+00:00"


@pytest.mark.parametrize("words", ["reorder orderStatus 1", "duplicate orderStatus 1", "delay orderStatus 0.02s 1"])
@on_a_loop
async def test_single_frames_come_late_twice_or_out_of_order(words):
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        order = []
        for name in ("orderStatus", "currentTime"):
            original = getattr(ib.wrapper, name)
            setattr(ib.wrapper, name, lambda *args, n=name, o=original: (order.append(n), o(*args)))
        await side.do(words)
        await limit(ib, wait=False)
        await ib.reqCurrentTimeAsync()
        expected = {"reorder": ["currentTime", "orderStatus"], "duplicate": ["orderStatus"] * 2 + ["currentTime"]}
        wanted = expected.get(words.split()[0], ["currentTime", "orderStatus"])
        await until(lambda: len(order) == len(wanted))
        assert order == wanted


def test_chaos_is_the_same_for_a_seed():
    def hits(seed):
        faults = FrameFaults()
        faults.unleash(seed, 0.3, ("openOrder",))
        return [faults.apply("openOrder", ["5", str(number), "a", "b", "c", "d"]) for number in range(50)]

    assert hits(1) == hits(1) != hits(2)
    assert 5 < sum(outcome[0][2] != "" or len(outcome) > 1 for outcome in hits(1)) < 30


def test_a_rule_hits_its_kind_its_field_and_its_count_only():
    faults = FrameFaults()
    faults.add(FrameFault("swallow", "openOrder", 2, text="R"))
    seen = [faults.apply("openOrder", ["5", ref])[0][1] is None for ref in ("R", "S", "R", "R")]
    assert seen == [True, False, True, False]
    assert not faults.active


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("fil R", "did you mean 'fill'"),
        ("fill NOBODY", "NOBODY"),
        ("swallow openOrders", "neither a message nor a request"),
        ("session shut", "session closed"),
        ("farm down mars", "farm"),
        ("speed -1", "above 0"),
        ("commission sometimes", "must be"),
        ("fill 'R", "cannot be read"),
        ("", "verb"),
    ],
)
@on_a_loop
async def test_a_verb_that_is_none_is_answered_in_one_sentence(words, part):
    async with running() as gateway, side_of(gateway) as side:
        answer = await side.ask(do=words)
        assert answer["ok"] is False
        assert part in answer["error"]


@on_a_loop
async def test_the_side_channel_answers_what_it_cannot_read():
    async with running() as gateway, side_of(gateway) as side:
        assert "asks for nothing" in (await side.ask(wish=1))["error"]
        assert (await side.truth())["ok"]


@on_a_loop
async def test_a_script_does_its_faults_at_their_time():
    async with running(script="10:00:10 err 2103\n10:00:30 err 2104  # back\n") as gateway, side_of(gateway) as side, insync(gateway) as ib:
        errors = listen(ib)
        await side.do("step 2")
        await until(lambda: errors == [(-1, 2103)])
        await side.do("step 3")
        await ib.reqCurrentTimeAsync()
        assert errors == [(-1, 2103)]
        await side.do("step")
        await until(lambda: errors == [(-1, 2103), (-1, 2104)])


@pytest.mark.parametrize(
    ("text", "part"), [("ten err 1100", "line 1: 'ten' is no time"), ("10:00", "no fault"), ("\n10:01 drop\n10:00 drop", "line 3")]
)
def test_a_script_that_is_none_names_its_line(text, part):
    with pytest.raises(GatewayError, match=part):
        Script(text, dt.date(2025, 10, 2))


@on_a_loop
async def test_a_script_line_that_cannot_be_done_is_told_and_the_replay_goes_on():
    async with running(script="10:00:05 fill NOBODY\n") as gateway, side_of(gateway) as side:
        assert (await side.do("step 3"))["pieces"] == 3
        event = await side.next_event()
        assert (event["event"], event["words"]) == ("script", "fill NOBODY")


@on_a_loop
async def test_a_flood_of_ticks_arrives():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        ib.reqMktData(await front(ib))
        ticks = tapped(ib, "priceSizeTick")
        sent = (await side.do("flood 2000 0.2s"))["ticks"]
        assert sent > 200
        await until(lambda: len(ticks) >= sent)
