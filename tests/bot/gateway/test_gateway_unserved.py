"""Requests that TWS knows and this gateway does not serve: refused at once, under their own id."""

from __future__ import annotations

import asyncio
from inspect import signature
from unittest.mock import MagicMock

import pytest
from gateway_harness import WAIT_SECONDS, insync, new_ib, on_a_loop, running

from bot.gateway.errors import FieldError
from bot.gateway.requests import LAYOUTS, PLACE_ORDER, decode_request, reference_of

ID = 777


@on_a_loop
async def test_a_client_that_asks_for_what_is_not_served_does_not_wait_for_its_own_timeout():
    from ib_insync import Future

    async with running() as gateway, insync(gateway) as ib:
        refused = []
        ib.errorEvent += lambda number, code, text, _: refused.append((number, code, text)) if code == 321 else None
        async with asyncio.timeout(WAIT_SECONDS):
            await ib.reqHeadTimeStampAsync(Future("MES", "202512", "CME"), "TRADES", False, 2)
        ((number, _, text),) = refused
        assert number > 0 and "reqHeadTimeStamp" in text


def requests_with_an_id() -> dict[str, list[str]]:
    """Every request with an id that ib_insync can write, at the gateway's server version."""

    async def encoder():
        return new_ib().client

    client, found = asyncio.run(encoder()), {}
    client._serverVersion = 176
    for name in dir(type(client)):
        method = getattr(client, name)
        names = list(signature(method).parameters) if callable(method) and not name.startswith("_") else []
        if names and names[0] in ("reqId", "tickerId"):
            client.send = MagicMock()
            method(ID, *(MagicMock() for _ in names[1:]))
            found[name] = [str(field) for field in client.send.call_args.args]
    return found


def test_the_id_of_every_request_that_is_not_served_is_found_and_its_kind_named():
    unserved = {name: fields for name, fields in requests_with_an_id().items() if fields[0] not in (*LAYOUTS, PLACE_ORDER)}
    assert len(unserved) > 30
    assert [name for name, fields in unserved.items() if reference_of(fields) != ID] == []
    for name, fields in unserved.items():
        with pytest.raises(FieldError, match=f"{name} .*is no request that this gateway serves"):
            decode_request(fields)


@pytest.mark.parametrize("fields", [["12", "1", "777"], ["1234", "777"], ["87"], ["87", "x"]])
def test_what_has_no_id_or_none_that_can_be_read_is_answered_under_none(fields):
    assert reference_of(fields) == -1
