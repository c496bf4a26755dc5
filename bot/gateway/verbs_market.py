"""Verbs about market data, farms and contracts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.gateway import messages
from bot.gateway.error_texts import text_of
from bot.gateway.errors import GatewayError
from bot.gateway.verbs_connection import on_off, seconds, sessions_of

if TYPE_CHECKING:
    from bot.gateway.gateway import Gateway

DATA_KINDS = ("bars", "quotes", "history")
FARMS = {  # name -> codes for broken, OK, inactive
    "usfuture": (2103, 2104, 2108),
    "ushmds": (2105, 2106, 2107),
    "secdefil": (2157, 2158, 2158),
}
CONNECTING = 2119
FLOOD_TICK_SECONDS = 0.01


def farm(gateway: Gateway, words: list[str]) -> None:
    """`farm down|up|inactive|connecting [usfuture|ushmds|secdefil] [silent]`: notices, and data stops or resumes (not with silent)."""
    state, name = words[0], next((word for word in words[1:] if word in FARMS), "usfuture")
    broken, fine, inactive = FARMS[name]
    code = {"down": broken, "up": fine, "inactive": inactive, "connecting": CONNECTING}[state]
    faults = gateway.feed.faults
    if state in ("down", "up") and "silent" not in words:
        if name == "usfuture":
            faults.farm_down = state == "down"
        elif name == "ushmds":
            faults.history_farm_down = state == "down"
    for session in sessions_of(gateway, []):
        session.send(messages.error(-1, code, text_of(code)))


def mute(gateway: Gateway, words: list[str]) -> None:
    """`mute [bars|quotes|history]`: nothing of that kind is sent (default: all), sockets fine."""
    gateway.feed.faults.muted |= _kinds(words)


def unmute(gateway: Gateway, words: list[str]) -> None:
    """`unmute [bars|quotes|history]`: the end of mute, and of a competing session."""
    gateway.feed.faults.muted -= _kinds(words)
    gateway.feed.faults.competing = False


def _kinds(words: list[str]) -> set[str]:
    if unknown := set(words) - set(DATA_KINDS):
        raise GatewayError(f"{', '.join(sorted(unknown))}: there are {', '.join(DATA_KINDS)}.")
    return set(words or DATA_KINDS)


def deny(gateway: Gateway, words: list[str]) -> None:
    """`deny md [354|10089|10090|10168|10167]` or `deny off`: new data subscriptions are refused; 10167 gives delayed quotes."""
    gateway.feed.faults.denied = 0 if words[0] == "off" else int(words[1]) if len(words) > 1 else 354


def spread(gateway: Gateway, words: list[str]) -> None:
    """`spread TICKS`: distance of bid and ask."""
    gateway.feed.faults.spread_ticks = max(1, int(words[0]))


def slippage(gateway: Gateway, words: list[str]) -> None:
    """`slippage TICKS`: of market and stop orders."""
    gateway.broker.exchange.slippage_ticks = max(0, int(words[0]))


def expire(gateway: Gateway, words: list[str]) -> None:
    """`expire SYMBOL`: a month such as MESZ5 is past; its orders are cancelled, requests for it get 200."""
    future = gateway.instruments.by_symbol(words[0])
    if future is None:
        raise GatewayError(f"{words[0]} is not listed; there are {', '.join(each.local_symbol for each in gateway.instruments.futures)}.")
    gateway.instruments.expired.add(future.local_symbol)
    for order in gateway.broker.open_orders():
        if order.future is future and not order.done:
            gateway.broker.exchange.cancel(order, "Contract has expired")
    for session in sessions_of(gateway, []):
        for streams in (session.subscriptions.bars, session.subscriptions.quotes, session.subscriptions.history):
            for reference in [key for key, stream in streams.items() if stream.future is future]:
                streams.pop(reference)
                session.send(messages.error(reference, 200, text_of(200)))


def session_hours(gateway: Gateway, words: list[str]) -> None:
    """`session closed|open`: the market is shut: orders rest, cancels go unanswered; or open again."""
    if words not in (["closed"], ["open"]):
        raise GatewayError("Say session closed, or session open.")
    gateway.broker.exchange.closed = words == ["closed"]


def compete(gateway: Gateway, words: list[str]) -> None:
    """`compete on|off`: a competing live session takes the market data (10197), or gives it back."""
    gateway.feed.faults.competing = on_off(words)
    if gateway.feed.faults.competing:
        for session in sessions_of(gateway, []):
            for reference in (*session.subscriptions.bars, *session.subscriptions.quotes):
                session.send(messages.error(reference, 10197, text_of(10197)))


async def flood(gateway: Gateway, words: list[str]) -> dict[str, Any]:
    """`flood TICKS-PER-SECOND SECONDS`: last-price ticks at that rate to every quote subscription; answers how many were sent."""
    rate, length = float(words[0]), seconds(words[1])
    loop = asyncio.get_running_loop()
    started, sent = loop.time(), 0
    while (gone := loop.time() - started) < length:
        due = int(gone * rate)
        for number in range(sent, due):
            for session in sessions_of(gateway, []):
                for stream in session.subscriptions.quotes.values():
                    price = gateway.marks[stream.future.con_id] + number % 3 - 1
                    session.send(messages.tick_price(stream.request_id, messages.LAST, price, 1 + number % 9))
        sent = due
        await asyncio.sleep(FLOOD_TICK_SECONDS)
    return {"ticks": sent}


VERBS: dict[str, Callable[[Gateway, list[str]], Any]] = {
    "farm": farm, "mute": mute, "unmute": unmute, "deny": deny, "spread": spread, "slippage": slippage, "expire": expire,
    "session": session_hours, "compete": compete, "flood": flood,
}  # fmt: skip
