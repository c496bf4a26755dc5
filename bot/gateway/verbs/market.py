"""Verbs about market data, farms and contracts."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.gateway import messages
from bot.gateway.error_texts import text_of
from bot.gateway.errors import GatewayError
from bot.gateway.host import Host
from bot.gateway.notation import last_trade_text
from bot.gateway.verbs.form import on, seconds
from bot.gateway.verbs.verb import verb

DATA_KINDS = ("bars", "quotes", "history")
FARMS = {  # name -> codes for broken, OK, inactive
    "usfuture": (2103, 2104, 2108),
    "ushmds": (2105, 2106, 2107),
    "secdefil": (2157, 2158, 2158),
}
CONNECTING = 2119
DENIED_BY_DEFAULT = {"md": 354, "history": 162, "contracts": 200}
FLOOD_TICK_SECONDS = 0.01


@verb(
    "farm down|up|inactive|connecting [usfuture|ushmds|secdefil] [silent]",
    "notices, and data stops or resumes (not with silent).",
    example="farm down ushmds",
)
def _farm(host: Host, words: list[str]) -> None:
    state, name = words[0], next((word for word in words[1:] if word in FARMS), "usfuture")
    broken, fine, inactive = FARMS[name]
    code = {"down": broken, "up": fine, "inactive": inactive, "connecting": CONNECTING}[state]
    faults = host.feed.faults
    if state in ("down", "up") and "silent" not in words:
        if name == "usfuture":
            faults.farm_down = state == "down"
        elif name == "ushmds":
            faults.history_farm_down = state == "down"
    host.tell(code)


@verb("mute [bars|quotes|history]...", "nothing of that kind is sent (default: all), sockets fine.", example="mute bars quotes")
def _mute(host: Host, words: list[str]) -> None:
    host.feed.faults.muted |= set(words or DATA_KINDS)


@verb("unmute [bars|quotes|history]...", "the end of mute, and of a competing session.", example="unmute")
def _unmute(host: Host, words: list[str]) -> None:
    host.feed.faults.muted -= set(words or DATA_KINDS)
    host.feed.faults.competing = False


@verb(
    "deny md|history|contracts [CODE [TEXT]] or off",
    "new data subscriptions, requests for history or for contract details are refused (354, 162 or 200); md 10167 gives delayed quotes.",
    example="deny md 10167",
)
def _deny(host: Host, words: list[str]) -> None:
    if words[0] == "off":
        host.feed.faults.denied.clear()
        return
    kind, *rest = words
    code = int(rest[0]) if rest else DENIED_BY_DEFAULT[kind]
    host.feed.faults.denied[kind] = (code, " ".join(rest[1:]) or text_of(code))


@verb("spread TICKS", "distance of bid and ask.", example="spread 3")
def _spread(host: Host, words: list[str]) -> None:
    host.feed.faults.spread_ticks = max(1, int(words[0]))


@verb("slippage TICKS", "of market and stop orders.", example="slippage 2")
def _slippage(host: Host, words: list[str]) -> None:
    host.broker.exchange.slippage_ticks = int(words[0])


@verb("expire SYMBOL", "a month such as MESZ5 is past; its orders are cancelled, requests for it get 200.", example="expire MESZ5")
def _expire(host: Host, words: list[str]) -> None:
    future = host.instruments.by_symbol(words[0])
    if future is None:
        raise GatewayError(f"{words[0]} is not listed; there are {', '.join(each.local_symbol for each in host.instruments.futures)}.")
    host.instruments.expired.add(future.local_symbol)
    for order in host.broker.open_orders():
        if order.future is future and not order.done:
            host.broker.exchange.cancel(order, "Contract has expired")
    for client in host.clients():
        for streams in (client.subscriptions.bars, client.subscriptions.quotes, client.subscriptions.history):
            for reference in [key for key, stream in streams.items() if stream.future is future]:
                streams.pop(reference)
                client.send(messages.error(reference, 200, text_of(200)))


@verb(
    "contract-zone NAME|off",
    "the last trade of contracts is written in that time zone, as TWS does.",
    example="contract-zone Australia/Sydney",
)
def _contract_zone(host: Host, words: list[str]) -> None:
    try:
        last_trade_text(host.date, zone := "" if words[0] == "off" else words[0])
    except (KeyError, OSError, ValueError):
        raise GatewayError(f"{words[0]} is no time zone that this machine knows.") from None
    host.feed.faults.contract_zone = zone


@verb(
    "liquid-hours TEXT|off",
    "contract details name these liquid hours.",
    example="liquid-hours 20251002:0830-20251002:1200;20251003:CLOSED",
)
def _liquid_hours(host: Host, words: list[str]) -> None:
    host.feed.faults.liquid_hours = "" if words == ["off"] else " ".join(words)


@verb("session closed|open", "the market is shut: orders rest, cancels go unanswered; or open again.", example="session closed")
def _session(host: Host, words: list[str]) -> None:
    host.broker.exchange.closed = words == ["closed"]


@verb("compete [on|off]", "a competing live session takes the market data (10197), or gives it back.", example="compete on")
def _compete(host: Host, words: list[str]) -> None:
    host.feed.faults.competing = on(words)
    if host.feed.faults.competing:
        for client in host.clients():
            for reference in (*client.subscriptions.bars, *client.subscriptions.quotes):
                client.send(messages.error(reference, 10197, text_of(10197)))


@verb(
    "flood TICKS-PER-SECOND SECONDS",
    "last-price ticks at that rate to every quote subscription; answers how many were sent.",
    example="flood 2000 0.2s",
)
async def _flood(host: Host, words: list[str]) -> dict[str, Any]:
    rate, length = float(words[0]), seconds(words[1])
    loop = asyncio.get_running_loop()
    started, sent = loop.time(), 0
    while (gone := loop.time() - started) < length:
        due = int(gone * rate)
        for number in range(sent, due):
            for client in host.clients():
                for stream in client.subscriptions.quotes.values():
                    price = host.marks[stream.future.con_id] + number % 3 - 1
                    client.send(messages.tick_price(stream.request_id, messages.LAST, price, 1 + number % 9))
        sent = due
        await asyncio.sleep(FLOOD_TICK_SECONDS)
    return {"ticks": sent}
