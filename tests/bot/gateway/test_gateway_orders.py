"""Orders over a real socket, with ib_insync."""

from __future__ import annotations

import pytest
from gateway_harness import insync, on_a_loop, running, side_of, until

LIVE = {"Submitted", "PreSubmitted"}


async def front(ib):
    from ib_insync import Future

    [contract] = await ib.qualifyContractsAsync(Future("MES", "202512", "CME"))
    return contract


def last_price(gateway) -> float:
    return gateway.marks[gateway.instruments.front.con_id] * 0.25


async def bracket_of(ib, gateway, action="BUY", quantity=1, entry=-10.0, target=+10.0, stop=-20.0, ref="B"):
    """A bracket around the last price (distances in points from it), acknowledged."""
    price, contract = last_price(gateway), await front(ib)
    orders = ib.bracketOrder(action, quantity, price + entry, price + target, price + stop, tif="DAY")
    for order, name in zip(orders, ("entry", "target", "stop"), strict=True):
        order.orderRef = f"{ref}-{name}"
    trades = [ib.placeOrder(contract, order) for order in orders]
    await until(lambda: all(trade.orderStatus.status in LIVE for trade in trades), "the bracket's acknowledgement")
    return trades


@on_a_loop
async def test_a_market_order_fills_at_the_next_open_less_slippage_and_is_paid_for():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import MarketOrder

        order = []
        ib.wrapper.openOrder, opened = (lambda *a: (order.append(f"openOrder {a[3].status}"), opened(*a))), ib.wrapper.openOrder
        ib.wrapper.orderStatus, status = (lambda *a: (order.append(f"orderStatus {a[1]}"), status(*a))), ib.wrapper.orderStatus
        ib.wrapper.execDetails, executed = (lambda *a: (order.append("execDetails"), executed(*a))), ib.wrapper.execDetails
        ib.wrapper.commissionReport, paid = (lambda *a: (order.append("commissionReport"), paid(*a))), ib.wrapper.commissionReport
        opening = next(bar.open for bar in gateway.config.bars if bar.ts_ns > gateway.now_ns) * 0.25
        trade = ib.placeOrder(await front(ib), MarketOrder("BUY", 1, tif="DAY", orderRef="M"))
        await until(lambda: trade.orderStatus.status == "PreSubmitted")
        await side.do("step")
        await until(lambda: trade.fills and trade.fills[0].commissionReport.commission, "the fill")
        execution = trade.fills[0].execution
        assert execution.price == opening + 0.25
        assert execution.time.isoformat() == "2025-10-02T14:00:00+00:00"
        assert (execution.execId[-6:], execution.orderRef, execution.side) == (".01.01", "M", "BOT")
        assert trade.fills[0].commissionReport.commission == 0.62
        assert order == [
            "openOrder PreSubmitted", "orderStatus PreSubmitted", "execDetails", "openOrder Filled", "orderStatus Filled",
            "openOrder Filled", "commissionReport",
        ]  # fmt: skip
        account = (await side.truth())["accounts"]["DU1234567"]
        assert account["positions"]["MESZ5"]["contracts"] == 1
        assert account["cash_usd"] == 9999.38


@on_a_loop
async def test_children_wait_for_their_parent_and_the_target_takes_the_stop_with_it():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        entry, target, stop = await bracket_of(ib, gateway)
        assert [trade.orderStatus.status for trade in (entry, target, stop)] == ["Submitted", "PreSubmitted", "PreSubmitted"]
        assert [trade.orderStatus.whyHeld for trade in (entry, target, stop)] == ["", "child", "child,trigger"]
        await side.do("fill B-entry")
        await until(lambda: target.orderStatus.status == "Submitted" and stop.orderStatus.whyHeld == "trigger", "the children")
        await side.do("fill B-target")
        await until(lambda: stop.orderStatus.status == "Cancelled", "the stop's end")
        truth = await side.truth()
        assert truth["orders"] == []
        assert truth["accounts"]["DU1234567"]["positions"]["MESZ5"]["contracts"] == 0
        assert truth["accounts"]["DU1234567"]["cash_usd"] == pytest.approx(10_000 + 20 * 5 - 2 * 0.62)
        assert truth["executions"][1]["realized_usd"] == pytest.approx(20 * 5 - 2 * 0.62)


@on_a_loop
async def test_the_market_fills_limits_only_through_them_and_stops_at_a_touch():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import LimitOrder, StopOrder

        contract, pieces = await front(ib), list(gateway.tape.replay(gateway.now_ns, gateway.config.end_ns))
        first = pieces[:60]
        low = min(piece.low for piece in first)
        touched = next(index for index, piece in enumerate(first) if piece.low == low)
        at_low = ib.placeOrder(contract, LimitOrder("BUY", 1, low * 0.25, tif="DAY", orderRef="at"))
        above = ib.placeOrder(contract, LimitOrder("BUY", 1, low * 0.25 + 0.25, tif="DAY", orderRef="above"))
        stop = ib.placeOrder(contract, StopOrder("SELL", 1, low * 0.25, tif="DAY", orderRef="stop"))
        await until(lambda: all(trade.orderStatus.status in LIVE for trade in (at_low, above, stop)))
        await side.do(f"step {touched + 1}")
        await until(lambda: above.orderStatus.status == "Filled" and stop.orderStatus.status == "Filled", "the fills")
        assert at_low.orderStatus.status == "Submitted"
        assert above.fills[0].execution.price == low * 0.25 + 0.25
        assert stop.fills[0].execution.price == low * 0.25 - 0.25


@on_a_loop
async def test_a_stop_limit_is_triggered_then_works_as_a_limit():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import StopLimitOrder

        pieces = list(gateway.tape.replay(gateway.now_ns, gateway.config.end_ns))[:240]
        high = max(piece.high for piece in pieces)
        reached = next(index for index, piece in enumerate(pieces) if piece.high == high)
        # triggered by the high; its limit lies far below, so it cannot fill in that piece
        order = StopLimitOrder("BUY", 1, pieces[reached].low * 0.25 - 5.0, high * 0.25, tif="DAY", orderRef="SL")
        trade = ib.placeOrder(await front(ib), order)
        await until(lambda: trade.orderStatus.status == "PreSubmitted")
        await side.do(f"step {reached}")
        assert (await side.truth())["orders"][0]["why_held"] == "trigger"
        await side.do("step")
        await until(lambda: trade.orderStatus.status == "Submitted", "the trigger")
        assert trade.orderStatus.filled == 0


@on_a_loop
async def test_partial_fills_bring_children_to_life_in_size_and_reduce_the_group():
    async with running(cash_usd=50_000) as gateway, side_of(gateway) as side, insync(gateway) as ib:
        entry, target, stop = await bracket_of(ib, gateway, quantity=3)
        await side.do("fill B-entry 2 of 3")
        await until(lambda: target.orderStatus.status == "Submitted")
        assert (entry.orderStatus.filled, entry.orderStatus.remaining, entry.orderStatus.avgFillPrice) == (2.0, 1.0, entry.order.lmtPrice)
        working = {order["ref"]: order["working"] for order in (await side.truth())["orders"]}
        assert working == {"B-entry": 1, "B-target": 2, "B-stop": 2}
        await side.do("fill B-target 1 of 2")
        await until(lambda: stop.order.totalQuantity == 2, "the stop's smaller size")
        ib.cancelOrder(entry.order)
        await until(lambda: entry.orderStatus.status == "Cancelled")
        await until(lambda: target.order.totalQuantity == 2, "the target's size")
        left = {order["ref"]: (order["working"], order["quantity"]) for order in (await side.truth())["orders"]}
        assert left == {"B-target": (1, 2), "B-stop": (1, 1)}
        await side.do("fill B-stop")
        await until(lambda: target.orderStatus.status == "Cancelled")
        truth = await side.truth()
        assert truth["orders"] == []
        assert truth["accounts"]["DU1234567"]["positions"]["MESZ5"]["contracts"] == 0


@on_a_loop
async def test_cancelling_the_parent_takes_the_children_with_it_and_says_202():
    async with running() as gateway, insync(gateway) as ib:
        errors = []
        ib.errorEvent += lambda reference, code, *_: errors.append((reference, code))
        trades = await bracket_of(ib, gateway)
        ib.cancelOrder(trades[0].order)
        await until(lambda: all(trade.orderStatus.status == "Cancelled" for trade in trades))
        assert [(trade.order.orderId, 202) for trade in trades] == [error for error in errors if error[1] == 202]


@on_a_loop
async def test_an_order_is_modified_by_placing_it_again():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        entry, *_ = await bracket_of(ib, gateway)
        entry.order.lmtPrice -= 2.0
        wanted = entry.order.lmtPrice
        ib.placeOrder(entry.contract, entry.order)
        await until(lambda: any(entry.log[-1].message == message for message in ("Modified",)), "the acknowledgement")
        orders = (await side.truth())["orders"]
        assert [order["limit"] for order in orders if order["ref"] == "B-entry"] == [wanted]
        assert len(orders) == 3


@on_a_loop
async def test_good_till_date_is_market_time():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import LimitOrder

        order = LimitOrder("BUY", 1, last_price(gateway) - 100, tif="GTD", goodTillDate="20251002 10:01:30 US/Eastern", orderRef="G")
        trade = ib.placeOrder(await front(ib), order)
        await until(lambda: trade.orderStatus.status == "Submitted")
        await side.do("step 17")
        assert [order["status"] for order in (await side.truth())["orders"]] == ["Submitted"]
        await side.do("step")
        await until(lambda: trade.orderStatus.status == "Cancelled")
        assert (await side.truth())["completed"][0]["completed"] == "Order expired"


def errors_of(ib) -> dict[int, tuple[int, str]]:
    seen: dict[int, tuple[int, str]] = {}
    ib.errorEvent += lambda reference, code, text, *_: seen.__setitem__(reference, (code, text))
    return seen


@on_a_loop
async def test_refusals_have_the_codes_of_tws():
    async with running(cash_usd=2_500) as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import Future, LimitOrder, Order

        errors, contract, price = errors_of(ib), await front(ib), last_price(gateway)

        def place(order, where=contract):
            return ib.placeOrder(where, order).order.orderId

        expected = {
            place(LimitOrder("BUY", 2, price - 10, tif="DAY")): (201, "INITIAL MARGIN"),
            place(LimitOrder("BUY", 1, price - 10.1, tif="DAY")): (110, "minimum price variation"),
            place(LimitOrder("BUY", 1, price, tif="DAY", parentId=99)): (135, "99"),
            place(LimitOrder("BUY", 1.5, price, tif="DAY")): (321, "whole contracts"),
            place(LimitOrder("HOLD", 1, price, tif="DAY")): (321, "side"),
            place(Order(action="BUY", totalQuantity=1, orderType="TRAIL", auxPrice=1, tif="DAY")): (387, "Unsupported"),
            place(LimitOrder("BUY", 1, price, tif="DAY", algoStrategy="Adaptive")): (321, "algoStrategy"),
            place(LimitOrder("BUY", 1, price, tif="DAY", account="DU9")): (436, "account"),
            place(LimitOrder("BUY", 1, price, tif="DAY"), Future("ES", "202512", "CME")): (200, "No security"),
            place(LimitOrder("BUY", 1, price, tif="DAY"), Future("MES", exchange="CME")): (200, "ambiguous"),
            place(LimitOrder("BUY", 1, price - 50, tif="GTD", goodTillDate="20251002 09:00:00 US/Eastern")): (201, "good till"),
        }
        await until(lambda: expected.keys() <= errors.keys(), "every refusal")
        for number, (code, part) in expected.items():
            assert errors[number][0] == code
            assert part in errors[number][1]
        assert (await side.truth())["orders"] == []


@on_a_loop
async def test_an_id_once_used_is_a_duplicate_and_a_filled_order_cannot_change():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        entry, *_ = await bracket_of(ib, gateway)
        errors = errors_of(ib)
        await side.do("fill B-entry")
        await until(lambda: entry.orderStatus.status == "Filled")
        ib.client.placeOrder(entry.order.orderId, entry.contract, entry.order)
        await until(lambda: errors.get(entry.order.orderId, (0,))[0] == 104)
        await side.do("kill B-stop")
        ib.client.placeOrder(entry.order.orderId + 2, entry.contract, entry.order)
        await until(lambda: errors.get(entry.order.orderId + 2, (0,))[0] == 103)
        ib.client.cancelOrder(entry.order.orderId)
        await until(lambda: errors[entry.order.orderId][0] == 10148)
        assert "state: Filled" in errors[entry.order.orderId][1]
        ib.client.cancelOrder(4711)
        await until(lambda: errors.get(4711, (0,))[0] == 10147)


@on_a_loop
async def test_a_refused_modification_leaves_the_order_as_it_was():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        entry, target, _ = await bracket_of(ib, gateway)
        errors, before = errors_of(ib), (await side.truth())["orders"]
        entry.order.lmtPrice += 0.1
        ib.placeOrder(entry.contract, entry.order)
        await until(lambda: errors.get(entry.order.orderId, (0,))[0] == 110)
        target.order.ocaGroup = "mine"
        ib.placeOrder(target.contract, target.order)
        await until(lambda: errors.get(target.order.orderId, (0,))[0] == 10326)
        assert (await side.truth())["orders"] == before


@on_a_loop
async def test_what_if_answers_with_margin_and_leaves_nothing():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import LimitOrder

        state = await ib.whatIfOrderAsync(await front(ib), LimitOrder("BUY", 2, last_price(gateway), tif="DAY"))
        assert (state.initMarginBefore, state.initMarginChange, state.commission) == ("0.00", "4800.00", 1.24)
        assert (await side.truth())["orders"] == []


@on_a_loop
async def test_an_untransmitted_parent_waits_until_its_last_child_comes():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        contract, price = await front(ib), last_price(gateway)
        parent, target, stop = ib.bracketOrder("BUY", 1, price - 5, price + 5, price - 10, tif="DAY")
        ib.placeOrder(contract, parent)
        ib.placeOrder(contract, target)
        await ib.reqCurrentTimeAsync()
        assert [order["transmitted"] for order in (await side.truth())["orders"]] == [False, False]
        await side.do("step 12")
        assert ib.fills() == []
        ib.placeOrder(contract, stop)
        await until(lambda: all(trade.orderStatus.status in LIVE for trade in ib.openTrades()))
        assert [order["transmitted"] for order in (await side.truth())["orders"]] == [True] * 3


@on_a_loop
async def test_explicit_oca_of_type_one_cancels_the_others():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import LimitOrder

        contract, price = await front(ib), last_price(gateway)
        orders = ib.oneCancelsAll([LimitOrder("BUY", 1, price - x, tif="DAY", orderRef=f"O{x}") for x in (30, 40)], "group", 1)
        one, other = [ib.placeOrder(contract, order) for order in orders]
        await until(lambda: one.orderStatus.status == other.orderStatus.status == "Submitted")
        await side.do("fill O30")
        await until(lambda: other.orderStatus.status == "Cancelled")


@on_a_loop
async def test_a_piece_can_be_told_to_fill_one_contract_at_a_time():
    async with running(contracts_a_piece=1) as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import MarketOrder

        trade = ib.placeOrder(await front(ib), MarketOrder("SELL", 3, tif="DAY"))
        await until(lambda: trade.orderStatus.status == "PreSubmitted")
        await side.do("step 3")
        await until(lambda: trade.orderStatus.status == "Filled")
        assert [fill.execution.cumQty for fill in trade.fills] == [1.0, 2.0, 3.0]
