"""Messages field for field: against recorded ones of a real TWS, against the field counts of version 176, and by ib_insync's decoder."""

from __future__ import annotations

import asyncio
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from bot.gateway import messages
from bot.gateway.errors import WireError
from bot.gateway.instruments import Future
from bot.gateway.messages import Candle
from bot.gateway.order_messages import completed_order, decode_named, encode_named, exec_details, open_order, order_status
from bot.gateway.order_request import OrderRequest
from bot.gateway.orders import Execution, Order, Status

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "data" / "tws"
UNSET = "1.7976931348623157E308"


def recorded(name: str) -> list[str]:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"the recorded message {name} is not beside this checkout")
    return path.read_text().rstrip("\n").split("|")[:-1]


@pytest.mark.parametrize(
    ("kind", "name", "count"), [("openOrder", "golden_open_order.txt", 132), ("completedOrder", "golden_completed.txt", 96)]
)
def test_a_recorded_message_decodes_and_encodes_field_for_field(kind, name, count):
    fields = recorded(name)
    values = decode_named(kind, fields)
    assert len(fields) == count
    # it comes from a server below 176, which does not have all of the last five fields
    assert encode_named(kind, values)[: len(fields)] == fields
    assert encode_named(kind, values)[len(fields) :] == [""] * (len(encode_named(kind, values)) - count)


def test_the_recorded_open_order_is_what_its_names_say():
    values = decode_named("openOrder", recorded("golden_open_order.txt"))
    wanted = dict(orderId="13", symbol="TSLA", action="BUY", totalQuantity="100", orderType="MKT", tif="DAY", account="DU1234567")
    assert values | wanted == values
    assert (values["clientId"], values["permId"], values["status"]) == ("100", "1376327563", "PreSubmitted")
    assert values["sharesAllocation"] == "1376327563.0/DU1234567/100"
    assert (values["deltaNeutralOrderType"], values["deltaNeutralOpenClose"]) == ("None", "?")
    assert values["equityWithLoanAfter"] == UNSET


def test_the_recorded_completed_order_is_what_its_names_say():
    values = decode_named("completedOrder", recorded("golden_completed.txt"))
    assert (values["symbol"], values["permId"], values["status"], values["filledQuantity"]) == ("AAPL", "1824933227", "Filled", "100")
    assert (values["completedTime"], values["completedStatus"]) == ("20230306 12:28:30 America/Los_Angeles", "Filled Size: 100")


def test_our_defaults_are_those_of_the_recorded_messages():
    """Only what names this very order and contract differs from what we send for a plain one."""
    own = {"orderId", "conId", "symbol", "secType", "exchange", "currency", "localSymbol", "tradingClass", "action", "totalQuantity"}
    own |= {
        "orderType",
        "account",
        "clientId",
        "permId",
        "sharesAllocation",
        "status",
        "filledQuantity",
        "completedTime",
        "completedStatus",
    }
    for kind, name in (("openOrder", "golden_open_order.txt"), ("completedOrder", "golden_completed.txt")):
        values = decode_named(kind, recorded(name))
        plain = decode_named(kind, encode_named(kind, {}))
        assert {field for field in values if values[field] != plain[field]} <= own


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [(["5", "1"], "2 fields where 136"), (encode_named("openOrder", {"id": "101"}), "message id .101.")],
)
def test_a_message_that_is_none_is_refused(fields, complaint):
    with pytest.raises(WireError, match=complaint):
        decode_named("openOrder", fields)


def test_an_unknown_name_is_refused():
    with pytest.raises(WireError, match="lmtPricee"):
        encode_named("openOrder", {"lmtPricee": "1"})


# ------------------------------------------------------------------- as ib_insync reads them

MESZ5 = Future(700202512, "MESZ5", "202512", dt.date(2025, 12, 19), 0)


def an_order(**changes) -> Order:
    request = OrderRequest(
        action="SELL", quantity=Decimal(2), order_type="STP LMT", limit_price=Decimal("6400.25"), aux_price=Decimal("6401"), tif="GTD",
        oca_group="", oca_type=0, account="DU1", open_close="O", origin=0, order_ref="MES-1", transmit=True, parent_id=0, outside_rth=True,
        good_till_date="20251002 10:31:00 US/Eastern", model_code="", trigger_method=0, hidden=False, what_if=False, unserved=(),
    )  # fmt: skip
    values = dict(
        client_id=7, order_id=12, perm_id=251002001, account="DU1", future=MESZ5, request=request, quantity=2, limit=25601, stop=25604,
        status=Status.SUBMITTED, transmitted=True, released=2,
    )  # fmt: skip
    return Order(**(values | changes))


def decoded(fields: list[str]) -> tuple[str, list[object]]:
    """What ib_insync's decoder at version 176 calls its wrapper with."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        from ib_insync.decoder import Decoder
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    calls: list[tuple[str, list[object]]] = []

    class Wrapper:
        ib = type("IB", (), {"TimezoneTWS": None})

        def __getattr__(self, name):
            return lambda *args: calls.append((name, list(args)))

    Decoder(Wrapper(), 176).interpret(list(fields))
    assert len(calls) == 1, f"ib_insync could not decode {fields}"
    return calls[0]


def test_open_order():
    fields = open_order(an_order(), order_id=12)
    assert len(fields) == 136
    _, (order_id, contract, order, state) = decoded(fields)
    assert (order_id, contract.localSymbol, contract.multiplier, contract.conId) == (12, "MESZ5", "5", 700202512)
    assert (order.action, order.totalQuantity, order.orderType, order.lmtPrice, order.auxPrice) == ("SELL", 2, "STP LMT", 6400.25, 6401.0)
    assert (order.tif, order.goodTillDate, order.orderRef, order.permId) == ("GTD", "20251002 10:31:00 US/Eastern", "MES-1", 251002001)
    assert (order.clientId, order.outsideRth, order.account, state.status) == (7, True, "DU1", "Submitted")


def test_completed_order():
    done = an_order(status=Status.FILLED, filled=2, completed_ns=1_759_415_460_000_000_000, completed_text="Filled Size: 2")
    fields = completed_order(done)
    assert len(fields) == 101
    _, (_, order, state) = decoded(fields)
    assert (order.permId, order.filledQuantity, state.status) == (251002001, 2, "Filled")
    assert (state.completedTime, state.completedStatus) == ("20251002 09:31:00 US/Central", "Filled Size: 2")


def test_order_status():
    _, values = decoded(order_status(an_order(filled=1, value=25602, last_fill=25602), order_id=12))
    assert values == [12, "Submitted", 1.0, 1.0, 6400.5, 251002001, 0, 6400.5, 7, "trigger", 0.0]


def test_exec_details():
    execution = Execution("0003d47a.00000001.01.01", 1_759_415_460_000_000_000, an_order(), 1, 25602, 1, 25602.0, 62, None)
    fields = exec_details(execution, -1, 12, "20251002 09:31:00 US/Central")
    assert len(fields) == 31
    _, (request_id, contract, seen) = decoded(fields)
    assert (request_id, contract.localSymbol, seen.side, seen.shares, seen.price) == (-1, "MESZ5", "SLD", 1.0, 6400.5)
    assert seen.time.isoformat() == "2025-10-02T14:31:00+00:00"
    assert (seen.orderRef, seen.permId, seen.clientId, seen.orderId) == ("MES-1", 251002001, 7, 12)


def test_contract_details():
    fields = messages.contract_details(
        3, MESZ5, ("20251002:1700-20251003:1600", "20251002:0830-20251002:1500"), "20251219 08:30:00 US/Central"
    )
    assert len(fields) == 40
    _, (_, details) = decoded(fields)
    contract = details.contract
    assert (contract.lastTradeDateOrContractMonth, details.lastTradeTime, contract.tradingClass) == ("20251219", "08:30:00", "MES")
    assert (details.minTick, contract.multiplier, details.timeZoneId, details.realExpirationDate) == (0.25, "5", "US/Central", "20251219")
    assert details.liquidHours == "20251002:0830-20251002:1500"


def test_bars_keep_their_wire_order():
    bar = Candle(1_759_415_460_000_000_000, 100, 108, 96, 104, 50)
    assert decoded(messages.realtime_bar(5, bar, 0))[1][:7] == [5, 1_759_415_460, 25.0, 27.0, 24.0, 26.0, 50.0]
    _, (_, update) = decoded(messages.historical_update(5, "1759415460", bar, 0))
    assert (update.open, update.high, update.low, update.close, update.volume) == (25.0, 27.0, 24.0, 26.0, 50.0)
