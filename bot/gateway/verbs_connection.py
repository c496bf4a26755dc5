"""Verbs about sockets, the API as a whole, and single frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.gateway import messages
from bot.gateway.error_texts import text_of
from bot.gateway.errors import GatewayError
from bot.gateway.faults import FOREVER, FrameFault
from bot.units import SECOND_NS

if TYPE_CHECKING:
    from bot.gateway.gateway import Gateway
    from bot.gateway.session import Session

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds(text: str) -> float:
    """Seconds of `20`, `20s`, `5m`, `2h`, `+40d`. Raises ValueError."""
    unit = UNITS.get(text[-1:], 0.0)
    return float(text[:-1]) * unit if unit else float(text)


def on_off(words: list[str]) -> bool:
    """True for on (or nothing), False for off. Raises GatewayError."""
    if words and words[0] not in ("on", "off"):
        raise GatewayError(f"{words[0]!r} must be on or off.")
    return words != ["off"]


def sessions_of(gateway: Gateway, words: list[str]) -> list[Session]:
    """The session of the client id in the words, or all."""
    return [session for session in list(gateway.delivery.sessions) if not words or session.client_id == int(words[0])]


def refuse(gateway: Gateway, words: list[str]) -> Any:
    """`refuse on|off`: close the listening socket, or listen again on the same port."""
    return gateway.listener.refuse() if on_off(words) else gateway.listener.reopen()


def accept_silent(gateway: Gateway, words: list[str]) -> None:
    """`accept-silent on|off`: accept new connections and never say a word."""
    gateway.switches.accept_silent = on_off(words)


def version_only(gateway: Gateway, words: list[str]) -> None:
    """`version-only on|off`: answer the handshake of new connections and nothing after it."""
    gateway.switches.version_only = on_off(words)


def banner(gateway: Gateway, words: list[str]) -> None:
    """`banner TEXT|off`: greet new connections with text that is not the TWS protocol."""
    gateway.switches.banner = "" if words == ["off"] else " ".join(words) + "\r\n"


def hold_id(gateway: Gateway, words: list[str]) -> None:
    """`hold-id SECONDS`: a client id stays in use that long after its socket has closed; 0: not."""
    gateway.switches.hold_id_seconds = seconds(words[0])


def drop(gateway: Gateway, words: list[str]) -> None:
    """`drop [CLIENT]`: close the socket of one client, or of all."""
    for session in sessions_of(gateway, words):
        session.drop()


def freeze(gateway: Gateway, words: list[str]) -> None:
    """`freeze [CLIENT]`: neither read nor write any more, sockets open; `thaw` ends it."""
    for session in sessions_of(gateway, words):
        session.freeze()


def thaw(gateway: Gateway, words: list[str]) -> None:
    """`thaw [CLIENT]`: end of freeze; what was held back goes out."""
    for session in sessions_of(gateway, words):
        session.thaw()


def drop_mid_bracket(gateway: Gateway, _: list[str]) -> None:
    """`drop-mid-bracket`: take the next untransmitted order, then close its client's socket."""
    gateway.switches.drop_mid_bracket = True


def drop_after_place(gateway: Gateway, words: list[str]) -> None:
    """`drop-after-place kept|lost`: close the socket on the next placeOrder; the broker has the order, or never got it."""
    if words not in (["kept"], ["lost"]):
        raise GatewayError("Say drop-after-place kept, or drop-after-place lost.")
    gateway.switches.drop_after_place = words[0]


async def restart(gateway: Gateway, words: list[str]) -> None:
    """`restart SECONDS [--rollback-id N] [--reissue]`: 1100, all sockets closed, refused so long, ids N lower, then back."""
    if "--rollback-id" in words:
        count = int(words[words.index("--rollback-id") + 1])
        gateway.broker.roll_back_ids(count, reissue="--reissue" in words)
    for session in sessions_of(gateway, []):
        session.send(messages.error(-1, 1100, text_of(1100)))
    await gateway.listener.refuse()
    gateway.listener.drop_all()
    await asyncio.sleep(seconds(words[0]))
    await gateway.listener.reopen()


def error(gateway: Gateway, words: list[str]) -> None:
    """`err CODE [REQUEST-ID|ORDER] [TEXT]`: send an error; 1100/2110, 1101, 1102, 10182, 10197 and 10225 also have their effect."""
    number, about, reference = int(words[0]), words[1] if len(words) > 1 else "", -1
    text = " ".join(words[2:]) or text_of(number)
    order = gateway.broker.known(about) if about else None
    if order is not None:
        gateway.delivery.order_error(order, number, text)
    elif about:
        reference = int(about) if about.lstrip("-").isdecimal() else gateway.broker.find(about).order_id  # there is none: it says so
        _tell(gateway, reference, number, text)
    elif number not in (10197, 10225):  # these go to each request of its own
        _tell(gateway, -1, number, text)
    effect = _EFFECTS.get(number)
    if effect is not None:
        effect(gateway, reference)


def _tell(gateway: Gateway, reference: int, code: int, text: str) -> None:
    for session in sessions_of(gateway, []):
        session.send(messages.error(reference, code, text))


def _link_down(gateway: Gateway, _: int) -> None:
    gateway.delivery.telling.link_down = gateway.feed.faults.link_down = True


def _link_up(gateway: Gateway, _: int) -> None:
    gateway.delivery.telling.link_down = gateway.feed.faults.link_down = False


def _link_up_data_lost(gateway: Gateway, _: int) -> None:
    _link_up(gateway, _)
    for session in sessions_of(gateway, []):
        session.subscriptions.clear_data()


def _end_history(gateway: Gateway, reference: int) -> None:
    for session in sessions_of(gateway, []):
        session.subscriptions.drop("history", reference)


def _compete(gateway: Gateway, _: int) -> None:
    gateway.feed.faults.competing = True
    _tell_streams(gateway, 10197, ("bars", "quotes"))


def bust(gateway: Gateway, _: object = None) -> None:
    """`bust`: 10225 on every five-second bar subscription, which ends it."""
    _tell_streams(gateway, 10225, ("bars",))
    for session in sessions_of(gateway, []):
        session.subscriptions.bars.clear()


def _tell_streams(gateway: Gateway, code: int, kinds: tuple[str, ...]) -> None:
    for session in sessions_of(gateway, []):
        for kind in kinds:
            for reference in getattr(session.subscriptions, kind):
                session.send(messages.error(reference, code, text_of(code)))


_EFFECTS: dict[int, Callable[[Gateway, int], None]] = {
    1100: _link_down, 2110: _link_down, 1101: _link_up_data_lost, 1102: _link_up, 10182: _end_history, 10197: _compete, 10225: bust,
}  # fmt: skip


def orders_while_down(gateway: Gateway, words: list[str]) -> None:
    """`orders-while-down lost|kept`: what becomes of orders sent after 1100; lost is the default."""
    gateway.switches.swallow_orders_while_down = words != ["kept"]


def read_only(gateway: Gateway, words: list[str]) -> None:
    """`readonly on|off`: everything about orders is refused with 321."""
    gateway.switches.read_only = on_off(words)


def pace(gateway: Gateway, words: list[str]) -> None:
    """`pace on|off`: count bar requests by IB's pacing rules and refuse with 162 or 420."""
    gateway.pacing.on = on_off(words)


def clock(gateway: Gateway, words: list[str]) -> None:
    """`clock +5s|-5s|+40d|0`: reqCurrentTime is off by that; months that are then past expire."""
    skew = gateway.switches.clock_skew_seconds = seconds(words[0])
    for future in gateway.instruments.futures:
        days = (future.last_trade_date - gateway.date).days
        if days * 86_400 < skew:
            gateway.instruments.expired.add(future.local_symbol)


def frame_fault(action: str) -> Callable[[Gateway, list[str]], None]:
    """The verb of one frame fault."""

    def do(gateway: Gateway, words: list[str]) -> None:
        kind, *rest = words
        wait = seconds(rest.pop(0)) if action == "delay" else 0.0
        count = 1
        if rest and (rest[0] == "all" or rest[0].isdecimal()):
            word = rest.pop(0)
            count = FOREVER if word == "all" else int(word)
        gateway.frame_faults.add(FrameFault(action, kind, count, wait, rest[0] if rest else ""))

    wait = " SECONDS" if action == "delay" else ""
    do.__doc__ = f"`{action} KIND{wait} [COUNT|all] [FIELD]`: {action} the next frames of a kind, or those with such a field."
    return do


def chaos(gateway: Gateway, words: list[str]) -> None:
    """`chaos SEED RATE KIND[,KIND]`: hit frames of these kinds at random with any frame fault."""
    gateway.frame_faults.unleash(int(words[0]), float(words[1]), tuple(words[2].split(",")))


def calm(gateway: Gateway, _: list[str]) -> None:
    """`calm`: no more frame faults."""
    gateway.frame_faults.clear()


async def step(gateway: Gateway, words: list[str]) -> dict[str, Any]:
    """`step [PIECES]`: take so many pieces (default 1) while the replay stands."""
    done = 0
    for _ in range(int(words[0]) if words else 1):
        if not await gateway.replay.step():
            break
        done += 1
    return {"pieces": done, "clock_ns": gateway.now_ns, "clock_seconds": gateway.now_ns // SECOND_NS}


def go(gateway: Gateway, _: list[str]) -> None:
    """`go`: let the clock run."""
    gateway.replay.start()


def stand(gateway: Gateway, _: list[str]) -> None:
    """`stand`: stop the clock after the current piece."""
    gateway.replay.go.clear()


def speed(gateway: Gateway, words: list[str]) -> None:
    """`speed N|max`: how many times faster than real time the clock runs, above 0."""
    value = float("inf") if words[0] == "max" else float(words[0])
    if value <= 0:
        raise GatewayError(f"Speed {words[0]} must be above 0, or max.")
    gateway.clock.speed = value
    gateway.clock.resume()


VERBS: dict[str, Callable[[Gateway, list[str]], Any]] = {
    "refuse": refuse, "accept-silent": accept_silent, "version-only": version_only, "banner": banner, "hold-id": hold_id, "drop": drop,
    "freeze": freeze, "thaw": thaw, "drop-mid-bracket": drop_mid_bracket, "drop-after-place": drop_after_place, "restart": restart,
    "err": error, "bust": bust, "orders-while-down": orders_while_down, "readonly": read_only, "pace": pace, "clock": clock,
    "swallow": frame_fault("swallow"), "duplicate": frame_fault("duplicate"), "delay": frame_fault("delay"),
    "reorder": frame_fault("reorder"), "garble": frame_fault("garble"), "chaos": chaos, "calm": calm, "step": step, "go": go,
    "stand": stand, "speed": speed,
}  # fmt: skip
