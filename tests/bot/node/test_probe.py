"""One short connection to the simulated gateway, over a true socket."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import pytest
from builders import CONTRACTS

from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.gateway.source import synthetic_config
from bot.gateway.wire import encode_frame, read_frame, read_hello
from bot.ibkr import errors as e
from bot.ibkr.link.endpoint import Endpoint
from bot.node import broker_run
from bot.node import probe as module
from bot.node.probe import Probe, probe
from bot.node.request import BrokerRequest, Mode
from bot.units import SECOND_NS

LAW = CONTRACTS.execution_contract


@lru_cache
def standing() -> GatewayConfig:
    """A gateway at 2025-10-02 09:25 New York whose clock stands."""
    return synthetic_config(1, CONTRACTS, port=0, side_port=None, begin="told")


@asynccontextmanager
async def gateway(*script: str, **changes: Any) -> AsyncIterator[Gateway]:
    """A running gateway to which these words were said."""
    async with Gateway(dataclasses.replace(standing(), **changes)) as running:
        for words in script:
            done = running.side.verbs.do(words)
            if inspect.isawaitable(done):
                await done
        yield running


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


async def ask(running: Gateway, account: str = "", paper: bool = True, timeout_seconds: float = 20.0) -> Probe:
    return await probe(Endpoint("127.0.0.1", running.port, account, 7), LAW, paper=paper, timeout_seconds=timeout_seconds)


def asked(*script: str, account: str = "", paper: bool = True, timeout_seconds: float = 20.0, **changes: Any) -> Probe:
    """What a probe of such a gateway says."""

    async def run() -> Probe:
        async with gateway(*script, **changes) as running:
            return await ask(running, account, paper, timeout_seconds)

    return asyncio.run(run())


def test_it_says_the_account_the_time_there_and_how_far_it_is_from_here():
    found = asked()
    assert (found.account, found.accounts) == ("DU1234567", ("DU1234567",))
    assert found.broker_ns == standing().start_ns
    assert found.skew_seconds == pytest.approx((found.broker_ns - time.time_ns()) / SECOND_NS, abs=5.0)


def test_clocks_that_agree_show_no_skew_but_the_broker_clocks_whole_seconds():
    found = asked()
    offset = (time.time_ns() - found.broker_ns) // SECOND_NS
    assert abs(asked(f"clock +{offset + 1}s").skew_seconds) < 5.0


def test_several_accounts_are_told_and_one_is_chosen():
    found = asked(accounts=("DU1", "DU2"), account="DU2")
    assert (found.account, found.accounts) == ("DU2", ("DU1", "DU2"))


def test_a_live_account_is_taken_in_live():
    assert asked(accounts=("U1",), paper=False).account == "U1"


@pytest.mark.parametrize(
    ("accounts", "account", "paper", "kind", "text"),
    [
        (("U1",), "", True, e.WrongAccountKind, "U1 is a live account, and the mode is PAPER"),
        (("DU1",), "", False, e.WrongAccountKind, "DU1 is a paper account, and the mode is LIVE"),
        (("DU1", "DU2"), "", True, e.AccountNotFound, "DU1, DU2"),
        (("DU1",), "DU9", True, e.AccountNotFound, "found DU1"),
    ],
)
def test_an_account_that_does_not_fit_is_refused_with_those_there_are(accounts, account, paper, kind, text):
    with pytest.raises(kind, match=text):
        asked(accounts=accounts, account=account, paper=paper)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("refuse on", e.GatewayUnreachable),
        ("accept-silent on", e.GatewayNotResponding),
        ("version-only on", e.GatewayNotResponding),
        ("banner SSH-2.0-OpenSSH", e.GatewayNotResponding),
        ("swallow reqCurrentTime all", e.GatewayNotResponding),
    ],
)
def test_why_nobody_answers_is_said_before_the_time_is_up(words, kind):
    async def run() -> None:
        async with gateway(words) as running:
            started = time.monotonic()
            with pytest.raises(kind) as caught:
                await ask(running, timeout_seconds=2.0)
            assert time.monotonic() - started < 6.0, "2 s, and a slow machine; without limits it would be 15"
            assert caught.value.hint

    asyncio.run(run())


def test_a_socket_closed_under_it_is_no_answer_and_says_whom_to_let_in():
    async def run() -> None:
        async with gateway("swallow reqCurrentTime all") as running:
            asking = asyncio.ensure_future(ask(running))
            await until(lambda: running.delivery.sessions)
            running.side.verbs.do("drop")
            with pytest.raises(e.GatewayNotResponding, match=r"Trusted IPs"):
                await asking

    asyncio.run(run())


def test_a_gateway_that_greets_and_hangs_up_at_once_is_no_answer_and_is_not_called_away():
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_hello(reader)
        writer.write(encode_frame(["176", "20250916 14:30:00 UTC"]))
        await read_frame(reader)
        writer.write(encode_frame(["15", "1", "DU1234567"]) + encode_frame(["9", "1", "1"]))
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(e.GatewayNotResponding, match=r"Trusted IPs"):
                await probe(Endpoint("127.0.0.1", port, "", 7), LAW, paper=True, timeout_seconds=5.0)

    asyncio.run(run())


def test_a_client_id_that_an_old_session_still_holds_is_waited_for(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)

    async def run() -> None:
        async with gateway("hold-id 0.2") as running:
            await ask(running)
            await until(lambda: not running.delivery.sessions)
            assert (await ask(running)).account == "DU1234567"

    asyncio.run(run())


def test_a_client_id_that_stays_in_use_is_said_when_the_time_is_up(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)

    async def run() -> None:
        async with gateway("hold-id 60") as running:
            await ask(running)
            await until(lambda: not running.delivery.sessions)
            with pytest.raises(e.ClientIdInUse, match="our client id is in use"):
                await ask(running, timeout_seconds=1.0)

    asyncio.run(run())


def test_a_client_id_in_use_has_a_patience_of_its_own_and_the_wait_is_said_once(monkeypatch):
    """An old session may linger for a minute or two; whoever does not answer at all is not waited for that long."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    said: list[str] = []

    async def run() -> None:
        async with gateway("hold-id 1.5") as running:
            await ask(running)
            await until(lambda: not running.delivery.sessions)
            endpoint = Endpoint("127.0.0.1", running.port, "", 7)
            found = await probe(endpoint, LAW, paper=True, timeout_seconds=1.0, id_in_use_seconds=30.0, say=said.append)
            assert found.account == "DU1234567"

    asyncio.run(run())
    (line,) = said
    assert "waiting for the old session" in line and "Our client id" in line and "30 s" in line


def test_another_client_id_is_never_advised_without_its_price():
    text = str(e.ClientIdInUse("client id 7 is in use"))
    assert "TWS_CLIENT_ID" in text and "out of reach" in text


def test_a_run_waits_for_its_client_id_as_long_as_its_start_may_take(monkeypatch, tmp_path):
    asked: list[dict[str, Any]] = []

    async def refuse(*_: Any, **options: Any) -> Probe:
        asked.append(options)
        raise e.ClientIdInUse("client id 7 is in use")

    monkeypatch.setattr(broker_run, "probe", refuse)
    endpoint = Endpoint("127.0.0.1", 4002, "", 7)
    for seconds in (30, 100):
        request = BrokerRequest(endpoint, Mode.PAPER, False, tmp_path, start_seconds=seconds)
        with pytest.raises(e.ClientIdInUse):
            asyncio.run(broker_run.meet(request, print))
    assert [(each["id_in_use_seconds"], each["say"]) for each in asked] == [(30, print), (100, print)]


@pytest.mark.parametrize("account", ["", "DU9"])
def test_it_hangs_up_whatever_was_found(account):
    async def run() -> None:
        async with gateway() as running:
            try:
                await ask(running, account)
            except e.AccountNotFound:
                assert account == "DU9"
            await until(lambda: not running.listener._sessions)

    asyncio.run(run())


def test_it_asks_for_nothing_but_the_time(tmp_path):
    asked(frames=tmp_path / "frames.jsonl")
    frames = [json.loads(line) for line in (tmp_path / "frames.jsonl").read_text().splitlines()]
    assert [frame["kind"] for frame in frames if frame["way"] == "in"] == ["hello", "startApi", "reqCurrentTime"]
