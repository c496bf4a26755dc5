"""Answers to requests for contracts and market data."""

from __future__ import annotations

from collections.abc import Callable

from bot.gateway import messages
from bot.gateway.broker import Refusal
from bot.gateway.client import Client
from bot.gateway.error_texts import PACING, text_of
from bot.gateway.feed import date_text
from bot.gateway.instruments import Future
from bot.gateway.notation import dashed, last_trade_text, parse_moment, zoned
from bot.gateway.requests import Request
from bot.gateway.simulation import Simulation
from bot.gateway.subscriptions import Stream
from bot.gateway.tape import BAR_SECONDS

Answer = Callable[[Simulation, Client, Request], None]  # of one request: what is done and sent

WHAT_TO_SHOW = frozenset({"TRADES", "MIDPOINT", "BID", "ASK"})
DELAYED_INSTEAD = 10167


def one_future(simulation: Simulation, request: Request) -> Future:
    """The one listed month that a request names. Raises Refusal 200 for none or several."""
    found = simulation.instruments.find(request.query)
    if len(found) == 1:
        return found[0]
    names = ", ".join(future.local_symbol for future in found)
    text = f"The contract description specified for {request.query.symbol} is ambiguous: {names}" if found else text_of(200)
    raise Refusal(200, text)


def contract_details(simulation: Simulation, client: Client, request: Request) -> None:
    """reqContractDetails: every listed month that fits, or 200."""
    instruments = simulation.instruments
    found = instruments.find(request.query)
    _refuse_kind(simulation, "contracts")
    if not found:
        raise Refusal(200, text_of(200))
    hours, zone = instruments.hours(simulation.now_ns), simulation.feed.faults.contract_zone
    hours = (hours[0], simulation.feed.faults.liquid_hours or hours[1])
    for future in found:
        client.send(messages.contract_details(request["reqId"], future, hours, last_trade_text(future.last_trade_date, zone)))
    client.send(messages.ending("contractDetailsEnd", request["reqId"]))


def realtime_bars(simulation: Simulation, client: Client, request: Request) -> None:
    """reqRealTimeBars: from the next piece on."""
    if request["whatToShow"] not in WHAT_TO_SHOW or request["barSize"] not in (None, 5):
        raise Refusal(321, "Error validating request:-'bG' : cause - five-second bars of TRADES, MIDPOINT, BID or ASK only")
    future = one_future(simulation, request)
    _refuse_data(simulation, client)
    _refuse_pacing(simulation, request, 420, "Invalid Real-time Query:Historical data request pacing violation")
    client.subscriptions.bars[request["reqId"]] = Stream(request["reqId"], future, request["useRTH"])
    simulation.data_wanted()


def market_data(simulation: Simulation, client: Client, request: Request) -> None:
    """reqMktData: quotes now and after each piece; a snapshot ends after the first."""
    future = one_future(simulation, request)
    reference = request["reqId"]
    _refuse_data(simulation, client, reference)
    stream = Stream(reference, future)
    if not request["snapshot"]:
        client.subscriptions.quotes[reference] = stream
    client.send(messages.tick_req_params(reference))
    client.send(messages.market_data_type(reference, client.market_data_type))
    if not simulation.feed.faults.silent("quotes"):
        price = simulation.feed.tape.price_at(simulation.now_ns)
        simulation.feed.send_quote(client, stream, messages.Candle(simulation.now_ns, price, price, price, price, 0))
    if request["snapshot"]:
        client.send(messages.ending("tickSnapshotEnd", reference))
    simulation.data_wanted()


def historical_data(simulation: Simulation, client: Client, request: Request) -> None:
    """reqHistoricalData: bars up to a moment (default now), then updates with keepUpToDate."""
    future = one_future(simulation, request)
    reference = request["reqId"]
    tape, faults = simulation.feed.tape, simulation.feed.faults
    _refuse_kind(simulation, "history")
    if faults.history_farm_down:
        raise Refusal(162, f"{text_of(162)}HMDS query returned no data: farm is not connected")
    _refuse_pacing(simulation, request, 162, PACING)
    seconds = BAR_SECONDS.get(request["barSize"])
    if seconds is None or request["whatToShow"] not in WHAT_TO_SHOW:
        raise Refusal(321, "Error validating request:-'bO' : cause - Historical data bar size or whatToShow is not served")
    if request["keepUpToDate"] and request["endDateTime"]:
        raise Refusal(321, "Error validating request:-'bO' : cause - keepUpToDate needs an empty end date")
    try:
        end = tape.known(simulation.now_ns)
        if request["endDateTime"]:
            end = min(end, parse_moment(request["endDateTime"]))
        start = tape.start_of(end, request["duration"])
        candles = tape.history(start, end, seconds, use_rth=request["useRTH"])
    except ValueError as error:
        raise Refusal(321, f"Error validating request:-'bO' : cause - {error}") from None
    if not candles and not request["keepUpToDate"]:
        raise Refusal(162, f"{text_of(162)}HMDS query returned no data: {future.local_symbol}@CME Trades")
    form = request["formatDate"] or 1
    dated = [(date_text(tape, candle.open_ns, seconds, form), candle) for candle in candles]
    span = (zoned(start), zoned(end)) if form == 1 else (dashed(start), dashed(end))
    client.send(messages.historical_data(reference, *span, dated, future.basis_ticks, request["whatToShow"] == "TRADES"))
    if request["keepUpToDate"]:
        stream = Stream(reference, future, request["useRTH"], seconds, form)
        client.subscriptions.history[reference] = stream
        simulation.feed.start_growing(client, stream, candles[-1] if candles else None)
        simulation.data_wanted()


def market_data_type(_: Simulation, client: Client, request: Request) -> None:
    """reqMarketDataType: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""
    client.market_data_type = request["type"] or 1


def market_rule(_: Simulation, client: Client, request: Request) -> None:
    """reqMarketRule: the tick."""
    client.send(messages.market_rule(str(request["ruleId"])))


def _refuse_data(simulation: Simulation, client: Client, reference: int | None = None) -> None:
    """Raises Refusal if a fault denies market data; 10167 gives delayed quotes instead."""
    faults = simulation.feed.faults
    if faults.competing:
        raise Refusal(10197, text_of(10197))
    code, text = faults.denied.get("md", (0, ""))
    if code == DELAYED_INSTEAD and reference is not None:
        client.send(messages.error(reference, code, text))
        client.market_data_type = 3
    else:
        _refuse_kind(simulation, "md")


def _refuse_kind(simulation: Simulation, kind: str) -> None:
    """Raises Refusal if a fault denies requests of this kind (verb deny)."""
    if kind in simulation.feed.faults.denied:
        raise Refusal(*simulation.feed.faults.denied[kind])


def _refuse_pacing(simulation: Simulation, request: Request, code: int, text: str) -> None:
    if simulation.pacing.refuses(request):
        raise Refusal(code, text)


ANSWERS: dict[str, Answer] = {
    "reqContractDetails": contract_details,
    "reqRealTimeBars": realtime_bars,
    "cancelRealTimeBars": lambda _, client, request: client.subscriptions.drop("bars", request["reqId"]),
    "reqMktData": market_data,
    "cancelMktData": lambda _, client, request: client.subscriptions.drop("quotes", request["reqId"]),
    "reqHistoricalData": historical_data,
    "cancelHistoricalData": lambda _, client, request: client.subscriptions.drop("history", request["reqId"]),
    "reqMarketDataType": market_data_type,
    "reqMarketRule": market_rule,
}
