"""The official API (PyPI nautilus-ibapi) against the gateway: prints the facts in run.py as one JSON object.

Run by run.py in an environment of its own: client_official.py PORT
"""

from __future__ import annotations

import json
import sys
import threading
import time
from decimal import Decimal

from ibapi.account_summary_tags import AccountSummaryTags
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.order_cancel import OrderCancel
from ibapi.wrapper import EWrapper

SECONDS = 20.0


class App(EClient, EWrapper):
    """Collects what arrives by name."""

    def __init__(self):
        EClient.__init__(self, self)
        EWrapper.__init__(self)
        self.seen = {}
        self.status = {}

    def note(self, name, value):
        self.seen.setdefault(name, []).append(value)

    def nextValidId(self, orderId):
        self.note("nextValidId", orderId)

    def managedAccounts(self, accountsList):
        self.note("accounts", accountsList)

    def accountSummary(self, reqId, account, tag, value, currency):
        self.note("summary", (tag, value))

    def accountSummaryEnd(self, reqId):
        self.note("summaryEnd", reqId)

    def positionEnd(self):
        self.note("positionEnd", True)

    def position(self, account, contract, position, avgCost):
        self.note("position", float(position))

    def contractDetails(self, reqId, contractDetails):
        self.note("details", contractDetails)

    def contractDetailsEnd(self, reqId):
        self.note("detailsEnd", reqId)

    def realtimeBar(self, reqId, time, open_, high, low, close, volume, wap, count):
        self.note("bar", (time, open_, high, low, close, float(volume)))

    def tickPrice(self, reqId, tickType, price, attrib):
        self.note("tick", (tickType, price))

    def historicalData(self, reqId, bar):
        self.note("history", bar.date)

    def historicalDataEnd(self, reqId, start, end):
        self.note("historyEnd", reqId)

    def openOrder(self, orderId, contract, order, orderState):
        self.note("openOrder", (orderId, order.orderRef, orderState.status, order.parentId, float(order.totalQuantity)))

    def orderStatus(self, orderId, status, *rest):
        self.status[orderId] = status

    def execDetails(self, reqId, contract, execution):
        self.note("exec", (execution.execId, execution.orderRef, float(execution.shares), execution.price))

    def execDetailsEnd(self, reqId):
        self.note("execEnd", reqId)

    def commissionReport(self, report):
        self.note("commission", report.commission)

    def commissionAndFeesReport(self, report):
        self.note("commission", report.commissionAndFees)

    def completedOrder(self, contract, order, orderState):
        self.note("completed", (order.orderRef, orderState.status))

    def completedOrdersEnd(self):
        self.note("completedEnd", True)

    def error(self, reqId, *rest):
        code = next(value for value in rest if isinstance(value, int) and 0 < value < 100_000)
        self.note("error", (reqId, code))

    def until(self, condition, what):
        end = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f"waited in vain for {what}; seen {json.dumps(self.seen, default=str)[:3000]}")
            time.sleep(0.005)

    def got(self, name):
        self.until(lambda: name in self.seen, name)
        return self.seen[name]


def future(**fields):
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = "MES", "FUT", "CME", "USD"
    for name, value in fields.items():
        setattr(contract, name, value)
    return contract


def order(action, kind, quantity, ref, **fields):
    made = Order()
    made.action, made.orderType, made.totalQuantity, made.orderRef, made.tif = action, kind, Decimal(quantity), ref, "DAY"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def main(port):
    app = App()
    app.connect("127.0.0.1", port, 11)
    threading.Thread(target=app.run, daemon=True).start()
    first = app.got("nextValidId")[0]
    app.reqAccountSummary(901, "All", AccountSummaryTags.AllTags)
    app.reqPositions()
    app.reqContractDetails(902, future())
    for name in ("summaryEnd", "positionEnd", "detailsEnd"):
        app.got(name)
    details = app.seen["details"]
    front = details[0].contract
    contract = future(localSymbol=front.localSymbol)
    app.reqRealTimeBars(903, contract, 5, "TRADES", False, [])
    app.reqMktData(904, contract, "", False, False, [])
    app.reqHistoricalData(905, contract, "", "3600 S", "1 min", "TRADES", 0, 2, False, [])
    app.got("historyEnd"), app.got("tick"), app.got("bar")
    price = app.seen["bar"][-1][4]
    ids = iter(range(first, first + 20))
    market = next(ids)
    app.placeOrder(market, contract, order("BUY", "MKT", 1, "x-market"))
    app.until(lambda: app.status.get(market) == "Filled" and "commission" in app.seen, "the market fill")
    parent, target, stop = next(ids), next(ids), next(ids)
    app.placeOrder(parent, contract, order("BUY", "LMT", 1, "x-entry", lmtPrice=price - 50, transmit=False))
    app.placeOrder(target, contract, order("SELL", "LMT", 1, "x-target", lmtPrice=price, parentId=parent, transmit=False))
    app.placeOrder(stop, contract, order("SELL", "STP", 1, "x-stop", auxPrice=price - 60, parentId=parent))
    app.until(lambda: {parent, target, stop} <= app.status.keys(), "the bracket")
    app.cancelOrder(parent, OrderCancel())
    app.until(lambda: all(app.status[number] == "Cancelled" for number in (parent, target, stop)), "the bracket's end")
    big, off_tick = next(ids), next(ids)
    app.placeOrder(big, contract, order("BUY", "LMT", 500, "x-big", lmtPrice=price - 50))
    app.placeOrder(off_tick, contract, order("BUY", "LMT", 1, "x-off", lmtPrice=price - 50.1))
    app.until(lambda: {(big, 201), (off_tick, 110)} <= set(app.seen["error"]), "the rejections")
    app.reqExecutions(906, ExecutionFilter())
    app.reqCompletedOrders(False)
    app.got("execEnd"), app.got("completedEnd")
    app.until(lambda: 1.0 in app.seen.get("position", []), "the position")
    facts = {
        "accounts": app.seen["accounts"][0],
        "net_liquidation": next(value for tag, value in app.seen["summary"] if tag == "NetLiquidation"),
        "months": [each.contract.localSymbol for each in details],
        "bars": len(app.seen["bar"]) > 0,
        "quotes": sorted({kind for kind, _ in app.seen["tick"]})[:3],
        "history": len(app.seen["history"]),
        "bracket_parents": sorted({parent_id - parent for _, ref, _, parent_id, _ in app.seen["openOrder"] if ref == "x-stop"}),
        "executions": sorted({exec_id for exec_id, *_ in app.seen["exec"]}),
        "commission": app.seen["commission"][0],
        "completed": sorted({f"{ref} {status}" for ref, status in app.seen["completed"]}),
        "errors": sorted({code for _, code in app.seen["error"]}),
    }
    app.disconnect()
    print(json.dumps(facts))


main(int(sys.argv[1]))
