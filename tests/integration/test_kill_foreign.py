"""`mesbot kill --include-foreign`: after our own, orders of others in the traded month and what is held of it. Never without."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from live_hour import PIECES, Hour, law, standing

from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.messages import ENDPOINT_RISK_DRILL, ForeignPosition
from bot.node.foreign import NOTHING_LEFT
from bot.node.kill_request import FOREIGN, leave_request, request_path
from bot.runtime.past import past_of

SECONDS = 15.0


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return law(tmp_path_factory.mktemp("foreign") / "contracts")


def played(contracts: Path, folder: Path, test: Callable[[Hour], Awaitable[None]], **broker: Any) -> Hour:
    async def play() -> Hour:
        async with standing(contracts, folder, **broker) as hour:
            hour.truth.breaks = lambda _: None  # orders of others are what this is about
            await pieces(hour, PIECES)
            await test(hour)
        return hour

    return asyncio.run(play())


async def pieces(hour: Hour, count: int) -> None:
    for _ in range(count):
        await hour._piece()
        await asyncio.sleep(0.03)  # the node looks for requests so often


async def until(hour: Hour, reached: Callable[[], bool]) -> None:
    """Let the market go on until then; market orders fill as it does."""
    async with asyncio.timeout(SECONDS):
        while not reached():
            await pieces(hour, 1)


def journal_of(hour: Hour) -> Path:
    return Path(hour.node.risk._config.runtime.journal_path)


def told(hour: Hour) -> list[str]:
    hour.node.journal._flush()
    with opened(journal_of(hour)) as db:
        return [each.body["detail"] for each in read(db, Kind.OPERATOR) if each.body["detail"].startswith("foreign")]


def held(hour: Hour) -> int:
    (account,) = hour.gateway.broker.accounts.values()
    return account.position(hour.gateway.instruments.front).contracts


def resting(hour: Hour) -> list[Any]:
    return [order for order in hour.gateway.broker.open_orders() if not order.done]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_orders_of_others_go_and_what_is_held_is_closed_after_our_own(contracts, tmp_path, side):
    async def test(hour: Hour) -> None:
        hour.do(f"manual {side} 3 MESZ5")
        hour.do("manual buy 1 MESZ5 5000")
        assert (abs(held(hour)), len(resting(hour))) == (3, 1)
        leave_request(journal_of(hour), "everything out", FOREIGN)
        await until(hour, lambda: told(hour)[-1:] == [NOTHING_LEFT])
        assert (held(hour), resting(hour)) == (0, [])
        assert hour.node.risk._supervisor.kill_state == "HALTED" and not hour.node.risk.open_trades()
        book = hour.node.risk._situation.book.view(hour.gateway.now_ns)
        assert (book.trades_today, book.submissions_today, book.realised_day_cents) == (0, 0, 0)

    hour = played(contracts, tmp_path, test)
    past = past_of([journal_of(hour)])
    assert (past.unfinished, past.events, past.outcomes, past.kill_state) == ((), (), [], "HALTED")


def test_without_it_nothing_foreign_is_touched(contracts, tmp_path):
    async def test(hour: Hour) -> None:
        hour.do("manual buy 1 MESZ5")
        hour.do("manual buy 1 MESZ5 5000")
        leave_request(journal_of(hour), "out")
        await until(hour, lambda: hour.node.risk._supervisor.kill_state == "HALTED")
        await pieces(hour, 2 * PIECES)
        assert (held(hour), len(resting(hour)), told(hour)) == (1, 1, [])

    played(contracts, tmp_path, test)


def test_what_the_api_could_only_cancel_with_more_is_named_and_left_and_the_position_is_closed(contracts, tmp_path):
    async def test(hour: Hour) -> None:
        hour.do("manual buy 1 MESZ5")
        hour.do("manual buy 1 MESZ5 5000")
        hour.do("manual buy 1 MESH6 5000")
        leave_request(journal_of(hour), "everything out", FOREIGN)
        await until(hour, lambda: "foreign: left" in told(hour)[-1][:13] if told(hour) else False)
        assert (held(hour), len(resting(hour))) == (0, 2)
        assert "BUY 1 MESZ5 by a person in TWS" in told(hour)[-1] and "MESH6" in told(hour)[-1] and "cancel it in TWS" in told(hour)[-1]

    played(contracts, tmp_path, test)


def test_it_goes_on_when_the_broker_comes_back(contracts, tmp_path):
    async def test(hour: Hour) -> None:
        hour.do("manual sell 1 MESZ5")
        hour.do("err 1100")
        leave_request(journal_of(hour), "everything out", FOREIGN)
        await pieces(hour, 5)
        assert held(hour) == -1 and request_path(journal_of(hour), FOREIGN).exists(), "a start would go on with it"
        hour.do("err 1102")
        await until(hour, lambda: told(hour)[-1:] == [NOTHING_LEFT])
        assert held(hour) == 0
        await until(hour, lambda: not request_path(journal_of(hour), FOREIGN).exists())

    played(contracts, tmp_path, test)


@pytest.mark.parametrize("killed", [False, True])
def test_the_risk_engine_takes_nothing_over_while_armed_and_nothing_from_strangers(contracts, tmp_path, killed):
    async def test(hour: Hour) -> None:
        if killed:
            hour.node.kill("out")
            await pieces(hour, 2)
        found, bus = ForeignPosition(1, 6000.0), hour.node.node.kernel.msgbus
        if killed:
            bus.send(ENDPOINT_RISK_DRILL, found)  # nobody's word
        else:
            hour.rogue.said.send(bus, ENDPOINT_RISK_DRILL, found)
        await pieces(hour, 3)
        assert not hour.node.risk._supervisor.trades and not hour.truth.orders
        assert ("ARMED" in found.refused) is not killed

    played(contracts, tmp_path, test)
