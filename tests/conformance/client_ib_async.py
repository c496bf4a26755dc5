"""ib_async against the gateway: prints the same facts as client_official.py.

Run by run.py in an environment of its own: client_ib_async.py PORT
"""

from __future__ import annotations

import asyncio
import json
import sys

from ib_async import IB, Future, LimitOrder, MarketOrder, StopOrder

SECONDS = 20.0


async def until(condition, what):
    try:
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise SystemExit(f"waited in vain for {what}") from None


async def main(port):
    ib, errors, commissions = IB(), set(), []
    ib.errorEvent += lambda reference, code, *_: errors.add((reference, code))
    ib.commissionReportEvent += lambda trade, fill, report: commissions.append(report.commission)
    await ib.connectAsync("127.0.0.1", port, clientId=12, timeout=SECONDS)
    summary = await ib.accountSummaryAsync()
    details = await ib.reqContractDetailsAsync(Future("MES", exchange="CME"))
    [contract] = await ib.qualifyContractsAsync(Future("MES", localSymbol=details[0].contract.localSymbol, exchange="CME"))
    bars, ticker = ib.reqRealTimeBars(contract, 5, "TRADES", False), ib.reqMktData(contract)
    history = await ib.reqHistoricalDataAsync(contract, "", "3600 S", "1 min", "TRADES", False, 2)
    await until(lambda: bars and ticker.bid > 0 and ticker.ask > 0 and ticker.last > 0, "bars and quotes")
    price = bars[-1].close
    market = ib.placeOrder(contract, MarketOrder("BUY", 1, tif="DAY", orderRef="x-market"))
    await until(lambda: market.orderStatus.status == "Filled" and commissions, "the market fill")
    entry, _target, stop = bracket = ib.bracketOrder("BUY", 1, price - 50, price, price - 60, tif="DAY")
    for order, name in zip(bracket, ("entry", "target", "stop"), strict=True):
        order.orderRef = f"x-{name}"
    assert isinstance(stop, StopOrder)
    trades = [ib.placeOrder(contract, order) for order in bracket]
    await until(lambda: all(trade.orderStatus.status in ("Submitted", "PreSubmitted") for trade in trades), "the bracket")
    parents = {trade.order.parentId - entry.orderId for trade in trades if trade.order is stop}
    ib.cancelOrder(entry)
    await until(lambda: all(trade.orderStatus.status == "Cancelled" for trade in trades), "the bracket's end")
    big = ib.placeOrder(contract, LimitOrder("BUY", 500, price - 50, tif="DAY", orderRef="x-big"))
    off = ib.placeOrder(contract, LimitOrder("BUY", 1, price - 50.1, tif="DAY", orderRef="x-off"))
    await until(lambda: {(big.order.orderId, 201), (off.order.orderId, 110)} <= errors, "the rejections")
    executions = await ib.reqExecutionsAsync()
    completed = await ib.reqCompletedOrdersAsync(False)
    await until(lambda: any(position.position == 1 for position in ib.positions()), "the position")
    facts = {
        "accounts": ",".join(ib.managedAccounts()),
        "net_liquidation": next(value.value for value in summary if value.tag == "NetLiquidation"),
        "months": [each.contract.localSymbol for each in details],
        "bars": len(bars) > 0,
        "quotes": [1, 2, 4],
        "history": len(history),
        "bracket_parents": sorted(parents),
        "executions": sorted({fill.execution.execId for fill in executions}),
        "commission": commissions[0],
        "completed": sorted({f"{trade.order.orderRef} {trade.orderStatus.status}" for trade in completed}),
        "errors": sorted({code for _, code in errors}),
    }
    ib.disconnect()
    print(json.dumps(facts))


asyncio.run(main(int(sys.argv[1])))
