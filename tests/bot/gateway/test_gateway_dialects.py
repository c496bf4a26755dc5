"""Requests as the other clients' libraries encode them, byte for byte, over a raw socket; and requests that are wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from gateway_harness import WAIT_SECONDS, on_a_loop, running

from bot.gateway.errors import FieldError
from bot.gateway.requests import decode_request
from bot.gateway.wire import encode_frame, read_frame

MAX = "1.7976931348623157e+308"
INT = "2147483647"
# placeOrder of BUY 1 MESZ5 LMT 6365.75, ref E, transmit 0, with order id 2: recorded from nautilus-ibapi 10.46.1
OFFICIAL = (
    f"3|2|0|MES|FUT|||||CME||USD|MESZ5||||BUY|1|LMT|6365.75||DAY||||0|E|0|0|0|0|0|0|0|0||0||||||||0||-1|0|||0|||0|0||0||||||0|||||0|"
    f"||||||||||0|||0|0|||0||0|0|0|0||{MAX}|{MAX}|{MAX}|{MAX}|{MAX}|0||||{MAX}|||||0|0|0||{INT}|{INT}|0||"
)
# the same from @stoqey/ib 1.6.10, which leaves out every default
STOQEY = (
    "3|2||MES|FUT|||||CME||USD|MESZ5||||BUY|1|LMT|6365.75||DAY|||||E|0||||||||||||"
    "|||||||||||||||||||||||||||||||||||||||||||0||||||||0||||||||||||||||||||||||"
)


class Raw:
    """A client made of a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, fields: list[str]) -> None:
        self._writer.write(encode_frame(fields))

    async def next(self, number: str) -> list[str]:
        """The next message with this id."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (fields := await read_frame(self._reader)) is not None:
                if fields[0] == number:
                    return fields
        pytest.fail(f"the gateway hung up before message {number}")

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def raw(gateway) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    offer = b"v100..223"
    writer.write(b"API\0" + len(offer).to_bytes(4, "big") + offer)
    assert (await read_frame(reader))[0] == "176"
    client = Raw(reader, writer)
    client.send(["71", "2", "5", ""])
    await client.next("9")
    try:
        yield client
    finally:
        client.close()


@pytest.mark.parametrize("text", [OFFICIAL, STOQEY], ids=["official", "stoqey"])
@on_a_loop
async def test_an_order_in_another_dialect_is_the_same_order(text):
    fields = text.split("|")
    assert len(fields) == 115
    transmitted = [*fields[:27], "1", *fields[28:]]
    async with running() as gateway, raw(gateway) as client:
        client.send(transmitted)
        opened = await client.next("5")
        assert len(opened) == 136
        assert (opened[1], opened[10], opened[11], opened[12]) == ("2", "USD", "MESZ5", "MES")
        assert opened[13:19] == ["BUY", "1", "LMT", "6365.75", "0.0", "DAY"]
        assert (opened[20], opened[23], opened[24], opened[94]) == ("DU1234567", "E", "5", "Submitted")


def test_the_transmit_flag_is_one_by_default():
    fields = STOQEY.split("|")
    assert decode_request(fields).order.transmit is False
    assert decode_request([*fields[:27], "", *fields[28:]]).order.transmit is True


@pytest.mark.parametrize(
    "unset", ["", INT, MAX, "1.7976931348623157E308", "1.7976931348623157E+308"], ids=["empty", "int", "python", "java", "signed"]
)
def test_every_spelling_of_unset_is_unset(unset):
    fields = OFFICIAL.split("|")
    order = decode_request([*fields[:20], unset, *fields[21:]]).order
    assert order.aux_price is None


@pytest.mark.parametrize(
    ("place", "value", "name"),
    [
        (1, "x", "orderId"), (1, "", "orderId"), (2, "1.5", "conId"), (17, "many", "totalQuantity"), (19, "nan", "lmtPrice"),
        (27, "yes", "transmit"), (85, "2", "whatIf"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(place, value, name):
    fields = OFFICIAL.split("|")
    fields[place] = value
    with pytest.raises(FieldError, match=name):
        decode_request(fields)


@pytest.mark.parametrize(("change", "count"), [(lambda fields: fields[:-1], 114), (lambda fields: [*fields, ""], 116)])
@on_a_loop
async def test_a_wrong_count_is_an_error_to_the_client_and_not_a_guess(change, count):
    async with running() as gateway, raw(gateway) as client:
        client.send(change(OFFICIAL.split("|")))
        while (error := await client.next("4"))[3] != "321":
            pass
        assert error[2] == "2"
        assert f"{count} fields" in error[4]
        assert gateway.broker.open_orders() == []
        client.send(["49", "1"])  # and the connection lives
        assert await client.next("49") == ["49", "1", "1759413600"]


def test_a_request_for_a_bag_must_be_whole():
    legs = ["2", "1", "1", "BUY", "CME", "2", "1", "SELL", "CME"]
    contract = ["0", "MES", "BAG", "", "", "", "", "CME", "", "USD", "", ""]
    whole = ["1", "11", "7", *contract, *legs, "0", "", "0", "0", ""]
    assert decode_request(whole)["contract"].sec_type == "BAG"
    with pytest.raises(FieldError, match="reqMktData"):
        decode_request([*whole[:-5], *whole[-4:]])


@pytest.mark.parametrize(
    ("insert", "more"),
    [
        ({63: "", 65: "DN"}, {66: 8}),  # delta neutral: eight fields after its aux price
        ({77: "D"}, {77: 1}),
        ({83: "Adaptive"}, {83: 3}),
    ],
    ids=["delta neutral", "hedge", "algo"],
)
def test_inserts_of_richer_orders_are_read_and_named_as_not_served(insert, more):
    fields = OFFICIAL.split("|")
    for place, value in insert.items():
        fields[place] = value
    [(after, count)] = more.items()
    extra = ["1", "priority", "Normal"] if count == 3 else ["0"] * count
    order = decode_request([*fields[: after + 1], *extra, *fields[after + 1 :]]).order
    assert order.unserved
    with pytest.raises(FieldError):
        decode_request(fields)


@on_a_loop
async def test_an_unknown_request_is_321():
    async with running() as gateway, raw(gateway) as client:
        client.send(["10", "5", "8", "0", "MES"])
        while (error := await client.next("4"))[3] != "321":
            pass
        assert "'10'" in error[4]
