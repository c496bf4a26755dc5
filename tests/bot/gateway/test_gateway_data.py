"""Contracts and market data over a real socket, with ib_insync."""

from __future__ import annotations

import datetime as dt

import pytest
from builders import calendar
from gateway_harness import DAY, insync, on_a_loop, running, side_of, until

from bot.gateway.instruments import Instruments
from bot.market.bar import Bar
from bot.trading_hours import clock_ns
from bot.units import MINUTE_NS, SECOND_NS


async def front(ib):
    from ib_insync import Future

    [contract] = await ib.qualifyContractsAsync(Future("MES", "202512", "CME"))
    return contract


@pytest.mark.parametrize(
    ("date", "symbol"),
    [("2025-09-12", "MESU5"), ("2025-09-15", "MESZ5"), ("2025-10-02", "MESZ5"), ("2025-12-12", "MESZ5"), ("2025-12-15", "MESH6")],
)
def test_the_front_month_follows_the_roll_rule(date, symbol):
    instruments = Instruments(calendar(), dt.date.fromisoformat(date), dt.date.fromisoformat(date))
    assert instruments.front.local_symbol == symbol
    assert instruments.front.basis_ticks == 0
    assert instruments.front in instruments.futures


def test_a_long_replay_lists_the_months_that_come_into_front_and_two_beyond():
    instruments = Instruments(calendar(), dt.date(2025, 10, 2), dt.date(2025, 12, 16))
    assert [each.local_symbol for each in instruments.futures] == ["MESZ5", "MESH6", "MESM6", "MESU6"]


@on_a_loop
async def test_contract_details_name_the_month_its_tick_and_its_hours():
    async with running() as gateway, insync(gateway) as ib:
        from ib_insync import Future

        details = await ib.reqContractDetailsAsync(Future("MES", exchange="CME"))
        assert [each.contract.localSymbol for each in details] == ["MESZ5", "MESH6", "MESM6"]
        first = details[0]
        assert (first.contract.lastTradeDateOrContractMonth, first.contract.multiplier, first.minTick) == ("20251219", "5", 0.25)
        assert first.tradingHours.split(";")[0] == "20251001:1700-20251002:1600"
        assert first.liquidHours.split(";")[:3] == ["20251002:0830-20251002:1500", "20251003:0830-20251003:1500", "20251004:CLOSED"]
        [again] = await ib.reqContractDetailsAsync(Future(conId=first.contract.conId))
        assert again.contract.localSymbol == "MESZ5"
        assert await ib.reqContractDetailsAsync(Future("NQ", exchange="CME")) == []


@on_a_loop
async def test_five_second_bars_are_named_by_their_open_and_make_the_minute():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        bars = ib.reqRealTimeBars(await front(ib), 5, "TRADES", False)
        await ib.reqCurrentTimeAsync()
        await side.do("step 12")
        await until(lambda: len(bars) == 12, "twelve bars")
        minute = next(bar for bar in gateway.config.bars if bar.ts_ns == gateway.config.start_ns + MINUTE_NS)
        assert [int(bar.time.timestamp()) for bar in bars] == [gateway.config.start_ns // SECOND_NS + 5 * k for k in range(12)]
        highest, lowest = max(bar.high for bar in bars), min(bar.low for bar in bars)
        joined = Bar(minute.ts_ns, *(round(x * 4) for x in (bars[0].open_, highest, lowest, bars[-1].close)), 0)
        assert joined._replace(volume=int(sum(bar.volume for bar in bars))) == minute


@on_a_loop
async def test_the_next_month_trades_a_carry_above():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import Future

        near = ib.reqRealTimeBars(await front(ib), 5, "TRADES", False)
        far = ib.reqRealTimeBars((await ib.qualifyContractsAsync(Future("MES", "202603", "CME")))[0], 5, "TRADES", False)
        await ib.reqCurrentTimeAsync()
        await side.do("step")
        await until(lambda: near and far)
        assert far[0].close - near[0].close == 55.0


@on_a_loop
async def test_quotes_are_a_spread_apart_and_hold_the_last_price():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        ticker = ib.reqMktData(await front(ib))
        await until(lambda: ticker.bid > 0, "the first quote")
        await side.do("spread 3")
        await side.do("step 5")
        last = gateway.marks[gateway.instruments.front.con_id] * 0.25
        await until(lambda: ticker.last == last and ticker.ask - ticker.bid == 0.75, "the last quote")
        assert last in (ticker.bid, ticker.ask)
        assert ticker.bidSize > 0


@on_a_loop
async def test_history_ends_where_the_replay_stands_and_keeps_up():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        contract = await front(ib)
        bars = await ib.reqHistoricalDataAsync(contract, "", "1 D", "1 min", "TRADES", False, 2, keepUpToDate=True)
        assert bars[-1].date.timestamp() == (gateway.now_ns - MINUTE_NS) / SECOND_NS
        assert bars[0].date.timestamp() * SECOND_NS == clock_ns(DAY - dt.timedelta(days=1), dt.time(18))
        count = len(bars)
        await side.do("step 13")
        await until(lambda: len(bars) == count + 2 and bars[-1].volume > 0, "the updates")
        minute = next(bar for bar in gateway.config.bars if bar.ts_ns == gateway.config.start_ns + MINUTE_NS)
        grown = bars[-2]
        values = tuple(round(price * 4) for price in (grown.open, grown.high, grown.low, grown.close))
        assert (*values, grown.volume) == tuple(minute[1:])
        text = await ib.reqHistoricalDataAsync(contract, "20251002 09:35:00 US/Eastern", "300 S", "5 secs", "TRADES", True, 1)
        assert len(text) == 60
        assert str(text[0].date) == "2025-10-02 08:30:00-05:00"


@on_a_loop
async def test_history_that_cannot_be_had_says_why():
    async with running() as gateway, insync(gateway) as ib:
        errors = []
        ib.errorEvent += lambda reference, code, text, *_: errors.append((code, text))
        contract = await front(ib)
        assert not await ib.reqHistoricalDataAsync(contract, "", "1 D", "1 fortnight", "TRADES", False)
        assert not await ib.reqHistoricalDataAsync(contract, "", "1 Z", "1 min", "TRADES", False)
        assert not await ib.reqHistoricalDataAsync(contract, "20200101 09:35:00 US/Eastern", "300 S", "1 min", "TRADES", False)
        assert [code for code, _ in errors if code != 2104] == [321, 321, 162]


@on_a_loop
async def test_account_values_follow_the_position():
    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        from ib_insync import MarketOrder

        trade = ib.placeOrder(await front(ib), MarketOrder("BUY", 1, tif="DAY"))
        await until(lambda: trade.orderStatus.status == "PreSubmitted")
        await side.do("step")
        await until(lambda: ib.portfolio() and ib.positions())
        values = {value.tag: float(value.value) for value in await ib.accountSummaryAsync() if value.currency == "USD"}
        truth = (await side.truth())["accounts"]["DU1234567"]
        assert values["NetLiquidation"] == truth["equity_usd"]
        assert (values["InitMarginReq"], values["MaintMarginReq"]) == (2400.0, 2181.82)
        assert values["AvailableFunds"] == values["FullAvailableFunds"] == pytest.approx(truth["equity_usd"] - 2400.0)
        [position] = ib.positions()
        assert (position.position, position.avgCost) == (1.0, trade.fills[0].execution.price * 5)
