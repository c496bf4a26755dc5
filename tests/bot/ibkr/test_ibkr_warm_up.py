"""The minutes before the live ones: asked for once, whole, and in front of what closes meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import lru_cache

import pytest
from builders import calendar
from ibkr_rig import DAY, TEN, on_a_loop, rig, synthetic

from bot.bars.synth import synthetic_bars
from bot.gateway.answers import ANSWERS
from bot.gateway.broker import Refusal
from bot.ibkr.data.bar_flow import BarFlow
from bot.ibkr.data.minutes import Minute
from bot.ibkr.errors import DataRefused, GatewayNotResponding, MarketDataDegraded
from bot.units import HOUR_NS, MINUTE_NS, SECOND_NS


def minute(number: int) -> Minute:
    """The minute that closes `number` minutes after ten."""
    return Minute(TEN + number * MINUTE_NS, 1.0, 1.0, 1.0, 1.0, 1.0)


class Broker:
    """History that answers when told to, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.answer: asyncio.Future[list[Minute]] = asyncio.get_running_loop().create_future()

    async def fetch(self, after_ns: int, until_ns: int) -> list[Minute]:
        self.asked.append((after_ns, until_ns))
        return await self.answer


@on_a_loop
async def test_a_minute_that_closes_while_history_is_fetched_waits_for_it_and_asks_for_nothing():
    broker, published = Broker(), []
    flow = BarFlow(published.append, broker.fetch, pytest.fail)
    beginning = asyncio.ensure_future(flow.begin(TEN - 3 * MINUTE_NS, TEN))
    await asyncio.sleep(0)
    flow.add(minute(1))
    flow.catch_up(TEN + MINUTE_NS)
    broker.answer.set_result([minute(-2), minute(-1), minute(0)])
    await beginning
    assert published == [minute(number) for number in (-2, -1, 0, 1)]
    assert broker.asked == [(TEN - 3 * MINUTE_NS, TEN)]


@on_a_loop
async def test_a_warm_up_that_cannot_be_had_is_an_error_and_publishes_nothing():
    broker, published = Broker(), []
    flow = BarFlow(published.append, broker.fetch, pytest.fail)
    broker.answer.set_exception(GatewayNotResponding("silence"))
    with pytest.raises(GatewayNotResponding):
        await flow.begin(TEN - MINUTE_NS, TEN)
    assert not published


@pytest.mark.parametrize("seconds", [0, 1, 20, 59])
def test_requests_that_begin_inside_a_minute_lose_none_and_cut_none(seconds):
    @on_a_loop
    async def ask() -> None:
        async with rig() as r:
            until = TEN - MINUTE_NS + seconds * SECOND_NS
            found = await r.session.feed.past(until - 23 * HOUR_NS - 90 * MINUTE_NS, until)
            wanted = [bar for bar in synthetic() if until - 23 * HOUR_NS - 90 * MINUTE_NS < bar.ts_ns <= until]
            assert [(each.close_ns, each.volume) for each in found] == [(bar.ts_ns, bar.volume) for bar in wanted]

    ask()


# ------------------------------------------------------------------ pieces of several days

FORTY_DAYS_NS = 40 * 24 * HOUR_NS


@lru_cache
def weeks():
    """The sessions from 12 September to 2 October 2025."""
    return synthetic_bars(7, 15, dt.date(2025, 9, 12), calendar())


def asked(monkeypatch, refuse=lambda duration: False) -> list[str]:
    """The durations that are asked for from now on; those to be refused are."""
    answer, durations = ANSWERS["reqHistoricalData"], []

    def listen(simulation, client, request):
        durations.append(request["duration"])
        if refuse(request["duration"]):
            raise Refusal(321, "Error validating request:-'bO' : cause - Invalid time length")
        answer(simulation, client, request)

    monkeypatch.setitem(ANSWERS, "reqHistoricalData", listen)
    return durations


def test_weeks_are_asked_for_in_few_pieces_and_nothing_is_lost_between_them(monkeypatch):
    @on_a_loop
    async def ask() -> None:
        durations = asked(monkeypatch)
        async with rig({"bars": weeks()}, pace=50.0) as r:
            found = await r.session.feed.past(TEN - FORTY_DAYS_NS, TEN)
            wanted = [bar for bar in weeks() if TEN - FORTY_DAYS_NS < bar.ts_ns <= TEN]
            assert [(each.close_ns, each.volume) for each in found] == [(bar.ts_ns, bar.volume) for bar in wanted]
        assert {str(DAY), "2025-09-12"} <= {str(dt.datetime.fromtimestamp(bar.ts_ns // SECOND_NS, dt.UTC).date()) for bar in wanted}
        assert durations[:3] == ["5 D"] * 3 and len(durations) <= 6, durations

    ask()


def test_a_broker_that_refuses_large_pieces_is_asked_a_day_at_a_time(monkeypatch):
    @on_a_loop
    async def ask() -> None:
        durations = asked(monkeypatch, lambda duration: duration.endswith("D"))
        async with rig({"bars": weeks()}, pace=50.0) as r:
            found = await r.session.feed.past(TEN - 6 * 24 * HOUR_NS, TEN)
            wanted = [bar.ts_ns for bar in weeks() if TEN - 6 * 24 * HOUR_NS < bar.ts_ns <= TEN]
            assert [each.close_ns for each in found] == wanted
            assert "Invalid time length" in " ".join(error.text for error in r.ear.errors)
        assert durations.count("5 D") == 1 and all(each.endswith("S") for each in durations[1:])

    ask()


@pytest.mark.parametrize("replay", [True, False], ids=["a tape may begin today", "a market does not"])
def test_days_of_trading_without_any_data_are_no_answer_of_a_true_market(replay: bool):
    @on_a_loop
    async def ask() -> None:
        async with rig(replay=replay) as r:
            asking = r.session.feed.past(TEN - 12 * 24 * HOUR_NS, TEN - 5 * 24 * HOUR_NS)
            if replay:
                assert await asking == []
            else:
                with pytest.raises(DataRefused, match="no minute of the last 2 days of trading"):
                    await asking

    ask()


@on_a_loop
async def test_nothing_told_while_a_farm_is_broken_is_no_answer():
    async with rig(script=("farm down ushmds",)) as r:
        with pytest.raises(MarketDataDegraded, match="no past minutes are told while a farm is broken: ushmds"):
            await r.session.feed.past(TEN - 5 * MINUTE_NS, TEN)
