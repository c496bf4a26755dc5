"""Verbs about errors and notices that clients are told."""

from __future__ import annotations

from collections.abc import Callable

from bot.gateway import messages
from bot.gateway.error_texts import text_of
from bot.gateway.host import Host
from bot.gateway.verbs.verb import verb


@verb(
    "err CODE [REQUEST-ID|ORDER [TEXT]]",
    "send an error; 1100/2110, 1101, 1102, 10182, 10197 and 10225 also have their effect.",
    example="err 399 R Order will not be placed at the exchange yet",
)
def _error(host: Host, words: list[str]) -> None:
    number, about, reference = int(words[0]), words[1] if len(words) > 1 else "", -1
    text = " ".join(words[2:]) or text_of(number)
    order = host.broker.known(about) if about else None
    if order is not None:
        host.delivery.order_error(order, number, text)
    elif about:
        reference = int(about) if about.lstrip("-").isdecimal() else host.broker.find(about).order_id  # there is none: it says so
        host.tell(number, text, reference)
    elif number not in (10197, 10225):  # these go to each request of its own
        host.tell(number, text)
    effect = _EFFECTS.get(number)
    if effect is not None:
        effect(host, reference)


@verb("bust", "10225 on every five-second bar subscription, which ends it.", example="bust")
def _bust(host: Host, _: list[str]) -> None:
    _end_bars(host, -1)


def _link_down(host: Host, _: int) -> None:
    host.delivery.telling.link_down = host.feed.faults.link_down = True


def _link_up(host: Host, _: int) -> None:
    host.delivery.telling.link_down = host.feed.faults.link_down = False


def _link_up_data_lost(host: Host, _: int) -> None:
    _link_up(host, _)
    for client in host.clients():
        client.subscriptions.clear_data()


def _end_history(host: Host, reference: int) -> None:
    for client in host.clients():
        client.subscriptions.drop("history", reference)


def _compete(host: Host, _: int) -> None:
    host.feed.faults.competing = True
    _tell_streams(host, 10197, ("bars", "quotes"))


def _end_bars(host: Host, _: int) -> None:
    _tell_streams(host, 10225, ("bars",))
    for client in host.clients():
        client.subscriptions.bars.clear()


def _tell_streams(host: Host, code: int, kinds: tuple[str, ...]) -> None:
    for client in host.clients():
        for kind in kinds:
            for reference in getattr(client.subscriptions, kind):
                client.send(messages.error(reference, code, text_of(code)))


_EFFECTS: dict[int, Callable[[Host, int], None]] = {
    1100: _link_down, 2110: _link_down, 1101: _link_up_data_lost, 1102: _link_up, 10182: _end_history, 10197: _compete, 10225: _end_bars,
}  # fmt: skip
