"""Verbs about sockets and the API as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from bot.gateway.host import Host
from bot.gateway.verbs.form import on, seconds
from bot.gateway.verbs.verb import verb


@verb("refuse [on|off]", "close the listening socket, or listen again on the same port.", example="refuse on")
def _refuse(host: Host, words: list[str]) -> Awaitable[None]:
    return host.listener.refuse() if on(words) else host.listener.reopen()


@verb("accept-silent [on|off]", "accept new connections and never say a word.", example="accept-silent on")
def _accept_silent(host: Host, words: list[str]) -> None:
    host.switches.accept_silent = on(words)


@verb("version-only [on|off]", "answer the handshake of new connections and nothing after it.", example="version-only on")
def _version_only(host: Host, words: list[str]) -> None:
    host.switches.version_only = on(words)


@verb("banner TEXT|off", "greet new connections with text that is not the TWS protocol.", example="banner SSH-2.0-OpenSSH")
def _banner(host: Host, words: list[str]) -> None:
    host.switches.banner = "" if words == ["off"] else " ".join(words) + "\r\n"


@verb("hold-id SECONDS", "a client id stays in use that long after its socket has closed; 0: not.", example="hold-id 20s")
def _hold_id(host: Host, words: list[str]) -> None:
    host.switches.hold_id_seconds = seconds(words[0])


@verb("drop [CLIENT]", "close the socket of one client, or of all.", example="drop 1")
def _drop(host: Host, words: list[str]) -> None:
    for client in host.clients(*words):
        client.drop()


@verb("freeze [CLIENT]", "neither read nor write any more, sockets open; `thaw` ends it.", example="freeze 1")
def _freeze(host: Host, words: list[str]) -> None:
    for client in host.clients(*words):
        client.freeze()


@verb("thaw [CLIENT]", "end of freeze; what was held back goes out.", example="thaw")
def _thaw(host: Host, words: list[str]) -> None:
    for client in host.clients(*words):
        client.thaw()


@verb("drop-mid-bracket", "take the next untransmitted order, then close its client's socket.", example="drop-mid-bracket")
def _drop_mid_bracket(host: Host, _: list[str]) -> None:
    host.switches.drop_mid_bracket = True


@verb(
    "drop-after-place kept|lost",
    "close the socket on the next placeOrder; the broker has the order, or never got it.",
    example="drop-after-place kept",
)
def _drop_after_place(host: Host, words: list[str]) -> None:
    host.switches.drop_after_place = words[0]


@verb(
    "restart SECONDS [--rollback-id N] [--reissue]",
    "1100, all sockets closed, refused so long, ids N lower, then back.",
    example="restart 0.2s --rollback-id 4",
)
async def _restart(host: Host, words: list[str]) -> None:
    if "--rollback-id" in words:
        count = int(words[words.index("--rollback-id") + 1])
        host.broker.roll_back_ids(count, reissue="--reissue" in words)
    host.tell(1100)
    await host.listener.refuse()
    host.listener.drop_all()
    await asyncio.sleep(seconds(words[0]))
    await host.listener.reopen()


@verb("orders-while-down lost|kept", "what becomes of orders sent after 1100; lost is the default.", example="orders-while-down kept")
def _orders_while_down(host: Host, words: list[str]) -> None:
    host.switches.swallow_orders_while_down = words != ["kept"]


@verb("readonly [on|off]", "everything about orders is refused with 321.", example="readonly on")
def _read_only(host: Host, words: list[str]) -> None:
    host.switches.read_only = on(words)


@verb("pace [on|off]", "count bar requests by IB's pacing rules and refuse with 162 or 420.", example="pace on")
def _pace(host: Host, words: list[str]) -> None:
    host.pacing.on = on(words)
